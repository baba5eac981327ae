// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {BatchedVerdict, JobId, Outcome, Proposal, SignedVerdict, Status} from "../../../contracts/types/JobTypes.sol";
import {Merkle} from "./Merkle.sol";
import {Rules} from "./Rules.sol";

/// @dev Delivery, what validators find, and what follows when nobody objects.
abstract contract VerdictHandler is Rules {
    // ------------------------------------------------------------------ delivery

    function submitResult(uint256 seed) external about(_pick(seed, _deliverable)) {
        Entry storage entry = _entries[last];
        bytes32 result = keccak256(abi.encode(seed, _actions));
        uint256 flaw = _roll(seed, 200, 12);
        if (flaw == 0) result = 0;
        address by = entry.standing.worker;
        if (flaw == 1 || by == address(0)) by = by == rival ? worker : rival;
        bool goes = _deliverable(entry) && flaw > 1;
        bytes memory terms = _eitherForm(entry, seed);
        if (_roll(seed, 201, 2) == 0) {
            _call(by, 0, abi.encodeCall(IJobEscrow.submit, (terms, result, MULTISET)), goes);
        } else {
            bytes memory signature = _signatureOf(by, _submissionDigest(entry, result));
            address claimer = _isOpen(entry) ? by : address(0);
            bytes memory data = abi.encodeCall(IJobEscrow.submitFor, (terms, result, MULTISET, signature, claimer));
            _call(anyone, 0, data, goes);
            if (goes) ++done["submit by signature"];
        }
        if (goes) _deliver(entry, result, "submit");
    }

    function topUpResult(uint256 seed) external about(_pick(seed, _toppable)) {
        Entry storage entry = _entries[last];
        bytes32 result = keccak256(abi.encode(seed, _actions));
        uint256 flaw = _roll(seed, 202, 12);
        address by = flaw == 0 ? entry.terms.payer : entry.standing.worker;
        bool goes = _toppable(entry) && flaw != 0;
        bytes memory terms = _eitherForm(entry, seed);
        _call(by, 0, abi.encodeCall(IJobEscrow.topUp, (terms, entry.standing, result, MULTISET)), goes);
        if (!goes) return;
        ++entry.round;
        entry.verdicts = 0;
        _deliver(entry, result, entry.round == 1 ? bytes32("top-up") : bytes32("second top-up"));
    }

    function _deliver(Entry storage entry, bytes32 result, bytes32 name) private {
        entry.standing = Proposal(entry.standing.worker, result, Outcome.None, 0, 0);
        _move(entry, Status.Submitted, block.timestamp);
        ++done[name];
    }

    function _submissionDigest(Entry storage entry, bytes32 result) internal view returns (bytes32) {
        bytes32 typehash = keccak256("Submission(bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash)");
        return digestOf(keccak256(abi.encode(typehash, entry.id, uint40(entry.clock), result, MULTISET)));
    }

    // ------------------------------------------------------------------ verdicts

    function proposeVerdict(uint256 seed, uint256 amount) external about(_pick(seed, _judgeable)) {
        Entry storage entry = _entries[last];
        SignedVerdict memory found = _found(entry, seed, amount);
        uint256 flaw = _roll(seed, 210, 40);
        bool flawed = _flaw(entry, found, flaw);
        bool cosigned = _roll(seed, 211, 6) == 0 && entry.standing.worker != address(0);
        bytes32 digest = digestOf(verdictHash(entry.id, flaw == 0 ? entry.round + 1 : entry.round, found));
        bytes memory signatures = _attest(found.signers, digest, flaw);
        if (cosigned) {
            bytes memory payers = _signatureOf(entry.terms.payer, digest);
            signatures = bytes.concat(signatures, payers, _signatureOf(entry.standing.worker, digest));
        }
        bool agreed = cosigned && _repeats(entry, found);
        bool goes = (_judgeable(entry) || agreed) && !flawed;
        _call(anyone, 0, abi.encodeCall(IJobEscrow.propose, (entry.whole, found, signatures)), goes);
        if (!goes) {
            if (_judgeable(entry)) ++done["flawed verdict refused"];
            return;
        }
        if (agreed) return _agree();
        _propose(entry, found.outcome, found.workerAmount, found.signers);
        if (cosigned) ++done["cosigned"];
        if (!cosigned && entry.terms.challengeWindow != 0) {
            return _move(entry, Status.Proposed, block.timestamp + entry.terms.challengeWindow);
        }
        _settle(last, _feeOf(entry));
        ++done["settled at once"];
    }

    /// @dev The verdict that stands, once more, and with it what the parties sign to have it settled. 0: the worker has
    /// not signed; 1: neither has; 2: a validator more is said to have signed; 3: another amount; 4: another round.
    function agreeOnProposal(uint256 seed) external about(_pick(seed, _standing)) {
        Entry storage entry = _entries[last];
        if (!_standing(entry)) return;
        Proposal memory stands = entry.standing;
        uint256 flaw = _roll(seed, 240, 15);
        SignedVerdict memory found;
        found.claimer = _isOpen(entry) ? stands.worker : address(0);
        (found.resultHash, found.outcome, found.evidenceHash) = (stands.resultHash, stands.outcome, bytes32(seed));
        if (stands.outcome == Outcome.Accept) found.workerAmount = stands.workerAmount;
        found.signers = stands.signers;
        // One that has not, or none that there is.
        if (flaw == 2) found.signers |= found.signers << 1 | 1;
        if (flaw == 3) found.workerAmount ^= 1;
        bool flawed = flaw < 5;
        bytes32 digest = digestOf(verdictHash(entry.id, flaw == 4 ? entry.round + 1 : entry.round, found));
        bytes memory signatures = _attest(found.signers, digest, type(uint256).max);
        if (flaw != 1) {
            bytes memory payers = _signatureOf(entry.terms.payer, digest);
            bytes memory workers = _signatureOf(flaw == 0 ? entry.terms.payer : stands.worker, digest);
            signatures = bytes.concat(signatures, payers, workers);
        }
        _call(anyone, 0, abi.encodeCall(IJobEscrow.propose, (entry.whole, found, signatures)), !flawed);
        if (flawed) ++done["agreement refused"];
        else _agree();
    }

    function _agree() private {
        _settle(last, _feeOf(_entries[last]));
        ++done["agreed on what stands"];
    }

    /// @dev Whether the verdict is the one that stands, by the same validators.
    function _repeats(Entry storage entry, SignedVerdict memory found) private view returns (bool) {
        Proposal memory stands = entry.standing;
        if (!_standing(entry) || found.outcome != stands.outcome || found.signers != stands.signers) return false;
        return stands.outcome != Outcome.Accept || found.workerAmount == stands.workerAmount;
    }

    function _found(Entry storage entry, uint256 seed, uint256 amount)
        private
        view
        returns (SignedVerdict memory found)
    {
        found.claimer = _isOpen(entry) ? entry.standing.worker : address(0);
        found.resultHash = entry.standing.resultHash;
        found.outcome = Outcome([1, 1, 2, 3, 3][_roll(seed, 212, 5)]);
        // Terms that allow for more rounds would see some.
        if (entry.terms.maxRounds > 1 && _roll(seed, 213, 8) != 0) found.outcome = Outcome.Inconclusive;
        if (found.outcome == Outcome.Accept) found.workerAmount = _upTo(seed, amount, _net(entry));
        found.evidenceHash = keccak256(abi.encode(seed));
        found.signers = _signers(seed, entry.terms.quorum + _roll(seed, 214, 6 - entry.terms.quorum));
    }

    /// @dev So many of five, some neighbours in a ring.
    function _signers(uint256 seed, uint256 count) private pure returns (uint16 signers) {
        uint256 first = _roll(seed, 215, 5);
        for (uint256 i = 0; i < count; ++i) {
            signers |= uint16(1 << ((first + i) % 5));
        }
    }

    /// @dev The ends of a range more often than chance would.
    function _upTo(uint256 seed, uint256 amount, uint256 most) internal pure returns (uint128) {
        uint256 kind = _roll(seed, 216, 4);
        if (kind == 0) return 0;
        return uint128(kind == 1 ? most : amount % (most + 1));
    }

    function _net(Entry storage entry) private view returns (uint256) {
        return entry.terms.budget - _feeOf(entry);
    }

    /// @dev Makes the verdict one to be refused. 0: signed for another round; 1: by a stranger; 2: twice by one.
    function _flaw(Entry storage entry, SignedVerdict memory found, uint256 flaw) private view returns (bool) {
        if (flaw == 3) {
            while (_bits(found.signers) >= entry.terms.quorum) found.signers &= found.signers - 1;
        }
        if (flaw == 4) (found.outcome, found.workerAmount) = (Outcome.Accept, uint128(_net(entry) + 1));
        if (flaw == 5) (found.outcome, found.workerAmount) = (Outcome.Reject, 1);
        if (flaw == 6) (found.outcome, found.workerAmount) = (Outcome.Inconclusive, 1);
        if (flaw == 7) (found.outcome, found.workerAmount) = (Outcome.Silence, 0);
        if (flaw == 8) (found.outcome, found.workerAmount) = (Outcome.Ruling, 0);
        if (flaw == 9) found.resultHash = keccak256(abi.encode(found.resultHash));
        return flaw < 10;
    }

    function _attest(uint16 signers, bytes32 digest, uint256 flaw) private view returns (bytes memory all) {
        bytes memory one;
        for (uint256 i = 0; i < keys.length; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            if (flaw == 2 && one.length != 0) all = bytes.concat(all, one);
            else all = bytes.concat(all, one = sign(flaw == 1 && one.length == 0 ? workerKey : keys[i], digest));
        }
    }

    function _propose(Entry storage entry, Outcome outcome, uint128 signed, uint16 signers) private {
        uint256 amount = signed;
        if (outcome == Outcome.Inconclusive) amount = _net(entry) * entry.terms.inconclusiveBps / 10_000;
        Proposal memory before = entry.standing;
        entry.standing = Proposal(before.worker, before.resultHash, outcome, uint128(amount), signers);
        ++entry.verdicts;
        ++done["verdict"];
        if (outcome == Outcome.Reject) ++done["reject"];
        if (outcome == Outcome.Inconclusive) ++done["inconclusive"];
    }

    function _bits(uint256 signers) internal pure returns (uint256 count) {
        for (; signers != 0; signers &= signers - 1) {
            ++count;
        }
    }

    // ------------------------------------------------------------------ batches

    struct Batch {
        uint256[] members;
        /// @dev Which of them the batch settles, and whether one does not belong there.
        bool[] ends;
        uint256 settled;
        bool alien;
        bytes[] terms;
        BatchedVerdict[] verdicts;
        bytes32[] hashes;
        uint256 quorum;
    }

    /// @dev Up to three jobs by one signature set. 0: any job at all is in it too; 1: a stranger signed; 2: another root was
    /// signed; 3: too few signed; 4: one is in it twice; 5: the last one is given as a leaf.
    function settleJobs(uint256 seed, uint256 amount) external about(_pick(seed, _batchable)) {
        uint256 flaw = _roll(seed, 220, 15);
        Batch memory batch = _batch(seed, amount, flaw);
        uint16 signers = _signers(seed, flaw == 3 ? batch.quorum - 1 : batch.quorum);
        bytes memory signatures = _attest(signers, _batchDigest(batch.hashes), flaw == 1 ? 1 : type(uint256).max);
        bool goes = !batch.alien && batch.settled != 0 && (flaw == 0 || flaw > 3);
        bytes memory data = abi.encodeCall(IJobEscrow.settleBatch, (batch.terms, batch.verdicts, signers, signatures));
        _call(anyone, 0, data, goes);
        if (goes) return _settleAll(batch, signers);
        if (_batchable(_entries[last])) ++done["flawed batch refused"];
    }

    function _batch(uint256 seed, uint256 amount, uint256 flaw) private view returns (Batch memory batch) {
        batch.members = _members(flaw, seed);
        uint256 count = batch.members.length;
        (batch.terms, batch.hashes) = (new bytes[](count), new bytes32[](count));
        (batch.verdicts, batch.ends) = (new BatchedVerdict[](count), new bool[](count));
        // The first one's validators are asked, and its quorum with them.
        batch.quorum = _entries[last].terms.quorum;
        for (uint256 i = 0; i < count; ++i) {
            Entry storage entry = _entries[batch.members[i]];
            uint256 own = _roll(seed, 223 + i, type(uint256).max);
            SignedVerdict memory v = _found(entry, own, amount);
            batch.hashes[i] = verdictHash(entry.id, entry.round, v);
            batch.verdicts[i] = BatchedVerdict(v.claimer, v.resultHash, v.outcome, v.workerAmount, v.evidenceHash);
            batch.terms[i] = i == 0 ? entry.whole : _eitherForm(entry, own);
            if (flaw == 5 && i != 0 && i == count - 1) {
                batch.terms[i] = abi.encodePacked(keccak256(abi.encodePacked(uint8(0), batch.hashes[i])));
                continue;
            }
            if (!_alike(batch.members[i], last) || entry.terms.challengeWindow != 0) batch.alien = true;
            if (!_batchable(entry) || _isAmong(batch, i)) continue;
            batch.ends[i] = true;
            ++batch.settled;
            if (entry.terms.quorum > batch.quorum) batch.quorum = entry.terms.quorum;
        }
        if (flaw == 2) batch.hashes[count - 1] = 0;
    }

    /// @dev Whether the job at `place` was there before.
    function _isAmong(Batch memory batch, uint256 place) private pure returns (bool found) {
        for (uint256 i = 0; i < place; ++i) {
            found = found || batch.members[i] == batch.members[place];
        }
    }

    /// @dev Jobs that could settle together, the action's own first; 0: and any; 4: and one of them again.
    function _members(uint256 flaw, uint256 seed) private view returns (uint256[] memory members) {
        uint256[] memory found = new uint256[](4);
        uint256 count = 1;
        found[0] = last;
        for (uint256 i = 1; i < _entries.length && count < 3; ++i) {
            uint256 next = (last + i) % _entries.length;
            if (_batchable(_entries[next]) && _alike(next, last)) found[count++] = next;
        }
        if (flaw == 4) found[count++] = found[_roll(seed, 221, count)];
        if (flaw == 0) found[count++] = _roll(seed, 222, _entries.length);
        members = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            members[i] = found[i];
        }
    }

    function _alike(uint256 one, uint256 other) private view returns (bool) {
        return _entries[one].terms.token == _entries[other].terms.token;
    }

    function _settleAll(Batch memory batch, uint16 signers) private {
        for (uint256 i = 0; i < batch.members.length; ++i) {
            if (!batch.ends[i]) continue;
            Entry storage entry = _entries[batch.members[i]];
            _propose(entry, batch.verdicts[i].outcome, batch.verdicts[i].workerAmount, signers);
            _settle(batch.members[i], _feeOf(entry));
        }
        ++done["batch"];
        if (batch.settled > 1) ++done["batch of several"];
        if (batch.settled < batch.members.length) ++done["batch that settles some"];
    }

    function _batchDigest(bytes32[] memory hashes) internal view returns (bytes32) {
        bytes32 root = Merkle.root(Merkle.leaves(hashes));
        return digestOf(keccak256(abi.encode(keccak256("BatchVerdict(bytes32 root)"), root)));
    }

    // ------------------------------------------------------------------ after that

    function proposeSilence(uint256 seed) external about(_pick(seed, _silenced)) {
        Entry storage entry = _entries[last];
        bool flawed = _roll(seed, 230, 8) == 0;
        // Another one for sure: a seed that was a result's hash once comes again.
        bytes32 result = flawed ? entry.standing.resultHash ^ bytes32(seed | 1) : entry.standing.resultHash;
        bool goes = _silenced(entry) && !flawed;
        bytes memory terms = _eitherForm(entry, seed);
        _call(anyone, 0, abi.encodeCall(IJobEscrow.settleSilence, (terms, entry.standing.worker, result)), goes);
        if (goes) _silence(last);
    }

    function _silence(uint256 index) internal {
        Entry storage entry = _entries[index];
        uint256 share = uint256(entry.terms.budget) * entry.terms.silenceBps / 10_000;
        Proposal memory before = entry.standing;
        entry.standing = Proposal(before.worker, before.resultHash, Outcome.Silence, uint128(share), 0);
        entry.silent = true;
        uint256 window = entry.terms.challengeWindow < 1 days ? 1 days : entry.terms.challengeWindow;
        _move(entry, Status.Proposed, block.timestamp + window);
        _touch(index);
        ++done["silence"];
    }

    function finalizeProposal(uint256 seed) external about(_pick(seed, _finalizable)) {
        Entry storage entry = _entries[last];
        Proposal memory standing = entry.standing;
        bool flawed = _roll(seed, 231, 8) == 0;
        if (flawed && _roll(seed, 232, 2) == 0) ++standing.workerAmount;
        else if (flawed) standing.worker = anyone;
        bool goes = _finalizable(entry) && !flawed;
        _call(anyone, 0, abi.encodeCall(IJobEscrow.finalize, (_eitherForm(entry, seed), standing)), goes);
        if (goes) _finalize(last);
    }

    function _finalize(uint256 index) internal {
        Entry storage entry = _entries[index];
        if (entry.status == Status.Disputed) {
            _returnDisputeBond(entry, true);
            ++done["no ruling in time"];
        }
        bool silence = entry.standing.outcome == Outcome.Silence;
        _settle(index, silence ? 0 : _feeOf(entry));
        ++done[silence ? bytes32("silence paid") : bytes32("finalize")];
    }
}

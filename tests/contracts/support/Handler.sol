// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {JobId, Outcome, Proposal, SignedVerdict, Status} from "../../../contracts/types/JobTypes.sol";
import {Account} from "./Account.sol";
import {DisputeHandler} from "./DisputeHandler.sol";
import {Merkle} from "./Merkle.sol";
import {Model} from "./Model.sol";
import {MoneyHandler} from "./MoneyHandler.sol";

/// @dev Drives the escrow at random (`MoneyHandler`, `VerdictHandler`, `DisputeHandler`) and answers for each promise
/// whether it holds.
contract Handler is MoneyHandler, DisputeHandler {
    constructor(bool watching) Model(watching) {}

    // ------------------------------------------------------------------ a job's life

    /// @dev What somebody with an interest in the job might do next. Blind chance seldom gets a job to its end.
    function advance(uint256 seed, uint128 amount) external {
        if (_entries.length == 0) return this.fundJob(seed, amount);
        last = _pick(seed, _lives);
        Entry storage entry = _entries[last];
        uint256 kind = _roll(seed, 400, 6);
        if (_finalizable(entry)) return this.finalizeProposal(seed);
        if (_silenced(entry)) return this.proposeSilence(seed);
        if (_isOpen(entry) && entry.status == Status.Funded && kind == 5) return this.cancelJob(seed);
        if (_claimable(entry)) return this.claimJob(seed);
        if (_refundable(entry)) return this.refundJob(seed);
        if (_toppable(entry) && kind != 0) return this.topUpResult(seed);
        if (kind == 0 || (kind < 2 && _disputable(entry))) return this.passToDeadline(seed);
        if (_standing(entry) && kind == 2) return this.agreeOnProposal(seed);
        if (_deliverable(entry)) return this.submitResult(seed);
        if (_batchable(entry) && kind < 3) {
            this.fundTwin(seed);
            this.submitResult(seed);
        }
        if (_batchable(entry) && kind < 4) return this.settleJobs(seed, amount);
        if (_judgeable(entry)) return this.proposeVerdict(seed, amount);
        if (_disputable(entry)) return this.disputeProposal(seed);
        uint256 fate = _roll(seed, 401, 10);
        if (_rulable(entry) && fate < 5) return this.ruleDispute(seed, amount);
        if (_rulable(entry) ? fate > 7 : kind == 4) return this.passToDeadline(seed);
        this.cancelJob(seed);
    }

    // ------------------------------------------------------------------ promises

    /// @dev In every token but the one whose balances change by themselves; to the unit, which is more than promised.
    function checkMoney() public view {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            address token = _tokens[i];
            if (token == address(rebasing)) continue;
            uint256 owed = _live[token] + _forced[token];
            for (uint256 j = 0; j < _people.length; ++j) {
                owed += escrow.credit(token, _people[j]);
            }
            vm.assertEq(balance(token, address(escrow)), owed, "promise 1: budgets, bonds and credits");
        }
    }

    function checkBudgets() external view {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            uint256 paid = entry.workerPaid + entry.payerPaid + entry.feePaid;
            vm.assertEq(paid, _lives(entry) ? 0 : entry.terms.budget, "promise 2: worker + payer + fee");
            if (!_lives(entry)) vm.assertEq(entry.claimBond + entry.disputeBond, 0, "promise 2: no bond stays");
        }
    }

    function checkVerdicts() external view {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            vm.assertLe(entry.verdicts, 1, "promise 4: verdicts in a round");
            vm.assertEq(entry.settled, _statusOf(entry) == Status.Settled ? 1 : 0, "promise 4: settlements");
        }
    }

    function checkReasons() external view {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            if (entry.workerPaid == 0) continue;
            Proposal memory paid = entry.standing;
            vm.assertTrue(paid.resultHash != 0, "promise 5: delivered");
            bool silence = entry.silent && paid.outcome == Outcome.Silence && entry.verdicts == 0;
            bool ruling = entry.ruled && paid.outcome == Outcome.Ruling && entry.terms.arbiter != address(0);
            bool quorum = paid.outcome == Outcome.Accept || paid.outcome == Outcome.Inconclusive;
            quorum = quorum && paid.signers < 32 && _bits(paid.signers) >= entry.terms.quorum;
            vm.assertTrue(silence || ruling || quorum, "promise 5: neither a quorum, a ruling nor silence");
        }
    }

    function checkEndings() external view {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            Status status = _statusOf(entry);
            vm.assertEq(
                entry.settled + entry.returned, status >= Status.Settled ? 1 : 0, "promise 6: settlements and returns"
            );
            vm.assertEq(entry.returned, status == Status.Refunded ? 1 : 0, "promise 6: returns");
        }
    }

    /// @dev Takes the job that the last action was about to its end by calls that need nobody's leave.
    function checkFinish() external {
        if (_entries.length == 0 || !_lives(_entries[last])) return;
        uint256 snapshot = vm.snapshotState();
        _finish(_entries[last]);
        vm.revertToState(snapshot);
    }

    function _finish(Entry storage entry) private {
        JobTerms memory terms = entry.terms;
        uint256 least = terms.challengeWindow < 1 days ? 1 days : terms.challengeWindow;
        uint256 bound = (block.timestamp > terms.verdictBy ? block.timestamp : terms.verdictBy) + 1;
        bound += least + terms.rulingWindow + 1;
        Proposal memory standing = entry.standing;
        if (entry.status == Status.Funded || entry.status == Status.Claimed) {
            if (entry.status == Status.Claimed) _passUntil(entry.clock);
            _passUntil(terms.worker == address(0) ? terms.claimBy : terms.submitBy);
            _call(anyone, 0, abi.encodeCall(IJobEscrow.refund, (entry.inBrief)), true);
        } else if (_lives(entry)) {
            uint256 clock = entry.clock;
            if (entry.status == Status.Submitted) {
                _passUntil(terms.verdictBy);
                bytes memory silence =
                    abi.encodeCall(IJobEscrow.settleSilence, (entry.inBrief, standing.worker, standing.resultHash));
                _call(anyone, 0, silence, true);
                uint256 share = uint256(terms.budget) * terms.silenceBps / 10_000;
                (standing.outcome, standing.workerAmount, standing.signers) = (Outcome.Silence, uint128(share), 0);
                clock = block.timestamp + least;
            }
            _passUntil(clock);
            _call(anyone, 0, abi.encodeCall(IJobEscrow.finalize, (entry.inBrief, standing)), true);
        }
        vm.assertTrue(_statusOf(entry) >= Status.Settled, "promise 7: still lives");
        vm.assertLe(block.timestamp, bound, "promise 7: took longer than the terms say");
    }

    /// @dev Every validator leaves, and a live job under the registry still is what it was and ends as its validators
    /// find.
    function checkRotation() external {
        vm.assertEq(rotationsThatChanged, 0, "promise 10: jobs that changed with a rotation");
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[(last + i) % _entries.length];
            if (entry.terms.registry == address(0) || !_judgeable(entry)) continue;
            uint256 snapshot = vm.snapshotState();
            for (uint256 j = 0; j < keys.length; ++j) {
                if (_gone[j] == 2) continue;
                vm.prank(vm.addr(keys[j]));
                registry.requestExit();
            }
            vm.assertTrue(
                !registry.admits(keccak256(entry.terms.validators), block.timestamp), "promise 10: nobody is left"
            );
            vm.assertEq(vm.load(address(escrow), JobId.unwrap(entry.id)), entry.seen, "promise 10: the job");
            SignedVerdict memory found = accept(0);
            (found.claimer, found.resultHash, found.signers) = (entry.standing.worker, entry.standing.resultHash, 0x1f);
            bytes memory signatures = attest(entry.terms, found);
            _call(anyone, 0, abi.encodeCall(IJobEscrow.propose, (entry.whole, found, signatures)), true);
            vm.revertToState(snapshot);
            return;
        }
    }

    /// @dev Who takes every payment is credited nothing, and whoever was credited can have it all.
    function checkCredits() external {
        address[5] memory kind = [payer, worker, rival, feeTo, BURNT];
        bool credited;
        for (uint256 i = 0; i < _tokens.length; ++i) {
            if (_tokens[i] == address(rebasing)) continue;
            for (uint256 j = 0; j < 5 && _tokens[i] != address(moody); ++j) {
                vm.assertEq(escrow.credit(_tokens[i], kind[j]), 0, "promise 11: credited, not paid");
            }
            for (uint256 j = 0; j < _people.length; ++j) {
                credited = credited || escrow.credit(_tokens[i], _people[j]) != 0;
            }
        }
        if (!credited) return;
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < _tokens.length; ++i) {
            if (_tokens[i] != address(rebasing)) _withdrawAll(_tokens[i]);
        }
        vm.revertToState(snapshot);
    }

    function _withdrawAll(address token) private {
        for (uint256 j = 0; j < _people.length; ++j) {
            uint256 owed = escrow.credit(token, _people[j]);
            if (owed == 0 || _people[j] == BURNT) continue;
            uint256 had = balance(token, anyone);
            _call(_people[j], 0, abi.encodeCall(IJobEscrow.withdraw, (token, anyone)), true);
            vm.assertEq(balance(token, anyone) - had, owed, "promise 11: the whole credit");
        }
    }

    /// @dev The contracts' digests of the last job, of something signed about it, are those of this folder's own words.
    function checkDigests() external view {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[last];
        vm.assertEq(JobId.unwrap(digests.jobIdOf(entry.whole)), JobId.unwrap(idOf(entry.terms)), "promise 12: job");
        vm.assertEq(
            JobId.unwrap(digests.jobIdOf(entry.inBrief)), JobId.unwrap(entry.id), "promise 12: job of terms in brief"
        );
        uint256 seed = uint256(keccak256(abi.encode(entry.id, _actions)));
        _checkVerdictDigests(entry.id, seed);
        (Status status, uint8 round) = (Status(seed % 8), uint8(seed >> 160));
        (uint40 clock, uint256 commit, uint40 expiry) = (uint40(seed >> 120), seed >> 50, uint40(seed >> 80));
        vm.assertEq(
            digests.cancelDigest(entry.id, status, round, clock, commit, expiry),
            _cancelDigest(entry, status, round, clock, commit, expiry),
            "promise 12: cancel"
        );
        bytes32 submission = digests.submissionDigest(entry.id, uint40(entry.clock), bytes32(seed), MULTISET);
        vm.assertEq(submission, _submissionDigest(entry, bytes32(seed)), "promise 12: submission");
    }

    function _checkVerdictDigests(JobId id, uint256 seed) private view {
        uint8 round = uint8(seed >> 160);
        SignedVerdict memory v =
            SignedVerdict(address(0), bytes32(seed), Outcome(seed % 6), uint128(seed >> 9), bytes32(~seed), 0);
        bytes32 digest = digests.verdictDigest(id, round, v.resultHash, v.outcome, v.workerAmount, v.evidenceHash);
        vm.assertEq(digest, digestOf(verdictHash(id, round, v)), "promise 12: verdict");
        bytes32[] memory hashes = new bytes32[](1 + seed % 5);
        bytes32[] memory leaves = new bytes32[](hashes.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            v.resultHash = keccak256(abi.encode(v.resultHash));
            hashes[i] = verdictHash(id, round, v);
            leaves[i] = digests.batchLeaf(id, round, v.resultHash, v.outcome, v.workerAmount, v.evidenceHash);
        }
        vm.assertEq(keccak256(abi.encode(leaves)), keccak256(abi.encode(Merkle.leaves(hashes))), "promise 12: leaves");
        vm.assertEq(digests.batchDigest(leaves), _batchDigest(hashes), "promise 12: batch");
    }

    function checkRoles() external view {
        vm.assertEq(sharedRoles, 0, "promise 13: shared roles let through");
        if (_entries.length == 0) return;
        Entry storage entry = _entries[last];
        JobTerms memory t = entry.terms;
        address found = entry.standing.worker;
        vm.assertTrue(found != t.payer && found != t.requester, "promise 13: worker and payer");
        vm.assertTrue(
            found != address(0) || entry.status < Status.Claimed || entry.status > Status.Disputed,
            "promise 13: a worker"
        );
        bool judge = t.arbiter != address(0);
        vm.assertTrue(
            !judge || (t.arbiter != t.payer && t.arbiter != t.requester && t.arbiter != found), "promise 13: arbiter"
        );
        for (uint256 i = 0; i < keys.length; ++i) {
            address validator = vm.addr(keys[i]);
            bool shared =
                validator == t.payer || validator == t.requester || validator == found || validator == t.arbiter;
            vm.assertTrue(!shared, "promise 13: validator");
        }
    }

    // ------------------------------------------------------------------ the end of a run

    /// @dev Everybody owns what the model says. Then all jobs end and all credits leave, and the escrow is left with
    /// what was forced upon it and what is burnt, and owes nobody anything.
    function close() external {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            for (uint256 j = 0; j < _people.length; ++j) {
                _compareWealth(_tokens[i], _people[j]);
            }
        }
        for (uint256 i = 0; i < 3; ++i) {
            _partyAt(i).set(Account.Mood.Kind);
        }
        for (uint256 i = 0; i < _entries.length; ++i) {
            _finish(_entries[i]);
        }
        for (uint256 i = 0; i < _tokens.length; ++i) {
            address token = _tokens[i];
            if (token == address(rebasing)) continue;
            _withdrawAll(token);
            uint256 rest = _forced[token] + escrow.credit(token, BURNT);
            vm.assertEq(balance(token, address(escrow)), rest, "nothing is left");
        }
    }

    function _statusOf(Entry storage entry) private view returns (Status) {
        return Status(uint256(vm.load(address(escrow), JobId.unwrap(entry.id))) & 0xf);
    }

    function _passUntil(uint256 deadline) private {
        if (block.timestamp <= deadline) vm.warp(deadline + 1);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {Disputer, Outcome, Proposal, Status} from "../../../contracts/types/JobTypes.sol";
import {VerdictHandler} from "./VerdictHandler.sol";

/// @dev What parties do who object, the arbiter, and parties who call a job off.
abstract contract DisputeHandler is VerdictHandler {
    function disputeProposal(uint256 seed) external about(_pick(seed, _disputable)) {
        Entry storage entry = _entries[last];
        Proposal memory standing = entry.standing;
        address by = _roll(seed, 300, 2) == 0 ? entry.terms.payer : standing.worker;
        uint256 flaw = _roll(seed, 301, 12);
        if (flaw == 0 || by == address(0)) by = arbiter;
        if (flaw == 1) ++standing.workerAmount;
        bool goes = _disputable(entry) && flaw > 1;
        uint256 bond = disputeBond(entry.terms);
        uint256 value = entry.terms.token == NATIVE ? bond : 0;
        bytes memory data = abi.encodeCall(IJobEscrow.dispute, (_eitherForm(entry, seed), standing));
        if (!goes) return _call(by, value, data, false);
        if (!_pulls(by, entry.terms.token, value, data)) return;
        _spend(entry.terms.token, by, bond);
        _live[entry.terms.token] += bond;
        entry.disputeBond = bond;
        entry.disputer = by == entry.terms.payer ? Disputer.Payer : Disputer.Worker;
        _move(entry, Status.Disputed, block.timestamp + entry.terms.rulingWindow);
        ++done[by == entry.terms.payer ? bytes32("dispute by payer") : bytes32("dispute by worker")];
        if (entry.silent) ++done["dispute of silence"];
    }

    function ruleDispute(uint256 seed, uint256 amount) external about(_pick(seed, _rulable)) {
        Entry storage entry = _entries[last];
        uint256 flaw = _roll(seed, 310, 12);
        uint128 toWorker = _upTo(seed, amount, entry.terms.budget);
        if (flaw == 0) toWorker = entry.terms.budget + 1;
        address by = arbiter;
        if (flaw == 1) by = entry.terms.payer;
        bool wins = _roll(seed, 311, 2) == 0;
        if (flaw > 1 && _roll(seed, 312, 3) == 0) {
            toWorker = entry.standing.workerAmount;
            wins = _roll(seed, 313, 5) == 0;
        }
        bool goes = _rulable(entry) && flaw > 1;
        bytes memory terms = _eitherForm(entry, seed);
        _call(by, 0, abi.encodeCall(IJobEscrow.rule, (terms, toWorker, wins, entry.standing)), goes);
        if (!goes) return;
        if (!wins && toWorker == entry.standing.workerAmount) ++done["upheld"];
        else (entry.standing.outcome, entry.standing.workerAmount, entry.ruled) = (Outcome.Ruling, toWorker, true);
        _returnDisputeBond(entry, wins);
        _settle(last, 0);
        ++done[wins ? bytes32("ruled for the disputer") : bytes32("ruled against the disputer")];
    }

    // ------------------------------------------------------------------ calling off

    /// @dev 0: they agreed in another status; 1: in another round; 2: one signed for both; 3: the agreement is over;
    /// 4: the payer alone; 5, 6: one calls and the other signed; 7: both signed; 12, 13: of another claim, by its clock and
    /// by its commit.
    function cancelJob(uint256 seed) external about(_pick(seed, _lives)) {
        Entry storage entry = _entries[last];
        uint256 kind = _roll(seed, 320, 14);
        if (kind > 7 && kind < 12) kind -= 3;
        bool alone = _isOpen(entry) && (entry.status == Status.Funded || _lapsed(entry));
        uint40 expiry = _expiry(seed, kind);
        bytes32 digest = _cancelDigest(
            entry,
            kind == 0 ? Status(uint8(entry.status) ^ 1) : entry.status,
            kind == 1 ? entry.round + 1 : entry.round,
            uint40(kind == 12 ? entry.clock ^ 1 : entry.clock),
            kind == 13 ? entry.commit ^ 1 : entry.commit,
            expiry
        );
        (address by, bytes memory signatures) = _agreement(entry, kind, alone, digest);
        bool goes = _lives(entry) && ((kind > 4 && kind < 12) || (kind == 4 && alone));
        bytes memory terms = _eitherForm(entry, seed);
        _call(by, 0, abi.encodeCall(IJobEscrow.cancel, (terms, entry.standing, expiry, signatures)), goes);
        if (goes) return _cancel(entry, alone);
        if (_lives(entry)) ++done["cancel refused"];
    }

    /// @dev What is signed for nothing is never signed again: a contract's word stands.
    function _expiry(uint256 seed, uint256 kind) private view returns (uint40) {
        if (kind == 3) return uint40(block.timestamp - 1);
        return uint40(block.timestamp + (kind < 3 || kind > 11 ? 1 + _actions : _roll(seed, 321, 2)));
    }

    function _agreement(Entry storage entry, uint256 kind, bool alone, bytes32 digest)
        private
        returns (address by, bytes memory signatures)
    {
        address first = entry.terms.payer;
        address second = alone || entry.standing.worker == address(0) ? address(0) : entry.standing.worker;
        by = anyone;
        if (kind == 4 || kind == 5) by = first;
        if (kind == 6 && second != address(0)) by = second;
        if (by != first) signatures = _signatureOf(first, digest);
        if (kind == 2) return (by, bytes.concat(signatures, signatures));
        if (kind != 4 && second != address(0) && by != second) {
            signatures = bytes.concat(signatures, _signatureOf(second, digest));
        }
    }

    function _cancelDigest(Entry storage entry, Status status, uint8 round, uint40 clock, uint256 commit, uint40 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 typehash =
            keccak256("Cancel(bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry)");
        return digestOf(keccak256(abi.encode(typehash, entry.id, status, round, clock, commit, expiry)));
    }

    function _cancel(Entry storage entry, bool alone) private {
        if (entry.status == Status.Disputed) ++done["cancel of a dispute"];
        ++done[alone ? bytes32("cancel by the payer alone") : bytes32("cancel")];
        // A claim that lapsed has lost its bond.
        _returnClaimBond(entry, alone ? entry.terms.payer : entry.standing.worker);
        if (entry.disputeBond != 0) _returnDisputeBond(entry, true);
        _return(last);
    }
}

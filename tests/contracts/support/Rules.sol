// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Outcome, Status} from "../../../contracts/types/JobTypes.sol";
import {Model} from "./Model.sol";

/// @dev What may happen to a job now, if the right one asks for it in the right way.
abstract contract Rules is Model {
    function _lives(Entry storage entry) internal view returns (bool) {
        return entry.status != Status.None && entry.status < Status.Settled;
    }

    function _isOpen(Entry storage entry) internal view returns (bool) {
        return entry.terms.worker == address(0);
    }

    function _lapsed(Entry storage entry) internal view returns (bool) {
        return entry.status == Status.Claimed && block.timestamp > entry.clock;
    }

    function _claimable(Entry storage entry) internal view returns (bool) {
        if (!_isOpen(entry) || block.timestamp > entry.terms.claimBy) return false;
        return entry.status == Status.Funded || _lapsed(entry);
    }

    function _deliverable(Entry storage entry) internal view returns (bool) {
        if (_isOpen(entry)) return entry.status == Status.Claimed && block.timestamp <= entry.clock;
        return entry.status == Status.Funded && block.timestamp <= entry.terms.submitBy;
    }

    function _judgeable(Entry storage entry) internal view returns (bool) {
        return entry.status == Status.Submitted && block.timestamp <= entry.terms.verdictBy;
    }

    function _batchable(Entry storage entry) internal view returns (bool) {
        return _judgeable(entry) && entry.terms.challengeWindow == 0;
    }

    /// @dev A verdict stands, and no silence.
    function _standing(Entry storage entry) internal view returns (bool) {
        return entry.status == Status.Proposed && entry.standing.outcome != Outcome.Silence;
    }

    function _silenced(Entry storage entry) internal view returns (bool) {
        return entry.status == Status.Submitted && block.timestamp > entry.terms.verdictBy;
    }

    function _toppable(Entry storage entry) internal view returns (bool) {
        if (entry.status != Status.Proposed || entry.standing.outcome != Outcome.Inconclusive) return false;
        if (entry.round + 1 >= entry.terms.maxRounds || block.timestamp > entry.clock) return false;
        return block.timestamp + 2 hours <= entry.terms.verdictBy;
    }

    function _disputable(Entry storage entry) internal view returns (bool) {
        if (entry.status != Status.Proposed || block.timestamp > entry.clock) return false;
        return entry.terms.arbiter != address(0);
    }

    function _rulable(Entry storage entry) internal view returns (bool) {
        return entry.status == Status.Disputed && block.timestamp <= entry.clock;
    }

    function _finalizable(Entry storage entry) internal view returns (bool) {
        if (entry.status != Status.Proposed && entry.status != Status.Disputed) return false;
        return block.timestamp > entry.clock;
    }

    function _refundable(Entry storage entry) internal view returns (bool) {
        if (entry.status != Status.Funded && !_lapsed(entry)) return false;
        return block.timestamp > (_isOpen(entry) ? entry.terms.claimBy : entry.terms.submitBy);
    }
}

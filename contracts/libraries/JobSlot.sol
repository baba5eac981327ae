// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Disputer, Job, JobId, Proposal, Status} from "../types/JobTypes.sol";

/// @dev A job's one storage slot, from the least significant bit: status 4 | round 4 | disputer 2 | clock 40 |
/// commit 206.
type Slot is uint256;

using JobSlot for Slot global;

/// @title Packs and reads the slot of a job.
library JobSlot {
    uint256 private constant ROUND = 4;
    uint256 private constant DISPUTER = 8;
    uint256 private constant CLOCK = 10;
    uint256 private constant COMMIT = 50;

    /// @dev The slot lies at the JobId itself: that is a Keccak digest already, as the place of a mapping's value is.
    function load(JobId job) internal view returns (Slot slot) {
        assembly ("memory-safe") {
            slot := sload(job)
        }
    }

    function store(JobId job, Slot slot) internal {
        assembly ("memory-safe") {
            sstore(job, slot)
        }
    }

    function isIn(Slot slot, Status expected) internal pure returns (bool) {
        return Slot.unwrap(slot) & 0xf == uint256(expected);
    }

    function status(Slot slot) internal pure returns (Status) {
        return Status(Slot.unwrap(slot) & 0xf);
    }

    function round(Slot slot) internal pure returns (uint8) {
        return uint8((Slot.unwrap(slot) >> ROUND) & 0xf);
    }

    function clock(Slot slot) internal pure returns (uint40) {
        // casting to 'uint40' is safe because cutting off the commit is what is meant
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(Slot.unwrap(slot) >> CLOCK);
    }

    function disputer(Slot slot) internal pure returns (Disputer) {
        return Disputer((Slot.unwrap(slot) >> DISPUTER) & 0x3);
    }

    function commit(Slot slot) internal pure returns (uint256) {
        return Slot.unwrap(slot) >> COMMIT;
    }

    function committedTo(Slot slot, uint256 expected) internal pure returns (bool) {
        return Slot.unwrap(slot) >> COMMIT == expected;
    }

    /// @dev The slot after a step of the job: a new status, clock and commit; round and disputer stay.
    function moved(Slot slot, Status to, uint40 newClock, uint256 newCommit) internal pure returns (Slot) {
        uint256 kept = Slot.unwrap(slot) & 0x3f0;
        return Slot.wrap(uint256(to) | kept | (uint256(newClock) << CLOCK) | (newCommit << COMMIT));
    }

    /// @dev The slot in the next round. The caller keeps rounds below 16.
    function inNextRound(Slot slot) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) + (1 << ROUND));
    }

    /// @dev The slot with its disputer, who was nobody before.
    function disputedBy(Slot slot, Disputer side) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | (uint256(side) << DISPUTER));
    }

    /// @dev Without a status there is no job, whatever else lies there.
    function unpacked(Slot slot) internal pure returns (Job memory job) {
        if (slot.isIn(Status.None)) return job;
        return Job(slot.status(), slot.round(), slot.disputer(), slot.clock(), slot.commit());
    }

    /// @dev The low 206 bits of the proposal's hash. Who could choose both sides of a collision would still need
    /// about 2^103 hashes.
    function commitOf(Proposal memory proposal) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            // A struct of value types lies in memory as `abi.encode` would write it: five words.
            found := shr(COMMIT, shl(COMMIT, keccak256(proposal, 0xa0)))
        }
    }

    /// @dev A submission's commit: the first two words of the proposals that may follow. A claim's has no result yet.
    function commitOf(address worker, bytes32 resultHash) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            mstore(0x00, worker)
            mstore(0x20, resultHash)
            found := shr(COMMIT, shl(COMMIT, keccak256(0x00, 0x40)))
        }
    }
}

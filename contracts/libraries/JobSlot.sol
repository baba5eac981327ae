// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Job, JobId, Proposal, Status} from "../types/JobTypes.sol";

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

    function committedTo(Slot slot, uint256 commit) internal pure returns (bool) {
        return Slot.unwrap(slot) >> COMMIT == commit;
    }

    /// @dev The slot after a step of the job: a new status, clock and commit in the same round.
    function moved(Slot slot, Status to, uint40 newClock, uint256 newCommit) internal pure returns (Slot) {
        uint256 kept = Slot.unwrap(slot) & (0xf << ROUND);
        return Slot.wrap(uint256(to) | kept | (uint256(newClock) << CLOCK) | (newCommit << COMMIT));
    }

    function unpacked(Slot slot) internal pure returns (Job memory) {
        uint256 raw = Slot.unwrap(slot);
        return Job(slot.status(), slot.round(), uint8((raw >> DISPUTER) & 0x3), slot.clock(), raw >> COMMIT);
    }

    /// @dev The low 206 bits of the proposal's hash. Who could choose both sides of a collision would still need
    /// about 2^103 hashes.
    function commitOf(Proposal memory proposal) internal pure returns (uint256 commit) {
        assembly ("memory-safe") {
            // A struct of value types lies in memory as `abi.encode` would write it: five words.
            commit := shr(COMMIT, shl(COMMIT, keccak256(proposal, 0xa0)))
        }
    }

    /// @dev A submission's commit: the first two words of the proposals that may follow.
    function commitOf(address worker, bytes32 resultHash) internal pure returns (uint256 commit) {
        assembly ("memory-safe") {
            mstore(0x00, worker)
            mstore(0x20, resultHash)
            commit := shr(COMMIT, shl(COMMIT, keccak256(0x00, 0x40)))
        }
    }
}

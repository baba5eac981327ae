// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Job, Outcome, Status} from "../types/JobTypes.sol";

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

    /// @dev The low 206 bits of the hash of a `Proposal`. Who could choose both sides of a collision would still
    /// need about 2^103 hashes.
    function commitOf(address worker, bytes32 resultHash, Outcome outcome, uint256 workerAmount, uint256 signers)
        internal
        pure
        returns (uint256)
    {
        return (uint256(keccak256(abi.encode(worker, resultHash, outcome, workerAmount, signers))) << COMMIT) >> COMMIT;
    }

    /// @dev A submission's commit: nothing was found yet.
    function commitOf(address worker, bytes32 resultHash) internal pure returns (uint256) {
        return commitOf(worker, resultHash, Outcome.None, 0, 0);
    }
}

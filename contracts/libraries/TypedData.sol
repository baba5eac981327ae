// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId, Outcome, Status} from "../types/JobTypes.sol";

/// @title EIP-712 struct hashes of what validators and parties sign. `PackedTerms` has the one of the terms.
library TypedData {
    bytes32 internal constant VERDICT = keccak256(
        "Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash)"
    );
    bytes32 internal constant CANCEL =
        keccak256("Cancel(bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry)");
    bytes32 internal constant SUBMISSION =
        keccak256("Submission(bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash)");
    bytes32 internal constant BATCH_VERDICT = keccak256("BatchVerdict(bytes32 root)");

    function verdict(
        JobId job,
        uint8 round,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        bytes32 evidenceHash
    ) internal pure returns (bytes32) {
        bytes32 typehash = VERDICT;
        bytes32 hash;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            mstore(add(m, 0x20), job)
            mstore(add(m, 0x40), round)
            mstore(add(m, 0x60), resultHash)
            mstore(add(m, 0x80), outcome)
            mstore(add(m, 0xa0), workerAmount)
            mstore(add(m, 0xc0), evidenceHash)
            hash := keccak256(m, 0xe0)
        }
        return hash;
    }

    /// @dev Status, round, clock and commit are those of the job's slot: the agreement ends with what it was made about.
    function cancel(JobId job, Status status, uint8 round, uint40 clock, uint256 commit, uint40 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CANCEL, job, status, round, clock, commit, expiry));
    }

    /// @dev The clock is that of the job's slot: no two claims of a job have the same.
    function submission(JobId job, uint40 clock, bytes32 resultHash, bytes32 multisetHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(SUBMISSION, job, clock, resultHash, multisetHash));
    }

    /// @dev One signature for many verdicts: `root` is the `MerkleRoot` over the leaves of their struct hashes.
    function batchVerdict(bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(BATCH_VERDICT, root));
    }
}

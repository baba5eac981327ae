// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId, Outcome} from "./JobTypes.sol";

/// @notice Where an account stands with the registry.
/// @custom:value0 None No bond; also after `exit`.
/// @custom:value1 Bonded The bond is held; may join sets.
/// @custom:value2 Exiting Has left every set for good; the bond is held, and can be slashed, until `exit`.
/// @custom:value3 Slashed Terminal: the bond is gone and the key is never bonded again.
enum Standing {
    None,
    Bonded,
    Exiting,
    Slashed
}

/// @notice What the registry keeps of an account, beside the list of its sets.
/// @param standing Where it stands.
/// @param exitsAt Exiting: the last second in which the bond is still held. Otherwise zero.
/// @param sets How many sets it is in.
struct Member {
    Standing standing;
    uint40 exitsAt;
    uint8 sets;
}

/// @notice What the registry keeps of a set: one slot, so that one read admits a job.
/// @param size How many validators it names; zero where nobody ever joined.
/// @param joined How many of them are in it. The set is registered while that is all of them.
/// @param epoch The epoch that began when it was last registered or suspended; zero before.
struct ValidatorSet {
    uint8 size;
    uint8 joined;
    uint64 epoch;
}

/// @notice Whom a report accuses, and of a second verdict on what.
/// @param member The validator.
/// @param escrow The contract in whose EIP-712 domain both statements were signed.
/// @param job The job.
/// @param round The round.
/// @param resultHash The result that was judged.
struct Subject {
    address member;
    address escrow;
    JobId job;
    uint8 round;
    bytes32 resultHash;
}

/// @notice One verdict on a `Subject`, signed alone or as a leaf of a batch.
/// @param outcome What was found.
/// @param workerAmount What the worker is to receive.
/// @param evidenceHash Digest of the verdict document.
/// @param signature 65 bytes r, s, v; over `Verdict`, or, where `count` is not 0, over `BatchVerdict(root)`.
/// @param count How many leaves the batch has; 0 for a verdict signed alone, and then what follows says nothing.
/// @param index Which of them this verdict is, from 0.
/// @param root The Merkle root of the batch.
/// @param proof The leaf's siblings, from the leaf upwards.
struct Statement {
    Outcome outcome;
    uint128 workerAmount;
    bytes32 evidenceHash;
    bytes signature;
    uint256 count;
    uint256 index;
    bytes32 root;
    bytes32[] proof;
}

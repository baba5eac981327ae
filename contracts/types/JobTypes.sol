// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @dev EIP-712 digest of the job's terms: it names the terms, this chain and this contract at once.
type JobId is bytes32;

/// @notice Where a job stands. The order is the order of life: a job only moves to a later member, but for a top-up,
/// which takes a Proposed job back to Submitted in the next round, and a lapsed claim, which another may replace.
/// @custom:value0 None Never funded.
/// @custom:value1 Funded The budget is locked; the worker may submit until `submitBy`, or somebody may claim.
/// @custom:value2 Claimed An open job has found its worker, who may submit until the claim lapses.
/// @custom:value3 Submitted A result hash is on chain; validators may propose until `verdictBy`.
/// @custom:value4 Proposed An outcome stands and waits for its window to pass.
/// @custom:value5 Disputed An outcome waits for the arbiter, until the ruling window is over.
/// @custom:value6 Settled Terminal: an outcome was paid.
/// @custom:value7 Refunded Terminal: the whole budget went back to the payer.
enum Status {
    None,
    Funded,
    Claimed,
    Submitted,
    Proposed,
    Disputed,
    Settled,
    Refunded
}

/// @notice What a proposal says. Validators sign the first three; silence is what is proposed when they did not, and
/// a ruling is what an arbiter puts in the place of any of them, where it does not uphold it.
enum Outcome {
    None,
    Accept,
    Reject,
    Inconclusive,
    Silence,
    Ruling
}

/// @notice Who disputed.
enum Disputer {
    Nobody,
    Payer,
    Worker
}

/// @notice The one storage slot of a job, unpacked.
/// @dev Slot, from the least significant bit: status 4 | round 4 | disputer 2 | clock 40 | commit 206.
/// @param status Where the job stands.
/// @param round How many top-ups came before this submission.
/// @param disputer Who disputed; it stays after the end.
/// @param clock Unix seconds. Funded, Submitted: when that happened. Claimed, Proposed, Disputed: the last second of
/// the claim, of the challenge window, of the ruling window. Zero once terminal.
/// @param commit The low 206 bits of a keccak. Claimed: of the worker and a zero result hash. Submitted: of worker and
/// result hash. Proposed, Disputed: of the `Proposal` that stands. Settled: of the `Proposal` that was paid. Refunded:
/// what it was before.
struct Job {
    Status status;
    uint8 round;
    Disputer disputer;
    uint40 clock;
    uint256 commit;
}

/// @notice What stands once validators, or silence, have proposed: the job's commit is its hash, later verbs want it
/// back, and the first data fields of a `Proposed` event are its members.
/// @param worker Who is paid.
/// @param resultHash What the worker submitted.
/// @param outcome What was found.
/// @param workerAmount What the worker receives, in the token's base units.
/// @param signers Bit i: the i-th validator of the terms signed. Zero for silence.
struct Proposal {
    address worker;
    bytes32 resultHash;
    Outcome outcome;
    uint128 workerAmount;
    uint16 signers;
}

/// @notice A verdict as it comes to `propose`; the contract adds job and round, which it knows better.
/// @param claimer Open jobs: who claimed and submitted. Zero where the terms name the worker.
/// @param resultHash What was submitted.
/// @param outcome Accept, Reject or Inconclusive.
/// @param workerAmount Accept: at most budget - fee. Any other outcome: 0, for the terms decide the share.
/// @param evidenceHash Digest of the verdict document.
/// @param signers Bit i: a signature of the i-th validator of the terms follows.
struct SignedVerdict {
    address claimer;
    bytes32 resultHash;
    Outcome outcome;
    uint128 workerAmount;
    bytes32 evidenceHash;
    uint16 signers;
}

/// @notice One job's part of a batch that validators signed at once; members as in `SignedVerdict`.
struct BatchedVerdict {
    address claimer;
    bytes32 resultHash;
    Outcome outcome;
    uint128 workerAmount;
    bytes32 evidenceHash;
}

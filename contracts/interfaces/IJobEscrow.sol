// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "./IJobEscrowErrors.sol";
import {JobId, Job, Outcome, Proposal, SignedVerdict, Status} from "../types/JobTypes.sol";

/// @title Escrow that pays for compute when validators say that it was delivered.
/// @notice Holds one budget per job. `terms` is always the packed form of `JobTerms`; the job is the EIP-712 digest
/// of those terms, so that no call can bring terms that were not funded. Nobody owns the contract and nothing
/// changes it. A deadline is the last second of what it limits.
interface IJobEscrow is IJobEscrowErrors {
    // ------------------------------------------------------------------ events

    /// @notice The payer locked the budget.
    /// @param job The job.
    /// @param payer Who locked it.
    /// @param worker Who may submit.
    /// @param terms The packed terms: whoever reads this event can make every later call.
    event Funded(JobId indexed job, address indexed payer, address indexed worker, bytes terms);

    /// @notice The worker delivered.
    /// @param job The job.
    /// @param worker Who delivered.
    /// @param resultHash SHA-256 of the result.
    /// @param round 0 for the first submission.
    /// @param multisetHash SHA-256 of the sorted shots: equal for a result that was only shuffled.
    event Submitted(
        JobId indexed job, address indexed worker, bytes32 indexed resultHash, uint8 round, bytes32 multisetHash
    );

    /// @notice An outcome stands. The first five data fields are the `Proposal` for `finalize`, in its order.
    /// @param job The job.
    /// @param worker Who is paid.
    /// @param resultHash What was judged.
    /// @param outcome What was found.
    /// @param workerAmount What the worker will receive: after an inconclusive verdict and silence the terms' share.
    /// @param signers Bit i: the i-th validator signed; 0 for silence.
    /// @param round The round that was judged.
    /// @param evidenceHash Digest of the verdict document; 0 for silence.
    /// @param openUntil The last second of the window; the present where the proposal settles in the same call.
    event Proposed(
        JobId indexed job,
        address worker,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        uint16 signers,
        uint8 round,
        bytes32 evidenceHash,
        uint40 openUntil
    );

    /// @notice The outcome took effect. The three amounts add up to the budget.
    /// @param job The job.
    /// @param outcome What took effect.
    /// @param workerPaid To the worker.
    /// @param payerPaid Back to the payer.
    /// @param fee To `feeTo`.
    event Settled(JobId indexed job, Outcome outcome, uint256 workerPaid, uint256 payerPaid, uint256 fee);

    /// @notice Nothing was submitted in time: the whole budget went back.
    /// @param job The job.
    /// @param payer Who received it.
    /// @param amount The budget.
    event Refunded(JobId indexed job, address indexed payer, uint256 amount);

    /// @notice Payer and worker called the job off: the whole budget went back.
    /// @param job The job.
    /// @param payer Who received it.
    /// @param amount The budget.
    /// @param from The status in which they agreed.
    event Cancelled(JobId indexed job, address indexed payer, uint256 amount, Status from);

    /// @notice A payment of this job could not be pushed; the account may `withdraw` it.
    /// @param job The job.
    /// @param token The token; address(0) is the native coin.
    /// @param account Whose it is.
    /// @param amount How much.
    event Credited(JobId indexed job, address indexed token, address indexed account, uint256 amount);

    /// @notice A creditor took its credit.
    /// @param token The token; address(0) is the native coin.
    /// @param account Whose credit it was.
    /// @param to Who received it.
    /// @param amount How much.
    event Withdrawn(address indexed token, address indexed account, address indexed to, uint256 amount);

    // ------------------------------------------------------------------ verbs

    /// @notice Locks the budget. None -> Funded. By the payer.
    /// @dev A token must bring exactly the budget. Where `token` is zero the call carries the budget, else nothing.
    /// @param terms The packed terms.
    /// @return job The job.
    function fund(bytes calldata terms) external payable returns (JobId job);

    /// @notice Delivers. Funded -> Submitted. By the worker, until `submitBy`.
    /// @param terms The packed terms.
    /// @param resultHash SHA-256 of the result.
    /// @param multisetHash SHA-256 of the sorted shots.
    function submit(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) external;

    /// @notice As `submit`, by anyone who brings the worker's signature over `Submission`.
    /// @param terms The packed terms.
    /// @param resultHash SHA-256 of the result.
    /// @param multisetHash SHA-256 of the sorted shots.
    /// @param signature 65 bytes r, s, v.
    function submitFor(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash, bytes calldata signature)
        external;

    /// @notice Brings a verdict of k validators. Submitted -> Proposed, or Submitted -> Settled where the challenge
    /// window is zero or payer and worker signed the same verdict. By anyone, until `verdictBy`.
    /// @param terms The packed terms.
    /// @param verdict The verdict and who signed it.
    /// @param signatures 65 bytes r, s, v for each bit of `verdict.signers`, the lowest bit first; then, to settle
    /// at once in spite of a window, the payer's and the worker's.
    function propose(bytes calldata terms, SignedVerdict calldata verdict, bytes calldata signatures) external;

    /// @notice Proposes the silence share. Submitted -> Proposed. By anyone, after `verdictBy`. The proposal waits
    /// for the challenge window, and for a day at least.
    /// @param terms The packed terms.
    /// @param worker Who submitted.
    /// @param resultHash What was submitted.
    function settleSilence(bytes calldata terms, address worker, bytes32 resultHash) external;

    /// @notice Pays what was proposed. Proposed -> Settled. By anyone, after the window.
    /// @param terms The packed terms.
    /// @param proposal The proposal, as the `Proposed` event says it.
    function finalize(bytes calldata terms, Proposal calldata proposal) external;

    /// @notice Returns the budget. Funded -> Refunded. By anyone, after `submitBy`.
    /// @param terms The packed terms.
    function refund(bytes calldata terms) external;

    /// @notice Returns the budget. Any live status -> Refunded. By anyone who brings both parties' signatures over
    /// `Cancel`, which says the status and round in which they agreed, until `expiry`.
    /// @param terms The packed terms.
    /// @param expiry The last second of the agreement.
    /// @param signatures 130 bytes: the payer's r, s, v and the worker's.
    function cancel(bytes calldata terms, uint40 expiry, bytes calldata signatures) external;

    /// @notice Sends the caller's credit, all of it.
    /// @param token The token; address(0) is the native coin.
    /// @param to Who receives it.
    /// @return amount How much.
    function withdraw(address token, address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ views

    /// @notice The job's slot, unpacked.
    function jobs(JobId job) external view returns (Job memory);

    /// @notice What `account` may withdraw of `token`.
    function credit(address token, address account) external view returns (uint256);

    /// @notice The job of these terms, whether they were funded or not. Reverts where the length cannot be.
    function jobIdOf(bytes calldata terms) external view returns (JobId);

    /// @notice What a validator signs.
    function verdictDigest(
        JobId job,
        uint8 round,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        bytes32 evidenceHash
    ) external view returns (bytes32);

    /// @notice What payer and worker sign to call a job off.
    function cancelDigest(JobId job, Status status, uint8 round, uint40 expiry) external view returns (bytes32);

    /// @notice What a worker signs for `submitFor`.
    function submissionDigest(JobId job, uint8 round, bytes32 resultHash, bytes32 multisetHash)
        external
        view
        returns (bytes32);

    // solhint-disable func-name-mixedcase

    /// @notice The EIP-712 domain separator of this contract on this chain.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

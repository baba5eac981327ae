// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "./IJobEscrowErrors.sol";
import {BatchedVerdict, Job, JobId, Outcome, Proposal, SignedVerdict, Status} from "../types/JobTypes.sol";

/// @title Escrow that pays for compute when validators say that it was delivered.
/// @notice Holds one budget per job, and the bonds of claims and disputes. `terms` is always the packed form of
/// `JobTerms`; the job is the EIP-712 digest of those terms, so that no call can bring terms that were not funded.
/// Verbs that need no validators take terms in brief as well (see `JobTerms`); funding, `claim`, `propose` and the
/// first of a batch need them whole. Nobody owns the contract and nothing changes it. A deadline is the last second
/// of what it limits.
/// @dev A signature is 65 bytes r, s, v, or the record of a contract's (ERC-1271): a word with the length of what
/// follows, a zero word, a zero byte, then that many bytes. Several lie one after the other.
interface IJobEscrow is IJobEscrowErrors {
    // ------------------------------------------------------------------ events

    /// @notice The payer locked the budget.
    /// @param job The job.
    /// @param payer Who locked it.
    /// @param worker Who may submit.
    /// @param terms The packed terms: whoever reads this event can make every later call.
    event Funded(JobId indexed job, address indexed payer, address indexed worker, bytes terms);

    /// @notice Somebody took an open job.
    /// @param job The job.
    /// @param worker Who may submit.
    /// @param deliverBy The last second for it; then the claim lapses.
    /// @param bond What was locked with it.
    event Claimed(JobId indexed job, address indexed worker, uint40 deliverBy, uint256 bond);

    /// @notice The worker delivered.
    /// @param job The job.
    /// @param worker Who delivered.
    /// @param resultHash SHA-256 of the result.
    /// @param round 0 for the first submission, one more for each top-up.
    /// @param multisetHash SHA-256 of the sorted shots, equal for a result that was only shuffled; where the job spec orders a
    /// manifest, its digest, and the manifest says the other.
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

    /// @notice A party does not accept the proposal.
    /// @param job The job.
    /// @param disputer The payer or the worker.
    /// @param bond What was locked with it.
    /// @param openUntil The last second for a ruling; then the proposal stands.
    event Disputed(JobId indexed job, address indexed disputer, uint256 bond, uint40 openUntil);

    /// @notice The arbiter put its ruling in the place of the proposal.
    /// @param job The job.
    /// @param arbiter Who ruled.
    /// @param workerAmount What the worker receives.
    /// @param disputerWins Whether the disputer has its bond back. If not, and where the amount is the proposal's, the
    /// proposal is upheld, and is what takes effect.
    event Ruled(JobId indexed job, address indexed arbiter, uint128 workerAmount, bool disputerWins);

    /// @notice A bond went back: of a claim that delivered, of a dispute that was won or never ruled on.
    /// @param job The job.
    /// @param account Whose it was.
    /// @param amount How much.
    event BondReturned(JobId indexed job, address indexed account, uint256 amount);

    /// @notice A bond was lost: a claim's to the payer; of a dispute's, half to the other party and the rest burnt.
    /// @param job The job.
    /// @param to Who received what was not burnt.
    /// @param amount How much that was.
    /// @param burnt How much was burnt.
    event BondLost(JobId indexed job, address indexed to, uint256 amount, uint256 burnt);

    /// @notice The outcome took effect. The three amounts add up to the budget.
    /// @param job The job.
    /// @param outcome What took effect.
    /// @param workerPaid To the worker.
    /// @param payerPaid Back to the payer.
    /// @param fee To `feeTo`.
    event Settled(JobId indexed job, Outcome outcome, uint256 workerPaid, uint256 payerPaid, uint256 fee);

    /// @notice Some or all jobs of a batch were settled by one signature set. Each of them emits `Settled`; none of them `Proposed`, for the
    /// root commits to every verdict and the call carries them.
    /// @param root The `MerkleRoot` over the verdicts.
    /// @param signers Bit i: the i-th validator signed.
    /// @param jobs How many were settled.
    event BatchSettled(bytes32 indexed root, uint16 signers, uint256 jobs);

    /// @notice Nothing was submitted in time: the whole budget went back.
    /// @param job The job.
    /// @param payer Who received it.
    /// @param amount The budget.
    event Refunded(JobId indexed job, address indexed payer, uint256 amount);

    /// @notice Payer and worker called the job off, or the payer an open job without a claim: the whole budget went back.
    /// @param job The job.
    /// @param payer Who received it.
    /// @param amount The budget.
    /// @param from The status in which they agreed.
    event Cancelled(JobId indexed job, address indexed payer, uint256 amount, Status from);

    /// @notice A payment of this job could not be pushed; the account may `withdraw` it.
    /// @param job The job; zero for a batch, where a payment may be several jobs'.
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

    /// @notice As `fund`, by anyone who brings the payer's Permit2 signature (`PermitWitnessTransferFrom`, the witness
    /// being the `JobTerms`, the spender this contract). None -> Funded.
    /// @param terms The packed terms, in a token for which the payer has approved Permit2.
    /// @param nonce Permit2's unordered nonce.
    /// @param deadline Permit2's deadline of the signature.
    /// @param signature The payer's, as Permit2 takes it.
    /// @return job The job.
    function fundWithPermit2(bytes calldata terms, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
        returns (JobId job);

    /// @notice As `fund`, by anyone who brings the payer's ERC-3009 `ReceiveWithAuthorization` to this contract over the
    /// budget, whose nonce is the job. None -> Funded.
    /// @param terms The packed terms, in a token that knows ERC-3009.
    /// @param validAfter As authorized.
    /// @param validBefore As authorized.
    /// @param signature 65 bytes r, s, v of a key; any other length goes to the token's form for contracts.
    /// @return job The job.
    function fundWithAuthorization(
        bytes calldata terms,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (JobId job);

    /// @notice Takes an open job. Funded -> Claimed, or Claimed -> Claimed where the claim before has lapsed, whose bond
    /// the payer then receives. By anyone in no other role, until `claimBy`.
    /// @dev Carries the bond, `claimBondBps` of the budget, rounded up.
    /// @param terms The packed terms, whole.
    function claim(bytes calldata terms) external payable;

    /// @notice Delivers. Funded -> Submitted, by the worker, until `submitBy`; Claimed -> Submitted, by who claimed,
    /// until the claim lapses.
    /// @param terms The packed terms.
    /// @param resultHash SHA-256 of the result.
    /// @param multisetHash SHA-256 of the sorted shots, or of the manifest that the job spec orders.
    function submit(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) external;

    /// @notice As `submit`, by anyone who brings the worker's signature over `Submission`, which names the clock of the
    /// job's slot: what was signed for a claim ends with it.
    /// @param terms The packed terms.
    /// @param resultHash SHA-256 of the result.
    /// @param multisetHash SHA-256 of the sorted shots, or of the manifest that the job spec orders.
    /// @param signature The worker's.
    /// @param claimer Open jobs: who claimed and delivers. Zero where the terms name the worker.
    function submitFor(
        bytes calldata terms,
        bytes32 resultHash,
        bytes32 multisetHash,
        bytes calldata signature,
        address claimer
    ) external;

    /// @notice Delivers again after an inconclusive verdict. Proposed -> Submitted in the next round. By the worker,
    /// inside the challenge window and at least two hours before `verdictBy`, up to `maxRounds` submissions in all.
    /// @param terms The packed terms.
    /// @param proposal The inconclusive proposal, as the `Proposed` event says it.
    /// @param resultHash SHA-256 of the result.
    /// @param multisetHash SHA-256 of the sorted shots, or of the manifest that the job spec orders.
    function topUp(bytes calldata terms, Proposal calldata proposal, bytes32 resultHash, bytes32 multisetHash) external;

    /// @notice Brings a verdict of k validators. Submitted -> Proposed, or Submitted -> Settled where the challenge
    /// window is zero or payer and worker signed the same verdict. By anyone, until `verdictBy`. Proposed -> Settled where
    /// this verdict of these validators stands, and payer and worker signed it: at any time, so that bringing a verdict
    /// without the parties' signatures takes nothing from them.
    /// @param terms The packed terms, whole.
    /// @param verdict The verdict and who signed it.
    /// @param signatures One for each bit of `verdict.signers`, the lowest bit first; then, to settle at once in spite
    /// of a window, the payer's and the worker's. Where a registry is named, validators sign with keys alone.
    function propose(bytes calldata terms, SignedVerdict calldata verdict, bytes calldata signatures) external;

    /// @notice Settles many jobs by one signature set. Submitted -> Settled, each. By anyone, until their `verdictBy`. All
    /// have the same validators, in the same token, and a zero challenge window. A job that waits for no verdict on that
    /// result any more (called off, settled before, too late) is left out, and no reason to refuse the others; the same
    /// signatures may come again for what is left.
    /// @param terms The packed terms of each job; the first whole. In the place of another's the 32 bytes of its verdict's
    /// leaf may come, and it is left out.
    /// @param verdicts The verdict on each; where the leaf is given, nothing is read.
    /// @param signers Bit i: a signature of the i-th validator follows.
    /// @param signatures One for each bit, the lowest first, over `BatchVerdict`, whose root is the `MerkleRoot` over
    /// the verdicts in their order.
    function settleBatch(
        bytes[] calldata terms,
        BatchedVerdict[] calldata verdicts,
        uint16 signers,
        bytes calldata signatures
    ) external;

    /// @notice Proposes the silence share. Submitted -> Proposed. By anyone, after `verdictBy`. The proposal waits
    /// for the challenge window, and for a day at least.
    /// @param terms The packed terms.
    /// @param claimer Open jobs: who claimed and submitted. Zero where the terms name the worker.
    /// @param resultHash What was submitted.
    function settleSilence(bytes calldata terms, address claimer, bytes32 resultHash) external;

    /// @notice Pays what was proposed. Proposed -> Settled, by anyone, after the window; Disputed -> Settled, by anyone,
    /// after the ruling window, in which case the dispute's bond goes back.
    /// @param terms The packed terms.
    /// @param proposal The proposal, as the `Proposed` event says it.
    function finalize(bytes calldata terms, Proposal calldata proposal) external;

    /// @notice Calls on the arbiter. Proposed -> Disputed. By the payer or the worker, inside the window.
    /// @dev Carries the bond, `disputeBondBps` of the budget, rounded up.
    /// @param terms The packed terms, with an arbiter.
    /// @param proposal The proposal, as the `Proposed` event says it.
    function dispute(bytes calldata terms, Proposal calldata proposal) external payable;

    /// @notice Decides a dispute. Disputed -> Settled. By the arbiter, inside the ruling window.
    /// @param terms The packed terms.
    /// @param workerAmount What the worker receives, up to the whole budget; there is no fee on a ruling.
    /// @param disputerWins Whether the disputer has its bond back. If not, the other party receives half of it, and
    /// the rest is burnt; and where the amount is the proposal's, the proposal is upheld: it takes effect as it is, but
    /// for the fee.
    /// @param proposal The proposal that was disputed.
    function rule(bytes calldata terms, uint128 workerAmount, bool disputerWins, Proposal calldata proposal) external;

    /// @notice Returns the budget. Funded -> Refunded, after `submitBy`, or after `claimBy` where nobody has claimed;
    /// Claimed -> Refunded once the claim has lapsed and `claimBy` is over, with the claim's bond. By anyone.
    /// @param terms The packed terms.
    function refund(bytes calldata terms) external;

    /// @notice Returns the budget and all bonds. Any live status -> Refunded. By anyone who brings both parties'
    /// signatures over `Cancel`, which says status, round, clock and commit of the job's slot, so that it ends with what
    /// they agreed about, until `expiry`. A party that is the caller need not sign. While an open job has no claim, or a lapsed one, the payer's suffices.
    /// @param terms The packed terms.
    /// @param standing Open jobs alone: who claimed and what stands, as far as it goes; zeros otherwise.
    /// @param expiry The last second of the agreement.
    /// @param signatures The payer's and the worker's, of those who must sign.
    function cancel(bytes calldata terms, Proposal calldata standing, uint40 expiry, bytes calldata signatures) external;

    /// @notice Sends the caller's credit, all of it.
    /// @param token The token; address(0) is the native coin.
    /// @param to Who receives it: not the zero address and not the escrow, where it would be lost.
    /// @return amount How much.
    function withdraw(address token, address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ views

    /// @notice The job's slot, unpacked; all zero for any word that is no funded job's id.
    function jobs(JobId job) external view returns (Job memory);

    /// @notice What `account` may withdraw of `token`.
    function credit(address token, address account) external view returns (uint256);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId, Status, Outcome} from "../types/JobTypes.sol";

/// @title Every reason for which the escrow refuses a call.
interface IJobEscrowErrors {
    // ------------------------------------------------------------------ terms

    /// @notice The packed terms are not 259 bytes and a whole number of 20-byte validators.
    error JobEscrow_TermsLength(uint256 length);
    /// @notice The call needs the validators themselves, and got terms in brief.
    error JobEscrow_BriefTerms();
    /// @notice There must be 1 to 16 validators.
    error JobEscrow_ValidatorCount(uint256 count, uint256 most);
    /// @notice Validators must be strictly ascending from above the zero address; this one is not.
    error JobEscrow_ValidatorOrder(uint256 index);
    /// @notice The quorum must be at most the number of validators and more than half of it.
    error JobEscrow_Quorum(uint256 quorum, uint256 validators);
    /// @notice Payer and requester, worker, arbiter and validators must be different accounts, and the fee must not be the
    /// arbiter's; this one is in two roles.
    error JobEscrow_SharedRole(address account);
    /// @notice The named role must not be the zero address.
    error JobEscrow_MissingRole(string role);
    /// @notice The named role must not be the escrow itself.
    error JobEscrow_SelfRole(string role);
    /// @notice An open job: its last second for a claim must lie between these two, so that every claim has its window.
    error JobEscrow_ClaimBy(uint256 claimBy, uint256 earliest, uint256 latest);
    /// @notice An open job: a claim must last at least this long.
    error JobEscrow_DeliverWindow(uint256 window, uint256 least);
    /// @notice A job with a named worker has nothing to claim: these three must be 0.
    error JobEscrow_ClaimTerms(uint256 claimBy, uint256 deliverWindow, uint256 claimBondBps);
    /// @notice There must be at least one round, and at most `most`.
    error JobEscrow_Rounds(uint256 maxRounds, uint256 most);
    /// @notice A top-up happens inside a challenge window, and there is none.
    error JobEscrow_NoTopUpWindow(uint256 maxRounds);
    /// @notice The named share must lie between these two, both included.
    error JobEscrow_Share(string field, uint256 bps, uint256 least, uint256 most);
    /// @notice The budget must not be 0.
    error JobEscrow_ZeroBudget();
    /// @notice The named window is above its limit.
    error JobEscrow_Window(string field, uint256 window, uint256 most);
    /// @notice `submitBy` is over.
    error JobEscrow_SubmitBy(uint256 submitBy, uint256 timestamp);
    /// @notice `verdictBy` must lie between these two, both included.
    error JobEscrow_VerdictBy(uint256 verdictBy, uint256 earliest, uint256 latest);
    /// @notice A challenge window needs an arbiter.
    error JobEscrow_NoArbiter(uint256 challengeWindow);
    /// @notice An arbiter needs time to rule.
    error JobEscrow_NoRulingWindow();
    /// @notice The registry does not answer for these validators until then: not a registered set, a member on its way
    /// out, or a job that outlives the exit delay.
    error JobEscrow_NotAdmitted(address registry, bytes32 validatorsHash, uint256 until);

    // ------------------------------------------------------------------ callers, time, state

    /// @notice Only the payer of the terms may fund.
    error JobEscrow_NotPayer(address caller, address payer);
    /// @notice Only the worker may do this.
    error JobEscrow_NotWorker(address caller, address worker);
    /// @notice Only payer and worker may dispute.
    error JobEscrow_NotParty(address caller);
    /// @notice Only the arbiter of the terms may rule.
    error JobEscrow_NotArbiter(address caller, address arbiter);
    /// @notice The job names its worker: there is nothing to claim.
    error JobEscrow_NotOpen(JobId job);
    /// @notice The terms name no arbiter: there is nobody to dispute before.
    error JobEscrow_Undisputable(JobId job);
    /// @notice Only an inconclusive proposal can be topped up.
    error JobEscrow_NotInconclusive(Outcome outcome);
    /// @notice That was the last round.
    error JobEscrow_LastRound(uint256 maxRounds);
    /// @notice The job is in another status than the call needs.
    error JobEscrow_Status(JobId job, Status status);
    /// @notice The deadline is over: its last second was `deadline`.
    error JobEscrow_TooLate(uint256 timestamp, uint256 deadline);
    /// @notice The call opens only after `deadline`.
    error JobEscrow_TooEarly(uint256 timestamp, uint256 deadline);
    /// @notice What was given is not what the job committed to (worker, result, outcome, amount or signers).
    error JobEscrow_Commit(JobId job);
    /// @notice A result hash of zero says nothing.
    error JobEscrow_ZeroResult();
    /// @notice Called from inside another call of the escrow.
    error JobEscrow_Reentered();

    // ------------------------------------------------------------------ verdicts and signatures

    /// @notice Not an outcome that validators may sign.
    error JobEscrow_Outcome(Outcome outcome);
    /// @notice The verdict's worker amount is above `most`: budget - fee for accept, 0 for any other outcome.
    error JobEscrow_WorkerAmount(uint256 amount, uint256 most);
    /// @notice A ruling is above the budget.
    error JobEscrow_Ruling(uint256 amount, uint256 budget);
    /// @notice A batch must not be empty, and every job in it needs its verdict.
    error JobEscrow_BatchLength(uint256 jobs, uint256 verdicts);
    /// @notice Not every job of the batch has the same validators and token and settles at once; this one differs.
    error JobEscrow_BatchMember(uint256 index);
    /// @notice No job of the batch waits for its verdict any more.
    error JobEscrow_NothingSettled(uint256 jobs);
    /// @notice Fewer validators signed than the quorum.
    error JobEscrow_TooFewSigners(uint256 signers, uint256 quorum);
    /// @notice The bitmap names a validator that the terms do not have.
    error JobEscrow_UnknownSigner(uint256 bitmap, uint256 validators);
    /// @notice The signatures do not have the length that the call needs.
    error JobEscrow_SignaturesLength(uint256 length, uint256 expected);
    /// @notice Not a signature of this account over this digest (or malleable: s in the upper half).
    error JobEscrow_Signature(address signer, bytes32 digest);

    // ------------------------------------------------------------------ money

    /// @notice The native coin sent is not what the call needs.
    error JobEscrow_Value(uint256 sent, uint256 expected);
    /// @notice The terms are in native coin; only a token moves by a signature.
    error JobEscrow_NativeCoin();
    /// @notice The token (or Permit2) refused to move the money: balance, allowance, signature, or not a token.
    error JobEscrow_TransferFrom(address token, address from, uint256 amount);
    /// @notice The token moved another amount than it should (a fee, a rebase, or nothing at all).
    error JobEscrow_Received(address token, uint256 received, uint256 expected);
    /// @notice Too little gas is left to give a receiver its full allowance; send the call with more.
    error JobEscrow_GasLeft(uint256 left, uint256 needed);
    /// @notice The account has no credit in this token.
    error JobEscrow_NoCredit(address token, address account);
    /// @notice Nobody could ever move what is sent there: to the zero address or to the escrow itself.
    error JobEscrow_Receiver(address to);
    /// @notice The withdrawal did not go through; the credit stands.
    error JobEscrow_Withdrawal(address token, address to);
}

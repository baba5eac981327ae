// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {JobSlot} from "../libraries/JobSlot.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {Disputer, Job, JobId, Outcome, Proposal, Status} from "../types/JobTypes.sol";
import {JobDigests} from "../views/JobDigests.sol";

/// @title What settled jobs say about workers and validators.
/// @notice Reads the escrow's terminal states, which commit to what was paid; nobody's opinion counts. Anyone may have a
/// job counted, once. Holds no money. Amounts are per token, for no price is known here. Jobs between friends count like
/// any other: whoever reads the figures asks who paid.
contract Reputation {
    using PackedTerms for bytes;

    /// @notice A worker's settled jobs in one token.
    struct WorkerRecord {
        /// @dev Counted jobs by how they ended, and those that were disputed.
        uint32 accepted;
        uint32 rejected;
        uint32 inconclusive;
        uint32 silent;
        uint32 ruled;
        uint32 disputed;
        /// @dev What the worker received, in the token's base units, without bonds.
        uint256 earned;
        /// @dev The budgets of these jobs.
        uint256 budgets;
    }

    /// @notice A validator's verdicts that took effect, upheld by an arbiter or never put before one, and those that a
    /// ruling put aside.
    struct ValidatorRecord {
        uint64 stood;
        uint64 overruled;
    }

    IJobEscrow public immutable ESCROW;
    JobDigests public immutable DIGESTS;

    /// @notice Whether a job was counted.
    mapping(JobId => bool) public counted;
    mapping(address worker => mapping(address token => WorkerRecord)) private _workers;
    mapping(address validator => ValidatorRecord) private _validators;

    /// @notice A settled job was counted.
    event Counted(JobId indexed job, address indexed worker, Outcome outcome, uint256 workerAmount);

    /// @notice Only settled jobs count.
    error Reputation_NotSettled(JobId job);
    /// @notice The job was counted before.
    error Reputation_Counted(JobId job);
    /// @notice This is not what the job paid.
    error Reputation_NotPaid(JobId job);
    /// @notice The validators are needed, and terms came in brief.
    error Reputation_BriefTerms();

    constructor(IJobEscrow escrow, JobDigests digests) {
        ESCROW = escrow;
        DIGESTS = digests;
    }

    /// @notice Counts a settled job. By anyone, once.
    /// @param terms The packed terms, whole.
    /// @param paid What was paid: the proposal, or, where a ruling did not uphold it, the proposal with outcome `Ruling` and
    /// the ruling's amount. `Settled` says which outcome.
    function count(bytes calldata terms, Proposal calldata paid) external {
        if (terms.length == PackedTerms.BRIEF) revert Reputation_BriefTerms();
        JobId job = DIGESTS.jobIdOf(terms);
        Job memory slot = ESCROW.jobs(job);
        if (slot.status != Status.Settled) revert Reputation_NotSettled(job);
        if (counted[job]) revert Reputation_Counted(job);
        if (JobSlot.commitOf(paid) != slot.commit) revert Reputation_NotPaid(job);

        counted[job] = true;
        emit Counted(job, paid.worker, paid.outcome, paid.workerAmount);
        WorkerRecord storage worker = _workers[paid.worker][terms.token()];
        if (paid.outcome == Outcome.Accept) ++worker.accepted;
        else if (paid.outcome == Outcome.Reject) ++worker.rejected;
        else if (paid.outcome == Outcome.Inconclusive) ++worker.inconclusive;
        else if (paid.outcome == Outcome.Silence) ++worker.silent;
        else ++worker.ruled;
        if (slot.disputer != Disputer.Nobody) ++worker.disputed;
        worker.earned += paid.workerAmount;
        worker.budgets += terms.budget();
        for (uint256 i = 0; paid.signers >> i != 0; ++i) {
            if ((paid.signers >> i) & 1 == 0) continue;
            ValidatorRecord storage validator = _validators[terms.validator(i)];
            if (paid.outcome == Outcome.Ruling) ++validator.overruled;
            else ++validator.stood;
        }
    }

    /// @notice What a worker has done in a token.
    function workerRecord(address worker, address token) external view returns (WorkerRecord memory) {
        return _workers[worker][token];
    }

    /// @notice What became of a validator's verdicts.
    function validatorRecord(address validator) external view returns (ValidatorRecord memory) {
        return _validators[validator];
    }
}

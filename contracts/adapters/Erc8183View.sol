// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {JobSlot} from "../libraries/JobSlot.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {Job, JobId, Outcome, Proposal, Status} from "../types/JobTypes.sol";
import {JobDigests} from "../views/JobDigests.sol";

/// @title A job of the escrow as readers of ERC-8183 (Agentic Commerce) see one.
/// @notice For reading alone: the verbs of that standard let one evaluator decide, and here k of n do. The escrow does not
/// store terms, so somebody publishes them here first, and, once a job is settled, what was paid. Holds no money.
contract Erc8183View {
    using PackedTerms for bytes;

    /// @notice The states of ERC-8183. Every job here has its budget: none is ever Open. Completed: accepted, or given
    /// something by a ruling. Rejected: judged, and given nothing. Expired: ended, and nobody has found that the work is
    /// good or bad: it went back, or no verdict came, or an inconclusive one.
    enum JobStatus {
        Open,
        Funded,
        Submitted,
        Completed,
        Rejected,
        Expired
    }

    /// @notice A job in the members of ERC-8183.
    /// @dev `client` is the payer, `provider` the worker (zero until an open job is published with its claimer), `evaluator` the
    /// escrow, in which validators decide; `description` is the spec hash in hexadecimal; `expiredAt` is `submitBy`;
    /// there are no hooks.
    struct JobView {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        string description;
        uint256 budget;
        uint256 expiredAt;
        JobStatus status;
        address hook;
    }

    struct Published {
        address client;
        address provider;
        uint128 budget;
        uint40 expiredAt;
        bool paidWorker;
        Outcome outcome;
        bytes32 specHash;
    }

    IJobEscrow public immutable ESCROW;
    JobDigests public immutable DIGESTS;

    mapping(JobId => Published) private _published;

    /// @notice The terms of a funded job are here now.
    event TermsPublished(JobId indexed job, address indexed client);
    /// @notice What a settled job has paid is here now.
    event EndPublished(JobId indexed job, address indexed provider, bool paidWorker);

    /// @notice Nobody funded a job under these terms.
    error Erc8183View_NotFunded(JobId job);
    /// @notice The job's terms were never published here: `publish` them.
    error Erc8183View_Unknown(JobId job);
    /// @notice The job is settled, and this is not what it paid, or nobody has said it yet: `conclude` it.
    error Erc8183View_NotConcluded(JobId job);

    constructor(IJobEscrow escrow, JobDigests digests) {
        ESCROW = escrow;
        DIGESTS = digests;
    }

    /// @notice Publishes the terms of a funded job. By anyone.
    /// @param terms The packed terms, whole or in brief.
    /// @return jobId The job's number in ERC-8183's sense: its id.
    function publish(bytes calldata terms) external returns (uint256 jobId) {
        JobId job = DIGESTS.jobIdOf(terms);
        if (ESCROW.jobs(job).status == Status.None) revert Erc8183View_NotFunded(job);
        Published storage published = _published[job];
        if (published.client == address(0)) {
            published.client = terms.payer();
            published.provider = terms.worker();
            // forge-lint: disable-next-line(unsafe-typecast)
            (published.budget, published.expiredAt) = (uint128(terms.budget()), uint40(terms.submitBy()));
            published.specHash = bytes32(terms[195:227]);
            emit TermsPublished(job, terms.payer());
        }
        return uint256(JobId.unwrap(job));
    }

    /// @notice Publishes what a settled job has paid. By anyone, after `publish`.
    function conclude(JobId job, Proposal calldata paid) external {
        Published storage published = _published[job];
        if (published.client == address(0)) revert Erc8183View_Unknown(job);
        Job memory slot = ESCROW.jobs(job);
        if (slot.status != Status.Settled || JobSlot.commitOf(paid) != slot.commit) {
            revert Erc8183View_NotConcluded(job);
        }
        published.provider = paid.worker;
        (published.outcome, published.paidWorker) = (paid.outcome, paid.workerAmount != 0);
        emit EndPublished(job, paid.worker, paid.workerAmount != 0);
    }

    /// @notice The job as ERC-8183 has it.
    function getJob(uint256 jobId) external view returns (JobView memory) {
        JobId job = JobId.wrap(bytes32(jobId));
        Published memory published = _published[job];
        if (published.client == address(0)) revert Erc8183View_Unknown(job);
        return JobView({
            id: jobId,
            client: published.client,
            provider: published.provider,
            evaluator: address(ESCROW),
            description: _hex(published.specHash),
            budget: published.budget,
            expiredAt: published.expiredAt,
            status: _status(job, published),
            hook: address(0)
        });
    }

    function _status(JobId job, Published memory published) private view returns (JobStatus) {
        Status status = ESCROW.jobs(job).status;
        if (status == Status.Funded || status == Status.Claimed) return JobStatus.Funded;
        if (status == Status.Refunded) return JobStatus.Expired;
        if (status != Status.Settled) return JobStatus.Submitted;
        Outcome outcome = published.outcome;
        if (outcome == Outcome.None) revert Erc8183View_NotConcluded(job);
        if (outcome == Outcome.Silence || outcome == Outcome.Inconclusive) return JobStatus.Expired;
        return published.paidWorker ? JobStatus.Completed : JobStatus.Rejected;
    }

    function _hex(bytes32 word) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory text = new bytes(66);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i = 0; i < 32; ++i) {
            text[2 + 2 * i] = digits[uint8(word[i]) >> 4];
            text[3 + 2 * i] = digits[uint8(word[i]) & 0xf];
        }
        return string(text);
    }
}

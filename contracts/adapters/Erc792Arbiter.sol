// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {Disputer, JobId, Proposal, Status} from "../types/JobTypes.sol";
import {JobDigests} from "../views/JobDigests.sol";

/// @title What the adapter asks of an ERC-792 arbitrator (https://github.com/ethereum/EIPs/issues/792).
interface IArbitrator {
    function createDispute(uint256 choices, bytes calldata extraData) external payable returns (uint256 disputeId);
    function arbitrationCost(bytes calldata extraData) external view returns (uint256 cost);
}

/// @title An ERC-792 court in the place of a job's arbiter.
/// @notice Name this contract as `arbiter`. Once a party has disputed, anyone who pays the court's fee takes the dispute
/// to it; when it has ruled, anyone brings the ruling to the escrow. Holds no money: the fee passes through to the
/// unit, and what the escrow pays goes to the parties.
///
/// The court chooses among 12: 1 to 11 give the worker (choice - 1) tenths of the budget, 12 lets the proposal stand. Any other
/// answer, 0 for instance ("refused to arbitrate"), rules on nothing: the proposal stands once the ruling window is over,
/// and the bond goes back. The disputer wins where the ruling is better for it than the proposal was.
contract Erc792Arbiter {
    using PackedTerms for bytes;

    /// @notice The choices of every dispute.
    uint256 public constant CHOICES = 12;

    IJobEscrow public immutable ESCROW;
    JobDigests public immutable DIGESTS;
    IArbitrator public immutable ARBITRATOR;

    /// @notice What the court needs to know beside the number of choices: its own court, jurors and so on.
    bytes public extraData;

    /// @notice The job of each of the court's disputes.
    mapping(uint256 disputeId => JobId) public jobOf;
    /// @notice Whether a job was taken to the court.
    mapping(JobId => bool) public escalated;
    /// @notice What the court has ruled, 1 to 12; 0 where it has not, or on nothing.
    mapping(JobId => uint256) public rulingOf;

    /// @notice ERC-792: the court has ruled.
    event Ruling(IArbitrator indexed arbitrator, uint256 indexed disputeId, uint256 ruling);
    /// @notice A job was taken to the court.
    event Escalated(JobId indexed job, uint256 indexed disputeId);

    /// @notice The job is not disputed, or this is not its arbiter.
    error Erc792Arbiter_NotDisputed(JobId job);
    /// @notice The job was taken to the court before.
    error Erc792Arbiter_Escalated(JobId job);
    /// @notice The court takes exactly this fee.
    error Erc792Arbiter_Fee(uint256 sent, uint256 cost);
    /// @notice Only the court rules, once, on a dispute that it was given.
    error Erc792Arbiter_NotRuling(address caller, uint256 disputeId);
    /// @notice The court has not ruled on anything that could be enforced.
    error Erc792Arbiter_NoRuling(JobId job);

    constructor(IJobEscrow escrow, JobDigests digests, IArbitrator arbitrator, bytes memory extraData_) {
        ESCROW = escrow;
        DIGESTS = digests;
        ARBITRATOR = arbitrator;
        extraData = extraData_;
    }

    /// @notice Takes a disputed job to the court. By anyone who pays its fee.
    /// @param terms The packed terms, whole or in brief.
    /// @return disputeId The court's number.
    function escalate(bytes calldata terms) external payable returns (uint256 disputeId) {
        JobId job = DIGESTS.jobIdOf(terms);
        if (terms.arbiter() != address(this) || ESCROW.jobs(job).status != Status.Disputed) {
            revert Erc792Arbiter_NotDisputed(job);
        }
        if (escalated[job]) revert Erc792Arbiter_Escalated(job);
        uint256 cost = ARBITRATOR.arbitrationCost(extraData);
        if (msg.value != cost) revert Erc792Arbiter_Fee(msg.value, cost);

        escalated[job] = true;
        // `escalated` was written before the call; the number that comes out of it cannot be.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        disputeId = ARBITRATOR.createDispute{value: cost}(CHOICES, extraData);
        jobOf[disputeId] = job;
        emit Escalated(job, disputeId);
    }

    /// @notice ERC-792: the court says what it has found. By the court.
    function rule(uint256 disputeId, uint256 ruling) external {
        JobId job = jobOf[disputeId];
        if (msg.sender != address(ARBITRATOR) || JobId.unwrap(job) == 0) {
            revert Erc792Arbiter_NotRuling(msg.sender, disputeId);
        }
        jobOf[disputeId] = JobId.wrap(0);
        if (ruling <= CHOICES) rulingOf[job] = ruling;
        emit Ruling(ARBITRATOR, disputeId, ruling);
    }

    /// @notice Brings the ruling to the escrow. By anyone, inside the job's ruling window.
    /// @param terms The packed terms, whole or in brief.
    /// @param proposal The proposal that was disputed.
    function enforce(bytes calldata terms, Proposal calldata proposal) external {
        JobId job = DIGESTS.jobIdOf(terms);
        uint256 ruling = rulingOf[job];
        if (ruling == 0) revert Erc792Arbiter_NoRuling(job);
        uint256 amount = ruling == CHOICES ? proposal.workerAmount : terms.budget() * (ruling - 1) / (CHOICES - 2);
        bool wins = ESCROW.jobs(job).disputer == Disputer.Payer
            ? amount < proposal.workerAmount
            : amount > proposal.workerAmount;
        // forge-lint: disable-next-line(unsafe-typecast)
        ESCROW.rule(terms, uint128(amount), wins, proposal); // a share of a budget, which has 128 bits
    }
}

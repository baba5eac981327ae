// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {Transfers} from "../libraries/Transfers.sol";
import {Disputer, Job, JobId, Proposal, Status} from "../types/JobTypes.sol";
import {JobDigests} from "../views/JobDigests.sol";

/// @title What the adapter asks of an ERC-792 arbitrator (https://github.com/ethereum/EIPs/issues/792).
interface IArbitrator {
    function createDispute(uint256 choices, bytes calldata extraData) external payable returns (uint256 disputeId);
    function arbitrationCost(bytes calldata extraData) external view returns (uint256 cost);
}

/// @title An ERC-792 court in the place of a job's arbiter.
/// @notice Name this contract as `arbiter`. As usual before such courts both sides deposit the court's fee, and the winner
/// has its deposit back: the loser pays. Anyone may deposit for a side. Of the ruling window
///
/// - the first quarter is for the disputer's side to `escalate`; if it does not, the proposal is upheld, and the dispute's
///   bond lost;
/// - until half of it the other side may `answer`, which takes the dispute to the court; if it does not, the disputer has
///   all it could win: no pay, or the whole budget;
/// - the rest is the court's.
///
/// The court chooses among 12: 1 to 11 give the worker (choice - 1) tenths of the budget, 12 lets the proposal stand. Any other
/// answer, 0 for instance ("refused to arbitrate"), rules on nothing: the proposal stands once the ruling window is over,
/// the bond goes back, and what is left of the deposits is halved. The disputer wins where the ruling is better for it than
/// the proposal was. Of money it holds deposits alone; what the escrow pays goes to the parties.
contract Erc792Arbiter {
    using PackedTerms for bytes;

    /// @notice What is known of a dispute before the court.
    /// @param disputerBacker Who deposited for the disputer; zero where nobody has.
    /// @param otherBacker Who deposited for the other party; zero where nobody has.
    /// @param deposit What is held for the winner's backer, in wei.
    /// @param ruling What the court has ruled, 1 to 12; 0 where it has not, or on nothing.
    struct Case {
        address disputerBacker;
        address otherBacker;
        uint256 deposit;
        uint256 ruling;
    }

    /// @notice The choices of every dispute.
    uint256 public constant CHOICES = 12;

    IJobEscrow public immutable ESCROW;
    JobDigests public immutable DIGESTS;
    IArbitrator public immutable ARBITRATOR;

    /// @notice What the court needs to know beside the number of choices: its own court, jurors and so on.
    bytes public extraData;

    /// @notice The job of each of the court's disputes on which it has not ruled.
    mapping(uint256 disputeId => JobId) public jobOf;
    /// @notice What an account may withdraw, in wei.
    mapping(address account => uint256) public credit;
    mapping(JobId => Case) private _cases;

    /// @notice ERC-792: the court has ruled.
    event Ruling(IArbitrator indexed arbitrator, uint256 indexed disputeId, uint256 ruling);
    /// @notice The disputer's side has deposited the court's fee.
    event Escalated(JobId indexed job, address indexed backer, uint256 deposit);
    /// @notice The other side has too: the job is before the court.
    event Answered(JobId indexed job, address indexed backer, uint256 indexed disputeId);
    /// @notice A side has not deposited in time, and has lost.
    event Forfeited(JobId indexed job, bool disputerWins);
    /// @notice What is left of the deposits is an account's to withdraw.
    event Returned(JobId indexed job, address indexed account, uint256 amount);

    /// @notice The job is not disputed, or this is not its arbiter.
    error Erc792Arbiter_NotDisputed(JobId job);
    /// @notice The job is still disputed: its deposits go with the ruling.
    error Erc792Arbiter_Disputed(JobId job);
    /// @notice The disputer's side has deposited before.
    error Erc792Arbiter_Escalated(JobId job);
    /// @notice There is nothing to answer, or it was answered before.
    error Erc792Arbiter_NotOpen(JobId job);
    /// @notice The last second for this was `deadline`.
    error Erc792Arbiter_TooLate(uint256 timestamp, uint256 deadline);
    /// @notice Nobody has missed a deadline.
    error Erc792Arbiter_NotForfeited(JobId job);
    /// @notice The court takes exactly this fee.
    error Erc792Arbiter_Fee(uint256 sent, uint256 cost);
    /// @notice Only the court rules, once, on a dispute that it was given.
    error Erc792Arbiter_NotRuling(address caller, uint256 disputeId);
    /// @notice The court has not ruled on anything that could be enforced.
    error Erc792Arbiter_NoRuling(JobId job);
    /// @notice The account has no credit.
    error Erc792Arbiter_NoCredit(address account);
    /// @notice The withdrawal did not go through; the credit stands.
    error Erc792Arbiter_Withdrawal(address to);

    constructor(IJobEscrow escrow, JobDigests digests, IArbitrator arbitrator, bytes memory extraData_) {
        ESCROW = escrow;
        DIGESTS = digests;
        ARBITRATOR = arbitrator;
        extraData = extraData_;
    }

    // ------------------------------------------------------------------ deposits

    /// @notice Deposits the court's fee for the disputer, in the first quarter of the ruling window. By anyone.
    /// @param terms The packed terms, whole or in brief.
    function escalate(bytes calldata terms) external payable {
        (JobId job, uint256 begun) = _disputed(terms);
        _expectNotAfter(begun + terms.rulingWindow() / 4);
        Case storage found = _cases[job];
        if (found.disputerBacker != address(0)) revert Erc792Arbiter_Escalated(job);
        _expectCost();

        (found.disputerBacker, found.deposit) = (msg.sender, msg.value);
        emit Escalated(job, msg.sender, msg.value);
    }

    /// @notice Deposits the court's fee for the other party, until half of the ruling window is over, and takes the dispute
    /// to the court. By anyone.
    /// @param terms The packed terms, whole or in brief.
    /// @return disputeId The court's number.
    function answer(bytes calldata terms) external payable returns (uint256 disputeId) {
        (JobId job, uint256 begun) = _disputed(terms);
        _expectNotAfter(begun + terms.rulingWindow() / 2);
        Case storage found = _cases[job];
        if (found.disputerBacker == address(0) || found.otherBacker != address(0)) revert Erc792Arbiter_NotOpen(job);
        _expectCost();

        found.otherBacker = msg.sender;
        // The backer was written before the call; the number that comes out of it cannot be.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        disputeId = ARBITRATOR.createDispute{value: msg.value}(CHOICES, extraData);
        jobOf[disputeId] = job;
        emit Answered(job, msg.sender, disputeId);
    }

    // ------------------------------------------------------------------ rulings

    /// @notice ERC-792: the court says what it has found. By the court.
    function rule(uint256 disputeId, uint256 ruling) external {
        JobId job = jobOf[disputeId];
        if (msg.sender != address(ARBITRATOR) || JobId.unwrap(job) == 0) {
            revert Erc792Arbiter_NotRuling(msg.sender, disputeId);
        }
        jobOf[disputeId] = JobId.wrap(0);
        if (ruling <= CHOICES) _cases[job].ruling = ruling;
        emit Ruling(ARBITRATOR, disputeId, ruling);
    }

    /// @notice Brings the ruling to the escrow. By anyone, inside the job's ruling window.
    /// @param terms The packed terms, whole or in brief.
    /// @param proposal The proposal that was disputed.
    function enforce(bytes calldata terms, Proposal calldata proposal) external {
        JobId job = DIGESTS.jobIdOf(terms);
        uint256 ruling = _cases[job].ruling;
        if (ruling == 0) revert Erc792Arbiter_NoRuling(job);
        uint256 amount = ruling == CHOICES ? proposal.workerAmount : terms.budget() * (ruling - 1) / (CHOICES - 2);
        bool wins = _payerDisputed(job) ? amount < proposal.workerAmount : amount > proposal.workerAmount;
        _end(job, terms, amount, wins, proposal);
    }

    /// @notice Ends a dispute for which one side has not deposited in time, against that side. By anyone, inside the job's
    /// ruling window.
    /// @param terms The packed terms, whole or in brief.
    /// @param proposal The proposal that was disputed.
    function forfeit(bytes calldata terms, Proposal calldata proposal) external {
        (JobId job, uint256 begun) = _disputed(terms);
        Case storage found = _cases[job];
        bool wins = found.disputerBacker != address(0);
        uint256 deadline = begun + terms.rulingWindow() / (wins ? 2 : 4);
        if (found.otherBacker != address(0) || block.timestamp <= deadline) revert Erc792Arbiter_NotForfeited(job);

        emit Forfeited(job, wins);
        uint256 amount = proposal.workerAmount;
        if (wins) amount = _payerDisputed(job) ? 0 : terms.budget();
        _end(job, terms, amount, wins, proposal);
    }

    /// @notice Returns what is left of the deposits of a dispute that ended without a ruling of this contract: half to each
    /// backer, or all to the one there is. By anyone.
    /// @param terms The packed terms, whole or in brief.
    function release(bytes calldata terms) external {
        JobId job = DIGESTS.jobIdOf(terms);
        if (ESCROW.jobs(job).status == Status.Disputed) revert Erc792Arbiter_Disputed(job);
        Case storage found = _cases[job];
        uint256 deposit = found.deposit;
        found.deposit = 0;
        uint256 half = found.otherBacker == address(0) ? 0 : deposit / 2;
        _return(job, found.otherBacker, half);
        _return(job, found.disputerBacker, deposit - half);
    }

    /// @notice Sends the caller's credit, all of it.
    /// @return amount How much.
    function withdraw(address to) external returns (uint256 amount) {
        amount = credit[msg.sender];
        if (amount == 0) revert Erc792Arbiter_NoCredit(msg.sender);
        credit[msg.sender] = 0;
        if (!Transfers.send(address(0), to, amount, gasleft())) revert Erc792Arbiter_Withdrawal(to);
    }

    /// @notice The deposits and the ruling of a job's dispute.
    function cases(JobId job) external view returns (Case memory) {
        return _cases[job];
    }

    // ------------------------------------------------------------------ steps

    function _end(JobId job, bytes calldata terms, uint256 amount, bool wins, Proposal calldata proposal) private {
        Case storage found = _cases[job];
        uint256 deposit = found.deposit;
        found.deposit = 0;
        _return(job, wins ? found.disputerBacker : found.otherBacker, deposit);
        // forge-lint: disable-next-line(unsafe-typecast)
        ESCROW.rule(terms, uint128(amount), wins, proposal); // a share of a budget, which has 128 bits
    }

    function _return(JobId job, address account, uint256 amount) private {
        if (amount == 0) return;
        credit[account] += amount;
        emit Returned(job, account, amount);
    }

    /// @dev The job of these terms, which is disputed before this contract, and when that began.
    function _disputed(bytes calldata terms) private view returns (JobId job, uint256 begun) {
        job = DIGESTS.jobIdOf(terms);
        Job memory slot = ESCROW.jobs(job);
        if (terms.arbiter() != address(this) || slot.status != Status.Disputed) revert Erc792Arbiter_NotDisputed(job);
        begun = slot.clock - terms.rulingWindow();
    }

    function _payerDisputed(JobId job) private view returns (bool) {
        return ESCROW.jobs(job).disputer == Disputer.Payer;
    }

    function _expectNotAfter(uint256 deadline) private view {
        if (block.timestamp > deadline) revert Erc792Arbiter_TooLate(block.timestamp, deadline);
    }

    function _expectCost() private view {
        uint256 cost = ARBITRATOR.arbitrationCost(extraData);
        if (msg.value != cost) revert Erc792Arbiter_Fee(msg.value, cost);
    }
}

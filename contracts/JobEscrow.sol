// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IJobEscrow} from "./interfaces/IJobEscrow.sol";
import {JobSlot, Slot} from "./libraries/JobSlot.sol";
import {PackedTerms} from "./libraries/PackedTerms.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TermsRules} from "./libraries/TermsRules.sol";
import {TypedData} from "./libraries/TypedData.sol";
import {Job, JobId, Outcome, Proposal, SignedVerdict, Status} from "./types/JobTypes.sol";

/// @title JobEscrow
/// @notice See `IJobEscrow`. Each verb reads: check, effect, event, transfer. Storage is written before any call
/// leaves the contract; after one, only the credit for a push that failed.
contract JobEscrow is IJobEscrow, EIP712 {
    using PackedTerms for bytes;
    using JobSlot for JobId;

    // ------------------------------------------------------------------ constants

    /// @dev A proposal out of silence waits at least this long.
    uint256 private constant SILENCE_WINDOW = 1 days;

    /// @dev What a receiver of native coin may use: a wallet's proxy and a log, not somebody's program.
    uint256 private constant NATIVE_PUSH_GAS = 50_000;

    /// @dev What a token may use to move a balance.
    uint256 private constant TOKEN_PUSH_GAS = 200_000;

    /// @dev What a push costs beside the receiver's own gas, at worst: a cold and new account, value, a credit.
    uint256 private constant PUSH_RESERVE = 70_000;

    // ------------------------------------------------------------------ storage

    // A job's slot lies at the JobId itself: see `JobSlot`.

    /// @inheritdoc IJobEscrow
    mapping(address token => mapping(address account => uint256)) public credit;

    /// @dev 1 while a token is being pulled in.
    uint256 private transient _pulling;

    // ------------------------------------------------------------------ funding

    /// @inheritdoc IJobEscrow
    function fund(bytes calldata terms) external payable returns (JobId) {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.None)) revert JobEscrow_Status(job, slot.status());
        address payer = terms.payer();
        if (msg.sender != payer) revert JobEscrow_NotPayer(msg.sender, payer);
        TermsRules.check(terms);

        job.store(slot.moved(Status.Funded, _clock(0), 0));
        emit Funded(job, payer, terms.worker(), terms);

        _pull(terms.token(), payer, terms.budget());
        return job;
    }

    // ------------------------------------------------------------------ delivery

    /// @inheritdoc IJobEscrow
    function submit(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Funded)) revert JobEscrow_Status(job, slot.status());
        address worker = terms.worker();
        if (msg.sender != worker) revert JobEscrow_NotWorker(msg.sender, worker);
        if (block.timestamp > terms.submitBy()) revert JobEscrow_TooLate(block.timestamp, terms.submitBy());
        if (resultHash == bytes32(0)) revert JobEscrow_ZeroResult();

        job.store(slot.moved(Status.Submitted, _clock(0), JobSlot.commitOf(worker, resultHash)));
        emit Submitted(job, worker, resultHash, slot.round(), multisetHash);
    }

    /// @inheritdoc IJobEscrow
    function submitFor(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash, bytes calldata signature)
        external
    {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Funded)) revert JobEscrow_Status(job, slot.status());
        address worker = terms.worker();
        _expectLength(signature, Signatures.SIZE);
        Signatures.check(submissionDigest(job, slot.round(), resultHash, multisetHash), worker, signature, 0);
        _expectNotAfter(terms.submitBy());
        if (resultHash == bytes32(0)) revert JobEscrow_ZeroResult();

        job.store(slot.moved(Status.Submitted, _clock(0), JobSlot.commitOf(worker, resultHash)));
        emit Submitted(job, worker, resultHash, slot.round(), multisetHash);
    }

    // ------------------------------------------------------------------ outcome

    /// @inheritdoc IJobEscrow
    function propose(bytes calldata terms, SignedVerdict memory verdict, bytes calldata signatures) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Submitted)) revert JobEscrow_Status(job, slot.status());
        _expectNotAfter(terms.verdictBy());
        _expectCommit(job, slot, JobSlot.commitOf(verdict.worker, verdict.resultHash));
        uint256 fee = _share(terms.budget(), terms.feeBps());
        uint128 workerAmount = _workerAmount(terms, verdict, fee);
        bool cosigned = _checkVerdict(terms, job, slot.round(), verdict, signatures);

        verdict.workerAmount = workerAmount;
        uint256 window = cosigned ? 0 : terms.challengeWindow();
        _propose(job, slot, verdict, window);
        if (window == 0) _settle(terms, job, slot, verdict.worker, verdict.outcome, workerAmount, fee);
    }

    /// @inheritdoc IJobEscrow
    function settleSilence(bytes calldata terms, address worker, bytes32 resultHash) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Submitted)) revert JobEscrow_Status(job, slot.status());
        _expectAfter(terms.verdictBy());
        _expectCommit(job, slot, JobSlot.commitOf(worker, resultHash));

        uint256 window = terms.challengeWindow();
        if (window < SILENCE_WINDOW) window = SILENCE_WINDOW;
        uint128 share = _share(terms.budget(), terms.silenceBps());
        _propose(job, slot, SignedVerdict(worker, resultHash, Outcome.Silence, share, bytes32(0), 0), window);
    }

    /// @inheritdoc IJobEscrow
    function finalize(bytes calldata terms, Proposal memory proposal) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Proposed)) revert JobEscrow_Status(job, slot.status());
        _expectAfter(slot.clock());
        _expectCommit(job, slot, JobSlot.commitOf(proposal));

        uint256 fee = proposal.outcome == Outcome.Silence ? 0 : _share(terms.budget(), terms.feeBps());
        _settle(terms, job, slot, proposal.worker, proposal.outcome, proposal.workerAmount, fee);
    }

    // ------------------------------------------------------------------ return

    /// @inheritdoc IJobEscrow
    function refund(bytes calldata terms) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Funded)) revert JobEscrow_Status(job, slot.status());
        _expectAfter(terms.submitBy());

        job.store(slot.moved(Status.Refunded, 0, 0));
        emit Refunded(job, terms.payer(), terms.budget());

        _push(job, terms.token(), terms.payer(), terms.budget());
    }

    /// @inheritdoc IJobEscrow
    function cancel(bytes calldata terms, uint40 expiry, bytes calldata signatures) external {
        (JobId job, Slot slot) = _find(terms);
        Status status = slot.status();
        if (status == Status.None || status >= Status.Settled) revert JobEscrow_Status(job, status);
        _expectNotAfter(expiry);
        _expectLength(signatures, 2 * Signatures.SIZE);
        bytes32 digest = cancelDigest(job, status, slot.round(), expiry);
        Signatures.check(digest, terms.payer(), signatures, 0);
        Signatures.check(digest, terms.worker(), signatures, 1);

        job.store(slot.moved(Status.Refunded, 0, 0));
        emit Cancelled(job, terms.payer(), terms.budget(), status);

        _push(job, terms.token(), terms.payer(), terms.budget());
    }

    /// @inheritdoc IJobEscrow
    function withdraw(address token, address to) external returns (uint256 amount) {
        amount = credit[token][msg.sender];
        if (amount == 0) revert JobEscrow_NoCredit(token, msg.sender);

        credit[token][msg.sender] = 0;
        emit Withdrawn(token, msg.sender, to, amount);

        if (!_transfer(token, to, amount, gasleft())) revert JobEscrow_Withdrawal(token, to);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IJobEscrow
    function jobs(JobId job) external view returns (Job memory) {
        return job.load().unpacked();
    }

    /// @inheritdoc IJobEscrow
    function jobIdOf(bytes calldata terms) external view returns (JobId) {
        (JobId job,) = _find(terms);
        return job;
    }

    /// @inheritdoc IJobEscrow
    function verdictDigest(
        JobId job,
        uint8 round,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        bytes32 evidenceHash
    ) public view returns (bytes32) {
        return _hashTypedData(TypedData.verdict(job, round, resultHash, outcome, workerAmount, evidenceHash));
    }

    /// @inheritdoc IJobEscrow
    function cancelDigest(JobId job, Status status, uint8 round, uint40 expiry) public view returns (bytes32) {
        return _hashTypedData(TypedData.cancel(job, status, round, expiry));
    }

    /// @inheritdoc IJobEscrow
    function submissionDigest(JobId job, uint8 round, bytes32 resultHash, bytes32 multisetHash)
        public
        view
        returns (bytes32)
    {
        return _hashTypedData(TypedData.submission(job, round, resultHash, multisetHash));
    }

    /// @inheritdoc IJobEscrow
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    // ------------------------------------------------------------------ steps

    /// @dev The verdict's `workerAmount` is what it pays by now. With no window the caller settles at once: nobody
    /// could see the job Proposed, and it is not written.
    function _propose(JobId job, Slot slot, SignedVerdict memory verdict, uint256 window) private {
        address worker = verdict.worker;
        bytes32 resultHash = verdict.resultHash;
        Outcome outcome = verdict.outcome;
        uint128 workerAmount = verdict.workerAmount;
        uint16 signers = verdict.signers;
        uint40 openUntil = _clock(window);
        if (window != 0) {
            Proposal memory proposal = Proposal(worker, resultHash, outcome, workerAmount, signers);
            job.store(slot.moved(Status.Proposed, openUntil, JobSlot.commitOf(proposal)));
        }
        emit Proposed(
            job, worker, resultHash, outcome, workerAmount, signers, slot.round(), verdict.evidenceHash, openUntil
        );
    }

    /// @dev Pays out the whole budget: worker, fee, and the rest to the payer.
    function _settle(
        bytes calldata terms,
        JobId job,
        Slot slot,
        address worker,
        Outcome outcome,
        uint256 workerAmount,
        uint256 fee
    ) private {
        uint256 rest = terms.budget() - workerAmount - fee;

        job.store(slot.moved(Status.Settled, 0, 0));
        emit Settled(job, outcome, workerAmount, rest, fee);

        address token = terms.token();
        _push(job, token, worker, workerAmount);
        _push(job, token, terms.feeTo(), fee);
        _push(job, token, terms.payer(), rest);
    }

    // ------------------------------------------------------------------ checks

    /// @dev The job of these terms and its slot.
    function _find(bytes calldata terms) private view returns (JobId job, Slot slot) {
        PackedTerms.check(terms);
        job = JobId.wrap(_hashTypedData(PackedTerms.structHash(terms)));
        slot = job.load();
    }

    function _expectNotAfter(uint256 deadline) private view {
        if (block.timestamp > deadline) revert JobEscrow_TooLate(block.timestamp, deadline);
    }

    function _expectAfter(uint256 deadline) private view {
        if (block.timestamp <= deadline) revert JobEscrow_TooEarly(block.timestamp, deadline);
    }

    function _expectCommit(JobId job, Slot slot, uint256 commit) private pure {
        if (!slot.committedTo(commit)) revert JobEscrow_Commit(job);
    }

    function _expectLength(bytes calldata signatures, uint256 expected) private pure {
        if (signatures.length != expected) revert JobEscrow_SignaturesLength(signatures.length, expected);
    }

    /// @dev Reverts unless a quorum signed, and, where two more signatures follow, payer and worker too.
    /// @return cosigned Whether they did.
    function _checkVerdict(
        bytes calldata terms,
        JobId job,
        uint8 round,
        SignedVerdict memory verdict,
        bytes calldata signatures
    ) private view returns (bool cosigned) {
        bytes32 digest = verdictDigest(
            job, round, verdict.resultHash, verdict.outcome, verdict.workerAmount, verdict.evidenceHash
        );
        uint256 used = Signatures.checkQuorum(digest, terms, verdict.signers, signatures);
        cosigned = signatures.length != used * Signatures.SIZE;
        if (cosigned) {
            _expectLength(signatures, (used + 2) * Signatures.SIZE);
            Signatures.check(digest, terms.payer(), signatures, used);
            Signatures.check(digest, verdict.worker, signatures, used + 1);
        }
    }

    /// @dev What the verdict pays the worker. Validators sign an amount only where they accept.
    function _workerAmount(bytes calldata terms, SignedVerdict memory verdict, uint256 fee)
        private
        pure
        returns (uint128 workerAmount)
    {
        workerAmount = verdict.workerAmount;
        Outcome outcome = verdict.outcome;
        uint256 net = terms.budget() - fee;
        if (outcome == Outcome.Accept) {
            if (workerAmount > net) revert JobEscrow_WorkerAmount(workerAmount, net);
            return workerAmount;
        }
        if (outcome == Outcome.None || outcome == Outcome.Silence) revert JobEscrow_Outcome(outcome);
        if (workerAmount != 0) revert JobEscrow_WorkerAmount(workerAmount, 0);
        if (outcome == Outcome.Inconclusive) return _share(net, terms.inconclusiveBps());
    }

    /// @dev Rounded down.
    function _share(uint256 amount, uint256 bps) private pure returns (uint128) {
        unchecked {
            // 'amount' is at most a budget, 128 bits, and 'bps' at most all of it: nothing overflows
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint128((amount * bps) / TermsRules.BPS);
        }
    }

    /// @dev The second `ahead` of now. Windows are at most 30 days.
    function _clock(uint256 ahead) private view returns (uint40) {
        unchecked {
            // casting to 'uint40' is safe because 40 bits of seconds last for 34,000 years
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint40(block.timestamp + ahead);
        }
    }

    // ------------------------------------------------------------------ money

    /// @dev Takes exactly the budget from the payer, who is the caller.
    function _pull(address token, address payer, uint256 budget) private {
        uint256 expected = token == address(0) ? budget : 0;
        if (msg.value != expected) revert JobEscrow_Value(msg.value, expected);
        if (token == address(0)) return;

        // A token with hooks could otherwise fund a second job from inside this call, and what that one brings would
        // be counted for both. Money that leaves in between does no such harm: it is this job that would miss it.
        if (_pulling != 0) revert JobEscrow_Reentered();
        _pulling = 1;
        uint256 held = SafeTransferLib.balanceOf(token, address(this));
        if (!SafeTransferLib.trySafeTransferFrom(token, payer, address(this), budget)) {
            revert JobEscrow_TransferFrom(token, payer, budget);
        }
        uint256 holds = SafeTransferLib.balanceOf(token, address(this));
        _pulling = 0;
        uint256 received = holds > held ? holds - held : 0;
        if (received != budget) revert JobEscrow_Received(token, received, budget);
    }

    /// @dev Pays, or credits where the receiver or the token refuses. The receiver's gas is capped, and a caller who
    /// brings too little for that is refused: nobody can make another's payment fail.
    function _push(JobId job, address token, address to, uint256 amount) private {
        if (amount == 0) return;
        (uint256 allowance, uint256 needed) = token == address(0)
            ? (NATIVE_PUSH_GAS, NATIVE_PUSH_GAS + NATIVE_PUSH_GAS / 63 + PUSH_RESERVE)
            : (TOKEN_PUSH_GAS, TOKEN_PUSH_GAS + TOKEN_PUSH_GAS / 63 + PUSH_RESERVE);
        if (gasleft() < needed) revert JobEscrow_GasLeft(gasleft(), needed);
        if (_transfer(token, to, amount, allowance)) return;

        credit[token][to] += amount;
        emit Credited(job, token, to, amount);
    }

    /// @dev True where the transfer went through: for a token, where it answered nothing or true.
    function _transfer(address token, address to, uint256 amount, uint256 gasAllowance) private returns (bool) {
        if (token == address(0)) return SafeTransferLib.trySafeTransferETH(to, amount, gasAllowance);
        (bool success,, bytes memory answer) =
            LibCall.tryCall(token, 0, gasAllowance, 32, abi.encodeCall(IERC20.transfer, (to, amount)));
        if (!success) return false;
        if (answer.length == 0) return token.code.length != 0;
        return answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("ComputeEscrow", "1");
    }
}

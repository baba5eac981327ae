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

    // ------------------------------------------------------------------ constants

    /// @inheritdoc IJobEscrow
    uint256 public constant AVAILABILITY_WINDOW = TermsRules.AVAILABILITY_WINDOW;

    /// @dev A proposal out of silence waits at least this long.
    uint256 private constant SILENCE_WINDOW = 1 days;

    /// @dev What a receiver of native coin may use: a wallet's proxy and a log, not somebody's program.
    uint256 private constant NATIVE_PUSH_GAS = 50_000;

    /// @dev What a token may use to move a balance.
    uint256 private constant TOKEN_PUSH_GAS = 200_000;

    /// @dev What a push costs beside the receiver's own gas, at worst: a cold and new account, value, a credit.
    uint256 private constant PUSH_RESERVE = 70_000;

    // ------------------------------------------------------------------ storage

    mapping(JobId job => Slot) private _slots;

    /// @inheritdoc IJobEscrow
    mapping(address token => mapping(address account => uint256)) public credit;

    bool private transient _entered;

    /// @dev Without it, a token with hooks could fund a job from inside the funding of another, and one transfer
    /// would be counted for both.
    modifier entersOnce() {
        if (_entered) revert JobEscrow_Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    // ------------------------------------------------------------------ funding

    /// @inheritdoc IJobEscrow
    function fund(bytes calldata terms) external payable entersOnce returns (JobId job) {
        job = _jobIdOf(terms);
        address payer = terms.payer();
        if (msg.sender != payer) revert JobEscrow_NotPayer(msg.sender, payer);
        Slot slot = _expect(job, Status.None);
        TermsRules.check(terms);

        _slots[job] = slot.moved(Status.Funded, _clock(0), 0);
        emit Funded(job, payer, terms.worker(), terms);

        _pull(terms.token(), payer, terms.budget());
    }

    // ------------------------------------------------------------------ delivery

    /// @inheritdoc IJobEscrow
    function submit(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) external {
        address worker = terms.worker();
        if (msg.sender != worker) revert JobEscrow_NotWorker(msg.sender, worker);
        JobId job = _jobIdOf(terms);
        _submit(job, _expect(job, Status.Funded), terms, resultHash, multisetHash);
    }

    /// @inheritdoc IJobEscrow
    function submitFor(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash, bytes calldata signature)
        external
    {
        JobId job = _jobIdOf(terms);
        Slot slot = _expect(job, Status.Funded);
        _expectLength(signature, Signatures.SIZE);
        bytes32 digest = submissionDigest(job, slot.round(), resultHash, multisetHash);
        Signatures.check(digest, terms.worker(), signature, 0);
        _submit(job, slot, terms, resultHash, multisetHash);
    }

    // ------------------------------------------------------------------ outcome

    /// @inheritdoc IJobEscrow
    function propose(bytes calldata terms, SignedVerdict calldata verdict, bytes calldata signatures)
        external
        entersOnce
    {
        JobId job = _jobIdOf(terms);
        Slot slot = _expect(job, Status.Submitted);
        _expectNotAfter(terms.verdictBy());
        if (!slot.committedTo(JobSlot.commitOf(verdict.worker, verdict.resultHash))) revert JobEscrow_Commit(job);
        uint128 workerAmount = _workerAmount(terms, verdict);
        bool cosigned = _checkVerdict(job, slot.round(), terms, verdict, signatures);

        uint256 window = cosigned ? 0 : terms.challengeWindow();
        Proposal memory proposal =
            Proposal(verdict.worker, verdict.resultHash, verdict.outcome, workerAmount, verdict.signers);
        slot = _propose(job, slot, proposal, verdict.evidenceHash, window);
        if (window == 0) _settle(job, slot, terms, proposal);
    }

    /// @inheritdoc IJobEscrow
    function settleSilence(bytes calldata terms, address worker, bytes32 resultHash) external {
        JobId job = _jobIdOf(terms);
        Slot slot = _expect(job, Status.Submitted);
        _expectAfter(terms.verdictBy());
        if (!slot.committedTo(JobSlot.commitOf(worker, resultHash))) revert JobEscrow_Commit(job);

        uint256 window = terms.challengeWindow();
        if (window < SILENCE_WINDOW) window = SILENCE_WINDOW;
        uint128 share = _share(terms.budget(), terms.silenceBps());
        Proposal memory proposal = Proposal(worker, resultHash, Outcome.Silence, share, 0);
        _propose(job, slot, proposal, bytes32(0), window);
    }

    /// @inheritdoc IJobEscrow
    function finalize(bytes calldata terms, Proposal calldata proposal) external entersOnce {
        JobId job = _jobIdOf(terms);
        Slot slot = _expect(job, Status.Proposed);
        _expectAfter(slot.clock());
        if (!slot.committedTo(_commitOf(proposal))) revert JobEscrow_Commit(job);

        _settle(job, slot, terms, proposal);
    }

    // ------------------------------------------------------------------ return

    /// @inheritdoc IJobEscrow
    function refund(bytes calldata terms) external entersOnce {
        JobId job = _jobIdOf(terms);
        Slot slot = _expect(job, Status.Funded);
        _expectAfter(terms.submitBy());

        _slots[job] = slot.moved(Status.Refunded, 0, 0);
        emit Refunded(job, terms.payer(), terms.budget());

        _push(job, terms.token(), terms.payer(), terms.budget());
    }

    /// @inheritdoc IJobEscrow
    function cancel(bytes calldata terms, uint40 expiry, bytes calldata signatures) external entersOnce {
        JobId job = _jobIdOf(terms);
        Slot slot = _slots[job];
        Status status = slot.status();
        if (status == Status.None || status >= Status.Settled) revert JobEscrow_Status(job, status);
        _expectNotAfter(expiry);
        _expectLength(signatures, 2 * Signatures.SIZE);
        bytes32 digest = cancelDigest(job, status, slot.round(), expiry);
        Signatures.check(digest, terms.payer(), signatures, 0);
        Signatures.check(digest, terms.worker(), signatures, 1);

        _slots[job] = slot.moved(Status.Refunded, 0, 0);
        emit Cancelled(job, terms.payer(), terms.budget(), status);

        _push(job, terms.token(), terms.payer(), terms.budget());
    }

    /// @inheritdoc IJobEscrow
    function withdraw(address token, address to) external entersOnce returns (uint256 amount) {
        amount = credit[token][msg.sender];
        if (amount == 0) revert JobEscrow_NoCredit(token, msg.sender);

        credit[token][msg.sender] = 0;
        emit Withdrawn(token, msg.sender, to, amount);

        if (!_transfer(token, to, amount, gasleft())) revert JobEscrow_Withdrawal(token, to);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IJobEscrow
    function jobs(JobId job) external view returns (Job memory) {
        return _slots[job].unpacked();
    }

    /// @inheritdoc IJobEscrow
    function jobIdOf(bytes calldata terms) external view returns (JobId) {
        return _jobIdOf(terms);
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

    function _submit(JobId job, Slot slot, bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) private {
        _expectNotAfter(terms.submitBy());
        if (resultHash == bytes32(0)) revert JobEscrow_ZeroResult();
        address worker = terms.worker();

        _slots[job] = slot.moved(Status.Submitted, _clock(0), JobSlot.commitOf(worker, resultHash));
        emit Submitted(job, worker, resultHash, slot.round(), multisetHash);
    }

    function _propose(JobId job, Slot slot, Proposal memory proposal, bytes32 evidenceHash, uint256 window)
        private
        returns (Slot next)
    {
        next = slot.moved(Status.Proposed, _clock(window), _commitOf(proposal));
        _slots[job] = next;
        emit Proposed(
            job,
            proposal.worker,
            proposal.resultHash,
            proposal.outcome,
            proposal.workerAmount,
            proposal.signers,
            slot.round(),
            evidenceHash,
            next.clock()
        );
    }

    /// @dev Pays out the whole budget: worker, fee, and the rest to the payer. The proposal is one that stood.
    function _settle(JobId job, Slot slot, bytes calldata terms, Proposal memory proposal) private {
        uint256 workerAmount = proposal.workerAmount;
        uint256 fee = proposal.outcome == Outcome.Silence ? 0 : _feeOf(terms);
        uint256 rest = terms.budget() - workerAmount - fee;

        _slots[job] = slot.moved(Status.Settled, 0, 0);
        emit Settled(job, proposal.outcome, workerAmount, rest, fee);

        address token = terms.token();
        _push(job, token, proposal.worker, workerAmount);
        _push(job, token, terms.feeTo(), fee);
        _push(job, token, terms.payer(), rest);
    }

    /// @dev The second `ahead` of now. Windows are at most 30 days.
    function _clock(uint256 ahead) private view returns (uint40) {
        // casting to 'uint40' is safe because 40 bits of seconds last for 34,000 years
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(block.timestamp + ahead);
    }

    // ------------------------------------------------------------------ checks

    function _jobIdOf(bytes calldata terms) private view returns (JobId) {
        PackedTerms.check(terms);
        return JobId.wrap(_hashTypedData(PackedTerms.structHash(terms)));
    }

    function _expect(JobId job, Status status) private view returns (Slot slot) {
        slot = _slots[job];
        if (slot.status() != status) revert JobEscrow_Status(job, slot.status());
    }

    function _expectNotAfter(uint256 deadline) private view {
        if (block.timestamp > deadline) revert JobEscrow_TooLate(block.timestamp, deadline);
    }

    function _expectAfter(uint256 deadline) private view {
        if (block.timestamp <= deadline) revert JobEscrow_TooEarly(block.timestamp, deadline);
    }

    function _expectLength(bytes calldata signatures, uint256 expected) private pure {
        if (signatures.length != expected) revert JobEscrow_SignaturesLength(signatures.length, expected);
    }

    /// @dev What the verdict gives the worker. Validators sign an amount only where they accept.
    function _workerAmount(bytes calldata terms, SignedVerdict calldata verdict) private pure returns (uint128) {
        Outcome outcome = verdict.outcome;
        if (outcome == Outcome.None || outcome == Outcome.Silence) revert JobEscrow_Outcome(outcome);
        uint256 net = terms.budget() - _feeOf(terms);
        uint256 most = outcome == Outcome.Accept ? net : 0;
        if (verdict.workerAmount > most) revert JobEscrow_WorkerAmount(verdict.workerAmount, most);
        return outcome == Outcome.Inconclusive ? _share(net, terms.inconclusiveBps()) : verdict.workerAmount;
    }

    /// @dev Rounded down. The amount is at most a budget and the share at most all of it.
    function _share(uint256 amount, uint256 bps) private pure returns (uint128) {
        // casting to 'uint128' is safe because a budget has 128 bits
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128((amount * bps) / TermsRules.BPS);
    }

    function _feeOf(bytes calldata terms) private pure returns (uint256) {
        return _share(terms.budget(), terms.feeBps());
    }

    function _commitOf(Proposal memory proposal) private pure returns (uint256) {
        return JobSlot.commitOf(
            proposal.worker, proposal.resultHash, proposal.outcome, proposal.workerAmount, proposal.signers
        );
    }

    /// @dev Reverts unless a quorum signed, and, where two more signatures follow, payer and worker too.
    /// @return cosigned Whether they did.
    function _checkVerdict(
        JobId job,
        uint8 round,
        bytes calldata terms,
        SignedVerdict calldata verdict,
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

    // ------------------------------------------------------------------ money

    /// @dev Takes exactly the budget from the payer, who is the caller.
    function _pull(address token, address payer, uint256 budget) private {
        uint256 expected = token == address(0) ? budget : 0;
        if (msg.value != expected) revert JobEscrow_Value(msg.value, expected);
        if (token == address(0)) return;

        uint256 held = SafeTransferLib.balanceOf(token, address(this));
        if (!SafeTransferLib.trySafeTransferFrom(token, payer, address(this), budget)) {
            revert JobEscrow_TransferFrom(token, payer, budget);
        }
        uint256 holds = SafeTransferLib.balanceOf(token, address(this));
        uint256 received = holds > held ? holds - held : 0;
        if (received != budget) revert JobEscrow_Received(token, received, budget);
    }

    /// @dev Pays, or credits where the receiver or the token refuses. The receiver's gas is capped, and a caller who
    /// brings too little for that is refused: nobody can make another's payment fail.
    function _push(JobId job, address token, address to, uint256 amount) private {
        if (amount == 0) return;
        uint256 allowance = token == address(0) ? NATIVE_PUSH_GAS : TOKEN_PUSH_GAS;
        uint256 needed = allowance + allowance / 63 + PUSH_RESERVE;
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

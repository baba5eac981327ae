// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {EIP712} from "solady/utils/EIP712.sol";

import {Payments} from "./escrow/Payments.sol";
import {Treasury} from "./escrow/Treasury.sol";
import {IJobEscrow} from "./interfaces/IJobEscrow.sol";
import {JobSlot, Slot} from "./libraries/JobSlot.sol";
import {MerkleRoot} from "./libraries/MerkleRoot.sol";
import {PackedTerms} from "./libraries/PackedTerms.sol";
import {Shares} from "./libraries/Shares.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TermsRules} from "./libraries/TermsRules.sol";
import {TypedData} from "./libraries/TypedData.sol";
import {BatchedVerdict, Disputer, Job, JobId, Outcome, Proposal, SignedVerdict, Status} from "./types/JobTypes.sol";

/// @title JobEscrow
/// @notice See `IJobEscrow`. Each verb reads: check, effect, event, transfer. Storage is written before any call
/// leaves the contract; after one, only the credit for a push that failed.
contract JobEscrow is Treasury, EIP712 {
    using PackedTerms for bytes;
    using JobSlot for JobId;
    using Payments for Payments.List;

    // ------------------------------------------------------------------ constants

    /// @dev A proposal out of silence waits at least this long.
    uint256 private constant SILENCE_WINDOW = 1 days;

    // ------------------------------------------------------------------ storage

    // A job's slot lies at the JobId itself: see `JobSlot`. Credits: see `Treasury`.

    // ------------------------------------------------------------------ funding

    /// @inheritdoc IJobEscrow
    function fund(bytes calldata terms) external payable returns (JobId job) {
        job = _lock(terms);
        address payer = terms.payer();
        if (msg.sender != payer) revert JobEscrow_NotPayer(msg.sender, payer);
        _pull(terms.token(), payer, terms.budget());
    }

    /// @inheritdoc IJobEscrow
    function fundWithPermit2(bytes calldata terms, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
        returns (JobId job)
    {
        job = _lock(terms);
        _pullByPermit2(terms, nonce, deadline, signature);
    }

    /// @inheritdoc IJobEscrow
    function fundWithAuthorization(
        bytes calldata terms,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (JobId job) {
        job = _lock(terms);
        _pullByAuthorization(terms, job, validAfter, validBefore, signature);
    }

    // ------------------------------------------------------------------ delivery

    /// @inheritdoc IJobEscrow
    function claim(bytes calldata terms) external payable {
        terms.checkWhole();
        (JobId job, Slot slot) = _find(terms);
        if (terms.worker() != address(0)) revert JobEscrow_NotOpen(job);
        bool lapsed = _lapsed(slot);
        if (!lapsed && !slot.isIn(Status.Funded)) revert JobEscrow_Status(job, slot.status());
        _expectNotAfter(terms.claimBy());
        TermsRules.checkClaimer(terms, msg.sender);

        uint40 deliverBy = _clock(terms.deliverWindow());
        uint256 bond = _claimBond(terms);
        job.store(slot.moved(Status.Claimed, deliverBy, JobSlot.commitOf(msg.sender, 0)));
        emit Claimed(job, msg.sender, deliverBy, bond);
        address payer = terms.payer();
        if (lapsed) emit BondLost(job, payer, bond, 0);

        _pull(terms.token(), msg.sender, bond);
        if (lapsed) _push(job, terms.token(), payer, bond);
    }

    /// @inheritdoc IJobEscrow
    function submit(bytes calldata terms, bytes32 resultHash, bytes32 multisetHash) external {
        (JobId job, Slot slot) = _find(terms);
        _deliver(terms, job, slot, msg.sender, resultHash, multisetHash);
    }

    /// @inheritdoc IJobEscrow
    function submitFor(
        bytes calldata terms,
        bytes32 resultHash,
        bytes32 multisetHash,
        bytes calldata signature,
        address claimer
    ) external {
        (JobId job, Slot slot) = _find(terms);
        address worker = _named(terms, claimer);
        bytes32 digest = _hashTypedData(TypedData.submission(job, slot.clock(), resultHash, multisetHash));
        _expectLength(signature, Signatures.check(digest, worker, signature, 0));
        _deliver(terms, job, slot, worker, resultHash, multisetHash);
    }

    /// @inheritdoc IJobEscrow
    function topUp(bytes calldata terms, Proposal memory proposal, bytes32 resultHash, bytes32 multisetHash) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Proposed)) revert JobEscrow_Status(job, slot.status());
        _expectCommit(job, slot, JobSlot.commitOf(proposal));
        if (msg.sender != proposal.worker) revert JobEscrow_NotWorker(msg.sender, proposal.worker);
        if (proposal.outcome != Outcome.Inconclusive) revert JobEscrow_NotInconclusive(proposal.outcome);
        if (slot.round() + 1 >= terms.maxRounds()) revert JobEscrow_LastRound(terms.maxRounds());
        _expectNotAfter(slot.clock());
        // Validators must have the time for this round that they had for the first: else it would buy the silence share.
        _expectNotAfter(terms.verdictBy() - TermsRules.AVAILABILITY_WINDOW - TermsRules.VERDICT_TIME);
        if (resultHash == bytes32(0)) revert JobEscrow_ZeroResult();

        slot = slot.inNextRound();
        job.store(slot.moved(Status.Submitted, _clock(0), JobSlot.commitOf(msg.sender, resultHash)));
        emit Submitted(job, msg.sender, resultHash, slot.round(), multisetHash);
    }

    // ------------------------------------------------------------------ outcome

    /// @inheritdoc IJobEscrow
    function propose(bytes calldata terms, SignedVerdict calldata verdict, bytes calldata signatures) external {
        terms.checkWhole();
        (JobId job, Slot slot) = _find(terms);
        bool stands = slot.isIn(Status.Proposed);
        if (!stands && !slot.isIn(Status.Submitted)) revert JobEscrow_Status(job, slot.status());
        address worker = _named(terms, verdict.claimer);
        uint256 fee = _fee(terms);
        // What was signed first, and then what it pays.
        Proposal memory proposal =
            Proposal(worker, verdict.resultHash, verdict.outcome, verdict.workerAmount, verdict.signers);
        bool cosigned = _checkVerdict(terms, job, slot.round(), proposal, verdict.evidenceHash, signatures);
        proposal.workerAmount = _workerAmount(terms, proposal.outcome, proposal.workerAmount, fee);

        uint256 window = cosigned ? 0 : terms.challengeWindow();
        if (stands) {
            // Whoever brought the verdict without the parties' signatures has not taken their agreement away.
            if (window != 0) revert JobEscrow_Status(job, Status.Proposed);
            _expectCommit(job, slot, JobSlot.commitOf(proposal));
        } else {
            _expectNotAfter(terms.verdictBy());
            _expectCommit(job, slot, JobSlot.commitOf(worker, verdict.resultHash));
            _propose(job, slot, proposal, verdict.evidenceHash, window);
        }
        // Nobody could see a job Proposed that settles in the same call, and it is not written.
        if (window == 0) {
            (uint256 toWorker, uint256 toPayer) = _close(terms, job, slot, proposal, fee);
            _payOut(terms, job, worker, toWorker, fee, toPayer);
        }
    }

    /// @inheritdoc IJobEscrow
    function settleBatch(
        bytes[] calldata terms,
        BatchedVerdict[] calldata verdicts,
        uint16 signers,
        bytes calldata signatures
    ) external {
        uint256 count = terms.length;
        if (count == 0 || count != verdicts.length) revert JobEscrow_BatchLength(count, verdicts.length);
        bytes calldata first = terms[0];
        first.check();
        first.checkWhole();
        bytes32 set = first.validatorsHash();
        address token = first.token();
        bytes32[] memory leaves = new bytes32[](count);
        Payments.List memory due = Payments.withRoomFor(3 * count);
        uint256 settled;
        uint256 quorum;
        bool keysOnly;
        for (uint256 i = 0; i < count; ++i) {
            bytes calldata each = terms[i];
            bool ends;
            (leaves[i], ends) = _settleMember(i, each, verdicts[i], signers, set, token, due);
            if (!ends) continue;
            ++settled;
            if (each.quorum() > quorum) quorum = each.quorum();
            if (each.registry() != address(0)) keysOnly = true;
        }
        if (settled == 0) revert JobEscrow_NothingSettled(count);
        bytes32 root = MerkleRoot.root(leaves);
        emit BatchSettled(root, signers, settled);
        _checkBatch(root, first, quorum, signers, signatures, keysOnly);

        for (uint256 i = 0; i < due.count; ++i) {
            (address to, uint256 amount) = due.at(i);
            // A payment may be several jobs': none is named should it become a credit.
            _push(JobId.wrap(0), token, to, amount);
        }
    }

    /// @inheritdoc IJobEscrow
    function settleSilence(bytes calldata terms, address claimer, bytes32 resultHash) external {
        (JobId job, Slot slot) = _find(terms);
        address worker = _named(terms, claimer);
        if (!slot.isIn(Status.Submitted)) revert JobEscrow_Status(job, slot.status());
        _expectAfter(terms.verdictBy());
        _expectCommit(job, slot, JobSlot.commitOf(worker, resultHash));

        uint256 window = terms.challengeWindow();
        if (window < SILENCE_WINDOW) window = SILENCE_WINDOW;
        uint128 share = Shares.floored(terms.budget(), terms.silenceBps());
        _propose(job, slot, Proposal(worker, resultHash, Outcome.Silence, share, 0), bytes32(0), window);
    }

    /// @inheritdoc IJobEscrow
    function finalize(bytes calldata terms, Proposal memory proposal) external {
        (JobId job, Slot slot) = _find(terms);
        // An arbiter who sleeps leaves the proposal standing.
        if (!slot.isIn(Status.Proposed) && !slot.isIn(Status.Disputed)) revert JobEscrow_Status(job, slot.status());
        _expectAfter(slot.clock());
        _expectCommit(job, slot, JobSlot.commitOf(proposal));

        uint256 fee = proposal.outcome == Outcome.Silence ? 0 : _fee(terms);
        (uint256 toWorker, uint256 toPayer) = _close(terms, job, slot, proposal, fee);
        if (slot.isIn(Status.Disputed)) {
            (toWorker, toPayer) = _returnDisputeBond(terms, job, slot, proposal.worker, toWorker, toPayer);
        }
        _payOut(terms, job, proposal.worker, toWorker, fee, toPayer);
    }

    // ------------------------------------------------------------------ dispute

    /// @inheritdoc IJobEscrow
    function dispute(bytes calldata terms, Proposal memory proposal) external payable {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Proposed)) revert JobEscrow_Status(job, slot.status());
        _expectCommit(job, slot, JobSlot.commitOf(proposal));
        if (terms.arbiter() == address(0)) revert JobEscrow_Undisputable(job);
        _expectNotAfter(slot.clock());
        Disputer side;
        if (msg.sender == terms.payer()) side = Disputer.Payer;
        else if (msg.sender == proposal.worker) side = Disputer.Worker;
        else revert JobEscrow_NotParty(msg.sender);

        uint40 openUntil = _clock(terms.rulingWindow());
        uint256 bond = _disputeBond(terms);
        job.store(slot.disputedBy(side).moved(Status.Disputed, openUntil, slot.commit()));
        emit Disputed(job, msg.sender, bond, openUntil);

        _pull(terms.token(), msg.sender, bond);
    }

    /// @inheritdoc IJobEscrow
    function rule(bytes calldata terms, uint128 workerAmount, bool disputerWins, Proposal memory proposal) external {
        (JobId job, Slot slot) = _find(terms);
        if (!slot.isIn(Status.Disputed)) revert JobEscrow_Status(job, slot.status());
        if (msg.sender != terms.arbiter()) revert JobEscrow_NotArbiter(msg.sender, terms.arbiter());
        _expectNotAfter(slot.clock());
        _expectCommit(job, slot, JobSlot.commitOf(proposal));
        if (workerAmount > terms.budget()) revert JobEscrow_Ruling(workerAmount, terms.budget());

        emit Ruled(job, msg.sender, workerAmount, disputerWins);
        // Upheld, the proposal takes effect as it is, and those who signed it were right.
        if (disputerWins || workerAmount != proposal.workerAmount) proposal.outcome = Outcome.Ruling;
        proposal.workerAmount = workerAmount;
        (uint256 toWorker, uint256 toPayer) = _close(terms, job, slot, proposal, 0);
        uint256 burnt;
        if (disputerWins) {
            (toWorker, toPayer) = _returnDisputeBond(terms, job, slot, proposal.worker, toWorker, toPayer);
        } else {
            (toWorker, toPayer, burnt) = _loseDisputeBond(terms, job, slot, proposal.worker, toWorker, toPayer);
        }

        _payOut(terms, job, proposal.worker, toWorker, 0, toPayer);
        if (burnt != 0) _burn(job, terms.token(), burnt);
    }

    // ------------------------------------------------------------------ return

    /// @inheritdoc IJobEscrow
    function refund(bytes calldata terms) external {
        (JobId job, Slot slot) = _find(terms);
        uint256 amount = terms.budget();
        bool claimed = slot.isIn(Status.Claimed);
        if (claimed) {
            _expectAfter(slot.clock());
        } else if (!slot.isIn(Status.Funded)) {
            revert JobEscrow_Status(job, slot.status());
        }
        // Nobody can still claim, or the one who was named can no longer submit.
        _expectAfter(terms.worker() == address(0) ? terms.claimBy() : terms.submitBy());

        address payer = terms.payer();
        job.store(slot.moved(Status.Refunded, 0, slot.commit()));
        emit Refunded(job, payer, amount);
        if (claimed) {
            uint256 bond = _claimBond(terms);
            emit BondLost(job, payer, bond, 0);
            amount += bond;
        }

        _push(job, terms.token(), payer, amount);
    }

    /// @inheritdoc IJobEscrow
    function cancel(bytes calldata terms, Proposal memory standing, uint40 expiry, bytes calldata signatures) external {
        (JobId job, Slot slot) = _find(terms);
        Status status = slot.status();
        if (status == Status.None || status >= Status.Settled) revert JobEscrow_Status(job, status);
        _expectNotAfter(expiry);
        // An open job that nobody has claimed has no second party.
        bool alone = terms.worker() == address(0) && (status == Status.Funded || _lapsed(slot));
        address worker = alone ? address(0) : _workerOf(terms, job, slot, standing);
        bytes32 digest =
            _hashTypedData(TypedData.cancel(job, status, slot.round(), slot.clock(), slot.commit(), expiry));
        _checkAgreement(digest, terms.payer(), worker, signatures);

        uint256 toWorker;
        uint256 toPayer = terms.budget();
        job.store(slot.moved(Status.Refunded, 0, slot.commit()));
        emit Cancelled(job, terms.payer(), toPayer, status);
        if (terms.worker() == address(0) && status != Status.Funded) {
            (toWorker, toPayer) = _returnClaimBond(terms, job, worker, alone, toWorker, toPayer);
        }
        if (status == Status.Disputed) {
            (toWorker, toPayer) = _returnDisputeBond(terms, job, slot, worker, toWorker, toPayer);
        }

        _payOut(terms, job, worker, toWorker, 0, toPayer);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IJobEscrow
    function jobs(JobId job) external view returns (Job memory) {
        return job.load().unpacked();
    }

    // ------------------------------------------------------------------ steps

    /// @dev Checks the terms and writes the job down. The caller brings the money in.
    function _lock(bytes calldata terms) private returns (JobId job) {
        Slot slot;
        (job, slot) = _find(terms);
        if (!slot.isIn(Status.None)) revert JobEscrow_Status(job, slot.status());
        TermsRules.check(terms);

        job.store(slot.moved(Status.Funded, _clock(0), 0));
        emit Funded(job, terms.payer(), terms.worker(), terms);
    }

    function _deliver(bytes calldata terms, JobId job, Slot slot, address by, bytes32 resultHash, bytes32 multisetHash)
        private
    {
        address worker = terms.worker();
        uint256 deadline;
        if (worker == address(0)) {
            if (!slot.isIn(Status.Claimed)) revert JobEscrow_Status(job, slot.status());
            _expectCommit(job, slot, JobSlot.commitOf(by, 0));
            deadline = slot.clock();
        } else {
            if (!slot.isIn(Status.Funded)) revert JobEscrow_Status(job, slot.status());
            if (by != worker) revert JobEscrow_NotWorker(by, worker);
            deadline = terms.submitBy();
        }
        _expectNotAfter(deadline);
        if (resultHash == bytes32(0)) revert JobEscrow_ZeroResult();

        job.store(slot.moved(Status.Submitted, _clock(0), JobSlot.commitOf(by, resultHash)));
        emit Submitted(job, by, resultHash, slot.round(), multisetHash);
    }

    /// @dev With no window the caller settles at once, and nothing is stored here.
    function _propose(JobId job, Slot slot, Proposal memory proposal, bytes32 evidenceHash, uint256 window) private {
        uint40 openUntil = _clock(window);
        if (window != 0) job.store(slot.moved(Status.Proposed, openUntil, JobSlot.commitOf(proposal)));
        emit Proposed(
            job,
            proposal.worker,
            proposal.resultHash,
            proposal.outcome,
            proposal.workerAmount,
            proposal.signers,
            slot.round(),
            evidenceHash,
            openUntil
        );
    }

    /// @dev Writes the end of a job and says who gets what of the budget and of a claim's bond. A claimer who delivered
    /// has its bond back, but for a rejection: by validators, or by a ruling that gives nothing.
    function _close(bytes calldata terms, JobId job, Slot slot, Proposal memory proposal, uint256 fee)
        private
        returns (uint256 toWorker, uint256 toPayer)
    {
        Outcome outcome = proposal.outcome;
        toWorker = proposal.workerAmount;
        unchecked {
            toPayer = terms.budget() - toWorker - fee; // both are parts of the budget, which was checked before
        }
        job.store(slot.moved(Status.Settled, 0, JobSlot.commitOf(proposal)));
        emit Settled(job, outcome, toWorker, toPayer, fee);

        if (terms.worker() == address(0)) {
            bool lost = outcome == Outcome.Reject || (outcome == Outcome.Ruling && toWorker == 0);
            return _returnClaimBond(terms, job, proposal.worker, lost, toWorker, toPayer);
        }
    }

    function _returnClaimBond(
        bytes calldata terms,
        JobId job,
        address worker,
        bool lost,
        uint256 toWorker,
        uint256 toPayer
    ) private returns (uint256, uint256) {
        uint256 bond = _claimBond(terms);
        if (lost) {
            emit BondLost(job, terms.payer(), bond, 0);
            return (toWorker, toPayer + bond);
        }
        emit BondReturned(job, worker, bond);
        return (toWorker + bond, toPayer);
    }

    function _returnDisputeBond(
        bytes calldata terms,
        JobId job,
        Slot slot,
        address worker,
        uint256 toWorker,
        uint256 toPayer
    ) private returns (uint256, uint256) {
        uint256 bond = _disputeBond(terms);
        if (slot.disputer() == Disputer.Payer) {
            emit BondReturned(job, terms.payer(), bond);
            return (toWorker, toPayer + bond);
        }
        emit BondReturned(job, worker, bond);
        return (toWorker + bond, toPayer);
    }

    function _loseDisputeBond(
        bytes calldata terms,
        JobId job,
        Slot slot,
        address worker,
        uint256 toWorker,
        uint256 toPayer
    ) private returns (uint256, uint256, uint256 burnt) {
        uint256 bond = _disputeBond(terms);
        uint256 half = bond / 2;
        burnt = bond - half;
        if (slot.disputer() == Disputer.Payer) {
            emit BondLost(job, worker, half, burnt);
            return (toWorker + half, toPayer, burnt);
        }
        emit BondLost(job, terms.payer(), half, burnt);
        return (toWorker, toPayer + half, burnt);
    }

    function _payOut(bytes calldata terms, JobId job, address worker, uint256 toWorker, uint256 fee, uint256 toPayer)
        private
    {
        address token = terms.token();
        if (toWorker != 0) _push(job, token, worker, toWorker);
        if (fee != 0) _push(job, token, terms.feeTo(), fee);
        if (toPayer != 0) _push(job, token, terms.payer(), toPayer);
    }

    /// @dev One job of a batch: everything but the signatures and the payment. A job that has moved on since the batch
    /// was signed is a leaf of the root and no more: its parties must not be able to void what others are owed.
    /// @return leaf The verdict's leaf, computed or, in the place of terms, given.
    /// @return ends Whether the job is settled by it.
    function _settleMember(
        uint256 index,
        bytes calldata terms,
        BatchedVerdict calldata verdict,
        uint16 signers,
        bytes32 set,
        address token,
        Payments.List memory due
    ) private returns (bytes32 leaf, bool ends) {
        if (terms.length == 32) return (bytes32(terms), false);
        (JobId job, Slot slot) = _find(terms);
        if (terms.validatorsHash() != set || terms.token() != token || terms.challengeWindow() != 0) {
            revert JobEscrow_BatchMember(index);
        }
        address worker = _named(terms, verdict.claimer);
        uint256 fee = _fee(terms);
        leaf = MerkleRoot.leaf(
            TypedData.verdict(
                job, slot.round(), verdict.resultHash, verdict.outcome, verdict.workerAmount, verdict.evidenceHash
            )
        );

        ends = slot.isIn(Status.Submitted) && block.timestamp <= terms.verdictBy()
            && slot.committedTo(JobSlot.commitOf(worker, verdict.resultHash));
        if (!ends) return (leaf, false);

        Proposal memory proposal = Proposal(
            worker,
            verdict.resultHash,
            verdict.outcome,
            _workerAmount(terms, verdict.outcome, verdict.workerAmount, fee),
            signers
        );
        (uint256 toWorker, uint256 toPayer) = _close(terms, job, slot, proposal, fee);
        if (toWorker != 0) due.add(Payments.Role.Worker, worker, toWorker);
        if (fee != 0) due.add(Payments.Role.Fee, terms.feeTo(), fee);
        if (toPayer != 0) due.add(Payments.Role.Payer, terms.payer(), toPayer);
    }

    // ------------------------------------------------------------------ checks

    /// @dev The job of these terms and its slot.
    function _find(bytes calldata terms) private view returns (JobId job, Slot slot) {
        PackedTerms.check(terms);
        job = JobId.wrap(_hashTypedData(PackedTerms.structHash(terms)));
        slot = job.load();
    }

    /// @dev The worker of the terms, or, of an open job, the one whom the caller names and the slot must commit to.
    function _named(bytes calldata terms, address claimer) private pure returns (address worker) {
        worker = terms.worker();
        if (worker == address(0)) worker = claimer;
    }

    /// @dev Whether a claim was made and its time is over.
    function _lapsed(Slot slot) private view returns (bool) {
        return slot.isIn(Status.Claimed) && block.timestamp > slot.clock();
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

    /// @dev Reverts unless each party is the caller, or signed. Without a worker the payer's word is enough.
    function _checkAgreement(bytes32 digest, address payer, address worker, bytes calldata signatures) private view {
        uint256 end;
        if (msg.sender != payer) end = Signatures.check(digest, payer, signatures, end);
        if (worker != address(0) && msg.sender != worker) end = Signatures.check(digest, worker, signatures, end);
        _expectLength(signatures, end);
    }

    /// @dev The job's worker: named, or who claimed, by what the caller says and the slot commits to.
    function _workerOf(bytes calldata terms, JobId job, Slot slot, Proposal memory standing)
        private
        pure
        returns (address worker)
    {
        worker = terms.worker();
        if (worker != address(0)) return worker;
        worker = standing.worker;
        uint256 commit;
        if (slot.isIn(Status.Claimed)) commit = JobSlot.commitOf(worker, 0);
        else if (slot.isIn(Status.Submitted)) commit = JobSlot.commitOf(worker, standing.resultHash);
        else commit = JobSlot.commitOf(standing);
        _expectCommit(job, slot, commit);
    }

    /// @dev Reverts unless a quorum signed, and, where two more signatures follow, payer and worker too.
    /// @return cosigned Whether they did.
    function _checkVerdict(
        bytes calldata terms,
        JobId job,
        uint8 round,
        Proposal memory signed,
        bytes32 evidenceHash,
        bytes calldata signatures
    ) private view returns (bool cosigned) {
        bytes32 digest = _hashTypedData(
            TypedData.verdict(job, round, signed.resultHash, signed.outcome, signed.workerAmount, evidenceHash)
        );
        bool keysOnly = terms.registry() != address(0);
        uint256 end = Signatures.checkQuorum(digest, terms, signed.signers, signatures, keysOnly);
        cosigned = signatures.length != end;
        if (cosigned) {
            end = Signatures.check(digest, terms.payer(), signatures, end);
            end = Signatures.check(digest, signed.worker, signatures, end);
            _expectLength(signatures, end);
        }
    }

    /// @dev Reverts unless so many of the validators of `terms` signed the root of the batch.
    function _checkBatch(
        bytes32 root,
        bytes calldata terms,
        uint256 quorum,
        uint16 signers,
        bytes calldata signatures,
        bool keysOnly
    ) private view {
        bytes32 digest = _hashTypedData(TypedData.batchVerdict(root));
        uint256 end = Signatures.checkQuorum(digest, terms, signers, signatures, keysOnly);
        _expectLength(signatures, end);
        uint256 used;
        for (uint256 bits = signers; bits != 0; bits &= bits - 1) {
            ++used;
        }
        if (used < quorum) revert JobEscrow_TooFewSigners(used, quorum);
    }

    // ------------------------------------------------------------------ amounts

    /// @dev What the verdict pays the worker. Validators sign an amount only where they accept.
    function _workerAmount(bytes calldata terms, Outcome outcome, uint128 signed, uint256 fee)
        private
        pure
        returns (uint128)
    {
        uint256 net = terms.budget() - fee;
        if (outcome == Outcome.Accept) {
            if (signed > net) revert JobEscrow_WorkerAmount(signed, net);
            return signed;
        }
        if (outcome != Outcome.Reject && outcome != Outcome.Inconclusive) revert JobEscrow_Outcome(outcome);
        if (signed != 0) revert JobEscrow_WorkerAmount(signed, 0);
        return outcome == Outcome.Reject ? 0 : Shares.floored(net, terms.inconclusiveBps());
    }

    function _fee(bytes calldata terms) private pure returns (uint256) {
        return Shares.floored(terms.budget(), terms.feeBps());
    }

    function _claimBond(bytes calldata terms) private pure returns (uint256) {
        return Shares.ceiled(terms.budget(), terms.claimBondBps());
    }

    function _disputeBond(bytes calldata terms) private pure returns (uint256) {
        return Shares.ceiled(terms.budget(), terms.disputeBondBps());
    }

    /// @dev The second `ahead` of now. Windows are at most 30 days.
    function _clock(uint256 ahead) private view returns (uint40) {
        unchecked {
            // casting to 'uint40' is safe because 40 bits of seconds last for 34,000 years
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint40(block.timestamp + ahead);
        }
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("ComputeEscrow", "1");
    }
}

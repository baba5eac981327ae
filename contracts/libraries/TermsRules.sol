// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors as E} from "../interfaces/IJobEscrowErrors.sol";
import {IValidatorRegistry} from "../interfaces/IValidatorRegistry.sol";
import {PackedTerms} from "./PackedTerms.sol";

/// @title What terms must say before money is locked under them.
/// @dev Terms are checked once, at funding; every later call is bound to the same terms by their digest. A field is
/// named where the call reverts and not before: a string in memory costs more than the check.
library TermsRules {
    using PackedTerms for bytes;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant MAX_FEE_BPS = 1000;
    uint256 internal constant MIN_DISPUTE_BOND_BPS = 500;
    /// @dev A claim that costs nothing could be taken to block a job.
    uint256 internal constant MIN_CLAIM_BOND_BPS = 100;
    uint256 internal constant MAX_VALIDATORS = 16;
    uint256 internal constant MAX_WINDOW = 30 days;
    /// @dev Claims lapse one after the other: a shorter one would let a job change hands every block.
    uint256 internal constant MIN_DELIVER_WINDOW = 1 minutes;
    uint256 internal constant MAX_HORIZON = 365 days;
    /// @dev A result must be fetchable for this long before validators may call it missing,
    uint256 internal constant AVAILABILITY_WINDOW = 1 hours;
    /// @dev and then they have at least this long to say so.
    uint256 internal constant VERDICT_TIME = 1 hours;
    /// @dev The slot has four bits for the round.
    uint256 internal constant MAX_ROUNDS = 8;

    /// @dev Reverts with the first rule that the terms break. The length was checked when they were hashed.
    function check(bytes calldata terms) internal view {
        _money(terms);
        _times(terms);
        _arbitration(terms);
        _parties(terms);
        _validators(terms);
        _registry(terms);
    }

    /// @dev Reverts if the one who claims is in another role already: nobody approves their own output.
    function checkClaimer(bytes calldata terms, address claimer) internal pure {
        bool shared = terms.hasRole(claimer);
        uint256 count = terms.validatorCount();
        for (uint256 i = 0; i < count; ++i) {
            shared = shared || claimer == terms.validator(i);
        }
        if (shared) revert E.JobEscrow_SharedRole(claimer);
    }

    function _money(bytes calldata terms) private view {
        if (terms.budget() == 0) revert E.JobEscrow_ZeroBudget();
        if (terms.feeBps() > MAX_FEE_BPS) revert E.JobEscrow_Share("feeBps", terms.feeBps(), 0, MAX_FEE_BPS);
        if (terms.silenceBps() > BPS) revert E.JobEscrow_Share("silenceBps", terms.silenceBps(), 0, BPS);
        if (terms.inconclusiveBps() > BPS) {
            revert E.JobEscrow_Share("inconclusiveBps", terms.inconclusiveBps(), 0, BPS);
        }
        if (terms.feeBps() != 0 && terms.feeTo() == address(0)) revert E.JobEscrow_MissingRole("feeTo");
        if (terms.feeTo() == address(this)) revert E.JobEscrow_SelfRole("feeTo");
    }

    function _times(bytes calldata terms) private view {
        uint256 submitBy = terms.submitBy();
        if (submitBy < block.timestamp) revert E.JobEscrow_SubmitBy(submitBy, block.timestamp);
        uint256 earliest = submitBy + AVAILABILITY_WINDOW + VERDICT_TIME;
        uint256 latest = block.timestamp + MAX_HORIZON;
        uint256 verdictBy = terms.verdictBy();
        if (verdictBy < earliest || verdictBy > latest) revert E.JobEscrow_VerdictBy(verdictBy, earliest, latest);
        if (terms.challengeWindow() > MAX_WINDOW) {
            revert E.JobEscrow_Window("challengeWindow", terms.challengeWindow(), MAX_WINDOW);
        }
        if (terms.rulingWindow() > MAX_WINDOW) {
            revert E.JobEscrow_Window("rulingWindow", terms.rulingWindow(), MAX_WINDOW);
        }
        uint256 rounds = terms.maxRounds();
        if (rounds == 0 || rounds > MAX_ROUNDS) revert E.JobEscrow_Rounds(rounds, MAX_ROUNDS);
        // A top-up happens inside the window.
        if (rounds > 1 && terms.challengeWindow() == 0) revert E.JobEscrow_NoTopUpWindow(rounds);
    }

    function _arbitration(bytes calldata terms) private pure {
        bool named = terms.arbiter() != address(0);
        uint256 bond = terms.disputeBondBps();
        uint256 least;
        if (named) {
            // A ruling takes no fee: who disputes what is right must lose more than that.
            least = terms.feeBps() + 1;
            if (least < MIN_DISPUTE_BOND_BPS) least = MIN_DISPUTE_BOND_BPS;
        }
        if (bond < least || bond > BPS) revert E.JobEscrow_Share("disputeBondBps", bond, least, BPS);
        if (!named) {
            if (terms.challengeWindow() != 0) revert E.JobEscrow_NoArbiter(terms.challengeWindow());
            return;
        }
        if (terms.rulingWindow() == 0) revert E.JobEscrow_NoRulingWindow();
    }

    /// @dev Payer and requester may be one; worker and arbiter are nobody else. An arbiter who has the fee would earn by
    /// not ruling.
    function _parties(bytes calldata terms) private view {
        address worker = terms.worker();
        address payer = terms.payer();
        address requester = terms.requester();
        address arbiter = terms.arbiter();
        if (payer == address(0)) revert E.JobEscrow_MissingRole("payer");
        if (requester == address(0)) revert E.JobEscrow_MissingRole("requester");
        if (arbiter != address(0) && (arbiter == payer || arbiter == requester || arbiter == terms.feeTo())) {
            revert E.JobEscrow_SharedRole(arbiter);
        }
        if (worker == address(0)) return _openJob(terms);
        if (worker == address(this)) revert E.JobEscrow_SelfRole("worker");
        if (terms.claimBy() != 0 || terms.deliverWindow() != 0 || terms.claimBondBps() != 0) {
            revert E.JobEscrow_ClaimTerms(terms.claimBy(), terms.deliverWindow(), terms.claimBondBps());
        }
        if (worker == payer || worker == requester || worker == arbiter) revert E.JobEscrow_SharedRole(worker);
    }

    function _openJob(bytes calldata terms) private view {
        uint256 claimBy = terms.claimBy();
        uint256 window = terms.deliverWindow();
        if (window < MIN_DELIVER_WINDOW) revert E.JobEscrow_DeliverWindow(window, MIN_DELIVER_WINDOW);
        // Whoever claims in the last second still has the whole window.
        uint256 latest = terms.submitBy() < window ? 0 : terms.submitBy() - window;
        if (claimBy < block.timestamp || claimBy > latest) {
            revert E.JobEscrow_ClaimBy(claimBy, block.timestamp, latest);
        }
        uint256 bond = terms.claimBondBps();
        if (bond < MIN_CLAIM_BOND_BPS || bond > BPS) {
            revert E.JobEscrow_Share("claimBondBps", bond, MIN_CLAIM_BOND_BPS, BPS);
        }
    }

    function _validators(bytes calldata terms) private pure {
        if ((terms.length - PackedTerms.HEAD) % 20 != 0) revert E.JobEscrow_TermsLength(terms.length);
        uint256 count = terms.validatorCount();
        if (count == 0 || count > MAX_VALIDATORS) revert E.JobEscrow_ValidatorCount(count, MAX_VALIDATORS);
        // Two quorums always share a validator, so that two verdicts need somebody who signed both.
        uint256 quorum = terms.quorum();
        if (quorum > count || 2 * quorum <= count) revert E.JobEscrow_Quorum(quorum, count);

        address last;
        for (uint256 i = 0; i < count; ++i) {
            address validator = terms.validator(i);
            if (validator <= last) revert E.JobEscrow_ValidatorOrder(i);
            if (terms.hasRole(validator)) revert E.JobEscrow_SharedRole(validator);
            last = validator;
        }
    }

    /// @dev The validators' bonds must outlive whatever can still be said of the job.
    function _registry(bytes calldata terms) private view {
        address registry = terms.registry();
        if (registry == address(0)) return;
        bytes32 set = terms.validatorsHash();
        uint256 until = terms.verdictBy() + terms.challengeWindow() + terms.rulingWindow();
        // A contract that is no registry reverts here with words of its own, or none.
        if (registry.code.length == 0 || !IValidatorRegistry(registry).admits(set, until)) {
            revert E.JobEscrow_NotAdmitted(registry, set, until);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors as E} from "../interfaces/IJobEscrowErrors.sol";
import {PackedTerms} from "./PackedTerms.sol";

/// @title What terms must say before money is locked under them.
/// @dev Terms are checked once, at funding; every later call is bound to the same terms by their digest.
library TermsRules {
    using PackedTerms for bytes;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant MAX_FEE_BPS = 1000;
    uint256 internal constant MIN_DISPUTE_BOND_BPS = 500;
    uint256 internal constant MAX_VALIDATORS = 16;
    uint256 internal constant MAX_WINDOW = 30 days;
    uint256 internal constant MAX_HORIZON = 365 days;
    /// @dev A result must be fetchable for this long before validators may call it missing,
    uint256 internal constant AVAILABILITY_WINDOW = 1 hours;
    /// @dev and then they have at least this long to say so.
    uint256 internal constant VERDICT_TIME = 1 hours;
    uint256 internal constant ROUNDS = 1;

    /// @dev Reverts with the first rule that the terms break. The length was checked when they were hashed.
    function check(bytes calldata terms) internal view {
        _money(terms);
        _times(terms);
        _arbitration(terms);
        _parties(terms);
        _validators(terms);
    }

    function _money(bytes calldata terms) private view {
        if (terms.budget() == 0) revert E.JobEscrow_ZeroBudget();
        _share("feeBps", terms.feeBps(), MAX_FEE_BPS);
        _share("silenceBps", terms.silenceBps(), BPS);
        _share("inconclusiveBps", terms.inconclusiveBps(), BPS);
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
        _window("challengeWindow", terms.challengeWindow());
        _window("rulingWindow", terms.rulingWindow());
        if (terms.maxRounds() != ROUNDS) revert E.JobEscrow_Rounds(terms.maxRounds(), ROUNDS);
    }

    function _arbitration(bytes calldata terms) private pure {
        _share("disputeBondBps", terms.disputeBondBps(), BPS);
        if (terms.arbiter() == address(0)) {
            if (terms.challengeWindow() != 0) revert E.JobEscrow_NoArbiter(terms.challengeWindow());
            return;
        }
        if (terms.rulingWindow() == 0) revert E.JobEscrow_NoRulingWindow();
        if (terms.disputeBondBps() < MIN_DISPUTE_BOND_BPS) {
            revert E.JobEscrow_DisputeBond(terms.disputeBondBps(), MIN_DISPUTE_BOND_BPS);
        }
    }

    /// @dev Payer and requester may be one; worker and arbiter are nobody else. The payer is the caller: not zero.
    function _parties(bytes calldata terms) private view {
        address worker = terms.worker();
        if (worker == address(0)) revert E.JobEscrow_OpenJob();
        if (worker == address(this)) revert E.JobEscrow_SelfRole("worker");
        if (terms.claimBy() != 0 || terms.deliverWindow() != 0 || terms.claimBondBps() != 0) {
            revert E.JobEscrow_ClaimTerms(terms.claimBy(), terms.deliverWindow(), terms.claimBondBps());
        }
        address payer = terms.payer();
        address requester = terms.requester();
        address arbiter = terms.arbiter();
        if (requester == address(0)) revert E.JobEscrow_MissingRole("requester");
        if (worker == payer || worker == requester) revert E.JobEscrow_SharedRole(worker);
        if (arbiter == payer || arbiter == requester || arbiter == worker) revert E.JobEscrow_SharedRole(arbiter);
    }

    function _validators(bytes calldata terms) private pure {
        if ((terms.length - PackedTerms.HEAD) % 20 != 0) revert E.JobEscrow_TermsLength(terms.length);
        uint256 count = terms.validatorCount();
        if (count == 0 || count > MAX_VALIDATORS) revert E.JobEscrow_ValidatorCount(count, MAX_VALIDATORS);
        // Two quorums always share a validator, so that two verdicts need somebody who signed both.
        uint256 quorum = terms.quorum();
        if (quorum > count || 2 * quorum <= count) revert E.JobEscrow_Quorum(quorum, count);

        address payer = terms.payer();
        address requester = terms.requester();
        address worker = terms.worker();
        address arbiter = terms.arbiter();
        address last;
        for (uint256 i = 0; i < count; ++i) {
            address validator = terms.validator(i);
            if (validator <= last) revert E.JobEscrow_ValidatorOrder(i);
            if (validator == payer || validator == requester || validator == worker || validator == arbiter) {
                revert E.JobEscrow_SharedRole(validator);
            }
            last = validator;
        }
    }

    function _share(string memory field, uint256 bps, uint256 most) private pure {
        if (bps > most) revert E.JobEscrow_Share(field, bps, most);
    }

    function _window(string memory field, uint256 window) private pure {
        if (window > MAX_WINDOW) revert E.JobEscrow_Window(field, window, MAX_WINDOW);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {Job, JobId, Status} from "../../contracts/types/JobTypes.sol";
import {FeeToken, FalseToken, SilentToken} from "./support/Tokens.sol";
import {Harness} from "./support/Harness.sol";

contract FundTest is Harness {
    // ------------------------------------------------------------------ refused: form and caller

    function test_refuses_terms_that_are_too_short() public {
        bytes memory short = new bytes(258);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TermsLength.selector, 258));
        vm.prank(payer);
        escrow.fund(short);
    }

    function test_refuses_half_a_validator() public {
        JobTerms memory terms = plain();
        terms.validators = bytes.concat(terms.validators, hex"ff");
        refuses(terms, abi.encodeWithSelector(JobEscrow_TermsLength.selector, 360));
    }

    function test_refuses_a_caller_who_is_not_the_payer() public {
        JobTerms memory terms = plain();
        vm.deal(anyone, BUDGET);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NotPayer.selector, anyone, payer));
        vm.prank(anyone);
        escrow.fund{value: BUDGET}(pack(terms));
    }

    function test_refuses_a_job_that_was_funded() public {
        JobTerms memory terms = plain();
        fund(terms);
        refuses(terms, inStatus(terms, Status.Funded));
    }

    function test_refuses_a_job_that_ended() public {
        JobTerms memory terms = plain();
        fund(terms);
        vm.warp(terms.submitBy + 1);
        escrow.refund(pack(terms));
        refuses(terms, inStatus(terms, Status.Refunded));
    }

    // ------------------------------------------------------------------ refused: money

    function test_refuses_a_zero_budget() public {
        JobTerms memory terms = plain();
        terms.budget = 0;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ZeroBudget.selector));
    }

    function test_refuses_shares_above_their_limits() public {
        JobTerms memory terms = withFee(plain(), 1001);
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "feeBps", 1001, 0, 1000));
        terms = plain();
        terms.silenceBps = 10_001;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "silenceBps", 10_001, 0, 10_000));
        terms = plain();
        terms.inconclusiveBps = 10_001;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "inconclusiveBps", 10_001, 0, 10_000));
        terms = windowed();
        terms.disputeBondBps = 10_001;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 10_001, 500, 10_000));
        terms = plain();
        terms.disputeBondBps = 10_001;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 10_001, 0, 10_000));
    }

    function test_refuses_a_fee_for_nobody_or_for_itself() public {
        JobTerms memory terms = withFee(plain(), 1);
        terms.feeTo = address(0);
        refuses(terms, abi.encodeWithSelector(JobEscrow_MissingRole.selector, "feeTo"));
        terms.feeTo = address(escrow);
        refuses(terms, abi.encodeWithSelector(JobEscrow_SelfRole.selector, "feeTo"));
    }

    function test_refuses_another_value_than_the_budget() public {
        JobTerms memory terms = plain();
        for (uint256 i = 0; i < 2; ++i) {
            uint256 value = i == 0 ? BUDGET - 1 : BUDGET + 1;
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, value, BUDGET));
            vm.prank(payer);
            escrow.fund{value: value}(pack(terms));
        }
        terms = inDollars(terms);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, 1, 0));
        vm.prank(payer);
        escrow.fund{value: 1}(pack(terms));
    }

    function test_refuses_a_token_that_does_not_move() public {
        JobTerms memory terms = plain();
        terms.token = anyone;
        refuses(terms, abi.encodeWithSelector(JobEscrow_TransferFrom.selector, anyone, payer, BUDGET));
        terms.token = address(new FalseToken());
        refuses(terms, abi.encodeWithSelector(JobEscrow_TransferFrom.selector, terms.token, payer, BUDGET));
        terms = inDollars(terms);
        vm.prank(payer);
        dollar.approve(address(escrow), BUDGET - 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_TransferFrom.selector, address(dollar), payer, BUDGET));
    }

    function test_refuses_a_token_that_takes_a_fee() public {
        JobTerms memory terms = plain();
        FeeToken token = new FeeToken(payer, MONEY);
        terms.token = address(token);
        vm.prank(payer);
        token.approve(address(escrow), MONEY);
        refuses(
            terms, abi.encodeWithSelector(JobEscrow_Received.selector, address(token), BUDGET - BUDGET / 100, BUDGET)
        );
    }

    // ------------------------------------------------------------------ refused: times

    function test_refuses_a_submission_deadline_that_is_over() public {
        JobTerms memory terms = plain();
        terms.submitBy = uint40(NOW - 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_SubmitBy.selector, NOW - 1, NOW));
        terms.submitBy = uint40(NOW);
        fund(terms);
    }

    function test_refuses_a_verdict_deadline_too_near_or_too_far() public {
        JobTerms memory terms = plain();
        uint256 earliest = terms.submitBy + 2 hours;
        uint256 latest = NOW + 365 days;
        terms.verdictBy = uint40(earliest - 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_VerdictBy.selector, earliest - 1, earliest, latest));
        terms.verdictBy = uint40(latest + 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_VerdictBy.selector, latest + 1, earliest, latest));
        terms.verdictBy = uint40(latest);
        fund(terms);
        terms.verdictBy = uint40(earliest);
        fund(terms);
    }

    function test_refuses_windows_above_thirty_days() public {
        JobTerms memory terms = windowed();
        terms.challengeWindow = 30 days + 1;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Window.selector, "challengeWindow", 30 days + 1, 30 days));
        terms.challengeWindow = 30 days;
        terms.rulingWindow = 30 days + 1;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Window.selector, "rulingWindow", 30 days + 1, 30 days));
        terms.rulingWindow = 30 days;
        fund(terms);
    }

    function test_refuses_rounds_that_no_job_has() public {
        JobTerms memory terms = windowed();
        terms.maxRounds = 0;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Rounds.selector, 0, 8));
        terms.maxRounds = 9;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Rounds.selector, 9, 8));
        terms.maxRounds = 8;
        fund(terms);
        terms = plain();
        terms.maxRounds = 2;
        refuses(terms, abi.encodeWithSelector(JobEscrow_NoTopUpWindow.selector, 2));
    }

    function test_refuses_claim_terms_where_the_worker_is_named() public {
        JobTerms memory terms = plain();
        terms.claimBy = 1;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimTerms.selector, 1, 0, 0));
        terms.claimBy = 0;
        terms.deliverWindow = 2;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimTerms.selector, 0, 2, 0));
        terms.deliverWindow = 0;
        terms.claimBondBps = 3;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimTerms.selector, 0, 0, 3));
    }

    function test_refuses_an_open_job_whose_claims_do_not_fit() public {
        JobTerms memory terms = openJob();
        terms.deliverWindow = 59;
        refuses(terms, abi.encodeWithSelector(JobEscrow_DeliverWindow.selector, 59, 60));
        terms = openJob();
        uint256 latest = terms.submitBy - terms.deliverWindow;
        terms.claimBy = uint40(NOW - 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimBy.selector, NOW - 1, NOW, latest));
        terms.claimBy = uint40(latest + 1);
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimBy.selector, latest + 1, NOW, latest));
        terms.deliverWindow = type(uint32).max;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ClaimBy.selector, latest + 1, NOW, 0));
        terms = openJob();
        terms.claimBy = uint40(latest);
        fund(terms);
        (terms.claimBy, terms.deliverWindow, terms.claimBondBps) = (uint40(NOW), 60, 10_000);
        terms.disputeBondBps = 10_000;
        fund(terms);
    }

    function test_refuses_a_claim_that_costs_nothing() public {
        JobTerms memory terms = openJob();
        terms.claimBondBps = 99;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "claimBondBps", 99, 100, 10_000));
        terms.claimBondBps = 10_001;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "claimBondBps", 10_001, 100, 10_000));
        terms.claimBondBps = 100;
        fund(terms);
    }

    /// @dev The hash of the validators in their place is enough for other verbs, never to lock money.
    function test_refuses_terms_in_brief() public {
        bytes memory terms = brief(plain());
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TermsLength.selector, terms.length));
        vm.prank(payer);
        escrow.fund{value: BUDGET}(terms);
    }

    function test_refuses_a_window_that_nobody_could_rule_on() public {
        JobTerms memory terms = windowed();
        terms.arbiter = address(0);
        refuses(terms, abi.encodeWithSelector(JobEscrow_NoArbiter.selector, 1 hours));
        terms = windowed();
        terms.rulingWindow = 0;
        refuses(terms, abi.encodeWithSelector(JobEscrow_NoRulingWindow.selector));
        terms = windowed();
        terms.disputeBondBps = 499;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 499, 500, 10_000));
    }

    /// @dev A ruling takes no fee: who disputes what is right, and loses, must not have gained by it.
    function test_refuses_a_dispute_bond_that_is_not_above_the_fee() public {
        JobTerms memory terms = withFee(windowed(), 500);
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 500, 501, 10_000));
        terms = withFee(windowed(), 1000);
        terms.disputeBondBps = 1000;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 1000, 1001, 10_000));
        terms.disputeBondBps = 1001;
        fund(terms);
        fund(withFee(windowed(), 499));
        // The least bond stands also where the fee is just below it.
        terms = withFee(windowed(), 498);
        terms.disputeBondBps = 499;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Share.selector, "disputeBondBps", 499, 500, 10_000));
        // Nobody disputes where there is no arbiter.
        fund(withFee(plain(), 1000));
    }

    // ------------------------------------------------------------------ refused: roles

    function test_refuses_missing_parties() public {
        JobTerms memory terms = plain();
        terms.payer = address(0);
        vm.deal(address(0), BUDGET);
        refuses(terms, abi.encodeWithSelector(JobEscrow_MissingRole.selector, "payer"));
        terms = plain();
        terms.requester = address(0);
        refuses(terms, abi.encodeWithSelector(JobEscrow_MissingRole.selector, "requester"));
        terms = plain();
        terms.worker = address(escrow);
        refuses(terms, abi.encodeWithSelector(JobEscrow_SelfRole.selector, "worker"));
    }

    function test_promise13_refuses_one_account_in_two_roles() public {
        address validator = vm.addr(keys[3]);
        for (uint256 i = 0; i < 9; ++i) {
            JobTerms memory terms = windowed();
            address shared;
            if (i == 0) shared = terms.worker = payer;
            if (i == 1) shared = terms.worker = requester;
            if (i == 2) shared = terms.arbiter = payer;
            if (i == 3) shared = terms.arbiter = requester;
            if (i == 4) shared = terms.arbiter = worker;
            if (i == 5) shared = terms.requester = validator;
            if (i == 6) shared = terms.worker = validator;
            if (i == 7) shared = terms.arbiter = validator;
            if (i == 8) {
                shared = terms.payer = validator;
                vm.deal(validator, BUDGET);
            }
            refuses(terms, abi.encodeWithSelector(JobEscrow_SharedRole.selector, shared));
        }
    }

    /// @dev An arbiter who has the fee would earn by not ruling: a proposal that stands pays it, and a ruling does not.
    function test_refuses_an_arbiter_who_has_the_fee() public {
        for (uint16 bps = 0; bps < 2; ++bps) {
            JobTerms memory terms = withFee(windowed(), bps);
            terms.feeTo = arbiter;
            refuses(terms, abi.encodeWithSelector(JobEscrow_SharedRole.selector, arbiter));
        }
        // Where there is neither, nobody is both.
        JobTerms memory nobody = plain();
        vm.assertEq(nobody.feeTo, nobody.arbiter, "zero");
        fund(nobody);
    }

    function test_who_differs_from_a_party_in_one_bit_is_somebody_else() public {
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 bit = 0; bit < 160; bit += 159) {
                JobTerms memory terms = windowed();
                address[4] memory parties = [payer, requester, worker, arbiter];
                terms.validators = abi.encodePacked(address(uint160(parties[i]) ^ uint160(1 << bit)));
                terms.quorum = 1;
                terms.salt = 1000 + 2 * i + bit;
                fund(terms);
            }
        }
    }

    function test_refuses_a_registry_that_is_not_there() public {
        JobTerms memory terms = plain();
        terms.registry = anyone;
        refuses(
            terms,
            abi.encodeWithSelector(
                JobEscrow_NotAdmitted.selector, anyone, keccak256(terms.validators), uint256(terms.verdictBy)
            )
        );
    }

    function test_payer_and_requester_may_be_one() public {
        JobTerms memory terms = plain();
        terms.requester = payer;
        fund(terms);
        expectStatus(terms, Status.Funded);
    }

    function test_refuses_quorums_that_leave_two_disjoint_majorities() public {
        JobTerms memory terms = plain();
        for (uint8 quorum = 0; quorum < 8; ++quorum) {
            terms.quorum = quorum;
            if (quorum >= 3 && quorum <= 5) fund(terms);
            else refuses(terms, abi.encodeWithSelector(JobEscrow_Quorum.selector, quorum, 5));
        }
        terms.validators = packed(sortedKeys("even", 4));
        terms.quorum = 2;
        refuses(terms, abi.encodeWithSelector(JobEscrow_Quorum.selector, 2, 4));
    }

    function test_refuses_no_validators_and_seventeen() public {
        JobTerms memory terms = plain();
        terms.validators = "";
        refuses(terms, abi.encodeWithSelector(JobEscrow_ValidatorCount.selector, 0, 16));
        terms.validators = packed(sortedKeys("many", 17));
        terms.quorum = 9;
        refuses(terms, abi.encodeWithSelector(JobEscrow_ValidatorCount.selector, 17, 16));
        terms.validators = packed(sortedKeys("many", 16));
        fund(terms);
        terms.validators = packed(sortedKeys("one", 1));
        terms.quorum = 1;
        fund(terms);
    }

    function test_refuses_validators_out_of_order_twice_or_zero() public {
        JobTerms memory terms = plain();
        address low = address(0x1111);
        address high = address(0x2222);
        terms.quorum = 2;
        terms.validators = abi.encodePacked(high, low);
        refuses(terms, abi.encodeWithSelector(JobEscrow_ValidatorOrder.selector, 1));
        terms.validators = abi.encodePacked(low, low);
        refuses(terms, abi.encodeWithSelector(JobEscrow_ValidatorOrder.selector, 1));
        terms.validators = abi.encodePacked(address(0), low);
        refuses(terms, abi.encodeWithSelector(JobEscrow_ValidatorOrder.selector, 0));
    }

    // ------------------------------------------------------------------ done

    function test_locks_native_coin() public {
        JobTerms memory terms = plain();
        JobId job = idOf(terms);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Funded(job, payer, worker, pack(terms));
        vm.assertEq(JobId.unwrap(fund(terms)), JobId.unwrap(job), "job id");
        vm.assertEq(address(escrow).balance, BUDGET, "locked");
        vm.assertEq(payer.balance, MONEY - BUDGET, "payer");
        Job memory slot = escrow.jobs(job);
        vm.assertEq(uint256(slot.status), uint256(Status.Funded), "status");
        vm.assertEq(slot.clock, NOW, "clock");
        vm.assertEq(uint256(slot.round) + uint256(slot.disputer) + slot.commit, 0, "the rest is empty");
    }

    function test_locks_a_token() public {
        JobTerms memory terms = inDollars(plain());
        fund(terms);
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
        expectStatus(terms, Status.Funded);
    }

    function test_locks_a_token_that_returns_nothing() public {
        JobTerms memory terms = plain();
        SilentToken token = new SilentToken(payer, MONEY);
        terms.token = address(token);
        vm.prank(payer);
        token.approve(address(escrow), MONEY);
        fund(terms);
        vm.assertEq(token.balanceOf(address(escrow)), BUDGET, "locked");
    }

    function testFuzz_any_other_terms_are_another_job(uint256 salt, uint128 budget, bytes32 specHash) public {
        JobTerms memory terms = plain();
        terms.salt = salt;
        terms.budget = budget;
        terms.specHash = specHash;
        vm.assertEq(JobId.unwrap(digests.jobIdOf(pack(terms))), JobId.unwrap(idOf(terms)), "job id");
        vm.assume(budget != 0 && (salt != 1 || budget != BUDGET));
        fund(plain());
        vm.deal(payer, budget);
        fund(terms);
        vm.assertEq(address(escrow).balance, BUDGET + budget, "locked for both");
    }

    function refuses(JobTerms memory terms, bytes memory reason) private {
        uint256 value = terms.token == NATIVE ? terms.budget : 0;
        vm.expectRevert(reason);
        vm.prank(terms.payer);
        escrow.fund{value: value}(pack(terms));
    }
}

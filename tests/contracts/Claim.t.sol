// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract ClaimTest is Harness {
    address private immutable rival = vm.addr(uint256(keccak256("rival")));

    JobTerms private terms;
    uint256 private bond;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        enrich(rival);
        use(openJob());
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_a_job_that_names_its_worker() public {
        JobTerms memory named = plain();
        fund(named);
        refuses(named, worker, abi.encodeWithSelector(JobEscrow_NotOpen.selector, idOf(named)));
    }

    function test_refuses_a_job_that_was_never_funded_or_has_ended() public {
        JobTerms memory next = openJob();
        next.salt = 2;
        refuses(next, worker, inStatus(next, Status.None));
        vm.prank(payer);
        escrow.cancel(brief(terms), nothing(), uint40(NOW), "");
        refuses(terms, worker, inStatus(terms, Status.Refunded));
    }

    function test_refuses_terms_in_brief() public {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_BriefTerms.selector));
        vm.prank(worker);
        escrow.claim{value: bond}(brief(terms));
    }

    function test_refuses_a_claim_that_has_not_lapsed() public {
        claim(terms, worker);
        refuses(terms, rival, inStatus(terms, Status.Claimed));
        vm.warp(NOW + 6 hours);
        refuses(terms, rival, inStatus(terms, Status.Claimed));
        vm.warp(NOW + 6 hours + 1);
        claim(terms, rival);
    }

    function test_refuses_the_second_after_the_deadline() public {
        vm.warp(terms.claimBy + 1);
        refuses(terms, worker, abi.encodeWithSelector(JobEscrow_TooLate.selector, terms.claimBy + 1, terms.claimBy));
        vm.warp(terms.claimBy);
        claim(terms, worker);
    }

    function test_refuses_another_value_than_the_bond() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 value = i == 0 ? bond - 1 : bond + 1;
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, value, bond));
            vm.prank(worker);
            escrow.claim{value: value}(pack(terms));
        }
    }

    function test_promise13_refuses_whoever_is_in_another_role() public {
        address[5] memory others = [payer, requester, arbiter, vm.addr(keys[0]), vm.addr(keys[4])];
        for (uint256 i = 0; i < 5; ++i) {
            vm.deal(others[i], MONEY);
            refuses(terms, others[i], abi.encodeWithSelector(JobEscrow_SharedRole.selector, others[i]));
        }
        // In terms the arbiter's neighbour is the token.
        terms = inDollars(terms);
        fund(terms);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_SharedRole.selector, arbiter));
        vm.prank(arbiter);
        escrow.claim(pack(terms));
    }

    // ------------------------------------------------------------------ claimed

    function test_says_who_claimed_and_locks_the_bond() public {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Claimed(idOf(terms), worker, uint40(NOW + 6 hours), bond);
        vm.recordLogs();
        claim(terms, worker);
        vm.assertEq(vm.getRecordedLogs().length, 1, "no bond was lost");
        Job memory slot = escrow.jobs(idOf(terms));
        vm.assertEq(uint256(slot.status), uint256(Status.Claimed), "status");
        vm.assertEq(slot.clock, NOW + 6 hours, "clock");
        vm.assertEq(slot.commit, uint256(keccak256(abi.encode(worker, 0))) & (2 ** 206 - 1), "commit");
        vm.assertEq(address(escrow).balance, BUDGET + bond, "locked");
    }

    function test_a_bond_is_rounded_up() public {
        JobTerms memory next = openJob();
        (next.budget, next.claimBondBps) = (1, 100);
        fund(next);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, 0, 1));
        vm.prank(worker);
        escrow.claim(pack(next));
        claim(next, worker);
    }

    /// @dev Whoever claims and abandons pays for it, each time.
    function test_a_lapsed_claim_is_lost_to_the_payer() public {
        claim(terms, worker);
        vm.warp(NOW + 6 hours + 1);
        uint256 before = payer.balance;
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.BondLost(idOf(terms), payer, bond, 0);
        claim(terms, rival);
        vm.assertEq(payer.balance - before, bond, "payer");
        vm.assertEq(address(escrow).balance, BUDGET + bond, "the new bond");
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        deliver(terms, worker);
        deliver(terms, rival);
    }

    function test_only_the_claimer_delivers_and_only_in_its_time() public {
        vm.expectRevert(inStatus(terms, Status.Funded));
        deliver(terms, worker);
        claim(terms, worker);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        deliver(terms, rival);
        vm.warp(NOW + 6 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooLate.selector, NOW + 6 hours + 1, NOW + 6 hours));
        deliver(terms, worker);
        vm.warp(NOW + 6 hours);
        deliver(terms, worker);
        expectStatus(terms, Status.Submitted);
    }

    function test_a_claimers_delivery_can_be_relayed() public {
        claim(terms, worker);
        bytes32 digest = submissionDigest(terms, RESULT);
        bytes memory signature = sign(workerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, rival, digest));
        escrow.submitFor(brief(terms), RESULT, MULTISET, signature, rival);
        escrow.submitFor(brief(terms), RESULT, MULTISET, signature, worker);
        expectStatus(terms, Status.Submitted);
    }

    /// @dev What a claimer signed for a relayer ends with its claim, even if it claims again.
    function test_a_delivery_that_was_signed_for_an_earlier_claim_is_void() public {
        claim(terms, worker);
        bytes memory old = sign(workerKey, submissionDigest(terms, RESULT));
        vm.warp(NOW + 6 hours + 1);
        claim(terms, worker);
        bytes32 digest = submissionDigest(terms, RESULT);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest));
        escrow.submitFor(brief(terms), RESULT, MULTISET, old, worker);
        escrow.submitFor(brief(terms), RESULT, MULTISET, sign(workerKey, digest), worker);
        expectStatus(terms, Status.Submitted);
    }

    /// @dev The payer agreed to let one claimer go: neither that one's next claim nor another's ends by it.
    function test_an_agreement_about_an_earlier_claim_is_void() public {
        address[2] memory claimers = [worker, rival];
        uint40 expiry = uint40(NOW + 1 days);
        for (uint256 i = 0; i < 2; ++i) {
            next(70 + i);
            claim(terms, worker);
            bytes memory old = agreement(terms, Status.Claimed, expiry);
            vm.warp(NOW + 6 hours + 1);
            claim(terms, claimers[i]);
            Proposal memory stands;
            stands.worker = claimers[i];
            bytes32 digest = agreementDigest(terms, Status.Claimed, expiry);
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
            vm.prank(claimers[i]);
            escrow.cancel(brief(terms), stands, expiry, cut(old, 65));
            vm.warp(NOW);
        }
    }

    // ------------------------------------------------------------------ where the bond goes

    function test_the_bond_returns_on_accept_and_inconclusive() public {
        settles(SignedVerdict(worker, RESULT, Outcome.Accept, uint128(BUDGET / 3), EVIDENCE, THREE), BUDGET / 3, true);
        next(2);
        settles(SignedVerdict(worker, RESULT, Outcome.Inconclusive, 0, EVIDENCE, THREE), BUDGET * 4 / 10, true);
        use(inDollars(openJob()));
        settles(SignedVerdict(worker, RESULT, Outcome.Accept, uint128(BUDGET), EVIDENCE, THREE), BUDGET, true);
    }

    function test_the_bond_is_lost_on_a_rejection() public {
        settles(SignedVerdict(worker, RESULT, Outcome.Reject, 0, EVIDENCE, THREE), 0, false);
    }

    function test_the_bond_returns_where_validators_are_silent() public {
        claim(terms, worker);
        deliver(terms, worker);
        vm.warp(terms.verdictBy + 1);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        escrow.settleSilence(brief(terms), rival, RESULT);
        escrow.settleSilence(brief(terms), worker, RESULT);
        vm.warp(terms.verdictBy + 1 days + 2);
        uint256 before = worker.balance;
        escrow.finalize(brief(terms), Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0));
        vm.assertEq(worker.balance - before, BUDGET / 2 + bond, "worker");
        vm.assertEq(address(escrow).balance, 0, "escrow");
    }

    function test_a_ruling_of_nothing_takes_the_bond_and_any_other_returns_it() public {
        for (uint256 amount = 0; amount < 2; ++amount) {
            next(10 + amount);
            claim(terms, worker);
            deliver(terms, worker);
            SignedVerdict memory found = SignedVerdict(worker, RESULT, Outcome.Accept, 9, EVIDENCE, THREE);
            propose(terms, found);
            dispute(terms, standing(found, 9), payer);
            uint256 before = worker.balance;
            rule(terms, standing(found, 9), amount, true);
            vm.assertEq(worker.balance - before, amount == 0 ? 0 : amount + bond, "worker");
        }
    }

    // ------------------------------------------------------------------ going back

    function test_an_unclaimed_job_goes_back_once_nobody_can_claim() public {
        vm.warp(terms.claimBy);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooEarly.selector, terms.claimBy, terms.claimBy));
        escrow.refund(brief(terms));
        vm.warp(terms.claimBy + 1);
        escrow.refund(brief(terms));
        vm.assertEq(payer.balance, MONEY, "payer");
        expectStatus(terms, Status.Refunded);
    }

    function test_an_abandoned_job_goes_back_with_the_bond() public {
        vm.warp(terms.claimBy);
        claim(terms, worker);
        uint256 lapse = uint256(terms.claimBy) + 6 hours;
        vm.warp(lapse);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooEarly.selector, lapse, lapse));
        escrow.refund(brief(terms));
        vm.warp(lapse + 1);
        uint256 before = payer.balance;
        escrow.refund(brief(terms));
        vm.assertEq(payer.balance - before, BUDGET + bond, "payer");
    }

    /// @dev A claim lapsed, and others may still claim: only the payer may end it then.
    function test_a_lapsed_job_waits_for_other_claims() public {
        claim(terms, worker);
        vm.warp(NOW + 6 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooEarly.selector, NOW + 6 hours + 1, terms.claimBy));
        escrow.refund(brief(terms));
        uint256 before = payer.balance;
        vm.prank(payer);
        escrow.cancel(brief(terms), nothing(), uint40(block.timestamp), "");
        vm.assertEq(payer.balance - before, BUDGET + bond, "payer");
    }

    function test_the_payer_alone_ends_a_job_that_nobody_claimed() public {
        bytes32 digest = agreementDigest(terms, Status.Funded, uint40(NOW));
        bytes memory theirs = sign(workerKey, digest);
        bytes memory mine = sign(payerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
        escrow.cancel(brief(terms), nothing(), uint40(NOW), theirs);
        escrow.cancel(brief(terms), nothing(), uint40(NOW), mine);
        vm.assertEq(payer.balance, MONEY, "payer");
    }

    function test_the_payer_alone_ends_nothing_that_is_claimed() public {
        claim(terms, worker);
        Proposal memory standing_;
        standing_.worker = worker;
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 0, 65));
        vm.prank(payer);
        escrow.cancel(brief(terms), standing_, uint40(NOW), "");
        // Nor with a partner of its choice.
        standing_.worker = rival;
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        vm.prank(payer);
        escrow.cancel(brief(terms), standing_, uint40(NOW), "");
    }

    function test_both_call_a_claimed_job_off_in_every_status() public {
        for (uint256 i = 0; i < 4; ++i) {
            next(20 + i);
            Proposal memory stands = Proposal(worker, RESULT, Outcome.Accept, 9, THREE);
            claim(terms, worker);
            if (i > 0) deliver(terms, worker);
            if (i > 1) propose(terms, SignedVerdict(worker, RESULT, Outcome.Accept, 9, EVIDENCE, THREE));
            if (i > 2) dispute(terms, stands, worker);
            uint256[2] memory before = [payer.balance, worker.balance];
            bytes memory agreed = agreement(terms, Status(uint256(Status.Claimed) + i), uint40(NOW));
            escrow.cancel(brief(terms), stands, uint40(NOW), agreed);
            vm.assertEq(payer.balance - before[0], BUDGET, "payer");
            vm.assertEq(worker.balance - before[1], bond + (i > 2 ? disputeBond(terms) : 0), "bonds");
            expectStatus(terms, Status.Refunded);
        }
    }

    // ------------------------------------------------------------------ steps

    function use(JobTerms memory other) private {
        terms = other;
        fund(other);
        bond = claimBond(other);
    }

    function next(uint256 salt) private {
        JobTerms memory other = openJob();
        other.salt = salt;
        use(other);
    }

    function settles(SignedVerdict memory found, uint256 paid, bool returned) private {
        claim(terms, worker);
        deliver(terms, worker);
        propose(terms, found);
        vm.warp(NOW + 1 hours + 1);
        uint256[2] memory before = [balance(terms.token, worker), balance(terms.token, payer)];
        vm.expectEmit(true, true, true, true, address(escrow));
        if (returned) emit IJobEscrow.BondReturned(idOf(terms), worker, bond);
        else emit IJobEscrow.BondLost(idOf(terms), payer, bond, 0);
        escrow.finalize(brief(terms), standing(found, paid));
        vm.warp(NOW);
        uint256 got = returned ? bond : 0;
        vm.assertEq(balance(terms.token, worker) - before[0], paid + got, "worker");
        vm.assertEq(balance(terms.token, payer) - before[1], BUDGET - paid + bond - got, "payer");
    }

    function refuses(JobTerms memory given, address by, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(by);
        escrow.claim{value: bond}(pack(given));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Disputer, Job, Outcome, Proposal, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract DisputeTest is Harness {
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;

    JobTerms private terms;
    Proposal private stands;
    uint256 private bond;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        use(windowed(), Outcome.Accept, BUDGET / 2);
    }

    // ------------------------------------------------------------------ dispute: refused

    function test_refuses_what_is_not_proposed() public {
        JobTerms memory other = windowed();
        other.salt = 2;
        refuses(other, payer, inStatus(other, Status.None));
        fund(other);
        refuses(other, payer, inStatus(other, Status.Funded));
        submit(other);
        refuses(other, payer, inStatus(other, Status.Submitted));
    }

    function test_refuses_a_second_dispute() public {
        dispute(terms, stands, worker);
        refuses(terms, payer, inStatus(terms, Status.Disputed));
        rule(terms, stands, 1, true);
        refuses(terms, payer, inStatus(terms, Status.Settled));
    }

    function test_refuses_strangers_and_the_arbiter() public {
        vm.deal(arbiter, MONEY);
        vm.deal(anyone, MONEY);
        refuses(terms, anyone, abi.encodeWithSelector(JobEscrow_NotParty.selector, anyone));
        refuses(terms, arbiter, abi.encodeWithSelector(JobEscrow_NotParty.selector, arbiter));
    }

    function test_refuses_the_second_after_the_window() public {
        vm.warp(NOW + 1 hours + 1);
        refuses(terms, payer, abi.encodeWithSelector(JobEscrow_TooLate.selector, NOW + 1 hours + 1, NOW + 1 hours));
        vm.warp(NOW + 1 hours);
        dispute(terms, stands, payer);
    }

    function test_refuses_another_value_than_the_bond() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 value = i == 0 ? bond - 1 : bond + 1;
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, value, bond));
            vm.prank(payer);
            escrow.dispute{value: value}(brief(terms), stands);
        }
    }

    function test_refuses_another_proposal_than_the_one_that_stands() public {
        stands.workerAmount -= 1;
        refuses(terms, payer, abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
    }

    function test_refuses_where_nobody_could_rule() public {
        JobTerms memory other = plain();
        other.salt = 2;
        fund(other);
        submit(other);
        vm.warp(other.verdictBy + 1);
        escrow.settleSilence(brief(other), address(0), RESULT);
        stands = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Undisputable.selector, idOf(other));
        vm.expectRevert(reason);
        vm.prank(payer);
        escrow.dispute(brief(other), stands);
    }

    // ------------------------------------------------------------------ dispute: done

    function test_freezes_the_job_and_locks_the_bond() public {
        address[2] memory parties = [payer, worker];
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory other = windowed();
            other.salt = 10 + i;
            use(other, Outcome.Accept, 1);
            uint256 before = address(escrow).balance;
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Disputed(idOf(terms), parties[i], bond, uint40(NOW + 7 days));
            dispute(terms, stands, parties[i]);
            Job memory slot = escrow.jobs(idOf(terms));
            vm.assertEq(uint256(slot.status), uint256(Status.Disputed), "status");
            vm.assertEq(uint256(slot.disputer), uint256(i == 0 ? Disputer.Payer : Disputer.Worker), "disputer");
            vm.assertEq(slot.clock, NOW + 7 days, "clock");
            vm.assertEq(address(escrow).balance - before, bond, "locked");
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooEarly.selector, NOW, NOW + 7 days));
            escrow.finalize(brief(terms), stands);
        }
    }

    function test_a_bond_is_rounded_up() public {
        JobTerms memory other = windowed();
        (other.salt, other.budget) = (3, 1);
        use(other, Outcome.Accept, 1);
        vm.assertEq(bond, 1, "a twentieth of nearly nothing");
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, 0, 1));
        vm.prank(payer);
        escrow.dispute(brief(terms), stands);
        dispute(terms, stands, payer);
        (other.salt, other.budget, other.disputeBondBps) = (4, 9501, 501); // 476 and one ten-thousandth
        use(other, Outcome.Accept, 1);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Value.selector, 476, 477));
        vm.prank(payer);
        escrow.dispute{value: 476}(brief(terms), stands);
    }

    function test_silence_can_be_disputed_for_a_day() public {
        JobTerms memory other = windowed();
        other.salt = 2;
        fund(other);
        submit(other);
        vm.warp(other.verdictBy + 1);
        escrow.settleSilence(brief(other), address(0), RESULT);
        vm.warp(other.verdictBy + 1 + 1 days);
        stands = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        dispute(other, stands, payer);
        rule(other, stands, 0, true);
        vm.assertEq(payer.balance, MONEY - BUDGET, "the first job alone is still locked");
    }

    // ------------------------------------------------------------------ rule: refused

    function test_rule_refuses_what_is_not_disputed() public {
        vm.expectRevert(inStatus(terms, Status.Proposed));
        rule(terms, stands, 1, true);
    }

    function test_rule_refuses_anybody_but_the_arbiter() public {
        dispute(terms, stands, payer);
        address[3] memory others = [payer, worker, anyone];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_NotArbiter.selector, others[i], arbiter));
            vm.prank(others[i]);
            escrow.rule(brief(terms), 1, true, stands);
        }
    }

    function test_rule_refuses_more_than_the_budget() public {
        dispute(terms, stands, payer);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Ruling.selector, BUDGET + 1, BUDGET));
        rule(terms, stands, BUDGET + 1, true);
    }

    function test_rule_refuses_the_second_after_the_window() public {
        dispute(terms, stands, payer);
        vm.warp(NOW + 7 days + 1);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooLate.selector, NOW + 7 days + 1, NOW + 7 days));
        rule(terms, stands, 1, true);
        vm.warp(NOW + 7 days);
        rule(terms, stands, 1, true);
    }

    function test_rule_refuses_another_proposal_than_the_one_that_stands() public {
        dispute(terms, stands, payer);
        stands.worker = anyone;
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        rule(terms, stands, 1, true);
    }

    // ------------------------------------------------------------------ rule: done

    function test_a_ruling_may_use_the_whole_budget_and_takes_no_fee() public {
        uint256[3] memory amounts = [uint256(0), BUDGET / 3, BUDGET];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 side = 0; side < 2; ++side) {
                for (uint256 wins = 0; wins < 2; ++wins) {
                    JobTerms memory other = withFee(side == 0 ? windowed() : inDollars(windowed()), 400);
                    other.salt = 100 + 10 * i + 2 * side + wins;
                    use(other, Outcome.Accept, BUDGET / 2);
                    rules(amounts[i], side == 0 ? payer : worker, wins == 1);
                }
            }
        }
    }

    function test_says_what_was_ruled() public {
        dispute(terms, stands, worker);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Ruled(idOf(terms), arbiter, 7, false);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Settled(idOf(terms), Outcome.Ruling, 7, BUDGET - 7, 0);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.BondLost(idOf(terms), payer, bond / 2, bond - bond / 2);
        rule(terms, stands, 7, false);
        Job memory slot = escrow.jobs(idOf(terms));
        (stands.outcome, stands.workerAmount) = (Outcome.Ruling, 7);
        vm.assertEq(slot.commit, uint256(keccak256(abi.encode(stands))) & (2 ** 206 - 1), "what was paid");
        vm.assertEq(uint256(slot.disputer), uint256(Disputer.Worker), "who disputed stays on record");
    }

    /// @dev The disputer loses at least half of a lost bond to nobody, however rounding falls.
    function testFuzz_at_least_half_of_a_lost_bond_is_burnt(uint128 budget, uint16 bps, bool byPayer) public {
        JobTerms memory other = windowed();
        (other.salt, other.budget) = (77, budget == 0 ? 1 : budget);
        other.disputeBondBps = uint16(500 + bps % 9501);
        vm.deal(payer, type(uint256).max / 4);
        vm.deal(worker, type(uint256).max / 4);
        use(other, Outcome.Accept, 0);
        uint256 before = BURNT.balance;
        dispute(terms, stands, byPayer ? payer : worker);
        rule(terms, stands, 0, false);
        vm.assertGe(2 * (BURNT.balance - before), bond, "burnt");
        vm.assertGe(bond * 10_000, uint256(other.budget) * other.disputeBondBps, "the bond");
    }

    /// @dev What the arbiter leaves as it was is what was paid: validators who signed it were not overruled.
    function test_an_upheld_proposal_takes_effect_as_it_is() public {
        Outcome[3] memory outcomes = [Outcome.Accept, Outcome.Reject, Outcome.Inconclusive];
        for (uint256 i = 0; i < 3; ++i) {
            JobTerms memory other = withFee(windowed(), 100);
            other.salt = 60 + i;
            uint256 amount = [BUDGET / 2, 0, BUDGET * 99 / 100 * 4 / 10][i];
            terms = other;
            fund(other);
            submit(other);
            propose(other, verdict(outcomes[i], i == 0 ? amount : 0));
            stands = standing(verdict(outcomes[i], 0), amount);
            dispute(other, stands, payer);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Settled(idOf(other), outcomes[i], amount, BUDGET - amount, 0);
            rule(other, stands, amount, false);
            uint256 commit = uint256(keccak256(abi.encode(stands))) & (2 ** 206 - 1);
            vm.assertEq(escrow.jobs(idOf(other)).commit, commit, "what was paid");
        }
    }

    /// @dev Another amount, or the disputer right all the same: that is a ruling.
    function test_what_is_not_upheld_is_a_ruling() public {
        for (uint256 i = 0; i < 3; ++i) {
            JobTerms memory other = windowed();
            other.salt = 60 + i;
            use(other, Outcome.Accept, BUDGET / 2);
            dispute(terms, stands, worker);
            uint256 amount = i == 0 ? BUDGET / 2 : BUDGET / 2 + 1;
            rule(terms, stands, amount, i < 2);
            (stands.outcome, stands.workerAmount) = (Outcome.Ruling, uint128(amount));
            uint256 commit = uint256(keccak256(abi.encode(stands))) & (2 ** 206 - 1);
            vm.assertEq(escrow.jobs(idOf(terms)).commit, commit, "what was paid");
        }
    }

    /// @dev The payer disputes what it knows to be right, to save the fee: whatever fee and bond the terms may have, it
    /// is poorer for it, and the worker is not.
    function testFuzz_a_payer_that_disputes_what_is_right_is_poorer(uint128 budget, uint16 fee, uint16 more) public {
        JobTerms memory other = withFee(windowed(), fee % 1001);
        (other.salt, other.budget) = (88, budget == 0 ? 1 : budget);
        uint16 least = other.feeBps < 500 ? 500 : other.feeBps + 1;
        other.disputeBondBps = least + more % (10_001 - least);
        vm.deal(payer, type(uint256).max / 4);
        uint256 charged = uint256(other.budget) * other.feeBps / 10_000;
        uint256 amount = other.budget - charged;
        use(other, Outcome.Accept, amount);
        uint256 before = payer.balance;
        uint256 snapshot = vm.snapshotState();
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, stands);
        uint256 undisputed = payer.balance - before;
        vm.revertToState(snapshot);
        dispute(terms, stands, payer);
        rule(terms, stands, amount, false);
        vm.assertTrue(payer.balance < before + undisputed, "richer by a dispute that it lost");
        vm.assertGe(worker.balance, amount, "worker");
    }

    // ------------------------------------------------------------------ no ruling

    function test_an_arbiter_who_sleeps_leaves_the_proposal_standing() public {
        address[2] memory parties = [payer, worker];
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory other = withFee(windowed(), 100);
            other.salt = 30 + i;
            use(other, Outcome.Accept, BUDGET / 2);
            uint256[2] memory before = [payer.balance, worker.balance];
            dispute(terms, stands, parties[i]);
            vm.warp(NOW + 7 days + 1);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.BondReturned(idOf(terms), parties[i], bond);
            finalize(terms, stands);
            vm.warp(NOW);
            vm.assertEq(worker.balance - before[1], BUDGET / 2, "worker");
            vm.assertEq(payer.balance - before[0], BUDGET / 2 - BUDGET / 100, "payer");
        }
    }

    /// @dev A worker disputes its own victory, so that the payer cannot: the arbiter still decides about all of it.
    function test_a_self_dispute_binds_no_arbiter() public {
        dispute(terms, stands, worker);
        uint256 before = payer.balance;
        rule(terms, stands, 0, false);
        vm.assertEq(payer.balance - before, BUDGET + bond / 2, "payer");
    }

    // ------------------------------------------------------------------ steps

    function use(JobTerms memory other, Outcome outcome, uint256 amount) private {
        terms = other;
        fund(other);
        submit(other);
        propose(other, verdict(outcome, amount));
        stands = standing(verdict(outcome, amount), amount);
        bond = disputeBond(other);
    }

    function rules(uint256 amount, address by, bool wins) private {
        address token = terms.token;
        uint256[4] memory before =
            [balance(token, payer), balance(token, worker), balance(token, BURNT), balance(token, address(escrow))];
        dispute(terms, stands, by);
        rule(terms, stands, amount, wins);
        uint256 half = bond / 2;
        uint256 toPayer = BUDGET - amount + (by == payer ? (wins ? bond : 0) : (wins ? 0 : half));
        uint256 toWorker = amount + (by == worker ? (wins ? bond : 0) : (wins ? 0 : half));
        if (by == payer) before[0] -= bond;
        else before[1] -= bond;
        vm.assertEq(balance(token, payer) - before[0], toPayer, "payer");
        vm.assertEq(balance(token, worker) - before[1], toWorker, "worker");
        vm.assertEq(balance(token, BURNT) - before[2], wins ? 0 : bond - half, "burnt");
        vm.assertEq(before[3] - balance(token, address(escrow)), BUDGET, "escrow");
        vm.assertEq(balance(token, feeTo), 0, "no fee");
    }

    function refuses(JobTerms memory given, address by, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(by);
        escrow.dispute{value: bond}(brief(given), stands);
    }
}

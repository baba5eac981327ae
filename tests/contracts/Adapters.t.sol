// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Erc792Arbiter, IArbitrator} from "../../contracts/adapters/Erc792Arbiter.sol";
import {Erc8183View} from "../../contracts/adapters/Erc8183View.sol";
import {Reputation} from "../../contracts/adapters/Reputation.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {JobId, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {JobDigests} from "../../contracts/views/JobDigests.sol";
import {Harness} from "./support/Harness.sol";

/// @dev A court that answers what it is told to.
contract Court is IArbitrator {
    uint256 public fee = 3 ether;
    uint256 public disputes;
    uint256 public choices;

    function charge(uint256 next) external {
        fee = next;
    }

    function arbitrationCost(bytes calldata) external view returns (uint256) {
        return fee;
    }

    function createDispute(uint256 count, bytes calldata) external payable returns (uint256) {
        require(msg.value == fee, "fee");
        choices = count;
        return ++disputes;
    }

    function decide(Erc792Arbiter adapter, uint256 disputeId, uint256 ruling) external {
        adapter.rule(disputeId, ruling);
    }
}

contract CourtTest is Harness {
    /// @dev Who deposits for the disputer, and who for the other party.
    address private constant backer = address(0xb1);
    address private constant rival = address(0xb2);

    Court private court;
    Erc792Arbiter private adapter;
    JobTerms private terms;
    Proposal private stands;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        vm.deal(backer, MONEY);
        vm.deal(rival, MONEY);
        vm.deal(anyone, MONEY);
        court = new Court();
        adapter = new Erc792Arbiter(escrow, JobDigests(address(digests)), court, "court 7");
        use(1);
    }

    // ------------------------------------------------------------------ before the court

    function test_every_choice_of_the_court_is_brought_to_the_escrow() public {
        for (uint256 choice = 1; choice <= 12; ++choice) {
            for (uint256 side = 0; side < 2; ++side) {
                use(100 * choice + side);
                dispute(terms, stands, side == 0 ? payer : worker);
                uint256 id = litigate();
                court.decide(adapter, id, choice);
                uint256 amount = choice == 12 ? BUDGET / 2 : BUDGET * (choice - 1) / 10;
                bool wins = side == 0 ? amount < BUDGET / 2 : amount > BUDGET / 2;
                uint256 before = worker.balance;
                adapter.enforce(brief(terms), stands);
                uint256 bond = disputeBond(terms);
                uint256 extra = side == 0 ? (wins ? 0 : bond / 2) : (wins ? bond : 0);
                vm.assertEq(worker.balance - before, amount + extra, "worker");
                expectStatus(terms, Status.Settled);
                withdraws(wins ? backer : rival, 3 ether);
            }
        }
        vm.assertEq(court.choices(), 12, "choices");
        vm.assertEq(address(adapter).balance, 0, "every deposit went to a winner or to the court");
    }

    /// @dev Both deposited, the court had its fee, and the winner is as rich as before.
    function test_the_loser_pays_the_court() public {
        for (uint256 choice = 1; choice <= 12; choice += 11) {
            use(40 + choice);
            dispute(terms, stands, payer);
            uint256[2] memory before = [backer.balance, rival.balance];
            uint256 id = litigate();
            court.decide(adapter, id, choice);
            Erc792Arbiter.Case memory held = Erc792Arbiter.Case(backer, rival, 3 ether, choice);
            vm.assertEq(keccak256(abi.encode(adapter.cases(idOf(terms)))), keccak256(abi.encode(held)), "case");
            adapter.enforce(brief(terms), stands);
            withdraws(choice == 1 ? backer : rival, 3 ether);
            vm.assertEq(before[0] - backer.balance, choice == 1 ? 0 : 3 ether, "the disputer's");
            vm.assertEq(before[1] - rival.balance, choice == 1 ? 3 ether : 0, "the other's");
        }
    }

    /// @dev A court that has become dearer takes its new fee from who answers; the winner has what lies here.
    function test_the_fee_is_that_of_the_day() public {
        dispute(terms, stands, payer);
        escalate();
        court.charge(5 ether);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Fee.selector, 3 ether, 5 ether));
        answer(3 ether);
        uint256 id = answer(5 ether);
        court.decide(adapter, id, 12);
        adapter.enforce(brief(terms), stands);
        withdraws(rival, 3 ether);
        vm.assertEq(address(court).balance, 5 ether, "court");
    }

    function test_a_court_that_decides_nothing_leaves_the_proposal_standing() public {
        dispute(terms, stands, payer);
        uint256 id = litigate();
        court.decide(adapter, id, 0);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NoRuling.selector, idOf(terms)));
        adapter.enforce(brief(terms), stands);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Disputed.selector, idOf(terms)));
        adapter.release(brief(terms));
        vm.warp(NOW + 7 days + 1);
        finalize(terms, stands);
        vm.assertEq(worker.balance, MONEY + BUDGET / 2, "worker");
        adapter.release(brief(terms));
        adapter.release(brief(terms));
        withdraws(backer, 1.5 ether);
        withdraws(rival, 1.5 ether);
    }

    function test_only_the_court_rules_and_only_once() public {
        dispute(terms, stands, payer);
        uint256 id = litigate();
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotRuling.selector, anyone, id));
        vm.prank(anyone);
        adapter.rule(id, 11);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotRuling.selector, address(court), 77));
        court.decide(adapter, 77, 11);
        court.decide(adapter, id, 11);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotRuling.selector, address(court), id));
        court.decide(adapter, id, 1);
        adapter.enforce(brief(terms), stands);
        vm.assertEq(worker.balance, MONEY + BUDGET + disputeBond(terms) / 2, "worker");
    }

    // ------------------------------------------------------------------ not before the court

    /// @dev Disputing and leaving it at that delays for a quarter of the window, and costs the bond.
    function test_a_dispute_that_nobody_takes_to_the_court_upholds_the_proposal() public {
        address[2] memory parties = [payer, worker];
        for (uint256 i = 0; i < 2; ++i) {
            use(60 + i);
            uint256[2] memory before = [payer.balance, worker.balance];
            dispute(terms, stands, parties[i]);
            vm.warp(NOW + 7 days / 4);
            vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotForfeited.selector, idOf(terms)));
            adapter.forfeit(brief(terms), stands);
            vm.warp(NOW + 7 days / 4 + 1);
            vm.expectRevert(tooLate(7 days / 4));
            escalate();
            vm.expectEmit(true, true, true, true, address(adapter));
            emit Erc792Arbiter.Forfeited(idOf(terms), false);
            adapter.forfeit(brief(terms), stands);
            uint256 bond = disputeBond(terms);
            uint256[2] memory due = [BUDGET / 2, BUDGET / 2];
            due[1 - i] += bond / 2;
            if (i == 0) due[0] -= bond;
            else due[1] -= bond;
            vm.assertEq(payer.balance, before[0] + due[0], "payer");
            vm.assertEq(worker.balance, before[1] + due[1], "worker");
            uint256 commit = uint256(keccak256(abi.encode(stands))) & (2 ** 206 - 1);
            vm.assertEq(escrow.jobs(idOf(terms)).commit, commit, "upheld");
            vm.warp(NOW);
        }
    }

    /// @dev Who is wrong does not go to court; who is right pays nothing.
    function test_a_side_that_does_not_answer_has_lost() public {
        address[2] memory parties = [payer, worker];
        for (uint256 i = 0; i < 2; ++i) {
            use(80 + i);
            uint256[3] memory before = [payer.balance, worker.balance, backer.balance];
            dispute(terms, stands, parties[i]);
            escalate();
            vm.warp(NOW + 7 days / 2);
            vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotForfeited.selector, idOf(terms)));
            adapter.forfeit(brief(terms), stands);
            vm.warp(NOW + 7 days / 2 + 1);
            vm.expectRevert(tooLate(7 days / 2));
            answer(3 ether);
            vm.expectEmit(true, true, true, true, address(adapter));
            emit Erc792Arbiter.Forfeited(idOf(terms), true);
            adapter.forfeit(brief(terms), stands);
            vm.assertEq(payer.balance - before[0], i == 0 ? BUDGET : 0, "payer");
            vm.assertEq(worker.balance - before[1], i == 0 ? 0 : BUDGET, "worker");
            withdraws(backer, 3 ether);
            vm.assertEq(backer.balance, before[2], "the court was not asked");
            vm.warp(NOW);
        }
    }

    function test_nobody_forfeits_before_the_court() public {
        dispute(terms, stands, payer);
        litigate();
        vm.warp(NOW + 7 days);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotForfeited.selector, idOf(terms)));
        adapter.forfeit(brief(terms), stands);
    }

    function test_a_deposit_comes_back_where_the_parties_agree() public {
        dispute(terms, stands, payer);
        escalate();
        bytes memory agreed = agreement(terms, Status.Disputed, uint40(NOW));
        escrow.cancel(brief(terms), nothing(), uint40(NOW), agreed);
        adapter.release(brief(terms));
        withdraws(backer, 3 ether);
        vm.assertEq(address(adapter).balance, 0, "nothing stays");
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_jobs_that_are_not_disputed_before_it() public {
        bytes memory reason = abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotDisputed.selector, idOf(terms));
        vm.expectRevert(reason);
        adapter.escalate{value: 0}(brief(terms));
        vm.expectRevert(reason);
        adapter.answer(brief(terms));
        vm.expectRevert(reason);
        adapter.forfeit(brief(terms), stands);
        JobTerms memory other = windowed();
        other.salt = 9;
        fund(other);
        submit(other);
        propose(other, accept(BUDGET / 2));
        dispute(other, stands, payer);
        reason = abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotDisputed.selector, idOf(other));
        vm.expectRevert(reason);
        adapter.escalate(brief(other));
        vm.warp(NOW + 6 days);
        vm.expectRevert(reason);
        adapter.forfeit(brief(other), stands);
    }

    function test_refuses_a_second_time_and_another_fee() public {
        dispute(terms, stands, payer);
        bytes memory closed = abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotOpen.selector, idOf(terms));
        vm.expectRevert(closed);
        answer(3 ether);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Fee.selector, 1, 3 ether));
        vm.prank(anyone);
        adapter.escalate{value: 1}(brief(terms));
        escalate();
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Escalated.selector, idOf(terms)));
        escalate();
        answer(3 ether);
        vm.expectRevert(closed);
        answer(3 ether);
    }

    function test_refuses_a_withdrawal_of_nothing_and_one_that_fails() public {
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NoCredit.selector, anyone));
        vm.prank(anyone);
        adapter.withdraw(anyone);
        dispute(terms, stands, payer);
        escalate();
        vm.warp(NOW + 5 days);
        adapter.forfeit(brief(terms), stands);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Withdrawal.selector, address(court)));
        vm.prank(backer);
        adapter.withdraw(address(court));
        withdraws(backer, 3 ether);
    }

    // ------------------------------------------------------------------ steps

    function use(uint256 salt) private {
        terms = windowed();
        (terms.arbiter, terms.salt) = (address(adapter), salt);
        fund(terms);
        submit(terms);
        propose(terms, accept(BUDGET / 2));
        stands = standing(accept(BUDGET / 2), BUDGET / 2);
    }

    function escalate() private {
        bytes memory packed_ = brief(terms);
        vm.prank(backer);
        adapter.escalate{value: 3 ether}(packed_);
    }

    function answer(uint256 fee) private returns (uint256) {
        bytes memory packed_ = brief(terms);
        vm.prank(rival);
        return adapter.answer{value: fee}(packed_);
    }

    function litigate() private returns (uint256) {
        escalate();
        return answer(3 ether);
    }

    function withdraws(address account, uint256 amount) private {
        uint256 before = account.balance;
        vm.prank(account);
        vm.assertEq(adapter.withdraw(account), amount, "withdrawn");
        vm.assertEq(account.balance - before, amount, "received");
    }

    function tooLate(uint256 after_) private view returns (bytes memory) {
        return abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_TooLate.selector, block.timestamp, NOW + after_);
    }
}

contract ReputationTest is Harness {
    Reputation private reputation;

    function setUp() public override {
        super.setUp();
        reputation = new Reputation(escrow, JobDigests(address(digests)));
    }

    function test_counts_every_way_to_end_once() public {
        JobTerms memory terms = opened(1, plain());
        propose(terms, accept(BUDGET / 4));
        countOnce(terms, standing(accept(BUDGET / 4), BUDGET / 4));
        terms = opened(2, plain());
        propose(terms, verdict(Outcome.Reject, 0));
        countOnce(terms, standing(verdict(Outcome.Reject, 0), 0));
        terms = opened(3, plain());
        propose(terms, verdict(Outcome.Inconclusive, 0));
        countOnce(terms, standing(verdict(Outcome.Inconclusive, 0), BUDGET * 4 / 10));
        terms = opened(4, plain());
        vm.warp(terms.verdictBy + 1);
        escrow.settleSilence(brief(terms), address(0), RESULT);
        vm.warp(terms.verdictBy + 1 days + 2);
        Proposal memory silent = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        finalize(terms, silent);
        countOnce(terms, silent);
        vm.warp(NOW);
        terms = opened(5, windowed());
        propose(terms, accept(BUDGET));
        Proposal memory ruled = standing(accept(BUDGET), BUDGET);
        dispute(terms, ruled, payer);
        rule(terms, ruled, 9, true);
        (ruled.outcome, ruled.workerAmount) = (Outcome.Ruling, 9);
        countOnce(terms, ruled);

        Reputation.WorkerRecord memory found = reputation.workerRecord(worker, NATIVE);
        uint256[6] memory counts =
            [uint256(found.accepted), found.rejected, found.inconclusive, found.silent, found.ruled, found.disputed];
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(counts[i], 1, "count");
        }
        vm.assertEq(found.earned, BUDGET / 4 + BUDGET * 4 / 10 + BUDGET / 2 + 9, "earned");
        vm.assertEq(found.budgets, 5 * BUDGET, "budgets");
        vm.assertEq(reputation.workerRecord(worker, address(dollar)).budgets, 0, "another token");
        for (uint256 i = 0; i < 5; ++i) {
            Reputation.ValidatorRecord memory validator = reputation.validatorRecord(vm.addr(keys[i]));
            vm.assertEq(validator.stood, i % 2 == 0 ? 3 : 0, "stood");
            vm.assertEq(validator.overruled, i % 2 == 0 ? 1 : 0, "overruled");
        }
    }

    /// @dev A payer disputes and loses: the verdict took effect, and nobody was overruled.
    function test_an_upheld_verdict_stood() public {
        JobTerms memory terms = opened(1, windowed());
        propose(terms, accept(BUDGET / 2));
        Proposal memory upheld = standing(accept(BUDGET / 2), BUDGET / 2);
        dispute(terms, upheld, payer);
        rule(terms, upheld, BUDGET / 2, false);
        countOnce(terms, upheld);
        Reputation.ValidatorRecord memory validator = reputation.validatorRecord(vm.addr(keys[0]));
        vm.assertEq(validator.stood, 1, "stood");
        vm.assertEq(validator.overruled, 0, "overruled");
        Reputation.WorkerRecord memory found = reputation.workerRecord(worker, NATIVE);
        vm.assertEq(found.accepted, 1, "accepted");
        vm.assertEq(found.disputed, 1, "disputed");
        vm.assertEq(found.ruled, 0, "ruled");
    }

    function test_refuses_what_is_not_settled_or_was_not_paid() public {
        JobTerms memory terms = opened(1, windowed());
        Proposal memory paid = standing(accept(1), 1);
        bytes memory reason = abi.encodeWithSelector(Reputation.Reputation_NotSettled.selector, idOf(terms));
        vm.expectRevert(reason);
        reputation.count(pack(terms), paid);
        propose(terms, accept(1));
        vm.expectRevert(reason);
        reputation.count(pack(terms), paid);
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, paid);
        vm.expectRevert(abi.encodeWithSelector(Reputation.Reputation_BriefTerms.selector));
        reputation.count(brief(terms), paid);
        paid.workerAmount = 2;
        vm.expectRevert(abi.encodeWithSelector(Reputation.Reputation_NotPaid.selector, idOf(terms)));
        reputation.count(pack(terms), paid);
    }

    function test_refuses_a_job_that_went_back() public {
        JobTerms memory terms = plain();
        fund(terms);
        vm.warp(terms.submitBy + 1);
        escrow.refund(brief(terms));
        vm.expectRevert(abi.encodeWithSelector(Reputation.Reputation_NotSettled.selector, idOf(terms)));
        reputation.count(pack(terms), nothing());
    }

    function opened(uint256 salt, JobTerms memory terms) private returns (JobTerms memory) {
        terms.salt = salt;
        fund(terms);
        submit(terms);
        return terms;
    }

    function countOnce(JobTerms memory terms, Proposal memory paid) private {
        reputation.count(pack(terms), paid);
        vm.expectRevert(abi.encodeWithSelector(Reputation.Reputation_Counted.selector, idOf(terms)));
        reputation.count(pack(terms), paid);
    }
}

contract Erc8183ViewTest is Harness {
    Erc8183View private view_;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        view_ = new Erc8183View(escrow, JobDigests(address(digests)));
    }

    function test_a_job_reads_as_the_standard_has_it_all_its_life() public {
        JobTerms memory terms = openJob();
        vm.expectRevert(abi.encodeWithSelector(Erc8183View.Erc8183View_NotFunded.selector, idOf(terms)));
        view_.publish(pack(terms));
        fund(terms);
        uint256 id = view_.publish(brief(terms));
        vm.assertEq(id, uint256(JobId.unwrap(idOf(terms))), "id");
        Erc8183View.JobView memory job = view_.getJob(id);
        vm.assertEq(job.client, payer, "client");
        vm.assertEq(job.provider, address(0), "nobody yet");
        vm.assertEq(job.evaluator, address(escrow), "evaluator");
        vm.assertEq(job.budget, BUDGET, "budget");
        vm.assertEq(job.expiredAt, terms.submitBy, "expiredAt");
        vm.assertEq(bytes(job.description), bytes(vm.toString(terms.specHash)), "description");
        expect(id, Erc8183View.JobStatus.Funded);
        claim(terms, worker);
        expect(id, Erc8183View.JobStatus.Funded);
        deliver(terms, worker);
        expect(id, Erc8183View.JobStatus.Submitted);
        SignedVerdict memory found = accept(1);
        found.claimer = worker;
        propose(terms, found);
        expect(id, Erc8183View.JobStatus.Submitted);
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, standing(found, 1));
        bytes memory reason = abi.encodeWithSelector(Erc8183View.Erc8183View_NotConcluded.selector, idOf(terms));
        vm.expectRevert(reason);
        view_.getJob(id);
        vm.expectRevert(reason);
        view_.conclude(idOf(terms), standing(found, 2));
        view_.conclude(idOf(terms), standing(found, 1));
        expect(id, Erc8183View.JobStatus.Completed);
        vm.assertEq(view_.getJob(id).provider, worker, "provider");
    }

    function test_a_job_that_paid_the_worker_nothing_is_rejected_and_one_that_went_back_expired() public {
        JobTerms memory terms = plain();
        fund(terms);
        submit(terms);
        propose(terms, verdict(Outcome.Reject, 0));
        uint256 id = view_.publish(pack(terms));
        view_.conclude(idOf(terms), standing(verdict(Outcome.Reject, 0), 0));
        expect(id, Erc8183View.JobStatus.Rejected);
        terms.salt = 2;
        fund(terms);
        vm.warp(terms.submitBy + 1);
        escrow.refund(brief(terms));
        expect(view_.publish(pack(terms)), Erc8183View.JobStatus.Expired);
    }

    /// @dev Garbage that nobody judged is paid its silence share, and is not called complete.
    function test_what_nobody_has_found_good_is_not_completed() public {
        JobTerms memory terms = plain();
        fund(terms);
        submit(terms);
        vm.warp(terms.verdictBy + 1);
        escrow.settleSilence(brief(terms), address(0), RESULT);
        vm.warp(terms.verdictBy + 1 days + 2);
        Proposal memory silent = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        finalize(terms, silent);
        uint256 id = view_.publish(pack(terms));
        view_.conclude(idOf(terms), silent);
        expect(id, Erc8183View.JobStatus.Expired);
        vm.warp(NOW);
        terms.salt = 2;
        fund(terms);
        submit(terms);
        propose(terms, verdict(Outcome.Inconclusive, 0));
        id = view_.publish(pack(terms));
        view_.conclude(idOf(terms), standing(verdict(Outcome.Inconclusive, 0), BUDGET * 4 / 10));
        expect(id, Erc8183View.JobStatus.Expired);
    }

    /// @dev A ruling is somebody's judgement again.
    function test_what_a_ruling_gives_something_is_completed() public {
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory terms = windowed();
            terms.salt = 3 + i;
            fund(terms);
            submit(terms);
            propose(terms, verdict(Outcome.Inconclusive, 0));
            Proposal memory stands = standing(verdict(Outcome.Inconclusive, 0), BUDGET * 4 / 10);
            dispute(terms, stands, worker);
            rule(terms, stands, i * BUDGET, true);
            (stands.outcome, stands.workerAmount) = (Outcome.Ruling, uint128(i * BUDGET));
            uint256 id = view_.publish(pack(terms));
            view_.conclude(idOf(terms), stands);
            expect(id, i == 0 ? Erc8183View.JobStatus.Rejected : Erc8183View.JobStatus.Completed);
        }
    }

    function test_refuses_what_nobody_published() public {
        JobTerms memory terms = plain();
        fund(terms);
        bytes memory reason = abi.encodeWithSelector(Erc8183View.Erc8183View_Unknown.selector, idOf(terms));
        vm.expectRevert(reason);
        view_.getJob(uint256(JobId.unwrap(idOf(terms))));
        vm.expectRevert(reason);
        view_.conclude(idOf(terms), nothing());
    }

    function expect(uint256 id, Erc8183View.JobStatus status) private view {
        vm.assertEq(uint256(view_.getJob(id).status), uint256(status), "status");
    }
}

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
    uint256 public constant FEE = 3 ether;
    uint256 public disputes;
    uint256 public choices;

    function arbitrationCost(bytes calldata) external pure returns (uint256) {
        return FEE;
    }

    function createDispute(uint256 count, bytes calldata) external payable returns (uint256) {
        require(msg.value == FEE, "fee");
        choices = count;
        return ++disputes;
    }

    function decide(Erc792Arbiter adapter, uint256 disputeId, uint256 ruling) external {
        adapter.rule(disputeId, ruling);
    }
}

contract CourtTest is Harness {
    Court private court;
    Erc792Arbiter private adapter;
    JobTerms private terms;
    Proposal private stands;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        vm.deal(anyone, MONEY);
        court = new Court();
        adapter = new Erc792Arbiter(escrow, JobDigests(address(digests)), court, "court 7");
        use(1);
    }

    function test_every_choice_of_the_court_is_brought_to_the_escrow() public {
        for (uint256 choice = 1; choice <= 12; ++choice) {
            for (uint256 side = 0; side < 2; ++side) {
                use(100 * choice + side);
                dispute(terms, stands, side == 0 ? payer : worker);
                uint256 id = escalate();
                court.decide(adapter, id, choice);
                uint256 amount = choice == 12 ? BUDGET / 2 : BUDGET * (choice - 1) / 10;
                bool wins = side == 0 ? amount < BUDGET / 2 : amount > BUDGET / 2;
                uint256 before = worker.balance;
                adapter.enforce(brief(terms), stands);
                uint256 bond = disputeBond(terms);
                uint256 extra = side == 0 ? (wins ? 0 : bond / 2) : (wins ? bond : 0);
                vm.assertEq(worker.balance - before, amount + extra, "worker");
                expectStatus(terms, Status.Settled);
            }
        }
        vm.assertEq(court.choices(), 12, "choices");
        vm.assertEq(address(adapter).balance, 0, "the adapter holds nothing");
    }

    function test_a_court_that_decides_nothing_leaves_the_proposal_standing() public {
        dispute(terms, stands, payer);
        uint256 id = escalate();
        court.decide(adapter, id, 0);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NoRuling.selector, idOf(terms)));
        adapter.enforce(brief(terms), stands);
        vm.warp(NOW + 7 days + 1);
        finalize(terms, stands);
        vm.assertEq(worker.balance, MONEY + BUDGET / 2, "worker");
    }

    function test_refuses_jobs_that_are_not_disputed_before_it() public {
        bytes memory reason = abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotDisputed.selector, idOf(terms));
        vm.expectRevert(reason);
        adapter.escalate{value: 0}(brief(terms));
        JobTerms memory other = windowed();
        other.salt = 9;
        fund(other);
        submit(other);
        propose(other, accept(BUDGET / 2));
        dispute(other, stands, payer);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_NotDisputed.selector, idOf(other)));
        adapter.escalate(brief(other));
    }

    function test_refuses_a_second_time_and_another_fee() public {
        dispute(terms, stands, payer);
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Fee.selector, 1, 3 ether));
        vm.prank(anyone);
        adapter.escalate{value: 1}(brief(terms));
        escalate();
        vm.expectRevert(abi.encodeWithSelector(Erc792Arbiter.Erc792Arbiter_Escalated.selector, idOf(terms)));
        vm.prank(anyone);
        adapter.escalate{value: 3 ether}(brief(terms));
    }

    function test_only_the_court_rules_and_only_once() public {
        dispute(terms, stands, payer);
        uint256 id = escalate();
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

    function use(uint256 salt) private {
        terms = windowed();
        (terms.arbiter, terms.salt) = (address(adapter), salt);
        fund(terms);
        submit(terms);
        propose(terms, accept(BUDGET / 2));
        stands = standing(accept(BUDGET / 2), BUDGET / 2);
    }

    function escalate() private returns (uint256) {
        vm.prank(anyone);
        return adapter.escalate{value: 3 ether}(brief(terms));
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

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Outcome, Proposal, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract SilenceTest is Harness {
    uint256 private constant SHARE = BUDGET / 2;

    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = withFee(plain(), 1000);
        fund(terms);
        submit(terms);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_a_job_without_a_submission() public {
        vm.warp(terms.verdictBy + 1);
        terms.salt = 2;
        refuses(RESULT, inStatus(terms, Status.None));
        vm.warp(NOW);
        fund(terms);
        vm.warp(terms.verdictBy + 1);
        refuses(RESULT, inStatus(terms, Status.Funded));
    }

    function test_refuses_the_last_second_for_verdicts() public {
        vm.warp(terms.verdictBy);
        refuses(RESULT, abi.encodeWithSelector(JobEscrow_TooEarly.selector, terms.verdictBy, terms.verdictBy));
    }

    function test_refuses_another_submission() public {
        vm.warp(terms.verdictBy + 1);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms));
        refuses(EVIDENCE, reason);
        // A claimer says nothing where the terms name the worker.
        escrow.settleSilence(brief(terms), anyone, RESULT);
    }

    function test_promise4_refuses_silence_where_a_verdict_stands() public {
        JobTerms memory next = windowed();
        fund(next);
        submit(next);
        vm.warp(next.verdictBy);
        propose(next, verdict(Outcome.Reject, 0));
        vm.warp(next.verdictBy + 1);
        terms = next;
        refuses(RESULT, inStatus(next, Status.Proposed));
    }

    function test_promise4_refuses_a_verdict_where_silence_stands() public {
        silence();
        bytes memory signatures = attest(terms, accept(1));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        escrow.propose(pack(terms), accept(1), signatures);
    }

    // ------------------------------------------------------------------ done

    function test_proposes_the_share_for_a_day() public {
        vm.warp(terms.verdictBy + 1);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Proposed(
            idOf(terms),
            worker,
            RESULT,
            Outcome.Silence,
            uint128(SHARE),
            0,
            0,
            bytes32(0),
            terms.verdictBy + 1 + uint40(1 days)
        );
        silence();
        expectStatus(terms, Status.Proposed);
    }

    function test_waits_longer_where_the_window_is_longer() public {
        terms = windowed();
        terms.challengeWindow = 3 days;
        fund(terms);
        submit(terms);
        silence();
        vm.assertEq(escrow.jobs(idOf(terms)).clock, terms.verdictBy + 1 + 3 days, "clock");
        terms = windowed();
        fund2(terms);
        silence();
        vm.assertEq(escrow.jobs(idOf(terms)).clock, terms.verdictBy + 1 + 1 days, "clock, a short window");
        terms.challengeWindow = 1 days - 1;
        fund2(terms);
        silence();
        vm.assertEq(escrow.jobs(idOf(terms)).clock, terms.verdictBy + 1 + 1 days, "clock, a second short of a day");
    }

    function test_pays_the_share_without_a_fee_after_the_day() public {
        silence();
        uint256 last = terms.verdictBy + 1 + 1 days;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooEarly.selector, last, last));
        escrow.finalize(pack(terms), standing());
        vm.warp(last + 1);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Settled(idOf(terms), Outcome.Silence, SHARE, BUDGET - SHARE, 0);
        finalize(terms, standing());
        vm.assertEq(worker.balance, SHARE, "worker");
        vm.assertEq(payer.balance, MONEY - SHARE, "payer");
        vm.assertEq(feeTo.balance, 0, "no fee: nobody judged");
    }

    // ------------------------------------------------------------------ steps

    function silence() private {
        vm.warp(terms.verdictBy + 1);
        escrow.settleSilence(brief(terms), address(0), RESULT);
    }

    function fund2(JobTerms memory next) private {
        vm.warp(NOW);
        fund(next);
        submit(next);
    }

    function standing() private view returns (Proposal memory) {
        return Proposal(worker, RESULT, Outcome.Silence, uint128(SHARE), 0);
    }

    function refuses(bytes32 result, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.settleSilence(brief(terms), address(0), result);
    }
}

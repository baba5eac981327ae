// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract FinalizeTest is Harness {
    JobTerms private terms;
    Proposal private proposal;

    function setUp() public override {
        super.setUp();
        open(windowed(), accept(BUDGET), BUDGET);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_a_job_without_a_proposal() public {
        JobTerms memory next = windowed();
        next.salt = 2;
        refuses(next, proposal, inStatus(next, Status.None));
        fund(next);
        refuses(next, proposal, inStatus(next, Status.Funded));
        submit(next);
        refuses(next, proposal, inStatus(next, Status.Submitted));
    }

    function test_refuses_the_last_second_of_the_window() public {
        vm.warp(NOW + 1 hours);
        refuses(terms, proposal, abi.encodeWithSelector(JobEscrow_TooEarly.selector, NOW + 1 hours, NOW + 1 hours));
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, proposal);
    }

    function test_refuses_another_proposal_than_the_one_that_stands() public {
        vm.warp(NOW + 1 days);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms));
        for (uint256 i = 0; i < 5; ++i) {
            Proposal memory other = proposal;
            if (i == 0) other.worker = anyone;
            if (i == 1) other.resultHash = EVIDENCE;
            if (i == 2) other.outcome = Outcome.Reject;
            if (i == 3) other.workerAmount -= 1;
            if (i == 4) other.signers = 0x1f;
            refuses(terms, other, reason);
        }
    }

    function test_promise3_refuses_a_second_time() public {
        vm.warp(NOW + 1 days);
        finalize(terms, proposal);
        refuses(terms, proposal, inStatus(terms, Status.Settled));
    }

    // ------------------------------------------------------------------ done

    function test_a_window_of_a_second_is_one() public {
        JobTerms memory next = windowed();
        (next.salt, next.challengeWindow) = (2, 1);
        fund(next);
        submit(next);
        propose(next, accept(1));
        expectStatus(next, Status.Proposed);
        vm.warp(NOW + 2);
        finalize(next, standing(accept(1), 1));
        expectStatus(next, Status.Settled);
    }

    function test_pays_what_was_accepted() public {
        pays(BUDGET, 0);
    }

    function test_pays_back_what_was_rejected() public {
        open(windowed(), verdict(Outcome.Reject, 0), 0);
        pays(0, 0);
    }

    function test_pays_the_share_and_the_fee_of_an_inconclusive_verdict() public {
        uint256 fee = BUDGET / 50;
        uint256 share = (BUDGET - fee) * 4000 / 10_000;
        open(withFee(inDollars(windowed()), 200), verdict(Outcome.Inconclusive, 0), share);
        pays(share, fee);
    }

    function test_says_what_was_paid() public {
        vm.warp(NOW + 1 days);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Settled(idOf(terms), Outcome.Accept, BUDGET, 0, 0);
        finalize(terms, proposal);
    }

    // ------------------------------------------------------------------ steps

    function open(JobTerms memory next, SignedVerdict memory found, uint256 paid) private {
        next.salt = uint256(keccak256(abi.encode(next, found.outcome)));
        terms = next;
        fund(next);
        submit(next);
        propose(next, found);
        proposal = standing(found, paid);
    }

    function pays(uint256 workerPaid, uint256 fee) private {
        vm.warp(NOW + 1 hours + 1);
        uint256[3] memory before =
            [balance(terms.token, worker), balance(terms.token, payer), balance(terms.token, feeTo)];
        finalize(terms, proposal);
        expectStatus(terms, Status.Settled);
        vm.assertEq(balance(terms.token, worker) - before[0], workerPaid, "worker");
        vm.assertEq(balance(terms.token, payer) - before[1], BUDGET - workerPaid - fee, "payer");
        vm.assertEq(balance(terms.token, feeTo) - before[2], fee, "fee");
    }

    function refuses(JobTerms memory next, Proposal memory given, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.finalize(pack(next), given);
    }
}

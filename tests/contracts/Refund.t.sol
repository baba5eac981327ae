// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract RefundTest is Harness {
    // ------------------------------------------------------------------ refused

    /// @dev This drained a published reference escrow.
    function test_promise2_refuses_a_job_that_was_never_funded() public {
        JobTerms memory locked = plain();
        fund(locked);
        JobTerms memory terms = plain();
        terms.payer = anyone;
        terms.salt = 2;
        vm.warp(terms.submitBy + 1);
        refuses(terms, inStatus(terms, Status.None));
        vm.assertEq(address(escrow).balance, BUDGET, "the other job's budget");
    }

    function test_refuses_the_last_second_for_submissions() public {
        JobTerms memory terms = plain();
        fund(terms);
        vm.warp(terms.submitBy);
        refuses(terms, abi.encodeWithSelector(JobEscrow_TooEarly.selector, terms.submitBy, terms.submitBy));
    }

    function test_promise6_refuses_a_job_with_a_submission() public {
        JobTerms memory terms = windowed();
        fund(terms);
        submit(terms);
        vm.warp(terms.submitBy + 1);
        refuses(terms, inStatus(terms, Status.Submitted));
        propose(terms, accept(BUDGET));
        refuses(terms, inStatus(terms, Status.Proposed));
        vm.warp(terms.submitBy + 2 hours);
        finalize(terms, standing(accept(BUDGET), BUDGET));
        refuses(terms, inStatus(terms, Status.Settled));
    }

    function test_promise3_refuses_a_second_time() public {
        JobTerms memory terms = plain();
        fund(terms);
        terms.salt = 2;
        fund(terms);
        vm.warp(terms.submitBy + 1);
        escrow.refund(pack(terms));
        refuses(terms, inStatus(terms, Status.Refunded));
        vm.assertEq(address(escrow).balance, BUDGET, "the other job's budget");
    }

    // ------------------------------------------------------------------ done

    function test_returns_everything_and_no_fee() public {
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory terms = withFee(i == 0 ? plain() : inDollars(plain()), 1000);
            uint256 before = balance(terms.token, payer);
            vm.warp(NOW);
            fund(terms);
            vm.warp(terms.submitBy + 1);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Refunded(idOf(terms), payer, BUDGET);
            vm.prank(anyone);
            escrow.refund(pack(terms));
            vm.assertEq(balance(terms.token, payer), before, "payer");
            vm.assertEq(balance(terms.token, feeTo), 0, "fee");
            Job memory slot = escrow.jobs(idOf(terms));
            vm.assertEq(uint256(slot.status), uint256(Status.Refunded), "status");
            vm.assertEq(slot.clock + slot.commit, 0, "nothing left in the slot but the status");
        }
    }

    function refuses(JobTerms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(terms.payer);
        escrow.refund(pack(terms));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract CancelTest is Harness {
    uint40 private constant EXPIRY = uint40(NOW + 1 hours);

    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = windowed();
        fund(terms);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_a_job_that_does_not_live() public {
        JobTerms memory next = plain();
        bytes memory agreed = agreement(next, Status.None, EXPIRY);
        refuses(next, EXPIRY, agreed, inStatus(next, Status.None));
        fund(next);
        submit(next);
        propose(next, accept(0));
        agreed = agreement(next, Status.Settled, EXPIRY);
        refuses(next, EXPIRY, agreed, inStatus(next, Status.Settled));
        cancel(Status.Funded);
        agreed = agreement(terms, Status.Refunded, EXPIRY);
        refuses(terms, EXPIRY, agreed, inStatus(terms, Status.Refunded));
    }

    function test_refuses_one_party_alone() public {
        bytes32 digest = agreementDigest(terms, Status.Funded, EXPIRY);
        bytes memory mine = sign(payerKey, digest);
        bytes memory theirs = sign(workerKey, digest);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest);
        refuses(terms, EXPIRY, bytes.concat(mine, mine), reason);
        refuses(terms, EXPIRY, bytes.concat(mine, new bytes(65)), reason);
        reason = abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest);
        refuses(terms, EXPIRY, bytes.concat(theirs, theirs), reason);
        refuses(terms, EXPIRY, bytes.concat(theirs, mine), reason);
        refuses(terms, EXPIRY, mine, abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 65, 130));
        refuses(terms, EXPIRY, "", abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 0, 65));
        bytes memory three = bytes.concat(mine, theirs, hex"00");
        refuses(terms, EXPIRY, three, abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 131, 130));
    }

    /// @dev Who calls has said so; the other one must sign all the same.
    function test_a_party_that_calls_need_not_sign() public {
        bytes32 digest = agreementDigest(terms, Status.Funded, EXPIRY);
        bytes memory theirs = sign(workerKey, digest);
        bytes memory mine = sign(payerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 0, 65));
        vm.prank(payer);
        escrow.cancel(brief(terms), nothing(), EXPIRY, "");
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest));
        vm.prank(payer);
        escrow.cancel(brief(terms), nothing(), EXPIRY, mine);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
        vm.prank(worker);
        escrow.cancel(brief(terms), nothing(), EXPIRY, theirs);
        uint256 snapshot = vm.snapshotState();
        vm.prank(payer);
        escrow.cancel(brief(terms), nothing(), EXPIRY, theirs);
        expectStatus(terms, Status.Refunded);
        vm.revertToState(snapshot);
        vm.prank(worker);
        escrow.cancel(brief(terms), nothing(), EXPIRY, mine);
        expectStatus(terms, Status.Refunded);
    }

    function test_refuses_the_mirror_image_of_a_signature() public {
        bytes32 digest = agreementDigest(terms, Status.Funded, EXPIRY);
        bytes memory mirrored = bytes.concat(sign(payerKey, digest), mirror(workerKey, digest));
        refuses(terms, EXPIRY, mirrored, abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest));
    }

    function test_refuses_an_agreement_that_expired() public {
        bytes memory agreed = agreement(terms, Status.Funded, EXPIRY);
        vm.warp(EXPIRY + 1);
        refuses(terms, EXPIRY, agreed, abi.encodeWithSelector(JobEscrow_TooLate.selector, EXPIRY + 1, EXPIRY));
        bytes32 later = agreementDigest(terms, Status.Funded, EXPIRY + 1);
        refuses(terms, EXPIRY + 1, agreed, abi.encodeWithSelector(JobEscrow_Signature.selector, payer, later));
        vm.warp(EXPIRY);
        escrow.cancel(pack(terms), nothing(), EXPIRY, agreed);
    }

    /// @dev The worker agreed to call off a job that it had not done yet.
    function test_refuses_an_agreement_from_before_the_submission() public {
        bytes memory old = agreement(terms, Status.Funded, EXPIRY);
        submit(terms);
        bytes32 digest = agreementDigest(terms, Status.Submitted, EXPIRY);
        refuses(terms, EXPIRY, old, abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
        old = agreement(terms, Status.Submitted, EXPIRY);
        propose(terms, accept(BUDGET));
        digest = agreementDigest(terms, Status.Proposed, EXPIRY);
        refuses(terms, EXPIRY, old, abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
    }

    /// @dev Of the slot's every part.
    function test_refuses_an_agreement_that_says_another_time_or_result() public {
        submit(terms);
        Job memory slot = escrow.jobs(idOf(terms));
        bytes32 wanted = agreementDigest(terms, Status.Submitted, EXPIRY);
        vm.assertEq(
            digests.cancelDigest(idOf(terms), Status.Submitted, 0, slot.clock, slot.commit, EXPIRY), wanted, "the view"
        );
        bytes32[2] memory others = [
            digests.cancelDigest(idOf(terms), Status.Submitted, 0, slot.clock + 1, slot.commit, EXPIRY),
            digests.cancelDigest(idOf(terms), Status.Submitted, 0, slot.clock, slot.commit ^ 1, EXPIRY)
        ];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory both = bytes.concat(sign(payerKey, others[i]), sign(workerKey, others[i]));
            refuses(terms, EXPIRY, both, abi.encodeWithSelector(JobEscrow_Signature.selector, payer, wanted));
        }
    }

    function test_refuses_an_agreement_about_another_job() public {
        JobTerms memory next = windowed();
        next.salt = 2;
        fund(next);
        bytes32 digest = agreementDigest(next, Status.Funded, EXPIRY);
        bytes memory other = agreement(terms, Status.Funded, EXPIRY);
        refuses(next, EXPIRY, other, abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
    }

    // ------------------------------------------------------------------ done

    function test_returns_everything_from_every_live_status() public {
        cancel(Status.Funded);
        fundAnother(2);
        submit(terms);
        cancel(Status.Submitted);
        fundAnother(3);
        submit(terms);
        propose(terms, accept(BUDGET));
        cancel(Status.Proposed);
        terms = inDollars(terms);
        fundAnother(4);
        cancel(Status.Funded);
        vm.assertEq(payer.balance, MONEY, "payer");
        vm.assertEq(dollar.balanceOf(payer), MONEY, "payer, dollars");
    }

    function cancel(Status from) private {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Cancelled(idOf(terms), payer, BUDGET, from);
        bytes memory agreed = agreement(terms, from, EXPIRY);
        vm.prank(anyone);
        escrow.cancel(pack(terms), nothing(), EXPIRY, agreed);
        expectStatus(terms, Status.Refunded);
    }

    function fundAnother(uint256 salt) private {
        terms.salt = salt;
        fund(terms);
    }

    function refuses(JobTerms memory given, uint40 expiry, bytes memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(anyone);
        escrow.cancel(pack(given), nothing(), expiry, signatures);
    }
}

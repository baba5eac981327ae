// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, JobId, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract SubmitTest is Harness {
    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = plain();
        fund(terms);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_a_job_that_was_never_funded() public {
        terms.salt = 2;
        refuses(worker, inStatus(terms, Status.None));
    }

    function test_refuses_anybody_but_the_worker() public {
        refuses(payer, abi.encodeWithSelector(JobEscrow_NotWorker.selector, payer, worker));
        refuses(anyone, abi.encodeWithSelector(JobEscrow_NotWorker.selector, anyone, worker));
    }

    function test_refuses_a_second_submission() public {
        submit(terms);
        refuses(worker, inStatus(terms, Status.Submitted));
    }

    function test_refuses_the_second_after_the_deadline() public {
        vm.warp(terms.submitBy + 1);
        refuses(worker, abi.encodeWithSelector(JobEscrow_TooLate.selector, terms.submitBy + 1, terms.submitBy));
    }

    function test_refuses_an_empty_result() public {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_ZeroResult.selector));
        vm.prank(worker);
        escrow.submit(pack(terms), bytes32(0), MULTISET);
        bytes memory signature = sign(workerKey, submissionDigest(terms, bytes32(0)));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_ZeroResult.selector));
        escrow.submitFor(brief(terms), bytes32(0), MULTISET, signature, address(0));
    }

    function test_relayed_refuses_what_the_worker_did_not_sign() public {
        bytes32 digest = submissionDigest(terms, RESULT);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest);
        refusesRelayed(sign(payerKey, digest), reason);
        bytes32 later = digests.submissionDigest(idOf(terms), uint40(NOW + 1), RESULT, MULTISET);
        refusesRelayed(sign(workerKey, later), reason);
        refusesRelayed(sign(workerKey, submissionDigest(terms, MULTISET)), reason);
        refusesRelayed(mirror(workerKey, digest), reason);
        refusesRelayed(new bytes(65), reason);
    }

    /// @dev A recovery that fails leaves what lay in memory before, which is nobody's address, not even the least one's.
    function test_relayed_refuses_no_signature_of_the_least_address() public {
        terms.worker = address(1);
        fund(terms);
        refusesRelayed(
            new bytes(65),
            abi.encodeWithSelector(JobEscrow_Signature.selector, address(1), submissionDigest(terms, RESULT))
        );
    }

    function test_relayed_refuses_a_signature_of_another_length() public {
        bytes memory signature = sign(workerKey, submissionDigest(terms, RESULT));
        refusesRelayed(
            bytes.concat(signature, hex"00"), abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 66, 65)
        );
        refusesRelayed("", abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 0, 65));
    }

    function test_relayed_refuses_the_second_after_the_deadline() public {
        bytes memory signature = sign(workerKey, submissionDigest(terms, RESULT));
        vm.warp(terms.submitBy + 1);
        refusesRelayed(
            signature, abi.encodeWithSelector(JobEscrow_TooLate.selector, terms.submitBy + 1, terms.submitBy)
        );
    }

    function test_relayed_refuses_a_second_time() public {
        bytes memory signature = sign(workerKey, submissionDigest(terms, RESULT));
        escrow.submitFor(brief(terms), RESULT, MULTISET, signature, address(0));
        refusesRelayed(signature, inStatus(terms, Status.Submitted));
    }

    // ------------------------------------------------------------------ done

    function test_takes_the_last_second() public {
        vm.warp(terms.submitBy);
        submit(terms);
        Job memory slot = escrow.jobs(idOf(terms));
        vm.assertEq(uint256(slot.status), uint256(Status.Submitted), "status");
        vm.assertEq(slot.clock, terms.submitBy, "clock");
        vm.assertEq(slot.round, 0, "round");
        uint256 commit = uint256(keccak256(abi.encode(worker, RESULT))) & (2 ** 206 - 1);
        vm.assertEq(slot.commit, commit, "commit");
    }

    function test_says_what_was_delivered() public {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Submitted(idOf(terms), worker, RESULT, 0, MULTISET);
        submit(terms);
    }

    function test_relayed_counts_as_the_workers_own() public {
        bytes memory signature = sign(workerKey, submissionDigest(terms, RESULT));
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Submitted(idOf(terms), worker, RESULT, 0, MULTISET);
        vm.prank(anyone);
        escrow.submitFor(brief(terms), RESULT, MULTISET, signature, address(0));
        expectStatus(terms, Status.Submitted);
    }

    // ------------------------------------------------------------------ steps

    function refuses(address sender, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(sender);
        escrow.submit(pack(terms), RESULT, MULTISET);
    }

    function refusesRelayed(bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(anyone);
        escrow.submitFor(brief(terms), RESULT, MULTISET, signature, address(0));
    }
}

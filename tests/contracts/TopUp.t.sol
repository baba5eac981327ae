// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract TopUpTest is Harness {
    bytes32 private constant MORE = keccak256("more shots");

    JobTerms private terms;
    Proposal private open;

    function setUp() public override {
        super.setUp();
        terms = windowed();
        terms.maxRounds = 3;
        fund(terms);
        submit(terms);
        propose(terms, verdict(Outcome.Inconclusive, 0));
        open = standing(verdict(Outcome.Inconclusive, 0), BUDGET * 4 / 10);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_what_is_not_proposed() public {
        JobTerms memory other = windowed();
        refuses(other, worker, open, inStatus(other, Status.None));
        fund(other);
        submit(other);
        refuses(other, worker, open, inStatus(other, Status.Submitted));
        dispute(terms, open, payer);
        refuses(terms, worker, open, inStatus(terms, Status.Disputed));
    }

    function test_refuses_anybody_but_the_worker() public {
        refuses(terms, payer, open, abi.encodeWithSelector(JobEscrow_NotWorker.selector, payer, worker));
        open.worker = anyone;
        refuses(terms, anyone, open, abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
    }

    function test_refuses_what_was_decided() public {
        Outcome[2] memory decided = [Outcome.Accept, Outcome.Reject];
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory other = windowed();
            (other.maxRounds, other.salt) = (2, 10 + i);
            fund(other);
            submit(other);
            propose(other, verdict(decided[i], 0));
            bytes memory reason = abi.encodeWithSelector(JobEscrow_NotInconclusive.selector, decided[i]);
            refuses(other, worker, standing(verdict(decided[i], 0), 0), reason);
        }
    }

    /// @dev Else a worker that nobody judged could keep the job from ending.
    function test_refuses_silence() public {
        JobTerms memory other = windowed();
        (other.maxRounds, other.salt) = (2, 10);
        fund(other);
        submit(other);
        vm.warp(other.verdictBy + 1);
        escrow.settleSilence(brief(other), address(0), RESULT);
        Proposal memory silent = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        refuses(other, worker, silent, abi.encodeWithSelector(JobEscrow_NotInconclusive.selector, Outcome.Silence));
    }

    function test_refuses_the_second_after_the_window() public {
        vm.warp(NOW + 1 hours + 1);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_TooLate.selector, NOW + 1 hours + 1, NOW + 1 hours);
        refuses(terms, worker, open, reason);
        vm.warp(NOW + 1 hours);
        topUp(MORE);
    }

    /// @dev A round that validators have no time for would turn an inconclusive verdict into the silence share.
    function test_refuses_a_round_that_could_not_be_judged() public {
        JobTerms memory other = windowed();
        (other.maxRounds, other.salt) = (2, 10);
        fund(other);
        submit(other);
        uint256 last = other.verdictBy - 2 hours;
        vm.warp(last);
        propose(other, verdict(Outcome.Inconclusive, 0));
        vm.warp(last + 1);
        refuses(other, worker, open, abi.encodeWithSelector(JobEscrow_TooLate.selector, last + 1, last));
        vm.warp(last);
        vm.prank(worker);
        escrow.topUp(brief(other), open, MORE, MULTISET);
    }

    function test_refuses_an_empty_result() public {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_ZeroResult.selector));
        topUp(bytes32(0));
    }

    function test_promise3_refuses_more_rounds_than_the_terms_have() public {
        for (uint256 i = 0; i < 2; ++i) {
            topUp(MORE);
            judge();
        }
        refuses(terms, worker, open, abi.encodeWithSelector(JobEscrow_LastRound.selector, 3));
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, open);
        expectStatus(terms, Status.Settled);
    }

    // ------------------------------------------------------------------ done

    function test_opens_the_next_round() public {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Submitted(idOf(terms), worker, MORE, 1, MULTISET);
        topUp(MORE);
        Job memory slot = escrow.jobs(idOf(terms));
        vm.assertEq(uint256(slot.status), uint256(Status.Submitted), "status");
        vm.assertEq(slot.round, 1, "round");
        vm.assertEq(slot.clock, NOW, "clock");
        vm.assertEq(slot.commit, uint256(keccak256(abi.encode(worker, MORE))) & (2 ** 206 - 1), "commit");
    }

    /// @dev A verdict on the first round, or over the first round's result, is no verdict on the second.
    function test_replay_of_an_earlier_rounds_verdict() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes memory early = attest(terms, found);
        topUp(RESULT);
        bytes32 digest = digestOf(terms, found);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), digest));
        escrow.propose(pack(terms), found, early);
        // In its own round the same verdict counts.
        propose(terms, found);
        expectStatus(terms, Status.Proposed);
    }

    function test_an_agreement_from_before_is_void() public {
        uint40 expiry = uint40(NOW + 1 hours);
        topUp(MORE);
        judge();
        bytes memory early = agreement(terms, Status.Proposed, expiry);
        topUp(RESULT);
        judge();
        bytes32 digest = agreementDigest(terms, Status.Proposed, expiry);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest));
        escrow.cancel(brief(terms), nothing(), expiry, early);
    }

    // ------------------------------------------------------------------ steps

    function topUp(bytes32 result) private {
        vm.prank(worker);
        escrow.topUp(brief(terms), open, result, MULTISET);
    }

    /// @dev Inconclusive again.
    function judge() private {
        SignedVerdict memory found = verdict(Outcome.Inconclusive, 0);
        found.resultHash = MORE;
        if (escrow.jobs(idOf(terms)).commit != uint256(keccak256(abi.encode(worker, MORE))) & (2 ** 206 - 1)) {
            found.resultHash = RESULT;
        }
        propose(terms, found);
        open = standing(found, BUDGET * 4 / 10);
    }

    function refuses(JobTerms memory given, address by, Proposal memory proposal, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(by);
        escrow.topUp(brief(given), proposal, MORE, MULTISET);
    }
}

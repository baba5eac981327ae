// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, Outcome, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";

contract ProposeTest is Harness {
    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        open(plain());
    }

    // ------------------------------------------------------------------ refused: state

    function test_refuses_a_job_without_a_submission() public {
        terms.salt = 2;
        refuses(accept(BUDGET), inStatus(terms, Status.None));
        fund(terms);
        refuses(accept(BUDGET), inStatus(terms, Status.Funded));
    }

    function test_promise4_refuses_a_second_verdict() public {
        propose(terms, accept(BUDGET));
        refuses(verdict(Outcome.Reject, 0), inStatus(terms, Status.Settled));
        open(windowed());
        propose(terms, accept(BUDGET));
        refuses(verdict(Outcome.Reject, 0), inStatus(terms, Status.Proposed));
    }

    function test_refuses_the_second_after_the_deadline() public {
        vm.warp(terms.verdictBy + 1);
        refuses(
            accept(BUDGET), abi.encodeWithSelector(JobEscrow_TooLate.selector, terms.verdictBy + 1, terms.verdictBy)
        );
        vm.warp(terms.verdictBy);
        propose(terms, accept(BUDGET));
    }

    function test_refuses_a_verdict_on_another_submission() public {
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms));
        SignedVerdict memory found = accept(BUDGET);
        found.resultHash = EVIDENCE;
        refuses(found, reason);
        // A claimer says nothing where the terms name the worker.
        found = accept(BUDGET);
        found.claimer = anyone;
        propose(terms, found);
        vm.assertEq(worker.balance, BUDGET, "worker");
    }

    function test_refuses_terms_in_brief() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes memory signatures = attest(terms, found);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_BriefTerms.selector));
        escrow.propose(brief(terms), found, signatures);
    }

    // ------------------------------------------------------------------ refused: verdict

    function test_refuses_outcomes_that_nobody_signs() public {
        refuses(verdict(Outcome.None, 0), abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.None));
        refuses(verdict(Outcome.Silence, 0), abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.Silence));
        refuses(verdict(Outcome.Ruling, 0), abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.Ruling));
    }

    function test_refuses_more_than_the_budget_less_the_fee() public {
        refuses(accept(BUDGET + 1), abi.encodeWithSelector(JobEscrow_WorkerAmount.selector, BUDGET + 1, BUDGET));
        open(withFee(plain(), 100));
        uint256 net = BUDGET - BUDGET / 100;
        refuses(accept(net + 1), abi.encodeWithSelector(JobEscrow_WorkerAmount.selector, net + 1, net));
        propose(terms, accept(net));
    }

    function test_refuses_an_amount_where_the_terms_decide() public {
        bytes memory reason = abi.encodeWithSelector(JobEscrow_WorkerAmount.selector, 1, 0);
        refuses(verdict(Outcome.Reject, 1), reason);
        refuses(verdict(Outcome.Inconclusive, 1), reason);
    }

    // ------------------------------------------------------------------ refused: signatures

    function test_refuses_fewer_than_the_quorum() public {
        SignedVerdict memory found = accept(BUDGET);
        for (uint16 signers = 0; signers < 32; ++signers) {
            uint256 count = bits(signers);
            if (count >= 3) continue;
            found.signers = signers;
            refuses(found, abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, count, 3));
        }
    }

    function test_refuses_a_signer_that_the_terms_do_not_have() public {
        SignedVerdict memory found = accept(BUDGET);
        found.signers = 0x20 | THREE;
        refuses(found, abi.encodeWithSelector(JobEscrow_UnknownSigner.selector, 0x20 | THREE, 5));
        found.signers = 0x8000;
        refuses(found, abi.encodeWithSelector(JobEscrow_UnknownSigner.selector, 0x8000, 5));
    }

    function test_refuses_signatures_of_another_length() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes memory three = attest(terms, found);
        refuses(found, "", abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 0, 195));
        refuses(found, cut(three, 194), abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 194, 195));
        refuses(
            found, bytes.concat(three, hex"00"), abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 196, 260)
        );
        bytes memory both = cosign(terms, found);
        refuses(found, cut(both, 260), abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 260, 325));
        refuses(
            found,
            bytes.concat(both, new bytes(65)),
            abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 390, 325)
        );
    }

    function test_refuses_a_stranger_in_any_place() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        for (uint256 place = 0; place < 3; ++place) {
            bytes memory all;
            for (uint256 i = 0; i < 3; ++i) {
                all = bytes.concat(all, sign(i == place ? workerKey : keys[2 * i], digest));
            }
            refuses(found, all, notSignedBy(2 * place, digest));
        }
    }

    function test_refuses_one_validator_twice() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory twice = bytes.concat(sign(keys[0], digest), sign(keys[0], digest), sign(keys[4], digest));
        refuses(found, twice, notSignedBy(2, digest));
        bytes memory thrice = bytes.concat(sign(keys[0], digest), sign(keys[0], digest), sign(keys[0], digest));
        refuses(found, thrice, notSignedBy(2, digest));
    }

    function test_refuses_signatures_out_of_order() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory swapped = bytes.concat(sign(keys[2], digest), sign(keys[0], digest), sign(keys[4], digest));
        refuses(found, swapped, notSignedBy(0, digest));
    }

    function test_refuses_the_mirror_image_of_a_signature() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory all = bytes.concat(sign(keys[0], digest), sign(keys[2], digest), mirror(keys[4], digest));
        refuses(found, all, notSignedBy(4, digest));
        all = bytes.concat(mirror(keys[0], digest), mirror(keys[2], digest), mirror(keys[4], digest));
        refuses(found, all, notSignedBy(0, digest));
    }

    function test_refuses_a_recovery_that_fails() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory two = bytes.concat(sign(keys[0], digest), sign(keys[2], digest));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[4], digest);
        refuses(found, bytes.concat(two, new bytes(65)), notSignedBy(4, digest));
        refuses(found, bytes.concat(two, abi.encodePacked(r, s, v - 27)), notSignedBy(4, digest));
        refuses(found, bytes.concat(two, abi.encodePacked(r, s, uint8(29))), notSignedBy(4, digest));
        refuses(found, bytes.concat(two, abi.encodePacked(bytes32(0), s, v)), notSignedBy(4, digest));
    }

    function test_refuses_mirror_images_of_all_signatures() public {
        for (uint256 amount = 1; amount <= 40; ++amount) {
            SignedVerdict memory found = accept(amount);
            bytes32 digest = digestOf(terms, found);
            bytes memory all = bytes.concat(mirror(keys[0], digest), mirror(keys[2], digest), mirror(keys[4], digest));
            refuses(found, all, notSignedBy(0, digest));
        }
    }

    /// @dev A recovery that fails leaves zero, and zero is no validator.
    function test_refuses_no_signature_of_the_least_address() public {
        JobTerms memory next = plain();
        next.validators = bytes.concat(abi.encodePacked(address(1)), next.validators);
        (next.salt, next.quorum) = (50, 4);
        open(next);
        SignedVerdict memory found = accept(1);
        found.signers = 15;
        bytes32 digest = digestOf(terms, found);
        bytes memory all =
            bytes.concat(new bytes(65), sign(keys[0], digest), sign(keys[1], digest), sign(keys[2], digest));
        refuses(found, all, abi.encodeWithSelector(JobEscrow_Signature.selector, address(1), digest));
    }

    /// @dev What a signature says lies in its own 65 bytes: not a byte further, nor in what is around it.
    function test_refuses_what_would_be_a_signature_elsewhere() public {
        uint256 shifted;
        uint256 behind;
        uint256 before;
        for (uint256 i = 0; shifted == 0 || behind == 0 || before == 0; ++i) {
            useOne(vm.addr(keys[0]), (27 << 16) + i);
            SignedVerdict memory found = accept(i);
            found.signers = 1;
            bytes32 digest = digestOf(terms, found);
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], digest);
            bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), digest);
            if (uint256(r) >> 248 == 0) {
                ++shifted;
                refuses(found, abi.encodePacked(bytes31(uint248(uint256(r))), s, uint8(0), v), reason);
            }
            bytes memory wrong = abi.encodePacked(r, s, uint8(1));
            // In front of the signatures' length lies the terms' last word, and it starts with a byte of the salt.
            if (v == 27) {
                ++before;
                refuses(found, wrong, reason);
            }
            bytes memory data = abi.encodeCall(IJobEscrow.propose, (pack(terms), found, wrong));
            data[data.length - 31] = bytes1(v); // the padding
            (bool success, bytes memory answer) = address(escrow).call(data);
            vm.assertTrue(!success, "refused");
            vm.assertEq(answer, reason, "reason");
            ++behind;
        }
    }

    /// @dev Validators are whole addresses: not what lies between two of them, nor half of one.
    function test_refuses_signers_that_are_not_quite_validators() public {
        uint256 stranger = 1;
        while (uint160(vm.addr(stranger)) % 256 != 0 || uint160(vm.addr(stranger)) >> 159 != 0) ++stranger;
        uint160 account = uint160(vm.addr(stranger));
        SignedVerdict memory found = accept(BUDGET);
        // A byte further it would be the stranger.
        JobTerms memory next = plain();
        address odd = address((uint160(0xff) << 152) | (account >> 8));
        next.validators = abi.encodePacked(vm.addr(keys[0]), odd);
        (next.salt, next.quorum) = (60, 2);
        open(next);
        found.signers = 3;
        bytes32 digest = digestOf(terms, found);
        bytes memory both = bytes.concat(sign(keys[0], digest), sign(stranger, digest));
        refuses(found, both, abi.encodeWithSelector(JobEscrow_Signature.selector, odd, digest));
        // Without its last bit it would be.
        useOne(address(account << 1), 61);
        found.signers = 1;
        digest = digestOf(terms, found);
        refuses(
            found,
            sign(stranger, digest),
            abi.encodeWithSelector(JobEscrow_Signature.selector, address(account << 1), digest)
        );
    }

    /// @dev Nobody's verdict is the name of its type.
    function test_refuses_signatures_over_the_type_alone() public {
        SignedVerdict memory found = accept(BUDGET);
        bytes32 typehash = keccak256(
            "Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash)"
        );
        bytes memory all = bytes.concat(sign(keys[0], typehash), sign(keys[2], typehash), sign(keys[4], typehash));
        refuses(found, all, notSignedBy(0, digestOf(terms, found)));
    }

    /// @dev In packed terms the salt lies before the validators, and whoever writes them chooses it.
    function test_refuses_a_signer_that_the_salt_names() public {
        uint256 stranger = uint256(keccak256("stranger"));
        JobTerms memory next = plain();
        (next.salt, next.quorum) = (uint160(vm.addr(stranger)), 2);
        next.validators = abi.encodePacked(vm.addr(keys[0]), vm.addr(keys[1]), vm.addr(keys[2]));
        open(next);
        SignedVerdict memory found = accept(BUDGET);
        found.signers = 3;
        bytes32 digest = digestOf(terms, found);
        bytes memory all = bytes.concat(sign(keys[0], digest), sign(stranger, digest));
        refuses(found, all, notSignedBy(1, digest));
    }

    /// @dev A caller may leave room in front of the terms, and fill it: as long as their members, with a list of its own.
    function test_refuses_signers_that_lie_in_front_of_the_terms() public {
        uint256[] memory strangers = sortedKeys("stranger", 3);
        SignedVerdict memory found = accept(BUDGET);
        found.signers = 7;
        bytes32 digest = digestOf(terms, found);
        bytes memory all =
            bytes.concat(sign(strangers[0], digest), sign(strangers[1], digest), sign(strangers[2], digest));
        bytes memory packed_ = pack(terms);
        bytes memory padded = bytes.concat(packed_, new bytes(31 - (packed_.length + 31) % 32));
        // The terms' bytes start at 512 + 32, and 259 before that the list.
        bytes memory room = bytes.concat(new bytes(29), packed(strangers), new bytes(256 - 29 - 60));
        bytes memory data = bytes.concat(
            abi.encodeWithSelector(IJobEscrow.propose.selector, uint256(512), found, 512 + 32 + padded.length),
            room,
            abi.encodePacked(packed_.length, padded, all.length, all)
        );
        (bool success, bytes memory reason) = address(escrow).call(data);
        vm.assertTrue(!success, "refused");
        vm.assertEq(reason, notSignedBy(0, digest), "reason");
        // Laid out so it is a call like any other.
        all = attest(terms, found);
        data = bytes.concat(
            abi.encodeWithSelector(IJobEscrow.propose.selector, uint256(512), found, 512 + 32 + padded.length),
            room,
            abi.encodePacked(packed_.length, padded, all.length, all)
        );
        (success,) = address(escrow).call(data);
        vm.assertTrue(success, "accepted");
    }

    function test_refuses_signatures_over_another_verdict() public {
        for (uint256 i = 0; i < 4; ++i) {
            SignedVerdict memory signed = accept(BUDGET);
            bytes32 digest = digestOf(terms, signed);
            SignedVerdict memory brought = accept(BUDGET);
            if (i == 0) brought.workerAmount -= 1;
            if (i == 1) brought.evidenceHash = RESULT;
            if (i == 2) (brought.outcome, brought.workerAmount) = (Outcome.Reject, 0);
            if (i == 3) (brought.outcome, brought.workerAmount) = (Outcome.Inconclusive, 0);
            vm.assertTrue(digestOf(terms, brought) != digest, "another digest");
            // The first of three that is not the validator's own is named.
            refuses(brought, attest(terms, signed), notSignedBy(0, digestOf(terms, brought)));
        }
    }

    function test_refuses_cosignatures_of_others() public {
        open(windowed());
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory three = attest(terms, found);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, payer, digest);
        refuses(found, bytes.concat(three, sign(workerKey, digest), sign(payerKey, digest)), reason);
        refuses(found, bytes.concat(three, new bytes(130)), reason);
        reason = abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest);
        refuses(found, bytes.concat(three, sign(payerKey, digest), sign(payerKey, digest)), reason);
        expectStatus(terms, Status.Submitted);
    }

    function test_cosignatures_alone_are_no_verdict() public {
        SignedVerdict memory found = accept(BUDGET);
        found.signers = 0;
        refuses(found, cosign(terms, found), abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, 0, 3));
    }

    // ------------------------------------------------------------------ done: at once

    function test_accept_pays_the_worker_and_the_rest_back() public {
        settles(accept(BUDGET / 4), BUDGET / 4, 0);
    }

    function test_accept_may_pay_everything_or_nothing() public {
        settles(accept(BUDGET), BUDGET, 0);
        open(inDollars(plain()));
        settles(accept(0), 0, 0);
    }

    function test_reject_pays_everything_back() public {
        settles(verdict(Outcome.Reject, 0), 0, 0);
    }

    function test_inconclusive_pays_the_terms_share() public {
        settles(verdict(Outcome.Inconclusive, 0), BUDGET * 4000 / 10_000, 0);
    }

    function test_every_signed_outcome_pays_the_fee() public {
        uint256 fee = BUDGET * 250 / 10_000;
        open(withFee(plain(), 250));
        settles(accept(7), 7, fee);
        open(withFee(inDollars(plain()), 250));
        settles(verdict(Outcome.Reject, 0), 0, fee);
        terms.salt = 3;
        open(terms);
        settles(verdict(Outcome.Inconclusive, 0), (BUDGET - fee) * 4000 / 10_000, fee);
    }

    function test_any_three_of_five_will_do_and_more() public {
        for (uint16 signers = 0; signers < 32; ++signers) {
            if (bits(signers) < 3) continue;
            JobTerms memory next = plain();
            next.salt = 1000 + signers;
            open(next);
            SignedVerdict memory found = accept(BUDGET);
            found.signers = signers;
            settles(found, BUDGET, 0);
        }
    }

    function test_sixteen_validators() public {
        keys = sortedKeys("sixteen", 16);
        JobTerms memory next = plain();
        next.quorum = 9;
        open(next);
        SignedVerdict memory found = accept(1);
        found.signers = 0xffff;
        settles(found, 1, 0);
    }

    function test_cosigned_settles_inside_the_window() public {
        open(windowed());
        SignedVerdict memory found = accept(BUDGET / 3);
        bytes memory signatures = cosign(terms, found);
        vm.prank(anyone);
        escrow.propose(pack(terms), found, signatures);
        expectStatus(terms, Status.Settled);
        vm.assertEq(worker.balance, BUDGET / 3, "worker");
    }

    /// @dev Somebody brings the validators' signatures without the parties', before them: the call that both had waived
    /// the window for goes through as it is.
    function test_cosignatures_that_were_stripped_settle_what_stands() public {
        open(withFee(windowed(), 100));
        SignedVerdict memory found = accept(BUDGET / 3);
        bytes memory signatures = cosign(terms, found);
        propose(terms, found);
        expectStatus(terms, Status.Proposed);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Settled(
            idOf(terms), Outcome.Accept, BUDGET / 3, BUDGET - BUDGET / 3 - BUDGET / 100, BUDGET / 100
        );
        vm.prank(anyone);
        escrow.propose(pack(terms), found, signatures);
        expectStatus(terms, Status.Settled);
        vm.assertEq(worker.balance, BUDGET / 3, "worker");
        vm.assertEq(feeTo.balance, BUDGET / 100, "fee");
    }

    /// @dev With other validators than the parties' call names: what they signed lies in the chain for everybody.
    function test_both_parties_settle_what_others_have_proposed() public {
        open(windowed());
        SignedVerdict memory found = accept(BUDGET / 3);
        bytes memory agreed = cosign(terms, found);
        SignedVerdict memory stripped = accept(BUDGET / 3);
        stripped.signers = 0x0b;
        propose(terms, stripped);
        vm.warp(terms.verdictBy + 1);
        refuses(found, agreed, abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
        escrow.propose(pack(terms), stripped, cosign(terms, stripped));
        expectStatus(terms, Status.Settled);
        vm.assertEq(worker.balance, BUDGET / 3, "worker");
    }

    function test_an_agreement_settles_nothing_but_what_stands() public {
        open(windowed());
        propose(terms, accept(BUDGET / 3));
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms));
        SignedVerdict memory other = accept(BUDGET / 3 + 1);
        refuses(other, cosign(terms, other), reason);
        other = verdict(Outcome.Reject, 0);
        refuses(other, cosign(terms, other), reason);
        other = accept(BUDGET / 3);
        refuses(other, attest(terms, other), inStatus(terms, Status.Proposed));
        other.signers = 0;
        refuses(other, cosign(terms, other), abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, 0, 3));
        // Nor once it is disputed: that is the arbiter's.
        dispute(terms, standing(accept(BUDGET / 3), BUDGET / 3), payer);
        other = accept(BUDGET / 3);
        refuses(other, cosign(terms, other), inStatus(terms, Status.Disputed));
    }

    /// @dev Silence is nobody's verdict: not even where the terms have no window.
    function test_an_agreement_settles_no_silence() public {
        for (uint256 i = 0; i < 2; ++i) {
            JobTerms memory next = i == 0 ? plain() : windowed();
            next.salt = 5;
            open(next);
            vm.warp(terms.verdictBy + 1);
            escrow.settleSilence(brief(terms), address(0), RESULT);
            SignedVerdict memory found = accept(BUDGET / 2);
            refuses(found, cosign(terms, found), abi.encodeWithSelector(JobEscrow_Commit.selector, idOf(terms)));
            found = verdict(Outcome.Silence, BUDGET / 2);
            refuses(found, cosign(terms, found), abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.Silence));
            vm.warp(NOW);
        }
    }

    function test_settles_and_says_everything() public {
        open(withFee(plain(), 100));
        uint256 fee = BUDGET / 100;
        uint256 share = (BUDGET - fee) * 4000 / 10_000;
        SignedVerdict memory found = verdict(Outcome.Inconclusive, 0);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Proposed(
            idOf(terms), worker, RESULT, Outcome.Inconclusive, uint128(share), THREE, 0, EVIDENCE, uint40(NOW)
        );
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Settled(idOf(terms), Outcome.Inconclusive, share, BUDGET - fee - share, fee);
        propose(terms, found);
        Job memory slot = escrow.jobs(idOf(terms));
        vm.assertEq(slot.clock, 0, "clock");
        uint256 commit = uint256(keccak256(abi.encode(standing(found, share)))) & (2 ** 206 - 1);
        vm.assertEq(slot.commit, commit, "what was paid stays on record");
    }

    // ------------------------------------------------------------------ done: with a window

    function test_with_a_window_it_waits() public {
        open(windowed());
        SignedVerdict memory found = verdict(Outcome.Inconclusive, 0);
        uint256 share = BUDGET * 4000 / 10_000;
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Proposed(
            idOf(terms), worker, RESULT, Outcome.Inconclusive, uint128(share), THREE, 0, EVIDENCE, uint40(NOW + 1 hours)
        );
        propose(terms, found);
        Job memory slot = escrow.jobs(idOf(terms));
        vm.assertEq(uint256(slot.status), uint256(Status.Proposed), "status");
        vm.assertEq(slot.clock, NOW + 1 hours, "clock");
        uint256 commit = uint256(keccak256(abi.encode(standing(found, share)))) & (2 ** 206 - 1);
        vm.assertEq(slot.commit, commit, "commit");
        vm.assertEq(address(escrow).balance, 2 * BUDGET, "nothing moved");
    }

    // ------------------------------------------------------------------ fuzz

    function testFuzz_promise2_worker_payer_and_fee_make_up_the_budget(
        uint128 budget,
        uint128 amount,
        uint16 feeBps,
        uint16 shareBps,
        uint8 outcome
    ) public {
        JobTerms memory next = withFee(plain(), feeBps % 1001);
        next.salt = 4;
        next.budget = budget == 0 ? 1 : budget;
        next.inconclusiveBps = shareBps % 10_001;
        vm.deal(payer, next.budget);
        open(next);
        uint256 fee = uint256(next.budget) * next.feeBps / 10_000;
        Outcome found = Outcome(1 + outcome % 3);
        uint256 signed = found == Outcome.Accept ? amount % (next.budget - fee + 1) : 0;
        uint256 paid = found == Outcome.Inconclusive ? (next.budget - fee) * next.inconclusiveBps / 10_000 : signed;
        settles(verdict(found, signed), paid, fee);
    }

    // ------------------------------------------------------------------ steps

    function useOne(address validator, uint256 salt) private {
        JobTerms memory next = plain();
        next.validators = abi.encodePacked(validator);
        (next.salt, next.quorum) = (salt, 1);
        open(next);
    }

    function open(JobTerms memory next) private {
        terms = next;
        fund(terms);
        submit(terms);
    }

    /// @dev Proposes and checks every balance.
    function settles(SignedVerdict memory found, uint256 workerPaid, uint256 fee) private {
        address token = terms.token;
        uint256[4] memory before =
            [balance(token, worker), balance(token, payer), balance(token, feeTo), balance(token, address(escrow))];
        propose(terms, found);
        expectStatus(terms, Status.Settled);
        vm.assertEq(balance(token, worker) - before[0], workerPaid, "worker");
        vm.assertEq(balance(token, payer) - before[1], terms.budget - workerPaid - fee, "payer");
        vm.assertEq(balance(token, feeTo) - before[2], fee, "fee");
        vm.assertEq(before[3] - balance(token, address(escrow)), terms.budget, "escrow");
    }

    function refuses(SignedVerdict memory found, bytes memory reason) private {
        refuses(found, attest(terms, found), reason);
    }

    function refuses(SignedVerdict memory found, bytes memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(anyone);
        escrow.propose(pack(terms), found, signatures);
    }

    function notSignedBy(uint256 validator, bytes32 digest) private view returns (bytes memory) {
        return abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[validator]), digest);
    }

    function bits(uint16 signers) private pure returns (uint256 count) {
        for (; signers != 0; signers >>= 1) {
            count += signers & 1;
        }
    }
}

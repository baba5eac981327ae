// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {MerkleRoot} from "../../contracts/libraries/MerkleRoot.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {BatchedVerdict, Outcome, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Account, AdmitsAll, YesMan} from "./support/Account.sol";
import {Harness} from "./support/Harness.sol";

contract BatchTest is Harness {
    JobTerms[] private jobs;
    BatchedVerdict[] private verdicts;

    // ------------------------------------------------------------------ refused

    function test_refuses_an_empty_batch_and_one_of_two_lengths() public {
        refuses(abi.encodeWithSelector(JobEscrow_BatchLength.selector, 0, 0));
        add(plain(), Outcome.Accept, 1);
        verdicts.push(verdicts[0]);
        refuses(abi.encodeWithSelector(JobEscrow_BatchLength.selector, 1, 2));
    }

    function test_refuses_a_first_job_in_brief() public {
        add(plain(), Outcome.Accept, 1);
        bytes[] memory packed_ = new bytes[](1);
        packed_[0] = brief(jobs[0]);
        bytes memory signatures = signed();
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_BriefTerms.selector));
        escrow.settleBatch(packed_, verdicts, THREE, signatures);
    }

    function test_refuses_jobs_that_do_not_settle_at_once() public {
        add(plain(), Outcome.Accept, 1);
        add(windowed(), Outcome.Accept, 1);
        refuses(abi.encodeWithSelector(JobEscrow_BatchMember.selector, 1));
    }

    function test_refuses_other_validators_and_tokens() public {
        add(plain(), Outcome.Accept, 1);
        add(inDollars(plain()), Outcome.Accept, 1);
        refuses(abi.encodeWithSelector(JobEscrow_BatchMember.selector, 1));
        pop();
        JobTerms memory other = plain();
        other.validators = packed(sortedKeys("others", 5));
        add(other, Outcome.Accept, 1);
        refuses(abi.encodeWithSelector(JobEscrow_BatchMember.selector, 1));
    }

    function test_refuses_a_quorum_that_one_of_them_does_not_reach() public {
        add(plain(), Outcome.Accept, 1);
        JobTerms memory stricter = plain();
        stricter.quorum = 4;
        add(stricter, Outcome.Accept, 1);
        refuses(abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, 3, 4));
        // Wherever it lies.
        add(plain(), Outcome.Accept, 1);
        refuses(abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, 3, 4));
    }

    function test_refuses_what_any_verdict_must_not_say() public {
        add(plain(), Outcome.Accept, BUDGET + 1);
        refuses(abi.encodeWithSelector(JobEscrow_WorkerAmount.selector, BUDGET + 1, BUDGET));
        pop();
        add(plain(), Outcome.Reject, 1);
        refuses(abi.encodeWithSelector(JobEscrow_WorkerAmount.selector, 1, 0));
        pop();
        add(plain(), Outcome.Silence, 0);
        refuses(abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.Silence));
        pop();
        add(plain(), Outcome.Ruling, 0);
        refuses(abi.encodeWithSelector(JobEscrow_Outcome.selector, Outcome.Ruling));
    }

    function test_refuses_a_batch_that_settles_nothing() public {
        add(plain(), Outcome.Accept, 1);
        add(plain(), Outcome.Accept, 1);
        settle();
        refuses(abi.encodeWithSelector(JobEscrow_NothingSettled.selector, 2));
    }

    function test_refuses_a_first_job_without_its_terms() public {
        add(plain(), Outcome.Accept, 1);
        add(plain(), Outcome.Accept, 2);
        bytes memory signatures = signed();
        bytes[] memory packed_ = terms();
        packed_[0] = abi.encodePacked(leaf(0));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TermsLength.selector, 32));
        escrow.settleBatch(packed_, verdicts, THREE, signatures);
        packed_[0] = pack(jobs[0]);
        for (uint256 length = 31; length < 34; length += 2) {
            packed_[1] = new bytes(length);
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_TermsLength.selector, length));
            escrow.settleBatch(packed_, verdicts, THREE, signatures);
        }
    }

    /// @dev Of those that it settles, not of those that it leaves out.
    function test_a_quorum_that_is_not_needed_is_not_asked_for() public {
        add(plain(), Outcome.Accept, 1);
        JobTerms memory stricter = plain();
        stricter.quorum = 4;
        add(stricter, Outcome.Accept, 1);
        callOff(1);
        settle();
        expectStatus(jobs[0], Status.Settled);
    }

    // ------------------------------------------------------------------ left out

    /// @dev Parties who call their job off before a batch is mined void nothing that others are owed.
    function test_a_job_that_its_parties_cancel_first_voids_no_batch() public {
        for (uint256 place = 0; place < 3; ++place) {
            while (jobs.length != 0) pop();
            for (uint256 i = 0; i < 3; ++i) {
                add(plain(), Outcome.Accept, 1);
            }
            uint256 before = worker.balance;
            bytes memory signatures = signed();
            bytes[] memory packed_ = terms();
            callOff(place);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.BatchSettled(root(), THREE, 2);
            escrow.settleBatch(packed_, verdicts, THREE, signatures);
            for (uint256 i = 0; i < 3; ++i) {
                expectStatus(jobs[i], i == place ? Status.Refunded : Status.Settled);
            }
            vm.assertEq(worker.balance - before, 2, "worker");
        }
    }

    /// @dev Of jobs whose terms the caller does not bring it brings the leaf; the same signatures settle them later.
    function test_others_come_as_leaves_and_are_settled_later() public {
        for (uint256 i = 0; i < 5; ++i) {
            add(plain(), Outcome.Accept, 10 ** i);
        }
        bytes memory signatures = signed();
        bytes[] memory packed_ = terms();
        BatchedVerdict[] memory said = verdicts;
        for (uint256 i = 1; i < 5; i += 2) {
            packed_[i] = abi.encodePacked(leaf(i));
            delete said[i];
        }
        escrow.settleBatch(packed_, said, THREE, signatures);
        vm.assertEq(worker.balance, 10_101, "three");
        expectStatus(jobs[1], Status.Submitted);
        settle();
        vm.assertEq(worker.balance, 11_111, "all");
    }

    function test_a_leaf_that_nobody_signed_is_refused() public {
        add(plain(), Outcome.Accept, 1);
        add(plain(), Outcome.Accept, 2);
        bytes memory signatures = signed();
        bytes32 signedRoot = root();
        bytes[] memory packed_ = terms();
        packed_[1] = abi.encodePacked(leaf(1) ^ bytes32(uint256(1)));
        bytes32 other = digests.batchDigest(twoLeaves(leaf(0), bytes32(packed_[1])));
        vm.assertTrue(signedRoot != other, "another root");
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), other));
        escrow.settleBatch(packed_, verdicts, THREE, signatures);
    }

    function test_promise4_a_job_that_is_in_it_twice_is_settled_once() public {
        add(plain(), Outcome.Accept, 1);
        jobs.push(jobs[0]);
        verdicts.push(verdicts[0]);
        verdicts[1].workerAmount = uint128(BUDGET);
        settle();
        vm.assertEq(worker.balance, 1, "worker");
    }

    function test_a_job_that_has_no_submission_is_left_out() public {
        add(plain(), Outcome.Accept, 1);
        JobTerms memory next = plain();
        next.salt = 99;
        fund(next);
        jobs.push(next);
        verdicts.push(verdicts[0]);
        settle();
        expectStatus(next, Status.Funded);
        expectStatus(jobs[0], Status.Settled);
    }

    function test_a_job_is_left_out_from_the_second_after_its_deadline() public {
        add(plain(), Outcome.Accept, 1);
        JobTerms memory sooner = plain();
        sooner.verdictBy -= 1 hours;
        add(sooner, Outcome.Accept, 1);
        vm.warp(sooner.verdictBy + 1);
        uint256 snapshot = vm.snapshotState();
        settle();
        expectStatus(jobs[0], Status.Settled);
        expectStatus(jobs[1], Status.Submitted);
        vm.revertToState(snapshot);
        vm.warp(sooner.verdictBy);
        settle();
        expectStatus(jobs[1], Status.Settled);
    }

    function test_a_verdict_on_another_result_settles_nothing() public {
        add(plain(), Outcome.Accept, 1);
        verdicts[0].resultHash = EVIDENCE;
        refuses(abi.encodeWithSelector(JobEscrow_NothingSettled.selector, 1));
        add(plain(), Outcome.Accept, 2);
        settle();
        expectStatus(jobs[0], Status.Submitted);
        vm.assertEq(worker.balance, 2, "worker");
    }

    // ------------------------------------------------------------------ refused: signatures

    /// @dev What validators signed is the list: no member may be bent, dropped, doubled or moved.
    function test_refuses_another_batch_than_the_one_that_was_signed() public {
        for (uint256 i = 0; i < 3; ++i) {
            add(plain(), Outcome.Accept, i);
        }
        bytes memory signatures = signed();
        address first = vm.addr(keys[0]);
        verdicts[1].workerAmount += 1;
        refuses(signatures, abi.encodeWithSelector(JobEscrow_Signature.selector, first, digest()));
        verdicts[1].workerAmount -= 1;
        verdicts[2].evidenceHash = RESULT;
        refuses(signatures, abi.encodeWithSelector(JobEscrow_Signature.selector, first, digest()));
        verdicts[2].evidenceHash = EVIDENCE;
        swap();
        refuses(signatures, abi.encodeWithSelector(JobEscrow_Signature.selector, first, digest()));
        swap();
        pop();
        refuses(signatures, abi.encodeWithSelector(JobEscrow_Signature.selector, first, digest()));
    }

    /// @dev A signature over one verdict is none over a batch of that one, nor the other way round.
    /// @dev Trees of every shape up to eight leaves, and none of none.
    function test_a_batch_of_every_small_size_settles() public {
        for (uint256 count = 1; count <= 8; ++count) {
            while (jobs.length != 0) pop();
            for (uint256 i = 0; i < count; ++i) {
                add(plain(), Outcome.Accept, 1);
            }
            settle();
            vm.assertEq(worker.balance, count * (count + 1) / 2, "worker");
        }
        vm.expectRevert(abi.encodeWithSelector(MerkleRoot.MerkleRoot_NoLeaves.selector));
        digests.batchDigest(new bytes32[](0));
    }

    function test_promise12_the_views_make_the_digest_that_validators_sign() public {
        for (uint256 i = 0; i < 3; ++i) {
            add(plain(), Outcome.Accept, i);
        }
        bytes32[] memory leaves = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            leaves[i] = digests.batchLeaf(idOf(jobs[i]), 0, RESULT, Outcome.Accept, uint128(i), EVIDENCE);
        }
        vm.assertEq(digests.batchDigest(leaves), digest(), "digest");
    }

    function test_a_batch_of_one_is_not_a_verdict() public {
        add(plain(), Outcome.Accept, 1);
        bytes memory single = attest(jobs[0], accept(1));
        refuses(single, abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), digest()));
        bytes32 wanted = digestOf(jobs[0], accept(1));
        bytes memory batched = signed();
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), wanted));
        escrow.propose(pack(jobs[0]), accept(1), batched);
    }

    function test_refuses_bytes_after_the_signatures() public {
        add(plain(), Outcome.Accept, 1);
        refuses(bytes.concat(signed(), hex"00"), abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, 196, 195));
    }

    function test_where_any_job_names_a_registry_keys_alone_sign() public {
        add(plain(), Outcome.Accept, 1);
        JobTerms memory next = plain();
        next.registry = address(new AdmitsAll());
        add(next, Outcome.Accept, 1);
        vm.etch(vm.addr(keys[4]), type(YesMan).runtimeCode);
        bytes memory signatures = bytes.concat(cut(signed(), 130), new bytes(65));
        refuses(signatures, abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[4]), digest()));
        settle();
    }

    // ------------------------------------------------------------------ done

    function test_promise2_each_job_pays_to_the_last_unit() public {
        add(withFee(plain(), 100), Outcome.Accept, 7);
        add(withFee(plain(), 200), Outcome.Reject, 0);
        add(plain(), Outcome.Inconclusive, 0);
        address other = vm.addr(uint256(keccak256("another payer")));
        vm.deal(other, BUDGET);
        JobTerms memory next = plain();
        next.payer = other;
        add(next, Outcome.Accept, BUDGET / 4);
        uint256 before = payer.balance;
        settle();
        vm.assertEq(worker.balance, 7 + BUDGET * 4 / 10 + BUDGET / 4, "worker");
        vm.assertEq(feeTo.balance, BUDGET * 3 / 100, "fees");
        vm.assertEq(other.balance, BUDGET - BUDGET / 4, "the other payer");
        vm.assertEq(payer.balance - before, 3 * BUDGET - 7 - BUDGET * 4 / 10 - BUDGET * 3 / 100, "payer");
        vm.assertEq(address(escrow).balance, 0, "escrow");
        for (uint256 i = 0; i < jobs.length; ++i) {
            expectStatus(jobs[i], Status.Settled);
        }
    }

    function test_settles_dollars_and_whole_terms_and_open_jobs() public {
        enrich(worker);
        JobTerms memory open = inDollars(openJob());
        (open.challengeWindow, open.arbiter) = (0, address(0));
        open.salt = 50;
        fund(open);
        claim(open, worker);
        deliver(open, worker);
        jobs.push(open);
        verdicts.push(BatchedVerdict(worker, RESULT, Outcome.Accept, uint128(BUDGET / 2), EVIDENCE));
        add(inDollars(plain()), Outcome.Accept, BUDGET);
        uint256 before = dollar.balanceOf(worker);
        bytes[] memory packed_ = new bytes[](2);
        (packed_[0], packed_[1]) = (pack(jobs[0]), pack(jobs[1]));
        escrow.settleBatch(packed_, verdicts, THREE, signed());
        vm.assertEq(dollar.balanceOf(worker) - before, BUDGET / 2 + BUDGET + claimBond(open), "worker");
    }

    function test_says_what_became_of_each_job_and_once_who_signed() public {
        add(plain(), Outcome.Accept, 1);
        add(plain(), Outcome.Reject, 0);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Settled(idOf(jobs[i]), verdicts[i].outcome, 1 - i, BUDGET - 1 + i, 0);
        }
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.BatchSettled(root(), THREE, 2);
        settle();
        SignedVerdict memory first = accept(1);
        uint256 commit = uint256(keccak256(abi.encode(standing(first, 1)))) & (2 ** 206 - 1);
        vm.assertEq(escrow.jobs(idOf(jobs[0])).commit, commit, "what was paid stays on record");
    }

    /// @dev One payer who refuses its change holds up none of the others.
    function test_promise11_a_receiver_that_reverts_is_credited() public {
        Account account = new Account();
        JobTerms memory hostile = plain();
        hostile.payer = address(account);
        hostile.salt = 70;
        vm.deal(address(account), BUDGET);
        account.act(address(escrow), BUDGET, abi.encodeCall(IJobEscrow.fund, (pack(hostile))));
        submit(hostile);
        account.set(Account.Mood.Reverts);
        add(plain(), Outcome.Accept, BUDGET);
        jobs.push(hostile);
        verdicts.push(BatchedVerdict(address(0), RESULT, Outcome.Reject, 0, EVIDENCE));
        settle();
        vm.assertEq(worker.balance, BUDGET, "worker");
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    function testFuzz_a_batch_pays_what_single_verdicts_pay(uint8 count, uint256 seed) public {
        count = uint8(1 + count % 12);
        uint256[2] memory due;
        for (uint256 i = 0; i < count; ++i) {
            uint256 kind = uint256(keccak256(abi.encode(seed, i)));
            uint256 fee = (kind >> 8) % 1001;
            uint256 net = BUDGET - BUDGET * fee / 10_000;
            Outcome outcome = Outcome(1 + kind % 3);
            uint256 amount = outcome == Outcome.Accept ? (kind >> 32) % (net + 1) : 0;
            add(withFee(plain(), uint16(fee)), outcome, amount);
            due[0] += outcome == Outcome.Inconclusive ? net * 4000 / 10_000 : amount;
            due[1] += BUDGET - net;
        }
        uint256 before = payer.balance;
        settle();
        vm.assertEq(worker.balance, due[0], "worker");
        vm.assertEq(feeTo.balance, due[1], "fees");
        vm.assertEq(payer.balance - before, count * BUDGET - due[0] - due[1], "payer");
    }

    function test_without_a_registry_a_validator_may_be_a_contract() public {
        add(plain(), Outcome.Accept, 1);
        add(plain(), Outcome.Accept, 2);
        bytes memory signatures = bytes.concat(cut(signed(), 130), new bytes(65));
        vm.etch(vm.addr(keys[4]), type(YesMan).runtimeCode);
        escrow.settleBatch(terms(), verdicts, THREE, signatures);
        vm.assertEq(worker.balance, 3, "worker");
    }

    // ------------------------------------------------------------------ steps

    function add(JobTerms memory next, Outcome outcome, uint256 amount) private {
        next.salt = 1000 + jobs.length;
        while (escrow.jobs(idOf(next)).status != Status.None) ++next.salt;
        fund(next);
        submit(next);
        jobs.push(next);
        verdicts.push(BatchedVerdict(address(0), RESULT, outcome, uint128(amount), EVIDENCE));
    }

    function callOff(uint256 index) private {
        bytes memory agreed = agreement(jobs[index], Status.Submitted, uint40(NOW));
        escrow.cancel(brief(jobs[index]), nothing(), uint40(NOW), agreed);
    }

    function twoLeaves(bytes32 left, bytes32 right) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        (leaves[0], leaves[1]) = (left, right);
    }

    function swap() private {
        (JobTerms memory job, BatchedVerdict memory found) = (jobs[0], verdicts[0]);
        (jobs[0], verdicts[0]) = (jobs[1], verdicts[1]);
        (jobs[1], verdicts[1]) = (job, found);
    }

    function pop() private {
        jobs.pop();
        verdicts.pop();
    }

    function digest() private view returns (bytes32) {
        return digestOf(keccak256(abi.encode(keccak256("BatchVerdict(bytes32 root)"), root())));
    }

    function root() private view returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](verdicts.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = leaf(i);
        }
        return MerkleRoot.root(leaves);
    }

    function leaf(uint256 i) private view returns (bytes32) {
        BatchedVerdict memory v = verdicts[i];
        SignedVerdict memory alone =
            SignedVerdict(address(0), v.resultHash, v.outcome, v.workerAmount, v.evidenceHash, 0);
        return MerkleRoot.leaf(verdictHash(idOf(jobs[i]), 0, alone));
    }

    function signed() private view returns (bytes memory) {
        bytes32 wanted = digest();
        return bytes.concat(sign(keys[0], wanted), sign(keys[2], wanted), sign(keys[4], wanted));
    }

    /// @dev The first job whole, the others in brief.
    function terms() private view returns (bytes[] memory packed_) {
        packed_ = new bytes[](jobs.length);
        for (uint256 i = 0; i < packed_.length; ++i) {
            packed_[i] = i == 0 ? pack(jobs[i]) : brief(jobs[i]);
        }
    }

    function settle() private {
        bytes memory signatures = signed();
        bytes[] memory packed_ = terms();
        vm.prank(anyone);
        escrow.settleBatch(packed_, verdicts, THREE, signatures);
    }

    function refuses(bytes memory reason) private {
        bool complete = jobs.length != 0 && jobs.length == verdicts.length;
        refuses(complete ? signed() : bytes(""), reason);
    }

    function refuses(bytes memory signatures, bytes memory reason) private {
        bytes[] memory packed_ = terms();
        vm.expectRevert(reason);
        escrow.settleBatch(packed_, verdicts, THREE, signatures);
    }
}

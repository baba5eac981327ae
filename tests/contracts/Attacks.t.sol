// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {JobId, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Account, AdmitsAll, Witness, YesMan} from "./support/Account.sol";
import {HookedFeeToken, MoodyToken} from "./support/Tokens.sol";
import {Harness} from "./support/Harness.sol";
import {Vm} from "./support/Vm.sol";

/// @dev Known ways to lose money in an escrow, each tried. Those about one verb are in that verb's file: malleable,
/// duplicate and unsorted signatures, disjoint quorums, deadlines, tokens that lie, old cancel agreements.
contract AttacksTest is Harness {
    address private feeToOf;

    // ------------------------------------------------------------------ replay

    function test_replay_on_another_job_of_the_same_parties() public {
        JobTerms memory first = opened(plain());
        JobTerms memory second = plain();
        second.salt = 2;
        opened(second);
        bytes memory signatures = attest(first, accept(BUDGET));
        bytes32 digest = digestOf(second, accept(BUDGET));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), digest));
        escrow.propose(pack(second), accept(BUDGET), signatures);
    }

    function test_replay_on_another_contract() public {
        JobTerms memory terms = opened(plain());
        bytes memory signatures = attest(terms, accept(BUDGET));
        deployEscrow();
        opened(terms);
        bytes32 digest = digestOf(terms, accept(BUDGET));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[0]), digest));
        escrow.propose(pack(terms), accept(BUDGET), signatures);
    }

    /// @dev After a fork the same terms are another job, which nobody funded.
    function test_replay_on_a_fork_of_the_chain() public {
        JobTerms memory terms = opened(plain());
        JobId here = idOf(terms);
        bytes memory signatures = attest(terms, accept(BUDGET));
        vm.chainId(987_654);
        vm.assertTrue(JobId.unwrap(idOf(terms)) != JobId.unwrap(here), "another job");
        vm.expectRevert(inStatus(terms, Status.None));
        escrow.propose(pack(terms), accept(BUDGET), signatures);
    }

    /// @dev Attestations are no property: whoever copies them pays the worker for its result, and nobody else.
    function test_copied_attestations_pay_whom_they_name() public {
        JobTerms memory terms = opened(plain());
        bytes memory signatures = attest(terms, accept(BUDGET));
        address thief = address(0xbad);
        vm.prank(thief);
        escrow.propose(pack(terms), accept(BUDGET), signatures);
        vm.assertEq(worker.balance, BUDGET, "worker");
        vm.assertEq(thief.balance, 0, "thief");
    }

    function test_terms_bent_after_funding_are_another_job() public {
        JobTerms memory terms = opened(plain());
        for (uint256 i = 0; i < 6; ++i) {
            JobTerms memory bent = plain();
            if (i == 0) bent.payer = address(0xbad);
            if (i == 1) bent.worker = address(0xbad);
            if (i == 2) bent.budget *= 2;
            if (i == 3) bent.quorum = 1;
            if (i == 4) bent.submitBy = uint40(NOW);
            if (i == 5) bent.validators = packed(sortedKeys("mine", 5));
            vm.expectRevert(inStatus(bent, Status.None));
            escrow.propose(pack(bent), accept(BUDGET), "");
        }
        // Bytes after the last validator do not hide in the same digest either.
        bytes memory longer = bytes.concat(pack(terms), hex"00");
        vm.assertTrue(JobId.unwrap(digests.jobIdOf(longer)) != JobId.unwrap(idOf(terms)), "another job");
    }

    // ------------------------------------------------------------------ signers

    /// @dev A registry slashes what a key has signed; a contract could deny it.
    function test_where_a_registry_is_named_a_contract_signs_nothing() public {
        JobTerms memory terms = plain();
        terms.registry = address(new AdmitsAll());
        opened(terms);
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        vm.etch(vm.addr(keys[4]), type(YesMan).runtimeCode);
        bytes memory signatures = bytes.concat(sign(keys[0], digest), sign(keys[2], digest), new bytes(65));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, vm.addr(keys[4]), digest));
        escrow.propose(pack(terms), found, signatures);
        // Without one, it is the validator's own affair what it calls good.
        terms.registry = address(0);
        opened(terms);
        escrow.propose(pack(terms), found, signatures = bytes.concat(cut(attest(terms, found), 130), new bytes(65)));
        expectStatus(terms, Status.Settled);
    }

    // ------------------------------------------------------------------ re-entry

    /// @dev Paid, the worker tries to be paid again, in each way there is, while the money of another job lies there.
    function test_promise11_a_worker_that_reenters_is_paid_once() public {
        fund(plain());
        for (uint256 i = 0; i < 4; ++i) {
            Account account = new Account();
            JobTerms memory terms = plain();
            terms.worker = address(account);
            fund(terms);
            account.act(address(escrow), 0, abi.encodeCall(IJobEscrow.submit, (pack(terms), RESULT, MULTISET)));
            SignedVerdict memory found = accept(BUDGET);
            found.claimer = address(account);
            bytes memory signatures = attest(terms, found);
            bytes memory again = abi.encodeCall(IJobEscrow.propose, (pack(terms), found, signatures));
            if (i == 1) again = abi.encodeCall(IJobEscrow.finalize, (pack(terms), standing(found, BUDGET)));
            if (i == 2) again = abi.encodeCall(IJobEscrow.refund, (pack(terms)));
            if (i == 3) again = abi.encodeCall(IJobEscrow.withdraw, (NATIVE, address(account)));
            account.reenter(address(escrow), again);
            escrow.propose(pack(terms), found, signatures);
            vm.assertTrue(!account.reentered(), "a second payment");
            vm.assertEq(address(account).balance, BUDGET, "paid once");
            vm.assertEq(address(escrow).balance, BUDGET, "the other job's budget");
        }
    }

    /// @dev The payer of a token with hooks funds a second job from inside the first funding, so that one transfer
    /// would count for both. The token's fee makes room for it.
    function test_one_transfer_never_funds_two_jobs() public {
        Account account = new Account();
        HookedFeeToken token = new HookedFeeToken(address(account), MONEY);
        account.act(address(token), 0, abi.encodeCall(token.approve, (address(escrow), MONEY)));
        JobTerms memory outer = plain();
        outer.payer = address(account);
        outer.token = address(token);
        outer.budget = 1000;
        JobTerms memory inner = abi.decode(abi.encode(outer), (JobTerms));
        inner.salt = 2;
        inner.budget = 10; // the fee on 1000; its own fee rounds to nothing
        account.reenter(address(escrow), abi.encodeCall(IJobEscrow.fund, (pack(inner))));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Received.selector, address(token), 990, 1000));
        account.act(address(escrow), 0, abi.encodeCall(IJobEscrow.fund, (pack(outer))));
        expectStatus(inner, Status.None);
    }

    function test_promise9_a_receiver_sees_what_stays() public {
        for (uint256 i = 0; i < 3; ++i) {
            JobTerms memory terms = withFee(windowed(), 100);
            Witness witness = new Witness();
            terms.feeTo = address(witness);
            terms.salt = i;
            if (i == 1) terms.payer = address(witness);
            opened(terms);
            JobId job = idOf(terms);
            witness.watch(address(escrow), abi.encodeCall(IJobEscrow.jobs, (job)));
            propose(terms, accept(1));
            vm.warp(NOW + 1 days);
            finalize(terms, standing(accept(1), 1));
            vm.warp(NOW);
            vm.assertEq(witness.seen(), keccak256(abi.encode(escrow.jobs(job))), "the slot as it stays");
            expectStatus(terms, Status.Settled);
        }
    }

    /// @dev Three recipients refuse, so that as much is written after calls as can be.
    function test_promise9_after_a_call_only_credits_are_written() public {
        Account account = new Account();
        MoodyToken token = new MoodyToken(payer, MONEY);
        vm.prank(payer);
        token.approve(address(escrow), MONEY);
        token.list(worker, MoodyToken.Mood.Reverts);
        token.list(payer, MoodyToken.Mood.AnswersFalse);
        token.list(address(account), MoodyToken.Mood.Reverts);
        JobTerms memory terms = withFee(plain(), 100);
        (terms.token, terms.feeTo) = (address(token), address(account));
        feeToOf = address(account);

        vm.startStateDiffRecording();
        fund(terms);
        vm.assertEq(writesAfterCalls(address(token)), 0, "funding");
        submit(terms);
        vm.startStateDiffRecording();
        propose(terms, accept(1));
        vm.assertEq(writesAfterCalls(address(token)), 3, "settling");
        vm.assertEq(escrow.credit(address(token), worker), 1, "credit");
    }

    /// @dev How often storage of the escrow changed after a call of its own; reverts where that was not a credit.
    function writesAfterCalls(address token) private returns (uint256 count) {
        Vm.AccountAccess[] memory steps = vm.stopAndReturnStateDiff();
        bool called;
        for (uint256 i = 0; i < steps.length; ++i) {
            bool own = steps[i].account == address(escrow);
            // Recovery of a signature, at address 1, runs nobody's code.
            if (steps[i].accessor == address(escrow) && !own && steps[i].account != address(1)) called = true;
            if (!called || !own) continue;
            for (uint256 j = 0; j < steps[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory step = steps[i].storageAccesses[j];
                if (!step.isWrite || step.account != address(escrow) || step.previousValue == step.newValue) continue;
                bytes32 ofToken = keccak256(abi.encode(token, uint256(0)));
                bool credit = step.slot == keccak256(abi.encode(worker, ofToken))
                    || step.slot == keccak256(abi.encode(payer, ofToken))
                    || step.slot == keccak256(abi.encode(feeToOf, ofToken));
                vm.assertTrue(credit, "not a credit");
                ++count;
            }
        }
        vm.assertTrue(called, "the escrow called nobody");
    }

    // ------------------------------------------------------------------ gas

    /// @dev With too little gas a push would fail in the receiver, and the caller could turn a payment into a credit.
    /// Whatever gas a caller brings, a receiver that does some work is paid, or the call fails as a whole.
    function test_promise11_no_caller_starves_a_receiver() public {
        Account account = new Account();
        account.set(Account.Mood.Works);
        JobTerms memory terms = plain();
        terms.payer = address(account);
        vm.deal(address(account), BUDGET);
        account.act(address(escrow), BUDGET, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        vm.warp(terms.submitBy + 1);
        starve(terms, address(account));
    }

    function test_promise11_no_caller_starves_a_token() public {
        JobTerms memory terms = inDollars(plain());
        fund(terms);
        vm.warp(terms.submitBy + 1);
        starve(terms, payer);
    }

    function starve(JobTerms memory terms, address receiver) private {
        bytes memory packed_ = pack(terms);
        uint256 before = balance(terms.token, receiver);
        uint256 paid;
        uint256 refused;
        for (uint256 gas = 20_000; gas < 400_000; gas += 1000) {
            uint256 snapshot = vm.snapshotState();
            try escrow.refund{gas: gas}(packed_) {
                ++paid;
                vm.assertEq(escrow.credit(terms.token, receiver), 0, "credited for want of gas");
                vm.assertEq(balance(terms.token, receiver) - before, BUDGET, "paid");
            } catch (bytes memory reason) {
                if (bytes4(reason) == JobEscrow_GasLeft.selector) ++refused;
                vm.assertEq(balance(terms.token, receiver), before, "not paid");
            }
            vm.revertToState(snapshot);
        }
        vm.assertTrue(paid > 0, "some amount of gas is enough");
        vm.assertTrue(refused > 50, "what is short by less than the receiver's allowance is refused by name");
    }

    /// @dev A token that answers with 100,000 bytes, or burns all it gets, costs the caller a bounded amount.
    function test_a_hostile_token_costs_the_caller_little() public {
        MoodyToken token = new MoodyToken(payer, MONEY);
        vm.prank(payer);
        token.approve(address(escrow), MONEY);
        token.list(payer, MoodyToken.Mood.BurnsGas);
        JobTerms memory terms = plain();
        terms.token = address(token);
        fund(terms);
        vm.warp(terms.submitBy + 1);
        uint256 gas = gasleft();
        escrow.refund(pack(terms));
        vm.assertLe(gas - gasleft(), 300_000, "gas");
        vm.assertEq(escrow.credit(address(token), payer), BUDGET, "credit");
    }

    function test_a_hostile_receiver_costs_the_caller_little() public {
        Account account = new Account();
        JobTerms memory terms = plain();
        terms.payer = address(account);
        vm.deal(address(account), BUDGET);
        account.act(address(escrow), BUDGET, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        account.set(Account.Mood.BurnsGas);
        vm.warp(terms.submitBy + 1);
        uint256 gas = gasleft();
        escrow.refund(pack(terms));
        vm.assertLe(gas - gasleft(), 150_000, "gas");
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    // ------------------------------------------------------------------ money from elsewhere

    function test_forced_coin_changes_nothing() public {
        vm.deal(address(escrow), 5 ether);
        JobTerms memory terms = opened(plain());
        propose(terms, accept(BUDGET / 2));
        vm.assertEq(worker.balance, BUDGET / 2, "worker");
        vm.assertEq(payer.balance, MONEY - BUDGET / 2, "payer");
        vm.assertEq(address(escrow).balance, 5 ether, "what was forced in stays");
    }

    function test_the_escrow_takes_no_coin_by_itself() public {
        vm.prank(payer);
        (bool taken,) = address(escrow).call{value: 1}("");
        vm.assertTrue(!taken, "taken");
    }

    // ------------------------------------------------------------------ parties

    /// @dev The payer saw the result, and wants it for nothing: no call of its own returns the budget.
    function test_promise5_a_payer_alone_gets_nothing_back_once_delivered() public {
        JobTerms memory terms = opened(plain());
        bytes32 digest = agreementDigest(terms, Status.Submitted, uint40(NOW));
        bytes memory own = bytes.concat(sign(payerKey, digest), sign(payerKey, digest));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, worker, digest));
        escrow.cancel(pack(terms), nothing(), uint40(NOW), own);
        vm.warp(terms.verdictBy);
        vm.expectRevert(inStatus(terms, Status.Submitted));
        escrow.refund(pack(terms));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TooFewSigners.selector, 0, 3));
        escrow.propose(pack(terms), SignedVerdict(address(0), RESULT, Outcome.Reject, 0, 0, 0), "");
    }

    /// @dev A worker delivers noise and hopes for silent validators: the payer has a day to ask the arbiter.
    function test_a_garbage_hash_earns_no_silence_share_that_is_disputed() public {
        JobTerms memory terms = opened(windowed());
        vm.warp(terms.verdictBy + 1);
        escrow.settleSilence(brief(terms), address(0), RESULT);
        Proposal memory stands = Proposal(worker, RESULT, Outcome.Silence, uint128(BUDGET / 2), 0);
        uint256 before = payer.balance;
        dispute(terms, stands, payer);
        rule(terms, stands, 0, true);
        vm.assertEq(worker.balance, 0, "worker");
        vm.assertEq(payer.balance - before, BUDGET, "payer");
    }

    /// @dev Nobody else can take the job meanwhile; each time costs a bond, the number of times is bounded by
    /// `claimBy`, and then the payer has its budget and all bonds.
    function test_squatting_an_open_job_costs_a_bond_each_time() public {
        JobTerms memory terms = openJob();
        address squatter = address(0xbad);
        enrich(squatter);
        fund(terms);
        uint256 claims;
        for (uint256 time = NOW; time <= terms.claimBy; time += terms.deliverWindow + 1) {
            vm.warp(time);
            claim(terms, squatter);
            ++claims;
        }
        vm.assertEq(claims, 2, "claims in twelve hours of six each");
        vm.warp(terms.submitBy);
        escrow.refund(brief(terms));
        vm.assertEq(payer.balance - (MONEY - BUDGET), BUDGET + claims * claimBond(terms), "payer");
        vm.assertEq(MONEY - squatter.balance, claims * claimBond(terms), "squatter");
        vm.assertEq(address(escrow).balance, 0, "escrow");
    }

    function opened(JobTerms memory terms) private returns (JobTerms memory) {
        vm.deal(terms.payer, MONEY);
        fund(terms);
        submit(terms);
        return terms;
    }
}

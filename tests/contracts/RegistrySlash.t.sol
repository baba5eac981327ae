// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IValidatorRegistry} from "../../contracts/interfaces/IValidatorRegistry.sol";
import {MerkleRoot} from "../../contracts/libraries/MerkleRoot.sol";
import {JobId, Outcome} from "../../contracts/types/JobTypes.sol";
import {Standing, Statement, Subject} from "../../contracts/types/RegistryTypes.sol";
import {Account} from "./support/Account.sol";
import {RegistryHarness} from "./support/RegistryHarness.sol";
import {MoodyToken} from "./support/Tokens.sol";
import {Vm} from "./support/Vm.sol";

/// @dev Two different verdicts of one validator on one result cost it its bond; nothing else does.
contract RegistrySlashTest is RegistryHarness {
    uint256 private key;
    address private member;
    Subject private about;

    function setUp() public override {
        super.setUp();
        key = keys[0];
        member = validator(0);
        about = subject(member);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_who_has_no_bond() public {
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        vm.expectRevert(stands(member, Standing.None));
        report(about, one, other);
        bond(member);
        requestExit(member);
        passDelay();
        exit(member, member);
        vm.expectRevert(stands(member, Standing.None));
        report(about, one, other);
    }

    /// @dev The zero address is what a broken signature recovers.
    function test_refuses_to_accuse_the_zero_address() public {
        bond(member);
        Subject memory nobody = subject(address(0));
        Statement memory one = accepts();
        Statement memory other = rejects();
        (one.signature, other.signature) = (new bytes(65), new bytes(65));
        vm.expectRevert(stands(address(0), Standing.None));
        report(nobody, one, other);
    }

    function test_refuses_one_verdict_shown_twice() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SameVerdict.selector));
        report(about, one, one);
    }

    /// @dev One verdict signed alone and again in batches is still one verdict.
    function test_refuses_one_verdict_signed_in_every_way() public {
        bond(member);
        Statement[3] memory ways =
            [alone(key, about, accepts()), inBatch(key, about, accepts(), 2, 5), inBatch(key, about, accepts(), 0, 1)];
        for (uint256 i = 0; i < 9; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SameVerdict.selector));
            report(about, ways[i / 3], ways[i % 3]);
        }
    }

    /// @dev Verdicts on two results, rounds or jobs, or in two domains, may differ: each is refused in either place.
    function test_refuses_verdicts_on_two_subjects() public {
        bond(member);
        Subject[4] memory others = [about, about, about, about];
        others[0].resultHash = keccak256("another result");
        others[1].round = 1;
        others[2].job = JobId.wrap(keccak256("another job"));
        others[3].escrow = anyone;
        Statement memory one = alone(key, about, accepts());
        for (uint256 i = 0; i < 4; ++i) {
            Statement memory other = alone(key, others[i], rejects());
            vm.expectRevert(wrongSignature(about, rejects()));
            report(about, one, other);
            vm.expectRevert(wrongSignature(about, rejects()));
            report(about, other, one);
            Statement memory leaf = inBatch(key, others[i], rejects(), 1, 3);
            if (i < 3) vm.expectRevert(notInBatch(leaf.root, rejects()));
            else vm.expectRevert(wrongBatchSignature(about, leaf.root));
            report(about, one, leaf);
        }
        expectStanding(member, Standing.Bonded);
    }

    /// @dev What was signed for another chain, or before a fork, is not a verdict here.
    function test_refuses_verdicts_of_another_chain() public {
        bond(member);
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        vm.chainId(here);
        vm.expectRevert(wrongSignature(about, accepts()));
        report(about, one, other);
    }

    function test_refuses_a_statement_of_somebody_else() public {
        bond(member);
        bond(validator(1));
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(keys[1], about, rejects());
        vm.expectRevert(wrongSignature(about, rejects()));
        report(about, one, other);
        vm.expectRevert(wrongSignature(about, rejects()));
        report(about, other, one);
        Statement memory leaf = inBatch(keys[1], about, rejects(), 0, 2);
        vm.expectRevert(wrongBatchSignature(about, leaf.root));
        report(about, one, leaf);
    }

    function test_refuses_a_verdict_that_was_changed() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, accepts());
        other.workerAmount -= 1;
        vm.expectRevert(wrongSignature(about, other));
        report(about, one, other);
    }

    function test_refuses_signatures_that_are_mirrored_cut_long_or_of_no_key() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        bytes memory good = other.signature;
        bytes32 digest = digestIn(about.escrow, hashOf(about, rejects()));
        bytes memory noKey = bytes.concat(good, "");
        noKey[64] = 0x1d;
        bytes memory fromZero = bytes.concat(good, "");
        fromZero[64] = bytes1(uint8(good[64]) - 27);
        bytes[6] memory wrong =
            [mirror(key, digest), bytes.concat(good, hex"00"), cut(good, 64), bytes(""), noKey, fromZero];
        for (uint256 i = 0; i < 6; ++i) {
            other.signature = wrong[i];
            vm.expectRevert(wrongSignature(about, rejects()));
            report(about, one, other);
        }
        other.signature = good;
        report(about, one, other);
        expectStanding(member, Standing.Slashed);
    }

    function test_refuses_a_leaf_that_is_not_under_the_signed_root() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = inBatch(key, about, rejects(), 3, 7);
        other.outcome = Outcome.Inconclusive;
        vm.expectRevert(notInBatch(other.root, other));
        report(about, one, other);
    }

    function test_refuses_proofs_that_are_short_long_or_of_no_place() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        for (uint256 i = 0; i < 4; ++i) {
            uint256 count = i < 2 ? 1 : 7;
            Statement memory other = inBatch(key, about, rejects(), i < 2 ? 0 : 3, count);
            if (i < 2) other.index = i == 0 ? count : count + 1;
            if (i == 2) {
                bytes32[] memory proof = other.proof;
                assembly ("memory-safe") {
                    mstore(proof, sub(mload(proof), 1))
                }
            }
            if (i == 3) {
                bytes32[] memory longer = new bytes32[](other.proof.length + 1);
                for (uint256 j = 0; j < other.proof.length; ++j) {
                    longer[j] = other.proof[j];
                }
                other.proof = longer;
            }
            vm.expectRevert(notInBatch(other.root, other));
            report(about, one, other);
        }
    }

    /// @dev The root is anybody's, the signature the validator's over another one.
    function test_refuses_a_root_that_was_not_signed() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = inBatch(keys[1], about, rejects(), 3, 7);
        other.signature = inBatch(key, about, accepts(), 3, 7).signature;
        vm.expectRevert(wrongBatchSignature(about, other.root));
        report(about, one, other);
    }

    /// @dev A signature over a batch of one is not one over the verdict alone, nor the other way round.
    function test_refuses_a_batch_signature_as_a_verdict_and_a_verdict_as_a_batch() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory batch = inBatch(key, about, rejects(), 0, 1);
        Statement memory other = inBatch(key, about, rejects(), 0, 1);
        other.count = 0;
        vm.expectRevert(wrongSignature(about, rejects()));
        report(about, one, other);
        other = alone(key, about, rejects());
        (other.count, other.root) = (1, batch.root);
        vm.expectRevert(wrongBatchSignature(about, batch.root));
        report(about, one, other);
    }

    function test_refuses_the_same_proof_again() public {
        bond(member);
        bond(validator(1));
        slash(key);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        vm.expectRevert(stands(member, Standing.Slashed));
        report(about, one, other);
        vm.expectRevert(stands(member, Standing.Slashed));
        report(about, other, one);
        vm.assertEq(address(registry).balance, BOND + BOND / 2, "the other bond, and the reward");
    }

    function test_who_was_slashed_gets_nothing_back_and_never_comes_back() public {
        bond(member);
        requestExit(member);
        slash(key);
        passDelay();
        vm.expectRevert(stands(member, Standing.Slashed));
        exit(member, member);
        vm.expectRevert(stands(member, Standing.Slashed));
        requestExit(member);
        vm.deal(member, BOND);
        vm.expectRevert(stands(member, Standing.Slashed));
        vm.prank(member);
        registry.deposit{value: BOND}();
    }

    // ------------------------------------------------------------------ done

    /// @dev Each of the three that may differ, alone, is enough.
    function testFuzz_two_verdicts_on_one_result_cost_the_bond(
        uint8 field,
        uint8 outcome,
        uint128 amount,
        bytes32 evidence,
        uint256 ways
    ) public {
        bond(member);
        Statement memory one = says(Outcome(outcome % 5), amount, evidence);
        Statement memory other = says(Outcome(outcome % 5), amount, evidence);
        if (field % 3 == 0) other.outcome = Outcome((outcome % 5 + 1) % 5);
        if (field % 3 == 1) other.workerAmount ^= 1;
        if (field % 3 == 2) other.evidenceHash ^= bytes32(uint256(1) << ways % 256);
        report(about, signed(one, ways), signed(other, ways >> 64));
        expectStanding(member, Standing.Slashed);
    }

    /// @dev Any subject will do: nobody but the validator decides what it signs.
    function testFuzz_any_job_of_any_escrow(address where, bytes32 job, uint8 round, bytes32 resultHash) public {
        bond(member);
        about = Subject(member, where, JobId.wrap(job), round, resultHash);
        report(about, alone(key, about, accepts()), alone(key, about, rejects()));
        expectStanding(member, Standing.Slashed);
    }

    function test_two_leaves_of_one_batch_cost_the_bond() public {
        bond(member);
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = MerkleRoot.leaf(hashOf(about, accepts()));
        leaves[1] = MerkleRoot.leaf(hashOf(about, rejects()));
        (Statement memory one, Statement memory other) = (accepts(), rejects());
        (one.count, other.count, other.index) = (2, 2, 1);
        (one.proof, other.proof) = (new bytes32[](1), new bytes32[](1));
        (one.proof[0], other.proof[0]) = (leaves[1], leaves[0]);
        one.root = MerkleRoot.node(leaves[0], leaves[1]);
        one.signature = sign(key, batchDigest(about.escrow, one.root));
        (other.root, other.signature) = (one.root, one.signature);
        report(about, one, other);
        expectStanding(member, Standing.Slashed);
    }

    function test_half_is_burnt_and_the_rest_is_the_reporters() public {
        bytes32 set = register(keys);
        uint256 held = address(registry).balance;
        Statement memory one = alone(key, about, accepts());
        Statement memory other = inBatch(key, about, rejects(), 4, 9);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Left(member, set);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.SetSuspended(set, 2, member);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Slashed(member, anyone, about.job, escrow, 0, RESULT, BOND - BOND / 2, BOND / 2);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Credited(anyone, BOND / 2);
        report(about, one, other);
        vm.assertEq(BURNT.balance, BOND / 2 + 1, "burnt, rounded up");
        vm.assertEq(registry.credit(anyone), BOND / 2, "credit");
        vm.assertEq(address(registry).balance, held - BURNT.balance, "held");
    }

    function test_a_bond_on_the_way_out_is_lost_until_it_is_gone() public {
        bond(member);
        requestExit(member);
        passDelay();
        slash(key);
        expectStanding(member, Standing.Slashed);
        vm.assertEq(registry.members(member).exitsAt, 0, "exitsAt");
        vm.expectRevert(stands(member, Standing.Slashed));
        exit(member, member);
    }

    /// @dev What was signed before the bond, or under an earlier one, still costs it: a key does not become clean.
    function test_an_old_offence_costs_a_new_bond() public {
        bond(member);
        requestExit(member);
        passDelay();
        exit(member, receiver);
        bond(member);
        slash(key);
        expectStanding(member, Standing.Slashed);
    }

    /// @dev By itself or through somebody else, before others do: at most half comes back.
    function test_reporting_oneself_does_not_pay() public {
        bond(member);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        vm.prank(member);
        registry.slash(about, one, other);
        vm.prank(member);
        registry.withdraw(member);
        vm.assertEq(member.balance, BOND / 2, "came back");
        vm.assertEq(BURNT.balance, BOND - BOND / 2, "burnt");
    }

    /// @dev Nothing can be taken from a bond of one unit but the unit.
    function test_a_bond_of_one_unit_is_burnt_whole() public {
        registry = deploy(NATIVE, 1, DELAY);
        vm.deal(member, 1);
        vm.prank(member);
        registry.deposit{value: 1}();
        vm.recordLogs();
        slash(key);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "a credit of nothing is not told");
        vm.assertEq(logs[0].topics[0], IValidatorRegistry.Slashed.selector, "slashed");
        vm.assertEq(BURNT.balance, 1, "burnt");
        vm.assertEq(registry.credit(anyone), 0, "credit");
    }

    function test_a_reward_of_one_unit_is_one() public {
        registry = deploy(NATIVE, 2, DELAY);
        vm.deal(member, 2);
        vm.prank(member);
        registry.deposit{value: 2}();
        slash(key);
        vm.assertEq(BURNT.balance, 1, "burnt");
        vm.assertEq(registry.credit(anyone), 1, "credit");
    }

    function test_a_token_that_answers_with_less_than_a_word_stops_no_slash() public {
        MoodyToken token = bondedIn();
        vm.etch(address(token), hex"60015f52601f6001f3"); // returns 31 bytes
        slash(key);
        vm.assertEq(registry.credit(BURNT), BOND - BOND / 2, "kept for nobody");
    }

    /// @dev `GAS` costs 2.
    function test_the_burn_is_granted_its_allowance_and_no_more() public {
        MoodyToken token = bondedIn();
        vm.etch(address(token), hex"5a5f5560015f5260205ff3"); // notes what gas it has, and returns true
        slash(key);
        vm.assertEq(uint256(vm.load(address(token), 0)), 200_000 - 2, "gas");
    }

    // ------------------------------------------------------------------ withdraw

    function test_refuses_an_account_without_a_credit() public {
        bond(member);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NoCredit.selector, member));
        vm.prank(member);
        registry.withdraw(member);
    }

    function test_refuses_to_send_a_reward_nowhere() public {
        bond(member);
        slash(key);
        for (uint256 i = 0; i < 2; ++i) {
            address to = [address(0), address(registry)][i];
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Receiver.selector, to));
            vm.prank(anyone);
            registry.withdraw(to);
        }
    }

    function test_rewards_add_up_and_leave_once() public {
        register(keys);
        slash(keys[0]);
        slash(keys[1]);
        uint256 reward = 2 * (BOND / 2);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Withdrawn(anyone, receiver, reward);
        vm.prank(anyone);
        vm.assertEq(registry.withdraw(receiver), reward, "withdrawn");
        vm.assertEq(receiver.balance, reward, "received");
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NoCredit.selector, anyone));
        vm.prank(anyone);
        registry.withdraw(receiver);
        vm.assertEq(address(registry).balance, 3 * BOND, "the others' bonds");
    }

    function test_a_withdrawal_that_fails_leaves_the_credit() public {
        Account unkind = new Account();
        unkind.set(Account.Mood.Reverts);
        bond(member);
        slash(key);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Withdrawal.selector, address(unkind)));
        vm.prank(anyone);
        registry.withdraw(address(unkind));
        vm.assertEq(registry.credit(anyone), BOND / 2, "credit");
    }

    /// @dev A reporter that calls back from inside its withdrawal finds its credit gone.
    function test_refuses_a_withdrawal_from_inside_a_withdrawal() public {
        Account reporter = new Account();
        register(keys);
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        reporter.act(address(registry), 0, abi.encodeCall(IValidatorRegistry.slash, (about, one, other)));
        bytes memory again = abi.encodeCall(IValidatorRegistry.withdraw, (address(reporter)));
        reporter.reenter(address(registry), again);
        reporter.act(address(registry), 0, again);
        vm.assertTrue(!reporter.reentered(), "the second one");
        vm.assertEq(address(reporter).balance, BOND / 2, "once");
        vm.assertEq(address(registry).balance, 4 * BOND, "the others' bonds");
    }

    // ------------------------------------------------------------------ burns that fail

    /// @dev A token that takes no burn stops no slash: what it refuses stays in the registry, as nobody's.
    function test_a_token_that_refuses_the_burn_stops_no_slash() public {
        for (uint256 mood = 1; mood <= 4; ++mood) {
            MoodyToken token = bondedIn();
            token.list(BURNT, MoodyToken.Mood(mood));
            slash(key);
            vm.assertEq(registry.credit(BURNT), BOND - BOND / 2, "kept");
            vm.assertEq(registry.credit(anyone), BOND / 2, "credit");
            vm.prank(anyone);
            registry.withdraw(anyone);
            vm.assertEq(token.balanceOf(address(registry)), BOND - BOND / 2, "held for ever");
        }
    }

    function test_a_token_that_takes_the_burn_is_burnt() public {
        MoodyToken token = bondedIn();
        slash(key);
        vm.assertEq(token.balanceOf(BURNT), BOND - BOND / 2, "burnt");
        vm.assertEq(registry.credit(BURNT), 0, "kept");
    }

    /// @dev With too little gas for the burn the call fails, or the burnt half stays: the reporter gets no more.
    function testFuzz_starving_the_burn_gains_nothing(uint256 gasLimit) public {
        MoodyToken token = bondedIn();
        Statement memory one = alone(key, about, accepts());
        Statement memory other = alone(key, about, rejects());
        gasLimit = 50_000 + gasLimit % 200_000;
        vm.prank(anyone);
        try registry.slash{gas: gasLimit}(about, one, other) {
            vm.assertEq(registry.credit(anyone), BOND / 2, "reward");
            vm.assertEq(token.balanceOf(BURNT) + registry.credit(BURNT), BOND - BOND / 2, "burnt or kept");
        } catch {
            expectStanding(member, Standing.Bonded);
            vm.assertEq(token.balanceOf(address(registry)), BOND, "held");
        }
    }

    // ------------------------------------------------------------------ steps

    function bondedIn() private returns (MoodyToken token) {
        token = new MoodyToken(member, BOND);
        registry = deploy(address(token));
        vm.prank(member);
        token.approve(address(registry), BOND);
        vm.prank(member);
        registry.deposit();
    }

    function signed(Statement memory said, uint256 way) private view returns (Statement memory) {
        uint256 count = (way >> 8) % 20;
        return count == 0 ? alone(key, about, said) : inBatch(key, about, said, (way >> 16) % count, count);
    }

    function wrongSignature(Subject memory on, Statement memory said) private view returns (bytes memory) {
        bytes32 digest = digestIn(on.escrow, hashOf(on, said));
        return abi.encodeWithSelector(ValidatorRegistry_Signature.selector, on.member, digest);
    }

    function wrongBatchSignature(Subject memory on, bytes32 root) private view returns (bytes memory) {
        return abi.encodeWithSelector(ValidatorRegistry_Signature.selector, on.member, batchDigest(on.escrow, root));
    }

    function notInBatch(bytes32 root, Statement memory said) private view returns (bytes memory) {
        bytes32 leaf = keccak256(abi.encodePacked(bytes1(0x00), hashOf(about, said)));
        return abi.encodeWithSelector(ValidatorRegistry_NotInBatch.selector, root, leaf);
    }

    function cut(bytes memory long, uint256 length) private pure returns (bytes memory short) {
        short = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            short[i] = long[i];
        }
    }
}

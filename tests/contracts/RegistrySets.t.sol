// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IValidatorRegistry} from "../../contracts/interfaces/IValidatorRegistry.sol";
import {Standing, ValidatorSet} from "../../contracts/types/RegistryTypes.sol";
import {RegistryHarness} from "./support/RegistryHarness.sol";
import {Vm} from "./support/Vm.sol";

/// @dev Which sets are admitted, and who decides on that.
contract RegistrySetsTest is RegistryHarness {
    // ------------------------------------------------------------------ join

    function test_refuses_who_has_no_bond() public {
        address member = validator(0);
        bytes memory set = packed(keys);
        vm.expectRevert(stands(member, Standing.None));
        join(member, set);
        bond(member);
        requestExit(member);
        vm.expectRevert(stands(member, Standing.Exiting));
        join(member, set);
        slash(keys[0]);
        vm.expectRevert(stands(member, Standing.Slashed));
        join(member, set);
    }

    function test_refuses_an_empty_set() public {
        bond(validator(0));
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SetSize.selector, 0, 16));
        join(validator(0), "");
        vm.assertTrue(!admitted(keccak256("")), "admitted");
    }

    function test_refuses_a_set_of_more_than_16() public {
        uint256[] memory many = sortedKeys("many", 17);
        address member = vm.addr(many[16]);
        bond(member);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SetSize.selector, 17, 16));
        join(member, packed(many));
    }

    function test_refuses_bytes_that_are_no_addresses() public {
        bond(validator(0));
        for (uint256 i = 1; i < 20; ++i) {
            bytes memory set = bytes.concat(packed(keys), new bytes(i));
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SetLength.selector, set.length));
            join(validator(0), set);
        }
    }

    /// @dev Twice, in another order, or with the zero address in front: each would be a second name of one set.
    function test_refuses_a_set_that_is_not_strictly_ascending() public {
        address first = validator(0);
        address second = validator(1);
        bond(first);
        bytes[4] memory wrong = [
            abi.encodePacked(first, first),
            abi.encodePacked(second, first),
            abi.encodePacked(address(0), first),
            abi.encodePacked(first, second, second)
        ];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_SetOrder.selector, [1, 1, 0, 2][i]));
            join(first, wrong[i]);
        }
    }

    function test_refuses_to_join_a_set_of_others() public {
        uint256[] memory others = sortedKeys("others", 3);
        bond(validator(0));
        bytes32 set = keccak256(packed(others));
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NotNamed.selector, validator(0), set));
        join(validator(0), packed(others));
    }

    /// @dev Or one validator would count as two.
    function test_refuses_to_join_twice() public {
        bond(validator(0));
        bytes32 set = join(validator(0), packed(keys));
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_AlreadyJoined.selector, validator(0), set));
        join(validator(0), packed(keys));
    }

    function test_refuses_a_seventeenth_set_until_one_is_left() public {
        address member = validator(0);
        bond(member);
        bytes32 set;
        for (uint256 i = 0; i < 16; ++i) {
            set = join(member, pair(member, i));
        }
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_TooManySets.selector, member, 16));
        join(member, pair(member, 16));
        vm.prank(member);
        registry.leave(set);
        join(member, pair(member, 16));
        vm.assertEq(registry.setsOf(member).length, 16, "sets");
    }

    function test_a_set_is_registered_when_the_last_one_joins() public {
        for (uint256 i = 0; i < 5; ++i) {
            bond(validator(i));
        }
        bytes32 set = keccak256(packed(keys));
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertTrue(!admitted(set), "before everybody is in it");
            vm.expectEmit(true, true, true, true, address(registry));
            emit IValidatorRegistry.Joined(validator(4 - i), set, i + 1, 5);
            if (i == 4) {
                vm.expectEmit(true, true, true, true, address(registry));
                emit IValidatorRegistry.SetRegistered(set, 1, packed(keys));
            }
            vm.assertEq(join(validator(4 - i), packed(keys)), set, "the set's name");
        }
        vm.assertTrue(admitted(set), "after");
        expectSet(set, 5, 5, 1);
    }

    function test_a_validator_may_be_a_set_of_its_own_and_16_may_be_one() public {
        bond(validator(0));
        vm.assertTrue(admitted(join(validator(0), abi.encodePacked(validator(0)))), "one");
        vm.assertTrue(admitted(register(sortedKeys("sixteen", 16))), "sixteen");
    }

    // ------------------------------------------------------------------ leave

    function test_refuses_to_leave_a_set_that_one_is_not_in() public {
        bytes32 set = register(keys);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NotJoined.selector, anyone, set));
        vm.prank(anyone);
        registry.leave(set);
        vm.prank(validator(0));
        registry.leave(set);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NotJoined.selector, validator(0), set));
        vm.prank(validator(0));
        registry.leave(set);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_NotJoined.selector, validator(1), bytes32(0)));
        vm.prank(validator(1));
        registry.leave(bytes32(0));
    }

    function test_a_set_that_one_leaves_is_suspended_until_that_one_is_back() public {
        bytes32 set = register(keys);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Left(validator(2), set);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.SetSuspended(set, 2, validator(2));
        vm.prank(validator(2));
        registry.leave(set);
        vm.assertTrue(!admitted(set), "without one");
        vm.prank(validator(3));
        registry.leave(set);
        expectSet(set, 5, 3, 2);
        join(validator(3), packed(keys));
        vm.assertTrue(!admitted(set), "still without one");
        join(validator(2), packed(keys));
        vm.assertTrue(admitted(set), "whole");
        expectSet(set, 5, 5, 3);
        expectStanding(validator(2), Standing.Bonded);
    }

    /// @dev Any of the places of a list may become free; the others stay what they are.
    function testFuzz_leaving_one_set_leaves_the_others(uint256 seed) public {
        address member = validator(0);
        bond(member);
        bytes32[] memory joined = new bytes32[](16);
        for (uint256 i = 0; i < 16; ++i) {
            joined[i] = join(member, pair(member, i));
        }
        uint256 gone;
        for (uint256 i = 0; i < 16; ++i) {
            if ((seed >> i) & 1 == 0) continue;
            vm.prank(member);
            registry.leave(joined[i]);
            ++gone;
        }
        bytes32[] memory left = registry.setsOf(member);
        vm.assertEq(left.length, 16 - gone, "sets");
        for (uint256 i = 0; i < 16; ++i) {
            bool listed;
            for (uint256 j = 0; j < left.length; ++j) {
                if (left[j] == joined[i]) listed = true;
            }
            vm.assertTrue(listed == ((seed >> i) & 1 == 0), "listed");
            vm.assertEq(registry.sets(joined[i]).joined, listed ? 1 : 0, "joined");
        }
    }

    // ------------------------------------------------------------------ admitted

    function test_a_job_is_admitted_up_to_the_exit_delay_and_no_second_longer() public {
        bytes32 set = register(keys);
        vm.assertTrue(registry.admits(set, 0), "in the past");
        vm.assertTrue(registry.admits(set, block.timestamp + DELAY), "the last second");
        vm.assertTrue(!registry.admits(set, block.timestamp + DELAY + 1), "one more");
        vm.assertTrue(!registry.admits(set, type(uint256).max), "for ever");
    }

    function testFuzz_nothing_that_nobody_joined_is_admitted(bytes32 set, uint256 until) public {
        register(keys);
        vm.assume(set != keccak256(packed(keys)));
        vm.assertTrue(!registry.admits(set, until), "admitted");
    }

    /// @dev Whoever is admitted in this second can still be slashed in the last second of the job, though everybody
    /// asks to exit at once, and for `REPORT_TIME` after it.
    function test_every_bond_outlives_every_job_that_was_admitted() public {
        bytes32 set = register(keys);
        uint256 until = block.timestamp + DELAY;
        vm.assertTrue(registry.admits(set, until), "admitted");
        requestExit(validator(0));
        vm.warp(until + REPORT_TIME);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_TooEarly.selector, block.timestamp, block.timestamp));
        exit(validator(0), anyone);
        slash(keys[0]);
        expectStanding(validator(0), Standing.Slashed);
    }

    function test_an_exit_suspends_every_set_that_one_is_in() public {
        expectAllSuspended(false);
    }

    function test_a_slash_suspends_every_set_that_one_is_in() public {
        expectAllSuspended(true);
    }

    /// @dev The others stay where they are, and their sets too.
    function test_an_exit_changes_no_set_of_others() public {
        bytes32 set = register(keys);
        bytes32 other = register(sortedKeys("others", 3));
        requestExit(validator(0));
        vm.assertTrue(!admitted(set), "its own");
        vm.assertTrue(admitted(other), "another one");
        vm.assertEq(registry.setsOf(validator(1))[0], set, "who stays is listed still");
        expectSet(set, 5, 4, 3);
    }

    /// @dev What the price of a registered set at funding rests on.
    function test_admission_reads_one_slot_and_nothing_else() public {
        bytes32 set = register(keys);
        vm.startStateDiffRecording();
        bool answer = registry.admits(set, block.timestamp);
        Vm.AccountAccess[] memory seen = vm.stopAndReturnStateDiff();
        vm.assertTrue(answer, "admitted");
        vm.assertEq(seen.length, 1, "calls");
        vm.assertEq(seen[0].storageAccesses.length, 1, "reads");
        vm.assertTrue(!seen[0].storageAccesses[0].isWrite, "and writes nothing");
    }

    // ------------------------------------------------------------------ steps

    function expectAllSuspended(bool slashed) private {
        (address member, bytes32[] memory joined) = inSixteenSets();
        uint64 before = registry.epoch();
        if (slashed) slash(keys[0]);
        else requestExit(member);
        for (uint256 i = 0; i < 16; ++i) {
            vm.assertTrue(!admitted(joined[i]), "admitted");
            expectSet(joined[i], 2, 1, before + 1 + i);
        }
        vm.assertEq(registry.setsOf(member).length, 0, "sets");
        vm.assertEq(registry.members(member).sets, 0, "count");
    }

    /// @dev The first validator in 16 sets of two, each registered.
    function inSixteenSets() private returns (address member, bytes32[] memory joined) {
        member = validator(0);
        bond(member);
        joined = new bytes32[](16);
        for (uint256 i = 0; i < 16; ++i) {
            address other = peer(i);
            bond(other);
            join(other, pair(member, i));
            joined[i] = join(member, pair(member, i));
            vm.assertTrue(admitted(joined[i]), "registered");
        }
    }

    function expectSet(bytes32 set, uint256 size, uint256 joined, uint256 epoch) private view {
        ValidatorSet memory found = registry.sets(set);
        vm.assertEq(found.size, size, "size");
        vm.assertEq(found.joined, joined, "joined");
        vm.assertEq(found.epoch, epoch, "epoch");
    }

    function peer(uint256 index) private pure returns (address) {
        return vm.addr(uint256(keccak256(abi.encode("peer", index))));
    }

    function pair(address member, uint256 index) private pure returns (bytes memory) {
        address other = peer(index);
        return member < other ? abi.encodePacked(member, other) : abi.encodePacked(other, member);
    }
}

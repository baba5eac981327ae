// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {RegistryHandler} from "./support/RegistryHandler.sol";
import {Vm} from "./support/Vm.sol";

/// @dev What must hold of a registry after every step of random runs.
abstract contract RegistryInvariants {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    RegistryHandler internal handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = create();
    }

    function create() internal virtual returns (RegistryHandler);

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory actions = new bytes4[](16);
        actions[0] = RegistryHandler.depositBond.selector;
        actions[1] = RegistryHandler.depositBond.selector;
        actions[2] = RegistryHandler.joinSet.selector;
        actions[3] = RegistryHandler.joinSet.selector;
        actions[4] = RegistryHandler.joinSet.selector;
        actions[5] = RegistryHandler.joinSet.selector;
        actions[6] = RegistryHandler.leaveSet.selector;
        actions[7] = RegistryHandler.requestExitOf.selector;
        actions[8] = RegistryHandler.exitOf.selector;
        actions[9] = RegistryHandler.exitOf.selector;
        actions[10] = RegistryHandler.slashMember.selector;
        actions[11] = RegistryHandler.withdrawCredit.selector;
        actions[12] = RegistryHandler.fundUnder.selector;
        actions[13] = RegistryHandler.refuseBurns.selector;
        actions[14] = RegistryHandler.pass.selector;
        actions[15] = RegistryHandler.forceCoin.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function invariant_bonds_leave_only_after_the_delay_or_by_a_slash_that_burns_half() external view {
        handler.checkMoney();
    }

    /// @dev Once at the end of each run.
    function afterInvariant() external {
        handler.close();
    }

    /// @dev The invariants say little of runs in which nothing happens: in 60 runs as long as theirs each action goes
    /// through, and everybody can leave at their end.
    function test_random_runs_reach_every_action() external {
        bytes32[9] memory actions =
            [bytes32("deposit"), "join", "registered", "leave", "requestExit", "exit", "slash", "withdraw", "admitted"];
        uint256[9] memory done;
        for (uint256 run = 0; run < 60; ++run) {
            RegistryHandler next = create();
            for (uint256 step = 0; step < 64; ++step) {
                act(next, uint256(keccak256(abi.encode(run, step))));
            }
            next.close();
            for (uint256 i = 0; i < done.length; ++i) {
                done[i] += next.done(actions[i]);
            }
        }
        for (uint256 i = 0; i < done.length; ++i) {
            vm.assertGe(done[i], 10, string(abi.encodePacked("too rare: ", actions[i])));
        }
    }

    function act(RegistryHandler next, uint256 seed) private {
        uint256 kind = seed % 16;
        uint256 other = uint256(keccak256(abi.encode(seed)));
        if (kind < 2) next.depositBond(other, seed >> 16);
        else if (kind < 6) next.joinSet(other);
        else if (kind == 6) next.leaveSet(other);
        else if (kind == 7) next.requestExitOf(other);
        else if (kind < 10) next.exitOf(other);
        else if (kind == 10) next.slashMember(other, uint8(seed >> 16), uint64(seed >> 24));
        else if (kind == 11) next.withdrawCredit(other);
        else if (kind == 12) next.fundUnder(other, uint32(seed >> 16));
        else if (kind == 13) next.refuseBurns(uint8(seed >> 16));
        else if (kind == 14) next.pass(uint32(seed >> 16));
        else next.forceCoin(uint64(seed >> 16));
    }
}

contract RegistryNativeInvariantsTest is RegistryInvariants {
    function create() internal override returns (RegistryHandler) {
        return new RegistryHandler(false);
    }

    function invariant_a_set_is_admitted_only_while_everybody_in_it_is_bonded_and_stays() external view {
        handler.checkSets();
        handler.checkMembers();
    }
}

/// @dev In a token whose burns fail at times.
contract RegistryTokenInvariantsTest is RegistryInvariants {
    function create() internal override returns (RegistryHandler) {
        return new RegistryHandler(true);
    }
}

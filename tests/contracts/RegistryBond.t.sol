// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IValidatorRegistry} from "../../contracts/interfaces/IValidatorRegistry.sol";
import {Standing} from "../../contracts/types/RegistryTypes.sol";
import {Account} from "./support/Account.sol";
import {RegistryHarness} from "./support/RegistryHarness.sol";
import {FalseToken, FeeToken, ISender, MoodyToken, SilentToken} from "./support/Tokens.sol";

/// @dev Calls the sender first, as ERC-777 does, and takes nothing of one whom it favours.
contract CallingToken is MoodyToken {
    address private immutable _favoured;

    constructor(address holder, uint256 supply, address favoured) MoodyToken(holder, supply) {
        _favoured = favoured;
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        ISender(from).tokensToSend();
        return from == _favoured || super.transferFrom(from, to, value);
    }
}

/// @dev Parameters, and how a bond comes and goes.
contract RegistryBondTest is RegistryHarness {
    address private member;

    function setUp() public override {
        super.setUp();
        member = validator(0);
    }

    // ------------------------------------------------------------------ parameters

    function test_refuses_a_token_that_is_not_there() public {
        expectNotDeployed(anyone, BOND, DELAY);
    }

    function test_refuses_no_bond_and_one_that_no_budget_reaches() public {
        expectNotDeployed(NATIVE, 0, DELAY);
        expectNotDeployed(NATIVE, uint256(type(uint128).max) + 1, DELAY);
        deploy(NATIVE, 1, DELAY);
        deploy(NATIVE, type(uint128).max, DELAY);
    }

    function test_refuses_a_delay_under_a_day_and_over_two_years() public {
        expectNotDeployed(NATIVE, BOND, 1 days - 1);
        expectNotDeployed(NATIVE, BOND, 730 days + 1);
        deploy(NATIVE, BOND, 1 days);
        deploy(NATIVE, BOND, 730 days);
    }

    function test_says_its_parameters() public {
        address token = address(new MoodyToken(member, 7));
        registry = deploy(token, 7, 2 days);
        vm.assertEq(registry.TOKEN(), token, "token");
        vm.assertEq(registry.BOND(), 7, "bond");
        vm.assertEq(registry.EXIT_DELAY(), 2 days, "delay");
        vm.assertEq(registry.REPORT_TIME(), REPORT_TIME, "report time");
        vm.assertEq(registry.epoch(), 0, "epoch");
    }

    // ------------------------------------------------------------------ deposit

    function test_refuses_another_amount_than_the_bond() public {
        vm.deal(member, 2 * BOND);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 sent = [0, BOND - 1, BOND + 1][i];
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Value.selector, sent, BOND));
            vm.prank(member);
            registry.deposit{value: sent}();
        }
    }

    function test_refuses_coin_where_bonds_are_in_a_token() public {
        registry = deploy(address(new MoodyToken(member, BOND)));
        vm.deal(member, 1);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Value.selector, 1, 0));
        vm.prank(member);
        registry.deposit{value: 1}();
    }

    function test_refuses_a_second_bond() public {
        bond(member);
        vm.deal(member, BOND);
        vm.expectRevert(stands(member, Standing.Bonded));
        vm.prank(member);
        registry.deposit{value: BOND}();
    }

    function test_refuses_a_bond_on_the_way_out() public {
        bond(member);
        requestExit(member);
        vm.deal(member, BOND);
        vm.expectRevert(stands(member, Standing.Exiting));
        vm.prank(member);
        registry.deposit{value: BOND}();
    }

    function test_refuses_coin_without_a_call() public {
        vm.deal(anyone, 1);
        vm.prank(anyone);
        (bool taken,) = address(registry).call{value: 1}("");
        vm.assertTrue(!taken, "nobody's money");
    }

    function test_refuses_a_token_that_brings_less() public {
        FeeToken token = new FeeToken(member, 2 * BOND);
        registry = deploy(address(token));
        vm.prank(member);
        token.approve(address(registry), BOND);
        uint256 received = BOND - BOND / 100;
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Received.selector, address(token), received, BOND));
        vm.prank(member);
        registry.deposit();
    }

    function test_refuses_a_token_that_answers_false_or_has_no_allowance() public {
        address[2] memory tokens = [address(new FalseToken()), address(new MoodyToken(member, BOND))];
        for (uint256 i = 0; i < 2; ++i) {
            registry = deploy(tokens[i]);
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_TransferFrom.selector, tokens[i], member, BOND));
            vm.prank(member);
            registry.deposit();
        }
    }

    function test_holds_the_bond() public {
        vm.deal(member, BOND);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Bonded(member, BOND);
        vm.prank(member);
        registry.deposit{value: BOND}();
        vm.assertEq(address(registry).balance, BOND, "held");
        expectStanding(member, Standing.Bonded);
        vm.assertEq(registry.setsOf(member).length, 0, "sets");
    }

    function test_holds_a_bond_in_a_token_and_returns_it() public {
        SilentToken silent = new SilentToken(member, BOND);
        MoodyToken kind = new MoodyToken(member, BOND);
        address[2] memory tokens = [address(silent), address(kind)];
        for (uint256 i = 0; i < 2; ++i) {
            registry = deploy(tokens[i]);
            vm.prank(member);
            silent.approve(address(registry), BOND);
            vm.prank(member);
            kind.approve(address(registry), BOND);
            vm.prank(member);
            registry.deposit();
            vm.assertEq(balance(tokens[i], address(registry)), BOND, "held");
            requestExit(member);
            passDelay();
            exit(member, receiver);
            vm.assertEq(balance(tokens[i], receiver), BOND, "returned");
        }
    }

    /// @dev A token with hooks lets one sender deposit from inside the deposit of another one, of whom it then takes
    /// nothing: what the second one brings would be counted for both.
    function test_refuses_a_bond_from_inside_a_bond() public {
        Account first = new Account();
        Account second = new Account();
        CallingToken paid = new CallingToken(address(second), BOND, address(first));
        registry = deploy(address(paid));
        second.act(address(paid), 0, abi.encodeCall(paid.approve, (address(registry), BOND)));
        bytes memory call = abi.encodeCall(IValidatorRegistry.deposit, ());
        first.reenter(address(second), abi.encodeCall(Account.act, (address(registry), 0, call)));
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Received.selector, address(paid), 0, BOND));
        first.act(address(registry), 0, call);
        second.act(address(registry), 0, call);
        vm.assertEq(paid.balanceOf(address(registry)), BOND, "one bond, of the one who paid");
        expectStanding(address(first), Standing.None);
    }

    // ------------------------------------------------------------------ exit

    function test_refuses_to_exit_without_a_bond() public {
        vm.expectRevert(stands(anyone, Standing.None));
        requestExit(anyone);
        vm.expectRevert(stands(anyone, Standing.None));
        exit(anyone, anyone);
    }

    function test_refuses_to_return_a_bond_before_exit_was_requested() public {
        bond(member);
        passDelay();
        vm.expectRevert(stands(member, Standing.Bonded));
        exit(member, member);
    }

    /// @dev It would put the end of the delay off, or bring it nearer.
    function test_refuses_a_second_request() public {
        bond(member);
        requestExit(member);
        vm.expectRevert(stands(member, Standing.Exiting));
        requestExit(member);
    }

    function test_refuses_to_return_the_bond_in_the_last_second_of_the_delay() public {
        bond(member);
        uint256 last = block.timestamp + DELAY + REPORT_TIME;
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.ExitRequested(member, uint40(last));
        requestExit(member);
        vm.assertEq(registry.members(member).exitsAt, last, "exitsAt");
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_TooEarly.selector, last, last));
        exit(member, member);
        vm.warp(last + 1);
        exit(member, member);
        vm.assertEq(member.balance, BOND, "returned");
    }

    function test_refuses_to_send_a_bond_nowhere() public {
        bond(member);
        requestExit(member);
        passDelay();
        for (uint256 i = 0; i < 2; ++i) {
            address to = [address(0), address(registry)][i];
            vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Receiver.selector, to));
            exit(member, to);
        }
    }

    function test_a_return_that_fails_leaves_the_bond() public {
        Account unkind = new Account();
        unkind.set(Account.Mood.Reverts);
        bond(member);
        requestExit(member);
        passDelay();
        vm.expectRevert(abi.encodeWithSelector(ValidatorRegistry_Withdrawal.selector, address(unkind)));
        exit(member, address(unkind));
        expectStanding(member, Standing.Exiting);
        exit(member, receiver);
        vm.assertEq(receiver.balance, BOND, "returned");
    }

    function test_returns_the_bond_once() public {
        bond(member);
        bond(validator(1));
        requestExit(member);
        passDelay();
        vm.expectEmit(true, true, true, true, address(registry));
        emit IValidatorRegistry.Exited(member, receiver, BOND);
        exit(member, receiver);
        vm.assertEq(receiver.balance, BOND, "returned");
        vm.expectRevert(stands(member, Standing.None));
        exit(member, receiver);
        vm.assertEq(address(registry).balance, BOND, "the other one's");
    }

    function test_who_has_exited_may_come_back_and_starts_anew() public {
        bytes32 set = register(keys);
        requestExit(member);
        passDelay();
        exit(member, receiver);
        bond(member);
        expectStanding(member, Standing.Bonded);
        vm.assertEq(registry.members(member).exitsAt, 0, "exitsAt");
        vm.assertTrue(!admitted(set), "it has not joined again");
        join(member, packed(keys));
        vm.assertTrue(admitted(set), "it has");
    }

    /// @dev A contract that is called back from inside its exit finds that it has no bond.
    function test_refuses_an_exit_from_inside_an_exit() public {
        Account account = new Account();
        vm.deal(address(account), BOND);
        account.act(address(registry), BOND, abi.encodeCall(IValidatorRegistry.deposit, ()));
        bond(member);
        account.act(address(registry), 0, abi.encodeCall(IValidatorRegistry.requestExit, ()));
        passDelay();
        bytes memory again = abi.encodeCall(IValidatorRegistry.exit, (address(account)));
        account.reenter(address(registry), again);
        account.act(address(registry), 0, again);
        vm.assertTrue(!account.reentered(), "the second one");
        vm.assertEq(address(account).balance, BOND, "once");
        vm.assertEq(address(registry).balance, BOND, "the other one's");
    }

    /// @dev A creation that fails inside forge's cheatcode fails without its reason; it is made here.
    function expectNotDeployed(address token, uint256 amount, uint256 delay) private {
        bytes memory code = vm.getCode("ValidatorRegistry.sol:ValidatorRegistry");
        code = bytes.concat(code, abi.encode(token, amount, delay));
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        bytes memory answer;
        assembly ("memory-safe") {
            answer := mload(0x40)
            mstore(answer, returndatasize())
            returndatacopy(add(answer, 0x20), 0, returndatasize())
            mstore(0x40, add(answer, add(0x20, returndatasize())))
        }
        vm.assertEq(made, address(0), "deployed");
        bytes memory reason = token == anyone
            ? abi.encodeWithSelector(ValidatorRegistry_NotToken.selector, token)
            : delay == DELAY
                ? abi.encodeWithSelector(ValidatorRegistry_Bond.selector, amount, 1, type(uint128).max)
                : abi.encodeWithSelector(ValidatorRegistry_ExitDelay.selector, delay, 1 days, 730 days);
        vm.assertEq(answer, reason, "reason");
    }
}

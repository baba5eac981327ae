// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Job, JobId, Outcome, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Account} from "./support/Account.sol";
import {MoodyToken, SilentToken} from "./support/Tokens.sol";
import {Harness} from "./support/Harness.sol";

/// @dev Pushes that fail become credits, and credits become money.
contract WithdrawTest is Harness {
    Account private account;
    MoodyToken private token;
    uint256 private _salt = 1000;

    function setUp() public override {
        super.setUp();
        account = new Account();
        token = new MoodyToken(payer, MONEY);
        vm.prank(payer);
        token.approve(address(escrow), MONEY);
    }

    // ------------------------------------------------------------------ refused

    function test_refuses_an_account_without_a_credit() public {
        fund(plain());
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NoCredit.selector, NATIVE, payer));
        vm.prank(payer);
        escrow.withdraw(NATIVE, payer);
    }

    function test_refuses_a_credit_in_another_token() public {
        owe(Account.Mood.Reverts);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NoCredit.selector, address(dollar), address(account)));
        vm.prank(address(account));
        escrow.withdraw(address(dollar), anyone);
    }

    function test_a_withdrawal_that_fails_leaves_the_credit() public {
        owe(Account.Mood.Reverts);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Withdrawal.selector, NATIVE, address(account)));
        vm.prank(address(account));
        escrow.withdraw(NATIVE, address(account));
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    function test_refuses_a_receiver_where_the_money_would_be_lost() public {
        owe(Account.Mood.Reverts);
        address[2] memory lost = [address(0), address(escrow)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(JobEscrow_Receiver.selector, lost[i]));
            vm.prank(address(account));
            escrow.withdraw(NATIVE, lost[i]);
        }
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    /// @dev A JobId is any word, and so the place of a credit too; the amount was chosen to look like a settled job.
    function test_a_credit_reads_as_no_job() public {
        JobTerms memory terms = plain();
        terms.payer = address(account);
        terms.budget = uint128(BUDGET) + uint128(Status.Settled);
        vm.deal(address(account), terms.budget);
        account.act(address(escrow), terms.budget, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        account.set(Account.Mood.Reverts);
        vm.warp(terms.submitBy + 1);
        escrow.refund(brief(terms));
        vm.assertEq(escrow.credit(NATIVE, address(account)), terms.budget, "credit");
        bytes32 place = keccak256(abi.encode(address(account), keccak256(abi.encode(NATIVE, uint256(0)))));
        vm.assertTrue(vm.load(address(escrow), place) != 0, "the credit lies there");
        Job memory none;
        vm.assertEq(keccak256(abi.encode(escrow.jobs(JobId.wrap(place)))), keccak256(abi.encode(none)), "no job");
    }

    /// @dev However much it is.
    function testFuzz_no_credit_reads_as_a_job(uint128 amount) public {
        JobTerms memory terms = plain();
        (terms.payer, terms.budget) = (address(account), amount == 0 ? 1 : amount);
        vm.deal(address(account), terms.budget);
        account.act(address(escrow), terms.budget, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        account.set(Account.Mood.Reverts);
        vm.warp(terms.submitBy + 1);
        escrow.refund(brief(terms));
        bytes32 place = keccak256(abi.encode(address(account), keccak256(abi.encode(NATIVE, uint256(0)))));
        vm.assertEq(uint256(escrow.jobs(JobId.wrap(place)).status), 0, "no job");
        account.set(Account.Mood.Kind);
        account.act(address(escrow), 0, abi.encodeCall(IJobEscrow.withdraw, (NATIVE, address(account))));
        vm.assertEq(address(account).balance, terms.budget, "all of it");
        vm.assertEq(vm.load(address(escrow), place), 0, "what was left there could be read as a job's status");
    }

    function test_refuses_a_second_withdrawal() public {
        owe(Account.Mood.Reverts);
        fund(plain());
        vm.prank(address(account));
        escrow.withdraw(NATIVE, anyone);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NoCredit.selector, NATIVE, address(account)));
        vm.prank(address(account));
        escrow.withdraw(NATIVE, anyone);
    }

    /// @dev A creditor that calls back from inside its withdrawal finds its credit gone.
    function test_refuses_a_withdrawal_from_inside_a_withdrawal() public {
        owe(Account.Mood.Reverts);
        fund(plain());
        account.reenter(address(escrow), abi.encodeCall(IJobEscrow.withdraw, (NATIVE, address(account))));
        vm.prank(address(account));
        escrow.withdraw(NATIVE, address(account));
        vm.assertTrue(!account.reentered(), "the second one");
        vm.assertEq(address(account).balance, BUDGET, "once");
        vm.assertEq(address(escrow).balance, BUDGET, "the other job's budget");
    }

    // ------------------------------------------------------------------ done

    function test_promise11_no_receiver_of_native_coin_stops_a_settlement() public {
        Account.Mood[3] memory moods = [Account.Mood.Reverts, Account.Mood.BurnsGas, Account.Mood.ReturnsMuch];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = payer.balance;
            owe(moods[i]);
            vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
            vm.assertEq(payer.balance, before - BUDGET, "the payer got its own");
            account.set(Account.Mood.Kind);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Withdrawn(NATIVE, address(account), anyone, BUDGET);
            vm.prank(address(account));
            vm.assertEq(escrow.withdraw(NATIVE, anyone), BUDGET, "withdrawn");
        }
        vm.assertEq(anyone.balance, 2 * BUDGET, "received");
        owe(moods[2]);
        vm.assertEq(address(account).balance, BUDGET, "much data is not a refusal");
    }

    function test_a_withdrawal_that_burns_all_gas_leaves_the_credit() public {
        owe(Account.Mood.Reverts);
        account.set(Account.Mood.BurnsGas);
        vm.prank(address(account));
        (bool success,) = address(escrow).call(abi.encodeCall(IJobEscrow.withdraw, (NATIVE, address(account))));
        vm.assertTrue(!success, "its gas is its own");
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    function test_promise11_no_token_that_lists_a_receiver_stops_a_settlement() public {
        for (uint256 mood = 1; mood <= 4; ++mood) {
            token.list(worker, MoodyToken.Mood(mood));
            JobTerms memory terms = plain();
            terms.token = address(token);
            terms.salt = 100 + mood;
            fund(terms);
            submit(terms);
            uint256 before = token.balanceOf(payer);
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.Credited(idOf(terms), address(token), worker, BUDGET / 4);
            propose(terms, accept(BUDGET / 4));
            vm.assertEq(escrow.credit(address(token), worker), BUDGET / 4, "credit");
            vm.assertEq(token.balanceOf(payer) - before, BUDGET - BUDGET / 4, "the payer got its own");
            vm.prank(worker);
            escrow.withdraw(address(token), anyone);
        }
        vm.assertEq(token.balanceOf(anyone), BUDGET, "received, at an account that is not listed");
    }

    function test_a_token_that_returns_nothing_pays_and_one_that_is_gone_leaves_a_credit() public {
        SilentToken silent = new SilentToken(payer, MONEY);
        vm.prank(payer);
        silent.approve(address(escrow), MONEY);
        JobTerms memory terms = plain();
        terms.token = address(silent);
        for (terms.salt = 200; terms.salt < 202; ++terms.salt) {
            fund(terms);
            submit(terms);
        }
        terms.salt = 200;
        propose(terms, accept(BUDGET));
        vm.assertEq(silent.balanceOf(worker), BUDGET, "paid");
        vm.etch(address(silent), "");
        terms.salt = 201;
        propose(terms, accept(BUDGET));
        vm.assertEq(escrow.credit(address(silent), worker), BUDGET, "nothing answered, for nothing is there");
    }

    function test_a_token_that_answers_with_less_than_a_word_leaves_a_credit() public {
        JobTerms memory terms = delivered();
        vm.etch(address(dollar), hex"60015f52601f6001f3"); // returns 31 bytes
        propose(terms, accept(BUDGET));
        vm.assertEq(escrow.credit(address(dollar), worker), BUDGET, "credit");
    }

    /// @dev The receiver's allowance to the unit: 50,000 for coin, and what the machine adds where value moves; 200,000
    /// for a token. `GAS` costs 2.
    function test_a_push_grants_its_allowance_and_no_more() public {
        JobTerms memory terms = plain();
        terms.salt = 300;
        fund(terms);
        submit(terms);
        vm.etch(worker, hex"5a5f55"); // notes what gas it has
        propose(terms, accept(BUDGET));
        vm.assertEq(uint256(vm.load(worker, 0)), 50_000 + 2300 - 2, "coin");
        vm.etch(worker, "");
        terms = delivered();
        vm.etch(address(dollar), hex"5a5f5560015f5260205ff3"); // and returns true
        propose(terms, accept(BUDGET));
        vm.assertEq(uint256(vm.load(address(dollar), 0)), 200_000 - 2, "token");
    }

    /// @dev What must be left: the allowance, the 63rd of it that a caller keeps, and 70,000.
    function test_a_push_says_how_much_gas_it_needs() public {
        JobTerms memory terms = plain();
        terms.salt = 300;
        fund(terms);
        needs(terms, 120_793);
        terms = inDollars(terms);
        fund(terms);
        needs(terms, 273_174);
    }

    function needs(JobTerms memory terms, uint256 needed) private {
        vm.warp(terms.submitBy + 1);
        try escrow.refund{gas: needed}(pack(terms)) {
            vm.assertTrue(false, "refused");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(JobEscrow_GasLeft.selector), "reason");
            uint256 said;
            assembly ("memory-safe") {
                said := mload(add(reason, 0x44))
            }
            vm.assertEq(said, needed, "needed");
        }
        vm.warp(NOW);
    }

    function delivered() private returns (JobTerms memory terms) {
        terms = inDollars(plain());
        terms.salt = 301;
        fund(terms);
        submit(terms);
    }

    function test_credits_add_up_and_leave_at_once() public {
        owe(Account.Mood.Reverts);
        owe(Account.Mood.Reverts);
        vm.assertEq(escrow.credit(NATIVE, address(account)), 2 * BUDGET, "credit");
        vm.prank(address(account));
        escrow.withdraw(NATIVE, anyone);
        vm.assertEq(anyone.balance, 2 * BUDGET, "received");
        vm.assertEq(escrow.credit(NATIVE, address(account)), 0, "credit");
    }

    /// @dev A payer that cannot be paid gets a refund's credit too.
    function test_promise11_refund_and_cancel_credit_a_payer_that_refuses() public {
        JobTerms memory terms = plain();
        terms.payer = address(account);
        vm.deal(address(account), BUDGET);
        account.act(address(escrow), BUDGET, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        account.set(Account.Mood.Reverts);
        vm.warp(terms.submitBy + 1);
        escrow.refund(pack(terms));
        expectStatus(terms, Status.Refunded);
        vm.assertEq(escrow.credit(NATIVE, address(account)), BUDGET, "credit");
    }

    /// @dev A job worth a budget to the account, and one unit to the payer, is settled while it is in that mood.
    function owe(Account.Mood mood) private {
        JobTerms memory terms = plain();
        terms.worker = address(account);
        terms.budget += 1;
        terms.salt = ++_salt;
        fund(terms);
        account.act(address(escrow), 0, abi.encodeCall(IJobEscrow.submit, (pack(terms), RESULT, MULTISET)));
        account.set(mood);
        propose(terms, SignedVerdict(address(account), RESULT, Outcome.Accept, uint128(BUDGET), 0, THREE));
        expectStatus(terms, Status.Settled);
    }
}

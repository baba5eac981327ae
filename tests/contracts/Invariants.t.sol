// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {DisputeHandler} from "./support/DisputeHandler.sol";
import {Handler} from "./support/Handler.sol";
import {MoneyHandler} from "./support/MoneyHandler.sol";
import {VerdictHandler} from "./support/VerdictHandler.sol";
import {Vm} from "./support/Vm.sol";

/// @dev What random runs do, and how often.
abstract contract RandomRuns {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Handler internal handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Without this a fuzzer calls the handler's checks too.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), actions());
    }

    /// @dev Each as often as it is to be chosen.
    function actions() internal pure returns (bytes4[] memory chosen) {
        bytes4[23] memory kinds = [
            MoneyHandler.fundJob.selector,
            MoneyHandler.claimJob.selector,
            VerdictHandler.submitResult.selector,
            VerdictHandler.proposeVerdict.selector,
            VerdictHandler.settleJobs.selector,
            VerdictHandler.topUpResult.selector,
            VerdictHandler.proposeSilence.selector,
            VerdictHandler.finalizeProposal.selector,
            VerdictHandler.agreeOnProposal.selector,
            DisputeHandler.disputeProposal.selector,
            DisputeHandler.ruleDispute.selector,
            MoneyHandler.refundJob.selector,
            DisputeHandler.cancelJob.selector,
            MoneyHandler.withdrawCredit.selector,
            MoneyHandler.touchUnfunded.selector,
            MoneyHandler.changeMoods.selector,
            MoneyHandler.schemeReentry.selector,
            MoneyHandler.rebase.selector,
            MoneyHandler.forceMoney.selector,
            MoneyHandler.rotateValidators.selector,
            MoneyHandler.pass.selector,
            MoneyHandler.passToDeadline.selector,
            Handler.advance.selector
        ];
        uint8[23] memory weights = [8, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 3, 1, 4, 2, 1, 1, 2, 1, 1, 30];
        chosen = new bytes4[](69);
        uint256 count;
        for (uint256 i = 0; i < 23; ++i) {
            for (uint256 j = 0; j < weights[i]; ++j) {
                chosen[count++] = kinds[i];
            }
        }
    }

    /// @dev As long as a run of the invariants, with the same weights.
    function randomRun(Handler next, uint256 run) internal {
        bytes4[] memory chosen = actions();
        for (uint256 i = 0; i < 64; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(run, i)));
            (bool success, bytes memory answer) =
                address(next).call(abi.encodeWithSelector(chosen[seed % chosen.length], seed, uint128(seed >> 64)));
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
    }
}

/// @dev The promises but the ninth, which is below.
abstract contract Promises is RandomRuns {
    function setUp() public {
        handler = new Handler(false);
    }

    function promise1() internal view {
        handler.checkMoney();
    }

    function promise2() internal view {
        handler.checkBudgets();
    }

    function promise3() internal view {
        vm.assertEq(handler.wentBack(), 0, "promise 3: went back");
    }

    function promise4() internal view {
        handler.checkVerdicts();
    }

    function promise5() internal view {
        handler.checkReasons();
    }

    function promise6() internal view {
        handler.checkEndings();
    }

    function promise7() internal {
        handler.checkFinish();
    }

    function promise8() internal view {
        vm.assertEq(handler.bystandersChanged(), 0, "promise 8: changed");
    }

    function promise10() internal {
        handler.checkRotation();
    }

    /// @dev A settlement that a hostile receiver stopped would have failed the run: the handler calls plainly.
    function promise11() internal {
        handler.checkCredits();
    }

    function promise12() internal view {
        handler.checkDigests();
    }

    function promise13() internal view {
        handler.checkRoles();
    }
}

/// @dev Each an invariant under its number, after every call of random runs of its own.
contract PromisesTest is Promises {
    function invariant_promise1_the_escrow_holds_what_it_owes() external view {
        promise1();
    }

    function invariant_promise2_every_budget_is_paid_out_to_the_unit() external view {
        promise2();
    }

    function invariant_promise3_status_only_moves_forward() external view {
        promise3();
    }

    function invariant_promise4_at_most_one_verdict_takes_effect() external view {
        promise4();
    }

    function invariant_promise5_a_worker_is_paid_for_a_reason() external view {
        promise5();
    }

    function invariant_promise6_refund_and_settlement_exclude_each_other() external view {
        promise6();
    }

    function invariant_promise7_every_job_can_be_ended_in_bounded_time() external {
        promise7();
    }

    function invariant_promise8_no_job_changes_another() external view {
        promise8();
    }

    function invariant_promise10_a_rotation_changes_no_live_job() external {
        promise10();
    }

    function invariant_promise11_a_hostile_receiver_blocks_nobody_else() external {
        promise11();
    }

    function invariant_promise12_digests_are_those_of_other_code() external view {
        promise12();
    }

    function invariant_promise13_nobody_is_in_two_roles() external view {
        promise13();
    }
}

/// @dev All after every call of the same runs, where there are many: `make fuzz` and `make mutate`.
contract AllPromises is Promises {
    function invariant_promises_1_to_8_and_10_to_13_hold() external {
        promise1();
        promise2();
        promise3();
        promise4();
        promise5();
        promise6();
        promise7();
        promise8();
        promise10();
        promise11();
        promise12();
        promise13();
    }
}

contract RandomRunsTest is RandomRuns {
    /// @dev The invariants say little of runs in which nothing happens: in 150 runs as long as theirs each action, and
    /// each way for a job to end, goes through; and at the end of each run all jobs end and all credits leave.
    function test_random_runs_reach_every_action() external {
        bytes32[46] memory names = [
            bytes32("fund"),
            "fund by authorization",
            "fund by permit2",
            "fund refused",
            "shared role refused",
            "claim",
            "claim of a lapsed claim",
            "claim by shared role refused",
            "submit",
            "submit by signature",
            "verdict",
            "reject",
            "inconclusive",
            "cosigned",
            "agreed on what stands",
            "agreement refused",
            "settled at once",
            "flawed verdict refused",
            "batch",
            "batch of several",
            "batch that settles some",
            "flawed batch refused",
            "top-up",
            "second top-up",
            "silence",
            "silence paid",
            "finalize",
            "dispute by payer",
            "dispute by worker",
            "dispute of silence",
            "ruled for the disputer",
            "ruled against the disputer",
            "upheld",
            "no ruling in time",
            "claim's bond lost",
            "refund",
            "refund of a lapsed claim",
            "cancel",
            "cancel by the payer alone",
            "cancel of a dispute",
            "cancel refused",
            "withdraw",
            "unfunded refused",
            "pulled from who re-enters",
            "rotate",
            "settled after a rotation"
        ];
        uint256[46] memory done;
        for (uint256 run = 0; run < 150; ++run) {
            Handler next = new Handler(false);
            randomRun(next, run);
            next.close();
            for (uint256 i = 0; i < done.length; ++i) {
                done[i] += next.done(names[i]);
            }
        }
        for (uint256 i = 0; i < done.length; ++i) {
            emit Reached(string(abi.encodePacked(names[i])), done[i]);
        }
        for (uint256 i = 0; i < done.length; ++i) {
            vm.assertGe(done[i], 10, string(abi.encodePacked("too rare: ", names[i])));
        }
    }

    /// @dev For who runs it with -vvv.
    event Reached(string what, uint256 times);
}

/// @dev The ninth promise, with every write of every call looked at.
contract WritesInvariantTest is RandomRuns {
    function setUp() public {
        handler = new Handler(true);
    }

    function invariant_promise9_after_a_call_only_credits_are_written() external view {
        vm.assertEq(handler.strayWrites(), 0, "promise 9: written after a call");
    }

    /// @dev Credits are written after calls, and are seen.
    function test_random_runs_write_credits_after_calls() external {
        uint256 seen;
        for (uint256 run = 0; run < 20; ++run) {
            Handler next = new Handler(true);
            randomRun(next, run);
            vm.assertEq(next.strayWrites(), 0, "written after a call");
            seen += next.done("credit written after a call");
        }
        vm.assertGe(seen, 10, "credits");
    }
}

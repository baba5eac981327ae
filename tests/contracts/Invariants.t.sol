// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Outcome, Status} from "../../contracts/types/JobTypes.sol";
import {Handler} from "./support/Handler.sol";
import {Vm} from "./support/Vm.sol";

/// @dev The promises, each under its number, after every step of random runs.
contract InvariantsTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Handler private handler;

    function setUp() public {
        handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Without this a fuzzer calls the handler's readers and `finish` too.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](17);
        actions[0] = Handler.fundJob.selector;
        actions[1] = Handler.submitResult.selector;
        actions[2] = Handler.submitResult.selector;
        actions[3] = Handler.proposeVerdict.selector;
        actions[4] = Handler.finalizeProposal.selector;
        actions[5] = Handler.refundJob.selector;
        actions[6] = Handler.refundUnfunded.selector;
        actions[7] = Handler.proposeSilence.selector;
        actions[8] = Handler.cancelJob.selector;
        actions[9] = Handler.withdrawCredit.selector;
        actions[10] = Handler.changeMoods.selector;
        actions[11] = Handler.pass.selector;
        actions[12] = Handler.proposeVerdict.selector;
        actions[13] = Handler.finalizeProposal.selector;
        actions[14] = Handler.pass.selector;
        actions[15] = Handler.changeMoods.selector;
        actions[16] = Handler.forceCoin.selector;
        targets[0] = FuzzSelector(address(handler), actions);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function invariant_promise1_the_escrow_holds_what_it_owes() external view {
        address[3] memory tokens = handler.tokens();
        for (uint256 i = 0; i < 3; ++i) {
            uint256 rest = tokens[i] == address(0) ? handler.forced() : 0;
            vm.assertEq(handler.holds(tokens[i]), handler.owes(tokens[i]) + rest, "holds what it owes, to the unit");
        }
    }

    function invariant_promise2_every_budget_is_paid_out_to_the_unit() external view {
        Handler.Entry[] memory jobs = handler.entries();
        for (uint256 i = 0; i < jobs.length; ++i) {
            uint256 paid = jobs[i].workerPaid + jobs[i].payerPaid + jobs[i].feePaid;
            bool ended = jobs[i].status >= Status.Settled;
            vm.assertEq(paid, ended ? jobs[i].terms.budget : 0, "worker + payer + fee");
        }
    }

    function invariant_promise3_status_only_moves_forward() external view {
        vm.assertEq(handler.wentBack(), 0, "went back");
    }

    function invariant_promise4_and_6_a_job_ends_once() external view {
        Handler.Entry[] memory jobs = handler.entries();
        for (uint256 i = 0; i < jobs.length; ++i) {
            bool ended = handler.statusOf(jobs[i].id) >= Status.Settled;
            vm.assertEq(jobs[i].settled + jobs[i].returned, ended ? 1 : 0, "settlements and returns");
        }
    }

    function invariant_promise5_a_worker_is_paid_for_a_reason() external view {
        Handler.Entry[] memory jobs = handler.entries();
        for (uint256 i = 0; i < jobs.length; ++i) {
            if (jobs[i].workerPaid == 0) continue;
            bool silence = jobs[i].silent && jobs[i].proposal.outcome == Outcome.Silence;
            vm.assertTrue(silence || jobs[i].signers >= jobs[i].terms.quorum, "neither a quorum nor silence");
        }
    }

    function invariant_promise7_every_job_can_be_ended_in_bounded_time() external {
        Handler.Entry[] memory jobs = handler.entries();
        if (jobs.length == 0) return;
        uint256 i = handler.last();
        uint256 snapshot = vm.snapshotState();
        uint256 waited = handler.finish(i);
        vm.assertTrue(handler.statusOf(jobs[i].id) >= Status.Settled, "still lives");
        vm.assertLe(waited, 365 days + 30 days, "took longer than the terms may say");
        vm.revertToState(snapshot);
    }

    function invariant_promise8_no_job_changes_another() external view {
        vm.assertEq(handler.bystandersChanged(), 0, "changed");
    }

    /// @dev A settlement that a hostile receiver stopped would have failed the run: the handler calls plainly. And
    /// whoever was credited instead of paid can have its money.
    function invariant_promise11_credits_can_be_withdrawn() external {
        uint256 snapshot = vm.snapshotState();
        handler.withdrawEverything();
        vm.revertToState(snapshot);
    }

    function invariant_promise13_nobody_is_in_two_roles() external view {
        vm.assertEq(handler.sharedRoles(), 0, "shared roles");
    }

    /// @dev The invariants say little of runs in which nothing happens: in 100 runs as long as theirs each action, and
    /// each way for a job to end, goes through.
    function test_random_runs_reach_every_action() external {
        bytes32[10] memory actions = [
            bytes32("fund"),
            "submit",
            "propose",
            "cosigned",
            "finalize",
            "refund",
            "silence",
            "cancel",
            "withdraw",
            "shared role refused"
        ];
        uint256[10] memory done;
        for (uint256 run = 0; run < 100; ++run) {
            Handler next = new Handler();
            for (uint256 step = 0; step < 64; ++step) {
                act(next, uint256(keccak256(abi.encode(run, step))));
            }
            for (uint256 i = 0; i < done.length; ++i) {
                done[i] += next.done(actions[i]);
            }
        }
        for (uint256 i = 0; i < done.length; ++i) {
            vm.assertGe(done[i], 10, string(abi.encodePacked("too rare: ", actions[i])));
        }
    }

    function act(Handler next, uint256 seed) private {
        uint256 kind = seed % 16;
        uint256 other = uint256(keccak256(abi.encode(seed)));
        if (kind == 0) next.fundJob(other, uint128(seed >> 16));
        if (kind == 1 || kind == 2) next.submitResult(other);
        if (kind == 3 || kind == 12) {
            next.proposeVerdict(other, uint8(seed >> 16), seed, uint16(seed >> 24), (seed >> 40) % 2 == 0);
        }
        if (kind == 4 || kind == 13) next.finalizeProposal(other);
        if (kind == 5) next.refundJob(other);
        if (kind == 6) next.refundUnfunded(other, address(uint160(seed)));
        if (kind == 7) next.proposeSilence(other);
        if (kind == 8) next.cancelJob(other, uint8(seed >> 16));
        if (kind == 9) next.withdrawCredit(uint8(seed >> 16));
        if (kind == 10 || kind == 15) next.changeMoods(uint8(seed >> 16), uint8(seed >> 24), uint8(seed >> 32));
        if (kind == 11 || kind == 14) next.pass(uint32(seed >> 16));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {BatchedVerdict, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Harness} from "./support/Harness.sol";
import {Vm} from "./support/Vm.sol";

/// @dev The whole log of each ending, in dollars: what is said and what is moved, and nothing of nothing.
contract LogsTest is Harness {
    bytes32 private constant TRANSFER = IERC20.Transfer.selector;
    bytes32 private constant SETTLED = IJobEscrow.Settled.selector;

    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        enrich(worker);
        terms = inDollars(windowed());
    }

    function test_a_verdict_moves_no_fee_where_there_is_none() public {
        settles(accept(BUDGET), [TRANSFER, 0, 0]);
        settles(accept(BUDGET / 2), [TRANSFER, TRANSFER, 0]);
        settles(verdict(Outcome.Reject, 0), [TRANSFER, 0, 0]);
        terms = withFee(terms, 100);
        settles(accept(BUDGET / 2), [TRANSFER, TRANSFER, TRANSFER]);
        settles(accept(BUDGET - BUDGET / 100), [TRANSFER, TRANSFER, 0]);
        settles(verdict(Outcome.Reject, 0), [TRANSFER, TRANSFER, 0]);
    }

    function test_a_job_that_names_its_worker_has_no_claim_bond_to_tell_of() public {
        fund(terms);
        submit(terms);
        bytes memory signatures = agreement(terms, Status.Submitted, uint40(NOW + 1));
        vm.recordLogs();
        escrow.cancel(brief(terms), nothing(), uint40(NOW + 1), signatures);
        expectLog([IJobEscrow.Cancelled.selector, TRANSFER, 0, 0, 0, 0]);
    }

    function test_a_lapsed_claims_bond_is_lost_by_name() public {
        terms = inDollars(openJob());
        enrich(anyone);
        fund(terms);
        claim(terms, anyone);
        vm.warp(NOW + 1 days + 1);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.BondLost(idOf(terms), payer, claimBond(terms), 0);
        escrow.refund(brief(terms));
    }

    function test_a_dispute_that_is_won_burns_nothing() public {
        Proposal memory stands = disputed(payer);
        vm.recordLogs();
        rule(terms, stands, BUDGET, true);
        expectLog([IJobEscrow.Ruled.selector, SETTLED, IJobEscrow.BondReturned.selector, TRANSFER, TRANSFER, 0]);
    }

    /// @dev Of an odd bond the larger half is burnt; the smaller is the other party's.
    function test_a_dispute_that_is_lost_tells_who_gets_which_half() public {
        address[2] memory parties = [payer, worker];
        for (uint256 i = 0; i < 2; ++i) {
            (terms.salt, terms.budget) = (50 + i, uint128(BUDGET + 20));
            Proposal memory stands = disputed(parties[i]);
            uint256 bond = disputeBond(terms);
            vm.assertEq(bond % 2, 1, "an odd bond");
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IJobEscrow.BondLost(idOf(terms), parties[1 - i], bond / 2, bond / 2 + 1);
            rule(terms, stands, 1, false);
        }
    }

    function test_a_batch_moves_what_is_not_nothing() public {
        useAtOnce();
        settlesTwo(accept(BUDGET), verdict(Outcome.Reject, 0), [TRANSFER, TRANSFER, 0]);
        terms.budget = uint128(BUDGET + 2);
        settlesTwo(accept(BUDGET + 2), accept(BUDGET + 2), [TRANSFER, 0, 0]);
        terms.budget = uint128(BUDGET + 3);
        settlesTwo(verdict(Outcome.Reject, 0), verdict(Outcome.Reject, 0), [TRANSFER, 0, 0]);
        uint256 before = dollar.balanceOf(payer);
        terms.budget = uint128(BUDGET + 1);
        settlesTwo(accept(BUDGET), accept(BUDGET), [TRANSFER, TRANSFER, 0]);
        vm.assertEq(before - dollar.balanceOf(payer), 2 * BUDGET, "a unit of each came back");
    }

    /// @dev Neighbouring payments to one account in one role are one transfer.
    function test_a_batch_moves_each_partys_sum_at_once() public {
        useAtOnce();
        terms = withFee(terms, 100);
        settlesTwo(accept(BUDGET / 2), accept(BUDGET / 3), [TRANSFER, TRANSFER, TRANSFER]);
    }

    // ------------------------------------------------------------------ steps

    function settles(SignedVerdict memory found, bytes32[3] memory moves) private {
        ++terms.salt;
        fund(terms);
        submit(terms);
        bytes memory signatures = cosign(terms, found);
        vm.recordLogs();
        escrow.propose(pack(terms), found, signatures);
        expectLog([IJobEscrow.Proposed.selector, SETTLED, moves[0], moves[1], moves[2], 0]);
    }

    function useAtOnce() private {
        terms.challengeWindow = terms.rulingWindow = 0;
        (terms.arbiter, terms.disputeBondBps) = (address(0), 0);
    }

    function settlesTwo(SignedVerdict memory one, SignedVerdict memory other, bytes32[3] memory moves) private {
        BatchedVerdict[] memory verdicts = new BatchedVerdict[](2);
        bytes[] memory all = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            terms.salt = 60 + i;
            fund(terms);
            submit(terms);
            SignedVerdict memory found = i == 0 ? one : other;
            verdicts[i] =
                BatchedVerdict(address(0), found.resultHash, found.outcome, found.workerAmount, found.evidenceHash);
            all[i] = pack(terms);
            leaves[i] = digests.batchLeaf(idOf(terms), 0, RESULT, found.outcome, found.workerAmount, found.evidenceHash);
        }
        bytes32 digest = digests.batchDigest(leaves);
        bytes memory signatures = bytes.concat(sign(keys[0], digest), sign(keys[1], digest), sign(keys[2], digest));
        vm.recordLogs();
        escrow.settleBatch(all, verdicts, 7, signatures);
        expectLog([SETTLED, SETTLED, IJobEscrow.BatchSettled.selector, moves[0], moves[1], moves[2]]);
    }

    function disputed(address by) private returns (Proposal memory stands) {
        fund(terms);
        submit(terms);
        propose(terms, accept(BUDGET / 2));
        stands = standing(accept(BUDGET / 2), BUDGET / 2);
        dispute(terms, stands, by);
    }

    /// @dev The first topics of what was logged, in order, and no more; 0 ends the list.
    function expectLog(bytes32[6] memory topics) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count;
        while (count < 6 && topics[count] != 0) ++count;
        vm.assertEq(logs.length, count, "number of logs");
        for (uint256 i = 0; i < count; ++i) {
            vm.assertEq(logs[i].topics[0], topics[i], vm.toString(i));
        }
    }
}

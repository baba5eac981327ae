// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {JobId, Outcome, Proposal, SignedVerdict} from "../../../contracts/types/JobTypes.sol";
import {Vm} from "../support/Vm.sol";

/// @dev Proven by halmos for every value of the arguments (`make prove`), on the bytecode that is deployed. Concrete are
/// the accounts, the times and the shares that no argument names. No function here is a test to forge.
contract ConservationProofs {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 private constant NOW = 1_800_000_000;
    address private constant PAYER = address(0xc0de0001);
    address private constant WORKER = address(0xc0de0002);
    address private constant ARBITER = address(0xc0de0003);
    address private constant FEE_TO = address(0xc0de0004);
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 private constant RESULT = keccak256("result");

    IJobEscrow private escrow;

    struct Money {
        uint128 budget;
        uint16 feeBps;
        uint16 silenceBps;
        uint16 disputeBondBps;
        uint32 challengeWindow;
    }

    function setUp() public {
        vm.warp(NOW);
        bytes memory code = vm.getCode("JobEscrow.sol:JobEscrow");
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), "not deployed");
        escrow = IJobEscrow(made);
    }

    /// @dev A job of which nothing was submitted pays its budget back, once.
    function check_refund_returns_the_budget_once(uint128 budget) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, 1 hours));
        vm.warp(NOW + 1 days + 1);
        escrow.refund(terms);
        assert(PAYER.balance == budget);
        assert(address(escrow).balance == 0);
        assert(!calls(abi.encodeCall(IJobEscrow.refund, (terms))));
        assert(!calls(abi.encodeCall(IJobEscrow.finalize, (terms, nothing()))));
    }

    /// @dev At every time: a submission goes through until `submitBy` and a refund only after it.
    function check_refund_and_submission_exclude_each_other(uint40 time) public {
        bytes memory terms = funded(Money(1 ether, 0, 0, 500, 1 hours));
        vm.warp(time);
        vm.prank(WORKER);
        (bool submitted,) = address(escrow).call(abi.encodeCall(IJobEscrow.submit, (terms, RESULT, RESULT)));
        bool refunded = calls(abi.encodeCall(IJobEscrow.refund, (terms)));
        assert(submitted == (time <= NOW + 1 days));
        // Gas is a symbol too: with too little of it nothing happens.
        assert(!refunded || time > NOW + 1 days);
    }

    /// @dev Worker and payer share a budget to the last unit after silence, once; nothing is refunded then.
    function check_silence_conserves(uint128 budget) public {
        uint16 silenceBps = 3333;
        bytes memory terms = funded(Money(budget, 0, silenceBps, 500, 1 hours));
        submit(terms);
        vm.warp(NOW + 2 days + 1);
        escrow.settleSilence(terms, address(0), RESULT);
        uint128 share = uint128((uint256(budget) * silenceBps) / 10_000);
        Proposal memory stands = Proposal(WORKER, RESULT, Outcome.Silence, share, 0);
        vm.warp(NOW + 4 days);
        escrow.finalize(terms, stands);
        assert(WORKER.balance == share);
        assert(WORKER.balance + PAYER.balance == budget);
        assert(address(escrow).balance == 0);
        assert(!calls(abi.encodeCall(IJobEscrow.finalize, (terms, stands))));
        assert(!calls(abi.encodeCall(IJobEscrow.refund, (terms))));
    }

    /// @dev Whatever an arbiter says, budget and bond go to worker, payer and nobody, to the last unit, once.
    function check_ruling_conserves(uint128 budget, uint128 amount, bool disputerWins, bool byWorker) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, 1 hours));
        submit(terms);
        vm.warp(NOW + 2 days + 1);
        escrow.settleSilence(terms, address(0), RESULT);
        Proposal memory stands = Proposal(WORKER, RESULT, Outcome.Silence, 0, 0);
        uint256 bond = (uint256(budget) * 500 + 9999) / 10_000;
        address disputer = byWorker ? WORKER : PAYER;
        vm.deal(disputer, bond);
        vm.prank(disputer);
        escrow.dispute{value: bond}(terms, stands);
        vm.prank(ARBITER);
        escrow.rule(terms, amount, disputerWins, stands);
        assert(amount <= budget);
        assert(address(escrow).balance == 0);
        uint256 burnt = disputerWins ? 0 : bond - bond / 2;
        assert(BURNT.balance == burnt);
        uint256 returned = byWorker && disputerWins ? bond : 0;
        uint256 half = !byWorker && !disputerWins ? bond / 2 : 0;
        assert(WORKER.balance == amount + returned + half);
        assert(WORKER.balance + PAYER.balance + burnt == uint256(budget) + bond);
        vm.prank(ARBITER);
        (bool again,) = address(escrow).call(abi.encodeCall(IJobEscrow.rule, (terms, amount, disputerWins, stands)));
        assert(!again);
    }

    /// @dev What an accepting verdict pays and what goes back make up the budget, once, without a window and after one;
    /// nothing is refunded then. Whatever signatures two of the validators may have made.
    function check_accept_conserves(uint128 budget, uint128 amount, bool waits, bytes32[4] memory words) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, waits ? 1 hours : 0));
        judged(terms, SignedVerdict(address(0), RESULT, Outcome.Accept, amount, bytes32(0), 3), words, waits, amount);
        assert(amount <= budget);
        assert(WORKER.balance == amount);
        assert(WORKER.balance + PAYER.balance == budget);
        assert(address(escrow).balance == 0);
    }

    /// @dev The same of a verdict that rejects.
    function check_reject_conserves(uint128 budget, bool waits, bytes32[4] memory words) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, waits ? 1 hours : 0));
        judged(terms, SignedVerdict(address(0), RESULT, Outcome.Reject, 0, bytes32(0), 3), words, waits, 0);
        assert(PAYER.balance == budget);
        assert(address(escrow).balance == 0);
    }

    /// @dev With a fee: worker, payer and fee make up the budget to the last unit.
    function check_fee_conserves(uint128 budget, uint128 amount, uint16 feeBps, bytes32[4] memory words) public {
        vm.assume(feeBps <= 1000);
        bytes memory terms = funded(Money(budget, feeBps, 0, 500, 0));
        judged(terms, SignedVerdict(address(0), RESULT, Outcome.Accept, amount, bytes32(0), 3), words, false, amount);
        assert(FEE_TO.balance == (uint256(budget) * feeBps) / 10_000);
        assert(WORKER.balance == amount);
        assert(WORKER.balance + PAYER.balance + FEE_TO.balance == budget);
        assert(address(escrow).balance == 0);
    }

    /// @dev Whatever payer and worker sign to call a job off, before a submission or after it: all goes back, once.
    function check_cancel_returns_the_budget_once(
        uint128 budget,
        bool submitted,
        uint40 expiry,
        bytes32[4] memory words
    ) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, 1 hours));
        if (submitted) submit(terms);
        bytes memory data = abi.encodeCall(IJobEscrow.cancel, (terms, nothing(), expiry, signatures(words)));
        vm.assume(calls(data));
        assert(expiry >= NOW);
        assert(PAYER.balance == budget);
        assert(address(escrow).balance == 0);
        assert(!calls(data));
        assert(!calls(abi.encodeCall(IJobEscrow.refund, (terms))));
    }

    /// @dev A claim's bond and the budget go back to the payer once the claimer let its time pass, and to nobody else.
    function check_lapsed_claim_conserves(uint128 budget) public {
        vm.assume(budget != 0);
        bytes memory terms = packed(Money(budget, 0, 0, 500, 1 hours), address(0), 1000);
        vm.deal(PAYER, budget);
        vm.prank(PAYER);
        escrow.fund{value: budget}(terms);
        uint256 bond = (uint256(budget) * 1000 + 9999) / 10_000;
        vm.deal(WORKER, bond);
        vm.prank(WORKER);
        escrow.claim{value: bond}(terms);
        assert(address(escrow).balance == budget + bond);
        vm.warp(NOW + 1 days + 1);
        escrow.refund(terms);
        assert(PAYER.balance == budget + bond);
        assert(address(escrow).balance == 0);
        assert(!calls(abi.encodeCall(IJobEscrow.refund, (terms))));
    }

    /// @dev A worker that refuses money is credited with it, and withdraws it once.
    function check_credit_is_withdrawn_once(uint128 budget, bytes32[4] memory words) public {
        bytes memory terms = funded(Money(budget, 0, 0, 500, 0));
        vm.etch(WORKER, hex"60006000fd"); // reverts
        judged(terms, SignedVerdict(address(0), RESULT, Outcome.Accept, budget, bytes32(0), 3), words, false, budget);
        assert(address(escrow).balance == budget);
        assert(escrow.credit(address(0), WORKER) == budget);
        vm.prank(WORKER);
        escrow.withdraw(address(0), ARBITER);
        assert(ARBITER.balance == budget);
        assert(address(escrow).balance == 0);
        vm.prank(WORKER);
        assert(!calls(abi.encodeCall(IJobEscrow.withdraw, (address(0), ARBITER))));
    }

    /// @dev Of three validators two sign, whichever bits are claimed and whatever bytes are brought: fewer settle nothing.
    /// Not of contracts' signatures, whose records are of any length: a v that is not zero makes it a key's.
    function check_only_a_quorum_settles(uint16 signers, bytes32[6] memory words, uint8[3] memory v) public {
        bytes memory terms = funded(Money(1 ether, 0, 0, 500, 0));
        submit(terms);
        bytes memory brought;
        uint256 bits;
        for (uint256 i = 0; i < 3; ++i) {
            if ((signers >> i) & 1 != 0) {
                ++bits;
                vm.assume(v[i] != 0);
                brought = abi.encodePacked(brought, words[2 * i], words[2 * i + 1], v[i]);
            }
        }
        SignedVerdict memory found = SignedVerdict(address(0), RESULT, Outcome.Accept, 1 ether, bytes32(0), signers);
        bool settled = calls(abi.encodeCall(IJobEscrow.propose, (terms, found, brought)));
        if (settled) {
            assert(bits >= 2);
            assert(signers < 8);
            assert(WORKER.balance == 1 ether);
        } else {
            assert(address(escrow).balance == 1 ether);
        }
    }

    // ------------------------------------------------------------------ steps

    function funded(Money memory money) private returns (bytes memory terms) {
        vm.assume(money.budget != 0);
        terms = packed(money);
        vm.deal(PAYER, money.budget);
        vm.prank(PAYER);
        escrow.fund{value: money.budget}(terms);
    }

    /// @dev Submitted, judged, and settled, and neither judged nor refunded a second time.
    function judged(bytes memory terms, SignedVerdict memory found, bytes32[4] memory words, bool waits, uint128 amount)
        private
    {
        submit(terms);
        bytes memory data = abi.encodeCall(IJobEscrow.propose, (terms, found, signatures(words)));
        vm.assume(calls(data));
        if (waits) {
            vm.warp(NOW + 2 hours);
            escrow.finalize(terms, Proposal(WORKER, RESULT, found.outcome, amount, found.signers));
        }
        assert(!calls(data));
        vm.warp(NOW + 3 days);
        assert(!calls(abi.encodeCall(IJobEscrow.refund, (terms))));
    }

    /// @dev Of two keys.
    function signatures(bytes32[4] memory words) private pure returns (bytes memory) {
        return abi.encodePacked(words[0], words[1], uint8(27), words[2], words[3], uint8(28));
    }

    function submit(bytes memory terms) private {
        vm.prank(WORKER);
        escrow.submit(terms, RESULT, RESULT);
    }

    function calls(bytes memory data) private returns (bool success) {
        (success,) = address(escrow).call(data);
    }

    function nothing() private pure returns (Proposal memory none) {}

    function packed(Money memory money) private pure returns (bytes memory) {
        return packed(money, WORKER, 0);
    }

    /// @dev Where no worker is named, whoever claims within half a day has six hours.
    function packed(Money memory money, address worker, uint16 claimBondBps) private pure returns (bytes memory) {
        address arbiter = money.challengeWindow == 0 ? address(0) : ARBITER;
        bytes memory parties = abi.encodePacked(PAYER, PAYER, worker, arbiter, address(0), FEE_TO, address(0));
        bytes memory claiming =
            worker == address(0) ? abi.encodePacked(uint40(NOW + 12 hours), uint32(6 hours)) : new bytes(9);
        bytes memory times = abi.encodePacked(
            claiming, uint40(NOW + 1 days), uint40(NOW + 2 days), money.challengeWindow, uint32(7 days)
        );
        bytes memory shares = abi.encodePacked(money.silenceBps, uint16(0), money.disputeBondBps, claimBondBps);
        bytes memory validators = abi.encodePacked(address(0xd00d0001), address(0xd00d0002), address(0xd00d0003));
        bytes memory rest = abi.encodePacked(uint8(1), uint8(2), keccak256("spec"), uint256(1), validators);
        return bytes.concat(parties, abi.encodePacked(money.feeBps, money.budget), times, shares, rest);
    }
}

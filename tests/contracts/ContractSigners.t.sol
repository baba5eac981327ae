// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {Outcome, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {SmartWallet} from "./support/Account.sol";
import {Harness} from "./support/Harness.sol";

/// @dev Parties and validators that are contracts and sign by ERC-1271.
contract ContractSignersTest is Harness {
    SmartWallet private wallet;
    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        wallet = new SmartWallet(vm.addr(uint256(keccak256("owner"))));
    }

    function test_a_worker_that_is_a_contract_delivers_through_a_relayer() public {
        terms = plain();
        terms.worker = address(wallet);
        fund(terms);
        bytes32 digest = submissionDigest(terms, RESULT);
        bytes memory bad = contractSignature(sign(payerKey, digest));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Signature.selector, address(wallet), digest));
        escrow.submitFor(brief(terms), RESULT, MULTISET, bad, address(0));
        escrow.submitFor(brief(terms), RESULT, MULTISET, byWallet(digest), address(0));
        expectStatus(terms, Status.Submitted);
    }

    function test_parties_that_are_contracts_cancel() public {
        terms = plain();
        terms.payer = address(wallet);
        vm.deal(address(wallet), BUDGET);
        wallet.act(address(escrow), BUDGET, abi.encodeCall(IJobEscrow.fund, (pack(terms))));
        bytes32 digest = agreementDigest(terms, Status.Funded, uint40(NOW));
        bytes memory both = bytes.concat(byWallet(digest), sign(workerKey, digest));
        escrow.cancel(brief(terms), nothing(), uint40(NOW), both);
        vm.assertEq(address(wallet).balance, BUDGET, "payer");
    }

    /// @dev In any place among keys, and with co-signatures behind it.
    function test_a_validator_that_is_a_contract_signs_in_its_place() public {
        for (uint256 place = 0; place < 3; ++place) {
            opened(place, windowed());
            SignedVerdict memory found = accept(BUDGET);
            bytes32 digest = digestOf(terms, found);
            bytes memory all;
            for (uint256 i = 0; i < 3; ++i) {
                all = bytes.concat(all, i == place ? byWallet(digest) : sign(keys[2 * i], digest));
            }
            uint256 snapshot = vm.snapshotState();
            escrow.propose(pack(terms), found, all);
            expectStatus(terms, Status.Proposed);
            vm.revertToState(snapshot);
            escrow.propose(pack(terms), found, bytes.concat(all, sign(payerKey, digest), sign(workerKey, digest)));
            expectStatus(terms, Status.Settled);
        }
    }

    function test_refuses_records_that_are_cut_long_or_lie_about_their_length() public {
        opened(1, plain());
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory head = sign(keys[0], digest);
        bytes memory tail = sign(keys[4], digest);
        bytes memory inner = sign(uint256(keccak256("owner")), digest);
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, address(wallet), digest);
        // A length beyond what is there, in either direction of overflow.
        refuses(
            found, bytes.concat(head, abi.encodePacked(type(uint256).max, uint256(0), uint8(0)), inner, tail), reason
        );
        refuses(found, bytes.concat(head, abi.encodePacked(uint256(131), uint256(0), uint8(0)), inner, tail), reason);
        // A second word or last byte that says something.
        refuses(found, bytes.concat(head, abi.encodePacked(uint256(65), uint256(1), uint8(0)), inner, tail), reason);
        refuses(found, bytes.concat(head, abi.encodePacked(uint256(65), uint256(0), uint8(1)), inner, tail), reason);
        refuses(
            found, bytes.concat(head, abi.encodePacked(uint256(65), uint256(1) << 255, uint8(0)), inner, tail), reason
        );
        // Bytes that belong to nobody.
        bytes memory good = bytes.concat(head, contractSignature(inner), tail);
        bytes memory more =
            abi.encodeWithSelector(JobEscrow_SignaturesLength.selector, good.length + 1, good.length + 65);
        refuses(found, bytes.concat(good, hex"00"), more);
        escrow.propose(pack(terms), found, good);
    }

    /// @dev It said yes, and the money went where it said; that it says no today takes nothing back.
    function test_a_signer_that_changes_its_mind_changes_nothing() public {
        opened(2, windowed());
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory all = bytes.concat(sign(keys[0], digest), sign(keys[2], digest), byWallet(digest));
        escrow.propose(pack(terms), found, all);
        wallet.forget();
        SignedVerdict memory other = verdict(Outcome.Reject, 0);
        bytes memory others = attest(terms, other);
        vm.expectRevert(inStatus(terms, Status.Proposed));
        escrow.propose(pack(terms), other, others);
        vm.warp(NOW + 1 hours + 1);
        finalize(terms, standing(found, BUDGET));
        vm.assertEq(worker.balance, BUDGET, "worker");
    }

    function test_answers_that_are_no_signature() public {
        opened(0, plain());
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory all = bytes.concat(byWallet(digest), sign(keys[2], digest), sign(keys[4], digest));
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Signature.selector, address(wallet), digest);
        for (uint8 mood = 1; mood < 7; ++mood) {
            wallet.answerLike(mood);
            refuses(found, all, reason);
        }
        wallet.answerLike(0);
        escrow.propose(pack(terms), found, all);
    }

    /// @dev Asked for its signature, it can look but not touch: the call that asks is static.
    function test_a_signer_cannot_reenter() public {
        opened(0, plain());
        SignedVerdict memory found = accept(BUDGET);
        bytes32 digest = digestOf(terms, found);
        bytes memory all = bytes.concat(byWallet(digest), sign(keys[2], digest), sign(keys[4], digest));
        vm.warp(terms.submitBy + 1);
        wallet.reenter(address(escrow), abi.encodeCall(IJobEscrow.refund, (brief(terms))));
        refuses(found, all, abi.encodeWithSelector(JobEscrow_Signature.selector, address(wallet), digest));
        expectStatus(terms, Status.Submitted);
    }

    // ------------------------------------------------------------------ steps

    /// @dev A job whose validators 0, 2 and 4 are asked, one of which, at `place`, is the wallet.
    function opened(uint256 place, JobTerms memory next) private {
        keys = sortedKeys("validator", 5);
        address at = vm.addr(keys[2 * place]);
        vm.etch(at, address(wallet).code);
        wallet = SmartWallet(payable(at));
        wallet.own(vm.addr(uint256(keccak256("owner"))));
        next.salt = 100 + place;
        terms = next;
        fund(terms);
        submit(terms);
    }

    function byWallet(bytes32 digest) private pure returns (bytes memory) {
        return contractSignature(sign(uint256(keccak256("owner")), digest));
    }

    function refuses(SignedVerdict memory found, bytes memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.propose(pack(terms), found, signatures);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {JobId, Status} from "../../contracts/types/JobTypes.sol";
import {SmartWallet} from "./support/Account.sol";
import {Harness} from "./support/Harness.sol";
import {Permits} from "./support/Permits.sol";
import {FeeToken, KeysOnlyToken} from "./support/Tokens.sol";

/// @dev Funding by a payer who only signs: ERC-3009, and the real Permit2.
contract SignedFundingTest is Harness {
    JobTerms private terms;
    uint256 private until;

    function setUp() public override {
        super.setUp();
        installPermit2();
        vm.prank(payer);
        dollar.approve(PERMIT2, type(uint256).max);
        terms = inDollars(plain());
        until = NOW + 1 hours;
        // Nothing but a signature moves the payer's dollars.
        vm.prank(payer);
        dollar.approve(address(escrow), 0);
    }

    function test_the_play_dollar_has_the_decimals_of_real_ones() public view {
        vm.assertEq(IERC20Metadata(address(dollar)).decimals(), 6, "decimals");
    }

    // ------------------------------------------------------------------ ERC-3009

    function test_an_authorization_funds_its_job() public {
        vm.prank(anyone);
        escrow.fundWithAuthorization(pack(terms), 0, until, authorization(terms, payerKey));
        expectStatus(terms, Status.Funded);
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
        bytes memory again = authorization(terms, payerKey);
        vm.expectRevert(inStatus(terms, Status.Funded));
        escrow.fundWithAuthorization(pack(terms), 0, until, again);
    }

    function test_a_token_that_knows_keys_alone_is_asked_as_the_standard_has_it() public {
        KeysOnlyToken token = new KeysOnlyToken(payer, MONEY);
        terms.token = address(token);
        bytes32 job = JobId.unwrap(idOf(terms));
        bytes32 digest = Permits.authorization(token.DOMAIN_SEPARATOR(), terms, address(escrow), until, job);
        escrow.fundWithAuthorization(pack(terms), 0, until, sign(payerKey, digest));
        vm.assertEq(token.balanceOf(address(escrow)), BUDGET, "locked");
    }

    function test_an_authorization_funds_no_other_terms() public {
        bytes memory signature = authorization(terms, payerKey);
        for (uint256 i = 0; i < 4; ++i) {
            JobTerms memory bent = inDollars(plain());
            if (i == 0) bent.worker = anyone;
            if (i == 1) bent.specHash = RESULT;
            if (i == 2) bent.budget = uint128(BUDGET + 1);
            if (i == 3) bent.salt = 2;
            vm.expectRevert(notMoved(bent));
            escrow.fundWithAuthorization(pack(bent), 0, until, signature);
        }
        JobTerms memory others = inDollars(plain());
        others.payer = anyone;
        vm.expectRevert(notMoved(others));
        escrow.fundWithAuthorization(pack(others), 0, until, signature);
    }

    function test_an_authorization_has_its_time() public {
        bytes memory signature = authorization(terms, payerKey);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithAuthorization(pack(terms), 1, until, signature);
        vm.warp(until);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithAuthorization(pack(terms), 0, until, signature);
        vm.warp(until - 1);
        escrow.fundWithAuthorization(pack(terms), 0, until, signature);
    }

    /// @dev Money that arrived outside of `fundWithAuthorization` would be nobody's. Only the escrow can receive by it.
    function test_an_authorization_cannot_be_pulled_ahead() public {
        bytes memory signature = authorization(terms, payerKey);
        string[2] memory verbs = ["receiveWithAuthorization", "transferWithAuthorization"];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory call = abi.encodeWithSignature(
                string.concat(verbs[i], "(address,address,uint256,uint256,uint256,bytes32,bytes)"),
                payer,
                address(escrow),
                BUDGET,
                0,
                until,
                idOf(terms),
                signature
            );
            vm.prank(anyone);
            (bool moved,) = address(dollar).call(call);
            vm.assertTrue(!moved, "pulled ahead");
        }
        escrow.fundWithAuthorization(pack(terms), 0, until, signature);
        expectStatus(terms, Status.Funded);
    }

    function test_a_wallet_that_is_a_contract_authorizes() public {
        SmartWallet wallet = new SmartWallet(vm.addr(payerKey));
        vm.prank(payer);
        dollar.transfer(address(wallet), BUDGET);
        terms.payer = address(wallet);
        // Its signature has another length than a key's.
        bytes memory signature = bytes.concat(authorization(terms, payerKey), hex"00");
        escrow.fundWithAuthorization(pack(terms), 0, until, signature);
        expectStatus(terms, Status.Funded);
    }

    function test_coin_does_not_move_by_a_signature() public {
        JobTerms memory native = plain();
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NativeCoin.selector));
        escrow.fundWithAuthorization(pack(native), 0, until, new bytes(65));
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NativeCoin.selector));
        escrow.fundWithPermit2(pack(native), 0, until, new bytes(65));
    }

    /// @dev Whatever answers the call, only what arrived counts.
    function test_a_token_that_takes_anything_for_an_authorization_locks_nothing() public {
        terms.token = address(new Yes());
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Received.selector, terms.token, 0, BUDGET));
        escrow.fundWithAuthorization(pack(terms), 0, until, new bytes(65));
    }

    // ------------------------------------------------------------------ Permit2

    function test_a_permit_funds_its_job_once() public {
        bytes memory signature = permit(terms, 7, payerKey);
        vm.prank(anyone);
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
        expectStatus(terms, Status.Funded);
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
        terms.salt = 2;
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
    }

    function test_a_permit_funds_no_other_terms_and_nobody_elses() public {
        bytes memory signature = permit(terms, 7, payerKey);
        JobTerms memory bent = inDollars(plain());
        bent.worker = anyone;
        vm.expectRevert(notMoved(bent));
        escrow.fundWithPermit2(pack(bent), 7, until, signature);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 8, until, signature);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 7, until + 1, signature);
        bytes memory forged = permit(terms, 7, workerKey);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 7, until, forged);
        // The spender is in it: another escrow cannot use it.
        IJobEscrow first = escrow;
        deployEscrow();
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
        first.fundWithPermit2(pack(terms), 7, until, signature);
    }

    function test_a_permit_expires() public {
        bytes memory signature = permit(terms, 7, payerKey);
        vm.warp(until + 1);
        vm.expectRevert(notMoved(terms));
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
    }

    function test_a_permit_for_a_token_with_a_fee_locks_nothing() public {
        FeeToken token = new FeeToken(payer, MONEY);
        vm.prank(payer);
        token.approve(PERMIT2, MONEY);
        terms.token = address(token);
        bytes memory signature = permit(terms, 7, payerKey);
        uint256 received = BUDGET - BUDGET / 100;
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_Received.selector, terms.token, received, BUDGET));
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
    }

    function test_a_signed_funding_keeps_every_rule_of_the_terms() public {
        terms.quorum = 2;
        bytes memory reason = abi.encodeWithSelector(JobEscrow_Quorum.selector, 2, 5);
        bytes memory signature = permit(terms, 7, payerKey);
        vm.expectRevert(reason);
        escrow.fundWithPermit2(pack(terms), 7, until, signature);
        signature = authorization(terms, payerKey);
        vm.expectRevert(reason);
        escrow.fundWithAuthorization(pack(terms), 0, until, signature);
    }

    // ------------------------------------------------------------------ steps

    function notMoved(JobTerms memory given) private pure returns (bytes memory) {
        return abi.encodeWithSelector(JobEscrow_TransferFrom.selector, given.token, given.payer, given.budget);
    }

    function authorization(JobTerms memory given, uint256 key) private view returns (bytes memory) {
        bytes32 job = JobId.unwrap(idOf(given));
        return sign(key, Permits.authorization(domainOf(address(dollar)), given, address(escrow), until, job));
    }

    function permit(JobTerms memory given, uint256 nonce, uint256 key) private view returns (bytes memory) {
        return sign(key, Permits.permit2(domainOf(PERMIT2), given, address(escrow), nonce, until));
    }

    function domainOf(address account) private view returns (bytes32) {
        (, bytes memory separator) = account.staticcall(abi.encodeWithSignature("DOMAIN_SEPARATOR()"));
        return abi.decode(separator, (bytes32));
    }
}

/// @dev Takes every call for good and moves nothing.
contract Yes {
    function balanceOf(address) external pure returns (uint256) {
        return 5;
    }

    fallback() external {}
}

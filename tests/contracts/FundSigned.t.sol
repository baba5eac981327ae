// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {JobId, Status} from "../../contracts/types/JobTypes.sol";
import {SmartWallet} from "./support/Account.sol";
import {Harness} from "./support/Harness.sol";

interface IAuthorized {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function transferWithAuthorization(address, address, uint256, uint256, uint256, bytes32, bytes calldata) external;
    function receiveWithAuthorization(address, address, uint256, uint256, uint256, bytes32, bytes calldata) external;
}

/// @dev Funding by a payer's signature that anybody brings: ERC-3009, and Permit2 with its published code.
contract FundSignedTest is Harness {
    address private constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    uint256 private constant AFTER = NOW - 5;
    uint256 private constant BEFORE = NOW + 5;

    JobTerms private terms;

    function setUp() public override {
        super.setUp();
        vm.etch(PERMIT2, vm.parseJsonBytes(vm.readFile("tests/golden/permit2.json"), ".runtime"));
        vm.prank(payer);
        dollar.approve(PERMIT2, type(uint256).max);
        // The escrow's own allowance must play no part here.
        vm.prank(payer);
        dollar.approve(address(escrow), 0);
        terms = inDollars(plain());
    }

    // ------------------------------------------------------------------ authorization (ERC-3009)

    function test_authorization_refuses_native_coin() public {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NativeCoin.selector));
        escrow.fundWithAuthorization(pack(plain()), AFTER, BEFORE, new bytes(65));
    }

    function test_authorization_refuses_what_funding_refuses() public {
        terms.budget = 0;
        bytes memory signature = authorization(terms, payerKey);
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_ZeroBudget.selector));
        escrow.fundWithAuthorization(pack(terms), AFTER, BEFORE, signature);
    }

    /// @dev The nonce is the job: who signed for one job signed for no other.
    function test_authorization_funds_no_other_job() public {
        bytes memory signature = authorization(terms, payerKey);
        terms.salt = 2;
        refusesAuthorization(AFTER, BEFORE, signature);
    }

    function test_authorization_refuses_another_key_another_time_and_another_length() public {
        refusesAuthorization(AFTER, BEFORE, authorization(terms, workerKey));
        refusesAuthorization(AFTER + 1, BEFORE, authorization(terms, payerKey));
        refusesAuthorization(AFTER, BEFORE + 1, authorization(terms, payerKey));
        refusesAuthorization(AFTER, BEFORE, cut(authorization(terms, payerKey), 64));
        refusesAuthorization(AFTER, BEFORE, "");
        vm.warp(BEFORE);
        refusesAuthorization(AFTER, BEFORE, authorization(terms, payerKey));
    }

    function test_authorization_funds_once() public {
        bytes memory signature = authorization(terms, payerKey);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Funded(idOf(terms), payer, worker, pack(terms));
        vm.prank(anyone);
        JobId job = escrow.fundWithAuthorization(pack(terms), AFTER, BEFORE, signature);
        vm.assertEq(JobId.unwrap(job), JobId.unwrap(idOf(terms)), "job");
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
        expectStatus(terms, Status.Funded);
        vm.expectRevert(inStatus(terms, Status.Funded));
        escrow.fundWithAuthorization(pack(terms), AFTER, BEFORE, signature);
    }

    function test_authorization_of_a_contract_funds() public {
        SmartWallet wallet = new SmartWallet(payer);
        vm.prank(payer);
        dollar.transfer(address(wallet), BUDGET);
        terms.payer = address(wallet);
        // Longer than a key's, as many wallets' are.
        bytes memory signature = bytes.concat(authorization(terms, payerKey), hex"00");
        escrow.fundWithAuthorization(pack(terms), AFTER, BEFORE, signature);
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
    }

    /// @dev Whoever sees the signature first cannot use it to strand the money: only the escrow can receive by it.
    function test_an_authorization_cannot_be_pulled_ahead() public {
        IAuthorized usd = IAuthorized(address(dollar));
        bytes memory signature = authorization(terms, payerKey);
        bytes32 nonce = JobId.unwrap(idOf(terms));
        vm.expectRevert();
        usd.transferWithAuthorization(payer, address(escrow), BUDGET, AFTER, BEFORE, nonce, signature);
        vm.expectRevert();
        usd.receiveWithAuthorization(payer, address(escrow), BUDGET, AFTER, BEFORE, nonce, signature);
        escrow.fundWithAuthorization(pack(terms), AFTER, BEFORE, signature);
        expectStatus(terms, Status.Funded);
    }

    // ------------------------------------------------------------------ Permit2

    function test_permit2_refuses_native_coin() public {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_NativeCoin.selector));
        escrow.fundWithPermit2(pack(plain()), 7, BEFORE, new bytes(65));
    }

    function test_permit2_funds_no_other_job() public {
        bytes memory signature = permit(terms, payerKey);
        terms.salt = 2;
        refusesPermit(7, BEFORE, signature);
    }

    function test_permit2_refuses_another_key_nonce_and_deadline() public {
        refusesPermit(7, BEFORE, permit(terms, workerKey));
        refusesPermit(8, BEFORE, permit(terms, payerKey));
        refusesPermit(7, BEFORE + 1, permit(terms, payerKey));
        vm.warp(BEFORE + 1);
        refusesPermit(7, BEFORE, permit(terms, payerKey));
    }

    function test_permit2_funds_once() public {
        bytes memory signature = permit(terms, payerKey);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IJobEscrow.Funded(idOf(terms), payer, worker, pack(terms));
        vm.prank(anyone);
        JobId job = escrow.fundWithPermit2(pack(terms), 7, BEFORE, signature);
        vm.assertEq(JobId.unwrap(job), JobId.unwrap(idOf(terms)), "job");
        vm.assertEq(dollar.balanceOf(address(escrow)), BUDGET, "locked");
        expectStatus(terms, Status.Funded);
        vm.expectRevert(inStatus(terms, Status.Funded));
        escrow.fundWithPermit2(pack(terms), 7, BEFORE, signature);
    }

    // ------------------------------------------------------------------ steps

    function authorization(JobTerms memory t, uint256 key) private view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 hash = keccak256(abi.encode(typehash, t.payer, escrow, t.budget, AFTER, BEFORE, idOf(t)));
        bytes32 domain = IAuthorized(address(dollar)).DOMAIN_SEPARATOR();
        return sign(key, keccak256(abi.encodePacked(hex"1901", domain, hash)));
    }

    /// @dev Of nonce 7, until `BEFORE`.
    function permit(JobTerms memory t, uint256 key) private view returns (bytes memory) {
        string memory permissions = "TokenPermissions(address token,uint256 amount)";
        bytes32 permitted = keccak256(abi.encode(keccak256(bytes(permissions)), t.token, t.budget));
        bytes32 typehash = keccak256(
            bytes.concat(
                "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,JobTerms witness)",
                TERMS_TYPE,
                bytes(permissions)
            )
        );
        bytes32 hash = keccak256(abi.encode(typehash, permitted, escrow, 7, BEFORE, structHashOf(t)));
        bytes32 domain = IAuthorized(PERMIT2).DOMAIN_SEPARATOR();
        return sign(key, keccak256(abi.encodePacked(hex"1901", domain, hash)));
    }

    function refusesAuthorization(uint256 validAfter, uint256 validBefore, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TransferFrom.selector, dollar, payer, BUDGET));
        escrow.fundWithAuthorization(pack(terms), validAfter, validBefore, signature);
    }

    function refusesPermit(uint256 nonce, uint256 deadline, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(JobEscrow_TransferFrom.selector, dollar, payer, BUDGET));
        escrow.fundWithPermit2(pack(terms), nonce, deadline, signature);
    }
}

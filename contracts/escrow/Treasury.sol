// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {ERC3009} from "../libraries/ERC3009.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {Transfers} from "../libraries/Transfers.sol";
import {JobId} from "../types/JobTypes.sol";

/// @title How money enters the escrow and leaves it.
/// @notice Every verb has written what it has to write before it comes here; after a call to a stranger nothing is
/// stored but the credit for a push that failed.
abstract contract Treasury is IJobEscrow {
    using PackedTerms for bytes;

    // ------------------------------------------------------------------ constants

    /// @dev What a receiver of native coin may use: a wallet's proxy and a log, not somebody's program.
    uint256 private constant NATIVE_PUSH_GAS = 50_000;

    /// @dev What a token may use to move a balance.
    uint256 private constant TOKEN_PUSH_GAS = 200_000;

    /// @dev What a push costs beside the receiver's own gas, at worst: a cold and new account, value, a credit.
    uint256 private constant PUSH_RESERVE = 70_000;

    /// @dev Where Permit2 lies on every chain.
    address private constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    /// @dev Nobody has this key.
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;

    // ------------------------------------------------------------------ storage

    /// @dev Credits times 16: the low four bits are zero, where a job's slot has its status. A JobId is an arbitrary word
    /// and may be the place of a credit; read as a job, that is none.
    mapping(address token => mapping(address account => uint256)) private _credits;

    /// @dev 1 while a token is being pulled in.
    uint256 private transient _pulling;

    // ------------------------------------------------------------------ verbs

    /// @inheritdoc IJobEscrow
    function withdraw(address token, address to) external returns (uint256 amount) {
        amount = credit(token, msg.sender);
        if (amount == 0) revert JobEscrow_NoCredit(token, msg.sender);
        if (to == address(0) || to == address(this)) revert JobEscrow_Receiver(to);

        _credits[token][msg.sender] = 0;
        emit Withdrawn(token, msg.sender, to, amount);

        if (!Transfers.send(token, to, amount, gasleft())) revert JobEscrow_Withdrawal(token, to);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IJobEscrow
    function credit(address token, address account) public view returns (uint256) {
        return _credits[token][account] >> 4;
    }

    // ------------------------------------------------------------------ in

    /// @dev Takes exactly `amount` from `from`, who is the caller.
    function _pull(address token, address from, uint256 amount) internal {
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert JobEscrow_Value(msg.value, expected);
        if (token == address(0)) return;

        uint256 held = _beginPull(token);
        if (!SafeTransferLib.trySafeTransferFrom(token, from, address(this), amount)) {
            revert JobEscrow_TransferFrom(token, from, amount);
        }
        _endPull(token, held, amount);
    }

    /// @dev Takes the budget by the payer's signature over a Permit2 transfer whose witness is the terms.
    function _pullByPermit2(bytes calldata terms, uint256 nonce, uint256 deadline, bytes calldata signature) internal {
        (address token, address payer, uint256 budget) = (terms.token(), terms.payer(), terms.budget());
        if (token == address(0)) revert JobEscrow_NativeCoin();
        bytes memory call = abi.encodeCall(
            IPermit2.permitWitnessTransferFrom,
            (
                IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(token, budget), nonce, deadline),
                IPermit2.SignatureTransferDetails(address(this), budget),
                payer,
                terms.structHash(),
                PackedTerms.PERMIT2_WITNESS,
                signature
            )
        );
        _pullByCall(PERMIT2, call, token, payer, budget);
    }

    /// @dev Takes the budget by the payer's ERC-3009 authorization, whose nonce is the job: who signed it signed the
    /// terms. Only this contract can use a `ReceiveWithAuthorization` to itself, so nobody can pull it ahead.
    function _pullByAuthorization(
        bytes calldata terms,
        JobId job,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) internal {
        (address token, address payer, uint256 budget) = (terms.token(), terms.payer(), terms.budget());
        if (token == address(0)) revert JobEscrow_NativeCoin();
        bytes32 nonce = JobId.unwrap(job);
        bytes memory call;
        if (signature.length == 65) {
            uint8 v = uint8(signature[64]);
            bytes32 r = bytes32(signature[:32]);
            bytes32 s = bytes32(signature[32:64]);
            // Two functions have this name; the one for keys is as old as the standard, the other is for contracts.
            call = abi.encodeWithSelector(
                ERC3009.RECEIVE_BY_KEY, payer, address(this), budget, validAfter, validBefore, nonce, v, r, s
            );
        } else {
            call = abi.encodeWithSelector(
                ERC3009.RECEIVE_BY_CONTRACT, payer, address(this), budget, validAfter, validBefore, nonce, signature
            );
        }
        _pullByCall(token, call, token, payer, budget);
    }

    function _pullByCall(address target, bytes memory data, address token, address payer, uint256 budget) private {
        uint256 held = _beginPull(token);
        // The flag that is written after the call is the guard itself: whoever re-enters finds it set.
        // slither-disable-next-line reentrancy-no-eth
        (bool success,) = target.call(data);
        if (!success) revert JobEscrow_TransferFrom(token, payer, budget);
        _endPull(token, held, budget);
    }

    /// @dev A token with hooks could otherwise bring a second sum in from inside the first call, and it would be counted
    /// for both. Money that leaves in between does no such harm: it is this call that would miss it.
    function _beginPull(address token) private returns (uint256 held) {
        if (_pulling != 0) revert JobEscrow_Reentered();
        _pulling = 1;
        return SafeTransferLib.balanceOf(token, address(this));
    }

    function _endPull(address token, uint256 held, uint256 expected) private {
        uint256 holds = SafeTransferLib.balanceOf(token, address(this));
        _pulling = 0;
        uint256 received = holds > held ? holds - held : 0;
        if (received != expected) revert JobEscrow_Received(token, received, expected);
    }

    // ------------------------------------------------------------------ out

    /// @dev Pays, or credits where the receiver or the token refuses. The receiver's gas is capped, and a caller who
    /// brings too little for that is refused: nobody can make another's payment fail. The caller pays nobody nothing.
    function _push(JobId job, address token, address to, uint256 amount) internal {
        (uint256 allowance, uint256 needed) = token == address(0)
            ? (NATIVE_PUSH_GAS, NATIVE_PUSH_GAS + NATIVE_PUSH_GAS / 63 + PUSH_RESERVE)
            : (TOKEN_PUSH_GAS, TOKEN_PUSH_GAS + TOKEN_PUSH_GAS / 63 + PUSH_RESERVE);
        if (gasleft() < needed) revert JobEscrow_GasLeft(gasleft(), needed);
        if (Transfers.send(token, to, amount, allowance)) return;

        _credits[token][to] += amount << 4; // amounts are sums of some 129 bits
        emit Credited(job, token, to, amount);
    }

    /// @dev Where a token refuses the transfer, the credit is nobody's: burnt as well.
    function _burn(JobId job, address token, uint256 amount) internal {
        _push(job, token, BURNT, amount);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Standing} from "../types/RegistryTypes.sol";

/// @title Every reason for which the registry refuses a call.
interface IValidatorRegistryErrors {
    // ------------------------------------------------------------------ deployment

    /// @notice The bond must lie between these two, both included.
    error ValidatorRegistry_Bond(uint256 bond, uint256 least, uint256 most);
    /// @notice The exit delay must lie between these two, both included.
    error ValidatorRegistry_ExitDelay(uint256 delay, uint256 least, uint256 most);
    /// @notice There is no contract at the token's address.
    error ValidatorRegistry_NotToken(address token);

    // ------------------------------------------------------------------ standing and sets

    /// @notice The account stands otherwise than the call needs.
    error ValidatorRegistry_Standing(address account, Standing standing);
    /// @notice The bond is held until `deadline`, that second included.
    error ValidatorRegistry_TooEarly(uint256 timestamp, uint256 deadline);
    /// @notice A set is a whole number of 20-byte addresses.
    error ValidatorRegistry_SetLength(uint256 length);
    /// @notice A set has 1 to `most` validators.
    error ValidatorRegistry_SetSize(uint256 count, uint256 most);
    /// @notice Validators must be strictly ascending from above the zero address; this one is not.
    error ValidatorRegistry_SetOrder(uint256 index);
    /// @notice The set does not name the account.
    error ValidatorRegistry_NotNamed(address account, bytes32 set);
    /// @notice The account is in the set already.
    error ValidatorRegistry_AlreadyJoined(address account, bytes32 set);
    /// @notice The account is in as many sets as one may be; it can leave one.
    error ValidatorRegistry_TooManySets(address account, uint256 most);
    /// @notice The account is not in the set.
    error ValidatorRegistry_NotJoined(address account, bytes32 set);

    // ------------------------------------------------------------------ reports

    /// @notice Both statements say the same.
    error ValidatorRegistry_SameVerdict();
    /// @notice Not a signature of this account over this digest (or malleable: s in the upper half).
    error ValidatorRegistry_Signature(address account, bytes32 digest);
    /// @notice The proof does not lead from this leaf to this root.
    error ValidatorRegistry_NotInBatch(bytes32 root, bytes32 leaf);

    // ------------------------------------------------------------------ money

    /// @notice The native coin sent is not what the call needs.
    error ValidatorRegistry_Value(uint256 sent, uint256 expected);
    /// @notice The token refused to move the bond: balance, allowance, or not a token.
    error ValidatorRegistry_TransferFrom(address token, address from, uint256 amount);
    /// @notice The token moved another amount than the bond (a fee, a rebase, or nothing at all).
    error ValidatorRegistry_Received(address token, uint256 received, uint256 expected);
    /// @notice Called from inside another call of the registry.
    error ValidatorRegistry_Reentered();
    /// @notice Money sent to the zero address or to the registry would be lost.
    error ValidatorRegistry_Receiver(address to);
    /// @notice The account has no credit.
    error ValidatorRegistry_NoCredit(address account);
    /// @notice The payment did not go through; what was to be paid is still the caller's.
    error ValidatorRegistry_Withdrawal(address to);
}

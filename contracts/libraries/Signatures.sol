// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "../interfaces/IJobEscrowErrors.sol";
import {PackedTerms} from "./PackedTerms.sol";

/// @title Checks 65-byte signatures (r, s, v) that lie one after the other in calldata.
/// @dev Only keys sign here, never contracts: an ERC-1271 signer can change its answer after the fact.
library Signatures {
    using PackedTerms for bytes;

    uint256 internal constant SIZE = 65;

    /// @dev Where packed terms keep the validators; assembly reads no constant of another library.
    uint256 private constant VALIDATORS = 239;

    /// @dev Half of the order of secp256k1. A signature with s above it is the mirror image of another one.
    uint256 internal constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Reverts unless each bit of `bitmap` is a validator of the terms, at least a quorum of them, and the
    /// signatures start with theirs over `digest`, the lowest bit first. Bits make signers distinct and ordered.
    /// @return used How many signatures those were.
    function checkQuorum(bytes32 digest, bytes calldata terms, uint256 bitmap, bytes calldata signatures)
        internal
        view
        returns (uint256 used)
    {
        uint256 count = terms.validatorCount();
        if (bitmap >> count != 0) revert IJobEscrowErrors.JobEscrow_UnknownSigner(bitmap, count);
        address stranger;
        (used, stranger) = _verify(digest, terms, bitmap, signatures);
        if (used < terms.quorum()) revert IJobEscrowErrors.JobEscrow_TooFewSigners(used, terms.quorum());
        if (signatures.length < used * SIZE) {
            revert IJobEscrowErrors.JobEscrow_SignaturesLength(signatures.length, used * SIZE);
        }
        if (stranger != address(0)) revert IJobEscrowErrors.JobEscrow_Signature(stranger, digest);
    }

    /// @dev Reverts unless the signature at `position` is the account's over `digest`. The caller has checked the
    /// length, and never asks for the zero address.
    function check(bytes32 digest, address account, bytes calldata signatures, uint256 position) internal view {
        bool good;
        assembly ("memory-safe") {
            let from := add(signatures.offset, mul(position, SIZE))
            let m := mload(0x40)
            mstore(m, digest)
            calldatacopy(add(m, 0x40), from, 0x40) // r, s
            mstore(add(m, 0x20), byte(0, calldataload(add(from, 0x40)))) // v
            mstore(0x00, 0)
            // A recovery that fails returns nothing and leaves the zero.
            pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
            good := and(eq(mload(0x00), account), iszero(gt(mload(add(m, 0x60)), HALF_ORDER)))
        }
        if (!good) revert IJobEscrowErrors.JobEscrow_Signature(account, digest);
    }

    /// @dev The same steps as `check`, with what does not change between signatures taken out of the loop. Past the
    /// end of the signatures it reads what is there, which the caller then refuses by their length.
    /// @return used How many bits are set.
    /// @return stranger A validator in the bitmap whose signature is not its own; zero where all are.
    function _verify(bytes32 digest, bytes calldata terms, uint256 bitmap, bytes calldata signatures)
        private
        view
        returns (uint256 used, address stranger)
    {
        assembly ("memory-safe") {
            let from := signatures.offset
            let validator := add(terms.offset, VALIDATORS)
            let m := mload(0x40)
            mstore(m, digest)
            for { let bits := bitmap } bits { bits := shr(1, bits) } {
                if and(bits, 1) {
                    calldatacopy(add(m, 0x40), from, 0x40) // r, s
                    mstore(add(m, 0x20), byte(0, calldataload(add(from, 0x40)))) // v
                    mstore(0x00, 0)
                    pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
                    let account := shr(96, calldataload(validator))
                    if or(iszero(eq(mload(0x00), account)), gt(mload(add(m, 0x60)), HALF_ORDER)) {
                        stranger := account
                    }
                    from := add(from, SIZE)
                    used := add(used, 1)
                }
                validator := add(validator, 20)
            }
        }
    }
}

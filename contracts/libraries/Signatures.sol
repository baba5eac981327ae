// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "../interfaces/IJobEscrowErrors.sol";
import {PackedTerms} from "./PackedTerms.sol";

/// @title Checks 65-byte signatures (r, s, v) that lie one after the other in calldata.
/// @dev Only keys sign here, never contracts: an ERC-1271 signer can change its answer after the fact.
library Signatures {
    using PackedTerms for bytes;

    uint256 internal constant SIZE = 65;

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
        for (uint256 bits = bitmap; bits != 0; bits &= bits - 1) {
            ++used;
        }
        if (used < terms.quorum()) revert IJobEscrowErrors.JobEscrow_TooFewSigners(used, terms.quorum());
        if (signatures.length < used * SIZE) {
            revert IJobEscrowErrors.JobEscrow_SignaturesLength(signatures.length, used * SIZE);
        }
        uint256 position;
        for (uint256 i = 0; bitmap != 0; ++i) {
            if (bitmap & 1 != 0) check(digest, terms.validator(i), signatures, position++);
            bitmap >>= 1;
        }
    }

    /// @dev Reverts unless the signature at `position` is the account's over `digest`. The caller has checked the
    /// length, and never asks for the zero address.
    function check(bytes32 digest, address account, bytes calldata signatures, uint256 position) internal view {
        if (_recover(digest, signatures, position) != account) {
            revert IJobEscrowErrors.JobEscrow_Signature(account, digest);
        }
    }

    /// @return signer Who signed; zero where s is in the upper half, v is neither 27 nor 28, or nobody could have.
    function _recover(bytes32 digest, bytes calldata signatures, uint256 position)
        private
        view
        returns (address signer)
    {
        assembly ("memory-safe") {
            let from := add(signatures.offset, mul(position, SIZE))
            let m := mload(0x40)
            mstore(m, digest)
            mstore(add(m, 0x20), byte(0, calldataload(add(from, 0x40)))) // v
            calldatacopy(add(m, 0x40), from, 0x40) // r, s
            mstore(0x00, 0)
            if iszero(gt(mload(add(m, 0x60)), HALF_ORDER)) {
                // A failed recovery returns nothing and leaves the zero.
                pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
            }
            signer := mload(0x00)
        }
    }
}

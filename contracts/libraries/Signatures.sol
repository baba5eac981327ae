// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "../interfaces/IJobEscrowErrors.sol";
import {PackedTerms} from "./PackedTerms.sol";

/// @title Checks signatures that lie one after the other in calldata.
/// @dev A key's signature is 65 bytes r, s, v. A contract's (ERC-1271) is a record of 65 bytes whose first word is the
/// length of what follows, whose second word and last byte are zero, and then those bytes. A contract may change its
/// answer later: what was signed takes effect in the same call, and is not asked for again.
library Signatures {
    using PackedTerms for bytes;

    uint256 internal constant SIZE = 65;

    /// @dev Where packed terms keep the validators; assembly reads no constant of another library.
    uint256 private constant VALIDATORS = 259;

    /// @dev Half of the order of secp256k1. A signature with s above it is the mirror image of another one.
    uint256 internal constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev What a contract answers when it has signed: the selector of `isValidSignature(bytes32,bytes)`.
    bytes4 private constant ERC1271_MAGIC = 0x1626ba7e;

    /// @dev Reverts unless each bit of `bitmap` is a validator of the terms, at least a quorum of them, and the
    /// signatures start with theirs over `digest`, the lowest bit first. Bits make signers distinct and ordered.
    /// @param keysOnly Whether a contract's signature is refused: a registry slashes by what a key has signed.
    /// @return end Where those signatures end.
    function checkQuorum(bytes32 digest, bytes calldata terms, uint256 bitmap, bytes calldata signatures, bool keysOnly)
        internal
        view
        returns (uint256 end)
    {
        uint256 count = terms.validatorCount();
        if (bitmap >> count != 0) revert IJobEscrowErrors.JobEscrow_UnknownSigner(bitmap, count);
        (uint256 used, uint256 faults) = _verify(digest, terms, bitmap, signatures);
        if (used < terms.quorum()) revert IJobEscrowErrors.JobEscrow_TooFewSigners(used, terms.quorum());
        end = used * SIZE;
        if (signatures.length < end) revert IJobEscrowErrors.JobEscrow_SignaturesLength(signatures.length, end);
        if (faults != 0) return _walk(digest, terms, bitmap, signatures, keysOnly);
    }

    /// @dev Reverts unless the signature that starts at `start` is the account's over `digest`. The caller never asks
    /// for the zero address.
    /// @return end Where it ends.
    function check(bytes32 digest, address account, bytes calldata signatures, uint256 start)
        internal
        view
        returns (uint256 end)
    {
        return _check(digest, account, signatures, start, false);
    }

    function _check(bytes32 digest, address account, bytes calldata signatures, uint256 start, bool keysOnly)
        private
        view
        returns (uint256 end)
    {
        end = start + SIZE;
        if (signatures.length < end) revert IJobEscrowErrors.JobEscrow_SignaturesLength(signatures.length, end);
        bool good;
        uint256 word;
        uint256 rest;
        assembly ("memory-safe") {
            let from := add(signatures.offset, start)
            let m := mload(0x40)
            mstore(m, digest)
            calldatacopy(add(m, 0x40), from, 0x40) // r, s
            let v := byte(0, calldataload(add(from, 0x40)))
            mstore(add(m, 0x20), v)
            mstore(0x00, 0)
            // A recovery that fails returns nothing and leaves the zero.
            pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
            good := and(eq(mload(0x00), account), iszero(gt(mload(add(m, 0x60)), HALF_ORDER)))
            word := mload(add(m, 0x40))
            rest := or(mload(add(m, 0x60)), v)
        }
        if (good) return end;
        if (!keysOnly && rest == 0 && word <= signatures.length - end) {
            // The word fits what is left.
            uint256 last = end + word;
            if (_contractSigned(account, digest, signatures[end:last])) return last;
        }
        revert IJobEscrowErrors.JobEscrow_Signature(account, digest);
    }

    /// @dev `checkQuorum` where not every signature is that of a key: says whose is none, or asks the contracts.
    function _walk(bytes32 digest, bytes calldata terms, uint256 bitmap, bytes calldata signatures, bool keysOnly)
        private
        view
        returns (uint256 end)
    {
        for (uint256 i = 0; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 != 0) end = _check(digest, terms.validator(i), signatures, end, keysOnly);
        }
    }

    /// @dev Asks the account, which can change nothing while it answers.
    function _contractSigned(address account, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (bool success, bytes memory answer) =
            account.staticcall(abi.encodeWithSelector(ERC1271_MAGIC, digest, signature));
        return success && answer.length == 32 && bytes32(answer) == bytes32(ERC1271_MAGIC);
    }

    /// @dev The keys' part of `checkQuorum`: the steps of `_check`, with what does not change between signatures taken
    /// out of the loop. Past the end of the signatures it reads what is there, which the caller then refuses by their
    /// length.
    /// @return used How many bits are set.
    /// @return faults Zero where each of them has its key's signature.
    function _verify(bytes32 digest, bytes calldata terms, uint256 bitmap, bytes calldata signatures)
        private
        view
        returns (uint256 used, uint256 faults)
    {
        assembly ("memory-safe") {
            let from := signatures.offset
            let validator := add(terms.offset, VALIDATORS)
            let m := mload(0x40)
            let v := add(m, 0x20)
            let r := add(m, 0x40)
            let s := add(m, 0x60)
            mstore(m, digest)
            for { let bits := bitmap } bits { bits := shr(1, bits) } {
                if and(bits, 1) {
                    calldatacopy(r, from, 0x40) // r, s
                    mstore(v, byte(0, calldataload(add(from, 0x40))))
                    mstore(0x00, 0)
                    pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
                    faults := or(
                        faults,
                        or(xor(mload(0x00), shr(96, calldataload(validator))), gt(mload(s), HALF_ORDER))
                    )
                    from := add(from, SIZE)
                    used := add(used, 1)
                }
                validator := add(validator, 20)
            }
        }
    }
}

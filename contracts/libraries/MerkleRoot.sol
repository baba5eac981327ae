// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Merkle roots over the verdicts of a batch.
/// @dev The tree of RFC 6962, section 2.1, with Keccak-256: leaf = keccak256(0x00 || structHash), node =
/// keccak256(0x01 || left || right). Neighbours are paired level by level, in their order; the last one of an odd level
/// is carried up unchanged. The root of one leaf is the leaf. Since the first byte tells leaves from nodes, no node can
/// be shown as a leaf, and no two lists of different length or order have one root.
library MerkleRoot {
    /// @notice There is no root of nothing.
    error MerkleRoot_NoLeaves();

    /// @dev `structHash` is the EIP-712 struct hash of what the leaf stands for, without a domain.
    function leaf(bytes32 structHash) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore8(0x00, 0x00)
            mstore(0x01, structHash)
            hash := keccak256(0x00, 0x21)
        }
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 0x01)
            mstore(add(m, 0x01), left)
            mstore(add(m, 0x21), right)
            hash := keccak256(m, 0x41)
        }
    }

    /// @dev Overwrites the leaves: each level is written over the one below.
    function root(bytes32[] memory leaves) internal pure returns (bytes32 hash) {
        if (leaves.length == 0) revert MerkleRoot_NoLeaves();
        assembly ("memory-safe") {
            let first := add(leaves, 0x20)
            let size := shl(5, mload(leaves)) // of this level, in bytes
            let m := mload(0x40)
            let pair := add(m, 0x01)
            mstore8(m, 0x01)
            for {} gt(size, 0x20) {} {
                let from := first
                let to := first
                let last := add(first, sub(size, 0x20))
                for {} lt(from, last) { from := add(from, 0x40) } {
                    mcopy(pair, from, 0x40)
                    mstore(to, keccak256(m, 0x41))
                    to := add(to, 0x20)
                }
                if eq(from, last) {
                    mstore(to, mload(from))
                    to := add(to, 0x20)
                }
                size := sub(to, first)
            }
            hash := mload(first)
        }
    }

    /// @dev True where `proof`, the siblings from the leaf upwards, leads from the leaf at `index` of `count` to the
    /// root; levels on which the node has no sibling take none. The root fixes how many leaves there are, but a proof
    /// with another `count` may lead to it too: that the leaf is in the tree is proven, its place only where the
    /// caller knows the count.
    function verify(bytes32 expected, bytes32 hash, uint256 index, uint256 count, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index >= count) return false;
        uint256 used;
        while (count > 1) {
            bool alone = index == count - 1 && index % 2 == 0;
            if (!alone) {
                if (used == proof.length) return false;
                bytes32 sibling = proof[used++];
                hash = index % 2 == 0 ? node(hash, sibling) : node(sibling, hash);
            }
            index /= 2;
            count = count / 2 + count % 2;
        }
        return used == proof.length && hash == expected;
    }
}

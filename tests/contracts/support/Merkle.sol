// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @dev Merkle trees as RFC 6962, section 2.1, defines them, with Keccak-256: split at the largest power of two below
/// the number of leaves, and again on each side.
library Merkle {
    function leaves(bytes32[] memory hashes) internal pure returns (bytes32[] memory found) {
        found = new bytes32[](hashes.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            found[i] = keccak256(abi.encodePacked(bytes1(0x00), hashes[i]));
        }
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function root(bytes32[] memory list) internal pure returns (bytes32) {
        return _root(list, 0, list.length);
    }

    /// @dev The audit path of RFC 6962, section 2.1.1: from the leaf upwards.
    function proof(bytes32[] memory list, uint256 index) internal pure returns (bytes32[] memory path) {
        return _proof(list, 0, list.length, index);
    }

    function _root(bytes32[] memory list, uint256 from, uint256 count) private pure returns (bytes32) {
        if (count == 1) return list[from];
        uint256 half = _split(count);
        return node(_root(list, from, half), _root(list, from + half, count - half));
    }

    function _proof(bytes32[] memory list, uint256 from, uint256 count, uint256 index)
        private
        pure
        returns (bytes32[] memory path)
    {
        if (count == 1) return path;
        uint256 half = _split(count);
        bool inLeft = index < half;
        bytes32[] memory lower =
            inLeft ? _proof(list, from, half, index) : _proof(list, from + half, count - half, index - half);
        path = new bytes32[](lower.length + 1);
        for (uint256 i = 0; i < lower.length; ++i) {
            path[i] = lower[i];
        }
        path[lower.length] = inLeft ? _root(list, from + half, count - half) : _root(list, from, half);
    }

    function _split(uint256 count) private pure returns (uint256 half) {
        half = 1;
        while (2 * half < count) {
            half *= 2;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {MerkleRoot} from "../../contracts/libraries/MerkleRoot.sol";
import {Merkle} from "./support/Merkle.sol";
import {Vm} from "./support/Vm.sol";

/// @dev The tree of a batch against the recursive definition of RFC 6962, which the library does not use.
contract RegistryMerkleTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // ------------------------------------------------------------------ refused

    function test_refuses_a_root_of_nothing() public {
        vm.expectRevert(abi.encodeWithSelector(MerkleRoot.MerkleRoot_NoLeaves.selector));
        this.root(new bytes32[](0));
    }

    function test_no_leaf_is_in_a_tree_of_nothing() public view {
        vm.assertTrue(!this.verify(bytes32(0), bytes32(0), 0, 0, new bytes32[](0)), "verified");
    }

    function test_refuses_an_index_past_the_end() public view {
        bytes32[] memory leaves = Merkle.leaves(some(3));
        bytes32 root_ = Merkle.root(leaves);
        bytes32[] memory proof = Merkle.proof(leaves, 2);
        vm.assertTrue(this.verify(root_, leaves[2], 2, 3, proof), "the last one");
        vm.assertTrue(!this.verify(root_, leaves[2], 3, 3, proof), "past it");
    }

    /// @dev What makes second preimages in trees without prefixes: the children of a node as one leaf.
    function test_a_node_cannot_be_shown_as_a_leaf() public view {
        bytes32[] memory leaves = Merkle.leaves(some(4));
        bytes32 root_ = Merkle.root(leaves);
        bytes32 left = Merkle.node(leaves[0], leaves[1]);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = Merkle.node(leaves[2], leaves[3]);
        vm.assertTrue(this.verify(root_, left, 0, 2, proof), "as a node it is there");
        vm.assertTrue(!this.verify(root_, MerkleRoot.leaf(left), 0, 2, proof), "as the leaf of its own hash");
        vm.assertTrue(MerkleRoot.leaf(leaves[0]) != leaves[0], "a leaf is not what it stands for");
    }

    function testFuzz_refuses_a_proof_that_is_changed(uint256 seed, uint8 size) public view {
        uint256 count = 2 + size % 32;
        bytes32[] memory leaves = Merkle.leaves(some(count));
        uint256 index = seed % count;
        bytes32 root_ = Merkle.root(leaves);
        bytes32[] memory proof = Merkle.proof(leaves, index);

        vm.assertTrue(!this.verify(root_ ^ bytes32(uint256(1)), leaves[index], index, count, proof), "another root");
        vm.assertTrue(!this.verify(root_, leaves[(index + 1) % count], index, count, proof), "another leaf");
        vm.assertTrue(!this.verify(root_, leaves[index], (index + 1) % count, count, proof), "another place");
        bytes32[] memory changed = Merkle.proof(leaves, index);
        changed[(seed >> 8) % changed.length] ^= bytes32(uint256(1) << (seed >> 16) % 256);
        vm.assertTrue(!this.verify(root_, leaves[index], index, count, changed), "another sibling");
        vm.assertTrue(!this.verify(root_, leaves[index], index, count, resized(proof, proof.length - 1)), "cut");
        vm.assertTrue(!this.verify(root_, leaves[index], index, count, resized(proof, proof.length + 1)), "longer");
    }

    // ------------------------------------------------------------------ done

    function test_the_root_is_that_of_rfc_6962_for_every_size_to_130() public view {
        for (uint256 count = 1; count <= 130; ++count) {
            bytes32[] memory leaves = Merkle.leaves(some(count));
            vm.assertEq(this.root(leaves), Merkle.root(leaves), vm.toString(count));
        }
    }

    function test_every_leaf_of_every_size_to_40_is_proven() public view {
        for (uint256 count = 1; count <= 40; ++count) {
            bytes32[] memory leaves = Merkle.leaves(some(count));
            bytes32 root_ = Merkle.root(leaves);
            for (uint256 i = 0; i < count; ++i) {
                vm.assertTrue(this.verify(root_, leaves[i], i, count, Merkle.proof(leaves, i)), vm.toString(count));
            }
        }
    }

    function test_the_root_of_one_leaf_is_the_leaf() public view {
        bytes32[] memory leaves = Merkle.leaves(some(1));
        vm.assertEq(this.root(leaves), keccak256(abi.encodePacked(bytes1(0x00), some(1)[0])), "root");
        vm.assertTrue(this.verify(leaves[0], leaves[0], 0, 1, new bytes32[](0)), "verified");
    }

    function testFuzz_leaf_and_node_are_keccak_of_a_prefix_and_their_parts(bytes32 left, bytes32 right) public pure {
        vm.assertEq(MerkleRoot.leaf(left), keccak256(abi.encodePacked(bytes1(0x00), left)), "leaf");
        vm.assertEq(MerkleRoot.node(left, right), keccak256(abi.encodePacked(bytes1(0x01), left, right)), "node");
    }

    /// @dev A padded tree would give both lists one root.
    function testFuzz_order_and_repetition_change_the_root(uint8 size) public view {
        uint256 count = 1 + size % 32;
        bytes32[] memory leaves = Merkle.leaves(some(count));
        bytes32 before = this.root(leaves);
        bytes32[] memory longer = resized(leaves, count + 1);
        longer[count] = longer[count - 1];
        vm.assertTrue(this.root(longer) != before, "the last one twice");
        if (count == 1) return;
        (leaves[0], leaves[count - 1]) = (leaves[count - 1], leaves[0]);
        vm.assertTrue(this.root(leaves) != before, "two exchanged");
    }

    /// @dev Not even optimised: 99 hashes of 65 bytes, of 48 gas each, and what is around them.
    function test_the_root_of_a_hundred_leaves_costs_less_than_20_000_gas() public view {
        bytes32[] memory leaves = Merkle.leaves(some(100));
        uint256 before = gasleft();
        MerkleRoot.root(leaves);
        vm.assertLe(before - gasleft(), 20_000, "gas");
    }

    // ------------------------------------------------------------------ calls

    /// @dev Writes over a copy: what came as calldata.
    function root(bytes32[] memory leaves) external pure returns (bytes32 found) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        found = MerkleRoot.root(leaves);
        assembly ("memory-safe") {
            if iszero(eq(free, mload(0x40))) { revert(0, 0) }
        }
    }

    function verify(bytes32 expected, bytes32 hash, uint256 index, uint256 count, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return MerkleRoot.verify(expected, hash, index, count, proof);
    }

    function some(uint256 count) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = keccak256(abi.encode("verdict", i));
        }
    }

    function resized(bytes32[] memory list, uint256 count) private pure returns (bytes32[] memory copy) {
        copy = new bytes32[](count);
        for (uint256 i = 0; i < count && i < list.length; ++i) {
            copy[i] = list[i];
        }
    }
}

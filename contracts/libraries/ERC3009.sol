// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title What the escrow calls of a token that moves by authorization (ERC-3009).
library ERC3009 {
    /// @notice The standard's function: the signature of a key.
    bytes4 internal constant RECEIVE_BY_KEY = bytes4(
        keccak256("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)")
    );
    /// @notice What newer tokens add: a signature of any length, checked by ERC-1271 where `from` is a contract.
    bytes4 internal constant RECEIVE_BY_CONTRACT =
        bytes4(keccak256("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"));
}

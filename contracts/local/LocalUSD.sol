// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title LocalUSD: PLAY MONEY FOR LOCAL CHAINS. NOT A STABLECOIN, BACKED BY NOTHING.
/// @notice An ERC-20 with 6 decimals that also moves by signed authorization (ERC-3009, of keys and of contracts), as
/// the dollar tokens do, so that a local stack can lock and pay a token in every way.
/// The whole supply goes to one holder when it is made; nobody can make more. Never deploy it where money is real.
contract LocalUSD is ERC3009 {
    string private constant NAME = "Local play dollar";

    /// @notice Of the EIP-712 domain.
    string public constant version = "1";

    /// @param holder Receives the supply.
    /// @param supply Base units: 1,000,000 is one.
    constructor(address holder, uint256 supply) ERC20(NAME, "lUSD") EIP712(NAME, version) {
        _mint(holder, supply);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice As ERC-3009 has it, with a signature of any length: of a key, or of a contract (ERC-1271).
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 typehash = TRANSFER_WITH_AUTHORIZATION_TYPEHASH;
        _checkSignature(from, abi.encode(typehash, from, to, value, validAfter, validBefore, nonce), signature);
        _transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
    }

    /// @notice As ERC-3009 has it, by the receiver, with a signature of any length: of a key, or of a contract.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 typehash = RECEIVE_WITH_AUTHORIZATION_TYPEHASH;
        _checkSignature(from, abi.encode(typehash, from, to, value, validAfter, validBefore, nonce), signature);
        if (to != msg.sender) revert ERC20InvalidReceiver(to);
        _transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
    }

    function _checkSignature(address from, bytes memory encoded, bytes calldata signature) private view {
        bytes32 digest = _hashTypedDataV4(keccak256(encoded));
        if (!SignatureChecker.isValidSignatureNowCalldata(from, digest, signature)) revert ERC3009InvalidSignature();
    }
}

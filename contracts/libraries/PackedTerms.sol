// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "../interfaces/IJobEscrowErrors.sol";

/// @title Reads `JobTerms` from their packed form in calldata.
/// @dev Each member lies big-endian at its own width with nothing between, `validators` last: 239 + 20 n bytes.
/// Call `check` first; the readers do not look at the length again.
library PackedTerms {
    /// @dev Bytes before the validators.
    uint256 internal constant HEAD = 239;

    bytes32 internal constant TYPEHASH = keccak256(
        "JobTerms(address payer,address requester,address worker,address arbiter,address token,address feeTo,"
        "uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy,"
        "uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps,"
        "uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators)"
    );

    /// @dev Reverts where the members cannot all be there. That the rest is a whole number of validators is checked
    /// at funding: no other bytes have the same digest.
    function check(bytes calldata terms) internal pure {
        if (terms.length < HEAD) revert IJobEscrowErrors.JobEscrow_TermsLength(terms.length);
    }

    /// @dev The EIP-712 struct hash: 22 members widened to words, and the hash of the validators.
    function structHash(bytes calldata terms) internal pure returns (bytes32 hash) {
        bytes32 typehash = TYPEHASH;
        assembly ("memory-safe") {
            let from := terms.offset
            let m := mload(0x40)
            calldatacopy(m, add(from, HEAD), sub(terms.length, HEAD))
            let validatorsHash := keccak256(m, sub(terms.length, HEAD))
            mstore(m, typehash)
            mstore(add(m, 0x020), shr(96, calldataload(from))) // payer
            mstore(add(m, 0x040), shr(96, calldataload(add(from, 20)))) // requester
            mstore(add(m, 0x060), shr(96, calldataload(add(from, 40)))) // worker
            mstore(add(m, 0x080), shr(96, calldataload(add(from, 60)))) // arbiter
            mstore(add(m, 0x0a0), shr(96, calldataload(add(from, 80)))) // token
            mstore(add(m, 0x0c0), shr(96, calldataload(add(from, 100)))) // feeTo
            // Two words of calldata hold the members in between.
            let w := calldataload(add(from, 120)) // feeBps, budget, claimBy, deliverWindow, submitBy
            mstore(add(m, 0x0e0), shr(240, w)) // feeBps
            mstore(add(m, 0x100), and(shr(112, w), 0xffffffffffffffffffffffffffffffff)) // budget
            mstore(add(m, 0x120), and(shr(72, w), 0xffffffffff)) // claimBy
            mstore(add(m, 0x140), and(shr(40, w), 0xffffffff)) // deliverWindow
            mstore(add(m, 0x160), and(w, 0xffffffffff)) // submitBy
            w := calldataload(add(from, 143)) // deliverWindow and submitBy again, then verdictBy to quorum
            mstore(add(m, 0x180), and(shr(144, w), 0xffffffffff)) // verdictBy
            mstore(add(m, 0x1a0), and(shr(112, w), 0xffffffff)) // challengeWindow
            mstore(add(m, 0x1c0), and(shr(80, w), 0xffffffff)) // rulingWindow
            mstore(add(m, 0x1e0), and(shr(64, w), 0xffff)) // silenceBps
            mstore(add(m, 0x200), and(shr(48, w), 0xffff)) // inconclusiveBps
            mstore(add(m, 0x220), and(shr(32, w), 0xffff)) // disputeBondBps
            mstore(add(m, 0x240), and(shr(16, w), 0xffff)) // claimBondBps
            mstore(add(m, 0x260), and(shr(8, w), 0xff)) // maxRounds
            mstore(add(m, 0x280), and(w, 0xff)) // quorum
            mstore(add(m, 0x2a0), calldataload(add(from, 175))) // specHash
            mstore(add(m, 0x2c0), calldataload(add(from, 207))) // salt
            mstore(add(m, 0x2e0), validatorsHash)
            hash := keccak256(m, 0x300)
        }
    }

    function payer(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 0, 160)));
    }

    function requester(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 20, 160)));
    }

    function worker(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 40, 160)));
    }

    function arbiter(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 60, 160)));
    }

    function token(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 80, 160)));
    }

    function feeTo(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 100, 160)));
    }

    function feeBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 120, 16);
    }

    function budget(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 122, 128);
    }

    function claimBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 138, 40);
    }

    function deliverWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 143, 32);
    }

    function submitBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 147, 40);
    }

    function verdictBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 152, 40);
    }

    function challengeWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 157, 32);
    }

    function rulingWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 161, 32);
    }

    function silenceBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 165, 16);
    }

    function inconclusiveBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 167, 16);
    }

    function disputeBondBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 169, 16);
    }

    function claimBondBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 171, 16);
    }

    function maxRounds(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 173, 8);
    }

    function quorum(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 174, 8);
    }

    function validatorCount(bytes calldata terms) internal pure returns (uint256) {
        unchecked {
            return (terms.length - HEAD) / 20;
        }
    }

    /// @dev The caller keeps `index` below `validatorCount`.
    function validator(bytes calldata terms, uint256 index) internal pure returns (address) {
        return address(uint160(_at(terms, HEAD + 20 * index, 160)));
    }

    /// @dev The `bits` wide member that starts at byte `offset`.
    function _at(bytes calldata terms, uint256 offset, uint256 bits) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, bits), calldataload(add(terms.offset, offset)))
        }
    }
}

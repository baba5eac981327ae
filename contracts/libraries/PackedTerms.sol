// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrowErrors} from "../interfaces/IJobEscrowErrors.sol";

/// @title Reads `JobTerms` from their packed form in calldata.
/// @dev Each member lies big-endian at its own width with nothing between, `validators` last: 259 + 20 n bytes.
/// Terms may come in brief, with the Keccak of the validators in place of the list, to the verbs that need no list:
/// 259 + 32 bytes, which no list has, and of the same digest. Call `check` first; the readers do not look at the
/// length again.
library PackedTerms {
    /// @dev Bytes before the validators.
    uint256 internal constant HEAD = 259;
    /// @dev Length of terms in brief.
    uint256 internal constant BRIEF = 291; // HEAD + 32, which assembly does not add up

    string internal constant TYPE = "JobTerms(address payer,address requester,address worker,address arbiter,address token,address feeTo,"
        "address registry,uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,"
        "uint40 verdictBy,uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,"
        "uint16 disputeBondBps,uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,"
        "bytes validators)";

    /// @dev keccak256(TYPE), which the compiler would compute anew in every call.
    bytes32 internal constant TYPEHASH = 0x775069dbe2ef0f8a16a978a90b046ca31b1d3734684f58b07206d30dd09c3fde;

    /// @dev What Permit2 puts behind its own members: the terms are the witness, so that a wallet shows them.
    string internal constant PERMIT2_WITNESS =
        string.concat("JobTerms witness)", TYPE, "TokenPermissions(address token,uint256 amount)");

    /// @dev Reverts where the members cannot all be there. That the rest is a whole number of validators is checked
    /// at funding: no other bytes have the same digest.
    function check(bytes calldata terms) internal pure {
        if (terms.length < HEAD) revert IJobEscrowErrors.JobEscrow_TermsLength(terms.length);
    }

    /// @dev Reverts unless the validators themselves are there, and not their hash.
    function checkWhole(bytes calldata terms) internal pure {
        if (terms.length == BRIEF) revert IJobEscrowErrors.JobEscrow_BriefTerms();
    }

    /// @dev The EIP-712 struct hash: 23 members widened to words, and the hash of the validators.
    function structHash(bytes calldata terms) internal pure returns (bytes32 hash) {
        bytes32 typehash = TYPEHASH;
        assembly ("memory-safe") {
            let from := terms.offset
            let m := mload(0x40)
            let listHash := calldataload(add(from, HEAD))
            if iszero(eq(terms.length, BRIEF)) {
                calldatacopy(m, add(from, HEAD), sub(terms.length, HEAD))
                listHash := keccak256(m, sub(terms.length, HEAD))
            }
            mstore(m, typehash)
            mstore(add(m, 0x020), shr(96, calldataload(from))) // payer
            mstore(add(m, 0x040), shr(96, calldataload(add(from, 20)))) // requester
            mstore(add(m, 0x060), shr(96, calldataload(add(from, 40)))) // worker
            mstore(add(m, 0x080), shr(96, calldataload(add(from, 60)))) // arbiter
            mstore(add(m, 0x0a0), shr(96, calldataload(add(from, 80)))) // token
            mstore(add(m, 0x0c0), shr(96, calldataload(add(from, 100)))) // feeTo
            mstore(add(m, 0x0e0), shr(96, calldataload(add(from, 120)))) // registry
            // Two words of calldata hold the members in between.
            let w := calldataload(add(from, 140)) // feeBps, budget, claimBy, deliverWindow, submitBy
            mstore(add(m, 0x100), shr(240, w)) // feeBps
            mstore(add(m, 0x120), and(shr(112, w), 0xffffffffffffffffffffffffffffffff)) // budget
            mstore(add(m, 0x140), and(shr(72, w), 0xffffffffff)) // claimBy
            mstore(add(m, 0x160), and(shr(40, w), 0xffffffff)) // deliverWindow
            mstore(add(m, 0x180), and(w, 0xffffffffff)) // submitBy
            w := calldataload(add(from, 163)) // deliverWindow and submitBy again, then verdictBy to quorum
            mstore(add(m, 0x1a0), and(shr(144, w), 0xffffffffff)) // verdictBy
            mstore(add(m, 0x1c0), and(shr(112, w), 0xffffffff)) // challengeWindow
            mstore(add(m, 0x1e0), and(shr(80, w), 0xffffffff)) // rulingWindow
            mstore(add(m, 0x200), and(shr(64, w), 0xffff)) // silenceBps
            mstore(add(m, 0x220), and(shr(48, w), 0xffff)) // inconclusiveBps
            mstore(add(m, 0x240), and(shr(32, w), 0xffff)) // disputeBondBps
            mstore(add(m, 0x260), and(shr(16, w), 0xffff)) // claimBondBps
            mstore(add(m, 0x280), and(shr(8, w), 0xff)) // maxRounds
            mstore(add(m, 0x2a0), and(w, 0xff)) // quorum
            mstore(add(m, 0x2c0), calldataload(add(from, 195))) // specHash
            mstore(add(m, 0x2e0), calldataload(add(from, 227))) // salt
            mstore(add(m, 0x300), listHash)
            hash := keccak256(m, 0x320)
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

    function registry(bytes calldata terms) internal pure returns (address) {
        return address(uint160(_at(terms, 120, 160)));
    }

    function feeBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 140, 16);
    }

    function budget(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 142, 128);
    }

    function claimBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 158, 40);
    }

    function deliverWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 163, 32);
    }

    function submitBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 167, 40);
    }

    function verdictBy(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 172, 40);
    }

    function challengeWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 177, 32);
    }

    function rulingWindow(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 181, 32);
    }

    function silenceBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 185, 16);
    }

    function inconclusiveBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 187, 16);
    }

    function disputeBondBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 189, 16);
    }

    function claimBondBps(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 191, 16);
    }

    function maxRounds(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 193, 8);
    }

    function quorum(bytes calldata terms) internal pure returns (uint256) {
        return _at(terms, 194, 8);
    }

    /// @dev The Keccak of the validators.
    function validatorsHash(bytes calldata terms) internal pure returns (bytes32) {
        return terms.length == BRIEF ? bytes32(_at(terms, HEAD, 256)) : keccak256(terms[HEAD:]);
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

    /// @dev Whether the account is payer, requester, worker or arbiter. Without branches: funding asks it of everyone.
    function hasRole(bytes calldata terms, address account) internal pure returns (bool found) {
        assembly ("memory-safe") {
            let from := terms.offset
            let wanted := shl(96, account)
            // The low 96 bits of each difference are the next member's.
            found := or(
                or(
                    iszero(shr(96, xor(wanted, calldataload(from)))),
                    iszero(shr(96, xor(wanted, calldataload(add(from, 20)))))
                ),
                or(
                    iszero(shr(96, xor(wanted, calldataload(add(from, 40))))),
                    iszero(shr(96, xor(wanted, calldataload(add(from, 60)))))
                )
            )
        }
    }

    /// @dev The `bits` wide member that starts at byte `offset`.
    function _at(bytes calldata terms, uint256 offset, uint256 bits) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, bits), calldataload(add(terms.offset, offset)))
        }
    }
}

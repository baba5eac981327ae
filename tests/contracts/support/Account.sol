// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Gas} from "./Gas.sol";

/// @dev A contract that plays a part in a job and receives native coin in the way that it is set to.
contract Account {
    enum Mood {
        Kind,
        Reverts,
        BurnsGas,
        ReturnsMuch,
        Works,
        Reenters
    }

    Mood public mood;
    address private _target;
    bytes private _call;

    /// @dev What the last re-entry answered, and what the target's slot `watched` held at that time.
    bool public reentered;
    bytes public answer;

    function set(Mood next) external {
        mood = next;
    }

    /// @dev Calls `target` whenever money or a token's hook comes in.
    function reenter(address target, bytes calldata data) external {
        (mood, _target, _call) = (Mood.Reenters, target, data);
    }

    function act(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    /// @dev The hook of `HookedFeeToken`; once, or it would never end.
    function tokensToSend() external {
        if (mood != Mood.Reenters) return;
        mood = Mood.Kind;
        (reentered, answer) = _target.call(_call);
    }

    receive() external payable {
        if (mood == Mood.Reverts) revert("no, thank you");
        if (mood == Mood.BurnsGas) Gas.burnAll();
        if (mood == Mood.ReturnsMuch) {
            assembly ("memory-safe") {
                return(0, 100000)
            }
        }
        if (mood == Mood.Works) answer = hex"01"; // one new slot: about what a wallet's bookkeeping costs
        if (mood == Mood.Reenters) (reentered,) = _target.call(_call);
    }
}

/// @dev An account that signs as contracts do (ERC-1271): it says of a digest that it is its own.
contract Party is Account {
    mapping(bytes32 digest => bool) private _signed;

    function signs(bytes32 digest) external {
        _signed[digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return _signed[digest] ? bytes4(0x1626ba7e) : bytes4(0);
    }
}

/// @dev Writes down what it sees of a job while money comes in.
contract Witness {
    address private _escrow;
    bytes private _question;
    bytes32 public seen;

    function watch(address escrow, bytes calldata question) external {
        (_escrow, _question) = (escrow, question);
    }

    receive() external payable {
        (, bytes memory result) = _escrow.staticcall(_question);
        seen = keccak256(result);
    }
}

/// @dev A contract in a validator's place that calls every signature good.
contract YesMan {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }
}

/// @dev A registry that answers for everybody.
contract AdmitsAll {
    function admits(bytes32, uint256) external pure returns (bool) {
        return true;
    }
}

/// @dev A wallet that is a contract: what its owner's key signs is signed, unless it is set to answer otherwise.
contract SmartWallet {
    address private _owner;
    uint8 private _mood;
    address private _target;
    bytes private _call;

    constructor(address owner) {
        _owner = owner;
    }

    function own(address owner) external {
        (_owner, _mood, _target) = (owner, 0, address(0));
    }

    function forget() external {
        _owner = address(0);
    }

    /// @dev 1 another word, 2 half a word, 3 nothing, 4 two words, 5 a revert, 6 a revert with the word.
    function answerLike(uint8 mood) external {
        _mood = mood;
    }

    function reenter(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function act(address target, uint256 value, bytes calldata data) external payable {
        (bool success,) = target.call{value: value}(data);
        require(success, "the wallet's call");
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external returns (bytes32) {
        if (_mood == 1) return bytes32(bytes4(0xffffffff));
        if (_mood == 2) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 16)
            }
        }
        if (_mood == 3) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (_mood == 4) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                mstore(32, 0)
                return(0, 64)
            }
        }
        if (_mood == 5) revert("no");
        if (_mood == 6) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                revert(0, 32)
            }
        }
        if (_target != address(0)) {
            (bool success,) = _target.call(_call);
            require(success, "the call was not let through");
        }
        (bytes32 r, bytes32 s, uint8 v) = (bytes32(signature[:32]), bytes32(signature[32:64]), uint8(signature[64]));
        return ecrecover(digest, v, r, s) == _owner ? bytes32(bytes4(0x1626ba7e)) : bytes32(0);
    }

    receive() external payable {}
}

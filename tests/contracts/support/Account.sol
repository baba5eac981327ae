// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

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
            assembly {
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
        if (mood == Mood.BurnsGas) while (true) {}
        if (mood == Mood.ReturnsMuch) {
            assembly {
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

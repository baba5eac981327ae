// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {Gas} from "./Gas.sol";

/// @dev Moves by authorizations of keys alone, as the oldest of such tokens do.
contract KeysOnlyToken is ERC3009 {
    constructor(address holder, uint256 supply) ERC20("keys only", "KEYS") EIP712("keys only", "1") {
        _mint(holder, supply);
    }

    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}

/// @dev Burns a hundredth of each transfer.
contract FeeToken is ERC20 {
    constructor(address holder, uint256 supply) ERC20("fee", "FEE") {
        _mint(holder, supply);
    }

    function _update(address from, address to, uint256 value) internal virtual override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value / 100;
        super._update(from, to, value - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}

/// @dev A fee token that calls the sender first, as ERC-777 does: the sender may fund another job from inside.
contract HookedFeeToken is FeeToken {
    constructor(address holder, uint256 supply) FeeToken(holder, supply) {}

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        ISender(from).tokensToSend();
        return super.transferFrom(from, to, value);
    }
}

interface ISender {
    function tokensToSend() external;
}

/// @dev Moves what it is told to, and tells sender and receiver about it as ERC-777 does: of those who registered, the
/// sender hears before and the receiver after, and a receiver that reverts stops the transfer.
contract HookedToken is ERC20 {
    mapping(address => bool) private _listens;

    constructor(address holder, uint256 supply) ERC20("hooked", "HOOK") {
        _mint(holder, supply);
    }

    function register(address account) external {
        _listens[account] = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_listens[from]) ISender(from).tokensToSend();
        super._update(from, to, value);
        if (!_listens[to]) return;
        (bool taken,) = to.call("");
        require(taken, "not taken");
    }
}

/// @dev Balances change without a transfer.
contract RebasingToken is ERC20 {
    constructor(address holder, uint256 supply) ERC20("rebasing", "BASE") {
        _mint(holder, supply);
    }

    function rebase(address account, uint256 percent) external {
        uint256 held = balanceOf(account);
        uint256 next = held * percent / 100;
        if (next > held) _mint(account, next - held);
        else _burn(account, held - next);
    }
}

/// @dev Answers false to everything and moves nothing.
contract FalseToken {
    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }

    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }
}

/// @dev Moves money and returns nothing, as USDT does.
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(address holder, uint256 supply) {
        balanceOf[holder] = supply;
    }

    function approve(address spender, uint256 value) external {
        allowance[msg.sender][spender] = value;
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }
}

/// @dev Refuses transfers to whom it has listed, in the way that it is set to.
contract MoodyToken is ERC20 {
    enum Mood {
        Kind,
        Reverts,
        AnswersFalse,
        BurnsGas,
        ReturnsMuch
    }

    mapping(address => Mood) public moodFor;

    constructor(address holder, uint256 supply) ERC20("moody", "MOOD") {
        _mint(holder, supply);
    }

    function list(address account, Mood mood) external {
        moodFor[account] = mood;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        Mood mood = moodFor[to];
        if (mood == Mood.AnswersFalse) return false;
        if (mood == Mood.Reverts) revert("listed");
        if (mood == Mood.BurnsGas) Gas.burnAll();
        if (mood == Mood.ReturnsMuch) {
            assembly ("memory-safe") {
                revert(0, 100000)
            }
        }
        return super.transfer(to, value);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.34;

/// @dev A token of any number of decimals that, as USDT does, returns nothing and changes no allowance but from or to
/// zero. Its symbol is of the kind from before strings, or, set to zero, missing.
contract GuardedToken {
    error AllowanceStands(uint256 value);
    error NoSymbol();

    uint8 public immutable decimals;
    bytes32 private immutable _symbol;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(address holder, uint256 supply, uint8 decimals_, bytes32 symbol_) {
        balanceOf[holder] = supply;
        decimals = decimals_;
        _symbol = symbol_;
    }

    function symbol() external view returns (bytes32) {
        if (_symbol == 0) revert NoSymbol();
        return _symbol;
    }

    function approve(address spender, uint256 value) external {
        uint256 standing = allowance[msg.sender][spender];
        if (standing != 0 && value != 0) revert AllowanceStands(standing);
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

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title LocalUSD: PLAY MONEY FOR LOCAL CHAINS. NOT A STABLECOIN, BACKED BY NOTHING.
/// @notice A plain ERC-20 with 6 decimals, as the dollar tokens have, so that a local stack can lock and pay a token.
/// The whole supply goes to one holder when it is made; nobody can make more. Never deploy it where money is real.
contract LocalUSD is ERC20 {
    /// @param holder Receives the supply.
    /// @param supply Base units: 1,000,000 is one.
    constructor(address holder, uint256 supply) ERC20("Local play dollar", "lUSD") {
        _mint(holder, supply);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

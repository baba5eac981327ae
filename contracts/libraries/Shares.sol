// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Shares of a budget in basis points.
/// @dev Amounts are at most a budget, 128 bits, and shares at most all of it, which funding checks: nothing overflows.
library Shares {
    uint256 internal constant BPS = 10_000;

    /// @dev What is paid out of a budget.
    function floored(uint256 amount, uint256 bps) internal pure returns (uint128) {
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint128((amount * bps) / BPS);
        }
    }

    /// @dev What is asked as a bond: of the smallest budget still something.
    function ceiled(uint256 amount, uint256 bps) internal pure returns (uint128) {
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            return uint128((amount * bps + BPS - 1) / BPS);
        }
    }
}

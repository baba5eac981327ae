// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title What a batch pays, with neighbouring payments to one account in one role put together.
library Payments {
    enum Role {
        Worker,
        Fee,
        Payer
    }

    struct List {
        address[] accounts;
        uint256[] amounts;
        uint256 count;
        /// @dev Per role, 1 above the index of its newest payment; 0: none yet.
        uint256[3] newest;
    }

    function withRoomFor(uint256 most) internal pure returns (List memory list) {
        list.accounts = new address[](most);
        list.amounts = new uint256[](most);
    }

    function add(List memory list, Role role, address to, uint256 amount) internal pure {
        uint256 last = list.newest[uint256(role)];
        if (last != 0 && list.accounts[last - 1] == to) {
            list.amounts[last - 1] += amount;
            return;
        }
        list.accounts[list.count] = to;
        list.amounts[list.count] = amount;
        list.newest[uint256(role)] = ++list.count;
    }

    function at(List memory list, uint256 index) internal pure returns (address to, uint256 amount) {
        return (list.accounts[index], list.amounts[index]);
    }
}

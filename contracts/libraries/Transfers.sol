// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title Sends native coin or a token, and says whether that went through instead of reverting.
library Transfers {
    /// @dev True where the transfer went through: for a token, where it answered nothing or true. The receiver, or the
    /// token, gets at most `gasAllowance`, and no more than a word of its answer is read.
    function send(address token, address to, uint256 amount, uint256 gasAllowance) internal returns (bool) {
        if (token == address(0)) return SafeTransferLib.trySafeTransferETH(to, amount, gasAllowance);
        // What is left out is whether the answer was longer than the word that counts.
        // slither-disable-next-line unused-return
        (bool success,, bytes memory answer) =
            LibCall.tryCall(token, 0, gasAllowance, 32, abi.encodeCall(IERC20.transfer, (to, amount)));
        if (!success) return false;
        if (answer.length == 0) return token.code.length != 0;
        return answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}

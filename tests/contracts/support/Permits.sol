// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobTerms} from "../../../contracts/types/JobTerms.sol";

/// @dev What a payer signs to be funded for by somebody else, from the words of ERC-3009 and of Permit2.
library Permits {
    bytes private constant TERMS =
        "JobTerms(address payer,address requester,address worker,address arbiter,address token,address feeTo,address registry,uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy,uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps,uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators)";
    bytes private constant PERMISSIONS = "TokenPermissions(address token,uint256 amount)";

    /// @dev In the token's domain, until `validBefore`.
    function authorization(bytes32 domain, JobTerms memory t, address escrow, uint256 validBefore, bytes32 job)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 hash = keccak256(abi.encode(typehash, t.payer, escrow, t.budget, 0, validBefore, job));
        return keccak256(abi.encodePacked(hex"1901", domain, hash));
    }

    /// @dev In Permit2's domain, with the terms as the witness.
    function permit2(bytes32 domain, JobTerms memory t, address escrow, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes memory name =
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,JobTerms witness)";
        bytes32 permitted = keccak256(abi.encode(keccak256(PERMISSIONS), t.token, t.budget));
        bytes32 typehash = keccak256(bytes.concat(name, TERMS, PERMISSIONS));
        bytes32 hash = keccak256(abi.encode(typehash, permitted, escrow, nonce, deadline, _hash(t)));
        return keccak256(abi.encodePacked(hex"1901", domain, hash));
    }

    function _hash(JobTerms memory t) private pure returns (bytes32) {
        bytes memory a =
            abi.encode(keccak256(TERMS), t.payer, t.requester, t.worker, t.arbiter, t.token, t.feeTo, t.registry);
        bytes memory b = abi.encode(t.feeBps, t.budget, t.claimBy, t.deliverWindow, t.submitBy, t.verdictBy);
        bytes memory c = abi.encode(t.challengeWindow, t.rulingWindow, t.silenceBps, t.inconclusiveBps);
        bytes memory d = abi.encode(t.disputeBondBps, t.claimBondBps, t.maxRounds, t.quorum, t.specHash, t.salt);
        return keccak256(bytes.concat(a, b, c, d, keccak256(t.validators)));
    }
}

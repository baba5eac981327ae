// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId, Outcome, Status} from "../../../contracts/types/JobTypes.sol";

/// @dev Of `JobDigests`. Whoever imports the contract itself is compiled as it is, by way of the intermediate language
/// with the whole optimizer, in minutes; through this, tests compile in seconds.
interface IJobDigests {
    function domainSeparator() external view returns (bytes32);
    function jobIdOf(bytes calldata terms) external view returns (JobId);
    function verdictDigest(JobId, uint8 round, bytes32 resultHash, Outcome, uint128 workerAmount, bytes32 evidenceHash)
        external
        view
        returns (bytes32);
    function batchLeaf(JobId, uint8 round, bytes32 resultHash, Outcome, uint128 workerAmount, bytes32 evidenceHash)
        external
        pure
        returns (bytes32);
    function batchDigest(bytes32[] memory leaves) external view returns (bytes32);
    function cancelDigest(JobId, Status, uint8 round, uint40 clock, uint256 commit, uint40 expiry)
        external
        view
        returns (bytes32);
    function submissionDigest(JobId, uint40 clock, bytes32 resultHash, bytes32 multisetHash)
        external
        view
        returns (bytes32);
}

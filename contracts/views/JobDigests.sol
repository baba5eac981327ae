// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {MerkleRoot} from "../libraries/MerkleRoot.sol";
import {PackedTerms} from "../libraries/PackedTerms.sol";
import {TypedData} from "../libraries/TypedData.sol";
import {JobId, Outcome, Status} from "../types/JobTypes.sol";

/// @title What is signed about the jobs of one escrow, for wallets and contracts that would not compute it themselves.
/// @notice Holds nothing and asks nobody: the escrow has these digests inside, and is cheaper without them outside.
contract JobDigests {
    /// @notice The escrow whose domain this is.
    address public immutable ESCROW;

    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    constructor(address escrow) {
        // It holds no money and trusts nobody: for a wrong escrow it gives digests that nothing knows.
        // slither-disable-next-line missing-zero-check
        ESCROW = escrow;
    }

    /// @notice The EIP-712 domain separator of the escrow on this chain.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("ComputeEscrow"), keccak256("1"), block.chainid, ESCROW));
    }

    /// @notice The job of these terms, whole or in brief, whether they were funded or not.
    function jobIdOf(bytes calldata terms) external view returns (JobId) {
        PackedTerms.check(terms);
        return JobId.wrap(_digest(PackedTerms.structHash(terms)));
    }

    /// @notice What a validator signs; and, to be paid at once, payer and worker.
    function verdictDigest(
        JobId job,
        uint8 round,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        bytes32 evidenceHash
    ) external view returns (bytes32) {
        return _digest(TypedData.verdict(job, round, resultHash, outcome, workerAmount, evidenceHash));
    }

    /// @notice What a verdict is in a batch: a leaf of the root.
    function batchLeaf(
        JobId job,
        uint8 round,
        bytes32 resultHash,
        Outcome outcome,
        uint128 workerAmount,
        bytes32 evidenceHash
    ) external pure returns (bytes32) {
        return MerkleRoot.leaf(TypedData.verdict(job, round, resultHash, outcome, workerAmount, evidenceHash));
    }

    /// @notice What a validator signs for many verdicts at once, given their leaves in order.
    function batchDigest(bytes32[] memory leaves) external view returns (bytes32) {
        return _digest(TypedData.batchVerdict(MerkleRoot.root(leaves)));
    }

    /// @notice What payer and worker sign to call a job off.
    /// @param job The job; status, round, clock and commit are those of its slot, see `jobs`.
    function cancelDigest(JobId job, Status status, uint8 round, uint40 clock, uint256 commit, uint40 expiry)
        external
        view
        returns (bytes32)
    {
        return _digest(TypedData.cancel(job, status, round, clock, commit, expiry));
    }

    /// @notice What a worker signs for `submitFor`.
    /// @param clock That of the job's slot: when it was funded, or the last second of the claim.
    function submissionDigest(JobId job, uint40 clock, bytes32 resultHash, bytes32 multisetHash)
        external
        view
        returns (bytes32)
    {
        return _digest(TypedData.submission(job, clock, resultHash, multisetHash));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
    }
}

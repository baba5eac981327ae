// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId} from "../types/JobTypes.sol";
import {Member, Statement, Subject, ValidatorSet} from "../types/RegistryTypes.sol";
import {IValidatorRegistryErrors} from "./IValidatorRegistryErrors.sol";

/// @title Bonds of validators, and the sets that they form.
/// @notice A validator posts one bond and joins sets; a set is registered while everybody whom it names is in it, and
/// an escrow asks about it once, when a job is funded. Whoever shows two different verdicts of one validator on the
/// same result of the same round of the same job takes its bond: half is burnt, half is the reporter's. Nobody owns
/// the contract and nothing changes its parameters. A deadline is the last second of what it limits.
///
/// A set is named by the Keccak-256 of its validators as job terms have them: 1 to 16 packed 20-byte addresses,
/// strictly ascending.
///
/// Validators are keys. A contract may post a bond, but only ECDSA signatures are statements here, and only they
/// should count as verdicts where a registry is named: a contract could change its answer and never be slashed.
///
/// What a validator signs, in the EIP-712 domain (name "ComputeEscrow", version "1", the chain, the escrow):
/// `Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash)` alone,
/// or `BatchVerdict(bytes32 root)` for many. The root is the one of RFC 6962, section 2.1, with Keccak-256: each leaf
/// is keccak256(0x00 || struct hash of the `Verdict`), each node keccak256(0x01 || left || right); neighbours are
/// paired level by level in their order, nothing is sorted, and the last one of an odd level is carried up unchanged.
interface IValidatorRegistry is IValidatorRegistryErrors {
    // ------------------------------------------------------------------ events

    /// @notice A validator posted its bond.
    /// @param member Who.
    /// @param amount The bond.
    event Bonded(address indexed member, uint256 amount);

    /// @notice A validator agreed to be in a set.
    /// @param member Who.
    /// @param set The set.
    /// @param joined How many of those whom it names are in it now.
    /// @param size How many it names.
    event Joined(address indexed member, bytes32 indexed set, uint256 joined, uint256 size);

    /// @notice Everybody whom the set names is in it: jobs may name it.
    /// @param set The set.
    /// @param epoch The epoch that this began.
    /// @param validators The packed addresses.
    event SetRegistered(bytes32 indexed set, uint64 indexed epoch, bytes validators);

    /// @notice A validator is no longer in a set.
    /// @param member Who.
    /// @param set The set.
    event Left(address indexed member, bytes32 indexed set);

    /// @notice A registered set lost a validator: no job is admitted until it is back. Funded jobs do not change.
    /// @param set The set.
    /// @param epoch The epoch that this began.
    /// @param member Who left, asked to exit or was slashed.
    event SetSuspended(bytes32 indexed set, uint64 indexed epoch, address indexed member);

    /// @notice A validator stopped for good. It is in no set any more.
    /// @param member Who.
    /// @param exitsAt The last second in which its bond is held.
    event ExitRequested(address indexed member, uint40 exitsAt);

    /// @notice A validator took its bond back.
    /// @param member Who.
    /// @param to Who received it.
    /// @param amount The bond.
    event Exited(address indexed member, address indexed to, uint256 amount);

    /// @notice A validator lost its bond for two verdicts on one result.
    /// @param member Who.
    /// @param reporter Who showed it.
    /// @param job The job.
    /// @param escrow Whose job.
    /// @param round The round.
    /// @param resultHash The result.
    /// @param burnt What is nobody's any more.
    /// @param reward What the reporter may withdraw.
    event Slashed(
        address indexed member,
        address indexed reporter,
        JobId indexed job,
        address escrow,
        uint8 round,
        bytes32 resultHash,
        uint256 burnt,
        uint256 reward
    );

    /// @notice An account may `withdraw` this much more. For the burn address: the token refused the burn, and the
    /// amount stays here, where nobody can withdraw it.
    /// @param account Whose it is.
    /// @param amount How much.
    event Credited(address indexed account, uint256 amount);

    /// @notice A creditor took its credit.
    /// @param account Whose credit it was.
    /// @param to Who received it.
    /// @param amount How much.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    // ------------------------------------------------------------------ verbs

    /// @notice Posts the caller's bond. None -> Bonded.
    /// @dev A token must bring exactly the bond. Where `TOKEN` is zero the call carries the bond, else nothing.
    function deposit() external payable;

    /// @notice Agrees to be in a set. By a bonded validator that the set names. The last one to join registers it.
    /// @param validators The packed addresses.
    /// @return set The set.
    function join(bytes calldata validators) external returns (bytes32 set);

    /// @notice Leaves a set. By a validator that is in it. Its bond stays, and answers for what it signed.
    /// @param set The set.
    function leave(bytes32 set) external;

    /// @notice Leaves every set for good. Bonded -> Exiting. Cannot be taken back: after `exit` a new bond can be posted.
    function requestExit() external;

    /// @notice Returns the bond. Exiting -> None. By the validator, after the exit delay and `REPORT_TIME`.
    /// @param to Who receives it.
    function exit(address to) external;

    /// @notice Takes the bond of a validator that signed two different verdicts on one result. Bonded or Exiting ->
    /// Slashed. By anyone: the caller is credited half of the bond, rounded down, and the rest is burnt.
    /// @dev Different means: another outcome, worker amount or evidence hash. The domain is computed from `escrow` and
    /// the chain; the escrow is never called.
    /// @param subject Whom, and on what.
    /// @param one A statement.
    /// @param other Another one.
    function slash(Subject calldata subject, Statement calldata one, Statement calldata other) external;

    /// @notice Sends the caller's credit, all of it.
    /// @param to Who receives it.
    /// @return amount How much.
    function withdraw(address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ views

    /// @notice True where every validator of the set is bonded and in it, and none can have its bond back by `until`.
    /// @dev Reads one storage slot.
    /// @param set Keccak-256 of the packed addresses.
    /// @param until The last second in which a verdict of theirs can matter.
    function admits(bytes32 set, uint256 until) external view returns (bool);

    /// @notice What is kept of an account.
    function members(address account) external view returns (Member memory);

    /// @notice What is kept of a set.
    function sets(bytes32 set) external view returns (ValidatorSet memory);

    /// @notice The sets that the account is in, in no order.
    function setsOf(address account) external view returns (bytes32[] memory);

    /// @notice How many times a set was registered or suspended. Each time begins an epoch and takes the next number.
    function epoch() external view returns (uint64);

    /// @notice What `account` may withdraw.
    function credit(address account) external view returns (uint256);

    // solhint-disable func-name-mixedcase

    /// @notice The token of all bonds; address(0) is the chain's native coin.
    function TOKEN() external view returns (address);

    /// @notice The bond of each validator, in the token's base units.
    function BOND() external view returns (uint256);

    /// @notice Seconds ahead of now for which a bond is sure to be held: the longest life of a job that is admitted.
    function EXIT_DELAY() external view returns (uint256);

    /// @notice Seconds after the exit delay in which a bond is still held, so that a verdict of the last second can be
    /// reported.
    function REPORT_TIME() external view returns (uint256);
}

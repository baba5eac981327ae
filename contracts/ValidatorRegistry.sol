// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";
import {MerkleRoot} from "./libraries/MerkleRoot.sol";
import {Transfers} from "./libraries/Transfers.sol";
import {TypedData} from "./libraries/TypedData.sol";
import {Member, Standing, Statement, Subject, ValidatorSet} from "./types/RegistryTypes.sol";

/// @title ValidatorRegistry
/// @notice See `IValidatorRegistry`. Each verb reads: check, effect, event, transfer. After a call has left the
/// contract nothing is written but the credit for a burn that failed.
contract ValidatorRegistry is IValidatorRegistry {
    // ------------------------------------------------------------------ constants

    /// @dev As many as job terms may name.
    uint256 private constant MAX_VALIDATORS = 16;

    /// @dev Bounds the loop in which an exit or a slash takes a validator out of its sets.
    uint256 private constant MAX_SETS = 16;

    /// @dev A shorter delay admits next to no job, for a verdict may come two hours after the submission.
    uint256 private constant LEAST_EXIT_DELAY = 1 days;

    /// @dev A job's verdict may be a year away, and its windows two months: more only keeps bonds from their owners.
    uint256 private constant MOST_EXIT_DELAY = 730 days;

    /// @dev Nobody has its key; a token is not sent to the zero address, which many refuse.
    address private constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    /// @dev What a token may use to move a burnt balance.
    uint256 private constant BURN_GAS = 200_000;

    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME = keccak256("ComputeEscrow");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");

    /// @inheritdoc IValidatorRegistry
    uint256 public constant REPORT_TIME = 7 days;

    // ------------------------------------------------------------------ parameters

    /// @inheritdoc IValidatorRegistry
    address public immutable TOKEN;

    /// @inheritdoc IValidatorRegistry
    uint256 public immutable BOND;

    /// @inheritdoc IValidatorRegistry
    uint256 public immutable EXIT_DELAY;

    // ------------------------------------------------------------------ storage

    mapping(bytes32 set => ValidatorSet) private _sets;
    mapping(address account => Member) private _members;
    /// @dev The first `sets` of a member's are its sets; the rest is zero.
    // Written through storage pointers, in `join` and `leave`, which slither does not follow.
    // slither-disable-next-line uninitialized-state
    mapping(address account => bytes32[MAX_SETS]) private _setsOf;

    /// @inheritdoc IValidatorRegistry
    mapping(address account => uint256) public credit;

    /// @inheritdoc IValidatorRegistry
    uint64 public epoch;

    /// @dev True while a token is being pulled in.
    bool private transient _pulling;

    /// @param token The token of all bonds; address(0) is the chain's native coin.
    /// @param bond The bond of each validator, in base units.
    /// @param exitDelay Seconds: no job that outlives it is admitted.
    constructor(address token, uint256 bond, uint256 exitDelay) {
        if (token != address(0) && token.code.length == 0) revert ValidatorRegistry_NotToken(token);
        if (bond == 0 || bond > type(uint128).max) revert ValidatorRegistry_Bond(bond, 1, type(uint128).max);
        if (exitDelay < LEAST_EXIT_DELAY || exitDelay > MOST_EXIT_DELAY) {
            revert ValidatorRegistry_ExitDelay(exitDelay, LEAST_EXIT_DELAY, MOST_EXIT_DELAY);
        }
        (TOKEN, BOND, EXIT_DELAY) = (token, bond, exitDelay);
    }

    // ------------------------------------------------------------------ bonds

    /// @inheritdoc IValidatorRegistry
    function deposit() external payable {
        _expectStanding(msg.sender, Standing.None);

        _members[msg.sender].standing = Standing.Bonded;
        emit Bonded(msg.sender, BOND);

        _pull();
    }

    /// @inheritdoc IValidatorRegistry
    function requestExit() external {
        _expectStanding(msg.sender, Standing.Bonded);

        _leaveAll(msg.sender);
        // casting to 'uint40' is safe because 40 bits of seconds last for 34,000 years
        // forge-lint: disable-next-line(unsafe-typecast)
        uint40 exitsAt = uint40(block.timestamp + EXIT_DELAY + REPORT_TIME);
        _members[msg.sender] = Member(Standing.Exiting, exitsAt, 0);
        emit ExitRequested(msg.sender, exitsAt);
    }

    /// @inheritdoc IValidatorRegistry
    function exit(address to) external {
        _expectStanding(msg.sender, Standing.Exiting);
        uint256 exitsAt = _members[msg.sender].exitsAt;
        if (block.timestamp <= exitsAt) revert ValidatorRegistry_TooEarly(block.timestamp, exitsAt);
        _expectReceiver(to);

        delete _members[msg.sender];
        emit Exited(msg.sender, to, BOND);

        if (!Transfers.send(TOKEN, to, BOND, gasleft())) revert ValidatorRegistry_Withdrawal(to);
    }

    // ------------------------------------------------------------------ sets

    /// @inheritdoc IValidatorRegistry
    function join(bytes calldata validators) external returns (bytes32 set) {
        _expectStanding(msg.sender, Standing.Bonded);
        set = keccak256(validators);
        uint256 size = _checkSet(set, validators);
        Member storage member = _members[msg.sender];
        bytes32[MAX_SETS] storage joined = _setsOf[msg.sender];
        uint256 count = member.sets;
        if (_find(joined, count, set) != count) revert ValidatorRegistry_AlreadyJoined(msg.sender, set);
        if (count == MAX_SETS) revert ValidatorRegistry_TooManySets(msg.sender, MAX_SETS);

        joined[count] = set;
        ++member.sets;
        ValidatorSet storage found = _sets[set];
        // casting to 'uint8' is safe because a set has at most 16 validators
        // forge-lint: disable-next-line(unsafe-typecast)
        found.size = uint8(size);
        uint256 present = ++found.joined;
        emit Joined(msg.sender, set, present, size);
        if (present == size) {
            found.epoch = ++epoch;
            emit SetRegistered(set, found.epoch, validators);
        }
    }

    /// @inheritdoc IValidatorRegistry
    function leave(bytes32 set) external {
        Member storage member = _members[msg.sender];
        bytes32[MAX_SETS] storage joined = _setsOf[msg.sender];
        uint256 count = member.sets;
        uint256 place = _find(joined, count, set);
        if (place == count) revert ValidatorRegistry_NotJoined(msg.sender, set);

        joined[place] = joined[count - 1];
        delete joined[count - 1];
        --member.sets;
        _leave(msg.sender, set);
    }

    /// @inheritdoc IValidatorRegistry
    function admits(bytes32 set, uint256 until) external view returns (bool) {
        ValidatorSet storage found = _sets[set];
        uint256 size = found.size;
        unchecked {
            // the delay is at most two years: nothing overflows
            return size != 0 && found.joined == size && until <= block.timestamp + EXIT_DELAY;
        }
    }

    // ------------------------------------------------------------------ reports

    /// @inheritdoc IValidatorRegistry
    function slash(Subject calldata subject, Statement calldata one, Statement calldata other) external {
        address accused = subject.member;
        Standing standing = _members[accused].standing;
        if (standing != Standing.Bonded && standing != Standing.Exiting) {
            revert ValidatorRegistry_Standing(accused, standing);
        }
        if (
            one.outcome == other.outcome && one.workerAmount == other.workerAmount
                && one.evidenceHash == other.evidenceHash
        ) revert ValidatorRegistry_SameVerdict();
        _checkStatement(subject, one);
        _checkStatement(subject, other);

        _leaveAll(accused);
        _members[accused] = Member(Standing.Slashed, 0, 0);
        uint256 reward = BOND / 2;
        uint256 burnt = BOND - reward;
        emit Slashed(accused, msg.sender, subject.job, subject.escrow, subject.round, subject.resultHash, burnt, reward);
        _credit(msg.sender, reward);

        // What cannot be sent stays here, where nobody can withdraw it: whoever makes this fail gains nothing.
        if (!Transfers.send(TOKEN, BURN_ADDRESS, burnt, BURN_GAS)) _credit(BURN_ADDRESS, burnt);
    }

    /// @inheritdoc IValidatorRegistry
    function withdraw(address to) external returns (uint256 amount) {
        amount = credit[msg.sender];
        if (amount == 0) revert ValidatorRegistry_NoCredit(msg.sender);
        _expectReceiver(to);

        credit[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);

        if (!Transfers.send(TOKEN, to, amount, gasleft())) revert ValidatorRegistry_Withdrawal(to);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IValidatorRegistry
    function members(address account) external view returns (Member memory) {
        return _members[account];
    }

    /// @inheritdoc IValidatorRegistry
    function sets(bytes32 set) external view returns (ValidatorSet memory) {
        return _sets[set];
    }

    /// @inheritdoc IValidatorRegistry
    function setsOf(address account) external view returns (bytes32[] memory found) {
        found = new bytes32[](_members[account].sets);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _setsOf[account][i];
        }
    }

    // ------------------------------------------------------------------ steps

    /// @dev Takes the account out of each of its sets. The caller writes the member, whose list is empty then.
    function _leaveAll(address account) private {
        bytes32[MAX_SETS] storage joined = _setsOf[account];
        uint256 count = _members[account].sets;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 set = joined[i];
            delete joined[i];
            _leave(account, set);
        }
    }

    /// @dev A set that was whole is suspended.
    function _leave(address account, bytes32 set) private {
        ValidatorSet storage found = _sets[set];
        bool registered = found.joined == found.size;
        --found.joined;
        emit Left(account, set);
        if (registered) {
            found.epoch = ++epoch;
            emit SetSuspended(set, found.epoch, account);
        }
    }

    function _credit(address account, uint256 amount) private {
        if (amount == 0) return;
        credit[account] += amount;
        emit Credited(account, amount);
    }

    // ------------------------------------------------------------------ checks

    function _expectStanding(address account, Standing expected) private view {
        Standing standing = _members[account].standing;
        if (standing != expected) revert ValidatorRegistry_Standing(account, standing);
    }

    function _expectReceiver(address to) private view {
        if (to == address(0) || to == address(this)) revert ValidatorRegistry_Receiver(to);
    }

    /// @dev Reverts unless these are a set, and the caller is in it.
    function _checkSet(bytes32 set, bytes calldata validators) private view returns (uint256 size) {
        if (validators.length % 20 != 0) revert ValidatorRegistry_SetLength(validators.length);
        size = validators.length / 20;
        if (size == 0 || size > MAX_VALIDATORS) revert ValidatorRegistry_SetSize(size, MAX_VALIDATORS);
        bool named;
        address last;
        for (uint256 i = 0; i < size; ++i) {
            address validator = address(bytes20(validators[20 * i:20 * i + 20]));
            if (validator <= last) revert ValidatorRegistry_SetOrder(i);
            if (validator == msg.sender) named = true;
            last = validator;
        }
        if (!named) revert ValidatorRegistry_NotNamed(msg.sender, set);
    }

    /// @dev Where the set is in the list, `count` where it is not.
    function _find(bytes32[MAX_SETS] storage joined, uint256 count, bytes32 set) private view returns (uint256 place) {
        while (place < count && joined[place] != set) {
            ++place;
        }
    }

    /// @dev Reverts unless the accused signed this, alone or in a batch.
    function _checkStatement(Subject calldata subject, Statement calldata statement) private view {
        bytes32 signed = TypedData.verdict(
            subject.job,
            subject.round,
            subject.resultHash,
            statement.outcome,
            statement.workerAmount,
            statement.evidenceHash
        );
        if (statement.count != 0) {
            bytes32 leaf = MerkleRoot.leaf(signed);
            if (!MerkleRoot.verify(statement.root, leaf, statement.index, statement.count, statement.proof)) {
                revert ValidatorRegistry_NotInBatch(statement.root, leaf);
            }
            signed = TypedData.batchVerdict(statement.root);
        }
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", _domainOf(subject.escrow), signed));
        // What is wrong with a signature is not asked: one that recovers nobody is not the member's.
        // slither-disable-next-line unused-return
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, statement.signature);
        // A signature that is refused recovers the zero address, which is never bonded.
        if (signer != subject.member) revert ValidatorRegistry_Signature(subject.member, digest);
    }

    /// @dev The escrow is not asked: it could lie. Whatever stands at its address, the validator signed in this domain.
    function _domainOf(address escrow) private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, escrow));
    }

    // ------------------------------------------------------------------ money

    /// @dev Takes exactly the bond from the caller.
    function _pull() private {
        uint256 expected = TOKEN == address(0) ? BOND : 0;
        if (msg.value != expected) revert ValidatorRegistry_Value(msg.value, expected);
        if (TOKEN == address(0)) return;

        // A token with hooks could otherwise let a second bond in from inside this call, and what that one brings would
        // be counted for both. Money that leaves in between does no such harm: it is this bond that would miss it.
        if (_pulling) revert ValidatorRegistry_Reentered();
        _pulling = true;
        uint256 held = SafeTransferLib.balanceOf(TOKEN, address(this));
        if (!SafeTransferLib.trySafeTransferFrom(TOKEN, msg.sender, address(this), BOND)) {
            revert ValidatorRegistry_TransferFrom(TOKEN, msg.sender, BOND);
        }
        uint256 holds = SafeTransferLib.balanceOf(TOKEN, address(this));
        _pulling = false;
        uint256 received = holds > held ? holds - held : 0;
        if (received != BOND) revert ValidatorRegistry_Received(TOKEN, received, BOND);
    }
}

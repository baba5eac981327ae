// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IValidatorRegistry} from "../../../contracts/interfaces/IValidatorRegistry.sol";
import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {Disputer, JobId, Outcome, Proposal, Status} from "../../../contracts/types/JobTypes.sol";
import {Account, Party} from "./Account.sol";
import {Harness} from "./Harness.sol";
import {FalseToken, FeeToken, HookedToken, MoodyToken, RebasingToken, SilentToken} from "./Tokens.sol";
import {Vm} from "./Vm.sol";

/// @dev People, tokens and a registry around an escrow, and what must be true of them: the slot of each job to the bit,
/// and what everybody owns to the unit, counting what the escrow has credited. It knows the rules from the words of
/// `IJobEscrow` and computes with code of its own.
abstract contract Model is Harness {
    /// @dev A job as the model has it.
    struct Entry {
        JobTerms terms;
        JobId id;
        /// @dev The terms as they travel, whole and in brief.
        bytes whole;
        bytes inBrief;
        Status status;
        uint8 round;
        Disputer disputer;
        uint256 clock;
        uint256 commit;
        /// @dev Who works and what stands, as far as it goes.
        Proposal standing;
        uint256 claimBond;
        uint256 disputeBond;
        /// @dev The real slot after the last action.
        bytes32 seen;
        /// @dev Verdicts taken in this round, and whether silence spoke or the arbiter ruled.
        uint256 verdicts;
        bool silent;
        bool ruled;
        /// @dev How often it was settled, how often the budget went back, and where the budget went.
        uint256 settled;
        uint256 returned;
        uint256 workerPaid;
        uint256 payerPaid;
        uint256 feePaid;
        /// @dev Whether a validator has left its set since it was funded.
        bool rotated;
    }

    uint256 internal constant MOST_JOBS = 12;
    uint256 internal constant VALIDATOR_BOND = 1 ether;
    uint256 internal constant EXIT_DELAY = 120 days;
    address internal constant BURNT = 0x000000000000000000000000000000000000dEaD;

    uint256 internal immutable rivalKey = uint256(keccak256("rival"));
    address internal immutable rival = vm.addr(rivalKey);
    /// @dev Contracts: one pays, one works, one takes fees, each in the mood of the moment.
    Party internal immutable patron = new Party();
    Party internal immutable smith = new Party();
    Party internal immutable collector = new Party();

    MoodyToken internal moody;
    HookedToken internal hooked;
    RebasingToken internal rebasing;
    FeeToken internal feeToken;
    FalseToken internal liar;
    IValidatorRegistry internal registry;

    /// @dev Every token in which jobs are funded, and everybody who may own some.
    address[] internal _tokens;
    address[] internal _people;

    Entry[] internal _entries;
    /// @dev The job that the last action was about.
    uint256 public last;
    uint256 internal _actions;
    mapping(uint256 job => uint256 action) private _touchedIn;

    /// @dev What everybody must own; budgets and bonds of live jobs; what came to the escrow without a job.
    mapping(address token => mapping(address account => uint256)) internal _wealth;
    mapping(address token => uint256) internal _live;
    mapping(address token => uint256) internal _forced;
    address[2][] private _stirred;

    /// @dev How often a job changed that no action was about, a job went back, and one account got two roles.
    uint256 public bystandersChanged;
    uint256 public wentBack;
    uint256 public sharedRoles;
    /// @dev Writes after a call that were not of a credit.
    uint256 public strayWrites;
    /// @dev How often each action went through, for the run to say that it did something.
    mapping(bytes32 => uint256) public done;

    bool private immutable _watching;
    mapping(bytes32 slot => bool) private _isCredit;

    /// @param watching Whether to record what each call writes, which is slow.
    constructor(bool watching) {
        _watching = watching;
        setUp();
        moody = new MoodyToken(payer, 1e38);
        hooked = new HookedToken(payer, 1e38);
        rebasing = new RebasingToken(payer, 1e38);
        feeToken = new FeeToken(payer, 1e38);
        liar = new FalseToken();
        address silent = address(new SilentToken(payer, 1e38));
        installPermit2();
        _tokens =
            [NATIVE, address(dollar), address(moody), silent, address(hooked), address(rebasing), address(feeToken)];
        _people = [payer, address(patron), worker, address(smith), rival, feeTo, address(collector), anyone, BURNT];
        _enrichAll();
        hooked.register(address(patron));
        hooked.register(address(smith));
        hooked.register(address(collector));
        smith.set(Account.Mood.BurnsGas);
        collector.set(Account.Mood.Reverts);
        moody.list(feeTo, MoodyToken.Mood.AnswersFalse);
        moody.list(worker, MoodyToken.Mood.BurnsGas);
        _registerValidators();
        for (uint256 i = 0; i < _tokens.length; ++i) {
            for (uint256 j = 0; j < _people.length; ++j) {
                _wealth[_tokens[i]][_people[j]] = balance(_tokens[i], _people[j]);
                _isCredit[keccak256(abi.encode(_people[j], keccak256(abi.encode(_tokens[i], uint256(0)))))] = true;
            }
        }
    }

    /// @dev Around whatever a run does.
    modifier step() {
        ++_actions;
        _;
        _compare();
    }

    /// @dev Around what a run does to the job at `index`.
    modifier about(uint256 index) {
        if (_entries.length == 0) return;
        ++_actions;
        last = index;
        _touch(index);
        _;
        _compare();
    }

    // ------------------------------------------------------------------ chance

    /// @dev A die. Raw arguments of a fuzzer are far from even.
    function _roll(uint256 seed, uint256 place, uint256 sides) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, place))) % sides;
    }

    /// @dev Seven times of eight a job that fits, if there is one, else any. Often the one of the last action: what
    /// happens late in a job's life is not reached otherwise.
    function _pick(uint256 seed, function(Entry storage) view returns (bool) fits)
        internal
        view
        returns (uint256 first)
    {
        uint256 count = _entries.length;
        if (count == 0) return 0;
        first = _roll(seed, 1000, count);
        if (_roll(seed, 1001, 8) == 0) return first;
        if (_roll(seed, 1003, 3) != 0 && fits(_entries[last])) return last;
        for (uint256 i = 0; i < count; ++i) {
            if (fits(_entries[(first + i) % count])) return (first + i) % count;
        }
    }

    /// @dev The terms whole or in brief, for the verbs that take both.
    function _eitherForm(Entry storage entry, uint256 seed) internal view returns (bytes memory) {
        return _roll(seed, 1002, 2) == 0 ? entry.whole : entry.inBrief;
    }

    // ------------------------------------------------------------------ calls

    /// @dev Calls the escrow. What must go through fails the run if it does not; what must be refused fails it if it is
    /// not, or is for no reason that has a name.
    function _call(address by, uint256 value, bytes memory data, bool goes) internal {
        (bool success, bytes memory answer) = _try(by, value, data);
        if (goes && !success) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        vm.assertTrue(success == goes, "let through what is to be refused");
        if (!success) {
            vm.assertTrue(answer.length >= 4 && bytes4(answer) != 0x4e487b71, "refused, but not by name");
        }
    }

    /// @dev A call that brings money in. Where the token asks the one who pays first, and it makes money leave from
    /// inside, its own call may miss it.
    function _pulls(address by, address token, uint256 value, bytes memory data) internal returns (bool) {
        bool hostile = token == address(hooked) && _isParty(by) && Party(payable(by)).mood() == Account.Mood.Reenters;
        if (!hostile) {
            _call(by, value, data, true);
            return true;
        }
        ++done["pulled from who re-enters"];
        (bool success,) = _try(by, value, data);
        return success;
    }

    function _try(address by, uint256 value, bytes memory data) internal returns (bool success, bytes memory answer) {
        if (_watching) vm.startStateDiffRecording();
        vm.prank(by);
        (success, answer) = address(escrow).call{value: value}(data);
        if (_watching) _countWrites(vm.stopAndReturnStateDiff());
    }

    /// @dev What frames of the escrow wrote after they had called somebody who could call back.
    function _countWrites(Vm.AccountAccess[] memory steps) private {
        bool[] memory called = new bool[](64);
        for (uint256 i = 0; i < steps.length; ++i) {
            Vm.AccountAccess memory at = steps[i];
            // 0: a call, 3: one that cannot write, 4: a creation; from 6 on what follows a call that came back.
            if (at.kind < 6) {
                called[at.depth] = false;
                bool leaves = at.accessor == address(escrow) && at.account != address(escrow);
                if (leaves && at.kind != 3 && uint160(at.account) > 0xff) called[at.depth - 1] = true;
            }
            if (at.account != address(escrow) || !called[at.depth]) continue;
            for (uint256 j = 0; j < at.storageAccesses.length; ++j) {
                Vm.StorageAccess memory access = at.storageAccesses[j];
                if (!access.isWrite || access.account != address(escrow)) continue;
                if (_isCredit[access.slot]) ++done["credit written after a call"];
                else ++strayWrites;
            }
        }
    }

    // ------------------------------------------------------------------ keys

    /// @dev The account's signature, as the escrow takes it: of a key, or of a contract.
    function _signatureOf(address account, bytes32 digest) internal returns (bytes memory) {
        if (account == payer) return sign(payerKey, digest);
        if (account == worker) return sign(workerKey, digest);
        if (account == rival) return sign(rivalKey, digest);
        Party(payable(account)).signs(digest);
        return contractSignature("");
    }

    function _isParty(address account) internal view returns (bool) {
        return account == address(patron) || account == address(smith) || account == address(collector);
    }

    // ------------------------------------------------------------------ the ledger

    function _touch(uint256 index) internal {
        _touchedIn[index] = _actions;
    }

    function _gain(address token, address account, uint256 amount) internal {
        if (amount == 0) return;
        _wealth[token][account] += amount;
        _stirred.push([token, account]);
    }

    function _spend(address token, address account, uint256 amount) internal {
        _wealth[token][account] -= amount;
        _stirred.push([token, account]);
    }

    function _fund(JobTerms memory terms, JobId id) internal {
        last = _entries.length;
        Entry storage entry = _entries.push();
        entry.terms = terms;
        entry.id = id;
        entry.whole = pack(terms);
        entry.inBrief = brief(terms);
        (entry.status, entry.clock) = (Status.Funded, block.timestamp);
        entry.standing.worker = terms.worker;
        _spend(terms.token, terms.payer, terms.budget);
        _live[terms.token] += terms.budget;
        _touch(last);
    }

    function _move(Entry storage entry, Status to, uint256 clock) internal {
        (entry.status, entry.clock) = (to, clock);
        Proposal memory standing = entry.standing;
        if (to == Status.Refunded || to == Status.Disputed) return;
        bytes memory preimage = abi.encode(standing);
        if (to == Status.Claimed || to == Status.Submitted) {
            preimage = abi.encode(standing.worker, standing.resultHash);
        }
        entry.commit = uint256(keccak256(preimage)) & (2 ** 206 - 1);
    }

    /// @dev What stands is paid, with the bond of a claim. The one of a dispute was dealt with before.
    function _settle(uint256 index, uint256 fee) internal {
        Entry storage entry = _entries[index];
        Proposal memory standing = entry.standing;
        bool lost =
            standing.outcome == Outcome.Reject || (standing.outcome == Outcome.Ruling && standing.workerAmount == 0);
        _returnClaimBond(entry, lost ? entry.terms.payer : standing.worker);
        _payBudget(entry, standing.workerAmount, fee);
        _move(entry, Status.Settled, 0);
        ++entry.settled;
        if (entry.rotated && standing.signers != 0) ++done["settled after a rotation"];
        if (lost && entry.terms.worker == address(0)) ++done["claim's bond lost"];
        _touch(index);
    }

    function _return(uint256 index) internal {
        _payBudget(_entries[index], 0, 0);
        _move(_entries[index], Status.Refunded, 0);
        ++_entries[index].returned;
        _touch(index);
    }

    function _payBudget(Entry storage entry, uint256 toWorker, uint256 fee) private {
        address token = entry.terms.token;
        uint256 budget = entry.terms.budget;
        (entry.workerPaid, entry.feePaid, entry.payerPaid) = (toWorker, fee, budget - toWorker - fee);
        _gain(token, entry.standing.worker, toWorker);
        _gain(token, entry.terms.feeTo, fee);
        _gain(token, entry.terms.payer, budget - toWorker - fee);
        _live[token] -= budget;
    }

    function _returnClaimBond(Entry storage entry, address to) internal {
        _gain(entry.terms.token, to, entry.claimBond);
        _live[entry.terms.token] -= entry.claimBond;
        entry.claimBond = 0;
    }

    /// @dev Won, or never ruled on: back. Lost: half of it, rounded down, to the other party, and the rest burnt.
    function _returnDisputeBond(Entry storage entry, bool won) internal {
        address token = entry.terms.token;
        (address own, address other) = (entry.terms.payer, entry.standing.worker);
        if (entry.disputer == Disputer.Worker) (own, other) = (other, own);
        uint256 bond = entry.disputeBond;
        if (won) {
            _gain(token, own, bond);
        } else {
            _gain(token, other, bond / 2);
            _gain(token, BURNT, bond - bond / 2);
        }
        _live[token] -= bond;
        entry.disputeBond = 0;
    }

    function _feeOf(Entry storage entry) internal view returns (uint256) {
        return uint256(entry.terms.budget) * entry.terms.feeBps / 10_000;
    }

    // ------------------------------------------------------------------ comparing

    /// @dev What a hostile account did from inside a payment: see `MoneyHandler`.
    function _reconcile() internal virtual;

    /// @dev After each action: no job changed but those that it touched, and they as the model says; and whose money
    /// moved owns what the model says.
    function _compare() private {
        _reconcile();
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            bytes32 real = vm.load(address(escrow), JobId.unwrap(entry.id));
            bool touched = _touchedIn[i] == _actions;
            if (real != entry.seen && !touched) ++bystandersChanged;
            if (!_mayFollow(entry, uint256(entry.seen), uint256(real))) ++wentBack;
            if (touched) vm.assertEq(real, bytes32(_slotOf(entry)), "the job's slot");
            entry.seen = real;
        }
        for (; _stirred.length != 0; _stirred.pop()) {
            address[2] memory pair = _stirred[_stirred.length - 1];
            _compareWealth(pair[0], pair[1]);
        }
    }

    function _compareWealth(address token, address account) internal view {
        uint256 owned = balance(token, account) + escrow.credit(token, account);
        vm.assertEq(owned, _wealth[token][account], "what an account owns");
    }

    /// @dev Status 4 bits, round 4, disputer 2, clock 40, commit 206.
    function _slotOf(Entry storage entry) private view returns (uint256) {
        uint256 low = uint256(entry.status) | uint256(entry.round) << 4 | uint256(entry.disputer) << 8;
        return low | entry.clock << 10 | entry.commit << 50;
    }

    /// @dev Forward, but for the two named returns: a top-up, bounded by the rounds, and a claim for one that lapsed,
    /// bounded by `claimBy`.
    function _mayFollow(Entry storage entry, uint256 from, uint256 to) private view returns (bool) {
        if (from == to) return true;
        (uint256 was, uint256 becomes) = (from & 0xf, to & 0xf);
        uint256 rounds = (to >> 4) & 0xf;
        if (was >= uint256(Status.Settled)) return false;
        if (was == uint256(Status.Proposed) && becomes == uint256(Status.Submitted)) {
            return rounds == ((from >> 4) & 0xf) + 1 && rounds < entry.terms.maxRounds;
        }
        if (rounds != (from >> 4) & 0xf) return false;
        if (was == uint256(Status.Claimed) && becomes == was) {
            return (from >> 10) & (2 ** 40 - 1) < block.timestamp && block.timestamp <= entry.terms.claimBy;
        }
        return becomes > was;
    }

    // ------------------------------------------------------------------ the world

    function _enrichAll() private {
        address[9] memory coined =
            [payer, address(patron), worker, address(smith), rival, anyone, requester, arbiter, vm.addr(keys[0])];
        for (uint256 i = 0; i < coined.length; ++i) {
            vm.deal(coined[i], 1e36);
        }
        for (uint256 i = 1; i < _tokens.length; ++i) {
            for (uint256 j = 0; j < 5; ++j) {
                if (j != 0) {
                    _asOf(payer, _tokens[i], abi.encodeCall(IERC20.transfer, (coined[j], i == 1 ? 1e22 : 1e35)));
                }
                _asOf(coined[j], _tokens[i], abi.encodeCall(IERC20.approve, (address(escrow), type(uint256).max)));
            }
            _asOf(payer, _tokens[i], abi.encodeCall(IERC20.approve, (PERMIT2, type(uint256).max)));
        }
    }

    /// @dev Some of the tokens answer nothing, so that they are not called through `IERC20`.
    function _asOf(address by, address token, bytes memory data) internal {
        vm.prank(by);
        (bool success,) = token.call(data);
        vm.assertTrue(success, "a token");
    }

    function _registerValidators() private {
        registry = IValidatorRegistry(
            vm.deployCode("ValidatorRegistry.sol:ValidatorRegistry", abi.encode(NATIVE, VALIDATOR_BOND, EXIT_DELAY))
        );
        for (uint256 i = 0; i < keys.length; ++i) {
            vm.deal(vm.addr(keys[i]), 1e36);
            vm.prank(vm.addr(keys[i]));
            registry.deposit{value: VALIDATOR_BOND}();
            vm.prank(vm.addr(keys[i]));
            registry.join(packed(keys));
        }
    }
}

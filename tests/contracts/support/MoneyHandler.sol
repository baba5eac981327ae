// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {JobId, Outcome, Proposal, SignedVerdict, Status} from "../../../contracts/types/JobTypes.sol";
import {Account, Party} from "./Account.sol";
import {Permits} from "./Permits.sol";
import {RandomTerms} from "./RandomTerms.sol";
import {MoodyToken} from "./Tokens.sol";
import {VerdictHandler} from "./VerdictHandler.sol";

/// @dev How money comes in and goes back, and what the world does meanwhile: hostile accounts and tokens, validators that
/// leave, time.
abstract contract MoneyHandler is RandomTerms, VerdictHandler {
    enum Scheme {
        None,
        Withdraw,
        Refund,
        Silence,
        Finalize,
        Fund
    }

    /// @dev What a hostile account does when money, or a token's hook, comes in.
    Scheme private _scheme;
    uint256 private _schemedJob;
    JobTerms private _schemedTerms;

    uint256 public rotationsThatChanged;
    /// @dev Per validator 0: in its set, 1: it left, 2: it exits for good.
    mapping(uint256 validator => uint256) internal _gone;

    // ------------------------------------------------------------------ in

    function fundJob(uint256 seed, uint128 budget) external step {
        uint256 kind = _roll(seed, 50, 24);
        if (_entries.length >= MOST_JOBS || kind == 0) return _fundAgain(seed);
        JobTerms memory terms = _terms(seed, budget);
        if (patron.mood() == Account.Mood.Reenters && _roll(seed, 57, 2) == 0) {
            (terms.payer, terms.requester, terms.token) = (address(patron), requester, address(hooked));
        }
        if (kind == 1) return _refuseSharedRole(terms, seed);
        if (kind == 2) _spoil(terms, seed);
        if (kind == 3) return _refuseMoney(terms, seed);
        bool good = kind != 2 && (terms.registry == address(0) || _admitted(terms));
        if (good && terms.payer == payer && terms.token != NATIVE && _roll(seed, 51, 3) != 0) {
            return _fundBySignature(terms, seed);
        }
        _fundByPayer(terms, good);
    }

    /// @dev Another job like the last one, for a worker who is named, so that both may be in one batch.
    function fundTwin(uint256 seed) external step {
        if (_entries.length == 0 || _entries.length >= MOST_JOBS) return;
        JobTerms memory terms = _entries[last].terms;
        if (_entries[last].standing.worker == address(0)) return;
        (terms.worker, terms.claimBy, terms.deliverWindow, terms.claimBondBps) =
        (_entries[last].standing.worker, 0, 0, 0);
        (terms.submitBy, terms.verdictBy) = (uint40(block.timestamp + 1 hours), uint40(block.timestamp + 1 days));
        // The same seed may come twice; no two jobs may be one.
        (terms.registry, terms.salt) = (address(0), _roll(seed, 58, type(uint128).max) + _entries.length);
        _fundByPayer(terms, true);
    }

    function _fundByPayer(JobTerms memory terms, bool good) private {
        uint256 value = terms.token == NATIVE ? terms.budget : 0;
        bytes memory data = abi.encodeCall(IJobEscrow.fund, (pack(terms)));
        if (good && !_pulls(terms.payer, terms.token, value, data)) return;
        if (!good) {
            ++done["fund refused"];
            return _call(terms.payer, value, data, false);
        }
        _fund(terms, idOf(terms));
        ++done["fund"];
    }

    function _fundBySignature(JobTerms memory terms, uint256 seed) private {
        bytes memory data;
        bool authorized = terms.token == address(dollar) && _roll(seed, 52, 4) != 0;
        bool forged = _roll(seed, 53, 6) == 0;
        uint256 until = block.timestamp + 1;
        bytes32 job = JobId.unwrap(idOf(terms));
        uint256 key = forged ? workerKey : payerKey;
        if (authorized) {
            bytes32 domain = IDomain(address(dollar)).DOMAIN_SEPARATOR();
            bytes memory signed = sign(key, Permits.authorization(domain, terms, address(escrow), until, job));
            data = abi.encodeCall(IJobEscrow.fundWithAuthorization, (pack(terms), 0, until, signed));
        } else {
            bytes32 domain = IDomain(PERMIT2).DOMAIN_SEPARATOR();
            bytes memory signed = sign(key, Permits.permit2(domain, terms, address(escrow), uint256(job), until));
            data = abi.encodeCall(IJobEscrow.fundWithPermit2, (pack(terms), uint256(job), until, signed));
        }
        _call(anyone, 0, data, !forged);
        if (forged) return;
        _fund(terms, JobId.wrap(job));
        ++done[authorized ? bytes32("fund by authorization") : bytes32("fund by permit2")];
    }

    /// @dev A job is funded once.
    function _fundAgain(uint256 seed) private {
        if (_entries.length == 0) return;
        JobTerms memory terms = _entries[_roll(seed, 54, _entries.length)].terms;
        _call(
            terms.payer, terms.token == NATIVE ? terms.budget : 0, abi.encodeCall(IJobEscrow.fund, (pack(terms))), false
        );
    }

    function _refuseSharedRole(JobTerms memory terms, uint256 seed) private {
        _shareRole(terms, seed);
        bytes memory data = abi.encodeCall(IJobEscrow.fund, (pack(terms)));
        (bool success, bytes memory answer) = _try(terms.payer, terms.token == NATIVE ? terms.budget : 0, data);
        if (success || bytes4(answer) != JobEscrow_SharedRole.selector) ++sharedRoles;
        else ++done["shared role refused"];
    }

    /// @dev Good terms, and somebody else's money, too much of it, a token that takes some, or a list in brief.
    function _refuseMoney(JobTerms memory terms, uint256 seed) private {
        uint256 kind = _roll(seed, 55, 4);
        address by = kind == 0 ? anyone : terms.payer;
        if (kind == 1) (terms.token, terms.budget) = (address(feeToken), uint128(100 + _roll(seed, 56, 1e20)));
        uint256 value = terms.token == NATIVE ? terms.budget : 0;
        if (kind == 2) ++value;
        bytes memory data = abi.encodeCall(IJobEscrow.fund, (kind == 3 ? brief(terms) : pack(terms)));
        _call(by, value, data, false);
        ++done["fund refused"];
    }

    function claimJob(uint256 seed) external about(_pick(seed, _claimable)) {
        Entry storage entry = _entries[last];
        address by = [worker, address(smith), rival][_roll(seed, 60, 3)];
        bool good = _roll(seed, 61, 6) != 0;
        if (!good) by = _inAnotherRole(entry, _roll(seed, 62, 4));
        bool whole = _roll(seed, 63, 12) != 0;
        _claim(entry, by, whole ? entry.whole : entry.inBrief, whole && good && _claimable(entry));
        if (!good && _claimable(entry)) ++done["claim by shared role refused"];
    }

    function _inAnotherRole(Entry storage entry, uint256 kind) private view returns (address) {
        if (kind == 0) return entry.terms.payer;
        if (kind == 1) return entry.terms.requester;
        if (kind == 2 && entry.terms.arbiter != address(0)) return arbiter;
        return vm.addr(keys[kind]);
    }

    function _claim(Entry storage entry, address by, bytes memory terms, bool goes) private {
        address token = entry.terms.token;
        uint256 bond = claimBond(entry.terms);
        bytes memory data = abi.encodeCall(IJobEscrow.claim, (terms));
        if (!goes) return _call(by, token == NATIVE ? bond : 0, data, false);
        if (!_pulls(by, token, token == NATIVE ? bond : 0, data)) return;
        bool again = entry.status == Status.Claimed;
        if (again) _returnClaimBond(entry, entry.terms.payer);
        _spend(token, by, bond);
        _live[token] += bond;
        entry.claimBond = bond;
        entry.standing = Proposal(by, 0, Outcome.None, 0, 0);
        _move(entry, Status.Claimed, block.timestamp + entry.terms.deliverWindow);
        ++done[again ? bytes32("claim of a lapsed claim") : bytes32("claim")];
    }

    // ------------------------------------------------------------------ back

    function refundJob(uint256 seed) external about(_pick(seed, _refundable)) {
        Entry storage entry = _entries[last];
        bool goes = _refundable(entry);
        _call(anyone, 0, abi.encodeCall(IJobEscrow.refund, (_eitherForm(entry, seed))), goes);
        if (goes) _refund(last);
    }

    function _refund(uint256 index) private {
        Entry storage entry = _entries[index];
        ++done[entry.status == Status.Claimed ? bytes32("refund of a lapsed claim") : bytes32("refund")];
        _returnClaimBond(entry, entry.terms.payer);
        _return(index);
    }

    /// @dev Terms that nobody funded: nothing comes of any verb, whoever calls it and whatever was signed.
    function touchUnfunded(uint256 seed) external step {
        if (_entries.length == 0) return;
        uint256 index = _roll(seed, 70, _entries.length);
        JobTerms memory terms = _entries[index].terms;
        if (_roll(seed, 71, 2) == 0) terms.salt = ~terms.salt;
        else terms.payer = rival;
        Proposal memory standing = _entries[index].standing;
        if (standing.worker == address(0)) standing.worker = worker;
        bytes memory packed = pack(terms);
        uint256 kind = _roll(seed, 72, 9);
        if (kind == 0) _call(terms.payer, 0, abi.encodeCall(IJobEscrow.refund, (packed)), false);
        if (kind == 1) _call(anyone, 0, abi.encodeCall(IJobEscrow.finalize, (packed, standing)), false);
        if (kind == 2) {
            bytes memory data = abi.encodeCall(IJobEscrow.settleSilence, (packed, standing.worker, standing.resultHash));
            _call(anyone, 0, data, false);
        }
        if (kind == 3) {
            bytes memory data = abi.encodeCall(IJobEscrow.cancel, (packed, standing, uint40(block.timestamp), ""));
            _call(terms.payer, 0, data, false);
        }
        if (kind == 4) _call(standing.worker, 0, abi.encodeCall(IJobEscrow.submit, (packed, RESULT, MULTISET)), false);
        if (kind == 5) _call(rival, 0, abi.encodeCall(IJobEscrow.claim, (packed)), false);
        if (kind == 6) {
            SignedVerdict memory found = accept(terms.budget);
            (found.claimer, found.signers) = (standing.worker, 0x1f);
            bytes memory signatures = attest(terms, found);
            _call(anyone, 0, abi.encodeCall(IJobEscrow.propose, (packed, found, signatures)), false);
        }
        if (kind == 7) {
            _call(arbiter, 0, abi.encodeCall(IJobEscrow.rule, (packed, terms.budget, true, standing)), false);
        }
        if (kind == 8) _call(terms.payer, 0, abi.encodeCall(IJobEscrow.dispute, (packed, standing)), false);
        vm.assertEq(vm.load(address(escrow), JobId.unwrap(idOf(terms))), 0, "an unfunded job's slot");
        ++done["unfunded refused"];
    }

    function withdrawCredit(uint256 seed) external step {
        (address token, address account, uint256 owed) = _someCredit(_roll(seed, 80, _tokens.length * _people.length));
        // Nobody else's credit, and none twice.
        if (owed == 0) account = requester;
        bool goes = owed != 0 && (token != address(rebasing) || balance(token, address(escrow)) >= owed);
        _call(account, 0, abi.encodeCall(IJobEscrow.withdraw, (token, anyone)), goes);
        if (!goes) return;
        _spend(token, account, owed);
        _gain(token, anyone, owed);
        ++done["withdraw"];
    }

    /// @dev The first credit from a place on; of nobody whose key nobody has.
    function _someCredit(uint256 start) private view returns (address token, address account, uint256 owed) {
        uint256 places = _tokens.length * _people.length;
        for (uint256 i = 0; i < places && owed == 0; ++i) {
            uint256 place = (start + i) % places;
            (token, account) = (_tokens[place / _people.length], _people[place % _people.length]);
            if (account != BURNT) owed = escrow.credit(token, account);
        }
    }

    // ------------------------------------------------------------------ the world

    function changeMoods(uint256 seed) external step {
        Party party = _party(seed);
        party.set(_roll(seed, 91, 3) == 0 ? Account.Mood.Kind : Account.Mood(_roll(seed, 92, 5)));
        address listed = _people[_roll(seed, 93, _people.length)];
        // `anyone` takes the withdrawals.
        if (listed != anyone) moody.list(listed, MoodyToken.Mood(_roll(seed, 94, 6) % 5));
    }

    /// @dev Lets an account call the escrow back, once per payment, from where the money comes in or is taken.
    function schemeReentry(uint256 seed) external step {
        if (_entries.length == 0) return;
        // One at a time.
        for (uint256 i = 0; i < 3; ++i) {
            if (_partyAt(i).mood() == Account.Mood.Reenters) _partyAt(i).set(Account.Mood.Kind);
        }
        Party party = _party(seed);
        _scheme = Scheme(1 + _roll(seed, 100, 5));
        bytes memory data;
        if (_scheme == Scheme.Withdraw) {
            data = abi.encodeCall(IJobEscrow.withdraw, (_tokens[_roll(seed, 101, 5)], address(party)));
        }
        if (_scheme == Scheme.Refund) {
            _schemedJob = _pick(seed, _refundable);
            data = abi.encodeCall(IJobEscrow.refund, (_entries[_schemedJob].inBrief));
        }
        if (_scheme == Scheme.Silence) {
            _schemedJob = _pick(seed, _silenced);
            Entry storage entry = _entries[_schemedJob];
            Proposal memory standing = entry.standing;
            data = abi.encodeCall(IJobEscrow.settleSilence, (entry.inBrief, standing.worker, standing.resultHash));
        }
        if (_scheme == Scheme.Finalize) {
            _schemedJob = _pick(seed, _finalizable);
            Entry storage entry = _entries[_schemedJob];
            data = abi.encodeCall(IJobEscrow.finalize, (entry.inBrief, entry.standing));
        }
        if (_scheme == Scheme.Fund) {
            party = patron;
            JobTerms memory terms = _terms(seed, seed);
            (terms.payer, terms.requester) = (address(patron), requester);
            (terms.token, terms.budget) = (_roll(seed, 102, 2) == 0 ? address(hooked) : _tokens[3], 77);
            terms.registry = address(0);
            _schemedTerms = terms;
            data = abi.encodeCall(IJobEscrow.fund, (pack(terms)));
        }
        party.reenter(address(escrow), data);
    }

    /// @dev A scheme that worked is as if somebody had made that call after the action, and must be one that may work.
    function _reconcile() internal override {
        if (_scheme == Scheme.None || _scheme == Scheme.Withdraw) return; // a withdrawal to oneself makes nobody richer
        if (_scheme == Scheme.Fund) {
            JobId id = idOf(_schemedTerms);
            if (vm.load(address(escrow), JobId.unwrap(id)) == 0) return;
            _scheme = Scheme.None;
            uint256 main = last;
            _fund(_schemedTerms, id);
            last = main;
            ++done["funded from inside"];
            return;
        }
        Entry storage entry = _entries[_schemedJob];
        if (uint256(vm.load(address(escrow), JobId.unwrap(entry.id))) & 0xf == uint256(entry.status)) return;
        bool may = _finalizable(entry);
        if (_scheme == Scheme.Refund) may = _refundable(entry);
        if (_scheme == Scheme.Silence) may = _silenced(entry);
        vm.assertTrue(may, "re-entered what is to be refused");
        if (_scheme == Scheme.Refund) _refund(_schemedJob);
        else if (_scheme == Scheme.Silence) _silence(_schemedJob);
        else _finalize(_schemedJob);
        _scheme = Scheme.None;
        ++done["ended from inside"];
    }

    function _party(uint256 seed) private view returns (Party) {
        return _partyAt(_roll(seed, 103, 3));
    }

    function _partyAt(uint256 index) internal view returns (Party) {
        return [patron, smith, collector][index];
    }

    /// @dev What the escrow has in this token grows or shrinks under it.
    function rebase(uint256 seed) external step {
        rebasing.rebase(address(escrow), _roll(seed, 110, 3) == 0 ? _roll(seed, 111, 100) : 100 + _roll(seed, 112, 30));
    }

    function forceMoney(uint256 seed, uint128 amount) external step {
        address token = _tokens[_roll(seed, 113, 5)];
        amount %= 1e15;
        _forced[token] += amount;
        if (token == NATIVE) return vm.deal(address(escrow), address(escrow).balance + amount);
        _asOf(payer, token, abi.encodeCall(IERC20.transfer, (address(escrow), amount)));
        _spend(token, payer, amount);
    }

    /// @dev A validator leaves its set, comes back, or goes for good.
    function rotateValidators(uint256 seed) external step {
        uint256 index = _roll(seed, 120, keys.length);
        // Who left mostly comes back, or no more jobs are admitted.
        for (uint256 i = 0; i < keys.length && _roll(seed, 122, 4) != 0; ++i) {
            if (_gone[i] == 1) index = i;
        }
        if (_gone[index] == 2) return;
        vm.prank(vm.addr(keys[index]));
        if (_gone[index] == 1) {
            registry.join(packed(keys));
            _gone[index] = 0;
            return;
        }
        bool forGood = _roll(seed, 121, 20) == 0;
        if (forGood) registry.requestExit();
        else registry.leave(keccak256(packed(keys)));
        _gone[index] = forGood ? 2 : 1;
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            if (vm.load(address(escrow), JobId.unwrap(entry.id)) != entry.seen) ++rotationsThatChanged;
            if (entry.terms.registry != address(0)) entry.rotated = true;
        }
        ++done["rotate"];
    }

    function _admitted(JobTerms memory terms) private view returns (bool) {
        for (uint256 i = 0; i < keys.length; ++i) {
            if (_gone[i] != 0) return false;
        }
        return uint256(terms.verdictBy) + terms.challengeWindow + terms.rulingWindow <= block.timestamp + EXIT_DELAY;
    }

    function pass(uint256 seed) external step {
        vm.warp(block.timestamp + _roll(seed, 130, [uint256(1 minutes), 1 hours, 6 hours][_roll(seed, 131, 3)]));
    }

    /// @dev To the last second of what a job waits for, or just past it.
    function passToDeadline(uint256 seed) external step {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[_pick(seed, _lives)];
        uint256 deadline = entry.clock;
        if (entry.status == Status.Funded) deadline = _isOpen(entry) ? entry.terms.claimBy : entry.terms.submitBy;
        if (entry.status == Status.Submitted) deadline = entry.terms.verdictBy;
        uint256 kind = _roll(seed, 132, 12);
        if (kind == 0) deadline = entry.terms.claimBy;
        if (kind == 1) deadline = entry.terms.submitBy;
        if (kind == 2) deadline = entry.terms.verdictBy - 2 hours;
        if (deadline >= block.timestamp) vm.warp(deadline + (_roll(seed, 133, 3) == 0 ? 0 : 1));
    }
}

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {Job, JobId, Outcome, Proposal, SignedVerdict, Status} from "../../../contracts/types/JobTypes.sol";
import {Account} from "./Account.sol";
import {Harness} from "./Harness.sol";
import {MoodyToken} from "./Tokens.sol";

/// @dev Drives the escrow at random and keeps a model of what must have happened. An action that the model says must
/// go through is called plainly, so that its failure fails the run; one that must be refused is expected to be. What
/// each promise is about is kept as data, and `Invariants.t.sol` asks for it.
contract Handler is Harness {
    /// @dev A job as the model has it.
    struct Entry {
        JobTerms terms;
        JobId id;
        Status status;
        /// @dev What stands, once proposed.
        Proposal proposal;
        uint256 openUntil;
        /// @dev How many validators signed; the co-signatures; whether silence was proposed.
        uint256 signers;
        bool cosigned;
        bool silent;
        /// @dev How often it was settled, and how often the budget went back.
        uint256 settled;
        uint256 returned;
        uint256 workerPaid;
        uint256 payerPaid;
        uint256 feePaid;
    }

    uint256 public constant MOST_JOBS = 12;

    MoodyToken public immutable moody;
    /// @dev Takes fees, and works on every other job, in the mood of the moment.
    Account public immutable account;

    Entry[] internal _entries;
    /// @dev The job that the last action was about.
    uint256 public last;
    /// @dev How often a job that an action was not about changed.
    uint256 public bystandersChanged;
    /// @dev How often a job went back, or left a terminal status.
    uint256 public wentBack;
    /// @dev How often two roles of one account were let through.
    uint256 public sharedRoles;
    /// @dev Coin that came in without a job.
    uint256 public forced;
    /// @dev How often each action went through, for the run to say that it did something.
    mapping(bytes32 => uint256) public done;

    constructor() {
        setUp();
        moody = new MoodyToken(payer, 1e36);
        account = new Account();
        vm.prank(payer);
        moody.approve(address(escrow), type(uint256).max);
        vm.deal(payer, 1e36);
    }

    /// @dev Picks the job: three times of four one in the status that the action needs, if there is one. Checks
    /// afterwards that no other one changed, and that it did not go back.
    modifier about(uint256 seed, Status wanted) {
        if (_entries.length == 0) return;
        last = seed % 97 % _entries.length;
        for (uint256 i = 0; i < _entries.length && (seed >> 240) % 4 != 0; ++i) {
            if (_entries[(seed % 97 + i) % _entries.length].status != wanted) continue;
            last = (seed % 97 + i) % _entries.length;
            break;
        }
        bytes32[] memory before = slots();
        uint256 from = uint256(_entries[last].status);
        _;
        bytes32[] memory later = slots();
        for (uint256 i = 0; i < before.length; ++i) {
            if (i != last && before[i] != later[i]) ++bystandersChanged;
        }
        Entry storage entry = _entries[last];
        uint256 to = uint256(escrow.jobs(entry.id).status);
        if (to < from || (from >= uint256(Status.Settled) && before[last] != later[last])) ++wentBack;
        vm.assertEq(to, uint256(entry.status), "the model's status");
    }

    // ------------------------------------------------------------------ actions

    function fundJob(uint256 seed, uint128 budget) external {
        if (_entries.length == MOST_JOBS) return;
        JobTerms memory terms = termsFrom(seed, budget);
        uint256 shared = seed % 8;
        if (shared == 0) return refusesSharedRole(terms, seed);
        bytes32[] memory before = slots();
        JobId id = fund(terms);
        bytes32[] memory later = slots();
        for (uint256 i = 0; i < before.length; ++i) {
            if (before[i] != later[i]) ++bystandersChanged;
        }
        last = _entries.length;
        Entry storage entry = _entries.push();
        entry.terms = terms;
        entry.id = id;
        entry.status = Status.Funded;
        ++done["fund"];
    }

    function submitResult(uint256 seed) external about(seed, Status.Funded) {
        Entry storage entry = _entries[last];
        bool goes = entry.status == Status.Funded && block.timestamp <= entry.terms.submitBy;
        if (!goes) vm.expectRevert();
        vm.prank(entry.terms.worker);
        escrow.submit(pack(entry.terms), RESULT, MULTISET);
        if (!goes) return;
        entry.status = Status.Submitted;
        ++done["submit"];
    }

    function proposeVerdict(uint256 seed, uint8 outcome, uint256 amount, uint16 signers, bool cosigned)
        external
        about(seed, Status.Submitted)
    {
        JobTerms memory terms = _entries[last].terms;
        cosigned = cosigned && terms.worker == worker;
        SignedVerdict memory found;
        (found.claimer, found.resultHash, found.evidenceHash) = (terms.worker, RESULT, EVIDENCE);
        (found.outcome, found.signers) = (Outcome(1 + outcome % 3), signers & 0x1f);
        if (signers >> 14 != 0) found.signers = 0x1f; // enough, three times of four
        if (found.outcome == Outcome.Accept) found.workerAmount = uint128(amount % (netOf(terms) + 1));
        bool goes = _entries[last].status == Status.Submitted && block.timestamp <= terms.verdictBy;
        goes = goes && bits(found.signers) >= terms.quorum;

        uint256[3] memory held = holdings(terms);
        bytes memory signatures = cosigned ? cosign(terms, found) : attest(terms, found);
        if (!goes) vm.expectRevert();
        escrow.propose(pack(terms), found, signatures);
        if (goes) proposed(found, cosigned, held);
    }

    function finalizeProposal(uint256 seed) external about(seed, Status.Proposed) {
        Entry storage entry = _entries[last];
        bool goes = entry.status == Status.Proposed && block.timestamp > entry.openUntil;
        uint256[3] memory held = holdings(entry.terms);
        if (!goes) vm.expectRevert();
        escrow.finalize(pack(entry.terms), entry.proposal);
        if (!goes) return;
        settled(entry, held);
        ++done["finalize"];
    }

    function refundJob(uint256 seed) external about(seed, Status.Funded) {
        Entry storage entry = _entries[last];
        bool goes = entry.status == Status.Funded && block.timestamp > entry.terms.submitBy;
        uint256[3] memory held = holdings(entry.terms);
        if (!goes) vm.expectRevert();
        escrow.refund(pack(entry.terms));
        if (!goes) return;
        returned(entry, held);
        ++done["refund"];
    }

    /// @dev Terms that nobody funded, with the payer of the run's choice: nothing may come of any verb.
    function refundUnfunded(uint256 seed, address who) external about(seed, Status.Funded) {
        JobTerms memory terms = _entries[last].terms;
        terms.payer = who == payer ? anyone : who;
        vm.expectRevert();
        escrow.refund(pack(terms));
        vm.expectRevert();
        escrow.finalize(pack(terms), _entries[last].proposal);
    }

    function proposeSilence(uint256 seed) external about(seed, Status.Submitted) {
        Entry storage entry = _entries[last];
        JobTerms memory terms = entry.terms;
        bool goes = entry.status == Status.Submitted && block.timestamp > terms.verdictBy;
        if (!goes) vm.expectRevert();
        escrow.settleSilence(pack(terms), terms.worker, RESULT);
        if (!goes) return;
        uint256 share = uint256(terms.budget) * terms.silenceBps / 10_000;
        entry.proposal = Proposal(terms.worker, RESULT, Outcome.Silence, uint128(share), 0);
        uint256 window = terms.challengeWindow < 1 days ? 1 days : terms.challengeWindow;
        (entry.openUntil, entry.silent, entry.status) = (block.timestamp + window, true, Status.Proposed);
        ++done["silence"];
    }

    /// @dev Both parties agree, or only one of them, or they agreed in another status.
    function cancelJob(uint256 seed, uint8 kind) external about(seed, Status(1 + 2 * (kind % 2))) {
        Entry storage entry = _entries[last];
        Status agreed = kind % 4 == 1 ? Status(uint8(entry.status) ^ 1) : entry.status;
        bytes memory signatures = agreement(entry.terms, agreed, uint40(block.timestamp));
        if (kind % 4 == 2) {
            for (uint256 i = 65; i < 130; ++i) {
                signatures[i] = signatures[i - 65];
            }
        }
        bool lives = entry.status != Status.None && entry.status < Status.Settled;
        bool goes = lives && kind % 4 != 1 && kind % 4 != 2 && entry.terms.worker == worker;
        uint256[3] memory held = holdings(entry.terms);
        if (!goes) vm.expectRevert();
        escrow.cancel(pack(entry.terms), nothing(), uint40(block.timestamp), signatures);
        if (!goes) return;
        returned(entry, held);
        ++done["cancel"];
    }

    /// @dev The first credit there is from a place of the run's choice on; without any, a refusal.
    function withdrawCredit(uint8 start) external {
        address token;
        address creditor;
        uint256 owed;
        for (uint256 i = 0; i < 9 && owed == 0; ++i) {
            uint256 place = (uint256(start) + i) % 9;
            (token, creditor) = (tokens()[place / 3], creditors()[place % 3]);
            owed = escrow.credit(token, creditor);
        }
        uint256 before = balance(token, anyone);
        if (owed == 0) vm.expectRevert();
        vm.prank(creditor);
        escrow.withdraw(token, anyone);
        if (owed == 0) return;
        vm.assertEq(balance(token, anyone) - before, owed, "the whole credit");
        ++done["withdraw"];
    }

    function changeMoods(uint8 mood, uint8 listing, uint8 who) external {
        account.set(Account.Mood(mood % 5));
        // `anyone` takes the withdrawals and is never listed.
        moody.list(creditors()[who % 3], MoodyToken.Mood(listing % 5));
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + time % 2 days);
    }

    function forceCoin(uint64 amount) external {
        vm.deal(address(escrow), address(escrow).balance + amount);
        forced += amount;
    }

    // ------------------------------------------------------------------ what the promises are about

    function entries() external view returns (Entry[] memory) {
        return _entries;
    }

    function tokens() public view returns (address[3] memory) {
        return [NATIVE, address(dollar), address(moody)];
    }

    function creditors() public view returns (address[3] memory) {
        return [payer, worker, address(account)];
    }

    /// @dev Budgets of live jobs and credits, in `token`.
    function owes(address token) external view returns (uint256 sum) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            if (entry.terms.token == token && entry.status < Status.Settled) sum += entry.terms.budget;
        }
        for (uint256 i = 0; i < 3; ++i) {
            sum += escrow.credit(token, creditors()[i]);
        }
    }

    function holds(address token) external view returns (uint256) {
        return balance(token, address(escrow));
    }

    function statusOf(JobId id) external view returns (Status) {
        return escrow.jobs(id).status;
    }

    /// @dev Takes the job to its end by calls that need nobody's leave, and says how long that took.
    function finish(uint256 index) external returns (uint256 waited) {
        Entry memory entry = _entries[index];
        bytes memory terms = pack(entry.terms);
        uint256 start = block.timestamp;
        if (entry.status == Status.Funded) {
            passUntil(entry.terms.submitBy);
            escrow.refund(terms);
        }
        if (entry.status == Status.Submitted) {
            passUntil(entry.terms.verdictBy);
            escrow.settleSilence(terms, entry.terms.worker, RESULT);
            uint256 share = uint256(entry.terms.budget) * entry.terms.silenceBps / 10_000;
            entry.proposal = Proposal(entry.terms.worker, RESULT, Outcome.Silence, uint128(share), 0);
            entry.status = Status.Proposed;
        }
        if (entry.status == Status.Proposed) {
            passUntil(escrow.jobs(entry.id).clock);
            escrow.finalize(terms, entry.proposal);
        }
        return block.timestamp - start;
    }

    /// @dev Every creditor takes what it has, to an account that no token lists.
    function withdrawEverything() external {
        for (uint256 i = 0; i < 9; ++i) {
            (address token, address creditor) = (tokens()[i / 3], creditors()[i % 3]);
            uint256 owed = escrow.credit(token, creditor);
            if (owed == 0) continue;
            uint256 before = balance(token, anyone);
            vm.prank(creditor);
            escrow.withdraw(token, anyone);
            vm.assertEq(balance(token, anyone) - before, owed, "the whole credit");
        }
    }

    // ------------------------------------------------------------------ steps

    function termsFrom(uint256 seed, uint128 budget) private view returns (JobTerms memory terms) {
        terms = (seed >> 8) % 3 == 0 ? plain() : windowed();
        terms.token = tokens()[(seed >> 16) % 3];
        if (terms.challengeWindow != 0) terms.challengeWindow = uint32((seed >> 24) % 3 days) + 1;
        if ((seed >> 64) % 2 == 0) terms.worker = address(account);
        uint256 most = terms.token == address(dollar) ? 1e20 : 1e30;
        terms.budget = uint128(1 + budget % most);
        terms.feeBps = uint16((seed >> 72) % 1001);
        terms.feeTo = terms.worker == worker ? address(account) : worker;
        terms.silenceBps = uint16((seed >> 88) % 10_001);
        terms.inconclusiveBps = uint16((seed >> 104) % 10_001);
        terms.submitBy = uint40(block.timestamp + (seed >> 120) % 3 days);
        terms.verdictBy = uint40(terms.submitBy + 2 hours + (seed >> 152) % 3 days);
        terms.quorum = uint8(3 + (seed >> 184) % 3);
        terms.salt = uint256(keccak256(abi.encode(seed, _entries.length)));
    }

    function refusesSharedRole(JobTerms memory terms, uint256 seed) private {
        uint256 kind = (seed >> 200) % 5;
        if (kind == 0) terms.worker = payer;
        if (kind == 1) terms.worker = requester;
        if (kind == 2) terms.worker = vm.addr(keys[(seed >> 208) % 5]);
        if (kind == 3) terms.requester = vm.addr(keys[(seed >> 208) % 5]);
        if (kind == 4) (terms.arbiter, terms.rulingWindow, terms.disputeBondBps) = (terms.worker, 1 days, 500);
        vm.prank(payer);
        try escrow.fund{value: terms.token == NATIVE ? terms.budget : 0}(pack(terms)) {
            ++sharedRoles;
        } catch {
            ++done["shared role refused"];
        }
    }

    /// @dev What worker, payer and fee receiver have, credits included.
    function holdings(JobTerms memory terms) private view returns (uint256[3] memory held) {
        address[3] memory people = [terms.worker, terms.payer, terms.feeTo];
        for (uint256 i = 0; i < 3; ++i) {
            held[i] = balance(terms.token, people[i]) + escrow.credit(terms.token, people[i]);
        }
    }

    function proposed(SignedVerdict memory found, bool cosigned, uint256[3] memory before) private {
        Entry storage entry = _entries[last];
        uint256 paid = found.workerAmount;
        if (found.outcome == Outcome.Inconclusive) paid = netOf(entry.terms) * entry.terms.inconclusiveBps / 10_000;
        entry.proposal = Proposal(found.claimer, RESULT, found.outcome, uint128(paid), found.signers);
        entry.openUntil = block.timestamp + entry.terms.challengeWindow;
        entry.signers = bits(found.signers);
        entry.cosigned = cosigned;
        entry.status = Status.Proposed;
        if (cosigned || entry.terms.challengeWindow == 0) settled(entry, before);
        ++done[cosigned ? bytes32("cosigned") : bytes32("propose")];
    }

    function netOf(JobTerms memory terms) private pure returns (uint256) {
        return terms.budget - uint256(terms.budget) * terms.feeBps / 10_000;
    }

    function settled(Entry storage entry, uint256[3] memory before) private {
        uint256[3] memory held = holdings(entry.terms);
        (entry.workerPaid, entry.payerPaid, entry.feePaid) =
        (held[0] - before[0], held[1] - before[1], held[2] - before[2]);
        vm.assertEq(entry.workerPaid, entry.proposal.workerAmount, "the worker got what stood");
        entry.status = Status.Settled;
        ++entry.settled;
    }

    function returned(Entry storage entry, uint256[3] memory before) private {
        entry.payerPaid = holdings(entry.terms)[1] - before[1];
        entry.status = Status.Refunded;
        ++entry.returned;
    }

    function slots() private view returns (bytes32[] memory found) {
        found = new bytes32[](_entries.length);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = keccak256(abi.encode(escrow.jobs(_entries[i].id)));
        }
    }

    function passUntil(uint256 deadline) private {
        if (block.timestamp <= deadline) vm.warp(deadline + 1);
    }

    function bits(uint16 signers) private pure returns (uint256 count) {
        for (; signers != 0; signers >>= 1) {
            count += signers & 1;
        }
    }
}

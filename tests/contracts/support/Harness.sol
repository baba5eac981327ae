// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {IJobEscrowErrors} from "../../../contracts/interfaces/IJobEscrowErrors.sol";
import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {Job, JobId, Outcome, Proposal, SignedVerdict, Status} from "../../../contracts/types/JobTypes.sol";
import {IJobDigests} from "./IJobDigests.sol";
import {Vm} from "./Vm.sol";

/// @dev A chain with an escrow, a play dollar and people; jobs as data; what each person would do.
/// Tests talk to the deployed bytecode through its interface, and build calldata from `JobTerms` on their own.
abstract contract Harness is IJobEscrowErrors {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant BUDGET = 1 ether;
    uint256 internal constant MONEY = 1_000_000 ether;
    address internal constant NATIVE = address(0);
    bytes32 internal constant RESULT = keccak256("result");
    bytes32 internal constant MULTISET = keccak256("multiset");
    bytes32 internal constant EVIDENCE = keccak256("evidence");
    /// @dev The order of secp256k1.
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes internal constant TERMS_TYPE =
        "JobTerms(address payer,address requester,address worker,address arbiter,address token,address feeTo,address registry,uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy,uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps,uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators)";
    /// @dev Where it lies on every chain.
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    /// @dev Validators 0, 2 and 4.
    uint16 internal constant THREE = 0x15;

    uint256 internal immutable payerKey = uint256(keccak256("payer"));
    uint256 internal immutable workerKey = uint256(keccak256("worker"));
    address internal immutable payer = vm.addr(payerKey);
    address internal immutable worker = vm.addr(workerKey);
    address internal immutable requester = vm.addr(uint256(keccak256("requester")));
    address internal immutable arbiter = vm.addr(uint256(keccak256("arbiter")));
    address internal immutable feeTo = vm.addr(uint256(keccak256("feeTo")));
    address internal immutable anyone = vm.addr(uint256(keccak256("anyone")));

    /// @dev Keys of the validators, their addresses ascending.
    uint256[] internal keys;
    IJobEscrow internal escrow;
    IJobDigests internal digests;
    IERC20 internal dollar;

    function setUp() public virtual {
        vm.warp(NOW);
        deployEscrow();
        dollar = IERC20(vm.deployCode("LocalUSD.sol:LocalUSD", abi.encode(payer, MONEY)));
        vm.deal(payer, MONEY);
        vm.prank(payer);
        dollar.approve(address(escrow), type(uint256).max);
        keys = sortedKeys("validator", 5);
    }

    /// @dev The published code, which npm's package carries with a contract that puts it at its address.
    function installPermit2() internal {
        address installer = vm.deployCode(
            "tests/node/node_modules/@uniswap/v4-periphery/foundry-out/DeployPermit2.sol/DeployPermit2.json"
        );
        (bool done,) = installer.call(abi.encodeWithSignature("deployPermit2()"));
        vm.assertTrue(done && PERMIT2.code.length != 0, "Permit2: sh scripts/setup.sh test");
    }

    function deployEscrow() internal {
        escrow = IJobEscrow(vm.deployCode("JobEscrow.sol:JobEscrow"));
        digests = IJobDigests(vm.deployCode("JobDigests.sol:JobDigests", abi.encode(escrow)));
    }

    // ------------------------------------------------------------------ terms

    /// @dev The plainest job: native coin, five validators, three must sign, settles at once.
    function plain() internal view returns (JobTerms memory terms) {
        terms.payer = payer;
        terms.requester = requester;
        terms.worker = worker;
        terms.budget = uint128(BUDGET);
        terms.submitBy = uint40(NOW + 1 days);
        terms.verdictBy = uint40(NOW + 2 days);
        terms.silenceBps = 5000;
        terms.inconclusiveBps = 4000;
        terms.maxRounds = 1;
        terms.quorum = 3;
        terms.specHash = keccak256("spec");
        terms.salt = 1;
        terms.validators = packed(keys);
    }

    /// @dev As `plain`, with a window of an hour and the arbiter that it needs.
    function windowed() internal view returns (JobTerms memory terms) {
        terms = plain();
        terms.arbiter = arbiter;
        terms.challengeWindow = 1 hours;
        terms.rulingWindow = 7 days;
        terms.disputeBondBps = 500;
    }

    /// @dev As `windowed`, for whoever claims it within a day, with a bond of a tenth.
    function openJob() internal view returns (JobTerms memory terms) {
        terms = windowed();
        terms.worker = address(0);
        terms.claimBy = uint40(NOW + 12 hours);
        terms.deliverWindow = 6 hours;
        terms.claimBondBps = 1000;
    }

    /// @dev As `terms`, in dollars.
    function inDollars(JobTerms memory terms) internal view returns (JobTerms memory) {
        terms.token = address(dollar);
        return terms;
    }

    /// @dev As `terms`, with a fee.
    function withFee(JobTerms memory terms, uint16 bps) internal view returns (JobTerms memory) {
        terms.feeBps = bps;
        terms.feeTo = feeTo;
        return terms;
    }

    function pack(JobTerms memory t) internal pure returns (bytes memory) {
        bytes memory parties = abi.encodePacked(t.payer, t.requester, t.worker, t.arbiter, t.token, t.feeTo, t.registry);
        bytes memory times =
            abi.encodePacked(t.claimBy, t.deliverWindow, t.submitBy, t.verdictBy, t.challengeWindow, t.rulingWindow);
        bytes memory shares = abi.encodePacked(t.silenceBps, t.inconclusiveBps, t.disputeBondBps, t.claimBondBps);
        bytes memory rest = abi.encodePacked(t.maxRounds, t.quorum, t.specHash, t.salt, t.validators);
        return bytes.concat(parties, abi.encodePacked(t.feeBps, t.budget), times, shares, rest);
    }

    /// @dev The same terms in brief.
    function brief(JobTerms memory t) internal pure returns (bytes memory) {
        return bytes.concat(cut(pack(t), 259), keccak256(t.validators));
    }

    /// @dev The digest as EIP-712 has it.
    function idOf(JobTerms memory t) internal view returns (JobId) {
        return JobId.wrap(digestOf(structHashOf(t)));
    }

    /// @dev From the ABI encoding of the struct's members.
    function structHashOf(JobTerms memory t) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(TERMS_TYPE);
        bytes memory a = abi.encode(typehash, t.payer, t.requester, t.worker, t.arbiter, t.token, t.feeTo, t.registry);
        bytes memory b = abi.encode(t.feeBps, t.budget, t.claimBy, t.deliverWindow, t.submitBy, t.verdictBy);
        bytes memory c = abi.encode(t.challengeWindow, t.rulingWindow, t.silenceBps, t.inconclusiveBps);
        bytes memory d = abi.encode(t.disputeBondBps, t.claimBondBps, t.maxRounds, t.quorum, t.specHash, t.salt);
        return keccak256(bytes.concat(a, b, c, d, keccak256(t.validators)));
    }

    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes memory domain =
            abi.encode(typehash, keccak256("ComputeEscrow"), keccak256("1"), block.chainid, address(escrow));
        return keccak256(abi.encodePacked(hex"1901", keccak256(domain), structHash));
    }

    // ------------------------------------------------------------------ keys and signatures

    function sortedKeys(string memory label, uint256 count) internal pure returns (uint256[] memory found) {
        found = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode(label, i)));
            uint256 at = i;
            for (; at > 0 && vm.addr(found[at - 1]) > vm.addr(key); --at) {
                found[at] = found[at - 1];
            }
            found[at] = key;
        }
    }

    function packed(uint256[] memory signers) internal pure returns (bytes memory addresses) {
        for (uint256 i = 0; i < signers.length; ++i) {
            addresses = abi.encodePacked(addresses, vm.addr(signers[i]));
        }
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The mirror image of `sign`, as valid to the curve: (r, n - s) with the other v.
    function mirror(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    /// @dev The validators' signatures over the verdict, the lowest bit first.
    function attest(JobTerms memory terms, SignedVerdict memory found) internal view returns (bytes memory all) {
        bytes32 digest = digestOf(terms, found);
        for (uint256 i = 0; i < keys.length; ++i) {
            if ((found.signers >> i) & 1 != 0) all = bytes.concat(all, sign(keys[i], digest));
        }
    }

    /// @dev As `attest`, then the payer's and the worker's.
    function cosign(JobTerms memory terms, SignedVerdict memory found) internal view returns (bytes memory) {
        bytes32 digest = digestOf(terms, found);
        return bytes.concat(attest(terms, found), sign(payerKey, digest), sign(workerKey, digest));
    }

    /// @dev In the round that the job is in.
    function digestOf(JobTerms memory terms, SignedVerdict memory v) internal view returns (bytes32) {
        return digestOf(verdictHash(idOf(terms), escrow.jobs(idOf(terms)).round, v));
    }

    function verdictHash(JobId job, uint8 round, SignedVerdict memory v) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash)"
        );
        return keccak256(abi.encode(typehash, job, round, v.resultHash, v.outcome, v.workerAmount, v.evidenceHash));
    }

    // ------------------------------------------------------------------ verbs

    function fund(JobTerms memory terms) internal returns (JobId) {
        vm.prank(terms.payer);
        return escrow.fund{value: terms.token == NATIVE ? terms.budget : 0}(pack(terms));
    }

    function submit(JobTerms memory terms) internal {
        vm.prank(terms.worker);
        escrow.submit(pack(terms), RESULT, MULTISET);
    }

    function verdict(Outcome outcome, uint256 workerAmount) internal pure returns (SignedVerdict memory) {
        return SignedVerdict(address(0), RESULT, outcome, uint128(workerAmount), EVIDENCE, THREE);
    }

    function accept(uint256 workerAmount) internal pure returns (SignedVerdict memory) {
        return verdict(Outcome.Accept, workerAmount);
    }

    function propose(JobTerms memory terms, SignedVerdict memory found) internal {
        bytes memory signatures = attest(terms, found);
        vm.prank(anyone);
        escrow.propose(pack(terms), found, signatures);
    }

    /// @dev What stands after a verdict that pays the worker `workerAmount`.
    function standing(SignedVerdict memory v, uint256 workerAmount) internal view returns (Proposal memory) {
        address by = v.claimer == address(0) ? worker : v.claimer;
        return Proposal(by, v.resultHash, v.outcome, uint128(workerAmount), v.signers);
    }

    function finalize(JobTerms memory terms, Proposal memory proposal) internal {
        vm.prank(anyone);
        escrow.finalize(pack(terms), proposal);
    }

    function agreement(JobTerms memory terms, Status status, uint40 expiry) internal view returns (bytes memory) {
        bytes32 digest = agreementDigest(terms, status, expiry);
        return bytes.concat(sign(payerKey, digest), sign(workerKey, digest));
    }

    /// @dev In `status`, and otherwise as the job stands.
    function agreementDigest(JobTerms memory terms, Status status, uint40 expiry) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("Cancel(bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry)");
        Job memory slot = escrow.jobs(idOf(terms));
        bytes memory own = abi.encode(idOf(terms), status, slot.round, slot.clock, slot.commit, expiry);
        return digestOf(keccak256(bytes.concat(typehash, own)));
    }

    /// @dev What the worker signs for a relayer to deliver the job as it stands.
    function submissionDigest(JobTerms memory terms, bytes32 result) internal view returns (bytes32) {
        bytes32 typehash = keccak256("Submission(bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash)");
        uint40 clock = escrow.jobs(idOf(terms)).clock;
        return digestOf(keccak256(abi.encode(typehash, idOf(terms), clock, result, MULTISET)));
    }

    /// @dev What `cancel` wants of a job that names its worker.
    function nothing() internal pure returns (Proposal memory none) {}

    /// @dev The first bytes of `data`.
    function cut(bytes memory data, uint256 length) internal pure returns (bytes memory) {
        bytes memory copy = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(copy, length)
        }
        return copy;
    }

    /// @dev What a contract signs, as it lies among the signatures.
    function contractSignature(bytes memory data) internal pure returns (bytes memory) {
        return abi.encodePacked(uint256(data.length), uint256(0), uint8(0), data);
    }

    /// @dev Coin for whoever needs some, and an allowance of dollars.
    function enrich(address account) internal {
        vm.deal(account, MONEY);
        vm.prank(payer);
        dollar.transfer(account, MONEY / 100);
        vm.prank(account);
        dollar.approve(address(escrow), type(uint256).max);
    }

    function claim(JobTerms memory terms, address by) internal {
        vm.prank(by);
        escrow.claim{value: terms.token == NATIVE ? claimBond(terms) : 0}(pack(terms));
    }

    function deliver(JobTerms memory terms, address by) internal {
        vm.prank(by);
        escrow.submit(brief(terms), RESULT, MULTISET);
    }

    function dispute(JobTerms memory terms, Proposal memory proposal, address by) internal {
        vm.prank(by);
        escrow.dispute{value: terms.token == NATIVE ? disputeBond(terms) : 0}(brief(terms), proposal);
    }

    function rule(JobTerms memory terms, Proposal memory proposal, uint256 amount, bool disputerWins) internal {
        vm.prank(terms.arbiter);
        escrow.rule(brief(terms), uint128(amount), disputerWins, proposal);
    }

    function claimBond(JobTerms memory terms) internal pure returns (uint256) {
        return (uint256(terms.budget) * terms.claimBondBps + 9999) / 10_000;
    }

    function disputeBond(JobTerms memory terms) internal pure returns (uint256) {
        return (uint256(terms.budget) * terms.disputeBondBps + 9999) / 10_000;
    }

    // ------------------------------------------------------------------ checks

    function expectStatus(JobTerms memory terms, Status status) internal view {
        vm.assertEq(uint256(escrow.jobs(idOf(terms)).status), uint256(status), "status");
    }

    /// @dev The reason for which a job in `status` refuses a call.
    function inStatus(JobTerms memory terms, Status status) internal view returns (bytes memory) {
        return abi.encodeWithSelector(JobEscrow_Status.selector, idOf(terms), status);
    }

    function balance(address token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : IERC20(token).balanceOf(account);
    }
}

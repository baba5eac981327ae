// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IJobEscrowErrors} from "../../contracts/interfaces/IJobEscrowErrors.sol";
import {IValidatorRegistry} from "../../contracts/interfaces/IValidatorRegistry.sol";
import {JobTerms} from "../../contracts/types/JobTerms.sol";
import {BatchedVerdict, JobId, Outcome, Proposal, SignedVerdict, Status} from "../../contracts/types/JobTypes.sol";
import {Standing, Statement, Subject} from "../../contracts/types/RegistryTypes.sol";
import {Merkle} from "./support/Merkle.sol";
import {IJobDigests} from "./support/IJobDigests.sol";
import {RegistryHarness} from "./support/RegistryHarness.sol";

/// @dev The registry and the escrow together: what one admits the other funds, and what one pays the other slashes.
contract RegistryEscrowTest is RegistryHarness {
    uint128 private constant BUDGET = 1 ether;
    /// @dev Validators 0, 2 and 4.
    uint16 private constant THREE = 0x15;

    address private immutable worker = vm.addr(uint256(keccak256("worker")));
    address private immutable requester = vm.addr(uint256(keccak256("requester")));
    address private immutable arbiter = vm.addr(uint256(keccak256("arbiter")));

    IJobEscrow private jobs;

    function setUp() public override {
        super.setUp();
        jobs = IJobEscrow(vm.deployCode("JobEscrow.sol:JobEscrow"));
        escrow = address(jobs);
        vm.deal(payer, 100 ether);
    }

    function test_refuses_a_job_whose_set_is_not_whole() public {
        JobTerms memory terms = some(1);
        expectNotFunded(terms);
        bytes32 set = register(keys);
        vm.prank(validator(3));
        registry.leave(set);
        expectNotFunded(terms);
        join(validator(3), packed(keys));
        fund(terms);
        requestExit(validator(1));
        expectNotFunded(some(2));
    }

    function test_refuses_a_job_that_outlives_the_exit_delay() public {
        register(keys);
        JobTerms memory terms = some(1);
        terms.verdictBy = uint40(NOW + DELAY - terms.challengeWindow - terms.rulingWindow);
        fund(terms);
        terms.verdictBy += 1;
        expectNotFunded(terms);
    }

    /// @dev One validator goes and another one comes; the others move on to the new set. The job's own validators
    /// decide, the one that left among them.
    function test_promise10_a_rotation_changes_no_live_job() public {
        bytes32 set = register(keys);
        JobTerms memory terms = some(1);
        fund(terms);
        submit(terms);

        requestExit(validator(0));
        uint256[] memory rotated = sortedKeys("next", 5);
        for (uint256 i = 1; i < 5; ++i) {
            rotated[i] = keys[i];
        }
        sort(rotated);
        bond(vm.addr(uint256(keccak256(abi.encode("next", 0)))));
        bytes32 successor;
        for (uint256 i = 0; i < 5; ++i) {
            if (standing(vm.addr(rotated[i])) == uint256(Standing.None)) bond(vm.addr(rotated[i]));
            successor = join(vm.addr(rotated[i]), packed(rotated));
        }
        vm.assertTrue(admitted(successor) && !admitted(set), "rotated");

        propose(terms, accepts());
        vm.warp(block.timestamp + terms.challengeWindow + 1);
        jobs.finalize(pack(terms), Proposal(worker, RESULT, Outcome.Accept, 1 ether, THREE));
        vm.assertEq(worker.balance, 1 ether, "paid");
    }

    /// @dev The very signature that the escrow took is one half of the proof.
    function test_the_verdict_that_was_proposed_and_another_one_cost_the_bond() public {
        register(keys);
        JobTerms memory terms = some(1);
        fund(terms);
        submit(terms);
        propose(terms, accepts());
        Subject memory about = Subject(validator(0), escrow, idOf(terms), 0, RESULT);
        report(about, alone(keys[0], about, accepts()), alone(keys[0], about, rejects()));
        expectStanding(validator(0), Standing.Slashed);
        vm.assertEq(uint256(jobs.jobs(idOf(terms)).status), uint256(Status.Proposed), "the job is what it was");
    }

    /// @dev As above, with a leaf of the batch that settled three jobs.
    function test_a_leaf_of_the_batch_that_was_settled_and_another_verdict_cost_the_bond() public {
        register(keys);
        bytes[] memory packedTerms = new bytes[](3);
        BatchedVerdict[] memory found = new BatchedVerdict[](3);
        bytes32[] memory hashes = new bytes32[](3);
        Statement memory said = accepts();
        Subject memory about = Subject(validator(2), escrow, JobId.wrap(0), 0, RESULT);
        for (uint256 i = 0; i < 3; ++i) {
            JobTerms memory terms = some(i);
            (terms.challengeWindow, terms.arbiter, terms.rulingWindow, terms.disputeBondBps) = (0, address(0), 0, 0);
            fund(terms);
            submit(terms);
            packedTerms[i] = pack(terms);
            found[i] = BatchedVerdict(address(0), RESULT, said.outcome, said.workerAmount, said.evidenceHash);
            about.job = idOf(terms);
            hashes[i] = hashOf(about, said);
        }
        bytes32[] memory leaves = Merkle.leaves(hashes);
        (said.count, said.index) = (3, 2);
        (said.root, said.proof) = (Merkle.root(leaves), Merkle.proof(leaves, 2));
        said.signature = sign(keys[2], batchDigest(escrow, said.root));
        bytes memory others = sign(keys[4], batchDigest(escrow, said.root));
        bytes memory first = sign(keys[0], batchDigest(escrow, said.root));
        jobs.settleBatch(packedTerms, found, THREE, bytes.concat(first, said.signature, others));
        vm.assertEq(worker.balance, 3 ether, "settled");

        report(about, said, alone(keys[2], about, rejects()));
        expectStanding(validator(2), Standing.Slashed);
    }

    // ------------------------------------------------------------------ steps

    /// @dev A job with a window of an hour under the registry.
    function some(uint256 salt) private view returns (JobTerms memory terms) {
        (terms.payer, terms.requester, terms.worker, terms.arbiter) = (payer, requester, worker, arbiter);
        terms.registry = address(registry);
        terms.budget = BUDGET;
        (terms.submitBy, terms.verdictBy) = (uint40(NOW + 1 days), uint40(NOW + 2 days));
        (terms.challengeWindow, terms.rulingWindow, terms.disputeBondBps) = (1 hours, 7 days, 500);
        (terms.maxRounds, terms.quorum) = (1, 3);
        (terms.salt, terms.validators) = (salt, packed(keys));
    }

    function pack(JobTerms memory t) private pure returns (bytes memory) {
        bytes memory parties = abi.encodePacked(t.payer, t.requester, t.worker, t.arbiter, t.token, t.feeTo, t.registry);
        bytes memory times =
            abi.encodePacked(t.claimBy, t.deliverWindow, t.submitBy, t.verdictBy, t.challengeWindow, t.rulingWindow);
        bytes memory shares = abi.encodePacked(t.silenceBps, t.inconclusiveBps, t.disputeBondBps, t.claimBondBps);
        bytes memory rest = abi.encodePacked(t.maxRounds, t.quorum, t.specHash, t.salt, t.validators);
        return bytes.concat(parties, abi.encodePacked(t.feeBps, t.budget), times, shares, rest);
    }

    function idOf(JobTerms memory terms) private returns (JobId) {
        address digests = vm.deployCode("JobDigests.sol:JobDigests", abi.encode(escrow));
        return IJobDigests(digests).jobIdOf(pack(terms));
    }

    function fund(JobTerms memory terms) private {
        vm.prank(payer);
        jobs.fund{value: BUDGET}(pack(terms));
    }

    function expectNotFunded(JobTerms memory terms) private {
        uint256 until = uint256(terms.verdictBy) + terms.challengeWindow + terms.rulingWindow;
        bytes memory call = pack(terms);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJobEscrowErrors.JobEscrow_NotAdmitted.selector, registry, keccak256(terms.validators), until
            )
        );
        vm.prank(payer);
        jobs.fund{value: BUDGET}(call);
    }

    function submit(JobTerms memory terms) private {
        vm.prank(worker);
        jobs.submit(pack(terms), RESULT, keccak256("multiset"));
    }

    function propose(JobTerms memory terms, Statement memory said) private {
        bytes32 digest = digestIn(escrow, hashOf(Subject(address(0), escrow, idOf(terms), 0, RESULT), said));
        bytes memory signatures = bytes.concat(sign(keys[0], digest), sign(keys[2], digest), sign(keys[4], digest));
        SignedVerdict memory found =
            SignedVerdict(address(0), RESULT, said.outcome, said.workerAmount, said.evidenceHash, THREE);
        jobs.propose(pack(terms), found, signatures);
    }
}

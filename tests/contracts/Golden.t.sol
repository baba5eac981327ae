// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobId, Outcome, Status} from "../../contracts/types/JobTypes.sol";
import {IJobDigests} from "./support/IJobDigests.sol";
import {Harness} from "./support/Harness.sol";

/// @dev Digests that eth-account derived (scripts/golden/golden_vectors.py), which the Python tests read too.
contract GoldenTest is Harness {
    string private json;
    IJobDigests private golden;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("tests/golden/typed_data.json");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        address verifying = vm.parseJsonAddress(json, ".domain.verifyingContract");
        golden = IJobDigests(vm.deployCode("JobDigests.sol:JobDigests", abi.encode(verifying)));
    }

    function test_promise12_digests_are_those_of_the_third_implementation() public view {
        uint256 count;
        for (; vm.keyExistsJson(json, at(count, "")); ++count) {
            bytes32 job = word(count, ".jobId");
            bytes memory packed = vm.parseJsonBytes(json, at(count, ".packed"));
            vm.assertEq(JobId.unwrap(golden.jobIdOf(packed)), job, at(count, ".jobId"));
            vm.assertEq(verdict(count, job), word(count, ".verdictDigest"), at(count, ".verdictDigest"));
            vm.assertEq(cancel(count, job), word(count, ".cancelDigest"), at(count, ".cancelDigest"));
            vm.assertEq(submission(count, job), word(count, ".submissionDigest"), at(count, ".submissionDigest"));
        }
        vm.assertGe(count, 8, "vectors");
    }

    /// @dev What is packed are the terms' members at their widths, in order: the readers in Python and here agree.
    function test_promise12_packed_terms_are_the_members_in_order() public view {
        for (uint256 i = 0; vm.keyExistsJson(json, at(i, "")); ++i) {
            bytes memory parties = abi.encodePacked(
                account(i, "payer"),
                account(i, "requester"),
                account(i, "worker"),
                account(i, "arbiter"),
                account(i, "token"),
                account(i, "feeTo"),
                account(i, "registry")
            );
            bytes memory times = abi.encodePacked(
                uint40(number(i, "claimBy")),
                uint32(number(i, "deliverWindow")),
                uint40(number(i, "submitBy")),
                uint40(number(i, "verdictBy")),
                uint32(number(i, "challengeWindow")),
                uint32(number(i, "rulingWindow"))
            );
            bytes memory shares = abi.encodePacked(
                uint16(number(i, "silenceBps")),
                uint16(number(i, "inconclusiveBps")),
                uint16(number(i, "disputeBondBps")),
                uint16(number(i, "claimBondBps"))
            );
            bytes memory rest = abi.encodePacked(
                uint8(number(i, "maxRounds")),
                uint8(number(i, "quorum")),
                word(i, ".terms.specHash"),
                number(i, "salt"),
                vm.parseJsonBytes(json, at(i, ".terms.validators"))
            );
            bytes memory money = abi.encodePacked(uint16(number(i, "feeBps")), uint128(number(i, "budget")));
            bytes memory packed = bytes.concat(parties, money, times, shares, rest);
            vm.assertEq(packed, vm.parseJsonBytes(json, at(i, ".packed")), at(i, ".packed"));
        }
    }

    function verdict(uint256 i, bytes32 job) private view returns (bytes32) {
        return golden.verdictDigest(
            JobId.wrap(job),
            uint8(vm.parseJsonUint(json, at(i, ".verdict.round"))),
            word(i, ".verdict.resultHash"),
            Outcome(vm.parseJsonUint(json, at(i, ".verdict.outcome"))),
            uint128(vm.parseJsonUint(json, at(i, ".verdict.workerAmount"))),
            word(i, ".verdict.evidenceHash")
        );
    }

    function cancel(uint256 i, bytes32 job) private view returns (bytes32) {
        return golden.cancelDigest(
            JobId.wrap(job),
            Status(vm.parseJsonUint(json, at(i, ".cancel.status"))),
            uint8(vm.parseJsonUint(json, at(i, ".cancel.round"))),
            uint40(vm.parseJsonUint(json, at(i, ".cancel.clock"))),
            vm.parseJsonUint(json, at(i, ".cancel.commit")),
            uint40(vm.parseJsonUint(json, at(i, ".cancel.expiry")))
        );
    }

    function submission(uint256 i, bytes32 job) private view returns (bytes32) {
        return golden.submissionDigest(
            JobId.wrap(job),
            uint40(vm.parseJsonUint(json, at(i, ".submission.clock"))),
            word(i, ".submission.resultHash"),
            word(i, ".submission.multisetHash")
        );
    }

    function account(uint256 i, string memory member) private view returns (address) {
        return vm.parseJsonAddress(json, at(i, string.concat(".terms.", member)));
    }

    function number(uint256 i, string memory member) private view returns (uint256) {
        return vm.parseJsonUint(json, at(i, string.concat(".terms.", member)));
    }

    function word(uint256 i, string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, at(i, path));
    }

    function at(uint256 i, string memory path) private pure returns (string memory) {
        return string.concat(".vectors[", vm.toString(i), "]", path);
    }
}

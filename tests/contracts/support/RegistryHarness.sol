// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IValidatorRegistry} from "../../../contracts/interfaces/IValidatorRegistry.sol";
import {IValidatorRegistryErrors} from "../../../contracts/interfaces/IValidatorRegistryErrors.sol";
import {JobId, Outcome} from "../../../contracts/types/JobTypes.sol";
import {Standing, Statement, Subject} from "../../../contracts/types/RegistryTypes.sol";
import {Merkle} from "./Merkle.sol";
import {Vm} from "./Vm.sol";

/// @dev A registry, and what validators and reporters would do. Statements are hashed here from the words of EIP-712
/// and RFC 6962, without the contracts' libraries. No escrow is needed: the registry never asks one.
abstract contract RegistryHarness is IValidatorRegistryErrors {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant NOW = 1_800_000_000;
    /// @dev Odd, so that half of it is not a whole number.
    uint256 internal constant BOND = 1e18 + 1;
    uint256 internal constant DELAY = 60 days;
    uint256 internal constant REPORT_TIME = 7 days;
    address internal constant NATIVE = address(0);
    address internal constant BURNT = 0x000000000000000000000000000000000000dEaD;
    bytes32 internal constant RESULT = keccak256("result");
    bytes32 internal constant EVIDENCE = keccak256("evidence");
    /// @dev The order of secp256k1.
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    address internal immutable payer = vm.addr(uint256(keccak256("payer")));
    address internal immutable anyone = vm.addr(uint256(keccak256("anyone")));
    address internal immutable receiver = vm.addr(uint256(keccak256("receiver")));
    /// @dev Where the jobs are.
    address internal escrow = vm.addr(uint256(keccak256("escrow")));

    /// @dev Keys of the validators, their addresses ascending.
    uint256[] internal keys;
    IValidatorRegistry internal registry;

    function setUp() public virtual {
        vm.warp(NOW);
        keys = sortedKeys("validator", 5);
        registry = deploy(NATIVE);
    }

    function deploy(address token) internal returns (IValidatorRegistry) {
        return deploy(token, BOND, DELAY);
    }

    function deploy(address token, uint256 amount, uint256 delay) internal returns (IValidatorRegistry) {
        return
            IValidatorRegistry(
                vm.deployCode("ValidatorRegistry.sol:ValidatorRegistry", abi.encode(token, amount, delay))
            );
    }

    // ------------------------------------------------------------------ keys and signatures

    function sortedKeys(string memory label, uint256 count) internal pure returns (uint256[] memory found) {
        found = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            found[i] = uint256(keccak256(abi.encode(label, i)));
        }
        sort(found);
    }

    /// @dev By their addresses, ascending.
    function sort(uint256[] memory some) internal pure {
        for (uint256 i = 1; i < some.length; ++i) {
            for (uint256 at = i; at > 0 && vm.addr(some[at - 1]) > vm.addr(some[at]); --at) {
                (some[at - 1], some[at]) = (some[at], some[at - 1]);
            }
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

    // ------------------------------------------------------------------ validators

    function validator(uint256 index) internal view returns (address) {
        return vm.addr(keys[index]);
    }

    function bond(address account) internal {
        vm.deal(account, account.balance + BOND);
        vm.prank(account);
        registry.deposit{value: BOND}();
    }

    function join(address account, bytes memory validators) internal returns (bytes32) {
        vm.prank(account);
        return registry.join(validators);
    }

    /// @dev Everybody of these posts a bond and joins the set of them all.
    function register(uint256[] memory signers) internal returns (bytes32 set) {
        for (uint256 i = 0; i < signers.length; ++i) {
            bond(vm.addr(signers[i]));
        }
        for (uint256 i = 0; i < signers.length; ++i) {
            set = join(vm.addr(signers[i]), packed(signers));
        }
    }

    function requestExit(address account) internal {
        vm.prank(account);
        registry.requestExit();
    }

    function exit(address account, address to) internal {
        vm.prank(account);
        registry.exit(to);
    }

    function passDelay() internal {
        vm.warp(block.timestamp + DELAY + REPORT_TIME + 1);
    }

    // ------------------------------------------------------------------ statements

    function subject(address member) internal view returns (Subject memory) {
        return Subject(member, escrow, JobId.wrap(keccak256("job")), 0, RESULT);
    }

    /// @dev As many verdicts as there are outcomes, amounts and pieces of evidence; not signed yet.
    function says(Outcome outcome, uint128 amount, bytes32 evidence) internal pure returns (Statement memory said) {
        (said.outcome, said.workerAmount, said.evidenceHash) = (outcome, amount, evidence);
    }

    function accepts() internal pure returns (Statement memory) {
        return says(Outcome.Accept, 1 ether, EVIDENCE);
    }

    function rejects() internal pure returns (Statement memory) {
        return says(Outcome.Reject, 0, EVIDENCE);
    }

    function alone(uint256 key, Subject memory about, Statement memory said) internal view returns (Statement memory) {
        said.signature = sign(key, digestIn(about.escrow, hashOf(about, said)));
        return said;
    }

    /// @dev The verdict as leaf `index` of `count`, the others being of other jobs.
    function inBatch(uint256 key, Subject memory about, Statement memory said, uint256 index, uint256 count)
        internal
        view
        returns (Statement memory)
    {
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = i == index ? hashOf(about, said) : keccak256(abi.encode("another verdict", i));
        }
        bytes32[] memory leaves = Merkle.leaves(hashes);
        (said.count, said.index) = (count, index);
        (said.root, said.proof) = (Merkle.root(leaves), Merkle.proof(leaves, index));
        said.signature = sign(key, batchDigest(about.escrow, said.root));
        return said;
    }

    function hashOf(Subject memory about, Statement memory said) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash)"
        );
        bytes memory what = abi.encode(said.outcome, said.workerAmount, said.evidenceHash);
        return keccak256(bytes.concat(abi.encode(typehash, about.job, about.round, about.resultHash), what));
    }

    function batchDigest(address where, bytes32 root) internal view returns (bytes32) {
        return digestIn(where, keccak256(abi.encode(keccak256("BatchVerdict(bytes32 root)"), root)));
    }

    function digestIn(address where, bytes32 structHash) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes memory domain = abi.encode(typehash, keccak256("ComputeEscrow"), keccak256("1"), block.chainid, where);
        return keccak256(abi.encodePacked(hex"1901", keccak256(domain), structHash));
    }

    /// @dev Two verdicts of one validator on one result, each signed alone, shown by `anyone`.
    function slash(uint256 key) internal {
        Subject memory about = subject(vm.addr(key));
        report(about, alone(key, about, accepts()), alone(key, about, rejects()));
    }

    function report(Subject memory about, Statement memory one, Statement memory other) internal {
        vm.prank(anyone);
        registry.slash(about, one, other);
    }

    // ------------------------------------------------------------------ checks

    function standing(address account) internal view returns (uint256) {
        return uint256(registry.members(account).standing);
    }

    function expectStanding(address account, Standing expected) internal view {
        vm.assertEq(standing(account), uint256(expected), "standing");
    }

    /// @dev The reason for which an account that stands so is refused.
    function stands(address account, Standing as_) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ValidatorRegistry_Standing.selector, account, as_);
    }

    /// @dev Admitted for now: whole, and nobody in it on the way out.
    function admitted(bytes32 set) internal view returns (bool) {
        return registry.admits(set, block.timestamp);
    }

    function balance(address token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : IERC20(token).balanceOf(account);
    }
}

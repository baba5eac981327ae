// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Outcome} from "../../../contracts/types/JobTypes.sol";
import {Member, Standing, Statement, Subject} from "../../../contracts/types/RegistryTypes.sol";
import {Account} from "./Account.sol";
import {RegistryHarness} from "./RegistryHarness.sol";
import {MoodyToken} from "./Tokens.sol";

/// @dev Drives a registry at random and keeps a model of what must have happened, as `Handler` does for the escrow: an
/// action that must go through is called plainly, one that must be refused is expected to be.
contract RegistryHandler is RegistryHarness {
    uint256 public constant MEMBERS = 4;
    uint256 public constant SETS = 6;

    MoodyToken public immutable moody;
    address public immutable token;

    /// @dev Who is in which set: bit i of a mask is validator i.
    uint256[SETS] public maskOf = [uint256(0x1), 0x3, 0x6, 0xc, 0x7, 0xf];
    bytes32[SETS] public nameOf;
    mapping(bytes32 => uint256) public setOf;
    bytes[SETS] private _packed;
    address[MEMBERS] public memberAt;

    // ------------------------------------------------------------------ the model

    mapping(address => Standing) public model;
    mapping(address => uint256) public exitsAt;
    /// @dev Bit s: the account has joined set s.
    mapping(address => uint256) public joined;
    /// @dev The last second of the longest job that was ever admitted under a set with this account.
    mapping(address => uint256) public servesUntil;
    mapping(address => uint256) public credits;

    uint256 public deposits;
    uint256 public exits;
    uint256 public slashes;
    /// @dev Bonds that were returned while the delay, or a job that was admitted, was not over.
    uint256 public early;
    uint256 public withdrawn;
    uint256 public forced;
    uint256 public epochs;
    mapping(bytes32 => uint256) public done;

    constructor(bool inToken) {
        setUp();
        keys = sortedKeys("member", MEMBERS);
        moody = new MoodyToken(payer, 1e36);
        token = inToken ? address(moody) : NATIVE;
        registry = deploy(token);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            address member = validator(i);
            memberAt[i] = member;
            vm.deal(member, 1e24);
            vm.prank(payer);
            moody.transfer(member, 1e24);
            vm.prank(member);
            moody.approve(address(registry), type(uint256).max);
            for (uint256 set = 0; set < SETS; ++set) {
                if ((maskOf[set] >> i) & 1 != 0) _packed[set] = abi.encodePacked(_packed[set], member);
            }
        }
        for (uint256 set = 0; set < SETS; ++set) {
            nameOf[set] = keccak256(_packed[set]);
            setOf[nameOf[set]] = set;
        }
    }

    // ------------------------------------------------------------------ actions

    function depositBond(uint256 seed, uint256 amount) external {
        address member = memberAt[find(seed, Standing.None)];
        bool exact = amount % 4 != 0;
        uint256 value = token == NATIVE ? BOND : 0;
        if (!exact) value += 1;
        bool goes = exact && model[member] == Standing.None;
        if (!goes) vm.expectRevert();
        vm.prank(member);
        registry.deposit{value: value}();
        if (!goes) return;
        model[member] = Standing.Bonded;
        ++deposits;
        ++done["deposit"];
    }

    function joinSet(uint256 seed) external {
        uint256 index = find(seed, Standing.Bonded);
        address member = memberAt[index];
        uint256 set = (seed >> 16) % SETS;
        // Mostly one that names it and that it is not in.
        for (uint256 i = 0; i < SETS && (seed >> 32) % 8 != 0 && !mayJoin(index, set); ++i) {
            set = (set + 1) % SETS;
        }
        bool goes = model[member] == Standing.Bonded && mayJoin(index, set);
        bytes memory validators = _packed[set];
        if (!goes) vm.expectRevert();
        vm.prank(member);
        registry.join(validators);
        if (!goes) return;
        joined[member] |= 1 << set;
        if (whole(set)) {
            ++epochs;
            ++done["registered"];
        }
        ++done["join"];
    }

    function leaveSet(uint256 seed) external {
        address member = memberAt[find(seed, Standing.Bonded)];
        uint256 set = (seed >> 16) % SETS;
        // Mostly one that it is in.
        while ((seed >> 32) % 4 != 0 && joined[member] != 0 && (joined[member] >> set) & 1 == 0) {
            set = (set + 1) % SETS;
        }
        bool goes = (joined[member] >> set) & 1 != 0;
        bytes32 name = nameOf[set];
        bool was = whole(set);
        if (!goes) vm.expectRevert();
        vm.prank(member);
        registry.leave(name);
        if (!goes) return;
        joined[member] &= ~(1 << set);
        if (was) ++epochs;
        ++done["leave"];
    }

    function requestExitOf(uint256 seed) external {
        address member = memberAt[seed % MEMBERS];
        bool goes = model[member] == Standing.Bonded;
        uint256 suspended = wholeSetsOf(member);
        if (!goes) vm.expectRevert();
        vm.prank(member);
        registry.requestExit();
        if (!goes) return;
        model[member] = Standing.Exiting;
        exitsAt[member] = block.timestamp + DELAY + REPORT_TIME;
        joined[member] = 0;
        epochs += suspended;
        ++done["requestExit"];
    }

    function exitOf(uint256 seed) external {
        address member = memberAt[find(seed, Standing.Exiting)];
        bool goes = model[member] == Standing.Exiting && block.timestamp > exitsAt[member];
        uint256 before = balance(token, receiver);
        if (!goes) vm.expectRevert();
        vm.prank(member);
        registry.exit(receiver);
        if (!goes) return;
        vm.assertEq(balance(token, receiver) - before, BOND, "the whole bond");
        if (block.timestamp <= servesUntil[member]) ++early;
        model[member] = Standing.None;
        exitsAt[member] = 0;
        ++exits;
        ++done["exit"];
    }

    /// @dev Two statements, alone or in batches; three times of four they differ, and seldom somebody else signed one.
    function slashMember(uint256 seed, uint8 outcome, uint64 amount) external {
        uint256 index = seed % MEMBERS;
        address member = memberAt[index];
        Subject memory about = subject(member);
        about.round = uint8(seed >> 8);
        Statement memory one = says(Outcome(1 + outcome % 3), amount, EVIDENCE);
        Statement memory other = says(Outcome(1 + outcome % 3), amount, EVIDENCE);
        uint256 differs = (seed >> 16) % 4;
        if (differs == 1) other.outcome = Outcome(1 + (outcome % 3 + 1) % 3);
        if (differs == 2) other.workerAmount += 1;
        if (differs == 3) other.evidenceHash = RESULT;
        bool forged = (seed >> 24) % 8 == 0;
        one = stated(keys[index], about, one, seed >> 32);
        other = stated(forged ? keys[(index + 1) % MEMBERS] : keys[index], about, other, seed >> 64);
        // Seldom enough that a run of some length is not over with everybody slashed.
        if ((seed >> 96) % 2 != 0) (differs, other) = (0, one);
        bool held = model[member] == Standing.Bonded || model[member] == Standing.Exiting;
        bool goes = held && differs != 0 && !forged;
        address reporter = (seed >> 128) % 2 == 0 ? anyone : memberAt[(seed >> 136) % MEMBERS];
        uint256 suspended = wholeSetsOf(member);
        if (!goes) vm.expectRevert();
        vm.prank(reporter);
        registry.slash(about, one, other);
        if (!goes) return;
        model[member] = Standing.Slashed;
        exitsAt[member] = 0;
        joined[member] = 0;
        epochs += suspended;
        credits[reporter] += BOND / 2;
        ++slashes;
        ++done["slash"];
    }

    function withdrawCredit(uint256 seed) external {
        address reporter = anyone;
        for (uint256 i = 0; i < MEMBERS && credits[reporter] == 0; ++i) {
            reporter = memberAt[(seed % MEMBERS + i) % MEMBERS];
        }
        uint256 owed = credits[reporter];
        uint256 before = balance(token, receiver);
        if (owed == 0) vm.expectRevert();
        vm.prank(reporter);
        registry.withdraw(receiver);
        if (owed == 0) return;
        vm.assertEq(balance(token, receiver) - before, owed, "the whole credit");
        credits[reporter] = 0;
        withdrawn += owed;
        ++done["withdraw"];
    }

    /// @dev A job is funded under the first set from a place of the run's choice on that may be whole, if it is admitted.
    function fundUnder(uint256 seed, uint32 length) external {
        uint256 set = seed % SETS;
        for (uint256 i = 0; i < SETS && !whole(set); ++i) {
            set = (set + 1) % SETS;
        }
        uint256 until = block.timestamp + DELAY - length % DELAY;
        if (!registry.admits(nameOf[set], until)) return;
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if ((maskOf[set] >> i) & 1 == 0) continue;
            address member = memberAt[i];
            if (until > servesUntil[member]) servesUntil[member] = until;
        }
        ++done["admitted"];
    }

    function refuseBurns(uint8 mood) external {
        moody.list(BURNT, MoodyToken.Mood(mood % 5));
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + time % 80 days);
    }

    /// @dev Coin that nobody asked for; where bonds are in a token it is not in the way at all.
    function forceCoin(uint64 amount) external {
        if (token != NATIVE) return;
        vm.deal(address(registry), address(registry).balance + amount);
        forced += amount;
    }

    // ------------------------------------------------------------------ what the invariants ask

    /// @dev To the unit; and of what ever came in, all that is not held went back after the delay or was lost to a
    /// slash, and of each of those at least half is burnt.
    function checkMoney() external view {
        uint256 bonds;
        uint256 owed = credits[anyone];
        for (uint256 i = 0; i < MEMBERS; ++i) {
            Standing at = model[memberAt[i]];
            if (at == Standing.Bonded || at == Standing.Exiting) bonds += BOND;
            owed += credits[memberAt[i]];
        }
        uint256 kept = registry.credit(BURNT);
        uint256 burnt = balance(token, BURNT) + kept;
        uint256 rewards = owed + withdrawn;
        vm.assertEq(balance(token, address(registry)), bonds + owed + kept + forced, "holds what it owes");
        vm.assertEq(deposits * BOND, bonds + exits * BOND + burnt + rewards, "nothing is made, nothing is lost");
        vm.assertEq(burnt + rewards, slashes * BOND, "slashed");
        vm.assertGe(burnt, rewards, "at least half is burnt");
        vm.assertEq(early, 0, "returned while it was needed");
    }

    /// @dev A set is admitted while everybody in it is bonded and stays, and for no job that outlives the delay.
    function checkSets() external view {
        for (uint256 set = 0; set < SETS; ++set) {
            bool admits = registry.admits(nameOf[set], block.timestamp + DELAY);
            vm.assertTrue(admits == whole(set), "admitted");
            vm.assertTrue(!registry.admits(nameOf[set], block.timestamp + DELAY + 1), "for longer");
        }
        vm.assertEq(registry.epoch(), epochs, "epoch");
    }

    /// @dev The registry's list of a validator is what it joined; who has no bond, or is on the way out, is in no set.
    function checkMembers() external view {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            address member = memberAt[i];
            Member memory found = registry.members(member);
            bytes32[] memory listed = registry.setsOf(member);
            vm.assertEq(uint256(found.standing), uint256(model[member]), "standing");
            vm.assertEq(found.exitsAt, exitsAt[member], "exitsAt");
            if (found.standing != Standing.Bonded) vm.assertEq(listed.length, 0, "in no set");
            uint256 mask;
            for (uint256 j = 0; j < listed.length; ++j) {
                mask |= 1 << setOf[listed[j]];
            }
            vm.assertEq(mask, joined[member], "listed");
            vm.assertEq(listed.length, bits(mask), "once each");
        }
    }

    /// @dev Whatever happened, everybody can leave with what is theirs, and only what is burnt stays.
    function close() external {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if (model[memberAt[i]] == Standing.Bonded) requestExit(memberAt[i]);
        }
        passDelay();
        for (uint256 i = 0; i < MEMBERS; ++i) {
            address member = memberAt[i];
            if (standing(member) == uint256(Standing.Exiting)) exit(member, receiver);
            withdrawAll(member);
        }
        withdrawAll(anyone);
        vm.assertEq(balance(token, address(registry)), registry.credit(BURNT) + forced, "left over");
    }

    // ------------------------------------------------------------------ steps

    function mayJoin(uint256 index, uint256 set) private view returns (bool) {
        return (maskOf[set] >> index) & 1 != 0 && (joined[memberAt[index]] >> set) & 1 == 0;
    }

    /// @dev Three times of four a member that stands as the action needs, if there is one.
    function find(uint256 seed, Standing wanted) private view returns (uint256 index) {
        index = seed % MEMBERS;
        for (uint256 i = 0; i < MEMBERS && (seed >> 240) % 4 != 0; ++i) {
            if (model[memberAt[(index + i) % MEMBERS]] == wanted) return (index + i) % MEMBERS;
        }
    }

    function withdrawAll(address account) private {
        if (registry.credit(account) == 0) return;
        vm.prank(account);
        registry.withdraw(receiver);
    }

    function stated(uint256 key, Subject memory about, Statement memory said, uint256 way)
        private
        view
        returns (Statement memory)
    {
        uint256 count = (way >> 8) % 6;
        return count == 0 ? alone(key, about, said) : inBatch(key, about, said, (way >> 16) % count, count);
    }

    function wholeSetsOf(address member) private view returns (uint256 count) {
        for (uint256 set = 0; set < SETS; ++set) {
            if ((joined[member] >> set) & 1 != 0 && whole(set)) ++count;
        }
    }

    /// @dev Everybody whom the set names is bonded, has joined, and is on no way out.
    function whole(uint256 set) private view returns (bool) {
        uint256 mask = maskOf[set];
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            address member = memberAt[i];
            if (model[member] != Standing.Bonded || (joined[member] >> set) & 1 == 0) return false;
        }
        return true;
    }

    function bits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
    }
}

"""Gas of the validator registry: whole transactions, from the receipts of a real Anvil under Prague rules.

    .venv/bin/python scripts/bench_registry.py [--json]

Prints operation, gas and ceiling; exits with 1 above a ceiling. Bonds are in native coin, sets of five validators.
`admits, to its caller` is what one cold question adds to a transaction: the least that a caller can do with it, less
the same transaction without it.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from bench_gas import DAY_S, ROOT, Chain, account, chain, word
from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from oracle.terms import ZERO_ADDRESS

BOND = 10**18
EXIT_DELAY_S = 425 * DAY_S
REPORT_TIME_S = 7 * DAY_S
ESCROW = "0x00000000000000000000000000000000000e5C60"
"""Nothing need stand there: the registry computes the domain from the address."""

WORKING = bytes.fromhex("5f545060015450")
"""Reads two slots: below the floor price of its calldata (EIP-7623) a transaction would not show what it does."""
ASKING = WORKING + bytes.fromhex("6044602060003760206000604460006000355afa600051166025575f5ffd5b00")
"""Asks the address in calldata's first word what the next 68 bytes say; reverts unless told yes."""
SILENT = WORKING + bytes.fromhex("00")

CEILINGS = {
    "deposit": 46_000,
    "join, the first of five": 79_000,
    "join, the last of five": 88_000,
    "leave, a registered set": 44_000,
    "requestExit, in one set": 45_000,
    "requestExit, in 16 sets": 220_000,
    "exit": 32_000,
    "slash, two verdicts, the very first": 118_000,
    "slash, two verdicts": 75_000,
    "slash, two leaves of 100": 87_000,
    "withdraw": 32_000,
    "admits, to its caller": 5_200,
}
"""Gas of a whole transaction, operation -> ceiling. Of what a registered set may add to a funding, 6,000, the last row
leaves the escrow 800 for the registry's address in the terms and for its own part of the question. The very first slash
also pays for the burn address's account and the reporter's credit."""


@dataclass(frozen=True)
class Row:
    """One measured transaction."""

    operation: str
    gas: int
    ceiling: int

    @property
    def within(self) -> bool:
        return self.gas <= self.ceiling


class Bench:
    """A registry on the benchmark's chain, and validators with all that they need."""

    def __init__(self, local: Chain) -> None:
        self.local = local
        self.anyone = local.people["anyone"]
        found = json.loads((ROOT / "oracle" / "chain" / "abi" / "ValidatorRegistry.json").read_text())
        factory = local.web3.eth.contract(abi=found["abi"], bytecode=found["bytecode"])
        receipt = local.send(self.anyone, factory.constructor(ZERO_ADDRESS, BOND, EXIT_DELAY_S))
        self.registry = local.web3.eth.contract(address=receipt["contractAddress"], abi=found["abi"])

    def gas(self, sender: LocalAccount, verb: str, *arguments: object, value: int = 0) -> int:
        return int(self.local.send(sender, self.registry.functions[verb](*arguments), value)["gasUsed"])

    def validators(self, label: str, count: int) -> list[LocalAccount]:
        """New ones, ascending by address, each with coin for its bond and its gas."""
        found = [account(f"{label} {i}") for i in range(count)]
        for each in found:
            self._rpc("anvil_setBalance", each.address, hex(10 * BOND))
        return sorted(found, key=lambda each: int(each.address, 16))

    def deposit(self, members: list[LocalAccount]) -> int:
        """Gas of the last one's bond: the registry holds the others' already."""
        return [self.gas(each, "deposit", value=BOND) for each in members][-1]

    def join(self, members: list[LocalAccount], named: list[LocalAccount]) -> list[int]:
        return [self.gas(each, "join", packed(named)) for each in members]

    def slash(self, accused: LocalAccount, count: int) -> int:
        """Two verdicts on one result, signed alone or, with a count, as the first and the last of so many leaves."""
        subject = (accused.address, ESCROW, word("job"), 0, word("result"))
        found = [(outcome, amount, word("evidence")) for outcome, amount in ((1, BOND), (2, 0))]
        messages = [self._message("Verdict", VERDICT, (*subject[2:], *each)) for each in found]
        if count == 0:
            said = [
                (*each, sign(accused, message), 0, 0, word("none"), [])
                for each, message in zip(found, messages, strict=True)
            ]
            return self.gas(self.anyone, "slash", subject, *said)
        leaves = [keccak(text=f"another verdict {i}") for i in range(count)]
        leaves[0], leaves[-1] = (keccak(b"\x00" + message.body) for message in messages)
        root = levels(leaves)[-1][0]
        signature = sign(accused, self._message("BatchVerdict", (("root", "bytes32"),), (root,)))
        said = [
            (*each, signature, count, index, root, audit_path(leaves, index))
            for each, index in zip(found, (0, count - 1), strict=True)
        ]
        return self.gas(self.anyone, "slash", subject, *said)

    def question(self, named: list[LocalAccount]) -> int:
        """What asking whether the set is admitted adds to a transaction, account and slot cold."""
        now = int(self.local.web3.eth.get_block("latest")["timestamp"])
        asked = self.registry.encode_abi("admits", [keccak(packed(named)), now + EXIT_DELAY_S])
        data = bytes.fromhex(self.registry.address[2:]).rjust(32, b"\x00") + bytes.fromhex(asked[2:])
        return self._call(ASKING, data) - self._call(SILENT, data)

    def _call(self, code: bytes, data: bytes) -> int:
        """Gas of a transaction to a contract of this code."""
        place = account(code.hex()).address
        self._rpc("anvil_setCode", place, "0x" + code.hex())
        sent = self.local.web3.eth.send_transaction(
            {"from": self.local.web3.eth.accounts[0], "to": place, "data": data}
        )
        receipt = self.local.web3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.02)
        if receipt["status"] != 1:
            raise RuntimeError("the set was not admitted")
        return int(receipt["gasUsed"])

    def _message(self, name: str, members: tuple[tuple[str, str], ...], values: tuple[Any, ...]) -> SignableMessage:
        domain = {
            "name": "ComputeEscrow",
            "version": "1",
            "chainId": self.local.web3.eth.chain_id,
            "verifyingContract": ESCROW,
        }
        types = {name: [{"name": member, "type": kind} for member, kind in members]}
        return encode_typed_data(
            domain, types, {member: value for (member, _), value in zip(members, values, strict=True)}
        )

    def _rpc(self, method: str, *params: object) -> None:
        answer = self.local.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")


VERDICT = (
    ("job", "bytes32"),
    ("round", "uint8"),
    ("resultHash", "bytes32"),
    ("outcome", "uint8"),
    ("workerAmount", "uint128"),
    ("evidenceHash", "bytes32"),
)


def packed(members: list[LocalAccount]) -> bytes:
    return b"".join(bytes.fromhex(each.address[2:]) for each in members)


def sign(signer: LocalAccount, message: SignableMessage) -> bytes:
    return bytes(signer.sign_message(message).signature)


def levels(leaves: list[bytes]) -> list[list[bytes]]:
    """The tree from the leaves to the root, as contracts/libraries/MerkleRoot.sol defines it."""
    found = [leaves]
    while len(found[-1]) > 1:
        below = found[-1]
        pairs = [keccak(b"\x01" + below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)]
        found.append(pairs + below[len(pairs) * 2 :])
    return found


def audit_path(leaves: list[bytes], index: int) -> list[bytes]:
    """The siblings of a leaf, from the leaf upwards."""
    path = []
    for level in levels(leaves)[:-1]:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        index //= 2
    return path


def measure() -> list[Row]:
    """Every operation, in the order of CEILINGS."""
    gas: dict[str, int] = {}
    with chain() as local:
        bench = Bench(local)
        members = bench.validators("member", 5)
        gas["deposit"] = bench.deposit(members)
        joins = bench.join(members, members)
        gas["join, the first of five"], gas["join, the last of five"] = joins[0], joins[-1]
        gas["admits, to its caller"] = bench.question(members)
        gas["leave, a registered set"] = bench.gas(members[0], "leave", keccak(packed(members)))
        bench.join(members[:1], members)
        gas["requestExit, in one set"] = bench.gas(members[0], "requestExit")
        gas["slash, two verdicts, the very first"] = bench.slash(members[1], 0)
        gas["slash, two verdicts"] = bench.slash(members[2], 0)
        gas["slash, two leaves of 100"] = bench.slash(members[3], 100)
        gas["withdraw"] = bench.gas(bench.anyone, "withdraw", bench.anyone.address)

        busy, *peers = bench.validators("busy", 17)
        bench.deposit([busy, *peers])
        for peer in peers:
            bench.join([busy, peer], [busy, peer])
        gas["requestExit, in 16 sets"] = bench.gas(busy, "requestExit")
        local.warp(EXIT_DELAY_S + REPORT_TIME_S + 1)
        gas["exit"] = bench.gas(members[0], "exit", members[0].address)
    return [Row(operation, gas[operation], ceiling) for operation, ceiling in CEILINGS.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="a list of operation, gas, ceiling")
    as_json = parser.parse_args().json
    rows = measure()
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(f"{'operation':<36} {'gas':>8} {'ceiling':>8}")
        for row in rows:
            print(f"{row.operation:<36} {row.gas:>8,} {row.ceiling:>8,}{'' if row.within else '  ABOVE'}")
    return 0 if all(row.within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

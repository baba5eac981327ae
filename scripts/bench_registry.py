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
from dataclasses import asdict, dataclass, replace

from eth_account.signers.local import LocalAccount
from gas.chain import DAY_S, Chain, account, chain, signature, word
from hexbytes import HexBytes

from oracle.chain.calls import Call
from oracle.chain.registry import RegistryClient, Statement, set_of
from oracle.terms import (
    ZERO_ADDRESS,
    Outcome,
    Verdict,
    batch_digest,
    verdict_digest,
    verdict_inclusion,
    verdict_root,
)

BOND = 10**18
EXIT_DELAY_S = 425 * DAY_S

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
        deployed = local.deploy("ValidatorRegistry", ZERO_ADDRESS, BOND, EXIT_DELAY_S)
        self.registry = RegistryClient(local.calls, deployed.address)
        self.parameters = self.registry.parameters()
        self.admits = deployed.encode_abi

    def validators(self, label: str, count: int) -> list[LocalAccount]:
        """New ones, ascending by address, each with coin for its bond and its gas."""
        found = [account(f"{label} {i}") for i in range(count)]
        for each in found:
            self.local.give_gas_money(each.address)
        return sorted(found, key=lambda each: int(each.address, 16))

    def deposit(self, members: list[LocalAccount]) -> int:
        """Gas of the last one's bond: the registry holds the others' already."""
        return [self.local.send(each, self.registry.deposit(self.parameters)) for each in members][-1]

    def join(self, members: list[LocalAccount], named: list[LocalAccount]) -> list[int]:
        return [self.local.send(each, self.registry.join(addresses(named))) for each in members]

    def slash(self, accused: LocalAccount, count: int) -> int:
        """Two verdicts on one result, signed alone or, with a count, as the first and the last of so many leaves."""
        place = (self.local.chain_id, self.local.escrow)
        one, other = (
            Verdict(word("job"), 0, word("result"), outcome, amount, word("evidence"))
            for outcome, amount in ((Outcome.ACCEPT, BOND), (Outcome.REJECT, 0))
        )
        if count == 0:
            said = [Statement(each, signature(accused, verdict_digest(each, *place))) for each in (one, other)]
        else:
            fill = [replace(one, job=word(f"another job {i}")) for i in range(count - 2)]
            batch = [one, *fill, other]
            signed = signature(accused, batch_digest(verdict_root(batch), *place))
            said = [Statement(batch[i], signed, verdict_inclusion(batch, i)) for i in (0, count - 1)]
        return self.local.send("anyone", self.registry.slash(accused.address, *said))

    def question(self, named: list[LocalAccount]) -> int:
        """What asking whether the set is admitted adds to a transaction, account and slot cold."""
        until = self.local.now() + EXIT_DELAY_S
        asked = self.admits("admits", [HexBytes(set_of(addresses(named))), until])
        data = "0x" + self.registry.address[2:].rjust(64, "0") + asked[2:]
        return self._call(ASKING, data) - self._call(SILENT, data)

    def _call(self, code: bytes, data: str) -> int:
        """Gas of a transaction to a contract of this code, which reverts where the set is not admitted."""
        place = account(code.hex()).address
        self.local.set_code(place, "0x" + code.hex())
        return self.local.send("anyone", Call(place, data))


def addresses(members: list[LocalAccount]) -> list[str]:
    return [each.address for each in members]


def measure() -> list[Row]:
    """Every operation, in the order of CEILINGS."""
    gas: dict[str, int] = {}
    with chain() as local:
        bench = Bench(local)
        registry, send = bench.registry, local.send
        members = bench.validators("member", 5)
        gas["deposit"] = bench.deposit(members)
        joins = bench.join(members, members)
        gas["join, the first of five"], gas["join, the last of five"] = joins[0], joins[-1]
        gas["admits, to its caller"] = bench.question(members)
        gas["leave, a registered set"] = send(members[0], registry.leave(addresses(members)))
        bench.join(members[:1], members)
        gas["requestExit, in one set"] = send(members[0], registry.request_exit())
        gas["slash, two verdicts, the very first"] = bench.slash(members[1], 0)
        gas["slash, two verdicts"] = bench.slash(members[2], 0)
        gas["slash, two leaves of 100"] = bench.slash(members[3], 100)
        gas["withdraw"] = send("anyone", registry.withdraw(local.people["anyone"].address))

        busy, *peers = bench.validators("busy", 17)
        bench.deposit([busy, *peers])
        for peer in peers:
            named = sorted((busy, peer), key=lambda each: int(each.address, 16))
            bench.join([busy, peer], named)
        gas["requestExit, in 16 sets"] = send(busy, registry.request_exit())
        local.warp(registry.member(members[0].address).exits_at)
        gas["exit"] = send(members[0], registry.exit(members[0].address))
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

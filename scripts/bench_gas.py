"""Gas of the escrow's verbs: whole transactions, from the receipts of a real Anvil under Prague rules.

    .venv/bin/python scripts/bench_gas.py [--json | --check | --write]

Prints operation, token, gas and ceiling; exits with 1 above a ceiling. `--check` compares each figure with the
committed snapshot instead, tests/golden/gas.json, which `--write` renews, and prints what moved. The job is the one
the ceilings are stated for: five validators, three of them sign, no fee, one recipient who holds some of the token
already, and an escrow that holds another job's budget.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from gas.chain import ERC20, NATIVE, ROOT, chain
from gas.operations import BATCH, measure

SNAPSHOT = ROOT / "tests" / "golden" / "gas.json"

CEILINGS = {
    ("fund", NATIVE): 60_000,
    ("fund", ERC20): 82_000,
    ("fund, registered set", NATIVE): 66_000,
    ("fund, registered set", ERC20): 88_000,
    ("fund by ERC-3009", ERC20): 125_000,
    ("fund by Permit2", ERC20): 125_000,
    ("fund by Permit2, first of a nonce word", ERC20): 125_000,
    ("submit", NATIVE): 36_000,
    ("submit", ERC20): 36_000,
    ("settle at once, 3 signatures", NATIVE): 66_000,
    ("settle at once, 3 signatures", ERC20): 73_000,
    ("propose, 3 signatures", NATIVE): 56_000,
    ("propose, 3 signatures", ERC20): 56_000,
    ("finalize", NATIVE): 48_000,
    ("finalize", ERC20): 56_000,
    ("refund", NATIVE): 48_000,
    ("refund", ERC20): 55_000,
    (f"batch job of {BATCH} runs, fund + settle, per run", NATIVE): 1_400,
    (f"batch job of {BATCH} runs, fund + settle, per run", ERC20): 1_700,
    (f"settle {BATCH} jobs by one signature set, per job", NATIVE): 18_000,
    (f"settle {BATCH} jobs by one signature set, per job", ERC20): 18_000,
}
"""Gas of a whole transaction, (operation, token) -> ceiling. What has none is measured and kept in the snapshot."""


@dataclass(frozen=True)
class Row:
    """One measured operation."""

    operation: str
    token: str
    gas: int
    ceiling: int | None

    @property
    def within(self) -> bool:
        return self.ceiling is None or self.gas <= self.ceiling


def rows() -> list[Row]:
    """Every operation on both tokens, in the order of CEILINGS, then those without one."""
    with chain() as local:
        gas = {
            (operation, token): used for token in (NATIVE, ERC20) for operation, used in measure(local, token).items()
        }
    order = [*CEILINGS, *(key for key in gas if key not in CEILINGS)]
    return [Row(*key, gas[key], CEILINGS.get(key)) for key in order]


def snapshot_of(found: list[Row]) -> str:
    """The file that is committed: gas by operation and token."""
    gas: dict[str, dict[str, int]] = {}
    for row in found:
        gas.setdefault(row.operation, {})[row.token] = row.gas
    return json.dumps(gas, indent=2) + "\n"


def moved(found: list[Row], snapshot: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each figure that is not the snapshot's."""
    kept = {(operation, token): gas for operation, tokens in snapshot.items() for token, gas in tokens.items()}
    measured = {(row.operation, row.token): row.gas for row in found}
    return [
        f"{' / '.join(key)}: {measured.get(key, 'not measured')}, the snapshot says {kept.get(key, 'nothing')}"
        for key in {**kept, **measured}
        if measured.get(key) != kept.get(key)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a list of operation, token, gas, ceiling")
    form.add_argument("--check", action="store_true", help="fail where a figure is not the committed one")
    form.add_argument("--write", action="store_true", help="renew the committed figures")
    options = parser.parse_args()
    found = rows()
    if options.check:
        return _compare(found)
    if options.write:
        SNAPSHOT.write_text(snapshot_of(found))
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        for row in found:
            mark = "" if row.within else "  ABOVE"
            print(f"{row.operation:<50} {row.token:<7} {row.gas:>8,} {row.ceiling or '-':>8}{mark}")
    return 0 if all(row.within for row in found) else 1


def _compare(found: list[Row]) -> int:
    name = SNAPSHOT.relative_to(ROOT)
    differences = moved(found, json.loads(SNAPSHOT.read_text()))
    if not differences:
        print(f"gas of {len(found)} operations is what {name} says")
        return 0
    renew = "if that is meant: .venv/bin/python scripts/bench_gas.py --write"
    print(f"gas is not what {name} says; {renew}", *differences, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

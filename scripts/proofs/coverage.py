"""Which lines and branches of the contracts their tests run (`make coverage`); exits with 1 below 99% of either.

    .venv/bin/python scripts/proofs/coverage.py [--json] [-v]

forge compiles everything by way of the intermediate language, as the escrow needs, and all but the random runs. Maps of
such code know assembly as one piece, so that forge finds none of its lines run, whatever runs: these lines are counted
apart, and `make mutate` says whether tests notice each of them. A line of which a branch was taken has been run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / ".build/coverage/lcov.info"
LEAST = 0.99
# Of gas, which is another in such code; and of a chain that changes within a test, which the optimizer does not expect.
LEFT_OUT = r"^(test_admission_reads_one_slot_and_nothing_else|test_refuses_verdicts_of_another_chain)\("


@dataclass
class Covered:
    """What was found of one file."""

    lines: dict[int, bool] = field(default_factory=dict)
    branches: list[tuple[int, bool]] = field(default_factory=list)
    assembly: int = 0

    @property
    def missed(self) -> list[int]:
        """Lines that were not run, or of which a branch was not."""
        lines = {line for line, run in self.lines.items() if not run}
        return sorted(lines | {line for line, taken in self.branches if not taken})


def assembly_lines(source: str) -> set[int]:
    """The numbers of the lines inside assembly blocks."""
    found: set[int] = set()
    depth = 0
    for number, line in enumerate(source.splitlines(), 1):
        code = line.partition("//")[0]
        if depth:
            found.add(number)
        elif not code.strip().startswith("assembly"):
            continue
        depth += code.count("{") - code.count("}")
    return found


def read(report: str) -> dict[str, Covered]:
    """By file, what an lcov report says."""
    files: dict[str, Covered] = {}
    hits: dict[int, int] = defaultdict(int)
    taken: dict[tuple[int, str, str], int] = defaultdict(int)
    name = ""
    for entry in report.splitlines():
        kind, _, rest = entry.partition(":")
        if kind == "SF":
            name = rest
            hits.clear()
            taken.clear()
        elif kind == "DA":
            line, count = rest.split(",")[:2]
            hits[int(line)] += int(count)
        elif kind == "BRDA":
            line, block, branch, count = rest.split(",")
            taken[int(line), block, branch] += 0 if count == "-" else int(count)
        elif kind == "end_of_record":
            hidden = assembly_lines((ROOT / name).read_text())
            through = {line for (line, *_), count in taken.items() if count}
            files[name] = Covered(
                {line: count > 0 or line in through for line, count in hits.items() if line not in hidden},
                [(line, count > 0) for (line, *_), count in taken.items() if line not in hidden],
                len(hidden & hits.keys()),
            )
    return files


def share(run: int, total: int) -> str:
    return f"{run} of {total}" + (f" ({run / total:.1%})" if total else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="figures by file, and the lines that were missed")
    parser.add_argument("-v", "--verbose", action="store_true", help="what forge says")
    asked = parser.parse_args()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(
        [
            "sh", "scripts/forge.sh", "coverage", "--ir-minimum", "--exclude-tests", "--no-match-coverage", "^tests/",
            "--no-match-test", LEFT_OUT, "--report", "lcov", "--report-file", str(REPORT),
        ],
        cwd=ROOT,
        env={**os.environ, "FOUNDRY_PROFILE": "coverage"},
        stdout=None if asked.verbose else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    if ran.returncode:
        print((ran.stdout or "")[-4000:], file=sys.stderr)
        return ran.returncode
    files = {name: each for name, each in sorted(read(REPORT.read_text()).items()) if name.startswith("contracts/")}
    lines = [run for each in files.values() for run in each.lines.values()]
    branches = [taken for each in files.values() for _, taken in each.branches]
    if asked.json:
        print(
            json.dumps(
                {
                    name: {
                        "lines": [sum(each.lines.values()), len(each.lines)],
                        "branches": [sum(taken for _, taken in each.branches), len(each.branches)],
                        "assembly": each.assembly,
                        "missed": each.missed,
                    }
                    for name, each in files.items()
                },
                indent=1,
            )
        )
    else:
        print("| file | lines | branches | lines of assembly | missed |\n|---|---|---|---|---|")
        for name, each in files.items():
            run = share(sum(each.lines.values()), len(each.lines))
            taken = share(sum(taken for _, taken in each.branches), len(each.branches))
            missed = ", ".join(map(str, each.missed))
            print(f"| `{name.removeprefix('contracts/')}` | {run} | {taken} | {each.assembly or ''} | {missed} |")
        assembly = sum(each.assembly for each in files.values())
        print(f"| all | {share(sum(lines), len(lines))} | {share(sum(branches), len(branches))} | {assembly} | |")
    good = sum(lines) >= LEAST * len(lines) and sum(branches) >= LEAST * len(branches)
    return 0 if good and lines and branches else 1


if __name__ == "__main__":
    sys.exit(main())

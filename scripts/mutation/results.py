"""What became of each mutant: kept as it is found out, and written into contracts/MUTANTS.md."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from mutation.compiling import ROOT, WORK
from mutation.mutants import Mutant

RESULTS = WORK / "results.jsonl"
PAGE = ROOT / "contracts/MUTANTS.md"
TOO_LONG = "(took too long)"


def read_results() -> dict[tuple[str, str], dict[str, Any]]:
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {(row["name"], row["sources"]): row for row in map(json.loads, lines)}


def record(mutant: Mutant, digest: str, result: str, by: str, seconds: float) -> None:
    row = {
        "name": mutant.name,
        "sources": digest,
        "result": result,
        "by": by,
        "seconds": round(seconds, 1),
        **asdict(mutant),
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(f"{result:9} {seconds:5.1f} s {mutant.file}:{mutant.line} {mutant.name}  {by}", file=sys.stderr, flush=True)


def summary(rows: list[dict[str, Any]], total: int) -> str:
    counts = Counter(row["result"] for row in rows)
    return (
        f"{counts['killed']} killed, {counts['survived']} survived, {counts['does not compile']} do not compile; "
        f"{len(rows)} of {total} mutants; {len(timed_out(rows))} killed by the time limit"
    )


def timed_out(rows: list[dict[str, Any]]) -> list[str]:
    """Mutants that no test failed on, but that did not come to an end."""
    return [row["name"] for row in rows if row["by"] == TOO_LONG]


HEADING = "| file | mutants | killed | survived |"


def write_page(rows: list[dict[str, Any]], total: int) -> None:
    """Figures and survivors; reasons that are there already stay."""
    page = PAGE.read_text()
    reasons = dict(re.findall(r"^\| (.+?) \| (.*?) \|$", page, re.M))
    per_file: dict[str, Counter[str]] = {}
    for row in rows:
        per_file.setdefault(row["file"], Counter())[row["result"]] += 1
    lines = [HEADING, "|---|---|---|---|"]
    for file, counts in sorted(per_file.items()):
        lines.append(
            f"| `{file}` | {counts['killed'] + counts['survived']} | {counts['killed']} | {counts['survived']} |"
        )
    killed, survived = (sum(counts[result] for counts in per_file.values()) for result in ("killed", "survived"))
    lines += [f"| all | {killed + survived} | {killed} | {survived} |", ""]
    endless = timed_out(rows)
    lines += [
        f"{len(endless)} of the killed were noticed by not coming to an end.",
        "",
        "| survivor | why |",
        "|---|---|",
    ]
    for row in rows:
        if row["result"] == "survived":
            lines.append(f"| {row['name']} | {reasons.get(row['name'], '')} |")
    head = page.split("<!-- generated -->")[0]
    PAGE.write_text(head + "<!-- generated -->\n" + "\n".join(lines) + "\n")

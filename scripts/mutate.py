"""Mutation tests of the contracts: changes them in every small way and asks whether a test notices (`make mutate`).

    .venv/bin/python scripts/mutate.py --only contracts/JobEscrow.sol
    .venv/bin/python scripts/mutate.py --sample 100 --seed 7 --json
    .venv/bin/python scripts/mutate.py --again          # survivors only, after tests were added

A mutant is killed where a test that passes on the unchanged contract fails. Results are kept in .build/mutants/ and not
asked for again while the sources are the same. `--write` puts figures and survivors into contracts/MUTANTS.md, where
each survivor needs a reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mutants import FIRST, Mutant, find, schema

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".build/mutants"
TREE = WORK / "tree"
RESULTS = WORK / "results.jsonl"
PAGE = ROOT / "contracts/MUTANTS.md"

FILES = ("contracts/JobEscrow.sol", "contracts/ValidatorRegistry.sol", "contracts/escrow", "contracts/libraries")
TARGETS = {"JobEscrow": "contracts/JobEscrow.sol", "ValidatorRegistry": "contracts/ValidatorRegistry.sol"}
PERMIT2 = "tests/node/node_modules/@uniswap/v4-periphery/foundry-out/DeployPermit2.sol"
GROUP = 150  # mutants in one compilation: code may not grow without end
REMAPPINGS = [
    "@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
    "solady/=node_modules/solady/src/",
]
# Which test contracts to run, and which of them not: first the quick ones, then what random runs find.
TESTS = {
    "JobEscrow": (
        ("", "^(Registry|Adapters|Golden|PromisesTest|AllPromises|RandomRuns)"),
        ("^(AllPromises|RegistryEscrow|Golden)", ""),
    ),
    "ValidatorRegistry": (("^Registry", "^Registry(Invariants|Escrow)"), ("^Registry(Invariants|Escrow)", "")),
}
GAS_LIMIT = 10**10  # a loop without end stops there, in seconds
TIMEOUT_S = 60  # and is noticed by that where it costs no gas to speak of; more where tests that pass take long
TOO_LONG = "(took too long)"
RUNS = (16, 4)  # of fuzz tests in the first, of invariants in the second
Sources = dict[str, bytes]


def compiled(sources: Sources, select: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """What the compiler answers."""
    asked = {
        "language": "Solidity",
        "sources": {name: {"content": text.decode()} for name, text in sources.items()},
        "settings": {
            "remappings": REMAPPINGS,
            "evmVersion": "prague",
            "metadata": {"bytecodeHash": "none"},
            "outputSelection": select,
            **settings,
        },
    }
    (solc,) = (ROOT / ".solcx").glob("solc-v*")
    ran = subprocess.run(
        [solc, "--standard-json", "--base-path", ROOT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def errors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [error for error in answer.get("errors", []) if error["severity"] == "error"]


def sources_of(target: str) -> tuple[Sources, dict[str, Any]]:
    """All files that a contract is made of, and their syntax trees."""
    path = TARGETS[target]
    answer = compiled({path: (ROOT / path).read_bytes()}, {"*": {"": ["ast"]}})
    if errors(answer):
        sys.exit(errors(answer)[0]["formattedMessage"])
    trees = {name: each["ast"] for name, each in answer["sources"].items()}
    for tree in trees.values():
        tree["joined"] = [other for other in trees.values() if other is not tree]
    return {name: (ROOT / name).read_bytes() for name in trees}, trees


def without_comments(source: bytes) -> bytes:
    """Words of the code: a comment changes no result."""
    return b" ".join(re.sub(rb"/\*.*?\*/|//[^\n]*", b"", source, flags=re.DOTALL).split())


def grouped(mutants: list[Mutant]) -> list[list[Mutant]]:
    return [mutants[i : i + GROUP] for i in range(0, len(mutants), GROUP)]


def bytecode(
    target: str, sources: Sources, tree: Any, group: list[Mutant]
) -> tuple[str, dict[int, Mutant], list[Mutant]]:
    """Creation code that holds all these mutants but those that do not compile, which come back too."""
    file = group[0].file
    numbered = dict(enumerate(group, FIRST))
    broken: list[Mutant] = []
    while True:
        text, marks = schema(sources[file], tree, numbered)
        found = errors(compiled({**sources, file: text}, {TARGETS[target]: {target: ["abi"]}}))
        if not found:
            break
        bad = set()
        for error in found:
            place = error.get("sourceLocation", {})
            inside = [m for m in marks if place.get("file") == file and m[0] <= place["end"] and place["start"] <= m[1]]
            if inside:
                closest = min(
                    inside, key=lambda m: (abs(m[0] - place["start"]) + abs(m[1] - place["end"]), m[1] - m[0])
                )
                bad.add(closest[2])
            elif place.get("file") == file:
                # An overloaded function is complained about by its name, which lies before its arguments.
                bad |= {min((m for m in marks if m[0] >= place["start"]), default=(0, 0, 0))[2]} & numbered.keys()
        if not bad:
            (WORK / "failed.sol").write_bytes(text)
            sys.exit(f"mutate.py: cannot tell which mutant does not compile: {found[0]['formattedMessage']}")
        broken += [numbered.pop(number) for number in bad]
    kept = WORK / f"{hashlib.sha256(repr((target, text, sorted(sources.items()))).encode()).hexdigest()[:32]}.hex"
    if kept.exists():
        return kept.read_text(), numbered, broken
    answer = compiled(
        {**sources, file: text},
        {TARGETS[target]: {target: ["evm.bytecode.object"]}},
        viaIR=True,
        optimizer={"enabled": False},
    )
    if errors(answer):
        (WORK / "failed.sol").write_bytes(text)
        sys.exit(errors(answer)[0]["formattedMessage"])
    code: str = answer["contracts"][TARGETS[target]][target]["evm"]["bytecode"]["object"]
    kept.write_text(code)
    return code, numbered, broken


def alone(target: str, sources: Sources, tree: Any, mutant: Mutant) -> str | None:
    """Creation code of one mutant of a constructor, whose own code ends with its arguments and not with a number; None
    if it does not compile."""
    text, _ = schema(sources[mutant.file], tree, {FIRST: mutant})
    text = text.replace(f"isMutant({FIRST})".encode(), b"true")
    answer = compiled(
        {**sources, mutant.file: text},
        {TARGETS[target]: {target: ["evm.bytecode.object"]}},
        viaIR=True,
        optimizer={"enabled": False},
    )
    if errors(answer):
        return None
    code: str = answer["contracts"][TARGETS[target]][target]["evm"]["bytecode"]["object"]
    return code


def prepare() -> None:
    """A copy of the tree with everything compiled, in which artifacts can be replaced."""
    subprocess.run(["sh", "scripts/forge.sh", "build", "-q"], cwd=ROOT, check=True)
    if TREE.exists():
        shutil.rmtree(TREE)
    TREE.mkdir(parents=True)
    for name in ("contracts", "tests/contracts", "tests/golden", "out", "forge-cache"):
        shutil.copytree(ROOT / name, TREE / name)
    # Copies and no links: forge would look through a link, take each library for another one, and compile all again.
    for name in ("node_modules/@openzeppelin/contracts", "node_modules/solady/src", PERMIT2):
        shutil.copytree(ROOT / name, TREE / name)
    shutil.copy(ROOT / "foundry.toml", TREE / "foundry.toml")
    (TREE / ".solcx").symlink_to(ROOT / ".solcx")


def install(target: str, code: str) -> None:
    path = TREE / f"out/{target}.sol/{target}.json"
    artifact = json.loads(path.read_text())
    artifact["bytecode"]["object"] = "0x" + code
    path.write_text(json.dumps(artifact))


def forge(contracts: tuple[str, str], skipped: list[str], runs: int, limit: float) -> tuple[list[str], int]:
    """Failed tests, and how many were run, within `limit` seconds."""
    command = [
        "sh", str(ROOT / "scripts/forge.sh"), "test", "--root", str(TREE), "--json", "--fail-fast",
        "--threads", "2",
    ]  # fmt: skip
    for option, pattern in zip(("--match-contract", "--no-match-contract"), contracts, strict=True):
        command += [option, pattern] if pattern else []
    if skipped:
        command += ["--no-match-test", "^(" + "|".join(skipped) + r")\("]
    environment = {
        "FOUNDRY_FUZZ_RUNS": str(runs),
        "FOUNDRY_INVARIANT_RUNS": str(runs),
        "FOUNDRY_FUZZ_SEED": "0x1",
        "FOUNDRY_GAS_LIMIT": str(GAS_LIMIT),
    }
    try:
        ran = subprocess.run(
            command, cwd=TREE, capture_output=True, text=True, env={**os.environ, **environment}, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return [TOO_LONG], 0
    line = next((line for line in ran.stdout.splitlines() if line.startswith("{")), "")
    if not line:
        sys.exit(f"mutate.py: forge said no result:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
    failed, count = [], 0
    for suite, result in json.loads(line).items():
        for test, outcome in result["test_results"].items():
            count += 1
            if outcome["status"] == "Failure":
                failed.append(f"{suite.split(':')[-1]}.{test.split('(')[0]}")
    return failed, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="FILE", action="append", help="a file or folder below contracts/")
    parser.add_argument("--sample", metavar="N", type=int, help="so many mutants, drawn with --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--again", action="store_true", help="ask again for the survivors, of the tests as they are now"
    )
    parser.add_argument("--list", action="store_true", help="say what the mutants are, and run nothing")
    parser.add_argument("--json", action="store_true", help="results as JSON, one object a line")
    parser.add_argument("--write", action="store_true", help="write contracts/MUTANTS.md from the results")
    asked = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    wanted = tuple(asked.only or FILES)

    made: dict[str, tuple[Sources, Any]] = {target: sources_of(target) for target in TARGETS}
    mutants: list[tuple[str, str, Mutant]] = []
    for target, (sources, trees) in made.items():
        code = b"".join(without_comments(sources[name]) for name in sorted(sources))
        digest = hashlib.sha256(code).hexdigest()[:16]
        for file in sorted(sources, key=lambda name: name != "contracts/JobEscrow.sol"):
            # The registry is asked only for what nothing of the escrow noticed: of libraries that both use.
            if not file.startswith(FILES) or not file.startswith(wanted):
                continue
            mutants += [(target, digest, mutant) for mutant in find(file, sources[file], trees[file])]
    names = list({mutant.name: mutant for _, _, mutant in mutants})
    total = len(names)
    if asked.sample is not None and asked.sample < total:
        names = random.Random(asked.seed).sample(names, asked.sample)
        mutants = [each for each in mutants if each[2].name in set(names)]
    if asked.list:
        for mutant in {each.name: each for _, _, each in mutants}.values():
            print(f"{mutant.file}:{mutant.line} {mutant.name}")
        print(f"{len(names)} of {total} mutants", file=sys.stderr)
        return

    digests = {digest for _, digest, _ in mutants}
    if not asked.write:
        for target in TARGETS:
            known = read_results()
            noticed = {name for (name, of), row in known.items() if of in digests and row["result"] != "survived"}
            open_ = [
                each for each in mutants
                if each[0] == target and each[2].name not in noticed
                and (asked.again or (each[2].name, each[1]) not in known)
            ]  # fmt: skip
            run(open_, made)
    known = read_results()
    found = {}
    for _, digest, mutant in mutants:
        row = known.get((mutant.name, digest))
        if row is not None and (mutant.name not in found or found[mutant.name]["result"] == "survived"):
            found[mutant.name] = row
    rows = list(found.values())
    for row in rows:
        if asked.json:
            print(json.dumps(row))
        elif row["result"] == "survived":
            print(f"survived {row['file']}:{row['line']} {row['name']}")
    print(summary(rows, total), file=sys.stderr)
    if asked.write:
        write_page(rows, total)


def read_results() -> dict[tuple[str, str], dict[str, Any]]:
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {(row["name"], row["sources"]): row for row in map(json.loads, lines)}


def run(mutants: list[tuple[str, str, Mutant]], made: dict[str, tuple[Sources, Any]]) -> None:
    if not mutants:
        return
    prepare()
    for target in dict.fromkeys(target for target, _, _ in mutants):
        original = (TREE / f"out/{target}.sol/{target}.json").read_bytes()
        skipped: list[str] = []
        limits: list[float] = [TIMEOUT_S] * len(RUNS)
        sources, trees = made[target]
        for file in dict.fromkeys(mutant.file for each, _, mutant in mutants if each == target):
            (digest,) = {digest for each, digest, mutant in mutants if each == target and mutant.file == file}
            of_file = [mutant for each, _, mutant in mutants if each == target and mutant.file == file]
            for group in grouped([mutant for mutant in of_file if mutant.function != "constructor"]):
                code, numbered, broken = bytecode(target, sources, trees[file], group)
                for mutant in broken:
                    record(mutant, digest, "does not compile", "", 0)
                # Tests that the unoptimised code fails with no mutant on, such as those of gas, kill nothing.
                install(target, code[:-4] + f"{FIRST - 1:04x}")
                skipped, limits = baseline(target)
                for number, mutant in numbered.items():
                    install(target, code[:-4] + f"{number:04x}")
                    ask(target, mutant, digest, skipped, limits)
            for mutant in (each for each in of_file if each.function == "constructor"):
                lone = alone(target, sources, trees[file], mutant)
                if lone is None:
                    record(mutant, digest, "does not compile", "", 0)
                    continue
                install(target, lone)
                ask(target, mutant, digest, skipped, limits)
        (TREE / f"out/{target}.sol/{target}.json").write_bytes(original)


def ask(target: str, mutant: Mutant, digest: str, skipped: list[str], limits: list[float]) -> None:
    """Whether a test fails on what is installed."""
    began, failed = time.monotonic(), [""]
    for contracts, runs, limit in zip(TESTS[target], RUNS, limits, strict=True):
        failed, _ = forge(contracts, skipped, runs, limit)
        if failed:
            break
    record(mutant, digest, "killed" if failed else "survived", ", ".join(failed), time.monotonic() - began)


def baseline(target: str) -> tuple[list[str], list[float]]:
    """Tests to leave out, and how long each kind of run may take: ten times what it takes with no mutant on."""
    skipped: list[str] = []
    limits: list[float] = []
    for contracts, runs in zip(TESTS[target], RUNS, strict=True):
        while True:
            began = time.monotonic()
            failed, count = forge(contracts, skipped, runs, 10 * TIMEOUT_S)
            if not failed:
                break
            if TOO_LONG in failed or any(name.endswith(".setUp") for name in failed):
                sys.exit(f"mutate.py: {', '.join(failed)} failed on unchanged code: run `make test` first")
            skipped += [name.split(".")[1] for name in failed]
        limits.append(max(TIMEOUT_S, 10 * (time.monotonic() - began)))
        print(f"  {count} tests of {target}; left out: {', '.join(skipped) or 'none'}", file=sys.stderr, flush=True)
    return skipped, limits


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


if __name__ == "__main__":
    main()

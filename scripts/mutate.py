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
import shutil
import subprocess
import sys
import time
from typing import Any

from mutation.compiling import (
    ROOT,
    TARGETS,
    WORK,
    Sources,
    alone,
    bytecode,
    grouped,
    sources_of,
    without_comments,
)
from mutation.mutants import FIRST, Mutant, find
from mutation.results import TOO_LONG, read_results, record, summary, write_page

TREE = WORK / "tree"

FILES = ("contracts/JobEscrow.sol", "contracts/ValidatorRegistry.sol", "contracts/escrow", "contracts/libraries")
PERMIT2 = "tests/node/node_modules/@uniswap/v4-periphery/foundry-out/DeployPermit2.sol"
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
RUNS = (16, 4)  # of fuzz tests in the first, of invariants in the second


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


if __name__ == "__main__":
    main()

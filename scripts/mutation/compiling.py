"""Compiles the contracts with their mutants in them."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mutation.mutants import FIRST, Mutant, schema

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build/mutants"

TARGETS = {"JobEscrow": "contracts/JobEscrow.sol", "ValidatorRegistry": "contracts/ValidatorRegistry.sol"}
GROUP = 150  # mutants in one compilation: code may not grow without end
REMAPPINGS = [
    "@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
    "solady/=node_modules/solady/src/",
]
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

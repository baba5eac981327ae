"""What is known in one place only: a second one would be missed by whoever changes the first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORED = {"oracle/validator/service.py", "oracle/cli/judging/ordered.py"}
"""Readers of packed terms as the artifact store has them, in bytes."""

TWICE = {
    # The contract's event, whose name is its ABI's, and the event of the job's record, whose kind is signed.
    "Cancelled",
    "Disputed",
    "Settled",
    "Submitted",
    # The exit codes of `compute` and of `compute-oracle`, which may not import one another.
    "Exit",
}
"""Class names that may stand twice, and why."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax of every module of both packages."""
    for package in ("oracle", "router"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def test_terms_in_hex_are_read_by_one_function() -> None:
    unpacking = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "unpack_terms"
    }
    assert unpacking == STORED | {"oracle/terms/job_terms.py"}


def test_a_document_that_people_wrote_is_parsed_once() -> None:
    parsing = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "read_document"
    }
    # A spec, a policy file, the operator's policy, and what the library writes for a program's own spec.
    assert parsing == {
        "oracle/spec/reading/source.py",
        "oracle/spec/policy_file.py",
        "router/control/gates/policy.py",
        "router/library/specs.py",
    }


def test_a_route_is_computed_by_one_function() -> None:
    gathering = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RouteFacts"
    }
    assert gathering == {"router/control/operating/offering/assess.py"}


def test_no_class_name_stands_twice() -> None:
    found: dict[str, list[str]] = {}
    for path, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(path)
    assert {name: paths for name, paths in found.items() if len(paths) > 1 and name not in TWICE} == {}
    assert {name for name in TWICE if len(found[name]) != 2} == set(), "these stand once now: take them off the list"

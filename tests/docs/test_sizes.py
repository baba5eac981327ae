"""No module past 400 lines, no folder past a dozen modules: whoever looks for something reads a page of names."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py", ".sol", ".sh", ".js", ".mjs"}
LINES = 400
MODULES = 12
LONG = {
    "contracts/JobEscrow.sol": "every promise of the contract in one place, for who audits it",
    "tests/calibration/spaces.py": "one entry for each method",
    "tests/conformance/test_stores.py": "all that every event store promises",
    "tests/contracts/Adapters.t.sol": "one file for a contract",
    "tests/contracts/Batch.t.sol": "one file for a verb",
    "tests/contracts/Fund.t.sol": "one file for a verb",
    "tests/contracts/Propose.t.sol": "one file for a verb",
    "tests/contracts/RegistrySlash.t.sol": "one file for a verb",
    "tests/contracts/support/Model.sol": "one model of the whole contract",
    "tests/integration/test_ibm_faults.py": "every fault that the emulator plays",
    "tests/integration/test_unsteady_node.py": "every fault that the node plays",
    "tests/integration/test_validator_processes.py": "the stories of one stack, started once",
    "tests/integration/test_validator_ticks.py": "the stories of one chain, started once",
    "tests/scenario_player.py": "one step of a scenario for each verb",
    "tests/unit/chain/transactions/test_effects.py": "every order in which an effect can be cut off",
    "tests/unit/console/test_cli_simulate.py": "the stories of one simulation, run once",
    "tests/unit/control/gates/test_gates.py": "every gate at both of its edges, in one table",
    "tests/unit/control/report/sample.py": "one sample for every part of the report",
}
"""Modules past 400 lines, and why they are not two."""
WIDE = {
    "tests": "what tests of several folders share; pytest finds it there",
    "tests/contracts": "one file for each verb",
    "tests/contracts/support": "what those share",
    "tests/integration": "each a story over real parts, with the fixtures of one conftest.py",
}
"""Folders past a dozen modules, README and __init__ apart, and why they are not two."""


@pytest.fixture(scope="module")
def modules() -> list[str]:
    """Every module of code that is tracked."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if PurePosixPath(name).suffix in CODE and (ROOT / name).exists()]


def test_no_module_is_longer_than_400_lines_without_its_reason(modules: list[str]) -> None:
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in modules}
    assert {name: length for name, length in lengths.items() if length > LINES and name not in LONG} == {}
    assert {name for name in LONG if lengths.get(name, 0) <= LINES} == set(), "these need no reason any more"


def test_no_folder_has_more_than_a_dozen_modules_without_its_reason(modules: list[str]) -> None:
    counted = Counter(str(PurePosixPath(name).parent) for name in modules if not name.endswith("__init__.py"))
    assert {folder: n for folder, n in counted.items() if n > MODULES and folder not in WIDE} == {}
    assert {folder for folder in WIDE if counted[folder] <= MODULES} == set(), "these need no reason any more"

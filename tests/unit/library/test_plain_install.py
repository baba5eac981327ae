"""A plain install is a validator's; what is left out is refused by the name of the extra that brings it."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from plain_install import installed_with, ran

from oracle.cli import main as oracle_cli
from router.extras import EXTRAS, ExtraMissing, behind, require

ROOT = Path(__file__).parents[3]
EVERY_MODULE = """
import importlib, pkgutil, oracle
for module in pkgutil.walk_packages(oracle.__path__, "oracle."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def test_a_plain_install_has_no_simulator_no_ibm_client_no_workflows_and_no_database() -> None:
    plain, everything = installed_with(()), installed_with(("all",))
    for extra, names in EXTRAS.items():
        assert plain.isdisjoint(names), extra
        assert set(names) <= installed_with((extra,)) <= everything


def test_a_validator_without_any_extra_judges_a_stored_result_to_the_same_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "docs" / "judging", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    kept = ("--qasm", "circuit2.qasm", "--shots-json", "shots.json", "--baseline", "baseline.json", "--save", "verdict")
    assert CliRunner().invoke(oracle_cli, ["judge", *kept]).exit_code == 0
    asked = ("judge", "job.yaml", "verdict/shots.bin", "--baseline", "verdict/baseline.json", "--json")
    here = CliRunner().invoke(oracle_cli, list(asked))
    there = ran("oracle.cli", *asked, folder=tmp_path)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout)["outcome"] == "accept"
    assert json.loads(there.stdout)["digest"] == json.loads(here.stdout)["digest"]


def test_no_module_of_oracle_imports_what_only_an_extra_brings(tmp_path: Path) -> None:
    done = ran("-c", EVERY_MODULE, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ran("-c", "import qiskit_aer", folder=tmp_path).returncode != 0, "nothing is refused"


@pytest.mark.parametrize(
    ("extras", "words", "missing"),
    [
        ((), ("quantum", "simulate", "job.yaml"), "router"),
        (("router",), ("up",), "worker"),
        (("router",), ("demo",), "worker,ibm"),
        (("router", "worker"), ("quantum", "vertex", "job/job.yaml", "--device", "fake_torino"), "ibm"),
    ],
)
def test_a_command_without_its_extra_names_it_and_how_to_install_it(
    tmp_path: Path, extras: tuple[str, ...], words: tuple[str, ...], missing: str
) -> None:
    if "vertex" in words:
        assert ran("router.console.entry", "quantum", "init", "job", extras=extras, folder=tmp_path).returncode == 0
    done = ran("router.console.entry", *words, "--json", extras=extras, folder=tmp_path)
    if done.returncode == 0 and words[0] == "up":  # it has to end before the test fails
        ran("router.console.entry", "down", extras=tuple(EXTRAS), folder=tmp_path)
    assert done.returncode == 5, done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    assert error["reason"].startswith("needs the extra")
    assert error["remedy"] == f"pip install 'compute-escrow[{missing}]'"
    assert not (tmp_path / ".compute").exists(), "something was made"


def test_a_simulator_that_is_not_installed_is_a_reason_against_its_targets(tmp_path: Path) -> None:
    assert ran("router.console.entry", "quantum", "init", "job", extras=("router",), folder=tmp_path).returncode == 0
    done = ran("router.console.entry", "route", "job/job.yaml", "--json", extras=("router",), folder=tmp_path)
    against = [line for each in json.loads(done.stdout)["candidates"] for line in each["against"]]
    assert "pip install 'compute-escrow[worker]'" in " ".join(against)


def test_the_extras_in_the_code_are_those_of_the_package() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert stated.pop("all") == [f"compute-escrow[{','.join(EXTRAS)}]"]
    named = {extra: tuple(each.partition(">")[0] for each in requirements) for extra, requirements in stated.items()}
    assert named == dict(EXTRAS)


def test_an_import_that_no_extra_would_mend_stays_what_it_is() -> None:
    require(*EXTRAS)
    assert behind(ModuleNotFoundError("No module named 'oracel'", name="oracel")) is None
    found = behind(ModuleNotFoundError("No module named 'qiskit_aer.noise'", name="qiskit_aer.noise"))
    assert isinstance(found, ExtraMissing)
    assert found.extras == ("worker",)

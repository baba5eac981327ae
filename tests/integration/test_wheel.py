"""A validator that installed the wheel and has nothing of this repository judges to the same digest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from oracle.cli import main

ROOT = Path(__file__).parents[2]
RESULT = ("--qasm", "circuit2.qasm", "--shots-json", "shots.json", "--baseline", "baseline.json", "--save", "verdict")
JOB = ("job.yaml", "verdict/shots.bin", "--baseline", "verdict/baseline.json", "--json")


def ran(*command: object, folder: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONNOUSERSITE": "1"}
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the wheel in it.

    Dependencies are those of this environment, by a path file: installing them again takes minutes. A path file adds a
    folder and does not read the path files in it, so that the editable install of this repository stays out.
    """
    folder = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", folder=ROOT)
    (wheel,) = (folder / "dist").glob("compute_escrow-*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    ran(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, folder=folder)
    (site,) = (folder / "venv" / "lib").glob("python3.*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


@pytest.mark.slow
def test_the_installed_command_judges_a_stored_result_to_the_same_digest(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "docs" / "judging", tmp_path, dirs_exist_ok=True)
    where = ran(installed / "python", "-c", "import oracle, router; print(oracle.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent), "the wheel's own package, not the repository's"
    published = ran(installed / "compute-oracle", "judge", *RESULT, folder=tmp_path)
    stored = json.loads(ran(installed / "compute-oracle", "judge", *JOB, folder=tmp_path))

    monkeypatch.chdir(tmp_path)
    here = CliRunner().invoke(main, ["judge", *RESULT])
    assert published.splitlines()[-1] == here.stdout.splitlines()[-1]
    again = json.loads(CliRunner().invoke(main, ["judge", *JOB]).stdout)
    assert (stored["digest"], stored["outcome"]) == (again["digest"], "accept")

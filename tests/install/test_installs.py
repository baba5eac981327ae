"""The wheel and each of its extras, by pip, in an empty environment: what that takes, and that it does its work.

Slow, and it asks the package registry, so `make test-install` runs it and `make test` does not. Prints the table that
the README has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from router.extras import EXTRAS

ROOT = Path(__file__).parents[2]
RESULT = ("--qasm", "circuit2.qasm", "--shots-json", "shots.json", "--baseline", "baseline.json", "--json")
KINDS = ("", *EXTRAS, "all")


def ran(*command: object, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    environment = kept | {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONNOUSERSITE": "1"}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    (built,) = folder.glob("compute_escrow-*.whl")
    return built


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions of the lock, as constraints: what is measured is what the tests run with."""
    text = (ROOT / "requirements" / "runtime.txt").read_text()
    pins = [line.rstrip(" \\") for line in re.findall(r"^[a-z].*$", text, re.M)]
    file = tmp_path_factory.mktemp("versions") / "constraints.txt"
    file.write_text("\n".join(re.sub(r"\[.*?\]", "", pin) for pin in pins) + "\n")
    return file


def megabytes(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind or "plain")
def test_an_installation_does_its_work_and_refuses_the_rest(
    wheel: Path, versions: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "docs" / "judging", tmp_path, dirs_exist_ok=True)
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python3.*/site-packages")
    wanted = f"{wheel}[{kind}]" if kind else str(wheel)
    begun = time.monotonic()
    pip = (sys.executable, "-m", "pip", "--python", python)
    ran(*pip, "install", "--no-compile", "-c", versions, wanted, folder=tmp_path)
    seconds, size = time.monotonic() - begun, megabytes(site)
    packages = len(list(site.glob("*.dist-info")))
    with capsys.disabled():
        command = f"pip install 'compute-escrow[{kind}]'" if kind else "pip install compute-escrow"
        print(f"\n| `{command}` | {packages} | {size} MB | {seconds:.0f} s |")

    judged = json.loads(ran(python.with_name("compute-oracle"), "judge", *RESULT, folder=tmp_path).stdout)
    assert judged["digest"] == "0x9cef1ff962478df211b0600f8a57f7b5c44c078050e6baf498e5ee0d41acff0c"
    compute = python.with_name("compute")
    if kind == "all":
        for extra in EXTRAS:
            ran(python, "-c", f"from router.extras import require; require({extra!r})", folder=tmp_path)
        ran(compute, "quantum", "init", "job", folder=tmp_path)
        ran(compute, "quantum", "simulate", "job/job.yaml", folder=tmp_path)
    elif kind == "router":
        assert "compute-escrow[worker]" in ran(compute, "up", folder=tmp_path, code=5).stderr
    else:
        assert "compute-escrow[router]" in ran(compute, "up", folder=tmp_path, code=5).stderr

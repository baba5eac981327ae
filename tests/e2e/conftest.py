"""A local stack as a user starts it, and the command line as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMPUTE = Path(sys.executable).with_name("compute")
PATIENCE_S = 240


@dataclass(frozen=True)
class Answer:
    """What one command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """A terminal in `folder`: commands run there, with a home folder that stays empty."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *words: str, code: int = 0) -> Answer:
        """Run `compute` with `words` and insist on its exit code."""
        done = subprocess.run(
            [str(COMPUTE), *words],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == code, f"compute {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Answer(done.returncode, done.stdout, done.stderr)

    def stack(self) -> Any:
        """The stack's record."""
        return json.loads((self.folder / ".compute" / "stack.json").read_text())

    def pid(self, name: str) -> int:
        """The pid of one process of the stack."""
        return next(process["pid"] for process in self.stack()["processes"] if process["name"] == name)


def terminal_in(folder: Path) -> Terminal:
    """A terminal in `folder` with an environment that holds nothing of the machine's."""
    empty_home = folder / "home"
    empty_home.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(empty_home), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    return Terminal(folder, environment)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal without a stack."""
    return terminal_in(tmp_path)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal with a running stack, which ends with the module."""
    running = terminal_in(tmp_path_factory.mktemp("stack"))
    running("up")
    try:
        yield running
    finally:
        running("down")

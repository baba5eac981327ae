"""The command line as a user types it, for every test that types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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

    def having(self, **variables: str) -> Terminal:
        """The same terminal with more in its environment."""
        return replace(self, environment={**self.environment, **variables})

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

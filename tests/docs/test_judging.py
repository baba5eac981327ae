"""The page on judging shows what is really printed: every command of it is run, on its own example files."""

from __future__ import annotations

import re
import shlex
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from qiskit.primitives import StatevectorSampler

from oracle.artifacts import unpack
from oracle.circuits import load_qasm
from oracle.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "judging.md").read_text()
SHOWN = re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.S)
CODE = {"accept": 0, "reject": 6, "inconclusive": 6, "error": 2}


def lines_follow(shown: list[str], printed: list[str]) -> bool:
    """Whether `printed` reads as `shown`, where … stands for any text, and alone on its line for any lines."""
    if not shown:
        return not printed
    if shown[0] == "…":
        return any(lines_follow(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    pattern = re.sub(r"([\[\]*?])", r"[\1]", shown[0]).replace("…", "*")
    return bool(printed) and fnmatchcase(printed[0], pattern) and lines_follow(shown[1:], printed[1:])


def test_the_comparison_sees_a_difference() -> None:
    assert lines_follow(["a", "…", "c…"], ["a", "b", "b", "cd"])
    assert not lines_follow(["a", "…", "c"], ["a", "b", "cd"])
    assert not lines_follow(["a"], ["a", "b"])
    assert not lines_follow(["[a]*"], ["aa"])


def test_every_command_of_the_page_is_shown_with_its_output() -> None:
    assert len(SHOWN) == len(re.findall(r"```sh\n", PAGE)) == 6


def test_the_page_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS / "judging", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for command, text in SHOWN:
        program, *words = shlex.split(command)
        assert program == "compute-oracle"
        done = CliRunner().invoke(main, words)
        shown = text.splitlines()
        assert lines_follow(shown, done.output.splitlines()), f"{command}\n{done.output}"
        first = next(line.partition(":")[0] for line in shown if not line.startswith("note: "))
        assert done.exit_code == CODE[first], command


def test_what_it_says_of_qiskit_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (typed,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    circuit = load_qasm((DOCS / "judging" / "circuit.qasm").read_text())
    names = {
        "circuit": circuit,
        "counts": {"01001": 40, "10110": 60},
        "sampler": SimpleNamespace(run=lambda pubs: StatevectorSampler(seed=1).run(pubs, shots=100)),
        "Path": Path,
    }
    exec(typed, names)
    assert unpack((tmp_path / "shots.bin").read_bytes(), 5).counts() == {0b01001: 40, 0b10110: 60}


def test_the_options_it_names_are_the_commands() -> None:
    judge = main.get_command(None, "judge")  # type: ignore[arg-type]
    assert judge is not None
    known = {option for parameter in judge.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) | set(re.findall(r" (--[a-z-]+)", PAGE)) <= known

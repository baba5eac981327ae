"""Every guide is typed from top to bottom, on one local stack: the README's first job is one of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pages import blocks, cells, commands
from terminal import Terminal, terminal_in

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = DOCS / "guides"
ORDER = ("wallet", "first-job", "own-circuit", "notebook", "operate", "validator", "recover")
"""The wallet's key has to be there before the stack is."""
HELD_BACK = "compute down"
"""Of the first job: typed once all guides have been."""

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@dataclass
class Reader:
    """Who types the guides, in one folder, and remembers what was printed."""

    terminal: Terminal
    known: dict[str, str] = field(default_factory=dict)
    """What JOB, URL and ADDRESS stand for: what was printed last."""

    @property
    def folder(self) -> Path:
        return self.terminal.folder

    def type(self, line: str) -> str:
        """Type one command in a shell, insist that it succeeds, and return what it printed."""
        for name, value in self.known.items():
            line = re.sub(rf"\b{name}\b", value, line)
        assert not re.search(r"\b(JOB|URL|ADDRESS)\b", line), f"nothing was printed yet that stands for it: {line}"
        done = subprocess.run(
            ["sh", "-eu", "-c", line], cwd=self.folder, env=dict(self.terminal.environment),
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        printed = {
            "JOB": re.findall(r"^Simulated (job_[0-9a-z]{10})", done.stdout, re.M),
            "URL": re.findall(r"^chain (http://[0-9.:]+)", done.stdout, re.M),
            "ADDRESS": re.findall(r"^(0x[0-9a-fA-F]{40})$", done.stdout, re.M),
        }
        self.known |= {name: found[-1] for name, found in printed.items() if found}
        return done.stdout

    def read(self, guide: str) -> dict[str, str]:
        """Type all of `guide`; what each command printed, by the command as it stands on the page."""
        lines = [line for block in blocks(GUIDES / f"{guide}.md", "sh") for line in commands(block)]
        assert lines
        return {line: self.type(line) for line in lines if line != HELD_BACK}

    def record(self) -> dict[str, object]:
        """The record of the job that was simulated last."""
        record = json.loads(self.type("compute quantum inspect JOB --json"))["record"]
        assert isinstance(record, dict)
        return record


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader in a fresh folder, whose stack ends with the module, as the first job ends it."""
    terminal = terminal_in(tmp_path_factory.mktemp("guides"))
    programs = Path(__file__).parents[2] / ".venv" / "bin"
    reader = Reader(terminal.having(PATH=f"{programs}{os.pathsep}{terminal.environment['PATH']}"))
    try:
        yield reader
    finally:
        if (pid := reader.folder / "v4.pid").exists() and Path(f"/proc/{pid.read_text().strip()}").exists():
            os.kill(int(pid.read_text()), signal.SIGKILL)
        reader.type(HELD_BACK)


def test_every_guide_is_typed_here() -> None:
    assert {page.stem for page in GUIDES.glob("*.md")} - {"README"} == set(ORDER)
    listed = re.findall(r"\[([a-z-]+)\.md\]\(", (GUIDES / "README.md").read_text())
    assert sorted(listed) == sorted(ORDER)


def test_a_wallet_of_one_s_own_signs_locks_and_is_paid_back(reader: Reader) -> None:
    printed = reader.read("wallet")
    address = next(out.splitlines()[0] for line, out in printed.items() if line.startswith("compute-oracle init"))
    record = reader.record()
    assert (record["state"], record["escrow"], record["outcome"]) == ("settled", "released", "accept")
    assert reader.terminal.stack()["chain"]["roles"]["payer"] == address


def test_the_first_job_goes_as_the_readme_types_it(reader: Reader) -> None:
    readme = [block for block in blocks(DOCS.parent / "README.md", "sh") if block.startswith("compute up\n")]
    assert readme == blocks(GUIDES / "first-job.md", "sh")
    printed = reader.read("first-job")
    job = reader.known["JOB"]
    (watched,) = (out for line, out in printed.items() if " watch " in line)
    assert f"{job} is settled; escrow released" in watched
    assert (reader.folder / "optimizer-demo" / "job.yaml").is_file()
    assert reader.record()["target"] == "fake_torino"


def test_a_circuit_of_one_s_own_is_approved_run_and_paid(reader: Reader) -> None:
    reader.read("own-circuit")
    record = reader.record()
    assert (record["state"], record["outcome"], record["target"]) == ("settled", "accept", "aer")


def test_the_spec_that_the_notebook_writes_is_simulated(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(reader.folder)
    names: dict[str, object] = {}
    for cell in cells(DOCS / "notebooks" / "own_job.ipynb"):
        exec(cell, names)
    reader.read("notebook")
    assert reader.record()["state"] == "simulated"


def test_an_operator_looks_and_denies(reader: Reader) -> None:
    printed = reader.read("operate")
    assert "Would run on fake_torino" in printed["compute route optimizer-demo/job.yaml --target ibm"]
    assert reader.known["JOB"] in printed["compute jobs --state rejected"]


def test_a_validator_joins_watches_and_ends_when_told(reader: Reader) -> None:
    lines = [line for block in blocks(GUIDES / "validator.md", "sh") for line in commands(block)]
    for line in lines:
        if line.startswith("kill"):
            reader.type(
                "for _ in $(seq 120); do grep -q watching v4.log && exit 0; sleep 0.5; done; cat v4.log; exit 1"
            )
        reader.type(line)
    reader.type("for _ in $(seq 60); do grep -q stopped v4.log && exit 0; sleep 0.5; done; cat v4.log; exit 1")
    events = [json.loads(line) for line in (reader.folder / "v4.log").read_text().splitlines()]
    assert {event["level"] for event in events} == {"info"}, events
    assert events[0]["validator"] == reader.known["ADDRESS"]


def test_a_job_outlives_the_router_that_ran_it(reader: Reader) -> None:
    reader.read("recover")
    record = reader.record()
    assert (record["state"], record["outcome"]) == ("settled", "accept")


def test_what_the_page_on_python_does_with_a_stack_runs_in_order(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's approval, which the page mentions, is typed between its two blocks."""
    monkeypatch.chdir(reader.folder)
    names: dict[str, object] = {}
    for block in blocks(DOCS / "python.md", "python"):
        exec(block, names)
    simulated, *rest = blocks(DOCS / "python.md", "python stack")
    exec(simulated, names)
    reader.type(f"compute approve {names['job']} --note ghz")
    for block in rest:
        exec(block, names)

"""The workflow as the article writes it: its spec unchanged, and its six commands in order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_six_commands_bring_a_first_job_to_a_verdict_that_we_recompute(stack: Any) -> None:
    stack("quantum", "init", "optimizer-demo")
    simulated = stack("quantum", "simulate", "./optimizer-demo/job.yaml", "--json").json
    job = simulated["job"]
    inspected = stack("quantum", "inspect", job, "--artifacts", "--json").json
    assert {row["kind"] for row in inspected["artifacts"]} >= {"original_spec", "normalised_spec", "simulation_output"}
    promoted = stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25", "--json").json
    assert promoted["job"] == job
    stack("quantum", "watch", job, "--timeout", "120")
    validated = stack("quantum", "validate", job, "--json").json
    assert validated["agree"] is True
    assert validated["outcome"] == "accept"
    shown = stack("quantum", "inspect", job, "--json").json
    assert (shown["record"]["state"], shown["record"]["escrow"]) == ("settled", "released")


def test_the_articles_own_spec_simulates_unchanged_and_runs_once_its_new_family_is_approved(stack: Any) -> None:
    folder = stack.folder / "article"
    stack("quantum", "init", str(folder / "made"))
    shutil.move(folder / "made" / "circuits", folder / "circuits")
    shutil.copy(GOLDEN / "article-job.yaml", folder / "job.yaml")
    (folder / "baselines").mkdir()
    first = stack("quantum", "simulate", str(folder / "job.yaml"), "--json").json
    assert first["baseline_distance"] is None
    # The requester's own expectation, from a simulation of its own: here the shots of the stored one.
    probabilities = stack("quantum", "inspect", first["job"], "--artifacts", "--json").json
    kept = next(row for row in probabilities["artifacts"] if row["kind"] == "baseline")
    (folder / "baselines" / "simulated.json").write_bytes(Path(kept["path"]).read_bytes())
    second = stack("quantum", "simulate", str(folder / "job.yaml"), "--json").json
    assert second["baseline_distance"] == "0"
    job = second["job"]
    denied = stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25", "--json", code=3).json
    assert any("compute approve" in error["remedy"] for error in denied["errors"])
    stack("approve", job, "--note", "the example of the article")
    stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25")
    stack("quantum", "watch", job, "--timeout", "120")
    assert stack("quantum", "validate", job, "--json").json["agree"] is True


def test_no_command_writes_into_the_users_home_folder(stack: Any) -> None:
    assert list((stack.folder / "home").iterdir()) == []


FIVE_FAULTS = """\
job_type: quantum_experiment
version: 2026-06
requester: did:example:buyer123
quantum:
  circuit_ref: ./circuits/absent.py
  shots: 0
  colour: blue
budget:
  max_usd_equivalent: twenty-five
validation:
  method: distribution_threshold
  alpha: 2
"""


def test_a_spec_with_five_faults_names_all_five_with_lines_and_leaves_nothing_behind(terminal: Any) -> None:
    spec = terminal.folder / "job.yaml"
    spec.write_text(FIVE_FAULTS)
    before = sorted(terminal.folder.rglob("*"))
    errors = terminal("quantum", "simulate", str(spec), "--json", code=2).json["errors"]
    assert {(error["path"], error["line"]) for error in errors} == {
        ("quantum.circuit_ref", 5),
        ("quantum.shots", 6),
        ("quantum.colour", 7),
        ("budget.max_usd_equivalent", 9),
        ("validation.alpha", 12),
    }
    assert all(error["reason"] and error["remedy"] for error in errors)
    assert sorted(terminal.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "code", "next_command"),
    [
        (("quantum", "inspect", "job_nothere000"), 4, "compute jobs"),
        (("quantum", "promote", "job_nothere000", "--target", "ibm", "--max-budget", "25"), 4, "compute jobs"),
        (("fund", "job_nothere000"), 4, "compute jobs"),
    ],
)
def test_an_unknown_job_is_one_line_that_names_the_next_command(
    terminal: Any, words: tuple[str, ...], code: int, next_command: str
) -> None:
    answer = terminal(*words, code=code)
    assert next_command in answer.err
    assert "Traceback" not in answer.err


def test_promoting_without_a_stack_says_how_to_start_one(terminal: Any) -> None:
    terminal("quantum", "init", "demo")
    job = terminal("quantum", "simulate", "./demo/job.yaml", "--json").json["job"]
    answer = terminal("quantum", "promote", job, "--target", "ibm", "--max-budget", "25", code=5)
    assert "compute up" in answer.err


def test_a_job_is_kept_as_json_lines_while_it_is_watched(stack: Any) -> None:
    job = stack("jobs", "--json").json["jobs"][0]["job"]
    lines = stack("quantum", "watch", job, "--json").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines][:2] == ["created", "simulated"]

"""What is said is so: nothing that did not happen, no remedy that cannot be typed, no id broken over two lines."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from job_stories import Story
from rich.console import Console

from router.console import jobs
from router.console.doctor import examine
from router.console.main import run
from router.console.quantum import plan
from router.console.quantum.scaffold import write_job
from router.console.screen.drawing import Moment, moment_line
from router.protocol.lifecycle import State
from router.requester import simulate
from router.settings import Home


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_job(tmp_path / "job")[0]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def edited(spec: Path, old: str, new: str) -> Path:
    text = spec.read_text()
    assert old in text
    spec.write_text(text.replace(old, new, 1))
    return spec


def test_a_job_whose_shots_cannot_decide_is_stored_on_request_alone(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was stored with exit 0, for every gate to refuse it later."""
    edited(spec, "shots: 4000", "shots: 100")
    words = ["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]
    assert run(words) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == "quantum.shots"
    assert spec.read_text().splitlines()[error["line"] - 1].strip() == "shots: 100"
    assert "100 shots cannot decide" in error["reason"]
    assert "--store-infeasible" in error["remedy"]
    assert not home.root.exists()
    needed = error["remedy"].split("shots: ")[1].split()[0]
    assert run([*words, "--store-infeasible"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["feasible"] is False
    edited(spec, "shots: 100", f"shots: {needed}")
    assert run(words) == 0, "the remedy can be typed"
    assert json.loads(capsys.readouterr().out)["plan"]["feasible"] is True


def stopped(*_arguments: object, **_options: object) -> Any:
    raise KeyboardInterrupt


def test_an_interruption_says_that_something_goes_on_only_where_it_was_begun(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(plan, "prepared", stopped)
        for words in (["plan", str(spec)], ["quantum", "simulate", str(spec)]):
            assert run([*words, "--home", str(home.root)]) == 130
            said = capsys.readouterr().err
            assert "nothing was begun, stored or spent" in said
            assert "goes on" not in said
    with monkeypatch.context() as patched:
        patched.setattr(simulate, "keep", stopped)
        assert run(["quantum", "simulate", str(spec), "--home", str(home.root)]) == 130
        said = capsys.readouterr().err
        assert "nothing was begun" not in said
        assert "may have been stored: `compute jobs` lists it" in said
    monkeypatch.setattr("router.console.stack.local.up", stopped)
    assert run(["up", "--home", str(home.root), "--json"]) == 130
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert "`compute down` ends it" in error["remedy"]


def on_eighty_columns(draw: Callable[[Console], None]) -> str:
    held = io.StringIO()
    draw(Console(file=held, width=80, force_terminal=True, color_system=None))
    return held.getvalue()


@pytest.mark.parametrize("state", list(State))
def test_no_job_id_is_broken_on_a_terminal_of_eighty_columns(state: State) -> None:
    record = Story().to(state).record
    assert record is not None
    long = replace(record, target="ibm_a_device_with_a_long_name", family="a family with a name of many words and more")
    drawn = on_eighty_columns(lambda screen: jobs._draw(screen, (long,), {}))
    assert any(line.startswith(f"{record.job} ") for line in drawn.splitlines())
    assert any(record.state.value in line.split() for line in drawn.splitlines())


def test_an_account_file_is_described_to_whoever_has_none_and_one_that_is_broken_is_a_problem(home: Home) -> None:
    (check,) = (check for check in examine(home) if check.name == "credentials")
    file = home.credentials / "ibm.json"
    for words in ('{"token": "<API key>", "instance": "<CRN>"}', str(file), "chmod 600"):
        assert words in check.remedy
    home.root.mkdir()
    home.credentials.mkdir(mode=0o700)
    file.touch(mode=0o600)
    for text, status in (("no json", "problem"), ('{"token": "t", "instance": "crn"}', "ok")):
        file.write_text(text)
        (check,) = (check for check in examine(home) if check.name == "credentials")
        assert check.status == status, check


@pytest.mark.parametrize(
    ("did", "words"),
    [
        ("did:example:büyer", "%C3%BC"),
        ("did:example:٣", "%D9%A3"),
        ("did:example:a b", "%20"),
        ("did:example:😀", "%F0%9F%98%80"),
    ],
)
def test_a_did_that_is_not_ascii_is_told_which_character_and_what_to_write(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str], did: str, words: str
) -> None:
    edited(spec, "did:example:buyer123", f'"{did}"')
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == "requester"
    assert "which no DID has" in error["reason"]
    assert words in error["remedy"]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["jobs", "--limit", "٣"], "--limit"),
        (["quantum", "watch", "x", "--timeout", "nan"], "--timeout"),
        (["plan", "x", "--shots", "1_000"], "--shots"),
        (["plan", "x", "--fidelity", "nan"], "--fidelity"),
    ],
)
def test_a_faulty_option_is_named_once(words: list[str], path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == path
    assert "write" in error["reason"]
    assert path not in error["reason"]


def test_a_long_line_of_a_timeline_goes_on_below_itself() -> None:
    moment = Moment(at=datetime.now(UTC), kind="submitted", by="worker", said=" ".join(["words"] * 30))
    lines = on_eighty_columns(lambda screen: screen.print(moment_line(moment, moment.at))).splitlines()
    assert len(lines) > 1
    column = lines[0].index("words")
    assert all(line[:column].isspace() and line[column:].startswith("words") for line in lines[1:])


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("a\u202eb", "does not show (U+202E)"),
        ("a" * 513, "has 513 characters"),
        (" a", "begins or ends with a blank"),
        ("zero\u200bwidth", "does not show (U+200B)"),
    ],
)
def test_a_text_is_told_what_is_wrong_with_it_and_not_what_is_right(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str], family: str, words: str
) -> None:
    edited(spec, "circuit_family: ring-maxcut-qaoa", f"circuit_family: {json.dumps(family)}")
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == "quantum.circuit_family"
    assert words in error["reason"]


def test_digits_of_another_script_are_told_which_digits_to_write(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(spec, "shots: 4000", "shots: ４０００")
    edited(spec, "max_usd_equivalent: 25", "max_usd_equivalent: ٢٥")
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 2
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert [error["path"] for error in errors] == ["quantum.shots", "budget.max_usd_equivalent"]
    assert all("in the digits 0 to 9" in error["remedy"] for error in errors)

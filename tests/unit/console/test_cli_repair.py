"""A job whose stored events are damaged: the list names it beside the others, and one command says what holds."""

from __future__ import annotations

import errno
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from job_stories import Story

from router.console.main import run
from router.console.screen.failures import Exit, describe
from router.control.store import Store
from router.protocol.lifecycle import State
from router.settings import Home, database_url


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def stories(home: Home) -> tuple[Story, Story]:
    """Two jobs in the store of `home`."""
    made = (Story(seed=1).to(State.CREATED), Story(seed=2).to(State.CREATED))
    with Store.open(database_url(home)) as store:
        for story in made:
            store.append_many(story.events)
    return made


def change(home: Home, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(home.database)) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


def test_the_list_names_a_damaged_job_beside_the_others(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    sound, broken = stories(home)
    change(home, "UPDATE events SET payload = '{' WHERE job = ?", broken.job)
    change(home, "UPDATE jobs SET record = '{' WHERE job = ?", broken.job)
    assert run(["jobs", "--json", "--home", str(home.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["job"] for row in told["jobs"]] == [sound.job]
    (bad,) = told["damaged"]
    assert (bad["job"], bad["next"]) == (broken.job, f"compute repair {broken.job}")
    assert "its row cannot be read" in bad["reason"]
    assert run(["jobs", "--home", str(home.root)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{broken.job} damaged:" in shown
    assert f"`compute repair {broken.job}`" in shown
    for command in ("inspect", "watch"):
        assert run(["quantum", command, broken.job, "--home", str(home.root)]) == Exit.DEPENDENCY
        assert "`compute repair JOB`" in capsys.readouterr().err


def test_repair_names_every_fault_and_changes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _, broken = stories(home)
    change(home, "UPDATE events SET signature = ? WHERE job = ?", "0x" + "12" * 65, broken.job)
    assert run(["repair", broken.job, "--home", str(home.root)]) == Exit.DEPENDENCY
    said = " ".join(capsys.readouterr().err.split())
    assert "event 1: its row was altered" in said
    assert "put the event back from a backup of the database" in said


def test_repair_writes_a_damaged_row_anew(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _, broken = stories(home)
    with Store.open(database_url(home)) as store:
        before = store.job(broken.job)
    change(home, "UPDATE jobs SET record = '{', state = 'abducted', sequence = 9 WHERE job = ?", broken.job)
    assert run(["repair", broken.job, "--json", "--home", str(home.root)]) == Exit.DEPENDENCY
    missing = json.loads(capsys.readouterr().out)
    assert {before.source, before.spec_hash} == {fault["reason"].split()[0] for fault in missing["errors"]}
    with Store.open(database_url(home)) as store:
        assert store.repair(broken.job).row_differed
        assert not store.repair(broken.job).row_differed
        assert [record for record in store.jobs(states=[State.CREATED]) if record.job == broken.job] == [before]


def test_a_full_disk_is_said_in_these_words() -> None:
    failure = describe(OSError(errno.ENOSPC, "No space left on device", "/home/artifacts/x"))
    assert failure is not None
    (finding,) = failure.findings
    assert finding.reason == "disk full: /home/artifacts/x cannot be written"
    assert failure.exit_code is Exit.DEPENDENCY

"""The supervisor starts the router's daemons again, and nothing that was ended on purpose or is not its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.console.stack import local
from router.console.stack.processes import ProcessRecord, alive, spawn, stop
from router.console.stack.recorded import read
from router.console.stack.supervisor import Supervisor
from router.settings import Home

PATIENCE_S = 20.0
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
FAILS = [sys.executable, "-c", "print('disk full', flush=True)"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.root.mkdir()
    yield made
    for record in read(made).processes:
        stop(record)


def running(home: Home, **commands: list[str]) -> None:
    """Start `commands` as the stack of `home`."""
    records = [spawn(name, command, home.logs / f"{name}.log", {}, home.root) for name, command in commands.items()]
    document = {"version": 1, "chain": None, "processes": [record.to_json() for record in records]}
    home.stack.write_text(json.dumps(document))


def the(home: Home, name: str) -> ProcessRecord:
    return next(record for record in read(home).processes if record.name == name)


def until(reached: Callable[[], bool], supervisor: Supervisor) -> None:
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end
        supervisor.look()
        time.sleep(0.02)


def killed(record: ProcessRecord) -> None:
    os.kill(record.pid, signal.SIGKILL)
    while alive(record):
        time.sleep(0.01)


def test_a_daemon_that_was_killed_runs_again_and_it_is_said(home: Home) -> None:
    running(home, device=SLEEPS, router=SLEEPS)
    first, device, supervisor = the(home, "router"), the(home, "device"), Supervisor(home)
    killed(first)
    supervisor.look()
    again = the(home, "router")
    assert alive(again)
    assert (again.command, again.restarts) == (first.command, 1)
    assert again.restarted_at is not None
    assert the(home, "device") == device, "nothing happens to the others"
    assert [record.name for record in read(home).processes] == ["device", "router"], "they are ended in this order"


def test_a_daemon_that_keeps_ending_is_started_less_and_less_often(home: Home) -> None:
    running(home, router=FAILS)
    supervisor, begun = Supervisor(home), time.monotonic()
    until(lambda: the(home, "router").restarts == 3, supervisor)
    assert time.monotonic() - begun >= 1.0 + 2.0


def test_what_is_not_the_supervisors_and_what_was_ended_on_purpose_stays_ended(home: Home) -> None:
    running(home, anvil=SLEEPS, **{"validator-1": SLEEPS}, device=SLEEPS, router=SLEEPS)
    supervisor = Supervisor(home)
    chain, validator, device = the(home, "anvil"), the(home, "validator-1"), the(home, "device")
    killed(chain)
    killed(validator)
    assert local.stop_process(home, "device")
    supervisor.look()
    assert (the(home, "anvil"), the(home, "validator-1")) == (chain, validator)
    assert not alive(device)
    assert "device" not in {record.name for record in read(home).processes}
    local.down(home, lambda _line: None)
    supervisor.look()
    assert read(home).processes == ()


def test_a_record_of_an_earlier_release_is_read(home: Home) -> None:
    old = {"name": "router", "pid": 1, "started": 1.0, "log": "/dev/null"}
    assert ProcessRecord.from_json(old).restarts == 0

"""A stack's processes are ended whoever their parent is, and nobody else's are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from router.console.stack.processes import ProcessDied, ProcessRecord, alive, spawn, stop

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
HEEDLESS = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {DEAF!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
"""A parent that never asks how its child ended."""


def record_of(pid: int) -> ProcessRecord:
    return ProcessRecord("child", pid, psutil.Process(pid).create_time(), "/dev/null")


@pytest.fixture
def heedless() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HEEDLESS], stdout=subprocess.PIPE, text=True) as parent:
        yield parent
        parent.kill()


def test_a_process_that_its_parent_forgot_has_ended(heedless: subprocess.Popen[str]) -> None:
    assert heedless.stdout is not None
    child = record_of(int(heedless.stdout.readline()))
    os.kill(child.pid, signal.SIGKILL)
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not alive(child)
    assert not stop(child)


def test_a_process_that_heeds_no_signal_is_killed_though_its_parent_never_asks(heedless: subprocess.Popen[str]) -> None:
    assert heedless.stdout is not None
    child = record_of(int(heedless.stdout.readline()))
    assert stop(child, timeout_s=0.3)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE


def test_a_pid_that_was_given_to_another_process_is_left_alone(heedless: subprocess.Popen[str]) -> None:
    earlier = replace(record_of(heedless.pid), started=psutil.Process(heedless.pid).create_time() - 60)
    assert not stop(earlier)
    assert heedless.poll() is None


def test_what_was_spawned_outlives_its_starter_and_ends_when_asked(tmp_path: Path) -> None:
    record = spawn("sleeper", ["sleep", "60"], tmp_path / "sleeper.log", {"PATH": os.environ["PATH"]}, tmp_path)
    assert alive(record)
    assert stop(record)
    assert not alive(record)


def test_a_process_that_no_kill_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    own = record_of(os.getpid())
    monkeypatch.setattr(psutil.Process, "terminate", lambda _: None)
    monkeypatch.setattr(psutil.Process, "kill", lambda _: None)
    with pytest.raises(ProcessDied, match=rf"child \(pid {own.pid}\) does not end"):
        stop(own, timeout_s=0.1)

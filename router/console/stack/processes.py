"""Processes of the local stack: started detached, known by pid and start time, ended by pid alone.

A pid by itself may have been given to somebody else since; a pid with its start time has not. Nothing here looks
processes up by name.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from router.errors import RouterError

_LOOK_S = 0.05


class ProcessDied(RouterError, RuntimeError):
    """A process of the stack ended before it was ready, or does not end; the message says which and how."""


@dataclass(frozen=True)
class ProcessRecord:
    """One running process, as stack.json holds it."""

    name: str
    pid: int
    started: float
    """Start time in seconds since the epoch, as the kernel reports it."""
    log: str
    command: tuple[str, ...] = ()
    """What was started, so that it can be started again."""
    restarts: int = 0
    """How often the supervisor started it again, since `compute up` did."""
    restarted_at: str | None = None
    """The last time, RFC 3339 UTC."""

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ProcessRecord:
        """The record whose `to_json` is `value`; an older release's has fewer fields."""
        return cls(**{**value, "command": tuple(value.get("command", ()))})


def spawn(name: str, command: list[str], log: Path, environment: dict[str, str], cwd: Path) -> ProcessRecord:
    """Start `command` in a session of its own, its output appended to `log`, and return what identifies it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            start_new_session=True,
        )
    try:
        started = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess as error:
        raise ProcessDied(f"{name} ended at once: {tail(log)}") from error
    # The child outlives this process on purpose; telling Popen that it was reaped keeps its destructor quiet.
    child.returncode = 0
    return ProcessRecord(name, child.pid, started, str(log), tuple(command))


def _process(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started) > 1.0 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return process


def alive(record: ProcessRecord) -> bool:
    """Whether the very process that `record` names still runs."""
    return _process(record) is not None


def stop(record: ProcessRecord, timeout_s: float = 10.0) -> bool:
    """End the process that `record` names, kindly first; whether there was one to end.

    A process that has ended and that its parent did not ask about yet counts as ended: in a container whose first
    process is no init that may be for ever. Raises ProcessDied for one that a kill does not end in `timeout_s`.
    """
    process = _process(record)
    if process is None:
        return False
    for end in (process.terminate, process.kill):
        try:
            end()
        except psutil.NoSuchProcess:
            return True
        if _gone(record, timeout_s):
            return True
    raise ProcessDied(f"{record.name} (pid {record.pid}) does not end; look at it with: ps {record.pid}")


def _gone(record: ProcessRecord, timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while alive(record):
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_S)
    return True


def times(number: int) -> str:
    """`number` as people count repetitions."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def tail(log: Path | str, lines: int = 8) -> str:
    """The last `lines` lines of a log, for an error message."""
    path = Path(log)
    if not path.is_file():
        return "(no log)"
    text = path.read_text(errors="replace").splitlines()
    return " | ".join(text[-lines:]) or "(the log is empty)"


def wait_until(what: str, ready: Callable[[], bool], record: ProcessRecord, timeout_s: float) -> None:
    """Wait until `ready()` is true, watching that the process lives.

    Raises ProcessDied with the end of the log if the process ends or `timeout_s` passes first.
    """
    end = time.monotonic() + timeout_s
    while not ready():
        if not alive(record):
            raise ProcessDied(f"{record.name} ended while starting: {tail(record.log)}")
        if time.monotonic() > end:
            raise ProcessDied(f"{what} was not ready within {timeout_s:.0f} s; see {record.log}: {tail(record.log)}")
        time.sleep(_LOOK_S)

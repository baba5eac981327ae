"""The device process: owns a folder, runs its jobs one after the other, and outlives whoever submitted them.

    python -m router.worker.providers.device --root DIR

One process per folder, held by a lock file. It may be killed at any instruction: on the next start a job that was
running is run again, in the same directory and with the same seed, so that it is still one submission with one result.
A job during which it died three times is failed, since it may be the cause. What goes wrong with one job's files, or
with the disk, is said on the error stream and tried again later; the other jobs go on.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from router.protocol.providing import JobState
from router.worker.providers.folder import BEAT_S, DamagedFile, DeviceFolder, JobFolder, RunProgress
from router.worker.providers.worker import FULL, NO_ROOM

_POLL_S = 0.1
_LARGEST_ATTEMPT = 3
_START_S = 15.0
"""What a run may take on top of its time for the simulating process to start."""
_LEAVE_ALONE_S = 5.0
"""How long a job whose files cannot be read or written is left alone."""
_NOT_BEGUN = "the simulating process died before it took the job, twice"
_ALREADY_RUNNING = 5


class Worker:
    """One simulating process; `assign`, then `answer` until it is not None."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "router.worker.providers.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._begun = False

    def assign(self, job: JobFolder, into: Path) -> None:
        self._begun = False
        order = json.dumps({"job": str(job.path), "into": str(into)})
        self._stdin.write(order.encode() + b"\n")
        self._stdin.flush()

    def answer(self, wait_s: float) -> str | None:
        """None while it works; an empty text when it is done; else the reason of its failure."""
        if not self._selector.select(wait_s):
            return None
        line = self._stdout.readline()
        if not line:
            code = self._process.wait()
            return f"the simulating process died ({_how(code)})" if self._begun else _NOT_BEGUN
        said = json.loads(line)
        if "begun" in said:
            self._begun = True
            return None
        return str(said.get("failed", ""))

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._stdin.close()
        self._stdout.close()


def _how(code: int) -> str:
    if code == -signal.SIGKILL:
        return "SIGKILL, often for want of memory"
    return signal.Signals(-code).name if code < 0 else f"code {code}"


@dataclass
class _Run:
    job: JobFolder
    attempt: int
    into: Path
    max_seconds: int | None
    begun: float
    """Monotonic."""
    again: bool = False
    """Whether a process died before it took the run, which is no attempt of the job's."""

    @property
    def too_long(self) -> bool:
        return self.max_seconds is not None and time.monotonic() - self.begun > self.max_seconds + _START_S


class Device:
    """The loop; `step` does one bounded piece of work, so that a test may drive it."""

    def __init__(self, folder: DeviceFolder) -> None:
        self._folder = folder
        self._held: dict[str, float] = {}
        """Monotonic times until which jobs are left alone."""
        self._run: _Run | None = None
        self._worker = Worker()

    def step(self) -> None:
        if self._run is None:
            self._start_next()
        run = self._run
        if run is not None:
            with self._alone(run.job):
                self._attend(run)

    @contextmanager
    def _alone(self, job: JobFolder) -> Iterator[None]:
        """What goes wrong with the files of `job` inside is that job's: it is left alone for a while."""
        try:
            yield
        except (OSError, DamagedFile) as error:
            said = f"the disk is full ({error})" if _disk_full(error) else str(error)
            sys.stderr.write(f"{job.tag}: {said}; tried again in {_LEAVE_ALONE_S:g} s\n")
            self._held[job.tag] = time.monotonic() + _LEAVE_ALONE_S
            self._run = None

    def close(self) -> None:
        self._worker.stop()

    def idle(self) -> bool:
        return self._run is None

    def _start_next(self) -> None:
        for job in self._folder.pending():
            if self._held.get(job.tag, 0.0) > time.monotonic():
                continue
            self._held.pop(job.tag, None)
            with self._alone(job):
                self._start(job)
            if self._run is not None:
                return

    def _start(self, job: JobFolder) -> None:
        seen = job.repair()
        if seen.state.ended:
            return
        if job.cancel_wanted():
            job.advance(RunProgress(JobState.CANCELLED, "cancelled while it ran", seen.attempt))
        elif seen.attempt >= _LARGEST_ATTEMPT:
            reason = f"the device process died {seen.attempt} times while this ran"
            job.advance(RunProgress(JobState.FAILED, reason, seen.attempt))
        elif job.result.exists():  # died between the result and the status
            job.advance(RunProgress(JobState.COMPLETED, "", seen.attempt))
        elif job.advance(RunProgress(JobState.RUNNING, "simulating", seen.attempt + 1)):
            self._assign(job, seen.attempt + 1)

    def _assign(self, job: JobFolder, attempt: int) -> None:
        try:
            max_seconds = job.request()[0].max_seconds
        except DamagedFile as damage:
            job.advance(RunProgress(JobState.FAILED, str(damage), attempt))
            return
        run = _Run(job, attempt, job.path / f"attempt-{attempt}", max_seconds, time.monotonic())
        if not self._worker.alive():
            self._renew()
        shutil.rmtree(run.into, ignore_errors=True)
        try:
            self._worker.assign(run.job, run.into)
        except BrokenPipeError:  # it died between two jobs, since it was asked
            self._renew()
            self._worker.assign(run.job, run.into)
        self._run = run

    def _renew(self) -> None:
        self._worker.stop()
        self._worker = Worker()

    def _attend(self, run: _Run) -> None:
        if run.job.cancel_wanted():
            self._run = None
            self._renew()
            shutil.rmtree(run.into, ignore_errors=True)
            run.job.advance(RunProgress(JobState.CANCELLED, "cancelled while it ran", run.attempt))
            return
        said = self._worker.answer(_POLL_S)
        if said is None and run.too_long:
            self._run = None
            self._renew()
            shutil.rmtree(run.into, ignore_errors=True)
            reason = f"it ran longer than {run.max_seconds} s, the execution timeout"
            run.job.advance(RunProgress(JobState.FAILED, reason, run.attempt))
            return
        if said is None:
            return
        if said == _NOT_BEGUN and not run.again:
            run.again = True
            self._renew()
            self._worker.assign(run.job, run.into)
            return
        self._run = None
        if said == NO_ROOM:  # the disk's fault, and no attempt of the job's
            run.job.advance(RunProgress(JobState.QUEUED, said, run.attempt - 1))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if said:
            run.job.advance(RunProgress(JobState.FAILED, said, run.attempt))
        else:
            run.into.rename(run.job.result)
            run.job.advance(RunProgress(JobState.COMPLETED, "", run.attempt))
            for left in run.job.path.glob("attempt-*"):  # of attempts that were cut off
                shutil.rmtree(left, ignore_errors=True)


def _disk_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def main(arguments: list[str] | None = None) -> int:
    """Serve a folder until SIGTERM or SIGINT. Returns 5 if another process does."""
    parser = argparse.ArgumentParser(prog="python -m router.worker.providers.device", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder that this process owns")
    folder = DeviceFolder(parser.parse_args(arguments).root)
    folder.prepare()
    lock = FileLock(folder.lock_file)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        sys.stderr.write(f"another device process owns {folder.root}; stop it, or choose another --root\n")
        return _ALREADY_RUNNING
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=folder.mark_unmarked, daemon=True, name="mark-unmarked").start()
    device = Device(folder)
    try:
        sys.stdout.write(f"device {os.getpid()} serves {folder.root}\n")
        sys.stdout.flush()
        beat_due = 0.0
        while not stop.is_set():
            now = time.monotonic()
            try:
                if now >= beat_due:
                    beat_due = now + BEAT_S
                    folder.beat()
                device.step()
            except OSError as error:  # the folder itself: whatever it is, the next look may find it mended
                sys.stderr.write(f"{folder.root}: {error}; looked at again in {BEAT_S:g} s\n")
                stop.wait(BEAT_S)
            if device.idle():
                stop.wait(_POLL_S)
    finally:
        device.close()
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The folder through which adapters and the device process speak: one directory per tag, every file written whole.

    jobs/<tag>/request.json   the work, its seed drawn; the directory appears at once, by one rename
    jobs/<tag>/status.json    written by the device, or by a cancel that comes before the start; absent: queued
    jobs/<tag>/cancel         asked to stop
    jobs/<tag>/result/        receipt.json, shots.bin, isa.qasm, calibration.json; appears at once
    waiting/<tag>             an empty file for every job that has not ended, so that nobody reads those that have
    heartbeat.json            the device process, touched every second
    device.lock               held by the one device process

`status.json` and `cancel` change only under the job's lock, so a cancel that was promised is never overtaken.
A name below `waiting` comes before its job does and goes after the job's end is written: it may stand for nothing, or
for a job that has ended, but no job that has not ended is without one.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import psutil
from filelock import FileLock

from oracle.encoding.files import sync_folder, write_whole
from router.errors import RouterError
from router.protocol.providing import JobState, ProviderRefused, ProviderUnavailable, RunStatus, Work

BEAT_S = 1.0
WAITING = "waiting"
_DEAD_AFTER_S = 15.0
_LARGEST_SEED = 2**63

write_own = partial(write_whole, mode=0o600, make_folder=False)
"""Writes a file of a folder that is there, for nobody else to read."""


@dataclass(frozen=True)
class RunProgress:
    """The content of status.json."""

    state: JobState
    reason: str
    attempt: int
    """How often a run was started; more than one where the device process died during it."""


class DamagedFile(RouterError):
    """A file of one job cannot be read as what it should be; the message names the job and the file, on one line."""


@dataclass(frozen=True)
class DeviceFolder:
    root: Path

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def waiting(self) -> Path:
        return self.root / WAITING

    @property
    def lock_file(self) -> Path:
        return self.root / "device.lock"

    def prepare(self) -> None:
        self.jobs.mkdir(parents=True, exist_ok=True)
        (self.root / "staging").mkdir(exist_ok=True)
        self.waiting.mkdir(exist_ok=True)

    def mark_unmarked(self) -> None:
        """Put a name below `waiting` for every job that has not ended and has none; reads every job there ever was.

        For the start of the device process: an older release made no names, and a power cut may lose one.
        """
        for name in set(os.listdir(self.jobs)) - set(os.listdir(self.waiting)):  # noqa: PTH208
            job = self.job(name)
            try:
                if not job.progress().state.ended:
                    job.marker.touch()
            except DamagedFile:
                job.marker.touch()  # it waits to be repaired

    def job(self, tag: str) -> JobFolder:
        return JobFolder(self.jobs / tag)

    def submit(self, work: Work) -> JobFolder:
        """The job of `work.tag`, made if it is not there; of two that submit at once, one makes it.

        Raises ProviderRefused if the tag names other work, Damaged if its request cannot be read.
        """
        self.prepare()
        job = self.job(work.tag)
        if not job.exists():
            drawn = work if work.seed is not None else replace(work, seed=secrets.randbelow(_LARGEST_SEED))
            try:
                job.marker.touch()
                self._make(job, drawn, seed_given=work.seed is not None)
            except OSError as error:
                if not job.exists():  # else somebody else was faster: a directory is not renamed over another
                    raise ProviderUnavailable(
                        f"the job cannot be written below {self.root} ({error.strerror})",
                        "make room there, and try again",
                    ) from error
        there, given = job.request()
        if not given:
            there = replace(there, seed=None)
        same = replace(there, max_seconds=work.max_seconds, deliver_by=work.deliver_by)  # whatever its bounds are
        if same != work:
            raise ProviderRefused(
                f"tag {work.tag} already names another run", "use a new tag for new work, the same work for this tag"
            )
        return job

    def _make(self, job: JobFolder, work: Work, *, seed_given: bool) -> None:
        staging = Path(tempfile.mkdtemp(dir=self.root / "staging"))
        try:
            request = {**asdict(work), "seed": str(work.seed), "seed_given": seed_given}
            write_own(staging / "request.json", json.dumps(request, sort_keys=True).encode())
            staging.rename(job.path)
            sync_folder(self.jobs)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def beat(self) -> None:
        """Say that the device process lives."""
        identity = {"host": socket.gethostname(), "pid": os.getpid()}
        write_own(self.root / "heartbeat.json", json.dumps(identity).encode(), sync=False)

    def alive(self) -> bool:
        """Whether a device process has been heard lately, and has not died since, as far as this host can see."""
        heartbeat = self.root / "heartbeat.json"
        try:
            age_s = time.time() - heartbeat.stat().st_mtime
            said = json.loads(heartbeat.read_bytes())
            host, pid = str(said["host"]), int(said["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        gone = host == socket.gethostname() and not psutil.pid_exists(pid)
        return not gone and age_s < _DEAD_AFTER_S

    def pending(self) -> list[JobFolder]:
        """Jobs not ended, oldest first, those whose status is damaged among them; reads nothing of those that ended."""
        waiting = []
        for name in os.listdir(self.waiting):  # noqa: PTH208  # ten times a second
            job = self.job(name)
            try:
                if job.progress().state.ended:
                    job.marker.unlink(missing_ok=True)  # it ended as this was read, or its end was not noted
                    continue
            except DamagedFile:
                pass
            if (since := job.submitted_ns()) is not None:
                waiting.append((since, name, job))
        return [job for _, _, job in sorted(waiting, key=lambda item: item[:2])]


@dataclass(frozen=True)
class JobFolder:
    path: Path

    @property
    def tag(self) -> str:
        return self.path.name

    @property
    def result(self) -> Path:
        return self.path / "result"

    @property
    def marker(self) -> Path:
        """Its name below `waiting`."""
        return self.path.parent.parent / WAITING / self.path.name

    def exists(self) -> bool:
        return (self.path / "request.json").exists()

    def submitted_ns(self) -> int | None:
        """When its request was written, nanoseconds since 1970; None where there is no job."""
        try:
            return (self.path / "request.json").stat().st_mtime_ns
        except OSError:
            return None

    def request(self) -> tuple[Work, bool]:
        """The work with its seed, and whether the submitter gave that seed. Raises DamagedFile."""
        try:
            raw = json.loads((self.path / "request.json").read_bytes())
            given = bool(raw.pop("seed_given"))
            return Work(**{**raw, "seed": int(raw["seed"])}), given
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ProviderRefused) as error:
            raise self._damaged("request.json", error) from error

    def progress(self) -> RunProgress:
        """Raises DamagedFile."""
        try:
            raw = json.loads((self.path / "status.json").read_bytes())
            return RunProgress(JobState(raw["state"]), str(raw["reason"]), int(raw["attempt"]))
        except (FileNotFoundError, NotADirectoryError):
            return RunProgress(JobState.QUEUED, "", 0)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged("status.json", error) from error

    def _damaged(self, name: str, error: Exception) -> DamagedFile:
        what = error.strerror if isinstance(error, OSError) else type(error).__name__
        return DamagedFile(f"{name} of {self.tag} is damaged ({what})")

    def repair(self) -> RunProgress:
        """Where it stands; a status that cannot be read is put aside, and written anew from what else is there.

        Every end but a failure leaves a file of its own, and a run has one seed: so a damaged job is cancelled if that
        was promised, complete if there is a result, else run again. Raises OSError.
        """
        with self._lock():
            try:
                return self.progress()
            except DamagedFile as damage:
                aside = Path(tempfile.mkdtemp(dir=self.path, prefix="damaged-"))
                (self.path / "status.json").rename(aside / "status.json")
                if self.cancel_wanted():
                    progress = RunProgress(JobState.CANCELLED, "cancelled while it ran", 1)
                elif self.result.exists():
                    progress = RunProgress(JobState.COMPLETED, "", 1)
                else:
                    progress = RunProgress(JobState.QUEUED, f"to be run again: {damage}", 1)
                self._write(progress)
                return progress

    def status(self) -> RunStatus:
        progress = self.progress()
        return RunStatus(progress.state, progress.reason)

    def cancel_wanted(self) -> bool:
        return (self.path / "cancel").exists()

    def advance(self, progress: RunProgress) -> bool:
        """Write `progress` unless the job has ended or, for anything but an end as cancelled, is to be cancelled.

        Returns whether it was written.
        """
        with self._lock():
            if self.progress().state.ended or (self.cancel_wanted() and progress.state is not JobState.CANCELLED):
                return False
            self._write(progress)
            return True

    def cancel(self) -> bool:
        """Ask for a stop: True if the job will end, or has ended, as cancelled. One that waits ends here and now."""
        with self._lock():
            progress = self.progress()
            if progress.state.ended:
                return progress.state is JobState.CANCELLED
            write_own(self.path / "cancel", b"")
            if progress.state is JobState.QUEUED:
                self._write(RunProgress(JobState.CANCELLED, "cancelled before it started", progress.attempt))
            return True

    def _write(self, progress: RunProgress) -> None:
        raw = {"state": progress.state.value, "reason": progress.reason, "attempt": progress.attempt}
        write_own(self.path / "status.json", json.dumps(raw).encode())
        if progress.state.ended:
            self.marker.unlink(missing_ok=True)

    def _lock(self) -> FileLock:
        return FileLock(self.path / "lock")

"""The folder through which adapters and the device process speak: one directory per tag, every file written whole.

    jobs/<tag>/request.json   the work, its seed drawn; the directory appears at once, by one rename
    jobs/<tag>/status.json    written by the device, or by a cancel that comes before the start; absent: queued
    jobs/<tag>/cancel         asked to stop
    jobs/<tag>/result/        receipt.json, shots.bin, isa.qasm, calibration.json; appears at once
    heartbeat.json            the device process, touched every second
    device.lock               held by the one device process

`status.json` and `cancel` change only under the job's lock, so a cancel that was promised is never overtaken.
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
from pathlib import Path

import psutil
from filelock import FileLock

from router.providers.protocol import JobState, ProviderRefused, ProviderUnavailable, Status, Work

BEAT_S = 1.0
_DEAD_AFTER_S = 15.0
_LARGEST_SEED = 2**63


@dataclass(frozen=True)
class Progress:
    """The content of status.json."""

    state: JobState
    reason: str
    attempt: int
    """How often a run was started; more than one where the device process died during it."""


@dataclass(frozen=True)
class DeviceFolder:
    root: Path

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def lock_file(self) -> Path:
        return self.root / "device.lock"

    def prepare(self) -> None:
        self.jobs.mkdir(parents=True, exist_ok=True)
        (self.root / "staging").mkdir(exist_ok=True)

    def job(self, tag: str) -> JobFolder:
        return JobFolder(self.jobs / tag)

    def submit(self, work: Work) -> JobFolder:
        """The job of `work.tag`, made if it is not there; of two that submit at once, one makes it.

        Raises ProviderRefused if the tag names other work.
        """
        self.prepare()
        job = self.job(work.tag)
        if not job.exists():
            drawn = work if work.seed is not None else replace(work, seed=secrets.randbelow(_LARGEST_SEED))
            try:
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
        if there != work:
            raise ProviderRefused(
                f"tag {work.tag} already names another run", "use a new tag for new work, the same work for this tag"
            )
        return job

    def _make(self, job: JobFolder, work: Work, *, seed_given: bool) -> None:
        staging = Path(tempfile.mkdtemp(dir=self.root / "staging"))
        try:
            request = {**asdict(work), "seed": str(work.seed), "seed_given": seed_given}
            write_whole(staging / "request.json", json.dumps(request, sort_keys=True).encode())
            staging.rename(job.path)
            _sync_directory(self.jobs)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def beat(self) -> None:
        """Say that the device process lives."""
        identity = {"host": socket.gethostname(), "pid": os.getpid()}
        write_whole(self.root / "heartbeat.json", json.dumps(identity).encode(), sync=False)

    def alive(self) -> bool:
        """Whether a device process has been heard lately, and has not died since, as far as this host can see."""
        heartbeat = self.root / "heartbeat.json"
        try:
            age_s = time.time() - heartbeat.stat().st_mtime
            said = json.loads(heartbeat.read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        if said["host"] == socket.gethostname() and not psutil.pid_exists(said["pid"]):
            return False
        return age_s < _DEAD_AFTER_S

    def pending(self, ended: set[str]) -> list[JobFolder]:
        """Jobs not ended, oldest first; `ended` names those known to be, and learns."""
        waiting = []
        for name in os.listdir(self.jobs):  # noqa: PTH208  # ten times a second, over all jobs there ever were
            if name in ended:
                continue
            job = self.job(name)
            if job.progress().state.ended:
                ended.add(name)
            else:
                waiting.append((job.submitted_ns(), name, job))
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

    def exists(self) -> bool:
        return (self.path / "request.json").exists()

    def submitted_ns(self) -> int:
        return (self.path / "request.json").stat().st_mtime_ns

    def request(self) -> tuple[Work, bool]:
        """The work with its seed, and whether the submitter gave that seed."""
        raw = json.loads((self.path / "request.json").read_bytes())
        given = raw.pop("seed_given")
        return Work(**{**raw, "seed": int(raw["seed"])}), given

    def progress(self) -> Progress:
        try:
            raw = json.loads((self.path / "status.json").read_bytes())
        except FileNotFoundError:
            return Progress(JobState.QUEUED, "", 0)
        return Progress(JobState(raw["state"]), raw["reason"], raw["attempt"])

    def status(self) -> Status:
        progress = self.progress()
        return Status(progress.state, progress.reason)

    def cancel_wanted(self) -> bool:
        return (self.path / "cancel").exists()

    def advance(self, progress: Progress) -> bool:
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
            write_whole(self.path / "cancel", b"")
            if progress.state is JobState.QUEUED:
                self._write(Progress(JobState.CANCELLED, "cancelled before it started", progress.attempt))
            return True

    def _write(self, progress: Progress) -> None:
        raw = {"state": progress.state.value, "reason": progress.reason, "attempt": progress.attempt}
        write_whole(self.path / "status.json", json.dumps(raw).encode())

    def _lock(self) -> FileLock:
        return FileLock(self.path / "lock")


def write_whole(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put `data` at `path` so that a reader sees the old content or the new, and a crash leaves one of them."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    Path(name).replace(path)
    if sync:
        _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

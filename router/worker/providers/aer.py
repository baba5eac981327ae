"""Adapters for what the device process simulates: `aer`, ideal, and `fake`, with the noise of a real device.

They speak to its folder only, so a run survives the router, and a router survives its runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from router.protocol.providing import (
    Estimate,
    JobLost,
    JobState,
    ProviderRefused,
    ProviderUnavailable,
    Reference,
    Result,
    ResultUnusable,
    RunReceipt,
    RunStatus,
    Target,
    Work,
    is_tag,
)
from router.settings import Home
from router.worker.providers.folder import DamagedFile, DeviceFolder, JobFolder


@dataclass(frozen=True)
class DeviceProvider:
    """A provider whose runs a device process makes in `folder`."""

    name: str
    folder: DeviceFolder

    def capabilities(self) -> tuple[Target, ...]:
        return _targets(self.name)()

    def estimate(self, work: Work) -> Estimate:
        """`queue_s` is 0 when the device process lives and nothing waits, else None: it does not plan what waits."""
        self._check_target(work.target)
        from router.worker.providers.simulation import plan

        seconds = plan(work).seconds
        if not self.folder.alive():
            return Estimate(queue_s=None, seconds=seconds, pending_jobs=None)
        with self._speaking(work.tag):
            self.folder.prepare()
            pending = len(self.folder.pending())
        return Estimate(queue_s=0.0 if pending == 0 else None, seconds=seconds, pending_jobs=pending)

    def submit(self, work: Work) -> Reference:
        """Makes the job's directory, whether or not the device process lives: it runs when that starts."""
        self._check_target(work.target)
        if not self.folder.job(work.tag).exists():
            from router.worker.providers.simulation import plan

            plan(work)  # refuse now what would fail later
        with self._speaking(work.tag):
            self.folder.submit(work)
        return Reference(self.name, work.target, work.tag)

    def find(self, tag: str, target: str) -> Reference | None:
        if not is_tag(tag):  # it would be a path
            return None
        job = self.folder.job(tag)
        with self._speaking(tag):
            if not job.exists() or job.request()[0].target != target:
                return None
        return Reference(self.name, target, tag)

    def status(self, ref: Reference) -> RunStatus:
        """Raises ProviderUnavailable for a job that has not ended while no device process lives."""
        status = self._status(self._job(ref))
        if not status.state.ended and not self.folder.alive():
            raise ProviderUnavailable(
                f"{ref.provider_job} is {status.state.value}, and no device process runs it",
                "start it with `compute up`; the job goes on by itself",
            )
        return status

    def result(self, ref: Reference) -> Result:
        from oracle.artifacts.shots import ShotsRejected, unpack

        job = self._job(ref)
        status = self._status(job)
        if status.state is not JobState.COMPLETED:
            why = f": {status.reason}" if status.reason else ""
            remedy = "submit again under a new tag" if status.state.ended else "wait until its status is completed"
            raise ResultUnusable(f"{ref.provider_job} is {status.state.value}{why}", remedy)
        calibration = job.result / "calibration.json"
        try:
            papers = json.loads(_read(job, "receipt.json"))
            return Result(
                shots=unpack(_read(job, "shots.bin"), papers["bits"]),
                receipt=RunReceipt.from_json(papers["receipt"]),
                calibration=calibration.read_bytes() if calibration.exists() else None,
                isa_qasm3=_read(job, "isa.qasm").decode(),
                transpilation=str(papers["transpilation"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ShotsRejected) as error:
            said = " ".join(str(error).split())[:200]
            raise ResultUnusable(
                f"the result of {ref.provider_job} is damaged ({type(error).__name__}: {said})",
                "submit again under a new tag",
            ) from error

    def cancel(self, ref: Reference) -> bool:
        job = self._job(ref)
        with self._speaking(ref.provider_job):
            try:
                return job.cancel()
            except DamagedFile as damage:
                raise self._to_be_repaired(job, damage) from damage

    def _check_target(self, name: str) -> None:
        names = [target.name for target in self.capabilities()]
        if name not in names:
            raise ProviderRefused(f"{self.name} has no target {name!r}", f"choose one of {', '.join(names)}")

    def _job(self, ref: Reference) -> JobFolder:
        if ref.provider != self.name or self.find(ref.provider_job, ref.target) is None:
            raise JobLost(
                f"{self.name} knows no job {ref.provider_job!r} on {ref.target!r}", "check the reference, or submit it"
            )
        return self.folder.job(ref.provider_job)

    def _status(self, job: JobFolder) -> RunStatus:
        with self._speaking(job.tag):
            try:
                return job.status()
            except DamagedFile as damage:
                raise self._to_be_repaired(job, damage) from damage

    def _to_be_repaired(self, job: JobFolder, damage: DamagedFile) -> ProviderUnavailable:
        job.marker.touch()  # the device process looks at what waits
        return ProviderUnavailable(str(damage), "the device process writes it anew; `compute up` starts one")

    @contextmanager
    def _speaking(self, tag: str) -> Iterator[None]:
        """What goes wrong with the folder's files inside becomes one of this package's errors, about `tag`."""
        try:
            yield
        except DamagedFile as damage:
            raise JobLost(str(damage), f"run it again under a new tag; {self.folder.job(tag).path} may go") from damage
        except OSError as error:
            raise ProviderUnavailable(
                f"the device's folder cannot be used for {tag} ({error.strerror})",
                f"look at the disk and the rights of {self.folder.root}, and try again",
            ) from error


def _targets(name: str) -> Callable[[], tuple[Target, ...]]:
    from router.worker.providers import simulation

    return {"aer": simulation.ideal_targets, "fake": simulation.noisy_targets}[name]


def _read(job: JobFolder, name: str) -> bytes:
    return (job.result / name).read_bytes()


def make_aer(home: Home) -> DeviceProvider:
    """Entry point ``aer``."""
    return DeviceProvider("aer", DeviceFolder(home.devices))


def make_fake(home: Home) -> DeviceProvider:
    """Entry point ``fake``: real devices' noise, simulated; never hardware."""
    return DeviceProvider("fake", DeviceFolder(home.devices))

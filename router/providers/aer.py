"""Adapters for what the device process simulates: `aer`, ideal, and `fake`, with the noise of a real device.

They speak to its folder only, so a run survives the router, and a router survives its runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from router.providers.folder import DeviceFolder, JobFolder
from router.providers.protocol import (
    Estimate,
    JobState,
    ProviderRefused,
    ProviderUnavailable,
    Receipt,
    Reference,
    Result,
    ResultUnusable,
    Status,
    Target,
    Work,
    is_tag,
)
from router.settings import Home


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
        from router.providers.simulation import plan

        seconds = plan(work).seconds
        if not self.folder.alive():
            return Estimate(queue_s=None, seconds=seconds, pending_jobs=None)
        self.folder.prepare()
        pending = len(self.folder.pending(set()))
        return Estimate(queue_s=0.0 if pending == 0 else None, seconds=seconds, pending_jobs=pending)

    def submit(self, work: Work) -> Reference:
        """Makes the job's directory, whether or not the device process lives: it runs when that starts."""
        self._check_target(work.target)
        if not self.folder.job(work.tag).exists():
            from router.providers.simulation import plan

            plan(work)  # refuse now what would fail later
        self.folder.submit(work)
        return Reference(self.name, work.target, work.tag)

    def find(self, tag: str, target: str) -> Reference | None:
        if not is_tag(tag):  # it would be a path
            return None
        job = self.folder.job(tag)
        if not job.exists() or job.request()[0].target != target:
            return None
        return Reference(self.name, target, tag)

    def status(self, ref: Reference) -> Status:
        """Raises ProviderUnavailable for a job that has not ended while no device process lives."""
        status = self._job(ref).status()
        if not status.state.ended and not self.folder.alive():
            raise ProviderUnavailable(
                f"{ref.provider_job} is {status.state.value}, and no device process runs it",
                "start it with `compute up`; the job goes on by itself",
            )
        return status

    def result(self, ref: Reference) -> Result:
        from oracle.artifacts.shots import ShotsRejected, unpack

        job = self._job(ref)
        status = job.status()
        if status.state is not JobState.COMPLETED:
            why = f": {status.reason}" if status.reason else ""
            remedy = "submit again under a new tag" if status.state.ended else "wait until its status is completed"
            raise ResultUnusable(f"{ref.provider_job} is {status.state.value}{why}", remedy)
        try:
            papers = json.loads(_read(job, "receipt.json"))
            receipt = papers["receipt"]
            shots = unpack(_read(job, "shots.bin"), papers["bits"])
        except (OSError, ValueError, KeyError, ShotsRejected) as error:
            raise ResultUnusable(
                f"the result of {ref.provider_job} is damaged ({type(error).__name__}: {error})",
                "submit again under a new tag",
            ) from error
        calibration = job.result / "calibration.json"
        return Result(
            shots=shots,
            receipt=Receipt(**{**receipt, "seed": int(receipt["seed"])}),
            calibration=calibration.read_bytes() if calibration.exists() else None,
            isa_qasm3=_read(job, "isa.qasm").decode(),
            transpilation=papers["transpilation"],
        )

    def cancel(self, ref: Reference) -> bool:
        return self._job(ref).cancel()

    def _check_target(self, name: str) -> None:
        names = [target.name for target in self.capabilities()]
        if name not in names:
            raise ProviderRefused(f"{self.name} has no target {name!r}", f"choose one of {', '.join(names)}")

    def _job(self, ref: Reference) -> JobFolder:
        if ref.provider != self.name or self.find(ref.provider_job, ref.target) is None:
            raise ProviderRefused(
                f"{self.name} knows no job {ref.provider_job!r} on {ref.target!r}", "check the reference, or submit it"
            )
        return self.folder.job(ref.provider_job)


def _targets(name: str) -> Callable[[], tuple[Target, ...]]:
    from router.providers import simulation

    return {"aer": simulation.ideal_targets, "fake": simulation.noisy_targets}[name]


def _read(job: JobFolder, name: str) -> bytes:
    return (job.result / name).read_bytes()


def make_aer(home: Home) -> DeviceProvider:
    """Entry point ``aer``."""
    return DeviceProvider("aer", DeviceFolder(home.devices))


def make_fake(home: Home) -> DeviceProvider:
    """Entry point ``fake``: real devices' noise, simulated; never hardware."""
    return DeviceProvider("fake", DeviceFolder(home.devices))

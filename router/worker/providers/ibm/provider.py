"""Adapter `ibm`: IBM Quantum through its own client, qiskit-ibm-runtime.

What the client does not promise is made good here: every call ends in time; a submission is one request, is looked for
by its tag before and after it, and of several with one tag the oldest counts and the others are cancelled; what may
right itself is waited for, and not for ever.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.protocol.providing import (
    Estimate,
    JobLost,
    JobState,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Reference,
    Result,
    ResultUnusable,
    RunStatus,
    Target,
    Work,
    is_tag,
)
from router.settings import Home
from router.worker.credentials.ibm_account import AccountFile
from router.worker.providers.bounded import BoundedCall
from router.worker.providers.ibm.answers import (
    NoShots,
    loaded,
    queue_of,
    receipt_of,
    shots_of,
    state_of,
    usage_of,
    with_device,
)
from router.worker.providers.ibm.link import RETRY_LATER, Link, Unreadable
from router.worker.providers.ibm.records import Records, Trouble

log = logging.getLogger("router")

_TIMEOUT_S = 60.0
_LOOK_AGAIN_S = {JobState.QUEUED: 10.0, JobState.RUNNING: 3.0}
_ASK_AGAIN_S = 5.0
_IN_TIME_S = 180.0
"""Before its last moment a delivery waits for nothing that it can do without."""
_TARGETS_FOR_S = 60.0
_ESTIMATES_FOR_S = 20.0
"""How long what was said of devices and their queues is used again: every gate of every job asks for it."""
_LONGEST_RUN_S = 10_800
"""IBM's own limit of `max_execution_time`, three hours."""


@dataclass
class IbmProvider:
    """IBM Quantum with the account in `credentials`."""

    credentials: AccountFile
    records: Path
    """Where the ISA circuit of each submission is kept until its result is fetched."""
    timeout_s: float = _TIMEOUT_S
    """Longest that one call may take."""
    look_s: float = 8.0
    """Longest that a look at a job may take: the router's other jobs wait behind it."""
    patience_s: float = 300.0
    """How long a job that vanished, a result that is none, or missing properties are waited for."""
    usage_wait_s: float = 60.0
    """How long a delivery waits for the final figure of the usage."""
    unlisted_s: float = 60.0
    """How long a job may take to be listed: until then, a POST whose answer is not known is not sent again."""
    name: str = field(default="ibm", init=False)
    _link: Link = field(init=False, repr=False, compare=False)
    _posting: dict[str, BoundedCall[Any]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._link = Link(self.credentials, lambda: self.timeout_s, lambda: self.look_s)

    @property
    def _records(self) -> Records:
        return Records(self.records)

    def capabilities(self) -> tuple[Target, ...]:
        def ask() -> tuple[Target, ...]:
            return self._link.ask(
                lambda service: tuple(
                    Target(backend.name, "ibm", "hardware", backend.num_qubits, f"IBM Quantum {backend.name}", ())
                    for backend in sorted(service.backends(), key=lambda backend: str(backend.name))
                ),
                whole=True,
            )

        return self._link.remembered("targets", _TARGETS_FOR_S, ask)

    def estimate(self, work: Work) -> Estimate:
        """`queue_s` is None: IBM tells how many jobs are pending, not how long they take. `seconds` counts the shots
        at the device's repetition delay, without its fixed overhead."""
        from router.worker.providers.transpilation import read_circuit

        def ask() -> tuple[int, float | None]:
            return self._link.ask(lambda service: queue_of(service.backend(work.target)))

        read_circuit(work.qasm3)
        pending, delay_s = self._link.remembered(f"queue of {work.target}", _ESTIMATES_FOR_S, ask)
        return Estimate(None, work.shots * delay_s if delay_s else None, pending)

    def submit(self, work: Work) -> Reference:
        """Raises ProviderUnavailable whenever it is not known that there is a job; `find` tells later."""
        from router.worker.providers.transpilation import read_circuit, to_isa

        circuit = read_circuit(work.qasm3)
        self._link.pace.wait(_ASK_AGAIN_S)
        if (there := self.find(work.tag, work.target)) is not None:
            self._check_same(work)
            return there
        made_again = self._check_unposted(work.tag)
        backend = self._link.ask(lambda service: loaded(service.backend(work.target)))
        self._check_open(backend)
        isa = to_isa(circuit, backend, work.target)
        record = {
            "bits": circuit.num_clbits,
            "deliver_by": work.deliver_by,
            "isa": isa.qasm3,
            "made_again": made_again,
            "max_seconds": _bound(work),
            "physical": list(isa.physical),
            "qasm3": work.qasm3,
            "shots": work.shots,
            "target": work.target,
            "transpilation": isa.summary,
        }
        self._records.keep(work.tag, record | {"posted_at": time.time()})
        made = self._post(work, isa.circuit, backend, record)
        self._records.keep(work.tag, record)
        self._records.know(made.provider_job)
        return made

    def find(self, tag: str, target: str) -> Reference | None:
        """The oldest job with `tag`; others with it, which a lost answer can leave, are cancelled."""
        if not is_tag(tag):
            return None
        jobs = self._tagged(tag, target)
        if not jobs:
            return None
        oldest = jobs[0]
        self._stop_others(jobs, oldest.job_id(), tag)
        self._records.know(oldest.job_id())
        return Reference("ibm", target, oldest.job_id())

    def _tagged(self, tag: str, target: str) -> list[Any]:
        """The jobs with `tag`, oldest first."""

        def ask(service: Any) -> list[Any]:
            jobs = service.jobs(limit=None, job_tags=[tag], backend_name=target, descending=False)
            # The tag is compared again: a server that ignores the filter must not lend us somebody else's job. And a
            # job that two pages of the listing name is one job, not a second one of its own tag.
            listed = {job.job_id(): job for job in jobs if tag in (job.tags or [])}
            return sorted(listed.values(), key=lambda job: (str(job.creation_date), job.job_id()))

        return self._link.look(ask)

    def _stop_others(self, jobs: list[Any], counts: str, tag: str) -> None:
        for other in jobs:
            if other.job_id() != counts:
                try:
                    self._stop(other)
                except ProviderRefused as error:
                    log.warning("%s is a second job of %s and is not cancelled: %s", other.job_id(), tag, error)

    def status(self, ref: Reference) -> RunStatus:
        job = self._job(ref)
        status = self._status_of(job, ref)
        if not status.state.ended:
            for tag in job.tags or []:
                if (self._records.kept(tag) or {}).get("made_again"):  # the first one may be listed by now
                    self._stop_others(self._tagged(tag, ref.target), ref.provider_job, tag)
        return status

    def result(self, ref: Reference) -> Result:
        job = self._job(ref)
        status = self._status_of(job, ref)
        if status.state is not JobState.COMPLETED:
            why = f": {status.reason}" if status.reason else ""
            remedy = "submit again under a new tag" if status.state.ended else "wait until its status is completed"
            raise ResultUnusable(f"{ref.provider_job} is {status.state.value}{why}", remedy)
        record: dict[str, Any] = next((kept for tag in job.tags or [] if (kept := self._records.kept(tag))), {})
        deliver_by = record.get("deliver_by")
        hurry = isinstance(deliver_by, int) and time.time() > deliver_by - _IN_TIME_S
        metrics = self._metrics(job, ref, 0.0 if hurry else self.usage_wait_s)
        shots = self._shots(job, ref, record.get("shots"))
        return Result(
            shots=shots,
            receipt=receipt_of(ref, shots.count, metrics, record.get("max_seconds")),
            calibration=self._calibration(job, ref, record.get("physical"), 0.0 if hurry else self.patience_s),
            isa_qasm3=record.get("isa", ""),
            transpilation=record.get("transpilation", "submitted elsewhere: the ISA circuit is not here"),
        )

    def cancel(self, ref: Reference) -> bool:
        """Raises ProviderUnavailable while a run that was asked to stop goes on: it may yet end with a result."""
        self._stop(self._job(ref))
        status = self.status(ref)
        if not status.state.ended:
            raise ProviderUnavailable(
                f"{ref.provider_job} was asked to stop and is still {status.state.value}",
                "ask again: it ends as cancelled, or completed if it was faster",
                retry_after_s=_ASK_AGAIN_S,
            )
        return status.state is JobState.CANCELLED

    def _status_of(self, job: Any, ref: Reference) -> RunStatus:
        said = self._link.look(lambda _: job.status())
        state = state_of(said)
        if state is None:
            said = self._link.clean(str(said))
            raise ProviderUnavailable(
                f"IBM gives {ref.provider_job} a status that is not known ({said})", "update Qiskit"
            )
        reason = ""
        if state is JobState.FAILED:
            reason = self._link.look(lambda _: self._link.clean(job.error_message() or "IBM gives no reason"))
        return RunStatus(state, reason, _LOOK_AGAIN_S.get(state))

    def _shots(self, job: Any, ref: Reference, ordered: int | None) -> Any:
        """The shots; a result that is none is waited for, and not for ever."""
        try:
            shots = shots_of(self._link.ask(lambda _: job.result()), ordered)
        except (Unreadable, NoShots) as error:
            what = error.reason if isinstance(error, ProviderError) else f"IBM returned {error}"
            if self._records.lasts_s(ref.provider_job, Trouble.UNREADABLE) >= self.patience_s:
                raise ResultUnusable(
                    f"the result of {ref.provider_job} is of no use: {what}",
                    "submit again under a new tag, and tell IBM of this job",
                ) from None
            raise ProviderUnavailable(
                f"the result of {ref.provider_job} cannot be read yet: {what}",
                f"it is asked for again, and given up after {self.patience_s:g} s",
                retry_after_s=_ASK_AGAIN_S,
            ) from None
        self._records.over(ref.provider_job, Trouble.UNREADABLE)
        return shots

    def _metrics(self, job: Any, ref: Reference, wait_s: float) -> dict[str, Any]:
        """Times and usage; one that is not final is waited for, `wait_s` seconds, and then told as pending."""
        try:
            metrics = self._link.look(lambda _: job.metrics())
            metrics = metrics if isinstance(metrics, dict) else {}
            missing = None if usage_of(metrics) is not None else "IBM has not settled its usage"
        except (Unreadable, ProviderRefused) as error:
            metrics, missing = {}, error.reason
        if missing is not None and self._records.lasts_s(ref.provider_job, Trouble.UNSETTLED) < wait_s:
            raise ProviderUnavailable(
                f"{ref.provider_job} is complete, and its receipt waits: {missing}",
                f"after {wait_s:g} s it is delivered with a usage that is pending",
                retry_after_s=_ASK_AGAIN_S,
            )
        return metrics

    def _calibration(self, job: Any, ref: Reference, physical: list[int] | None, wait_s: float) -> bytes | None:
        """The device's properties at the time of the run; None where IBM does not have them."""
        from router.worker.providers.calibration import snapshot

        def ask(_: Any) -> bytes | None:
            properties = job.properties()
            qubits = range(job.backend().num_qubits) if physical is None else physical
            return None if properties is None else snapshot(properties, qubits, device=ref.target, simulated=False)

        try:
            return self._link.ask(ask)
        except (Unreadable, ProviderRefused) as error:
            if self._records.lasts_s(ref.provider_job, Trouble.UNCALIBRATED) < wait_s:
                raise ProviderUnavailable(error.reason, RETRY_LATER, retry_after_s=_ASK_AGAIN_S) from None
            log.warning("%s is delivered without the device's properties: %s", ref.provider_job, error)
            return None

    def _stop(self, job: Any) -> None:
        """Ask `job` to stop unless it has ended."""
        from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError

        def ask(_: Any) -> None:
            state = state_of(job.status())
            if state is None or not state.ended:
                try:
                    job.cancel()
                except RuntimeInvalidStateError:
                    log.info("%s ended before it could be cancelled", job.job_id())

        self._link.look(ask)

    def _check_same(self, work: Work) -> None:
        record = self._records.kept(work.tag)
        wanted = (work.qasm3, work.shots, work.target)
        if record is not None and tuple(record.get(name) for name in ("qasm3", "shots", "target")) != wanted:
            raise ProviderRefused(
                f"tag {work.tag} already names another run", "use a new tag for new work, the same work for this tag"
            )

    def _check_unposted(self, tag: str) -> bool:
        """Whether a POST went out before that was not served, as far as one can tell.

        Raises ProviderUnavailable while it may have been, and may not be listed yet.
        """
        earlier = self._posting.get(tag)
        if earlier is not None and earlier.going_on():
            raise ProviderUnavailable(f"an earlier submission of {tag} has not been answered yet", RETRY_LATER)
        record = self._records.kept(tag) or {}
        posted_at = record.get("posted_at")
        if not isinstance(posted_at, int | float):
            return bool(record.get("made_again"))
        left_s = self.unlisted_s - max(time.time() - posted_at, 0.0)
        if left_s > 0:
            raise ProviderUnavailable(
                f"an earlier submission of {tag} may have been served, and IBM does not list it",
                f"it is looked for, and made again in {max(left_s, 1):.0f} s if it is not there",
                retry_after_s=min(left_s, _ASK_AGAIN_S),
            )
        return True

    def _check_open(self, backend: Any) -> None:
        status = self._link.look(lambda _: backend.status())
        if not status.operational or status.status_msg != "active":
            raise ProviderUnavailable(
                f"{backend.name} does not run jobs now ({self._link.clean(str(status.status_msg))})",
                "wait, or choose another target",
            )
        if self._link.look(lambda service: service.usage()).get("usage_limit_reached"):
            raise ProviderUnavailable(
                "the IBM instance has used up its time", "wait for its next period, or use another instance"
            )

    def _post(self, work: Work, circuit: Any, backend: Any, record: dict[str, Any]) -> Reference:
        """One submission, and the job that stands for its tag: an older one where another process was faster."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        from router.worker.providers.ibm.transport import Heard

        def post(_: Any) -> str:
            sampler = Sampler(mode=backend)
            sampler.options.environment.job_tags = [work.tag]
            sampler.options.max_execution_time = _bound(work)
            return str(sampler.run([circuit], shots=work.shots).job_id())

        heard = Heard()
        call = BoundedCall(lambda: self._link.question(post, heard=heard))
        self._posting[work.tag] = call
        try:
            made = self._link.wait(call)
        except ProviderError:
            if not call.going_on() and not heard.maybe_served:
                self._records.keep(work.tag, record)
                raise
            if (there := self.find(work.tag, work.target)) is None:
                raise
            return there
        finally:
            if not call.going_on():
                self._posting.pop(work.tag, None)
        return self.find(work.tag, work.target) or Reference("ibm", work.target, made)

    def _job(self, ref: Reference) -> Any:
        unknown = JobLost(
            f"ibm knows no job {ref.provider_job!r} on {ref.target!r}", "check the reference, or submit it"
        )
        if ref.provider != "ibm":
            raise unknown
        try:
            job, device = self._link.look(lambda service: with_device(service.job(ref.provider_job)), missing=unknown)
        except JobLost:
            if not self._records.knows(ref.provider_job):
                raise
            lasts_s = self._records.lasts_s(ref.provider_job, Trouble.VANISHED)
            if lasts_s < self.patience_s:
                raise ProviderUnavailable(
                    f"IBM has had no job {ref.provider_job} for {lasts_s:.0f} s",
                    f"it may come back, and is given up after {self.patience_s:g} s",
                    retry_after_s=_ASK_AGAIN_S,
                ) from None
            raise JobLost(
                f"{ref.provider_job} has vanished from IBM", "look for it in IBM's console, and submit again"
            ) from None
        if device != ref.target:
            raise unknown
        self._records.know(ref.provider_job)
        return job


def _bound(work: Work) -> int | None:
    return None if work.max_seconds is None else min(work.max_seconds, _LONGEST_RUN_S)


def make_ibm(home: Home) -> IbmProvider:
    """Entry point ``ibm``."""
    return IbmProvider(AccountFile(home.credentials / "ibm.json"), home.devices / "ibm")

"""Adapter `ibm`: IBM Quantum through its own client, qiskit-ibm-runtime.

What the client does not promise is made good here: every call ends in time; a submission is looked for by its tag
before and after it is made, and of several with one tag (a lost answer, the client's own retry) the oldest counts and
the others are cancelled; what it raises becomes one of three errors, on one line, without the token.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from router.providers.bounded import BoundedCall, TookTooLong
from router.providers.folder import write_whole
from router.providers.ibm_account import AccountFile, IbmAccount
from router.providers.protocol import (
    Estimate,
    JobState,
    ProviderError,
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

T = TypeVar("T")

_TIMEOUT_S = 60.0
_STATES = {
    "INITIALIZING": JobState.QUEUED,
    "QUEUED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "DONE": JobState.COMPLETED,
    "ERROR": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}
_RETRY_LATER = "try again in a few minutes; nothing is submitted twice"


@dataclass
class _Connection:
    service: Any
    account: IbmAccount
    version: tuple[int, int, int]


@dataclass
class IbmProvider:
    """IBM Quantum with the account in `credentials`."""

    credentials: AccountFile
    records: Path
    """Where the ISA circuit of each submission is kept until its result is fetched."""
    timeout_s: float = _TIMEOUT_S
    """Longest that one call may take, connecting included."""
    name: str = field(default="ibm", init=False)
    _connection: _Connection | None = field(default=None, init=False, repr=False)
    _connecting: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _posting: dict[str, BoundedCall[Any]] = field(default_factory=dict, init=False, repr=False)

    def capabilities(self) -> tuple[Target, ...]:
        backends = self._ask(lambda service: service.backends())
        return tuple(
            Target(backend.name, "ibm", "hardware", backend.num_qubits, f"IBM Quantum {backend.name}", ())
            for backend in sorted(backends, key=lambda backend: str(backend.name))
        )

    def estimate(self, work: Work) -> Estimate:
        """`queue_s` is None: IBM tells how many jobs are pending, not how long they take. `seconds` counts the shots
        at the device's repetition delay, without its fixed overhead."""
        from router.providers.transpilation import read_circuit

        read_circuit(work.qasm3)
        backend = self._backend(work.target)
        pending = self._ask(lambda _: backend.status().pending_jobs)
        delay_s = getattr(backend, "default_rep_delay", None)
        return Estimate(None, work.shots * delay_s if delay_s else None, int(pending))

    def submit(self, work: Work) -> Reference:
        """Raises ProviderUnavailable whenever it is not known that there is a job; `find` tells later."""
        from router.providers.transpilation import read_circuit, to_isa

        circuit = read_circuit(work.qasm3)
        if (there := self.find(work.tag, work.target)) is not None:
            self._check_same(work)
            return there
        earlier = self._posting.get(work.tag)
        if earlier is not None and earlier.going_on():
            raise ProviderUnavailable(f"an earlier submission of {work.tag} has not been answered yet", _RETRY_LATER)
        backend = self._backend(work.target)
        self._check_open(backend)
        isa = to_isa(circuit, backend, work.target)
        record = {
            "bits": circuit.num_clbits,
            "isa": isa.qasm3,
            "physical": list(isa.physical),
            "qasm3": work.qasm3,
            "shots": work.shots,
            "target": work.target,
            "transpilation": isa.summary,
        }
        self.records.mkdir(parents=True, exist_ok=True)
        write_whole(self.records / f"{work.tag}.json", json.dumps(record, sort_keys=True).encode())
        self._post(work, isa.circuit, backend)
        made = self.find(work.tag, work.target)
        if made is None:
            raise ProviderUnavailable(f"IBM does not list {work.tag} yet", _RETRY_LATER)
        return made

    def find(self, tag: str, target: str) -> Reference | None:
        """The oldest job with `tag`; others with it, which a lost answer can leave, are cancelled."""
        if not is_tag(tag):
            return None
        jobs = self._ask(
            lambda service: service.jobs(limit=None, job_tags=[tag], backend_name=target, descending=False)
        )
        # The tag is compared again: a server that ignores the filter must not lend us somebody else's job.
        jobs = [job for job in jobs if tag in (job.tags or [])]
        if not jobs:
            return None
        oldest, *others = sorted(jobs, key=lambda job: (str(job.creation_date), job.job_id()))
        for other in others:
            self._cancel(other)
        return Reference("ibm", target, oldest.job_id())

    def status(self, ref: Reference) -> Status:
        job = self._job(ref)
        state = _STATES.get(self._ask(lambda _: job.status()))
        if state is None:
            raise ProviderUnavailable(f"IBM gives {ref.provider_job} a status that is not known here", "update Qiskit")
        if state is not JobState.FAILED:
            return Status(state)
        return Status(state, self._ask(lambda service: self._clean(job.error_message() or "IBM gives no reason")))

    def result(self, ref: Reference) -> Result:
        status = self.status(ref)
        if status.state is not JobState.COMPLETED:
            why = f": {status.reason}" if status.reason else ""
            remedy = "submit again under a new tag" if status.state.ended else "wait until its status is completed"
            raise ResultUnusable(f"{ref.provider_job} is {status.state.value}{why}", remedy)
        job = self._job(ref)
        shots = _shots(self._ask(lambda _: job.result()), ref)
        metrics = self._ask(lambda _: job.metrics())
        record = self._record(job)
        physical = record["physical"] if record else range(job.backend().num_qubits)
        return Result(
            shots=shots,
            receipt=_receipt(ref, shots.count, metrics),
            calibration=self._ask(lambda _: _calibration(job, physical, ref.target)),
            isa_qasm3=record["isa"] if record else "",
            transpilation=record["transpilation"] if record else "submitted elsewhere: the ISA circuit is not here",
        )

    def cancel(self, ref: Reference) -> bool:
        return self._cancel(self._job(ref))

    def _cancel(self, job: Any) -> bool:
        return self._ask(lambda _: _cancelled(job))

    def _check_same(self, work: Work) -> None:
        path = self.records / f"{work.tag}.json"
        if path.exists():
            record = json.loads(path.read_bytes())
            if (record["qasm3"], record["shots"], record["target"]) != (work.qasm3, work.shots, work.target):
                raise ProviderRefused(
                    f"tag {work.tag} already names another run",
                    "use a new tag for new work, the same work for this tag",
                )

    def _check_open(self, backend: Any) -> None:
        status = self._ask(lambda _: backend.status())
        if not status.operational or status.status_msg != "active":
            raise ProviderUnavailable(
                f"{backend.name} does not run jobs now ({self._clean(str(status.status_msg))})",
                "wait, or choose another target",
            )
        if self._ask(lambda service: service.usage()).get("usage_limit_reached"):
            raise ProviderUnavailable(
                "the IBM instance has used up its time", "wait for its next period, or use another instance"
            )

    def _post(self, work: Work, circuit: Any, backend: Any) -> None:
        """One submission. A failure after which the job may be there is looked into; what is there, is."""
        from qiskit_ibm_runtime.executor_sampler import Sampler

        def post() -> Any:
            sampler = Sampler(mode=backend)
            sampler.options.environment.job_tags = [work.tag]
            return sampler.run([circuit], shots=work.shots)

        call: BoundedCall[Any] = BoundedCall(post)
        self._posting[work.tag] = call
        try:
            self._translated(lambda: call.wait(self.timeout_s))
        except ProviderUnavailable:
            if self.find(work.tag, work.target) is None:
                raise
        finally:
            if not call.going_on():
                del self._posting[work.tag]

    def _record(self, job: Any) -> dict[str, Any] | None:
        for tag in job.tags or []:
            path = self.records / f"{tag}.json"
            if is_tag(tag) and path.exists():
                record: dict[str, Any] = json.loads(path.read_bytes())
                return record
        return None

    def _backend(self, name: str) -> Any:
        return self._ask(lambda service: service.backend(name))

    def _job(self, ref: Reference) -> Any:
        unknown = ProviderRefused(
            f"ibm knows no job {ref.provider_job!r} on {ref.target!r}", "check the reference, or submit it"
        )
        if ref.provider != "ibm":
            raise unknown
        job = self._ask(lambda service: service.job(ref.provider_job), missing=unknown)
        if job.backend() is None or job.backend().name != ref.target:
            raise unknown
        return job

    def _clean(self, text: str) -> str:
        return self.credentials.read().clean(text)

    def _ask(self, question: Callable[[Any], T], *, missing: ProviderRefused | None = None) -> T:
        """What `question` answers about the service, in time, or one of this package's errors."""
        return self._translated(lambda: BoundedCall(lambda: question(self._service())).wait(self.timeout_s), missing)

    def _translated(self, call: Callable[[], T], missing: ProviderRefused | None = None) -> T:
        try:
            return call()
        except ProviderError:
            raise
        except TookTooLong:
            self._connection = None  # whatever hangs keeps the old one
            raise ProviderUnavailable(f"IBM did not answer within {self.timeout_s:g} s", _RETRY_LATER) from None
        except Exception as error:  # noqa: BLE001  # the client raises its own, requests', json's and warnings
            # Not chained: what the client raises may quote the request, and with it the token.
            raise _meaning(error, self._clean, missing) from None

    def _service(self) -> Any:
        version = self.credentials.version()
        with self._connecting:
            if self._connection is None or self._connection.version != version:
                account = self.credentials.read()
                self._connection = _Connection(_connect(account), account, version)
            return self._connection.service


def _connect(account: IbmAccount) -> Any:
    # The client reads these from the environment, and in no other way: the first when it is imported.
    os.environ["USAGE_DATA_OPT_OUT"] = "True"
    for name, value in (
        ("IAM_URL", account.iam_url),
        ("GLOBAL_SEARCH_URL", account.search_url),
        ("GLOBAL_CATALOG_URL", account.catalog_url),
    ):
        if value is not None:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    from qiskit_ibm_runtime import QiskitRuntimeService

    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)  # it warns that a token was given
    options: dict[str, Any] = {}
    if (api_url := account.api_url) is not None:
        options = {"url": api_url.split("/api/")[0], "url_resolver": lambda *_: api_url}
    return QiskitRuntimeService(
        channel="ibm_quantum_platform", token=account.token, instance=account.instance, **options
    )


def _meaning(error: Exception, clean: Callable[[str], str], missing: ProviderRefused | None) -> ProviderError:
    from qiskit.providers.exceptions import QiskitBackendNotFoundError
    from qiskit_ibm_runtime.accounts.exceptions import AccountsError
    from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, RuntimeJobNotFound

    said = clean(f"{type(error).__name__}: {error}")
    if missing is not None and isinstance(error, RuntimeJobNotFound):
        return missing
    if isinstance(error, QiskitBackendNotFoundError):
        return ProviderRefused("the IBM instance has no such device", "list the targets, and choose one of them")
    if isinstance(error, AccountsError | IBMNotAuthorizedError | IBMInputValueError) or "access token" in str(error):
        return ProviderUnavailable(
            f"IBM does not accept the credentials ({said})", "put a valid token and instance into credentials/ibm.json"
        )
    if isinstance(error, ValueError) and "Expecting value" in str(error):
        return ProviderUnavailable("IBM answered with something that is not JSON", _RETRY_LATER)
    if "429 Client Error" in str(error):
        return ProviderUnavailable(f"IBM asks for fewer requests ({said})", _RETRY_LATER, retry_after_s=60.0)
    if re.search(r"\b4(00|03|09|22) Client Error", str(error)):
        return ProviderRefused(f"IBM refuses this ({said})", "correct the circuit or the account's permissions")
    return ProviderUnavailable(f"IBM cannot be asked ({said})", _RETRY_LATER)


def _cancelled(job: Any) -> bool:
    from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError

    try:
        job.cancel()
    except RuntimeInvalidStateError:
        return bool(job.status() == "CANCELLED")
    return True


def _shots(answer: Any, ref: Reference) -> Any:
    """PackedShots of the register that every circuit of ours measures into, in the order in which they came."""
    from oracle.circuits.readers import shots_of_bit_array
    from oracle.encoding import InputRejected
    from router.providers.transpilation import REGISTER

    try:
        return shots_of_bit_array(answer[0].data[REGISTER])
    except (TypeError, KeyError, IndexError, AttributeError, InputRejected) as error:
        raise ResultUnusable(
            f"what IBM returned for {ref.provider_job} is not shots ({type(error).__name__})",
            "submit again under a new tag, and tell IBM of this job",
        ) from error


def _receipt(ref: Reference, shots: int, metrics: dict[str, Any]) -> Receipt:
    used = metrics.get("usage") or {}
    times = metrics.get("timestamps") or {}
    seconds = used.get("qpu_charge_time_seconds", used.get("quantum_seconds", 0))
    return Receipt(
        provider_job=ref.provider_job,
        target=ref.target,
        shots=shots,
        seconds=format(Decimal(str(seconds or 0)), "f"),
        started_at=str(times.get("running") or ""),
        finished_at=str(times.get("finished") or ""),
        method="hardware",
        seed=None,
    )


def _calibration(job: Any, physical: Any, target: str) -> bytes | None:
    from router.providers.calibration import snapshot

    properties = job.properties()
    return None if properties is None else snapshot(properties, physical, device=target, simulated=False)


def make_ibm(home: Home) -> IbmProvider:
    """Entry point ``ibm``."""
    return IbmProvider(AccountFile(home.credentials / "ibm.json"), home.devices / "ibm")

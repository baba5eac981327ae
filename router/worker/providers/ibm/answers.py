"""What IBM's answers mean: states, shots, the usage that is charged, the papers of a run."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from router.errors import RouterError
from router.protocol.providing import JobState, Reference, RunReceipt

_STATES = {
    "INITIALIZING": JobState.QUEUED,
    "QUEUED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "DONE": JobState.COMPLETED,
    "ERROR": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    "CANCELLED - RAN TOO LONG": JobState.FAILED,  # the client hands on what it does not know
}


class NoShots(RouterError):
    """What IBM returned is not the shots that were ordered; the message says what it is."""


def state_of(status: Any) -> JobState | None:
    """The state that the client's `status` names; None for one that is not known here."""
    return _STATES.get(str(status).upper())


def shots_of(answer: Any, ordered: int | None) -> Any:
    """PackedShots of the register that every circuit of ours measures into, in the order in which they came.

    `ordered`: how many there must be, None where that is not known. Raises NoShots.
    """
    from oracle.circuits.readers import shots_of_bit_array
    from oracle.encoding import InputRejected
    from router.worker.providers.transpilation import REGISTER

    if answer is None:
        raise NoShots("nothing")
    try:
        shots = shots_of_bit_array(answer[0].data[REGISTER])
    except (TypeError, KeyError, IndexError, AttributeError, InputRejected) as error:
        raise NoShots(f"no shots ({type(error).__name__})") from error
    if ordered is not None and shots.count != ordered:
        raise NoShots(f"{shots.count} shots of {ordered}")
    return shots


def usage_of(metrics: dict[str, Any]) -> str | None:
    """Seconds of the QPU that are charged, as a decimal text; None while that figure is not final.

    IBM counts after the run: until then its metrics hold ``{"status": "pending"}`` with a zero, or with part of it. An
    answer without that status is an older one, whose zero says nothing either.
    """
    usage = metrics.get("usage")
    if not isinstance(usage, dict) or str(usage.get("status", "")).lower() == "pending":
        return None
    figure = usage.get("qpu_charge_time_seconds")
    if figure is None:
        figure = usage.get("quantum_seconds")
    if figure is None or isinstance(figure, bool):
        return None
    try:
        seconds = Decimal(str(figure))
    except InvalidOperation:
        return None
    if not seconds.is_finite() or seconds < 0 or (not seconds and "status" not in usage):
        return None
    return format(seconds, "f")


def receipt_of(ref: Reference, shots: int, metrics: dict[str, Any], max_seconds: int | None) -> RunReceipt:
    """The receipt of a run of `shots`, its usage final or not."""
    times = metrics.get("timestamps")
    times = times if isinstance(times, dict) else {}
    return RunReceipt(
        provider_job=ref.provider_job,
        target=ref.target,
        shots=shots,
        seconds=usage_of(metrics),
        started_at=str(times.get("running") or ""),
        finished_at=str(times.get("finished") or ""),
        method="hardware",
        seed=None,
        max_seconds=max_seconds,
    )


def loaded(backend: Any) -> Any:
    """`backend` with all that a transpilation asks of it, which the client fetches when it is first used."""
    _ = backend.target
    return backend


def with_device(job: Any) -> tuple[Any, str | None]:
    """`job` and the name of its device, None where IBM names none."""
    backend = job.backend(timeout=5)
    return job, None if backend is None else str(backend.name)


def queue_of(backend: Any) -> tuple[int, float | None]:
    """Jobs that wait for `backend`, and the seconds between two of its shots, None where it does not say."""
    delay_s = getattr(backend, "default_rep_delay", None)
    return int(backend.status().pending_jobs), None if delay_s is None else float(delay_s)

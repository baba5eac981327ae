"""What became of a run at a provider, told as lifecycle events: the worker says it, the operator signs.

The worker's own word, its submission and its delivery, is signed by the worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from router.control.desk import OperatorDesk
from router.protocol.lifecycle import Failed, JobRecord, Payload, Queued, Running, State
from router.protocol.ports import AGAIN, WITH_PROVIDER
from router.protocol.providing import JobState, RunStatus


def tell(desk: OperatorDesk, record: JobRecord, status: RunStatus) -> None:
    """Write down what `status` says and the job's record does not."""
    detail = status.reason or f"{record.provider} says {status.state.value}"

    def following(current: JobRecord) -> Sequence[Payload]:
        match status.state:
            case JobState.QUEUED if current.state is State.SUBMITTED:
                return [Queued(detail)]
            case JobState.RUNNING if current.state in (State.SUBMITTED, State.QUEUED):
                return [Running(detail)]
            case JobState.FAILED | JobState.CANCELLED if current.state in WITH_PROVIDER:
                return [Failed(f"the provider job {status.state.value}: {detail}", AGAIN)]
            case _:
                return ()

    if following(record):  # most looks find nothing new
        desk.write(record.job, following)


def fail(desk: OperatorDesk, job: str, reason: str, while_in: tuple[State, ...]) -> JobRecord:
    """Write down that nothing will come of the job's run, unless it has left the states `while_in`."""

    def following(current: JobRecord) -> Sequence[Payload]:
        return [Failed(reason, AGAIN)] if current.state in while_in else ()

    return desk.write(job, following)

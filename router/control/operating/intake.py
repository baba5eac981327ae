"""Taking a job in: the requester's signed `created`, and what its simulation found, in the operator's name."""

from __future__ import annotations

from datetime import UTC, datetime

from router.control.desk import OperatorDesk
from router.protocol.lifecycle import Event, JobRecord, Role, Simulated, apply, sign_event


def admit(desk: OperatorDesk, created: Event, simulated: Simulated) -> JobRecord:
    """Append the requester's `created` and the operator's `simulated`, both or neither; returns the new record.

    Raises TransitionRefused for an event that begins no job, EventConflict for a job that is there.
    """
    told = sign_event(
        desk.account, after=apply(None, created), role=Role.OPERATOR, payload=simulated, at=datetime.now(UTC)
    )
    return desk.opened.store.append_many((created, told))

"""Whether the worker agrees to call a job off. What it signs, `protocol.cancellation` says."""

from __future__ import annotations

from router.protocol.desks.opened import OpenedHome
from router.protocol.lifecycle import JobRecord, State
from router.protocol.papers import spec_of

_ORDER = (State.CREATED, State.SIMULATED, State.APPROVED, State.SUBMITTED, State.QUEUED, State.RUNNING)


def refuses(opened: OpenedHome, record: JobRecord) -> str | None:
    """Why the worker does not co-sign a cancellation: the spec's policy lets it go only so far. None: it does."""
    until = State(spec_of(opened.artifacts, record).cancellation.until)
    if record.state not in _ORDER:
        return f"{record.job} is {record.state.value}; there is nothing left to call off"
    if _ORDER.index(record.state) > _ORDER.index(until):
        return f"{record.job} is {record.state.value}, and its spec lets it be called off until {until.value}"
    return None

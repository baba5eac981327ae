"""Writing events: each is signed by the key of its role and appended after the record it follows, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from router.control.store import EventConflict
from router.control.workspace import Workspace
from router.protocol.lifecycle import Event, JobRecord, Kind, Payload, Role, apply, sign_event

_ATTEMPTS = 20

Next = Callable[[JobRecord], Sequence[tuple[Role, Payload]]]


def write(workspace: Workspace, job: str, following: Next) -> JobRecord:
    """Append what `following(record)` says follows from the job's record, all of it or nothing; return the new record.

    Another process may append at the same moment: then the record is read again and `following` is asked again, so it
    must decide from the record alone, and return nothing when what it wants has already happened.
    Raises TransitionRefused, UnknownJob, EventConflict when the job never holds still.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _write_once(workspace, job, following)
        except EventConflict:
            continue
    return _write_once(workspace, job, following)


def _write_once(workspace: Workspace, job: str, following: Next) -> JobRecord:
    record = workspace.store.job(job)
    events: list[Event] = []
    for role, payload in following(record):
        before = (*workspace.store.events(job), *events) if payload.kind is Kind.REORGED else ()
        event = sign_event(
            workspace.account(role.value), after=record, role=role, payload=payload, at=datetime.now(UTC), before=before
        )
        record = apply(record, event, before)
        events.append(event)
    if events:
        workspace.store.append_many(events)
    return record

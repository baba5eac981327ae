"""Writing events: each is signed by the key of its role and appended after the record it follows, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from router.protocol.lifecycle import Event, EventKind, JobRecord, Payload, Role, apply, sign_event
from router.protocol.ports import EventConflict, EventStore

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

_ATTEMPTS = 20

Next = Callable[[JobRecord], Sequence[Payload]]
Key = Callable[[], "LocalAccount"]


def write(store: EventStore, role: Role, key: Key, job: str, following: Next) -> JobRecord:
    """Append what `following(record)` says follows from the job's record, all of it or nothing; return the new record.

    Each event is signed as `role`, with `key`, which is opened only if there is something to sign.

    Another process may append at the same moment: then the record is read again and `following` is asked again, so it
    must decide from the record alone, and return nothing when what it wants has already happened.
    Raises TransitionRefused, UnknownJob, EventConflict when the job never holds still.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _write_once(store, role, key, job, following)
        except EventConflict:
            continue
    return _write_once(store, role, key, job, following)


def _write_once(store: EventStore, role: Role, key: Key, job: str, following: Next) -> JobRecord:
    record = store.job(job)
    events: list[Event] = []
    for payload in following(record):
        before = (*store.events(job), *events) if payload.kind is EventKind.REORGED else ()
        event = sign_event(key(), after=record, role=role, payload=payload, at=datetime.now(UTC), before=before)
        record = apply(record, event, before)
        events.append(event)
    if events:
        store.append_many(events)
    return record

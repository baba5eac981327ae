"""Events and the jobs that they fold to. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from oracle.encoding import canonical_bytes, parse_json
from router.control.store.errors import UNREADABLE, AmbiguousJob, TermsTaken, UnknownJob
from router.control.store.schema import events, jobs
from router.protocol.lifecycle import (
    EscrowState,
    Event,
    EventChainBroken,
    EventKind,
    JobRecord,
    RoleAddresses,
    State,
    TransitionRefused,
    fold,
    format_at,
    verify_chain,
    verify_event,
)
from router.protocol.ports import EventConflict

_SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; a field left None does not filter, several must all hold."""

    states: frozenset[State] | None = None
    escrow: frozenset[EscrowState] | None = None
    requester: str | None = None
    circuit_family: str | None = None
    target: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.states is not None:
            found.append(jobs.c.state.in_(sorted(state.value for state in self.states)))
        if self.escrow is not None:
            found.append(jobs.c.escrow.in_(sorted(state.value for state in self.escrow)))
        for column, wanted in (
            (jobs.c.requester, self.requester),
            (jobs.c.circuit_family, self.circuit_family),
            (jobs.c.target, self.target),
        ):
            if wanted is not None:
                found.append(column == wanted)
        return found


@dataclass(frozen=True)
class Due:
    """A job whose next look has come, as its row says: what is read for a job that nobody looks at yet."""

    job: str
    state: str
    next_look_at: str | None
    waiting_for: str | None


@dataclass(frozen=True)
class Damaged:
    """A job of which no record can be read."""

    job: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """The jobs of a list, and those that belong there and cannot be read."""

    records: tuple[JobRecord, ...]
    damaged: tuple[Damaged, ...] = ()


def _copied(text: object) -> JobRecord | None:
    """The record that a job's row holds a copy of, or None where the copy is damaged: the events still tell it."""
    try:
        return JobRecord.from_json(parse_json(text))  # type: ignore[arg-type]  # whatever it is, it is caught
    except UNREADABLE:
        return None


def event_of(row: Row[Any]) -> Event:
    """The event of a row of `events`; raises EventChainBroken for a row that no event left."""
    named = row._mapping
    try:
        event = Event.from_json(
            {
                "job": named["job"],
                "sequence": named["sequence"],
                "kind": named["kind"],
                "actor": named["actor"],
                "role": named["role"],
                "at": named["at"],
                "payload": parse_json(named["payload"]),
                "payload_digest": named["payload_digest"],
                "previous": named["previous"],
                "signature": named["signature"],
            }
        )
    except UNREADABLE as error:  # EventMalformed, a payload that is no JSON, or a value of another type
        raise EventChainBroken(named["job"], named["sequence"], f"its row cannot be read: {error}") from error
    if event.digest != named["digest"]:
        raise EventChainBroken(event.job, event.sequence, "its row was altered: it has another digest than was stored")
    return event


def append(connection: Connection, event: Event, roles: RoleAddresses | None, now: datetime) -> JobRecord:
    """Verifies `event` against the stored record and adds both; the same event again changes nothing.

    Raises EventConflict if its place is taken, TermsTaken, UnknownJob, and what lifecycle.verify_event raises.
    """
    row = connection.execute(
        select(jobs.c.record).where(jobs.c.job == event.job).with_for_update()
    ).scalar_one_or_none()
    before = None if row is None else _before(connection, event.job, row)
    if before is None and event.sequence > 1:
        raise UnknownJob(event.job)
    if before is not None and event.sequence <= before.sequence:
        place = (events.c.job == event.job) & (events.c.sequence == event.sequence)
        if connection.execute(select(events.c.digest).where(place)).scalar_one() == event.digest:
            return before
        raise EventConflict(event.job, event.sequence)
    # Only an event that undoes others needs the log that it undoes them in.
    before_it = log(connection, event.job) if event.kind is EventKind.REORGED else ()
    try:
        after = verify_event(before, event, roles, before_it)
    except (EventChainBroken, TransitionRefused):
        told = None if before is None else read(connection, event.job)
        if told == before:
            raise
        after = verify_event(
            told, event, roles, before_it
        )  # the copy was damaged where it shows least: the log decides
    columns = _columns(after)
    columns["next_look_at"] = _next_look(after, now)
    columns["waiting_for"] = None  # whatever it waited for, this is what came of it
    try:
        if before is None:
            connection.execute(insert(jobs).values(columns))
        else:
            connection.execute(update(jobs).where(jobs.c.job == event.job).values(columns))
        connection.execute(insert(events).values(_event_columns(event)))
    except IntegrityError as error:
        if before is not None:
            # The job's row is held, so its next place is free: what is taken is the escrow id.
            raise TermsTaken(event.job, str(after.escrow_id)) from error
        # PostgreSQL lets two processes create the same job side by side until one of them commits.
        raise EventConflict(event.job, event.sequence) from error
    return after


def _next_look(record: JobRecord, now: datetime) -> str | None:
    """When the daemon looks: a promoted job after its end, too, until the chain cannot take that back any more."""
    return None if record.closed and not record.promoted else format_at(now)


def _before(connection: Connection, job: str, row: object) -> JobRecord:
    """The record before an append: the row's copy if it can be read and is of the log's last event, else the fold."""
    copied = _copied(row)
    query = select(events.c.sequence, events.c.digest).where(events.c.job == job).order_by(events.c.sequence.desc())
    last = connection.execute(query.limit(1)).one_or_none()
    if copied is not None and last is not None and (copied.sequence, copied.head) == tuple(last):
        return copied
    return read(connection, job)


def _columns(record: JobRecord) -> dict[str, object]:
    return {
        "job": record.job,
        "chain_id": record.chain_id,
        "state": record.state.value,
        "escrow": record.escrow.value,
        "escrow_id": record.escrow_id,
        "requester": record.requester,
        "circuit_family": record.family,
        "requested_target": record.requested_target,
        "provider": record.provider,
        "target": record.target,
        "provider_job": record.provider_job,
        "sequence": record.sequence,
        "head": record.head,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "submitted_at": record.submitted_at,
        "record": canonical_bytes(record.to_json()).decode(),
    }


def _event_columns(event: Event) -> dict[str, object]:
    written = event.to_json()
    written["payload"] = canonical_bytes(written["payload"]).decode()
    written["digest"] = event.digest
    return written


def log(connection: Connection, job: str) -> tuple[Event, ...]:
    """The events of `job` in order; raises UnknownJob."""
    rows = connection.execute(select(events).where(events.c.job == job).order_by(events.c.sequence)).all()
    if not rows:
        raise UnknownJob(job)
    return tuple(event_of(row) for row in rows)


def read(connection: Connection, job: str) -> JobRecord:
    """The fold of the job's events; raises UnknownJob, and EventChainBroken for a log that does not hold."""
    return history(connection, job)[0]


def history(connection: Connection, job: str) -> tuple[JobRecord, tuple[Event, ...]]:
    """The record, and the events that it is the fold of; raises as `read`."""
    told = log(connection, job)
    try:
        return fold(told), told
    except TransitionRefused as error:
        raise EventChainBroken(job, told[-1].sequence, str(error)) from error


def matching(connection: Connection, wanted: JobFilter, limit: int) -> Listing:
    """Up to `limit` jobs, newest first, and which of them cannot be read."""
    query = select(jobs.c.job, jobs.c.record).where(*wanted.conditions()).order_by(jobs.c.created_at.desc(), jobs.c.job)
    records: list[JobRecord] = []
    damaged: list[Damaged] = []
    for row in connection.execute(query.limit(limit)).all():
        try:
            records.append(_copied(row.record) or read(connection, row.job))
        except (EventChainBroken, UnknownJob) as error:
            damaged.append(Damaged(row.job, str(getattr(error, "reason", error))))
    return Listing(tuple(records), tuple(damaged))


def name_by_escrow_id(connection: Connection, escrow_id: str) -> str | None:
    """The id of the job whose terms have that digest, or None: the chain has jobs of other routers too."""
    return connection.execute(select(jobs.c.job).where(jobs.c.escrow_id == escrow_id)).scalar_one_or_none()


def with_prefix(connection: Connection, prefix: str) -> str:
    """The one job whose id begins with `prefix`, with or without ``job_``; raises UnknownJob or AmbiguousJob."""
    whole = prefix if prefix.startswith("job_") else f"job_{prefix}"
    query = select(jobs.c.job).where(jobs.c.job.startswith(whole, autoescape=True)).order_by(jobs.c.job)
    found = connection.execute(query.limit(_SHOWN_CANDIDATES)).scalars().all()
    if not found or whole == "job_":
        raise UnknownJob(prefix)
    if len(found) > 1:
        raise AmbiguousJob(prefix, found)
    return str(found[0])


def due(connection: Connection, now: datetime, limit: int) -> tuple[Due, ...]:
    """Up to `limit` jobs whose next look is not after `now`, the longest waiting first."""
    query = (
        select(jobs.c.job, jobs.c.state, jobs.c.next_look_at, jobs.c.waiting_for)
        .where(jobs.c.next_look_at <= format_at(now))
        .order_by(jobs.c.next_look_at, jobs.c.job)
        .limit(limit)
    )
    return tuple(Due(*row) for row in connection.execute(query))


def look_again(connection: Connection, job: str, at: datetime | None, instead_of: str | None = None) -> None:
    """When the daemon looks at `job` next; None: never, until its next event. Raises UnknownJob.

    With `instead_of` only where that is when the next look is due: one that was brought forward meanwhile stands.
    """
    when = None if at is None else format_at(at)
    change = update(jobs).where(jobs.c.job == job).values(next_look_at=when)
    if instead_of is not None:
        connection.execute(change.where(jobs.c.next_look_at == instead_of))
    elif connection.execute(change).rowcount == 0:
        raise UnknownJob(job)


def rebuild(connection: Connection, job: str, roles: RoleAddresses | None, now: datetime) -> tuple[JobRecord, bool]:
    """Verify the job's log anew, write its row from it, and make it due; the record, and whether the row had differed.

    Raises UnknownJob, and EventChainBroken for a log that does not hold.
    """
    record = verify_chain(log(connection, job), roles)
    columns = _columns(record)
    held = connection.execute(select(*(jobs.c[name] for name in columns)).where(jobs.c.job == job)).one()
    look = {"next_look_at": _next_look(record, now), "waiting_for": None}
    connection.execute(update(jobs).where(jobs.c.job == job).values({**columns, **look}))
    return record, dict(held._mapping) != columns


def wait_for(connection: Connection, job: str, reason: str | None) -> None:
    """What `job` waits for, for people; None: nothing in particular. Raises UnknownJob."""
    if connection.execute(update(jobs).where(jobs.c.job == job).values(waiting_for=reason)).rowcount == 0:
        raise UnknownJob(job)


def waiting_for(connection: Connection, names: Collection[str]) -> Mapping[str, str]:
    """What those of the jobs `names` wait for that wait for anything."""
    query = select(jobs.c.job, jobs.c.waiting_for).where(jobs.c.job.in_(sorted(names)), jobs.c.waiting_for.is_not(None))
    return {row.job: row.waiting_for for row in connection.execute(query)}


def submitted_since(connection: Connection, providers: Collection[str], since: datetime, requester: str | None) -> int:
    """How many jobs were submitted to `providers` at or after `since`, of one requester or of all."""
    query = select(func.count()).where(jobs.c.provider.in_(sorted(providers)), jobs.c.submitted_at >= format_at(since))
    if requester is not None:
        query = query.where(jobs.c.requester == requester)
    return connection.execute(query).scalar_one()


def created_since(connection: Connection, requester: str, since: datetime) -> int:
    """How many jobs `requester` created at or after `since`."""
    query = select(func.count()).where(jobs.c.requester == requester, jobs.c.created_at >= format_at(since))
    return connection.execute(query).scalar_one()


def live_of(connection: Connection, requester: str, states: Collection[State]) -> int:
    """How many jobs of `requester` are in `states`."""
    wanted = sorted(state.value for state in states)
    query = select(func.count()).where(jobs.c.requester == requester, jobs.c.state.in_(wanted))
    return connection.execute(query).scalar_one()

"""Events and the jobs that they fold to. Every function works inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from oracle.encoding import canonical_bytes
from router.lifecycle import (
    EscrowState,
    Event,
    EventChainBroken,
    JobRecord,
    RoleAddresses,
    State,
    fold,
    format_at,
    verify_event,
)
from router.store.errors import AmbiguousJob, EventConflict, TermsTaken, UnknownJob
from router.store.schema import events, jobs

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


def _record(text: str) -> JobRecord:
    return JobRecord.from_json(json.loads(text))


def event_of(row: Row[Any]) -> Event:
    """The event of a row of `events`; raises EventChainBroken for a row that no event left."""
    named = row._mapping
    try:
        return Event.from_json(
            {
                "job": named["job"],
                "sequence": named["sequence"],
                "kind": named["kind"],
                "actor": named["actor"],
                "role": named["role"],
                "at": named["at"],
                "payload": json.loads(named["payload"]),
                "payload_digest": named["payload_digest"],
                "previous": named["previous"],
                "signature": named["signature"],
            }
        )
    except ValueError as error:  # EventMalformed, or payload text that is not JSON
        raise EventChainBroken(named["job"], named["sequence"], f"its row cannot be read: {error}") from error


def append(connection: Connection, event: Event, roles: RoleAddresses | None, now: datetime) -> JobRecord:
    """Verifies `event` against the stored record and adds both; the same event again changes nothing.

    Raises EventConflict if its place is taken, TermsTaken, UnknownJob, and what lifecycle.verify_event raises.
    """
    row = connection.execute(
        select(jobs.c.record).where(jobs.c.job == event.job).with_for_update()
    ).scalar_one_or_none()
    before = None if row is None else _record(row)
    if before is None and event.sequence > 1:
        raise UnknownJob(event.job)
    if before is not None and event.sequence <= before.sequence:
        place = (events.c.job == event.job) & (events.c.sequence == event.sequence)
        if connection.execute(select(events.c.digest).where(place)).scalar_one() == event.digest:
            return before
        raise EventConflict(event.job, event.sequence)
    after = verify_event(before, event, roles)
    columns = _columns(after)
    columns["next_look_at"] = None if after.closed else format_at(now)
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
    """The fold of the job's events; raises UnknownJob, and EventChainBroken for a log that does not link."""
    return fold(log(connection, job))


def matching(connection: Connection, wanted: JobFilter, limit: int) -> tuple[JobRecord, ...]:
    """Up to `limit` jobs, newest first."""
    query = select(jobs.c.record).where(*wanted.conditions()).order_by(jobs.c.created_at.desc(), jobs.c.job)
    return tuple(_record(text) for text in connection.execute(query.limit(limit)).scalars())


def by_escrow_id(connection: Connection, escrow_id: str) -> JobRecord | None:
    """The job whose terms have that digest, or None: the chain has jobs of other routers too."""
    row = connection.execute(select(jobs.c.job).where(jobs.c.escrow_id == escrow_id)).one_or_none()
    return None if row is None else read(connection, row[0])


def with_prefix(connection: Connection, prefix: str) -> JobRecord:
    """The one job whose id begins with `prefix`, with or without ``job_``; raises UnknownJob or AmbiguousJob."""
    whole = prefix if prefix.startswith("job_") else f"job_{prefix}"
    query = select(jobs.c.job).where(jobs.c.job.startswith(whole, autoescape=True)).order_by(jobs.c.job)
    found = connection.execute(query.limit(_SHOWN_CANDIDATES)).scalars().all()
    if not found or whole == "job_":
        raise UnknownJob(prefix)
    if len(found) > 1:
        raise AmbiguousJob(prefix, found)
    return read(connection, found[0])


def due(connection: Connection, states: Iterable[State], now: datetime, limit: int) -> tuple[JobRecord, ...]:
    """Up to `limit` jobs in `states` whose next look is not after `now`, the longest waiting first."""
    query = (
        select(jobs.c.record)
        .where(jobs.c.state.in_(sorted(state.value for state in states)), jobs.c.next_look_at <= format_at(now))
        .order_by(jobs.c.next_look_at, jobs.c.job)
        .limit(limit)
    )
    return tuple(_record(text) for text in connection.execute(query).scalars())


def look_again(connection: Connection, job: str, at: datetime | None) -> None:
    """When the daemon looks at `job` next; None: never, until its next event. Raises UnknownJob."""
    when = None if at is None else format_at(at)
    if connection.execute(update(jobs).where(jobs.c.job == job).values(next_look_at=when)).rowcount == 0:
        raise UnknownJob(job)


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

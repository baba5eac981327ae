"""The rows of intents: what `oracle.chain.transactions.intents` says of them, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from oracle.chain.transactions.intents import Intent, IntentStatus
from oracle.encoding import parse_json
from router.control.store.errors import UNREADABLE, IntentConflict, RowDamaged, UnknownJob
from router.control.store.schema import intents, jobs
from router.protocol.lifecycle import format_at


def _intent(row: Row[Any]) -> Intent:
    """The intent of a row; raises RowDamaged for a row that none left."""
    named = dict(row._mapping)
    what = f"intent {named['name']}"
    try:
        named["status"] = IntentStatus(named["status"])
        parse_json(named["request"])
        if named["outcome"] is not None:
            parse_json(named["outcome"])
    except UNREADABLE as error:
        raise RowDamaged(named["job"], what, f"its row cannot be read: {error}") from error
    return Intent(**named)


def _readable(rows: Iterable[Row[Any]]) -> Iterator[Intent]:
    for row in rows:
        with suppress(RowDamaged):
            yield _intent(row)


def read(connection: Connection, job: str, name: str) -> Intent | None:
    """The latest attempt, or None."""
    query = select(intents).where(intents.c.job == job, intents.c.name == name).order_by(intents.c.attempt.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _intent(row)


def plan(connection: Connection, job: str, name: str, request: str, now: datetime) -> Intent:
    """A new intent, or the one that is planned or done already, with its own request and not `request`.

    Raises UnknownJob.
    """
    # The job's row is the lock: two processes planning the same effect must not both find nothing.
    if connection.execute(select(jobs.c.job).where(jobs.c.job == job).with_for_update()).one_or_none() is None:
        raise UnknownJob(job)
    known = read(connection, job, name)
    if known is not None and known.status is not IntentStatus.ABANDONED:
        return known
    values = {
        "job": job,
        "name": name,
        "attempt": 1 if known is None else known.attempt + 1,
        "status": IntentStatus.PLANNED.value,
        "request": request,
        "planned_at": format_at(now),
    }
    return _intent(connection.execute(insert(intents).values(values).returning(*intents.c)).one())


def finish(connection: Connection, job: str, name: str, status: IntentStatus, outcome: str, now: datetime) -> Intent:
    """The planned intent, done or abandoned; finishing it the same way again changes nothing.

    One that is done may still be abandoned: a reorg undid its effect, and what made it cannot be sent again.
    Raises IntentConflict if it was never planned or was finished otherwise.
    """
    if status is IntentStatus.PLANNED:
        raise ValueError("an intent is finished as done or abandoned")
    known = read(connection, job, name)
    if known is None:
        raise IntentConflict(job, name, "it was never planned")
    if known.status is not IntentStatus.PLANNED:
        if (known.status, known.outcome) == (status, outcome):
            return known
        if (known.status, status) != (IntentStatus.DONE, IntentStatus.ABANDONED):
            raise IntentConflict(job, name, f"it is {known.status.value} already, with outcome {known.outcome}")
    change = (
        update(intents)
        .where(intents.c.id == known.id, intents.c.status == known.status.value)
        .values(status=status.value, outcome=outcome, finished_at=format_at(now))
        .returning(*intents.c)
    )
    row = connection.execute(change).one_or_none()
    if row is None:
        raise IntentConflict(job, name, "another process has just finished it")
    return _intent(row)


def newest_sent(connection: Connection, limit: int) -> tuple[Intent, ...]:
    """Those of the newest `limit` intents of transactions that are done, newest first; damaged rows are left out."""
    query = select(intents).where(intents.c.name.startswith("tx:")).order_by(intents.c.id.desc()).limit(limit)
    found = _readable(connection.execute(query))
    return tuple(intent for intent in found if intent.status is IntentStatus.DONE)


def of_job(connection: Connection, job: str) -> tuple[Intent, ...]:
    """All attempts of all intents of `job`, in the order planned."""
    rows = connection.execute(select(intents).where(intents.c.job == job).order_by(intents.c.id))
    return tuple(_intent(row) for row in rows)

"""Requests: what the command line asks of the daemon, which alone runs workflows.

A request is taken on a lease: a daemon that dies holding one gives it up when the lease runs out.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from oracle.encoding import parse_json
from router.control.store.errors import UNREADABLE, RowDamaged, UnknownJob, UnknownRequest
from router.control.store.schema import jobs, requests
from router.protocol.lifecycle import format_at
from router.protocol.requests import Request, RequestKind, RequestStatus


def _request(row: Row[Any]) -> Request:
    """The request of a row; raises RowDamaged for a row that none left."""
    named = dict(row._mapping)
    try:
        named["kind"] = RequestKind(named["kind"])
        named["status"] = RequestStatus(named["status"])
        if not isinstance(parse_json(named["body"]), dict):
            raise ValueError("its body is no JSON object")
    except UNREADABLE as error:
        raise RowDamaged(named["job"], f"request {named['id']}", f"its row cannot be read: {error}") from error
    return Request(**named)


def put(connection: Connection, job: str, kind: RequestKind, body: str, now: datetime) -> Request:
    """A new request; raises UnknownJob."""
    if connection.execute(select(jobs.c.job).where(jobs.c.job == job)).one_or_none() is None:
        raise UnknownJob(job)
    values = {
        "job": job,
        "kind": kind.value,
        "body": body,
        "status": RequestStatus.WAITING.value,
        "created_at": format_at(now),
    }
    return _request(connection.execute(insert(requests).values(values).returning(*requests.c)).one())


def take(connection: Connection, limit: int, lease: timedelta, now: datetime) -> tuple[Request, ...]:
    """Up to `limit` requests that wait, or whose taker's lease ran out, oldest first; they are now the caller's.

    One whose row is damaged is answered as refused, here and now: nobody can serve it.
    """
    free = or_(
        requests.c.status == RequestStatus.WAITING.value,
        (requests.c.status == RequestStatus.TAKEN.value) & (requests.c.held_until <= format_at(now)),
    )
    chosen = select(requests.c.id).where(free).order_by(requests.c.id).limit(limit).with_for_update(skip_locked=True)
    ids = connection.execute(chosen).scalars().all()
    change = (
        update(requests)
        .where(requests.c.id.in_(ids))
        .values(status=RequestStatus.TAKEN.value, held_until=format_at(now + lease))
        .returning(*requests.c)
    )
    taken: list[Request] = []
    for row in sorted(connection.execute(change), key=lambda row: int(row._mapping["id"])):
        try:
            taken.append(_request(row))
        except RowDamaged as error:
            _answer(connection, row._mapping["id"], json.dumps({"refused": error.reason}), now)
    return tuple(taken)


def answer(connection: Connection, request: int, answer: str, now: datetime) -> Request:
    """The request, answered; the first answer stands. Raises UnknownRequest."""
    _answer(connection, request, answer, now)
    return read(connection, request)


def discard_damaged(connection: Connection, job: str) -> int:
    """Delete the requests of `job` whose rows are damaged, which were refused; how many there were."""
    bad = []
    for row in connection.execute(select(requests).where(requests.c.job == job)).all():
        try:
            _request(row)
        except RowDamaged:
            bad.append(row._mapping["id"])
    connection.execute(delete(requests).where(requests.c.id.in_(bad)))
    return len(bad)


def _answer(connection: Connection, request: int, answer: str, now: datetime) -> None:
    change = (
        update(requests)
        .where(requests.c.id == request, requests.c.status != RequestStatus.ANSWERED.value)
        .values(status=RequestStatus.ANSWERED.value, answer=answer, answered_at=format_at(now), held_until=None)
    )
    connection.execute(change)


def read(connection: Connection, request: int) -> Request:
    """The request as it is now; raises UnknownRequest."""
    row = connection.execute(select(requests).where(requests.c.id == request)).one_or_none()
    if row is None:
        raise UnknownRequest(request)
    return _request(row)


def of_job(connection: Connection, job: str) -> tuple[Request, ...]:
    """All requests of `job`, oldest first."""
    rows = connection.execute(select(requests).where(requests.c.job == job).order_by(requests.c.id))
    return tuple(_request(row) for row in rows)

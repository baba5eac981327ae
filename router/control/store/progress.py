"""How far readers of the outbox are, event by event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from router.control.store import jobs as job_rows
from router.control.store.database import upserting
from router.control.store.schema import delivered, events
from router.protocol.lifecycle import Event, EventChainBroken, format_at


@dataclass(frozen=True)
class Outgoing:
    """An event on its way out, with its position in the outbox."""

    position: int
    event: Event


def undelivered(connection: Connection, consumer: str, limit: int) -> tuple[Outgoing, ...]:
    """Up to `limit` events that `consumer` has not confirmed, in order of position; damaged rows hold no other up."""
    mine = (delivered.c.position == events.c.position) & (delivered.c.consumer == consumer)
    query = select(events).outerjoin(delivered, mine).where(delivered.c.position.is_(None)).order_by(events.c.position)
    return tuple(islice(_readable(connection.execute(query)), limit))


def _readable(rows: Iterable[Row[Any]]) -> Iterator[Outgoing]:
    for row in rows:
        with suppress(EventChainBroken):
            yield Outgoing(row._mapping["position"], job_rows.event_of(row))


def confirm(connection: Connection, consumer: str, positions: Iterable[int], now: datetime) -> None:
    """`consumer` has these events; confirming one again changes nothing."""
    new = [{"consumer": consumer, "position": position, "at": format_at(now)} for position in sorted(set(positions))]
    if new:
        connection.execute(upserting(connection, delivered).values(new).on_conflict_do_nothing())

"""What the chain said: every event of the escrow, and the blocks up to which they were read.

The log of one `oracle.chain.following.follower.Follower`, shared by every process of this router: whoever reads first
moves the cursor, the others see that it has moved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select, text, tuple_, update

from oracle.chain.events import BlockRef, EscrowEvent, Submitted
from oracle.chain.following.follower import Read, needless
from router.control.store.database import transaction
from router.control.store.schema import chain_blocks, chain_events, jobs
from router.protocol.lifecycle import format_at

_AT_ONCE = 500
"""Rows in one statement: databases bound the number of its parameters."""

T = TypeVar("T")


class ChainLog:
    """The kept part of the chain; an `oracle.chain.following.follower.EventLog`."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], finality: int) -> None:
        """`finality`: how deep a fork is found without reading everything again."""
        self._engine = engine
        self._clock = clock
        self._finality = finality

    def _reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=False)

    def _writing(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=True)

    # What the follower asks for

    def blocks(self) -> tuple[Read, ...]:
        """Blocks up to which events were read, newest first; the first is the cursor."""
        with self._reading() as connection:
            return _blocks(connection)

    def rewind(self, since: Read, to: Read | None) -> None:
        """Move the cursor back; what lies above stays until it is read anew."""
        with self._writing() as connection:
            if _held(connection) == since:
                connection.execute(
                    delete(chain_blocks).where(chain_blocks.c.number > (-1 if to is None else to.number))
                )

    def advance(self, since: Read | None, start: int, end: BlockRef, events: Sequence[EscrowEvent]) -> bool:
        """Replace the events of blocks `start`..`end`, and wake the jobs of which they now say something else."""
        within = chain_events.c.block.between(start, end.number)
        with self._writing() as connection:
            if _held(connection) != since:
                return False
            rows = {(row.job, row.event) for row in connection.execute(select(chain_events).where(within))}
            found = {(event.job_id, _text(event)) for event in events}
            if rows != found:
                connection.execute(delete(chain_events).where(within))
                for part in _parts(events):
                    connection.execute(insert(chain_events).values([_row(event) for event in part]))
                self._wake(connection, sorted({job for job, _ in rows ^ found}))
            connection.execute(insert(chain_blocks).values(number=end.number, hash=end.hash))
            if old := needless(_blocks(connection), self._finality):
                connection.execute(delete(chain_blocks).where(chain_blocks.c.number.in_(old)))
        return True

    def _wake(self, connection: Connection, escrow_ids: Sequence[str]) -> None:
        now = format_at(self._clock())
        for part in _parts(escrow_ids):
            connection.execute(update(jobs).where(jobs.c.escrow_id.in_(part)).values(next_look_at=now))

    # What the router asks for

    def events(self, escrow_id: str) -> tuple[EscrowEvent, ...]:
        """Every event of one job up to the cursor, in chain order."""
        found, cursor = self.kept(escrow_id)
        return tuple(event for event in found if cursor is not None and event.block <= cursor.number)

    def kept(self, escrow_id: str) -> tuple[tuple[EscrowEvent, ...], Read | None]:
        """Every event of one job that was read and not replaced, in chain order, and the cursor.

        After a reorg some lie above the cursor: they may be gone, and are neither to be told nor to be given up before
        their blocks are read anew.
        """
        query = select(chain_events.c.event).where(chain_events.c.job == escrow_id)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(chain_events.c.block, chain_events.c.log_index)).scalars()
            cursor = connection.execute(
                select(chain_blocks).order_by(chain_blocks.c.number.desc()).limit(1)
            ).one_or_none()
            return tuple(_event(row) for row in rows), None if cursor is None else Read(cursor.number, cursor.hash)

    def prior_deliveries(self, worker: str, result_hash: str, before: tuple[int, int]) -> tuple[EscrowEvent, ...]:
        """Deliveries of `result_hash` by `worker`, of any job, placed before (block, log_index) `before`.

        A result is replayed iff there is one.
        """
        place = (chain_events.c.block, chain_events.c.log_index)
        query = select(chain_events.c.event).where(chain_events.c.result_hash == result_hash, tuple_(*place) < before)
        with self._reading() as connection:
            found = (_event(row) for row in connection.execute(query.order_by(*place)).scalars())
            return tuple(each for each in found if isinstance(each.args, Submitted) and each.args.worker == worker)


def _blocks(connection: Connection) -> tuple[Read, ...]:
    rows = connection.execute(select(chain_blocks).order_by(chain_blocks.c.number.desc()))
    return tuple(Read(row.number, row.hash) for row in rows)


def _held(connection: Connection) -> Read | None:
    """The cursor, which nobody else moves before this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE chain_blocks IN EXCLUSIVE MODE"))
    return next(iter(_blocks(connection)), None)


def _text(event: EscrowEvent) -> str:
    return json.dumps(event.to_json(), sort_keys=True)


def _event(row: str) -> EscrowEvent:
    return EscrowEvent.from_json(json.loads(row))


def _row(event: EscrowEvent) -> dict[str, object]:
    return {
        "block": event.block,
        "log_index": event.log_index,
        "job": event.job_id,
        "result_hash": event.args.result_hash if isinstance(event.args, Submitted) else None,
        "event": _text(event),
    }


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]

"""What the chain said, how far it has been read, and the deliveries that this validator has to see to.

Times `next_at` and `sent_at` are Unix seconds of this machine; `delivered_at` is block time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oracle.chain.events import EscrowEvent, Submitted
from oracle.chain.following.dossier import Dossier
from oracle.chain.following.follower import FINALITY, Read, needless
from oracle.validator.state import ValidatorState

LONGEST_DELAY_S = 600.0
"""No delivery waits longer than this before it is looked at again."""


class Stage(StrEnum):
    """How far this validator is with a delivery."""

    PENDING = "pending"
    """No verdict signed yet."""
    SIGNED = "signed"
    """Our verdict is in the ledger; it is kept published, and posted when the turn is ours."""
    REFUSED = "refused"
    """We do not attest to this one; the reason says why."""
    CLOSED = "closed"
    """The chain has moved on: proposed, settled, refunded, or too late."""


@dataclass(frozen=True)
class Delivery:
    """One Submitted event."""

    job: str
    round: int
    result_hash: str
    worker: str
    block: int
    log_index: int
    delivered_at: int
    """Timestamp of the event's block, Unix seconds."""
    stage: Stage = Stage.PENDING
    attempts: int = 0
    """Tries that failed in a row."""
    next_at: float = 0.0
    """When to look again."""
    reason: str = ""
    """Why it waits, was refused or was closed; for people."""


@dataclass(frozen=True)
class Posting:
    """A signed transaction of ours that proposes a verdict, written down before it was broadcast."""

    raw: str
    sent_at: float


class Docket:
    """Deliveries, cursor and postings inside a State."""

    def __init__(self, state: ValidatorState, finality: int = FINALITY) -> None:
        """`finality`: how deep a fork is found without reading everything again."""
        self._state = state
        self._finality = finality

    # ------------------------------------------------------------------ what the chain said

    def blocks(self) -> tuple[Read, ...]:
        """Blocks up to which events were read, newest first; the first is the cursor."""
        return _blocks(self._state.connection)

    def rewind(self, since: Read, to: Read | None) -> None:
        """Move the cursor from `since` back to `to`. What later blocks closed is open again, and due once it was read
        anew."""
        block = -1 if to is None else to.number
        with self._state.transaction() as connection:
            if _cursor(connection) != since:
                return
            connection.execute("DELETE FROM read_block WHERE number > ?", (block,))
            connection.execute(
                "UPDATE delivery SET stage = ?, closed_block = NULL, next_at = 0 WHERE closed_block > ?",
                (str(Stage.PENDING), block),
            )

    def advance(
        self, since: Read | None, start: int, end: Read, events: Sequence[EscrowEvent], times: Mapping[int, int]
    ) -> bool:
        """Replace what blocks `start`..`end` said by `events`, enter their deliveries and move the cursor to `end`.

        `times` are Unix seconds of the blocks with deliveries. A delivery that is known at its place stays as far as it
        was; another in its place (a reorg replaced the submission) starts over, and one that is gone is forgotten.
        False, and nothing changes, where the cursor is not at `since`.
        """
        found = [event for event in events if isinstance(event.args, Submitted)]
        with self._state.transaction() as connection:
            if _cursor(connection) != since:
                return False
            connection.execute("DELETE FROM event WHERE block BETWEEN ? AND ?", (start, end.number))
            connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", map(_event_row, events))
            known = connection.execute(
                "SELECT job, round, block, log_index FROM delivery WHERE block BETWEEN ? AND ?", (start, end.number)
            ).fetchall()
            places = {(event.job_id, *event.place) for event in found}
            for job, round_, *place in known:
                if (job, *place) not in places:
                    connection.execute("DELETE FROM delivery WHERE job = ? AND round = ?", (job, round_))
            for event in found:
                _enter(connection, event, times[event.block])
            connection.execute("INSERT INTO read_block VALUES (?, ?)", (end.number, end.hash))
            old = needless(_blocks(connection), self._finality)
            connection.executemany("DELETE FROM read_block WHERE number = ?", [(number,) for number in old])
        return True

    def dossier(self, job: str) -> Dossier:
        """What the chain said of a job, as far as it was read."""
        cursor = _cursor(self._state.connection)
        rows = self._state.connection.execute(
            "SELECT event FROM event WHERE job = ? AND block <= ?", (job, -1 if cursor is None else cursor.number)
        )
        return Dossier.of(job, (EscrowEvent.from_json(json.loads(row[0])) for row in rows))

    def second_word(self, delivery: Delivery) -> str:
        """What the delivery said beside the result's hash; raises LookupError if it is not there any more."""
        for event in self.dossier(delivery.job).events:
            if event.place == (delivery.block, delivery.log_index) and isinstance(event.args, Submitted):
                return event.args.multiset_hash
        raise LookupError(f"job {delivery.job} has no delivery at block {delivery.block}, log {delivery.log_index}")

    def is_replayed(self, delivery: Delivery) -> bool:
        """Whether the same worker delivered the same result before, for any job: earlier on the chain, strictly."""
        rows = self._state.connection.execute(
            "SELECT event FROM event WHERE result_hash = ? AND (block, log_index) < (?, ?)",
            (delivery.result_hash, delivery.block, delivery.log_index),
        )
        prior = (EscrowEvent.from_json(json.loads(row[0])).args for row in rows)
        return any(isinstance(args, Submitted) and args.worker == delivery.worker for args in prior)

    # ------------------------------------------------------------------ what is to be done

    def due(self, now: float) -> tuple[Delivery, ...]:
        """Open deliveries whose time has come, the longest waiting first; none that a reorg may have undone."""
        # next_at lies in the far future only if this machine's clock was set back meanwhile: then it is due.
        rows = self._state.connection.execute(
            """SELECT job, round, result_hash, worker, block, log_index, delivered_at, stage, attempts, next_at, reason
               FROM delivery WHERE stage IN ('pending', 'signed') AND (next_at <= ? OR next_at > ?)
               AND block <= (SELECT max(number) FROM read_block)
               ORDER BY next_at, block, log_index""",
            (now, now + 2 * LONGEST_DELAY_S),
        ).fetchall()
        return tuple(_delivery(row) for row in rows)

    def find(self, job: str, round: int) -> Delivery | None:  # noqa: A002  (the contract's word)
        """One delivery, or None."""
        row = self._state.connection.execute(
            """SELECT job, round, result_hash, worker, block, log_index, delivered_at, stage, attempts, next_at, reason
               FROM delivery WHERE job = ? AND round = ?""",
            (job, round),
        ).fetchone()
        return None if row is None else _delivery(row)

    def defer(self, delivery: Delivery, now: float, reason: str, *, longest_s: float = 60.0) -> float:
        """Look at `delivery` again after a delay, which is returned: doubling from 1 s to `longest_s`."""
        pause = min(2.0**delivery.attempts, longest_s, LONGEST_DELAY_S)
        with self._state.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET attempts = ?, next_at = ?, reason = ? WHERE job = ? AND round = ?",
                # Counting past 16 would change nothing but the size of the power.
                (min(delivery.attempts + 1, 16), now + pause, reason, delivery.job, delivery.round),
            )
        return pause

    def move(self, delivery: Delivery, stage: Stage, *, reason: str = "", closed_block: int | None = None) -> None:
        """Set the stage. `closed_block` is the block whose state closed it: a reorg of that block reopens it."""
        with self._state.transaction() as connection:
            connection.execute(
                """UPDATE delivery SET stage = ?, attempts = 0, next_at = 0, reason = ?, closed_block = ?
                   WHERE job = ? AND round = ?""",
                (str(stage), reason, closed_block, delivery.job, delivery.round),
            )
            if stage in (Stage.CLOSED, Stage.REFUSED):
                connection.execute("DELETE FROM posting WHERE job = ? AND round = ?", (delivery.job, delivery.round))

    def posting(self, delivery: Delivery) -> Posting | None:
        """The transaction under way for `delivery`, or None."""
        row = self._state.connection.execute(
            "SELECT raw, sent_at FROM posting WHERE job = ? AND round = ?", (delivery.job, delivery.round)
        ).fetchone()
        return None if row is None else Posting(raw=str(row[0]), sent_at=float(row[1]))

    def write_posting(self, delivery: Delivery, posting: Posting) -> None:
        """Write a transaction down, in place of the previous one; on disk when it returns."""
        with self._state.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?)",
                (delivery.job, delivery.round, posting.raw, posting.sent_at),
            )

    def drop_posting(self, delivery: Delivery) -> None:
        """Forget a transaction that can no longer take effect."""
        with self._state.transaction() as connection:
            connection.execute("DELETE FROM posting WHERE job = ? AND round = ?", (delivery.job, delivery.round))


def _blocks(connection: sqlite3.Connection) -> tuple[Read, ...]:
    rows = connection.execute("SELECT number, hash FROM read_block ORDER BY number DESC").fetchall()
    return tuple(Read(int(number), str(digest)) for number, digest in rows)


def _cursor(connection: sqlite3.Connection) -> Read | None:
    row = connection.execute("SELECT number, hash FROM read_block ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else Read(int(row[0]), str(row[1]))


def _event_row(event: EscrowEvent) -> tuple[object, ...]:
    result = event.args.result_hash if isinstance(event.args, Submitted) else None
    return event.block, event.log_index, event.job_id, result, json.dumps(event.to_json(), sort_keys=True)


def _enter(connection: sqlite3.Connection, event: EscrowEvent, delivered_at: int) -> None:
    if not isinstance(event.args, Submitted):
        raise AssertionError("a delivery is a Submitted event")
    connection.execute(
        """INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, NULL, '')
           ON CONFLICT (job, round) DO UPDATE SET result_hash = excluded.result_hash,
             worker = excluded.worker, block = excluded.block, log_index = excluded.log_index,
             delivered_at = excluded.delivered_at, stage = excluded.stage, attempts = 0, next_at = 0,
             closed_block = NULL, reason = ''
           WHERE (delivery.result_hash, delivery.block, delivery.log_index, delivery.delivered_at)
             <> (excluded.result_hash, excluded.block, excluded.log_index, excluded.delivered_at)""",
        (
            event.job_id,
            event.args.round,
            event.args.result_hash,
            event.args.worker,
            event.block,
            event.log_index,
            delivered_at,
            str(Stage.PENDING),
        ),
    )


def _delivery(row: sqlite3.Row | tuple[object, ...]) -> Delivery:
    job, round_, result_hash, worker, block, log_index, delivered_at, stage, attempts, next_at, reason = row
    return Delivery(
        job=str(job),
        round=int(str(round_)),
        result_hash=str(result_hash),
        worker=str(worker),
        block=int(str(block)),
        log_index=int(str(log_index)),
        delivered_at=int(str(delivered_at)),
        stage=Stage(str(stage)),
        attempts=int(str(attempts)),
        next_at=float(str(next_at)),
        reason=str(reason),
    )

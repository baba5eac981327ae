"""The deliveries this validator has to see to, and how far the chain has been read.

Times `next_at` and `sent_at` are Unix seconds of this machine; `delivered_at` is block time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from oracle.validator.state import State

KEPT_BLOCKS = 1024
"""Hashes of read blocks kept to find where a reorg forked off; past them all is read again from the beginning."""
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

    def __init__(self, state: State) -> None:
        self._state = state

    def read_blocks(self) -> tuple[tuple[int, str], ...]:
        """(number, hash) of the blocks up to which events were read, newest first; the first is the cursor."""
        rows = self._state.connection.execute("SELECT block, hash FROM scanned ORDER BY block DESC").fetchall()
        return tuple((int(block), str(digest)) for block, digest in rows)

    def advance(self, block: int, block_hash: str, deliveries: Iterable[Delivery]) -> None:
        """Enter the deliveries found up to `block` and move the cursor there, in one transaction.

        A delivery for a (job, round) that is known with the same result stays as it is; with another result (a
        reorg replaced the submission) it starts over.
        """
        with self._state.transaction() as connection:
            for found in deliveries:
                connection.execute(
                    """INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, NULL, '')
                       ON CONFLICT (job, round) DO UPDATE SET result_hash = excluded.result_hash,
                         worker = excluded.worker, block = excluded.block, log_index = excluded.log_index,
                         delivered_at = excluded.delivered_at, stage = excluded.stage, attempts = 0, next_at = 0,
                         closed_block = NULL, reason = ''
                       WHERE delivery.result_hash <> excluded.result_hash OR delivery.block <> excluded.block""",
                    (
                        found.job,
                        found.round,
                        found.result_hash,
                        found.worker,
                        found.block,
                        found.log_index,
                        found.delivered_at,
                        str(Stage.PENDING),
                    ),
                )
            connection.execute("INSERT OR REPLACE INTO scanned VALUES (?, ?)", (block, block_hash))
            connection.execute("DELETE FROM scanned WHERE block <= ?", (block - KEPT_BLOCKS,))

    def rewind(self, block: int) -> None:
        """Forget what was read after `block`, which a reorg undid; what later blocks closed is open again."""
        with self._state.transaction() as connection:
            connection.execute("DELETE FROM scanned WHERE block > ?", (block,))
            connection.execute("DELETE FROM delivery WHERE block > ?", (block,))
            connection.execute(
                "UPDATE delivery SET stage = ?, closed_block = NULL, next_at = 0 WHERE closed_block > ?",
                (str(Stage.PENDING), block),
            )

    def due(self, now: float) -> tuple[Delivery, ...]:
        """Open deliveries whose time has come, the longest waiting first."""
        # next_at lies in the far future only if this machine's clock was set back meanwhile: then it is due.
        rows = self._state.connection.execute(
            """SELECT job, round, result_hash, worker, block, log_index, delivered_at, stage, attempts, next_at, reason
               FROM delivery WHERE stage IN ('pending', 'signed') AND (next_at <= ? OR next_at > ?)
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

"""One SQLite file holds all that a validator must remember; nothing kept in memory matters.

Every commit is on disk before it returns (synchronous = FULL), which the signing ledger relies on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from oracle.encoding.errors import OracleError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (
    validator TEXT NOT NULL, chain_id INTEGER NOT NULL, escrow TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS signature (
    job TEXT NOT NULL, round INTEGER NOT NULL, result_hash TEXT NOT NULL,
    outcome INTEGER NOT NULL, worker_amount TEXT NOT NULL, evidence_hash TEXT NOT NULL,
    PRIMARY KEY (job, round, result_hash)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS read_block (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    block INTEGER NOT NULL, log_index INTEGER NOT NULL, job TEXT NOT NULL, result_hash TEXT, event TEXT NOT NULL,
    PRIMARY KEY (block, log_index)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_job ON event (job);
CREATE INDEX IF NOT EXISTS event_result ON event (result_hash) WHERE result_hash IS NOT NULL;
DROP TABLE IF EXISTS scanned;
CREATE TABLE IF NOT EXISTS delivery (
    job TEXT NOT NULL, round INTEGER NOT NULL, result_hash TEXT NOT NULL, worker TEXT NOT NULL,
    block INTEGER NOT NULL, log_index INTEGER NOT NULL, delivered_at INTEGER NOT NULL,
    stage TEXT NOT NULL, attempts INTEGER NOT NULL, next_at REAL NOT NULL, closed_block INTEGER, reason TEXT NOT NULL,
    PRIMARY KEY (job, round)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posting (
    job TEXT NOT NULL, round INTEGER NOT NULL, raw TEXT NOT NULL, sent_at REAL NOT NULL,
    PRIMARY KEY (job, round)) WITHOUT ROWID;
"""


class StateRejected(OracleError):
    """The state folder belongs to another validator, chain or escrow, or another process uses it."""


class ValidatorState:
    """The open state file of one validator; close it, or use it as a context manager."""

    def __init__(self, folder: Path, *, validator: str, chain_id: int, escrow: str) -> None:
        """Open or make `folder`/state.sqlite for this identity.

        Raises StateRejected if the folder was made for another, or a live process holds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "state.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StateRejected(
                f"another process runs with --state {folder}; stop it, or name another folder"
            ) from error
        try:
            self._open(folder, (validator, chain_id, escrow))
        except BaseException:
            self._lock.release()
            raise

    def _open(self, folder: Path, identity: tuple[str, int, str]) -> None:
        self.connection = sqlite3.connect(folder / "state.sqlite", isolation_level=None)
        try:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self.connection.executescript(_SCHEMA)
            with self.transaction():
                found = self.connection.execute("SELECT validator, chain_id, escrow FROM identity").fetchone()
                if found is None:
                    self.connection.execute("INSERT INTO identity VALUES (?, ?, ?)", identity)
                elif tuple(found) != identity:
                    raise StateRejected(
                        f"{folder} is the state of validator {found[0]} for {found[2]} on chain {found[1]}; "
                        "name a folder of its own with --state"
                    )
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block's statements or none; on disk when the block is left."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()
        self._lock.release()

    def __enter__(self) -> ValidatorState:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

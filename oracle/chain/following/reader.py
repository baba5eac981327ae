"""What the chain says of one's jobs: read once by one follower, kept in a log, and asked for there.

Processes that share a log share its cursor. Whoever asks first reads the new blocks for all; where there are none,
asking costs a request for the head, and a job's dossier a query.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol, TypeVar

from oracle.chain.client import EscrowClient
from oracle.chain.events import Args, BlockRef, EscrowEvent
from oracle.chain.following.dossier import Dossier
from oracle.chain.following.follower import EventLog, Follower

log = logging.getLogger("oracle.chain")

A = TypeVar("A", bound=Args)

_TRIES = 5


class KeptLog(EventLog, Protocol):
    """A follower's log that can be asked for a job."""

    def events(self, job_id: str) -> Sequence[EscrowEvent]:
        """What was read of the job, in chain order."""
        ...


class ChainReader:
    """A log and the follower that fills it."""

    def __init__(self, client: EscrowClient, kept: KeptLog) -> None:
        """Reads up to the head: whether an event has enough confirmations is for whoever asks."""
        self._kept = kept
        self.follower = Follower(client, kept, on_reorg=_told)

    def catch_up(self, head: BlockRef | None = None) -> None:
        """Read what is new up to `head`, by default the node's. Raises ChainError."""
        for _ in range(_TRIES):
            if self.follower.catch_up(head):
                return
            head = None

    def dossier(self, job_id: str | None) -> Dossier:
        """What the chain says of the job just now; empty for one that was never promoted. Raises ChainError."""
        if job_id is None:
            return Dossier("", ())
        self.catch_up()
        return Dossier(job_id, tuple(self._kept.events(job_id)))

    def last(self, job_id: str | None, kind: type[A]) -> tuple[A, str] | None:
        """The newest event of `kind` that the chain has of the job, with its transaction's hash. Raises ChainError."""
        found = self.dossier(job_id).last(kind)
        return None if found is None else (found[0], found[1].tx_hash)


def _told(cursor: int, common: int) -> None:
    log.warning("a reorg replaced blocks up to %d; reading again from %d", cursor, common + 1)

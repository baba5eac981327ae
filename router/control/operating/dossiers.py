"""What the chain says of this router's jobs: read once by one follower, kept in the store, and asked for there.

Every process of the router shares the log and its cursor. Whoever asks first reads the new blocks for all; where there
are none, asking costs a request for the head, and a job's dossier a query.
"""

from __future__ import annotations

import logging
from typing import TypeVar

from oracle.chain.client import EscrowClient
from oracle.chain.dossier import Dossier
from oracle.chain.events import Args, BlockRef
from oracle.chain.follower import Follower
from router.control.store import ChainLog
from router.control.workspace import Workspace
from router.protocol.lifecycle import JobRecord

log = logging.getLogger("router")

A = TypeVar("A", bound=Args)

_TRIES = 5


def chain_log(workspace: Workspace) -> ChainLog:
    """The kept part of the chain; raises StackDown without a stack, whose finality it has."""
    return workspace.store.chain_log(workspace.need_stack("the chain").finality)


def follower(workspace: Workspace, client: EscrowClient) -> Follower:
    """Reads up to the head: an event counts once it has the stack's confirmations, which is for `reconcile` to see."""
    return Follower(client, chain_log(workspace), on_reorg=_told)


def _told(cursor: int, common: int) -> None:
    log.warning("a reorg replaced blocks up to %d; reading again from %d", cursor, common + 1)


def catch_up(workspace: Workspace, client: EscrowClient, head: BlockRef | None = None) -> None:
    """Read what is new up to `head`, by default the node's. Raises ChainError."""
    reader = follower(workspace, client)
    for _ in range(_TRIES):
        if reader.catch_up(head):
            return
        head = None


def dossier(workspace: Workspace, client: EscrowClient, record: JobRecord) -> Dossier:
    """What the chain says of the job just now; empty for a job that was never promoted. Raises ChainError."""
    if record.escrow_id is None:
        return Dossier("", ())
    catch_up(workspace, client)
    return Dossier(record.escrow_id, chain_log(workspace).events(record.escrow_id))


def last(workspace: Workspace, client: EscrowClient, record: JobRecord, kind: type[A]) -> tuple[A, str] | None:
    """The newest event of `kind` that the chain has of the job, with the hash of its transaction. Raises ChainError."""
    found = dossier(workspace, client, record).last(kind)
    return None if found is None else (found[0], found[1].tx_hash)

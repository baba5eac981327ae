"""Reading the escrow's events once each, in order, and noticing when a reorg has replaced some of them.

A follower reads the blocks after its cursor, and its log keeps what they hold. The cursor is a block's number and hash:
where the chain has another hash under that number, the cursor goes back to the newest block that both agree on, and
what lies above is read anew. Until it is, the log shows what it showed before: an event is given up only when another
block has been read in its place, never because the cursor went back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from oracle.chain.events import BlockRef, EscrowEvent

if TYPE_CHECKING:
    from oracle.chain.client import EscrowClient  # a second of imports, which a mere log does without

FINALITY = 64
"""Blocks after which a block is not expected to be replaced, unless configured otherwise: two epochs of Ethereum."""
BLOCKS_AT_ONCE = 2_000
"""Blocks per request for events; after each the cursor is in the log."""


@dataclass(frozen=True)
class Read:
    """A block up to which events were read."""

    number: int
    hash: str


class EventLog(Protocol):
    """Where a follower keeps its cursor and what it read. Each method is one transaction."""

    def blocks(self) -> Sequence[Read]:
        """Blocks up to which events were read, newest first; the first is the cursor. Empty before the first."""
        ...

    def rewind(self, since: Read, to: Read | None) -> None:
        """Move the cursor from `since` back to `to`, one of `blocks()`; None: to before them all.

        Events above it stay until `advance` replaces them. Nothing where the cursor is not at `since` any more.
        """
        ...

    def advance(self, since: Read | None, start: int, end: BlockRef, events: Sequence[EscrowEvent]) -> bool:
        """Replace the events of blocks `start`..`end` by `events`, and move the cursor from `since` to `end`.

        False, and nothing changes, where the cursor is not at `since` any more: another process moved it.
        """
        ...


def needless(blocks: Sequence[Read], finality: int) -> tuple[int, ...]:
    """Numbers of those of `blocks`, newest first, that are not needed to find a fork up to `finality` blocks deep.

    The first block that was ever read stays: a chain that has another in its place is another chain altogether.
    """
    deep = [block.number for block in blocks if block.number <= blocks[0].number - finality]
    return tuple(deep[1:-1])


class Follower:
    """Moves the cursor of one log along the chain. Several processes may share a log: one of them is first."""

    def __init__(
        self,
        client: EscrowClient,
        log: EventLog,
        *,
        confirmations: int = 1,
        blocks_at_once: int = BLOCKS_AT_ONCE,
        on_reorg: Callable[[int, int], None] | None = None,
    ) -> None:
        """`confirmations`: blocks, its own included, after which a block is read; 1 reads the head.

        `on_reorg` hears the cursor's number and the number that it goes back to.
        """
        self._client = client
        self._log = log
        self._confirmations = confirmations
        self._blocks_at_once = blocks_at_once
        self._on_reorg = on_reorg
        self._agreed: tuple[str, Read] | None = None
        """Hash of the head, and the cursor, when there was last nothing left to read."""

    def safe_block(self, head: BlockRef) -> int:
        """The newest block with enough confirmations, its own included."""
        return head.number - self._confirmations + 1

    def catch_up(self, head: BlockRef | None = None) -> bool:
        """Read what is new up to `head`, by default the node's; whether the cursor is as far as it can be now.

        False after a reorg between two requests, or if another process reads too: the next call goes on. Where nothing
        is new, it asks for nothing but the head. Raises ChainDown or NodeError with the cursor where it got to.
        """
        head = head or self._client.head()
        newest = self.safe_block(head)
        blocks = self._log.blocks()
        if not blocks:
            return self._read(None, self._client.deployment.block, newest, head)
        cursor = blocks[0]
        if self._agreed == (head.hash, cursor):
            return True
        done = self._go_on(blocks, newest, head)
        blocks = self._log.blocks()
        self._agreed = (head.hash, blocks[0]) if done and blocks else None
        return done

    def _go_on(self, blocks: Sequence[Read], newest: int, head: BlockRef) -> bool:
        cursor = blocks[0]
        if newest == cursor.number + 1:
            end = self._block(newest, head)
            if end is not None and end.parent == cursor.hash:
                return self._log.advance(cursor, newest, end, self._client.events_of(end))
        comparable = [block for block in blocks if block.number <= head.number]
        common = next((block for block in comparable if self._has(block, head)), None)
        if common == cursor:
            return self._read(cursor, cursor.number + 1, newest, head)
        if not comparable or common == comparable[0]:
            return False  # a node that lags: it agrees as far as it goes
        if self._on_reorg is not None:
            self._on_reorg(cursor.number, self._client.deployment.block - 1 if common is None else common.number)
        self._log.rewind(cursor, common)
        start = self._client.deployment.block if common is None else common.number + 1
        return self._read(common, start, newest, head)

    def _has(self, block: Read, head: BlockRef) -> bool:
        found = self._block(block.number, head)
        return found is not None and found.hash == block.hash

    def _read(self, since: Read | None, start: int, newest: int, head: BlockRef) -> bool:
        while start <= newest:
            end = min(start + self._blocks_at_once - 1, newest)
            before = self._block(end, head)
            events = self._client.events(start, end)
            after = self._client.block(end)
            if before is None or after is None or before.hash != after.hash:
                return False
            if any(event.block == end and event.block_hash != after.hash for event in events):
                return False
            if not self._log.advance(since, start, after, events):
                return False
            since, start = Read(after.number, after.hash), end + 1
        return True

    def _block(self, number: int, head: BlockRef) -> BlockRef | None:
        return head if number == head.number else self._client.block(number)

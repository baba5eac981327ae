"""Reading the chain into the docket: what the follower finds, with the block times that deliveries need."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.chain.client import EscrowClient
from oracle.chain.events import BlockRef, EscrowEvent, Submitted
from oracle.chain.following.follower import BLOCKS_AT_ONCE, Follower, Read
from oracle.validator.docket import Docket
from oracle.validator.log import Logger


class Watcher:
    """Moves the docket's cursor along the chain, over blocks that are deep enough. The docket's EventLog."""

    def __init__(
        self,
        client: EscrowClient,
        docket: Docket,
        log: Logger,
        *,
        confirmations: int,
        blocks_at_once: int = BLOCKS_AT_ONCE,
    ) -> None:
        self._client = client
        self._docket = docket
        self._log = log
        self._follower = Follower(
            client, self, confirmations=confirmations, blocks_at_once=blocks_at_once, on_reorg=self._told
        )

    def safe_block(self, head: BlockRef) -> int:
        """The newest block with enough confirmations, its own included."""
        return self._follower.safe_block(head)

    def catch_up(self, head: BlockRef) -> None:
        """Enter what was said up to the safe block. Raises ChainDown or NodeError with the cursor where it got to."""
        self._follower.catch_up(head)

    # ------------------------------------------------------------------ for the follower

    def blocks(self) -> Sequence[Read]:
        return self._docket.blocks()

    def rewind(self, since: Read, to: Read | None) -> None:
        self._docket.rewind(since, to)

    def advance(self, since: Read | None, start: int, end: BlockRef, events: Sequence[EscrowEvent]) -> bool:
        deliveries = [event for event in events if isinstance(event.args, Submitted)]
        times: dict[int, int] = {end.number: end.timestamp}
        for event in deliveries:
            if event.block in times:
                continue
            block = self._client.block(event.block)
            if block is None or block.hash != event.block_hash:
                return False  # a reorg between two requests: the range is read again at the next tick
            times[block.number] = block.timestamp
        if not self._docket.advance(since, start, Read(end.number, end.hash), events, times):
            return False
        for event in deliveries:
            args = event.args
            if isinstance(args, Submitted):
                self._log("delivery seen", job=event.job_id, round=args.round, result=args.result_hash)
        return True

    def _told(self, cursor: int, common: int) -> None:
        self._log("reorg", level="warning", from_block=cursor, to_block=common)

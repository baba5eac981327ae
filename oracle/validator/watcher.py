"""Reading deliveries from the chain, so that a reorg is noticed and what it undid is read again."""

from __future__ import annotations

from oracle.chain.client import EscrowClient
from oracle.chain.events import BlockRef, Submitted
from oracle.validator.docket import Delivery, Docket
from oracle.validator.log import Log

BLOCKS_AT_ONCE = 2_000
"""Blocks per request for events; after each the cursor is on disk."""


class Watcher:
    """Moves the docket's cursor along the chain, over blocks that are deep enough."""

    def __init__(
        self,
        client: EscrowClient,
        docket: Docket,
        log: Log,
        *,
        confirmations: int,
        blocks_at_once: int = BLOCKS_AT_ONCE,
    ) -> None:
        self._client = client
        self._docket = docket
        self._log = log
        self._confirmations = confirmations
        self._blocks_at_once = blocks_at_once

    def safe_block(self, head: BlockRef) -> int:
        """The newest block with enough confirmations, its own included."""
        return head.number - self._confirmations + 1

    def catch_up(self, head: BlockRef) -> None:
        """Enter the deliveries up to the safe block. Raises ChainDown or NodeError with the cursor where it got to."""
        safe = self.safe_block(head)
        self._undo_reorg()
        read = self._docket.read_blocks()
        start = read[0][0] + 1 if read else self._client.deployment.block
        while start <= safe:
            end = min(start + self._blocks_at_once - 1, safe)
            if not self._read(start, end):
                return
            start = end + 1

    def _read(self, start: int, end: int) -> bool:
        events = self._client.events(start, end)
        last = self._client.block(end)
        deliveries = []
        for event in events:
            if not isinstance(event.args, Submitted):
                continue
            block = last if event.block == end else self._client.block(event.block)
            if block is None or block.hash != event.block_hash:
                return False  # a reorg between two requests: read the range again at the next tick
            deliveries.append(
                Delivery(
                    job=event.job_id,
                    round=event.args.round,
                    result_hash=event.args.result_hash,
                    worker=event.args.worker,
                    block=event.block,
                    log_index=event.log_index,
                    delivered_at=block.timestamp,
                )
            )
        if last is None:
            return False
        self._docket.advance(end, last.hash, deliveries)
        for delivery in deliveries:
            self._log("delivery seen", job=delivery.job, round=delivery.round, result=delivery.result_hash)
        return True

    def _undo_reorg(self) -> None:
        read = self._docket.read_blocks()
        for position, (number, digest) in enumerate(read):
            block = self._client.block(number)
            if block is not None and block.hash == digest:
                if position > 0:
                    self._rewind(number, read[0][0])
                return
        if read:
            self._rewind(self._client.deployment.block - 1, read[0][0])

    def _rewind(self, ancestor: int, cursor: int) -> None:
        self._log("reorg", level="warning", from_block=cursor, to_block=ancestor)
        self._docket.rewind(ancestor)

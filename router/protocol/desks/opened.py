"""A home, opened: what all parties of it read and append to. It has no key.

What speaks to the chain is imported when it is asked for: that is a second of processor time, which commands that only
read do not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from oracle.artifacts import ArtifactStore
from router.protocol.ports import KeptChain, RecordStore
from router.protocol.stack import LOCAL_CHAIN_ID, StackDown, StackRecord
from router.settings import Home

if TYPE_CHECKING:
    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment
    from oracle.chain.following.reader import ChainReader


@dataclass(frozen=True)
class OpenedHome:
    """The record, the artifacts and the chain of one home, as every party has them."""

    home: Home
    store: RecordStore
    artifacts: ArtifactStore
    stack: StackRecord | None

    @property
    def chain_id(self) -> int:
        """The chain that events are signed for."""
        return LOCAL_CHAIN_ID if self.stack is None else self.deployment.chain_id

    @cached_property
    def deployment(self) -> Deployment:
        """Where the contracts stand; raises StackDown without a stack."""
        from oracle.chain.deployment import Deployment

        return Deployment.load(Path(self.need_stack("a deployed contract").deployment))

    def need_stack(self, need: str) -> StackRecord:
        """The stack's record; raises StackDown, which names what needed it."""
        if self.stack is None:
            raise StackDown(self.home, need)
        return self.stack

    def client(self) -> EscrowClient:
        """The client of the stack's chain, one for all; raises StackDown without a stack. Does not talk to it yet."""
        return self._client

    @cached_property
    def _client(self) -> EscrowClient:
        from oracle.chain.client import EscrowClient

        return EscrowClient(self.need_stack("the chain").rpc_url, self.deployment)

    def chain_log(self) -> KeptChain:
        """The kept part of the chain; raises StackDown without a stack, whose finality it has."""
        return self.store.chain_log(self.need_stack("the chain").finality)

    def reader(self, client: EscrowClient) -> ChainReader:
        """What the chain says of this home's jobs. Raises StackDown without a stack."""
        from oracle.chain.following.reader import ChainReader

        return ChainReader(client, self.chain_log())

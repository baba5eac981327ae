"""What every workflow works on: one home's store, artifacts, policy and, where one runs, its stack.

What speaks to the chain and signs is imported when it is asked for: that is a second of processor time, which
commands that only read do not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from oracle.artifacts import ArtifactStore, open_store
from router.control.gates.policy import OperatorPolicy, load_policy
from router.control.store import ChainLog, Store
from router.protocol import journal
from router.protocol.lifecycle import JobRecord
from router.protocol.stack import LOCAL_CHAIN_ID, StackDown, StackRecord, read_stack
from router.settings import Home, database_url

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment
    from oracle.chain.following.reader import ChainReader


@dataclass(frozen=True)
class Workspace:
    """One home, opened."""

    home: Home
    store: Store
    artifacts: ArtifactStore
    policy: OperatorPolicy
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

    def chain_log(self) -> ChainLog:
        """The kept part of the chain; raises StackDown without a stack, whose finality it has."""
        return self.store.chain_log(self.need_stack("the chain").finality)

    def reader(self, client: EscrowClient) -> ChainReader:
        """What the chain says of this home's jobs. Raises StackDown without a stack."""
        from oracle.chain.following.reader import ChainReader

        return ChainReader(client, self.chain_log())

    def write(self, job: str, following: journal.Next) -> JobRecord:
        """Append what follows from the job's record, signed with the keys of this home: see `journal.write`."""
        return journal.write(self.store, self.account, job, following)

    def account(self, role: str) -> LocalAccount:
        """The key of `role` in this home, made on first use."""
        from oracle.chain.transactions import keystore

        path, password = self.home.keystore(role), self.home.password(role)
        if not path.exists():
            make_key(self.home, role)
        return keystore.load(path, password)


def make_key(home: Home, role: str) -> str:
    """Make the key of `role` in `home` and return its address; the folder is for its owner alone."""
    from oracle.chain.transactions import keystore

    home.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    return keystore.create(home.keystore(role), home.password(role))


def open_workspace(home: Home) -> Workspace:
    """Open `home`, making its folder and database if they are not there.

    Raises InputRejected for a faulty policy file.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    return Workspace(
        home=home,
        store=Store.open(database_url(home)),
        artifacts=open_store(home.artifacts.as_uri()),
        policy=load_policy(home.policy),
        stack=read_stack(home),
    )

"""The worker's desk: it opens the worker's key, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from router.protocol.desks.desk import EventDesk
from router.protocol.desks.unlocking import unlock
from router.protocol.lifecycle import Role
from router.settings import RoleHome

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class WorkerDesk(EventDesk):
    """Where the worker works."""

    name: ClassVar = "worker"
    role: ClassVar = Role.WORKER

    @property
    def folder(self) -> RoleHome:
        """Where the worker's key lies."""
        return self.opened.home.worker

    @property
    def account(self) -> LocalAccount:
        """The worker's key, made on first use. Raises KeystoreRejected."""
        return unlock(self.opened.home.worker)

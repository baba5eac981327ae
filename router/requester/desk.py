"""The requester's desk: it opens the requester's key, and no other."""

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
class RequesterDesk(EventDesk):
    """Where the requester works."""

    name: ClassVar = "requester"
    role: ClassVar = Role.REQUESTER

    @property
    def folder(self) -> RoleHome:
        """Where the requester's key lies."""
        return self.opened.home.requester

    @property
    def account(self) -> LocalAccount:
        """The requester's key, made on first use. Raises KeystoreRejected."""
        return unlock(self.opened.home.requester)

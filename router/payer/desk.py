"""The payer's desk: it opens the payer's key, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from router.protocol.desks.desk import RoleDesk
from router.protocol.desks.unlocking import unlock
from router.settings import RoleHome

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class PayerDesk(RoleDesk):
    """Where the payer works."""

    name: ClassVar = "payer"

    @property
    def folder(self) -> RoleHome:
        """Where the payer's key lies."""
        return self.opened.home.payer

    @property
    def account(self) -> LocalAccount:
        """The payer's key, made on first use. Raises KeystoreRejected."""
        return unlock(self.opened.home.payer)

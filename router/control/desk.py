"""The operator's desk: it opens the operator's key, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from router.control.opening import OperatedHome
from router.protocol.desks.desk import EventDesk
from router.protocol.desks.unlocking import unlock
from router.protocol.lifecycle import Role
from router.settings import RoleHome

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class OperatorDesk(EventDesk):
    """Where the operator works."""

    opened: OperatedHome
    name: ClassVar = "operator"
    role: ClassVar = Role.OPERATOR

    @property
    def folder(self) -> RoleHome:
        """Where the operator's key lies."""
        return self.opened.home.operator

    @property
    def account(self) -> LocalAccount:
        """The operator's key, made on first use. Raises KeystoreRejected."""
        return unlock(self.opened.home.operator)

"""A desk: where one role works on a home, with its one key. Each role's package has its own, and no desk signs for two.

What is signed here is the role's events and the role's transactions; whoever wants another's signature asks for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from router.protocol.desks import journal, keys
from router.protocol.desks.opened import OpenedHome
from router.protocol.lifecycle import JobRecord, Payload, Role
from router.settings import RoleHome

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class RoleDesk(ABC):
    """One role's place in an opened home: its account signs what the role sends to the chain."""

    opened: OpenedHome
    name: ClassVar[str]
    """The role, for people."""

    @property
    @abstractmethod
    def folder(self) -> RoleHome:
        """Where the role's key lies."""

    @property
    def address(self) -> str:
        """The role's account, in EIP-55 form; its key is made on first use. Raises KeystoreRejected."""
        return keys.address(self.folder, own=True) or keys.make(self.folder)

    @property
    @abstractmethod
    def account(self) -> LocalAccount:
        """The role's key, made on first use. Raises KeystoreRejected."""


@dataclass(frozen=True)
class EventDesk(RoleDesk):
    """The desk of a role that signs events, too."""

    role: ClassVar[Role]

    def write(self, job: str, following: Callable[[JobRecord], Sequence[Payload]]) -> JobRecord:
        """Append what follows from the job's record, signed as this role: see `journal.write`."""
        return journal.write(self.opened.store, self.role, lambda: self.account, job, following)

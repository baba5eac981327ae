"""Opening a key. Only the desks import this, each for its own role: import-linter holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracle.chain.transactions import keystore
from router.protocol.desks import keys
from router.settings import RoleHome

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


def unlock(folder: RoleHome) -> LocalAccount:
    """The key in `folder`, made on first use. Raises KeystoreRejected."""
    if not folder.keystore.exists():
        keys.make(folder)
    return keystore.load(folder.keystore, folder.password)

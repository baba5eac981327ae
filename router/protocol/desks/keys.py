"""The key of a role on disk, in the role's own folder: making one, and saying whose it is. Nobody signs with this."""

from __future__ import annotations

from oracle.chain.transactions import keystore
from router.settings import RoleHome


def make(folder: RoleHome) -> str:
    """Make the role's key in `folder` and return its address, in EIP-55 form."""
    folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return keystore.create(folder.keystore, folder.password)


def address(folder: RoleHome, *, own: bool = False) -> str | None:
    """Whose key lies in `folder`, as the keystore says in the clear; None where there is none.

    A keystore that names no address is opened by the role itself (`own`); for others it raises KeystoreRejected.
    """
    if not folder.keystore.is_file():
        return None
    return keystore.address_of(folder.keystore, folder.password if own else None)

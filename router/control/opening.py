"""Opening a home: its database, artifacts and policy, as the operator keeps them. No key is opened."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.artifacts import open_store
from router.control.gates.policy import OperatorPolicy, load_policy
from router.control.store import Store
from router.protocol.desks.opened import OpenedHome
from router.protocol.stack import check_layout, read_stack
from router.settings import Home, database_url


@dataclass(frozen=True)
class OperatedHome(OpenedHome):
    """An opened home with what only the operator's part asks of its store, and the operator's policy."""

    store: Store
    policy: OperatorPolicy


def open_home(home: Home) -> OperatedHome:
    """Open `home`, making its folder and database if they are not there.

    Raises InputRejected for a faulty policy file, OldHome for a home of an older release.
    """
    check_layout(home)
    home.root.mkdir(parents=True, exist_ok=True)
    return OperatedHome(
        home=home,
        store=Store.open(database_url(home)),
        artifacts=open_store(home.artifacts.as_uri()),
        stack=read_stack(home),
        policy=load_policy(home.policy),
    )

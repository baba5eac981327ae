"""Who is who in a home, and on which chain: what `compute up` leaves for every party, in stack.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from oracle.chain.following.follower import FINALITY
from oracle.terms import ZERO_ADDRESS
from router.errors import RouterError
from router.settings import Home

LOCAL_CHAIN_ID = 31337
"""Events of a home without a stack are signed for this chain id; `compute up` uses it too."""


class StackDown(RouterError, RuntimeError):
    """Something needs the local stack, and none runs for this home."""

    def __init__(self, home: Home, need: str) -> None:
        super().__init__(f"{need} needs a running stack in {home.root}; start one with `compute up`")


class OldHome(RouterError, RuntimeError):
    """The home was made by a release that kept the keys of all roles in one folder; nothing in it was touched."""

    def __init__(self, home: Home) -> None:
        self.reason = f"{home.root} was made by an older release: {home.shared_keys} holds the keys of all roles"
        self.remedy = (
            "end what runs there with `compute down`, move the folder aside (it keeps its jobs and keys), "
            "and begin anew with `compute up`"
        )
        super().__init__(f"{self.reason}; {self.remedy}")


def check_layout(home: Home) -> None:
    """Raise OldHome where the keys of all roles lie together, as in releases before each role had a folder."""
    if home.shared_keys.is_dir():
        raise OldHome(home)


@dataclass(frozen=True)
class Roles:
    """Who is who on the chain of this home; addresses in EIP-55 form."""

    requester: str
    payer: str
    operator: str
    worker: str
    validators: tuple[str, ...]
    """Ascending, as the terms need them."""
    quorum: int
    arbiter: str = ZERO_ADDRESS


@dataclass(frozen=True)
class StackRecord:
    """The part of stack.json that jobs depend on; written by `compute up`."""

    rpc_url: str
    deployment: str
    """Path of the deployment file."""
    roles: Roles
    confirmations: int
    """Blocks, its own included, after which a transaction counts."""
    artifact_sources: tuple[str, ...] = ()
    """URLs of other artifact stores, from which a delivered result that was lost here is put back."""
    finality: int = FINALITY
    """Blocks under which a job's newest chain event is buried before nobody looks any more whether a reorg undid it."""

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StackRecord:
        roles = dict(value["roles"])
        return cls(
            rpc_url=value["rpc_url"],
            deployment=value["deployment"],
            roles=Roles(**roles | {"validators": tuple(roles["validators"])}),
            confirmations=value["confirmations"],
            artifact_sources=tuple(value.get("artifact_sources", ())),
            finality=value.get("finality", FINALITY),
        )


def read_stack(home: Home) -> StackRecord | None:
    """The record that `compute up` left, or None."""
    if not home.stack.is_file():
        return None
    return StackRecord.from_json(json.loads(home.stack.read_text())["chain"])

"""What the escrow says happened: its event log, decoded into frozen values.

An event is placed by (block, log_index); both count from 0, log_index within its block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Status(IntEnum):
    """Where a job stands in the contract; a job only moves to a later member."""

    NONE = 0
    """Never funded."""
    FUNDED = 1
    """The budget is locked; the worker may submit until submit_by."""
    CLAIMED = 2
    """An open job has found its worker."""
    SUBMITTED = 3
    """A result hash is on chain; validators may propose until verdict_by."""
    PROPOSED = 4
    """An outcome stands and waits for its window to pass."""
    DISPUTED = 5
    """An outcome waits for the arbiter."""
    SETTLED = 6
    """Terminal: an outcome was paid."""
    REFUNDED = 7
    """Terminal: the whole budget went back to the payer."""


@dataclass(frozen=True)
class EscrowStatus:
    """A job's slot."""

    status: Status
    round: int
    clock: int
    """Unix seconds. Funded, Submitted: when that happened. Proposed: the last second of the window. Terminal: 0."""
    commit: int
    """Low 206 bits of the keccak of the proposal that stands; 0 if none does."""


@dataclass(frozen=True)
class BlockRef:
    """A block of the chain as it is now; another hash under the same number means a reorg."""

    number: int
    hash: str
    timestamp: int
    """Unix seconds."""


@dataclass(frozen=True)
class Funded:
    """The payer locked the budget. `terms` is packed and 0x-hexadecimal."""

    payer: str
    worker: str
    terms: str


@dataclass(frozen=True)
class Submitted:
    """The worker delivered."""

    worker: str
    result_hash: str
    round: int
    multiset_hash: str


@dataclass(frozen=True)
class Proposed:
    """An outcome stands; the fields up to `signers` are what `finalize` wants back."""

    worker: str
    result_hash: str
    outcome: int
    worker_amount: int
    signers: int
    """Bit i: the i-th validator of the terms signed; 0 for silence."""
    round: int
    evidence_hash: str
    open_until: int
    """Last second of the window, Unix seconds."""


@dataclass(frozen=True)
class Settled:
    """The outcome was paid. The three amounts add up to the budget, in base units."""

    outcome: int
    worker_paid: int
    payer_paid: int
    fee: int


@dataclass(frozen=True)
class Refunded:
    """Nothing was submitted in time; `amount`, the whole budget, went back."""

    payer: str
    amount: int


@dataclass(frozen=True)
class Cancelled:
    """Payer and worker called the job off in status `from_status`; `amount`, the whole budget, went back."""

    payer: str
    amount: int
    from_status: Status


@dataclass(frozen=True)
class Credited:
    """A payment could not be pushed; `account` may withdraw it."""

    token: str
    account: str
    amount: int


Args = Funded | Submitted | Proposed | Settled | Refunded | Cancelled | Credited


@dataclass(frozen=True)
class EscrowEvent:
    """One event of one job."""

    job_id: str
    block: int
    block_hash: str
    tx_hash: str
    log_index: int
    args: Args

    @property
    def name(self) -> str:
        """The event's name in the contract."""
        return type(self.args).__name__

    @property
    def place(self) -> tuple[int, int]:
        """(block, log_index): the order of events on the chain."""
        return self.block, self.log_index


def hex_of(value: bytes) -> str:
    """0x and lower-case hexadecimal."""
    return "0x" + bytes(value).hex()


def args_of(name: str, values: Mapping[str, Any]) -> Args | None:
    """The typed arguments of the event `name`; None for an event that belongs to no job."""
    match name:
        case "Funded":
            return Funded(values["payer"], values["worker"], hex_of(values["terms"]))
        case "Submitted":
            return Submitted(
                worker=values["worker"],
                result_hash=hex_of(values["resultHash"]),
                round=values["round"],
                multiset_hash=hex_of(values["multisetHash"]),
            )
        case "Proposed":
            return Proposed(
                worker=values["worker"],
                result_hash=hex_of(values["resultHash"]),
                outcome=values["outcome"],
                worker_amount=values["workerAmount"],
                signers=values["signers"],
                round=values["round"],
                evidence_hash=hex_of(values["evidenceHash"]),
                open_until=values["openUntil"],
            )
        case "Settled":
            return Settled(values["outcome"], values["workerPaid"], values["payerPaid"], values["fee"])
        case "Refunded":
            return Refunded(values["payer"], values["amount"])
        case "Cancelled":
            return Cancelled(values["payer"], values["amount"], Status(values["from"]))
        case "Credited":
            return Credited(values["token"], values["account"], values["amount"])
        case _:
            return None

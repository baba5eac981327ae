"""What the escrow says happened: its event log, decoded into frozen values.

An event is placed by (block, log_index); both count from 0, log_index within its block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from eth_utils.crypto import keccak

COMMIT_BITS = 206
_NO_RESULT = "0x" + "00" * 32


class Status(IntEnum):
    """Where a job stands in the contract.

    A job only moves to a later member, but for a top-up, which takes it back to SUBMITTED in the next round, and for a
    lapsed claim, which another may replace.
    """

    NONE = 0
    """Never funded."""
    FUNDED = 1
    """The budget is locked; the worker may submit until submit_by."""
    CLAIMED = 2
    """An open job has found its worker, who may submit until the claim lapses."""
    SUBMITTED = 3
    """A result hash is on chain; validators may propose until verdict_by."""
    PROPOSED = 4
    """An outcome stands and waits for its window to pass."""
    DISPUTED = 5
    """An outcome waits for the arbiter, until the ruling window is over."""
    SETTLED = 6
    """Terminal: an outcome was paid."""
    REFUNDED = 7
    """Terminal: the whole budget went back to the payer."""


class Disputer(IntEnum):
    """Who disputed; it stays after the end."""

    NOBODY = 0
    PAYER = 1
    WORKER = 2


@dataclass(frozen=True)
class EscrowStatus:
    """A job's slot."""

    status: Status
    round: int
    """How many top-ups came before this submission."""
    clock: int
    """Unix seconds. Funded, Submitted: when that happened. Claimed, Proposed, Disputed: the last second of the claim,
    of the challenge window, of the ruling window. Terminal: 0."""
    commit: int
    """Low 206 bits of a keccak. Claimed, Submitted: `commit_of` worker and result. Proposed, Disputed, Settled: of the
    `Proposal` that stands or was paid. Refunded: what it was before."""
    disputer: Disputer = Disputer.NOBODY


@dataclass(frozen=True)
class Proposal:
    """What stands in a job, as later verbs want it back; less than all of it where nothing is proposed yet."""

    worker: str
    """Who is paid; of an open job, who claimed."""
    result_hash: str = _NO_RESULT
    """What was submitted; zero where nothing was."""
    outcome: int = 0
    worker_amount: int = 0
    """Base units that the worker is to receive."""
    signers: int = 0
    """Bit i: the i-th validator of the terms signed; 0 for silence."""

    @property
    def commit(self) -> int:
        """What the job's slot keeps of it."""
        rest = (value.to_bytes(32, "big") for value in (self.outcome, self.worker_amount, self.signers))
        return _commit(self.worker, self.result_hash, *rest)


def commit_of(worker: str, result_hash: str = _NO_RESULT) -> int:
    """What the slot keeps of a submission; of a claim, which has no result yet, without one."""
    return _commit(worker, result_hash)


def _commit(worker: str, result_hash: str, *rest: bytes) -> int:
    """Low 206 bits of the keccak of the words: contracts/libraries/JobSlot.sol."""
    words = (bytes.fromhex(worker[2:]).rjust(32, b"\x00"), bytes.fromhex(result_hash[2:]), *rest)
    return int.from_bytes(keccak(b"".join(words)), "big") & ((1 << COMMIT_BITS) - 1)


@dataclass(frozen=True)
class BlockRef:
    """A block of the chain as it is now; another hash under the same number means a reorg."""

    number: int
    hash: str
    timestamp: int
    """Unix seconds."""
    parent: str = ""
    """Hash of the block before it; empty where nobody asked."""


@dataclass(frozen=True)
class Funded:
    """The payer locked the budget. `terms` is packed and 0x-hexadecimal."""

    payer: str
    worker: str
    terms: str


@dataclass(frozen=True)
class Claimed:
    """Somebody took an open job."""

    worker: str
    deliver_by: int
    """Unix seconds; then the claim lapses."""
    bond: int
    """Base units locked with it."""


@dataclass(frozen=True)
class Submitted:
    """The worker delivered."""

    worker: str
    result_hash: str
    round: int
    multiset_hash: str


@dataclass(frozen=True)
class Proposed:
    """An outcome stands; the fields up to `signers` are the `proposal` that later verbs want back."""

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

    @property
    def proposal(self) -> Proposal:
        """What stands."""
        return Proposal(self.worker, self.result_hash, self.outcome, self.worker_amount, self.signers)


@dataclass(frozen=True)
class Disputed:
    """A party does not accept the proposal."""

    disputer: str
    bond: int
    """Base units locked with it."""
    open_until: int
    """Last second for a ruling, Unix seconds; then the proposal stands."""


@dataclass(frozen=True)
class Ruled:
    """The arbiter put its ruling in the place of the proposal."""

    arbiter: str
    worker_amount: int
    disputer_wins: bool


@dataclass(frozen=True)
class BondReturned:
    """A bond went back: of a claim that delivered, of a dispute that was won or never ruled on."""

    account: str
    amount: int


@dataclass(frozen=True)
class BondLost:
    """A bond was lost: `to` received `amount` of it, and `burnt` is nobody's any more."""

    to: str
    amount: int
    burnt: int


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
    """A payment could not be pushed; `account` may withdraw it. The job is zero where a batch paid several at once."""

    token: str
    account: str
    amount: int


Args = (
    Funded
    | Claimed
    | Submitted
    | Proposed
    | Disputed
    | Ruled
    | BondReturned
    | BondLost
    | Settled
    | Refunded
    | Cancelled
    | Credited
)


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

    def to_json(self) -> dict[str, object]:
        """The JSON form, for whoever keeps events; amounts are whole numbers of any size."""
        return asdict(self) | {"args": {"name": self.name, **asdict(self.args)}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EscrowEvent:
        """The event whose `to_json` is `value`; raises KeyError or TypeError for anything else."""
        args = dict(value["args"])
        kind = _KINDS[args.pop("name")]
        if kind is Cancelled:
            args["from_status"] = Status(args["from_status"])
        return cls(**{**value, "args": kind(**args)})


_KINDS: Mapping[str, Any] = {kind.__name__: kind for kind in Args.__args__}


def hex_of(value: bytes) -> str:
    """0x and lower-case hexadecimal."""
    return "0x" + bytes(value).hex()


def args_of(name: str, values: Mapping[str, Any]) -> Args | None:
    """The typed arguments of the event `name`; None for an event that belongs to no job."""
    match name:
        case "Funded":
            return Funded(values["payer"], values["worker"], hex_of(values["terms"]))
        case "Claimed":
            return Claimed(values["worker"], values["deliverBy"], values["bond"])
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
        case "Disputed":
            return Disputed(values["disputer"], values["bond"], values["openUntil"])
        case "Ruled":
            return Ruled(values["arbiter"], values["workerAmount"], values["disputerWins"])
        case "BondReturned":
            return BondReturned(values["account"], values["amount"])
        case "BondLost":
            return BondLost(values["to"], values["amount"], values["burnt"])
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

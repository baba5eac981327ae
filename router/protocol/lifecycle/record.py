"""The record of a job: the fold of its events, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum

from router.errors import RouterError
from router.protocol.lifecycle.payloads import VerdictOutcome
from router.protocol.lifecycle.states import FINAL_ESCROW, TERMINAL_STATES, EscrowState, State


@dataclass(frozen=True)
class JobRecord:
    """All that is known of a job. None: not reached yet, or never will be. Digests, times and money as in payloads."""

    job: str
    chain_id: int
    state: State
    escrow: EscrowState
    sequence: int
    """Of the last event."""
    head: str
    """Digest of the last event: what the next one's `previous` must say."""
    requester: str
    """EIP-55 address."""
    source: str
    spec_hash: str
    """Of the latest spec: the draft's, then the simulated one's, then the promoted child's."""
    created_at: str
    updated_at: str
    operator: str | None = None
    """Address of the last operator that signed."""
    worker: str | None = None
    circuit: str | None = None
    family: str | None = None
    baseline_root: str | None = None
    simulation: str | None = None
    baseline_distance: str | None = None
    parent: str | None = None
    """Spec hash before the promotion."""
    requested_target: str | None = None
    max_usd: str | None = None
    terms: str | None = None
    escrow_id: str | None = None
    request: str | None = None
    decision: str | None = None
    gates: str | None = None
    provider: str | None = None
    target: str | None = None
    """The backend it was submitted to."""
    provider_job: str | None = None
    tag: str | None = None
    submitted_at: str | None = None
    result_hash: str | None = None
    multiset_hash: str | None = None
    receipt: str | None = None
    calibration: str | None = None
    delivery_tx: str | None = None
    outcome: VerdictOutcome | None = None
    evidence_hash: str | None = None
    worker_amount: int | None = None
    """As the verdict proposes."""
    worker_paid: int | None = None
    payer_paid: int | None = None
    fee: int | None = None
    disputed_by: str | None = None
    detail: str | None = None
    """What the provider last said."""
    reason: str | None = None
    """Why it was rejected, expired, failed or cancelled."""
    remedy: str | None = None

    @property
    def promoted(self) -> bool:
        """Whether the requester has signed terms."""
        return self.escrow_id is not None

    @property
    def terminal(self) -> bool:
        """Whether the state changes no more, unless a reorg undoes it; the escrow may (see `closed`)."""
        return self.state in TERMINAL_STATES

    @property
    def closed(self) -> bool:
        """Whether nothing is left to wait for: a terminal state, and no money in the escrow as far as is known.

        A job that ended after its promotion and before any funding was seen is not closed: funding may be in flight.
        """
        return self.terminal and (self.escrow in FINAL_ESCROW or not self.promoted)

    @property
    def lacks_papers(self) -> bool:
        """Whether the chain has a delivery whose papers the worker has yet to add."""
        return self.result_hash is not None and self.receipt is None

    def to_json(self) -> dict[str, object]:
        """The JSON form: enum values as text, money as decimal text."""
        written: dict[str, object] = {}
        for name, value in asdict(self).items():
            if isinstance(value, Enum):
                written[name] = value.value
            elif name in _AMOUNTS and value is not None:
                written[name] = str(value)
            else:
                written[name] = value
        return written

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> JobRecord:
        """The record whose `to_json` is `value`."""
        if set(value) != {item.name for item in fields(cls)}:
            raise ValueError("not a job record: missing or unknown fields")
        read = dict(value)
        read["state"] = State(read["state"])
        read["escrow"] = EscrowState(read["escrow"])
        if read["outcome"] is not None:
            read["outcome"] = VerdictOutcome(read["outcome"])
        for name in _AMOUNTS:
            if read[name] is not None:
                read[name] = int(str(read[name]))
        return cls(**read)  # type: ignore[arg-type]  # the names are checked above, the values come from to_json


_AMOUNTS = ("worker_amount", "worker_paid", "payer_paid", "fee")


class EventChainBroken(RouterError):
    """The event log of a job does not hold; it must not be acted upon."""

    def __init__(self, job: str, sequence: int, reason: str) -> None:
        super().__init__(
            f"{job}, event {sequence}: {reason} — the log was altered or is incomplete; "
            "restore the database from a backup, or take the log of a bundle of this job"
        )
        self.job = job
        self.sequence = sequence
        self.reason = reason

"""What each kind of event carries: one frozen dataclass per kind, with one canonical JSON form.

Digests, block hashes and transaction hashes are ``0x`` + 64 lower-case hexadecimal digits; money is an int of the
token's base units and is written as decimal text in JSON (canonical JSON has no integers beyond 2^53); documents
travel as digests of stored artifacts, never inline. A malformed field raises PayloadInvalid when it is constructed,
so a payload that exists is well-formed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar

from oracle.encoding import digest_of
from router.protocol.lifecycle.fields import (
    Amount,
    Checked,
    Count,
    Digest,
    Digests,
    Hex,
    Rational,
    Text,
    nested,
    one_of,
)
from router.protocol.lifecycle.states import EscrowState, EventKind, State


class VerdictOutcome(Enum):
    """What a verdict, its absence or an arbiter said, in words (the contract's 1..5)."""

    ACCEPT = "accept"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"
    SILENCE = "silence"
    RULING = "ruling"


@dataclass(frozen=True)
class ChainCaused(Checked):
    """The log entry that caused an event: anyone with a node can look it up."""

    block_hash: Digest
    """Of the block that holds the transaction; after a reorg it no longer exists, which is how one is noticed."""
    tx_hash: Digest
    log_index: Count
    """Position of the log in its block."""
    block_number: Count


Cause = Annotated[ChainCaused, nested(ChainCaused)]


class Payload(Checked):
    """Base of what events carry; `kind` ties the class to the event's kind."""

    kind: ClassVar[EventKind]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: the 32 bytes that are signed."""
        return digest_of(self.to_json())

    @property
    def chain_cause(self) -> ChainCaused | None:
        """The log that caused this, or None where no chain did."""
        return getattr(self, "cause", None)


@dataclass(frozen=True)
class Created(Payload):
    """A spec was read and signed."""

    kind: ClassVar[EventKind] = EventKind.CREATED
    source: Digest
    """Artifact: the spec's bytes as the requester wrote them."""
    spec_hash: Digest
    """Of the normalised spec."""


@dataclass(frozen=True)
class Simulated(Payload):
    """The simulation passed and froze the spec."""

    kind: ClassVar[EventKind] = EventKind.SIMULATED
    spec_hash: Digest
    """Of the spec with its simulation record filled in."""
    circuit: Digest
    """Of the OpenQASM 3 bytes."""
    baseline_root: Digest
    simulation: Digest
    """Artifact: the simulation's output."""
    baseline_distance: Rational | None
    """Exact total variation distance to the requester's baseline, as ``"p/q"``; None where it gave none."""
    family: Text | None = None
    """The circuit family, as the operator's approvals name it."""


@dataclass(frozen=True)
class Promoted(Payload):
    """The requester asks for a paid run, on signed terms."""

    kind: ClassVar[EventKind] = EventKind.PROMOTED
    spec_hash: Digest
    """Of the child spec; the terms commit to it."""
    parent: Digest
    """Spec hash of the simulated spec."""
    target: Text
    """As asked for, such as ``ibm``; the routing decision says what it resolved to."""
    max_usd: Rational
    """The most the requester spends, in dollars."""
    terms: Hex
    """The packed JobTerms, in hex."""
    escrow_id: Digest
    """The contract's JobId: the digest of the terms."""
    request: Text
    """The request in the requester's words, such as its command line."""


@dataclass(frozen=True)
class Approved(Payload):
    """Every gate allowed."""

    kind: ClassVar[EventKind] = EventKind.APPROVED
    decision: Digest
    """Artifact: the route decision with every candidate."""
    gates: Digest
    """Artifact: the gate report."""


@dataclass(frozen=True)
class Submitted(Payload):
    """The worker submitted to a provider."""

    kind: ClassVar[EventKind] = EventKind.SUBMITTED
    provider: Text
    """Adapter name, such as ``aer`` or ``ibm``."""
    target: Text
    """Backend, such as ``fake_torino``."""
    provider_job: Text
    """The provider's own id: a reference, never a key."""
    tag: Text
    """The unique tag under which the provider job is found again."""


@dataclass(frozen=True)
class Queued(Payload):
    """The provider queued it."""

    kind: ClassVar[EventKind] = EventKind.QUEUED
    detail: Text


@dataclass(frozen=True)
class Running(Payload):
    """The provider runs it."""

    kind: ClassVar[EventKind] = EventKind.RUNNING
    detail: Text


@dataclass(frozen=True)
class Completed(Payload):
    """The worker delivered on-chain; told by the worker, with its papers, or by the operator, with the chain's log."""

    kind: ClassVar[EventKind] = EventKind.COMPLETED
    result_hash: Digest
    """SHA-256 of the packed shots."""
    multiset_hash: Digest
    """SHA-256 of the sorted packed shots; where the spec orders a manifest, of that."""
    receipt: Digest | None
    """Artifact: the provider's receipt; None where the operator tells what the chain has before the worker does."""
    calibration: Digest | None
    """Artifact: the calibration snapshot taken at run time; None where the target has none."""
    tx_hash: Digest
    """Of the delivery transaction."""
    cause: Annotated[ChainCaused, nested(ChainCaused, elidable=True)] | None = None


_NOT_VALIDATING = frozenset[Enum]({VerdictOutcome.REJECT, VerdictOutcome.SILENCE, VerdictOutcome.RULING})


@dataclass(frozen=True)
class Validated(Payload):
    """The chain took a verdict that does not reject (a rejecting one, once final, is Rejected)."""

    kind: ClassVar[EventKind] = EventKind.VALIDATED
    outcome: Annotated[VerdictOutcome, one_of(VerdictOutcome, but=_NOT_VALIDATING)]
    evidence_hash: Digest
    """Of the verdict document."""
    worker_amount: Amount
    cause: Cause


@dataclass(frozen=True)
class Settled(Payload):
    """The chain paid."""

    kind: ClassVar[EventKind] = EventKind.SETTLED
    outcome: Annotated[VerdictOutcome, one_of(VerdictOutcome)]
    worker_paid: Amount
    payer_paid: Amount
    fee: Amount
    cause: Cause


@dataclass(frozen=True)
class Rejected(Payload):
    """Refused by the operator (no cause) or by a final verdict (cause)."""

    kind: ClassVar[EventKind] = EventKind.REJECTED
    reason: Text
    cause: Cause | None = None


@dataclass(frozen=True)
class Expired(Payload):
    """A deadline passed."""

    kind: ClassVar[EventKind] = EventKind.EXPIRED
    reason: Text
    cause: Cause | None = None


@dataclass(frozen=True)
class Failed(Payload):
    """It could not be carried out."""

    kind: ClassVar[EventKind] = EventKind.FAILED
    reason: Text
    remedy: Text
    """What to do next, with a command."""


@dataclass(frozen=True)
class Cancelled(Payload):
    """Withdrawn by the requester (no cause) or by both parties on-chain (cause)."""

    kind: ClassVar[EventKind] = EventKind.CANCELLED
    reason: Text
    cause: Cause | None = None


@dataclass(frozen=True)
class Disputed(Payload):
    """The chain took a bonded dispute."""

    kind: ClassVar[EventKind] = EventKind.DISPUTED
    by: Text
    """Address of the disputer."""
    cause: Cause


@dataclass(frozen=True)
class EscrowMoved(Payload):
    """The chain moved the money, or what will become of it."""

    kind: ClassVar[EventKind] = EventKind.ESCROW
    escrow: Annotated[EscrowState, one_of(EscrowState, but=frozenset({EscrowState.NONE}))]
    cause: Cause


@dataclass(frozen=True)
class Reorged(Payload):
    """The chain replaced blocks that events of the job came of: those events are undone, and stay in the log."""

    kind: ClassVar[EventKind] = EventKind.REORGED
    undone: Digests
    """Of the events that no longer hold, in their order: each that came of a replaced block, and each that came of the
    chain after it."""
    state: Annotated[State, one_of(State)]
    """What the job's state is without them."""
    escrow: Annotated[EscrowState, one_of(EscrowState)]
    """Where the money is without them."""
    block_number: Count
    """Of the newest block that was read when this was seen."""
    block_hash: Digest


PAYLOADS: Mapping[EventKind, type[Payload]] = {payload.kind: payload for payload in Payload.__subclasses__()}
"""The payload class of each kind."""


def payload_from_json(kind: EventKind, value: object) -> Payload:
    """The payload of an event of `kind`; raises PayloadInvalid."""
    return PAYLOADS[kind].from_json(value)

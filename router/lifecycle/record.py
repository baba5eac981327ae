"""The record of a job: the fold of its events, and nothing else.

`fold` checks order, links and transitions, and takes the signatures as checked: the store checks them on the way in.
What comes from elsewhere goes through verification.verify_chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum

from oracle.encoding import ZERO_DIGEST
from router.lifecycle.events import (
    FIRST_SEQUENCE,
    Event,
    EventMalformed,
    parse_did,
)
from router.lifecycle.payloads import (
    Approved,
    Cancelled,
    Completed,
    Created,
    Disputed,
    EscrowMoved,
    Expired,
    Failed,
    Payload,
    Promoted,
    Queued,
    Rejected,
    Running,
    Settled,
    Simulated,
    Submitted,
    Validated,
    VerdictOutcome,
)
from router.lifecycle.states import FINAL_ESCROW, TERMINAL_STATES, EscrowState, Role, State
from router.lifecycle.transitions import ESCROW_MOVES, TRANSITIONS, Need, TransitionRefused, kinds_from


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
        """Whether the state never changes again; the escrow may (see `closed`)."""
        return self.state in TERMINAL_STATES

    @property
    def closed(self) -> bool:
        """Whether nothing is left to wait for: a terminal state, and no money in the escrow as far as is known.

        A job that ended after its promotion and before any funding was seen is not closed: funding may be in flight.
        """
        return self.terminal and (self.escrow in FINAL_ESCROW or not self.promoted)

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


class EventChainBroken(Exception):
    """The event log of a job does not hold; it must not be acted upon."""

    def __init__(self, job: str, sequence: int, reason: str) -> None:
        super().__init__(
            f"{job}, event {sequence}: {reason} — the log was altered or is incomplete; "
            "restore the database from a backup, or take the log of a bundle of this job"
        )
        self.job = job
        self.sequence = sequence
        self.reason = reason


def _need_fault(need: Need, record: JobRecord | None, payload: Payload) -> tuple[str, str] | None:
    """(reason, remedy) if `need` is not fulfilled."""
    promoted = record is not None and record.promoted
    escrow = record.escrow if record is not None else EscrowState.NONE
    match need:
        case Need.UNPROMOTED:
            fulfilled = not promoted
            remedy = "a job is promoted once; `compute quantum simulate` the spec again to get a fresh job"
        case Need.PROMOTED:
            fulfilled = promoted
            remedy = "promote it first: `compute quantum promote JOB --target … --max-budget …`"
        case Need.LOCKED:
            fulfilled = escrow is EscrowState.LOCKED
            remedy = f"the escrow column says {escrow.value}; fund it and wait for the confirmations"
        case Need.UNFUNDED:
            fulfilled = escrow is EscrowState.NONE
            remedy = f"the escrow column says {escrow.value}; both parties cancel on-chain: `compute cancel JOB`"
        case Need.CAUSE:
            fulfilled = payload.chain_cause is not None
            remedy = "only the chain brings this about; name the block, the transaction and the log index"
        case Need.NO_CAUSE:
            fulfilled = payload.chain_cause is None
            remedy = "the chain does not bring this about; leave the cause out"
    return None if fulfilled else (f"{payload.kind.value} needs: {need.value}", remedy)


def check_transition(record: JobRecord | None, job: str, role: Role, payload: Payload) -> State:
    """The state that follows; raises TransitionRefused with the first reason against.

    Of the table: the pair, the role, the needs. Of the escrow column: its moves. Of the roles: a requester is the
    one that signed `created`, which `apply` checks since it knows the address.
    """
    state = record.state if record else None
    kind = payload.kind
    transition = TRANSITIONS.get((state, kind))
    if transition is None:
        possible = ", ".join(item.value for item in kinds_from(state)) or "nothing"
        raise TransitionRefused(job, state, kind, f"{kind.value} does not follow", f"what may follow: {possible}")
    if role not in transition.by:
        allowed = " or ".join(item.value for item in transition.by)
        raise TransitionRefused(
            job, state, kind, f"{kind.value} is not for the {role.value} to say", f"the {allowed} signs it"
        )
    for need in transition.by[role]:
        if fault := _need_fault(need, record, payload):
            raise TransitionRefused(job, state, kind, *fault)
    if isinstance(payload, EscrowMoved) and record is not None and payload.escrow not in ESCROW_MOVES[record.escrow]:
        possible = ", ".join(sorted(item.value for item in ESCROW_MOVES[record.escrow])) or "nothing"
        raise TransitionRefused(
            job,
            state,
            kind,
            f"the escrow cannot go from {record.escrow.value} to {payload.escrow.value}",
            f"from there it goes to: {possible}",
        )
    return transition.to


def _changes(payload: Payload, at: str) -> dict[str, object]:
    """The fields of the record that `payload` sets."""
    match payload:
        case Simulated():
            return {
                "spec_hash": payload.spec_hash,
                "circuit": payload.circuit,
                "baseline_root": payload.baseline_root,
                "simulation": payload.simulation,
                "baseline_distance": payload.baseline_distance,
                "family": payload.family,
            }
        case Promoted():
            return {
                "spec_hash": payload.spec_hash,
                "parent": payload.parent,
                "requested_target": payload.target,
                "max_usd": payload.max_usd,
                "terms": payload.terms,
                "escrow_id": payload.escrow_id,
                "request": payload.request,
            }
        case Approved():
            return {"decision": payload.decision, "gates": payload.gates}
        case Submitted():
            return {
                "provider": payload.provider,
                "target": payload.target,
                "provider_job": payload.provider_job,
                "tag": payload.tag,
                "submitted_at": at,
            }
        case Queued() | Running():
            return {"detail": payload.detail}
        case Completed():
            return {
                "result_hash": payload.result_hash,
                "multiset_hash": payload.multiset_hash,
                "receipt": payload.receipt,
                "calibration": payload.calibration,
                "delivery_tx": payload.tx_hash,
            }
        case Validated():
            return {
                "outcome": payload.outcome,
                "evidence_hash": payload.evidence_hash,
                "worker_amount": payload.worker_amount,
            }
        case Settled():
            return {
                "outcome": payload.outcome,
                "worker_paid": payload.worker_paid,
                "payer_paid": payload.payer_paid,
                "fee": payload.fee,
            }
        case Rejected() | Expired() | Cancelled():
            return {"reason": payload.reason}
        case Failed():
            return {"reason": payload.reason, "remedy": payload.remedy}
        case Disputed():
            return {"disputed_by": payload.by}
        case EscrowMoved():
            return {"escrow": payload.escrow}
    raise AssertionError(f"no rule for {type(payload).__name__}")


def apply(record: JobRecord | None, event: Event) -> JobRecord:
    """The record after `event`; raises EventChainBroken for a wrong link, TransitionRefused for a wrong step."""
    expected = FIRST_SEQUENCE if record is None else record.sequence + 1
    if event.sequence != expected:
        raise EventChainBroken(event.job, event.sequence, f"event {expected} comes next")
    if event.previous != (ZERO_DIGEST if record is None else record.head):
        raise EventChainBroken(event.job, event.sequence, "it does not name the event before it")
    if record is not None and event.job != record.job:
        raise EventChainBroken(event.job, event.sequence, f"it belongs to another job than {record.job}")
    try:
        chain_id, address = parse_did(event.actor)
    except EventMalformed as error:
        raise EventChainBroken(event.job, event.sequence, str(error)) from error
    if record is not None and chain_id != record.chain_id:
        raise EventChainBroken(event.job, event.sequence, f"its actor is of chain {chain_id}, not {record.chain_id}")
    state = check_transition(record, event.job, event.role, event.payload)
    if record is None:
        if not isinstance(event.payload, Created):
            raise AssertionError("the table lets only `created` come first")
        return JobRecord(
            job=event.job,
            chain_id=chain_id,
            state=state,
            escrow=EscrowState.NONE,
            sequence=event.sequence,
            head=event.digest,
            requester=address,
            source=event.payload.source,
            spec_hash=event.payload.spec_hash,
            created_at=event.at,
            updated_at=event.at,
        )
    changes = _changes(event.payload, event.at)
    match event.role:
        case Role.REQUESTER:
            if address != record.requester:
                reason = f"{address} is not the requester"
                remedy = f"{record.requester} signed `created` and signs this"
                raise TransitionRefused(record.job, record.state, event.kind, reason, remedy)
        case Role.OPERATOR:
            changes["operator"] = address
        case Role.WORKER:
            if record.worker is not None and address != record.worker:
                reason = f"{address} is not the worker of this job"
                remedy = f"{record.worker} submitted it and signs this"
                raise TransitionRefused(record.job, record.state, event.kind, reason, remedy)
            changes["worker"] = address
    return replace(
        record,
        state=state,
        sequence=event.sequence,
        head=event.digest,
        updated_at=event.at,
        **changes,  # type: ignore[arg-type]  # the names are those of _changes, tested against the fields
    )


def fold(events: Iterable[Event]) -> JobRecord:
    """The record of `events`, without looking at signatures; raises EventChainBroken or TransitionRefused."""
    record: JobRecord | None = None
    for event in events:
        record = apply(record, event)
    if record is None:
        raise EventChainBroken("(no job)", 0, "there are no events")
    return record

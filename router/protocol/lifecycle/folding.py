"""Folding events into the record: what each step needs, what it changes, and what a reorg leaves of it.

`fold` checks order, links and transitions, and takes the signatures as checked: the store checks them on the way in.
What comes from elsewhere goes through verification.verify_chain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NoReturn

from oracle.encoding import ZERO_DIGEST
from router.protocol.lifecycle.events import FIRST_SEQUENCE, Event, EventMalformed, parse_did
from router.protocol.lifecycle.payloads import (
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
    Reorged,
    Running,
    Settled,
    Simulated,
    Submitted,
    Validated,
)
from router.protocol.lifecycle.record import EventChainBroken, JobRecord
from router.protocol.lifecycle.states import EscrowState, EventKind, Role, State
from router.protocol.lifecycle.transitions import ESCROW_MOVES, TRANSITIONS, Need, TransitionRefused, kinds_from


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
        case Need.PAPERS:
            fulfilled = isinstance(payload, Completed) and payload.receipt is not None
            remedy = "the worker names the receipt of its run"
        case Need.NO_PAPERS:
            fulfilled = isinstance(payload, Completed) and payload.receipt is None
            remedy = "only the worker, who has the papers, names them"
        case Need.PAPERS_MISSING:
            fulfilled = _lacks_papers(record, payload)
            remedy = "papers are added once, of the delivery that the chain has"
    return None if fulfilled else (f"{payload.kind.value} needs: {need.value}", remedy)


def _lacks_papers(record: JobRecord | None, payload: Payload) -> bool:
    """Whether `payload` is of the delivery that the record knows from the chain alone."""
    if record is None or record.receipt is not None or not isinstance(payload, Completed):
        return False
    return (record.result_hash, record.delivery_tx) == (payload.result_hash, payload.tx_hash)


def check_transition(record: JobRecord | None, job: str, role: Role, payload: Payload) -> State | None:
    """The state that follows, None for that of before what is undone; raises TransitionRefused with the first reason
    against.

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
        case Reorged():
            return {}
    raise AssertionError(f"no rule for {type(payload).__name__}")


def apply(record: JobRecord | None, event: Event, before: Sequence[Event] = ()) -> JobRecord:
    """The record after `event`; raises EventChainBroken for a wrong link, TransitionRefused for a wrong step.

    `before` are all events that `record` is the fold of; only one that undoes some of them needs them.
    """
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
            state=State.CREATED,
            escrow=EscrowState.NONE,
            sequence=event.sequence,
            head=event.digest,
            requester=address,
            source=event.payload.source,
            spec_hash=event.payload.spec_hash,
            created_at=event.at,
            updated_at=event.at,
        )
    if isinstance(event.payload, Reorged):
        record = _restored(record, event.payload, before)
        state = record.state
    if state is None:
        raise AssertionError("the table leaves the state open for a reorg alone")
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
    told: list[Event] = []
    for event in events:
        record = apply(record, event, told)
        told.append(event)
    if record is None:
        raise EventChainBroken("(no job)", 0, "there are no events")
    return record


def standing(events: Iterable[Event]) -> tuple[Event, ...]:
    """Those of a job's `events` that hold: no reorg has undone them, and they are not the telling of one."""
    told = tuple(events)
    undone = {digest for event in told if isinstance(event.payload, Reorged) for digest in event.payload.undone}
    return tuple(event for event in told if not isinstance(event.payload, Reorged) and event.digest not in undone)


def undoing(events: Sequence[Event], gone: Collection[str], *, block_number: int, block_hash: str) -> Reorged | None:
    """The payload that undoes the events with the digests `gone`, and all that came of the chain after the first.

    None where nothing is gone. `events` are the job's whole log; the block is the newest that was read.
    """
    held = standing(events)
    places = [place for place, event in enumerate(held) if event.digest in gone]
    if not places:
        return None
    caused = (event for event in held[places[0] :] if event.payload.chain_cause is not None or event.digest in gone)
    undone = tuple(event.digest for event in caused)
    without = _folded(held, undone)
    return Reorged(undone, without.state, without.escrow, block_number, block_hash)


def _folded(held: Sequence[Event], undone: Collection[str]) -> JobRecord:
    """The record of `held` without the events `undone`: what they were conditions of has happened all the same."""
    record: JobRecord | None = None
    for event in held:
        if event.digest in undone:
            continue
        if record is None:
            record = apply(None, event)
            continue
        transition = TRANSITIONS.get((record.state, event.kind))
        if transition is None or transition.to is None:
            raise TransitionRefused(
                event.job, record.state, event.kind, f"{event.kind.value} would not follow", "undo what led to it, too"
            )
        changes: dict[str, object] = dict(_changes(event.payload, event.at))
        if event.role is not Role.REQUESTER:
            changes[event.role.value] = event.address
        record = replace(record, state=transition.to, **changes)  # type: ignore[arg-type]  # as in apply
    if record is None:
        raise AssertionError("the first event of a job is not the chain's")
    return record


def _restored(record: JobRecord, payload: Reorged, before: Sequence[Event]) -> JobRecord:
    """The record as it is without what `payload` undoes; raises TransitionRefused unless that is as it says."""
    if not before or before[-1].digest != record.head:
        raise ValueError("an event that undoes others is applied with the whole log before it")

    def refuse(reason: str, remedy: str) -> NoReturn:
        raise TransitionRefused(record.job, record.state, payload.kind, reason, remedy)

    held = {event.digest: event for event in standing(before)}
    named = [held[digest] for digest in payload.undone if digest in held]
    if len(named) < len(payload.undone):
        refuse("it undoes what is not there, or was undone before", "name events of this log that hold")
    if any(event.payload.chain_cause is None and event.kind is not EventKind.COMPLETED for event in named):
        refuse("it undoes what the chain did not bring about", "name events with a chain log, or a delivery")
    expected = undoing(before, payload.undone, block_number=payload.block_number, block_hash=payload.block_hash)
    if payload != expected:
        refuse(
            "it does not undo all that came after, or says another state than is left",
            "name every later event of the chain, in order, and the state and escrow without them",
        )
    return replace(
        _folded(tuple(held.values()), payload.undone),
        sequence=record.sequence,
        head=record.head,
        updated_at=record.updated_at,
    )

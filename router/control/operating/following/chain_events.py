"""What the chain did, told as lifecycle events.

The escrow's status on-chain is the truth; the record follows it. The functions here are pure: given a record and what
the contract emitted, they say which payloads follow. Reading the chain and writing events is `reconcile`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

from oracle.chain import events as chain
from oracle.chain.client import EscrowClient
from oracle.chain.following.follower import Read
from oracle.chain.transactions import sender
from oracle.encoding import canonical_bytes
from oracle.terms import Outcome
from router.control.desk import OperatorDesk
from router.protocol.lifecycle import (
    Cancelled,
    ChainCaused,
    Completed,
    Disputed,
    EscrowMoved,
    EscrowState,
    Event,
    Expired,
    JobRecord,
    Payload,
    Rejected,
    Settled,
    State,
    Validated,
    VerdictOutcome,
    standing,
    undoing,
)

log = logging.getLogger("router")

_OUTCOMES = {
    Outcome.ACCEPT: VerdictOutcome.ACCEPT,
    Outcome.REJECT: VerdictOutcome.REJECT,
    Outcome.INCONCLUSIVE: VerdictOutcome.INCONCLUSIVE,
    Outcome.SILENCE: VerdictOutcome.SILENCE,
    Outcome.RULING: VerdictOutcome.RULING,
}
_PAID = {
    Outcome.ACCEPT: EscrowState.RELEASED,
    Outcome.REJECT: EscrowState.REFUNDED,
    Outcome.INCONCLUSIVE: EscrowState.SPLIT,
    Outcome.SILENCE: EscrowState.SPLIT,
    Outcome.RULING: EscrowState.SPLIT,
}


def cause_of(event: chain.EscrowEvent) -> ChainCaused:
    """Where anybody finds `event` on the chain."""
    return ChainCaused(event.block_hash, event.tx_hash, event.log_index, event.block)


def told(events: Iterable[Event]) -> set[ChainCaused]:
    """Every chain event that those of a job's events which hold tell of."""
    causes = (event.payload.chain_cause for event in standing(events))
    return {cause for cause in causes if cause is not None}


def consequences(record: JobRecord, event: chain.EscrowEvent) -> tuple[Payload, ...]:
    """The payloads that follow from `event`, in order; none where it changes nothing that the record says.

    An outcome that contradicts the one told before is not passed over: the lifecycle refuses it, and a person has to
    look. What a reorg took back was undone before.
    """
    cause = cause_of(event)
    match event.args:
        case chain.Funded():
            return (EscrowMoved(EscrowState.LOCKED, cause),) if record.escrow is EscrowState.NONE else ()
        case chain.Proposed() as proposed:
            if record.escrow is not EscrowState.LOCKED:
                return ()
            moved = EscrowMoved(EscrowState.PROPOSED, cause)
            if record.state is State.COMPLETED and proposed.outcome in (Outcome.ACCEPT, Outcome.INCONCLUSIVE):
                outcome = _OUTCOMES[Outcome(proposed.outcome)]
                return (moved, Validated(outcome, proposed.evidence_hash, proposed.worker_amount, cause))
            return (moved,)
        case chain.Submitted() as submitted if submitted.round > 0:
            return (EscrowMoved(EscrowState.LOCKED, cause),) if record.escrow is EscrowState.PROPOSED else ()
        case chain.Submitted() as submitted:
            # The worker tells of it, too, with its papers; whoever is first.
            if record.terminal or record.result_hash is not None:
                return ()
            return (Completed(submitted.result_hash, submitted.multiset_hash, None, None, event.tx_hash, cause),)
        case chain.Disputed() as disputed:
            if record.escrow is not EscrowState.PROPOSED:
                return ()
            moved = EscrowMoved(EscrowState.DISPUTED, cause)
            return (moved,) if record.terminal else (moved, Disputed(disputed.disputer, cause))
        case chain.Settled() as settled:
            outcome_code = Outcome(settled.outcome)
            if record.escrow is _PAID[outcome_code]:
                return ()
            moved = EscrowMoved(_PAID[outcome_code], cause)
            if record.terminal:
                return (moved,)
            match outcome_code:
                case Outcome.REJECT:
                    return (moved, Rejected("the validators' verdict is reject; the payer has the budget back", cause))
                case Outcome.SILENCE:
                    return (moved, Expired("no verdict by verdictBy; the silence share was paid", cause))
                case _:
                    paid = Settled(_OUTCOMES[outcome_code], settled.worker_paid, settled.payer_paid, settled.fee, cause)
                    return (moved, paid)
        case chain.Refunded() | chain.Cancelled() if record.escrow is EscrowState.REFUNDED:
            return ()
        case chain.Refunded():
            moved = EscrowMoved(EscrowState.REFUNDED, cause)
            return (moved,) if record.terminal else (moved, Expired("nothing was delivered by submitBy", cause))
        case chain.Cancelled():
            moved = EscrowMoved(EscrowState.REFUNDED, cause)
            return (moved,) if record.terminal else (moved, Cancelled("payer and worker called the job off", cause))
        case _:
            return ()


def gone(
    events: Iterable[Event], kept: Collection[chain.EscrowEvent], cursor: Read, mined: Callable[[str], bool]
) -> frozenset[str]:
    """Digests of those of a job's `events` whose chain event the follower, at `cursor`, no longer has in `kept`.

    A delivery that the worker told of names no log but its transaction: it is gone if the chain has neither its event
    nor, as `mined` says, its transaction.
    """
    causes = {cause_of(event) for event in kept}
    deliveries = {event.tx_hash for event in kept if isinstance(event.args, chain.Submitted)}

    def lost(event: Event) -> bool:
        if (cause := event.payload.chain_cause) is not None:
            return cause.block_number <= cursor.number and cause not in causes
        if not isinstance(event.payload, Completed) or event.payload.tx_hash in deliveries:
            return False
        return not mined(event.payload.tx_hash)

    return frozenset(event.digest for event in standing(events) if lost(event))


def reconcile(desk: OperatorDesk, client: EscrowClient, job: str, *, to_block: int) -> JobRecord:
    """Bring the record of `job` up to what was read of the chain up to `to_block`, and return it.

    What a reorg took back is undone first, at any depth; then what the chain says and the record does not is told. Each
    chain event is told once, however often this runs and by however many processes. Raises ChainError.
    """
    opened = desk.opened
    record, events = opened.store.history(job)
    if record.escrow_id is None:
        return record
    kept, cursor = opened.chain_log().kept(record.escrow_id)
    if cursor is None:
        return record
    if lost := gone(events, kept, cursor, lambda tx_hash: sender.find_receipt(client, tx_hash) is not None):

        def undone(current: JobRecord) -> Sequence[Payload]:
            payload = undoing(opened.store.events(job), lost, block_number=cursor.number, block_hash=cursor.hash)
            return [] if payload is None else [payload]

        record = desk.write(job, undone)
        log.warning("%s: a reorg undid %d events; it is %s again", job, len(lost), record.state.value)
        events = opened.store.events(job)
    known, asked = told(events), False
    for event in kept:
        if event.block > min(to_block, cursor.number) or cause_of(event) in known:
            continue

        def following(current: JobRecord, event: chain.EscrowEvent = event) -> Sequence[Payload]:
            if cause_of(event) in told(opened.store.events(job)):
                return ()
            payloads = consequences(current, event)
            if payloads and isinstance(event.args, chain.Settled | chain.Refunded | chain.Cancelled):
                # The settlement receipt, on disk before the event that carries its digest.
                opened.artifacts.put(canonical_bytes(payloads[-1].to_json()))
            return payloads

        asked = True
        record = desk.write(job, following)
    # Another process may have told it between our reading the record and our asking what was told.
    return opened.store.job(job) if asked else record


def is_final(events: Iterable[Event], block: int, finality: int) -> bool:
    """Whether all that the chain brought about of a job lies at least `finality` blocks below `block`."""
    return all(cause.block_number <= block - finality for cause in told(events))

"""What the chain did, told as lifecycle events.

The escrow's status on-chain is the truth; the record follows it. The functions here are pure: given a record and what
the contract emitted, they say which payloads follow. Reading the chain and writing events is `reconcile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.chain import events as chain
from oracle.chain.client import EscrowClient
from oracle.encoding import canonical_bytes
from oracle.terms import Outcome
from router.lifecycle import (
    FINAL_ESCROW,
    Cancelled,
    ChainCaused,
    Disputed,
    EscrowMoved,
    EscrowState,
    Event,
    Expired,
    JobRecord,
    Payload,
    Rejected,
    Role,
    Settled,
    State,
    Validated,
    VerdictOutcome,
)
from router.workflows import journal
from router.workflows.workspace import Workspace

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


def told(events: Iterable[Event]) -> set[tuple[str, int]]:
    """(transaction, log index) of every chain event that the job's events already tell of."""
    causes = (event.payload.chain_cause for event in events)
    return {(cause.tx_hash, cause.log_index) for cause in causes if cause is not None}


def awaits_delivery(record: JobRecord, event: chain.EscrowEvent) -> bool:
    """Whether the worker has yet to tell of the delivery that `event` presupposes; it is told first."""
    return isinstance(event.args, chain.Proposed) and record.state in (State.SUBMITTED, State.QUEUED, State.RUNNING)


def consequences(record: JobRecord, event: chain.EscrowEvent) -> tuple[Payload, ...]:
    """The payloads that follow from `event`, in order; none where it changes nothing that the record says.

    A chain that replaced more blocks than the stack's confirmations tells the same again at another place. An outcome
    that contradicts the one told before is not passed over: the lifecycle refuses it, and a person has to look.
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
        case chain.Submitted() as submitted if submitted.round > 0 and record.escrow is EscrowState.PROPOSED:
            return (EscrowMoved(EscrowState.LOCKED, cause),)  # a top-up; the first delivery is the worker's to tell
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


def receipts(events: Iterable[Event]) -> tuple[Event, ...]:
    """The settlement receipts among a job's events: of each log that emptied the escrow, the last event it caused.

    That is the job's end, or the escrow's where the job had ended before. The receipt itself is the event's payload in
    canonical JSON, stored under the event's payload digest.
    """
    caused: dict[tuple[str, int], Event] = {}
    emptied = set()
    for event in events:
        if (cause := event.payload.chain_cause) is None:
            continue
        caused[cause.tx_hash, cause.log_index] = event
        if isinstance(event.payload, EscrowMoved) and event.payload.escrow in FINAL_ESCROW:
            emptied.add((cause.tx_hash, cause.log_index))
    return tuple(event for place, event in caused.items() if place in emptied)


def reconcile(workspace: Workspace, client: EscrowClient, job: str, *, to_block: int) -> JobRecord:
    """Bring the record of `job` up to what the chain says up to `to_block`, and return it.

    Each chain event is told once, however often this runs and by however many processes.
    """
    record = workspace.store.job(job)
    if record.escrow_id is None:
        return record
    for event in client.events(client.deployment.block, to_block, job_id=record.escrow_id):

        def following(current: JobRecord, event: chain.EscrowEvent = event) -> Sequence[tuple[Role, Payload]]:
            if (event.tx_hash, event.log_index) in told(workspace.store.events(job)):
                return ()
            payloads = consequences(current, event)
            if payloads and isinstance(event.args, chain.Settled | chain.Refunded | chain.Cancelled):
                # The settlement receipt, on disk before the event that carries its digest.
                workspace.artifacts.put(canonical_bytes(payloads[-1].to_json()))
            return [(Role.OPERATOR, payload) for payload in payloads]

        if awaits_delivery(record, event):
            break
        record = journal.write(workspace, job, following)
    # Read again: another process may have told an event between our reading the record and our asking what was told.
    return workspace.store.job(job)

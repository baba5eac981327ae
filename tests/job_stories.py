"""Stories of jobs, told event by event with real keys, for the tests of lifecycle and store."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.encoding import sha256_hex
from router.protocol.lifecycle import (
    Approved,
    Cancelled,
    ChainCaused,
    Completed,
    Created,
    Disputed,
    EscrowMoved,
    EscrowState,
    Event,
    EventKind,
    Expired,
    Failed,
    JobRecord,
    Payload,
    Promoted,
    Queued,
    Rejected,
    Reorged,
    Role,
    RoleAddresses,
    Running,
    Settled,
    Simulated,
    State,
    Submitted,
    Validated,
    VerdictOutcome,
    apply,
    new_job_id,
    sign_event,
    standing,
    undoing,
)

CHAIN_ID = 31337
START = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
KEYS: dict[Role, LocalAccount] = {
    role: Account.from_key(bytes([number]) * 32) for number, role in enumerate(Role, start=1)
}
STRANGER: LocalAccount = Account.from_key(b"\x77" * 32)
ROLES = RoleAddresses.of(CHAIN_ID, operator=KEYS[Role.OPERATOR].address, worker=KEYS[Role.WORKER].address)


def digest(text: str) -> str:
    return sha256_hex(text.encode())


CAUSE = ChainCaused(block_hash=digest("block"), tx_hash=digest("tx"), log_index=3, block_number=17)

# One payload of each kind, with its cause where the kind has a place for one.
SAMPLES: dict[EventKind, Payload] = {
    sample.kind: sample
    for sample in (
        Created(source=digest("source"), spec_hash=digest("draft")),
        Simulated(
            spec_hash=digest("simulated"),
            circuit=digest("circuit"),
            baseline_root=digest("baseline"),
            simulation=digest("simulation"),
            baseline_distance="1/100",
            family="ring-maxcut-qaoa",
        ),
        Promoted(
            spec_hash=digest("promoted"),
            parent=digest("simulated"),
            target="ibm",
            max_usd="25",
            terms="0xabcdef",
            escrow_id=digest("terms"),
            request="compute quantum promote job --target ibm --max-budget 25",
        ),
        Approved(decision=digest("decision"), gates=digest("gates")),
        Submitted(provider="ibm", target="ibm_torino", provider_job="d1abc", tag="job.r1"),
        Queued(detail="12 jobs ahead"),
        Running(detail="started"),
        Completed(
            result_hash=digest("result"),
            multiset_hash=digest("multiset"),
            receipt=digest("receipt"),
            calibration=digest("calibration"),
            tx_hash=digest("delivery"),
        ),
        Validated(outcome=VerdictOutcome.ACCEPT, evidence_hash=digest("evidence"), worker_amount=2**100, cause=CAUSE),
        Settled(outcome=VerdictOutcome.ACCEPT, worker_paid=2**100, payer_paid=5, fee=0, cause=CAUSE),
        Rejected(reason="the verdict is reject", cause=CAUSE),
        Expired(reason="nothing was delivered", cause=CAUSE),
        Failed(reason="the provider refused it", remedy="`compute quantum promote` another target"),
        Cancelled(reason="both parties called it off", cause=CAUSE),
        Disputed(by=KEYS[Role.WORKER].address, cause=CAUSE),
        EscrowMoved(escrow=EscrowState.LOCKED, cause=CAUSE),
        Reorged(
            undone=(digest("an event"),),
            state=State.RUNNING,
            escrow=EscrowState.LOCKED,
            block_number=18,
            block_hash=digest("another block"),
        ),
    )
}

SEEN = Completed(
    result_hash=digest("result"),
    multiset_hash=digest("multiset"),
    receipt=None,
    calibration=None,
    tx_hash=digest("delivery"),
    cause=CAUSE,
)
"""A delivery as the operator tells it, who has seen it on the chain and has no papers."""

SIGNER_OF = {
    EventKind.CREATED: Role.REQUESTER,
    EventKind.PROMOTED: Role.REQUESTER,
    EventKind.SUBMITTED: Role.WORKER,
    EventKind.COMPLETED: Role.WORKER,
}
"""Everything else is the operator's."""

TO_RUNNING = (
    EventKind.CREATED,
    EventKind.SIMULATED,
    EventKind.PROMOTED,
    EventKind.ESCROW,
    EventKind.APPROVED,
    EventKind.SUBMITTED,
    EventKind.QUEUED,
    EventKind.RUNNING,
)
PATHS: dict[State, tuple[EventKind, ...]] = {
    State.CREATED: TO_RUNNING[:1],
    State.SIMULATED: TO_RUNNING[:2],
    State.APPROVED: TO_RUNNING[:5],
    State.SUBMITTED: TO_RUNNING[:6],
    State.QUEUED: TO_RUNNING[:7],
    State.RUNNING: TO_RUNNING,
    State.COMPLETED: (*TO_RUNNING, EventKind.COMPLETED),
    State.VALIDATED: (*TO_RUNNING, EventKind.COMPLETED, EventKind.VALIDATED),
    State.SETTLED: (*TO_RUNNING, EventKind.COMPLETED, EventKind.VALIDATED, EventKind.SETTLED),
    State.DISPUTED: (*TO_RUNNING, EventKind.COMPLETED, EventKind.DISPUTED),
    State.REJECTED: (*TO_RUNNING, EventKind.COMPLETED, EventKind.REJECTED),
    State.EXPIRED: (*TO_RUNNING, EventKind.EXPIRED),
    State.FAILED: (*TO_RUNNING, EventKind.FAILED),
    State.CANCELLED: (*TO_RUNNING, EventKind.CANCELLED),
}
"""Events that lead to each state; beyond `simulated`, with a locked escrow."""


class Story:
    """One job and its log so far."""

    def __init__(self, job: str | None = None, *, seed: int = 0, requester: LocalAccount | None = None) -> None:
        self.job = job or new_job_id(random.Random(seed))
        self.keys = dict(KEYS) | ({Role.REQUESTER: requester} if requester else {})
        self.events: list[Event] = []
        self.record: JobRecord | None = None

    def sign(self, payload: Payload, role: Role | None = None, *, at: datetime | None = None) -> Event:
        """The next event, signed and not told."""
        if isinstance(payload, Completed) and payload.receipt is None:
            role = role or Role.OPERATOR
        role = role or SIGNER_OF.get(payload.kind, Role.OPERATOR)
        return sign_event(
            self.keys[role],
            after=self.record,
            role=role,
            payload=payload,
            at=at or START + timedelta(seconds=len(self.events)),
            job=self.job,
            chain_id=CHAIN_ID,
            before=self.events,
        )

    def tell(self, *payloads: Payload | EventKind, role: Role | None = None, at: datetime | None = None) -> Story:
        """Signs and adds each; an EventKind stands for its sample."""
        for payload in payloads:
            event = self.sign(self.sample(payload) if isinstance(payload, EventKind) else payload, role, at=at)
            self.record = apply(self.record, event, tuple(self.events))
            self.events.append(event)
        return self

    def sample(self, kind: EventKind) -> Payload:
        """The sample of `kind`; the escrow id, and what a reorg undoes, is this job's own."""
        sample = SAMPLES[kind]
        if isinstance(sample, Reorged):
            caused = [event.digest for event in standing(self.events) if event.payload.chain_cause is not None]
            return undoing(self.events, caused[-1:], block_number=18, block_hash=digest("another block")) or sample
        if isinstance(sample, Promoted):
            return Promoted(**sample.to_json() | {"escrow_id": digest(f"terms of {self.job}")})  # type: ignore[arg-type]
        return sample

    def to(self, state: State, *, at: datetime | None = None) -> Story:
        """Tells all that leads to `state`."""
        return self.tell(*PATHS[state], at=at)

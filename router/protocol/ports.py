"""What the parties ask of each other: of whoever keeps the record, of whoever takes jobs in, of whoever executes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oracle.chain.events import EscrowEvent
from oracle.chain.following.follower import EventLog, Read
from oracle.chain.transactions.intents import IntentStore
from router.errors import RouterError
from router.protocol.lifecycle import Event, JobRecord, Simulated, State
from router.protocol.providing import RunStatus
from router.protocol.requests import Request, RequestKind


class StoreError(RouterError):
    """Base of the errors of a record's keeper: a reason and what to do next."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} — {remedy}")
        self.reason = reason
        self.remedy = remedy


class EventConflict(StoreError):
    """Another process appended to the job first; nothing was written."""

    def __init__(self, job: str, sequence: int) -> None:
        super().__init__(f"{job} has another event {sequence} already", "read the job again and decide anew")
        self.job = job
        self.sequence = sequence


class EventStore(Protocol):
    """Where a job's events are."""

    def job(self, job: str) -> JobRecord:
        """The record that the events of `job` fold to."""
        ...

    def events(self, job: str) -> Sequence[Event]:
        """Every event of `job`, in order."""
        ...

    def append_many(self, events: Sequence[Event]) -> JobRecord:
        """Add all of `events` or none; EventConflict where the place of one is taken."""
        ...


class KeptChain(EventLog, Protocol):
    """What was read of the chain."""

    def events(self, job_id: str) -> Sequence[EscrowEvent]:
        """What was read of the job with this escrow id, in chain order."""
        ...

    def kept(self, escrow_id: str) -> tuple[tuple[EscrowEvent, ...], Read | None]:
        """What was read of one job, in chain order, and the cursor of that reading."""
        ...

    def prior_deliveries(self, worker: str, result_hash: str, before: tuple[int, int]) -> Sequence[EscrowEvent]:
        """Deliveries of the same result by the same worker before (block, log index)."""
        ...


class RecordStore(EventStore, IntentStore, Protocol):
    """The record as requester, payer and worker have it: to read, to append to, and to ask the router through."""

    def set_next_look(self, job: str, at: datetime | None) -> None:
        """Have the router look at `job` at `at`."""
        ...

    def put_request(self, job: str, kind: RequestKind, body: str) -> Request:
        """Ask the router for something about `job`; `body` is JSON text."""
        ...

    def chain_log(self, finality: int) -> KeptChain:
        """What was read of the chain, for forks up to `finality` blocks deep."""
        ...


Intake = Callable[[Event, Simulated], JobRecord]
"""How the operator takes a job in: the requester's signed `created`, and what the simulation found. Both are appended,
the second in the operator's name, or neither."""

WITH_PROVIDER = (State.SUBMITTED, State.QUEUED, State.RUNNING)
"""A job in these is at its provider."""

AGAIN = "the budget returns after submitBy; simulate again, then promote anew"
"""What to do about a run of which nothing will come."""


@dataclass(frozen=True)
class NoResult:
    """Nothing will come of the job's run; `reason` says why, for the record."""

    reason: str


class WorkerPort(Protocol):
    """Whoever executes jobs and signs as worker.

    Each may be asked again at any time, after a crash too: what was done is found, and not done twice. All raise
    ProviderError where the provider cannot be asked just now.
    """

    def submit(self, job: str, provider: str, target: str) -> NoResult | None:
        """Submit an approved job, once. NoResult where the provider refuses it for good."""
        ...

    def status(self, job: str) -> RunStatus:
        """How the run of a submitted job stands."""
        ...

    def deliver(self, job: str) -> NoResult | None:
        """Store the run's result, deliver its hash on-chain and tell of it, once. Raises ChainError."""
        ...

    def delivered_before(self, job: str) -> bool:
        """Whether a delivery of the job was signed once: it needs its provider no more."""
        ...

    def mend(self, record: JobRecord) -> tuple[str, ...]:
        """Put back what the job's delivery needs and was lost; the digests of what was. Raises ArtifactError."""
        ...

    def call_off(self, record: JobRecord) -> None:
        """Have the provider stop the run of a job that ended without a delivery, once."""
        ...

    def refuses_cancellation(self, record: JobRecord) -> str | None:
        """Why the worker does not co-sign a cancellation now; None: it does."""
        ...

    def sign_cancellation(self, record: JobRecord, expiry: int) -> str:
        """The worker's signature over calling the job off, good until `expiry` (Unix seconds)."""
        ...

"""The words of a job's life: its state, its escrow's state, who acts and what happens."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where a job is. Thirteen states are the router's and the worker's account; `TRANSITIONS` says who moves it."""

    CREATED = "created"
    """The spec was read, found well-formed, stored and signed by its requester. Nothing has run."""
    SIMULATED = "simulated"
    """The simulation ran and froze the spec: baseline, circuit hash and exact distance are committed."""
    APPROVED = "approved"
    """Every gate allowed the promoted job: its budget is locked and the route is decided. Nothing is submitted."""
    SUBMITTED = "submitted"
    """The worker handed the job to a provider; the provider's own id is recorded as a reference."""
    QUEUED = "queued"
    """The provider has the job and has not started it."""
    RUNNING = "running"
    """The provider executes the job."""
    COMPLETED = "completed"
    """The worker delivered: result hash on-chain, artifact stored. From here only the chain decides."""
    VALIDATED = "validated"
    """A quorum's verdict (accept or inconclusive) is on-chain; its challenge window may still be open."""
    SETTLED = "settled"
    """Money moved by a verdict or a ruling. Terminal."""
    REJECTED = "rejected"
    """Refused: before delivery by the operator, after it by a verdict that became final on-chain. Terminal."""
    EXPIRED = "expired"
    """A deadline passed: no funding, no delivery, or no verdict in time. Terminal."""
    FAILED = "failed"
    """It could not be carried out, and the record says why. Terminal."""
    CANCELLED = "cancelled"
    """Withdrawn by the requester before money was locked, or by both parties on-chain after. Terminal."""
    DISPUTED = "disputed"
    """A party bonded a dispute of the proposal; the arbiter, or the end of the ruling window, settles it."""


TERMINAL_STATES = frozenset({State.SETTLED, State.REJECTED, State.EXPIRED, State.FAILED, State.CANCELLED})
"""States that only an escrow event may still follow: the state itself changes no more, unless a reorg undoes it."""

LIVE_STATES = frozenset(State) - TERMINAL_STATES


class EscrowState(Enum):
    """Where the money is, as told by the chain and by nothing else."""

    NONE = "none"
    """Nothing is locked, as far as confirmed blocks tell."""
    LOCKED = "locked"
    """The budget is in the escrow contract; no verdict is proposed."""
    PROPOSED = "proposed"
    """A verdict, or silence, is proposed and its challenge window runs."""
    DISPUTED = "disputed"
    """The proposal is frozen by a bonded dispute."""
    RELEASED = "released"
    """Paid out by an accepting verdict."""
    REFUNDED = "refunded"
    """Back to the payer: a rejecting verdict, a refund after the deadline, or a cancellation."""
    SPLIT = "split"
    """Divided by silence, an inconclusive verdict or a ruling, whatever the amounts."""


FINAL_ESCROW = frozenset({EscrowState.RELEASED, EscrowState.REFUNDED, EscrowState.SPLIT})
"""The money has left the contract (or become a credit there); no escrow event follows, unless a reorg undoes it."""


class Role(Enum):
    """Who signs an event. The payer signs transactions and the validators verdicts; neither signs events."""

    REQUESTER = "requester"
    """Signed the job spec."""
    OPERATOR = "operator"
    """Runs the router; also the witness of what the chain caused, naming block, transaction and log."""
    WORKER = "worker"
    """Executes with a key of its own, and is paid."""


class EventKind(Enum):
    """What an event says happened. All but three are named for the state they lead to."""

    CREATED = "created"
    """The requester signed a spec."""
    SIMULATED = "simulated"
    """The operator ran the simulation."""
    PROMOTED = "promoted"
    """The requester signed a child spec with a target, a budget and terms; the state stays `simulated`."""
    APPROVED = "approved"
    """Every gate allowed."""
    SUBMITTED = "submitted"
    """The worker submitted to a provider."""
    QUEUED = "queued"
    """The provider queued it."""
    RUNNING = "running"
    """The provider started it."""
    COMPLETED = "completed"
    """The worker delivered."""
    VALIDATED = "validated"
    """The chain took a verdict."""
    SETTLED = "settled"
    """The chain paid."""
    REJECTED = "rejected"
    """Refused by the operator, or by a final verdict."""
    EXPIRED = "expired"
    """A deadline passed."""
    FAILED = "failed"
    """It could not be carried out."""
    CANCELLED = "cancelled"
    """Withdrawn."""
    DISPUTED = "disputed"
    """The chain took a dispute."""
    ESCROW = "escrow"
    """The chain moved the escrow; the job's state stays."""
    REORGED = "reorged"
    """The chain replaced blocks: what came of them is undone."""

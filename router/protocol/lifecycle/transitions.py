"""The one table of a job's life: from which state, by what, to where, by whom, under what conditions.

Everything that is not in `TRANSITIONS` is refused. The diagram in docs/lifecycle.md is generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from router.errors import RouterError
from router.protocol.lifecycle.payloads import PAYLOADS, Payload
from router.protocol.lifecycle.states import EscrowState, EventKind, Role, State


class Need(Enum):
    """A condition on the record or on the payload, beside the state."""

    UNPROMOTED = "not promoted before"
    """One promotion per job: a second set of terms could be funded beside the first."""
    PROMOTED = "promoted"
    LOCKED = "escrow locked"
    """No approval without the money: the escrow column says `locked`."""
    UNFUNDED = "escrow none"
    """Once money is locked, withdrawing takes both parties' signatures on-chain."""
    CAUSE = "names its chain log"
    NO_CAUSE = "names no chain log"
    PAPERS = "brings the papers"
    NO_PAPERS = "brings no papers"
    PAPERS_MISSING = "delivered, without papers"
    """The chain showed the delivery before the worker told of it."""


@dataclass(frozen=True)
class Transition:
    """One row of the table."""

    to: State | None
    """None: what the state is without the events that are undone."""
    by: Mapping[Role, tuple[Need, ...]]
    """Who may make it, and what each must fulfil."""
    payload: type[Payload]
    """What it carries."""


class TransitionRefused(RouterError):
    """An event does not follow from the record; nothing was stored."""

    def __init__(self, job: str, state: State | None, kind: EventKind, reason: str, remedy: str) -> None:
        at = f"{job} is {state.value}" if state else f"{job} does not exist yet"
        super().__init__(f"{at}: {reason} — {remedy}")
        self.job = job
        self.state = state
        self.kind = kind
        self.reason = reason
        self.remedy = remedy


_BEFORE_DELIVERY = (
    State.CREATED,
    State.SIMULATED,
    State.APPROVED,
    State.SUBMITTED,
    State.QUEUED,
    State.RUNNING,
)
_WITH_PROVIDER = (State.SUBMITTED, State.QUEUED, State.RUNNING)

_DELIVERED = (State.COMPLETED, State.VALIDATED, State.DISPUTED)

_R, _O, _W = Role.REQUESTER, Role.OPERATOR, Role.WORKER


def _table() -> dict[tuple[State | None, EventKind], Transition]:
    table: dict[tuple[State | None, EventKind], Transition] = {}

    def row(start: State | None, kind: EventKind, to: State | None, by: Mapping[Role, tuple[Need, ...]]) -> None:
        if (start, kind) in table:
            raise AssertionError(f"two rows for {start} and {kind}")
        table[start, kind] = Transition(to, MappingProxyType(dict(by)), PAYLOADS[kind])

    row(None, EventKind.CREATED, State.CREATED, {_R: ()})
    row(State.CREATED, EventKind.SIMULATED, State.SIMULATED, {_O: ()})
    row(State.SIMULATED, EventKind.PROMOTED, State.SIMULATED, {_R: (Need.UNPROMOTED,)})
    row(State.SIMULATED, EventKind.APPROVED, State.APPROVED, {_O: (Need.PROMOTED, Need.LOCKED)})
    row(State.APPROVED, EventKind.SUBMITTED, State.SUBMITTED, {_W: ()})
    row(State.SUBMITTED, EventKind.QUEUED, State.QUEUED, {_O: ()})
    # A provider is polled, so a short queue or a short run may pass unseen.
    row(State.SUBMITTED, EventKind.RUNNING, State.RUNNING, {_O: ()})
    row(State.QUEUED, EventKind.RUNNING, State.RUNNING, {_O: ()})
    for state in (State.SIMULATED, State.APPROVED):
        row(state, EventKind.COMPLETED, State.COMPLETED, {_O: (Need.PROMOTED, Need.CAUSE, Need.NO_PAPERS)})
    for state in _WITH_PROVIDER:
        row(state, EventKind.COMPLETED, State.COMPLETED, {_W: (Need.PAPERS,), _O: (Need.CAUSE, Need.NO_PAPERS)})
    # The chain may show a delivery, and all that follows, before the worker tells of it: the papers are added later.
    for state in (*_DELIVERED, State.SETTLED, State.REJECTED, State.EXPIRED, State.CANCELLED):
        row(state, EventKind.COMPLETED, state, {_W: (Need.PAPERS, Need.PAPERS_MISSING)})

    # Delivered: from here the chain alone decides.
    row(State.COMPLETED, EventKind.VALIDATED, State.VALIDATED, {_O: (Need.CAUSE,)})
    row(State.VALIDATED, EventKind.SETTLED, State.SETTLED, {_O: (Need.CAUSE,)})
    row(State.COMPLETED, EventKind.DISPUTED, State.DISPUTED, {_O: (Need.CAUSE,)})
    row(State.VALIDATED, EventKind.DISPUTED, State.DISPUTED, {_O: (Need.CAUSE,)})
    row(State.DISPUTED, EventKind.SETTLED, State.SETTLED, {_O: (Need.CAUSE,)})
    # Validated: a top-up followed an inconclusive verdict. Disputed: the arbiter slept, and the proposal stands.
    for state in _DELIVERED:
        row(state, EventKind.REJECTED, State.REJECTED, {_O: (Need.CAUSE,)})
        row(state, EventKind.EXPIRED, State.EXPIRED, {_O: (Need.CAUSE,)})

    for state in _BEFORE_DELIVERY:
        row(state, EventKind.REJECTED, State.REJECTED, {_O: (Need.NO_CAUSE,)})
        row(state, EventKind.FAILED, State.FAILED, {_O: ()})
        row(state, EventKind.EXPIRED, State.EXPIRED, {_O: ()})
    row(State.CREATED, EventKind.CANCELLED, State.CANCELLED, {_R: (Need.NO_CAUSE,)})
    row(
        State.SIMULATED,
        EventKind.CANCELLED,
        State.CANCELLED,
        {_R: (Need.UNFUNDED, Need.NO_CAUSE), _O: (Need.PROMOTED, Need.CAUSE)},
    )
    for state in (State.APPROVED, *_WITH_PROVIDER, *_DELIVERED):
        row(state, EventKind.CANCELLED, State.CANCELLED, {_O: (Need.CAUSE,)})

    # Money may still move, or come to light, after the job itself has ended; and a reorg may undo what the chain did.
    for state in State:
        if state is not State.CREATED:
            row(state, EventKind.ESCROW, state, {_O: (Need.PROMOTED, Need.CAUSE)})
            row(state, EventKind.REORGED, None, {_O: (Need.PROMOTED,)})
    return table


TRANSITIONS: Mapping[tuple[State | None, EventKind], Transition] = MappingProxyType(_table())
"""(state or None for a job that does not exist, kind of event) -> Transition."""

ESCROW_MOVES: Mapping[EscrowState, frozenset[EscrowState]] = MappingProxyType(
    {
        EscrowState.NONE: frozenset({EscrowState.LOCKED}),
        EscrowState.LOCKED: frozenset(
            {EscrowState.PROPOSED, EscrowState.RELEASED, EscrowState.REFUNDED, EscrowState.SPLIT}
        ),
        # Back to locked: a worker tops up an inconclusive verdict with another round.
        EscrowState.PROPOSED: frozenset(EscrowState) - {EscrowState.NONE, EscrowState.PROPOSED},
        EscrowState.DISPUTED: frozenset({EscrowState.RELEASED, EscrowState.REFUNDED, EscrowState.SPLIT}),
        EscrowState.RELEASED: frozenset(),
        EscrowState.REFUNDED: frozenset(),
        EscrowState.SPLIT: frozenset(),
    }
)
"""Where the escrow column may go next; the contract's status only moves forward, top-ups apart."""


def kinds_from(state: State | None) -> tuple[EventKind, ...]:
    """The kinds of event that may follow in `state`, in the order of EventKind."""
    return tuple(kind for kind in EventKind if (state, kind) in TRANSITIONS)

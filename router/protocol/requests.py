"""What the command line asks of the router, which alone runs workflows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RequestKind(Enum):
    """What is asked."""

    CANCEL = "cancel"
    """Withdraw it, as far as the cancellation policy lets."""


class RequestStatus(Enum):
    """How far a request is."""

    WAITING = "waiting"
    """Nobody has taken it."""
    TAKEN = "taken"
    """A daemon works on it, until `held_until` at the latest."""
    ANSWERED = "answered"
    """The answer is there to be read."""


@dataclass(frozen=True)
class Request:
    """One request of the command line."""

    id: int
    job: str
    kind: RequestKind
    body: str
    """JSON text."""
    status: RequestStatus
    answer: str | None
    """JSON text, once answered."""
    created_at: str
    held_until: str | None
    answered_at: str | None

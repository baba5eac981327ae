"""Intents: an effect outside, written down before it is made, so that a crash in between is found and not repeated.

Plan, then look whether the effect is already there, then make it, then finish. The request holds all that is needed
to look for it and to make it again: a provider's tag, or a raw signed transaction with its hash, sender and nonce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

FUNDING = "tx:fund"
"""The intent under which a budget is locked."""
ALLOWANCE = "tx:approve"
"""The intent under which the escrow is allowed to take a budget; a second one of a job is ``tx:approve-2``."""


class IntentStatus(Enum):
    """How far an intent is."""

    PLANNED = "planned"
    """Written down; the effect may or may not have been made. Look before making it."""
    DONE = "done"
    """The effect is there; the outcome says what it was."""
    ABANDONED = "abandoned"
    """It was made sure that the effect is not there and cannot come, or the next attempt took its place so that one of
    the two takes effect at most; it may be planned anew."""


@dataclass(frozen=True)
class Intent:
    """One effect outside, of one job."""

    id: int
    job: str
    name: str
    """Such as ``provider-submit`` or ``tx:fund``."""
    attempt: int
    """From 1; the next one only after this one was abandoned."""
    status: IntentStatus
    request: str
    """JSON text, as first planned."""
    outcome: str | None
    """JSON text, once done or abandoned."""
    planned_at: str
    finished_at: str | None


class IntentStore(Protocol):
    """Where a sender keeps its intents. Each method is one transaction."""

    def intents(self, job: str) -> Sequence[Intent]:
        """All attempts of all intents of `job`, in the order planned."""
        ...

    def newest_sent(self, limit: int) -> Sequence[Intent]:
        """Those of the newest `limit` intents of transactions, of any job, that are done, newest first."""
        ...

    def intent(self, job: str, name: str) -> Intent | None:
        """The latest attempt, or None."""
        ...

    def plan_intent(self, job: str, name: str, request: str) -> Intent:
        """A new intent, or the one that is planned or done already, with its own request and not `request`."""
        ...

    def finish_intent(self, job: str, name: str, outcome: str, status: IntentStatus = IntentStatus.DONE) -> Intent:
        """The planned intent, done or abandoned; finishing it the same way again changes nothing."""
        ...

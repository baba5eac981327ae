"""What a passed deadline lets anybody do, and that the router then does, so that no budget stays locked.

Deadlines are block time, and a deadline is the last second of what it limits (`>`, never `>=`).
"""

from __future__ import annotations

from enum import Enum

from oracle.chain.events import EscrowStatus, Status
from oracle.terms import JobTerms


class Verb(Enum):
    """An unprivileged call that moves a waiting job."""

    REFUND = "refund"
    """Nothing was submitted in time."""
    SILENCE = "silence"
    """A submission got no verdict in time."""
    FINALIZE = "finalize"
    """A proposal's window has passed."""


def due(status: EscrowStatus, terms: JobTerms, now: int) -> Verb | None:
    """The call that is possible at block time `now` (unix seconds), or None."""
    match status.status:
        case Status.FUNDED if now > terms.submit_by:
            return Verb.REFUND
        case Status.SUBMITTED if now > terms.verdict_by:
            return Verb.SILENCE
        case Status.PROPOSED if now > status.clock:
            return Verb.FINALIZE
        case _:
            return None


def next_deadline(status: EscrowStatus, terms: JobTerms) -> int | None:
    """The block time, in unix seconds, up to which nothing can become due; None once terminal or never funded."""
    match status.status:
        case Status.FUNDED:
            return terms.submit_by
        case Status.SUBMITTED:
            return terms.verdict_by
        case Status.PROPOSED:
            return status.clock
        case _:
            return None

"""What a passed deadline lets anybody do, and that the router then does, so that no budget stays locked.

Deadlines are block time, and a deadline is the last second of what it limits (`>`, never `>=`).
"""

from __future__ import annotations

from enum import Enum

from oracle.chain.events import EscrowStatus, Status
from oracle.terms import ZERO_ADDRESS, JobTerms


class Verb(Enum):
    """An unprivileged call that moves a waiting job."""

    REFUND = "refund"
    """Nothing was submitted, or nobody claimed, in time."""
    SILENCE = "silence"
    """A submission got no verdict in time."""
    FINALIZE = "finalize"
    """A proposal's window, or an arbiter's, has passed."""


_VERBS = {
    Status.FUNDED: Verb.REFUND,
    Status.CLAIMED: Verb.REFUND,
    Status.SUBMITTED: Verb.SILENCE,
    Status.PROPOSED: Verb.FINALIZE,
    Status.DISPUTED: Verb.FINALIZE,
}


def due(status: EscrowStatus, terms: JobTerms, now: int) -> Verb | None:
    """The call that is possible at block time `now` (unix seconds), or None."""
    deadline = next_deadline(status, terms)
    return None if deadline is None or now <= deadline else _VERBS[status.status]


def next_deadline(status: EscrowStatus, terms: JobTerms) -> int | None:
    """The block time, in unix seconds, up to which nothing can become due; None once terminal or never funded."""
    match status.status:
        case Status.FUNDED:
            return terms.claim_by if terms.worker == ZERO_ADDRESS else terms.submit_by
        case Status.CLAIMED:
            return max(status.clock, terms.claim_by)
        case Status.SUBMITTED:
            return terms.verdict_by
        case Status.PROPOSED | Status.DISPUTED:
            return status.clock
        case _:
            return None

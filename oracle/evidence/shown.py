"""What of the chain a bundle shows: where, under which terms, and what the escrow said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from oracle.chain.deployment import Deployment
from oracle.chain.dossier import A, Dossier
from oracle.chain.events import EscrowEvent
from oracle.evidence.bundle import transaction_path
from oracle.evidence.transactions import MinedTransaction
from oracle.terms import JobTerms


@dataclass(frozen=True)
class Shown:
    """Terms are here only where the JobId follows from them; transactions only where none of them fails."""

    job_id: str | None
    deployment: Deployment | None
    terms: JobTerms | None
    transactions: Sequence[MinedTransaction]
    """In chain order."""

    @cached_property
    def dossier(self) -> Dossier:
        """What the escrow said of the job; empty without a deployment."""
        if self.deployment is None or self.job_id is None:
            return Dossier("", ())
        escrow = self.deployment.escrow
        return Dossier.of(self.job_id, (event for each in self.transactions for event in each.events(escrow)))

    def all(self, kind: type[A]) -> tuple[tuple[A, EscrowEvent], ...]:
        """What each event of `kind` says of the job, and the event, in chain order."""
        return tuple((event.args, event) for event in self.dossier.events if isinstance(event.args, kind))


def path_of(event: EscrowEvent) -> str:
    """The member in which an escrow's event is."""
    return transaction_path(event.tx_hash)

"""A job as the chain alone tells it: what the escrow said about it, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from oracle.chain.client import EscrowClient
from oracle.chain.events import Args, Disputed, EscrowEvent, Funded, Proposed, Submitted
from oracle.terms import JobTerms, terms_from_hex

A = TypeVar("A", bound=Args)


@dataclass(frozen=True)
class Dossier:
    """What anybody can know of one job."""

    job_id: str
    events: tuple[EscrowEvent, ...]
    """In chain order."""

    @classmethod
    def of(cls, job_id: str, events: Iterable[EscrowEvent]) -> Dossier:
        """The dossier that `events`, in any order and of any job, make of `job_id`."""
        own = (event for event in events if event.job_id == job_id)
        return cls(job_id, tuple(sorted(own, key=lambda event: event.place)))

    @property
    def terms(self) -> JobTerms:
        """As the payer locked them; raises LookupError while nobody did."""
        funded = self.last(Funded)
        if funded is None:
            raise LookupError(f"no job {self.job_id} was ever funded in this escrow")
        return terms_from_hex(funded[0].terms)

    @property
    def submitted(self) -> Submitted | None:
        """The newest delivery."""
        return self._args(Submitted)

    @property
    def proposed(self) -> Proposed | None:
        """The newest proposal: the one that stands, where one does."""
        return self._args(Proposed)

    @property
    def disputed(self) -> Disputed | None:
        """The newest dispute."""
        return self._args(Disputed)

    def _args(self, kind: type[A]) -> A | None:
        found = self.last(kind)
        return None if found is None else found[0]

    def last(self, kind: type[A]) -> tuple[A, EscrowEvent] | None:
        """What the newest event of `kind` says, and the event."""
        found = [(event.args, event) for event in self.events if isinstance(event.args, kind)]
        return found[-1] if found else None


def read(client: EscrowClient, job_id: str) -> Dossier:
    """The dossier of one job, from the escrow's first block to the head.

    For a command that a person runs once and that keeps nothing. Whatever runs on has a Follower. Raises ChainDown,
    NodeError.
    """
    return Dossier.of(job_id, client.events(client.deployment.block, client.head().number, job_id=job_id))

"""A job as the chain alone tells it: its terms, where it stands, what was proposed and who disputes it."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain.client import EscrowClient
from oracle.chain.events import Disputed, EscrowStatus, Funded, Proposed, Submitted
from oracle.terms import JobTerms, unpack_terms


@dataclass(frozen=True)
class Dossier:
    """What anybody can know of one job."""

    job_id: str
    terms: JobTerms
    slot: EscrowStatus
    submitted: Submitted | None
    """The newest delivery."""
    proposed: Proposed | None
    """The newest proposal: the one that stands, where one does."""
    disputed: Disputed | None


def read(client: EscrowClient, job_id: str) -> Dossier:
    """The dossier of a job. Raises LookupError for one that was never funded, ChainDown, NodeError."""
    events = [event.args for event in client.events(client.deployment.block, client.head().number, job_id=job_id)]
    terms: JobTerms | None = None
    submitted: Submitted | None = None
    proposed: Proposed | None = None
    disputed: Disputed | None = None
    for args in events:
        match args:
            case Funded():
                terms = unpack_terms(bytes.fromhex(args.terms[2:]))
            case Submitted():
                submitted = args
            case Proposed():
                proposed = args
            case Disputed():
                disputed = args
    if terms is None:
        raise LookupError(f"no job {job_id} was ever funded in {client.deployment.escrow}")
    return Dossier(job_id, terms, client.status(job_id), submitted, proposed, disputed)

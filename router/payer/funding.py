"""Locking the budget of a promoted job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from filelock import FileLock

from oracle.chain.events import Funded, Status
from oracle.chain.transactions import effects
from oracle.chain.transactions.intents import FUNDING
from oracle.encoding import Finding, InputRejected
from oracle.terms import JobTerms
from router.control.operating.explaining import advice
from router.control.workspace import Workspace
from router.payer import purse
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of


@dataclass(frozen=True)
class Funding:
    """A locked budget."""

    tx_hash: str
    block: int
    gas_used: int
    amount: int
    """Base units of the token."""
    already: bool
    """Whether it was locked before this call."""


def check_purse(workspace: Workspace, terms: JobTerms, then: str) -> None:
    """Raise PayerShort unless the payer can lock the budget; `then` is what to run once it can. Raises ChainError."""
    purse.check(workspace, "requester", terms.token, terms.budget, "the terms lock", then)


def fund(workspace: Workspace, job: str) -> Funding:
    """Lock the budget of a promoted job with the payer's key of this home, once.

    One funding at a time per home: two commands side by side would number their transactions alike, and each would
    allow the escrow what the other's allowance overwrites. The rest wait their turn.
    Raises InputRejected for a job without terms, PayerShort, ChainError.
    """
    workspace.client().check_network()
    record = workspace.store.job(job)
    if record.escrow_id is None:
        remedy = f"`{advice.promotion(workspace, job)}`"
        raise InputRejected(job, [Finding("", None, "was not promoted, so it has no terms", remedy)])
    # No timeout: who holds it is bounded by its own waits for the chain, and the kernel frees it when a holder dies.
    with FileLock(workspace.home.payer_lock):
        return _fund(workspace, record, record.escrow_id)


def _fund(workspace: Workspace, record: JobRecord, escrow_id: str) -> Funding:
    client, job = workspace.client(), record.job
    terms = terms_of(record)
    payer = workspace.account("requester")
    already = client.status(escrow_id).status is not Status.NONE
    if not already:
        if record.terminal:
            reason, remedy = f"is {record.state.value}", "simulate again for a fresh job"
            raise InputRejected(job, [Finding("", None, reason, remedy)])
        check_purse(workspace, terms, f"compute fund {job}")
        purse.allow(workspace, job, "requester", terms.token, terms.budget)

    def effect() -> str | None:
        funded = workspace.reader(client).last(record.escrow_id, Funded)
        return funded and funded[1]

    receipt = effects.ensure(workspace.store, client, job, FUNDING, payer, lambda: client.fund(terms), effect)
    workspace.store.set_next_look(job, datetime.now(UTC))
    return Funding(receipt.hash, receipt.block, receipt.gas_used, terms.budget, already)

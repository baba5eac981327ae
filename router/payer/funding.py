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
from router.payer import purse
from router.payer.desk import PayerDesk
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


def check_purse(desk: PayerDesk, terms: JobTerms, then: str) -> None:
    """Raise PayerShort unless the payer can lock the budget; `then` is what to run once it can. Raises ChainError."""
    purse.check(desk, terms.token, terms.budget, "the terms lock", then)


def fund(desk: PayerDesk, job: str) -> Funding:
    """Lock the budget of a promoted job with the payer's key of this home, once.

    One funding at a time per key: two commands side by side would number their transactions alike, and each would
    allow the escrow what the other's allowance overwrites. The rest wait their turn.
    Raises InputRejected for a job without terms, PayerShort, ChainError.
    """
    opened = desk.opened
    opened.client().check_network()
    record = opened.store.job(job)
    if record.escrow_id is None:
        remedy = f"promote it first: `compute quantum inspect {job}` says how"
        raise InputRejected(job, [Finding("", None, "was not promoted, so it has no terms", remedy)])
    # No timeout: who holds it is bounded by its own waits for the chain, and the kernel frees it when a holder dies.
    with FileLock(desk.folder.lock):
        return _fund(desk, record, record.escrow_id)


def _fund(desk: PayerDesk, record: JobRecord, escrow_id: str) -> Funding:
    opened = desk.opened
    client, job = opened.client(), record.job
    terms = terms_of(record)
    already = client.status(escrow_id).status is not Status.NONE
    if not already:
        if record.terminal:
            reason, remedy = f"is {record.state.value}", "simulate again for a fresh job"
            raise InputRejected(job, [Finding("", None, reason, remedy)])
        check_purse(desk, terms, f"compute fund {job}")
        purse.allow(desk, job, terms.token, terms.budget)

    def effect() -> str | None:
        funded = opened.reader(client).last(record.escrow_id, Funded)
        return funded and funded[1]

    receipt = effects.ensure(opened.store, client, job, FUNDING, desk.account, lambda: client.fund(terms), effect)
    opened.store.set_next_look(job, datetime.now(UTC))
    return Funding(receipt.hash, receipt.block, receipt.gas_used, terms.budget, already)

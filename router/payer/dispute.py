"""A dispute: a party that does not accept what was proposed posts a bond and calls on the arbiter of the terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from filelock import FileLock

from oracle.chain.client import EscrowClient
from oracle.chain.events import Disputed, EscrowStatus, Proposed, Status
from oracle.chain.transactions import effects
from oracle.encoding import Finding, InputRejected
from oracle.encoding.times import time_told
from oracle.terms import ZERO_ADDRESS, JobTerms, dispute_bond_of
from router.payer import purse
from router.protocol.desks.desk import RoleDesk
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of


@dataclass(frozen=True)
class Dispute:
    """A dispute that the chain has."""

    tx_hash: str
    block: int
    gas_used: int
    arbiter: str
    bond: int
    """Base units of the job's token: back if the dispute is won or never ruled on, else half to the other party and
    half burnt."""
    open_until: int
    """The last second for a ruling, Unix seconds; then the proposal stands."""
    already: bool
    """Whether the job was disputed before this call."""


def dispute(desk: RoleDesk, job: str) -> Dispute:
    """Dispute the proposal that stands in `job`, as payer or worker; once, however often it is called.

    Raises InputRejected where nothing can be disputed, and why; PayerShort, InsufficientFunds for the bond; StackDown,
    ChainError.
    """
    opened = desk.opened
    client = opened.client()
    client.check_network()
    record = opened.store.job(job)
    if record.escrow_id is None:
        raise _refused(job, "was never promoted, so nothing was proposed", f"`compute quantum inspect {job}`")
    # As for a funding: two transactions of one key, numbered alike, would be one.
    with FileLock(desk.folder.lock):
        return _dispute(desk, client, record, client.status(record.escrow_id))


def _dispute(desk: RoleDesk, client: EscrowClient, record: JobRecord, slot: EscrowStatus) -> Dispute:
    opened = desk.opened
    terms, job = terms_of(record), record.job
    already = slot.status is Status.DISPUTED
    proposed = opened.reader(client).last(record.escrow_id, Proposed)
    if not already:
        _check(job, terms, slot, client.head().timestamp)
        purse.check(desk, terms.token, dispute_bond_of(terms), "the bond is", f"compute dispute {job}")
        purse.allow(desk, job, terms.token, dispute_bond_of(terms))
    if proposed is None:
        raise AssertionError("the contract's status says that something was proposed")

    def effect() -> str | None:
        disputed = opened.reader(client).last(record.escrow_id, Disputed)
        return disputed and disputed[1]

    receipt = effects.ensure(
        opened.store, client, job, "tx:dispute", desk.account,
        lambda: client.dispute(terms, proposed[0]), effect,
    )  # fmt: skip
    opened.store.set_next_look(job, datetime.now(UTC))
    found = opened.reader(client).last(record.escrow_id, Disputed)
    if found is None:
        raise AssertionError("the transaction that disputed has its event")
    return Dispute(
        receipt.hash, receipt.block, receipt.gas_used, terms.arbiter, found[0].bond, found[0].open_until, already
    )


def _check(job: str, terms: JobTerms, slot: EscrowStatus, now: int) -> None:
    """Raise InputRejected unless the slot holds a proposal that can be disputed at block time `now`."""
    look = f"`compute quantum inspect {job}` shows where it stands"
    if slot.status is not Status.PROPOSED:
        stands = "nothing is proposed yet" if slot.status < Status.PROPOSED else "it is over"
        raise _refused(job, f"is {slot.status.name.lower()} on-chain: {stands}", look)
    if terms.arbiter == ZERO_ADDRESS:
        remedy = "name settlement.arbiter and settlement.challenge_window_s in the next spec"
        raise _refused(job, "has no arbiter in its terms: what was proposed stands", remedy)
    if now > slot.clock:
        raise _refused(job, f"could be disputed until {time_told(slot.clock)}", f"{look}; the proposal stands")


def _refused(job: str, reason: str, remedy: str) -> InputRejected:
    return InputRejected(job, [Finding("", None, reason, remedy)])

"""Calling a job off, as its requester, while nothing is locked for it."""

from __future__ import annotations

from oracle.chain.events import Status
from oracle.encoding import Finding, InputRejected
from router.protocol.lifecycle import Cancelled, EscrowState, State
from router.requester.desk import RequesterDesk


def call_off(desk: RequesterDesk, job: str) -> bool:
    """Call `job` off, unless its budget is locked: then False, and it takes the signatures of payer and worker.

    Raises InputRejected for a job that is over or delivered.
    """
    opened = desk.opened
    record = opened.store.job(job)
    if record.terminal or record.state in (State.COMPLETED, State.VALIDATED, State.DISPUTED):
        reason = f"is {record.state.value}; there is nothing left to call off"
        raise InputRejected(job, [Finding("", None, reason, f"`compute quantum inspect {job}` shows its end")])
    funded = record.escrow is not EscrowState.NONE
    if record.escrow_id is not None and not funded:
        funded = opened.client().status(record.escrow_id).status is not Status.NONE
    if not funded:
        desk.write(job, lambda _record: [Cancelled("called off by the requester")])
    return not funded

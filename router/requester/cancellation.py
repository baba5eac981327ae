"""Calling a job off, as its requester."""

from __future__ import annotations

import json

from oracle.chain.events import Status
from oracle.encoding import Finding, InputRejected
from router.control.workspace import Workspace
from router.protocol.cancellation import CANCEL_VALID_S, sign_cancellation
from router.protocol.lifecycle import Cancelled, EscrowState, Role, State
from router.protocol.requests import Request, RequestKind


def request_cancel(workspace: Workspace, job: str) -> None:
    """As the requester, call `job` off: at once while nothing is locked, else by asking for the worker's signature.

    Raises InputRejected for a job that is over or delivered.
    """
    record = workspace.store.job(job)
    if record.terminal or record.state in (State.COMPLETED, State.VALIDATED, State.DISPUTED):
        reason = f"is {record.state.value}; there is nothing left to call off"
        raise InputRejected(job, [Finding("", None, reason, f"`compute quantum inspect {job}` shows its end")])
    funded = record.escrow is not EscrowState.NONE
    if record.escrow_id is not None and not funded:
        funded = workspace.client().status(record.escrow_id).status is not Status.NONE
    if not funded:
        workspace.write(job, lambda _record: [(Role.REQUESTER, Cancelled("called off by the requester"))])
        return
    request_cancellation(workspace, job)


def request_cancellation(workspace: Workspace, job: str) -> Request:
    """Ask the router, whose worker must agree, to call a funded job off; the payer's signature goes along."""
    client = workspace.client()
    client.check_network()
    record = workspace.store.job(job)
    expiry = client.head().timestamp + CANCEL_VALID_S
    signature = sign_cancellation(client, record, workspace.account("requester"), expiry)
    return workspace.store.put_request(job, RequestKind.CANCEL, json.dumps({"expiry": expiry, "signature": signature}))

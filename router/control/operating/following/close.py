"""The calls that anybody may make once a deadline has passed, and the cancellation that both parties sign."""

from __future__ import annotations

import json

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.events import Cancelled, Proposed, Refunded, Settled, Submitted
from oracle.chain.following.reader import A
from oracle.chain.transactions import effects
from oracle.chain.transactions.sender import TransactionReceipt
from oracle.terms import Outcome
from router.control.operating.following.deadlines import Verb
from router.control.workspace import Workspace
from router.protocol.cancellation import sign_cancellation
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of


def close(workspace: Workspace, client: EscrowClient, record: JobRecord, verb: Verb) -> TransactionReceipt:
    """Make the call of a passed deadline, with the operator's key; raises CallReverted if the chain disagrees."""
    terms = terms_of(record)

    def effect() -> str | None:
        match verb:
            case Verb.REFUND:
                refunded = workspace.reader(client).last(record.escrow_id, Refunded)
                return refunded and refunded[1]
            case Verb.SILENCE:
                proposed = workspace.reader(client).last(record.escrow_id, Proposed)
                return proposed[1] if proposed and proposed[0].outcome == Outcome.SILENCE else None
            case Verb.FINALIZE:
                settled = workspace.reader(client).last(record.escrow_id, Settled)
                return settled and settled[1]

    def call() -> Call:
        match verb:
            case Verb.REFUND:
                return client.refund(terms)
            case Verb.SILENCE:
                submitted, _ = _present(workspace.reader(client).last(record.escrow_id, Submitted))
                return client.settle_silence(terms, submitted.result_hash, submitted.worker)
            case Verb.FINALIZE:
                proposed, _ = _present(workspace.reader(client).last(record.escrow_id, Proposed))
                return client.finalize(terms, proposed)

    account = workspace.account("operator")
    return effects.ensure(workspace.store, client, record.job, f"tx:{verb.value}", account, call, effect)


def _present(found: tuple[A, str] | None) -> tuple[A, str]:
    if found is None:
        raise AssertionError("the contract's status says that this event was emitted")
    return found


def cancel(workspace: Workspace, client: EscrowClient, record: JobRecord, body: str) -> TransactionReceipt:
    """Call the job off with the payer's signature from `body` and the worker's own.

    `body` is the JSON of the payer's request: ``{"expiry": unix seconds, "signature": "0x…"}``.
    """
    request = json.loads(body)
    expiry, payer_signature = int(request["expiry"]), str(request["signature"])

    def effect() -> str | None:
        cancelled = workspace.reader(client).last(record.escrow_id, Cancelled)
        return cancelled and cancelled[1]

    def call() -> Call:
        worker_signature = sign_cancellation(client, record, workspace.account("worker"), expiry)
        return client.cancel(terms_of(record), expiry, payer_signature, worker_signature)

    account = workspace.account("operator")
    return effects.ensure(workspace.store, client, record.job, "tx:cancel", account, call, effect)

"""The calls that anybody may make once a deadline has passed, and the cancellation that both parties sign."""

from __future__ import annotations

import json

from eth_typing import Hash32

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.events import Cancelled, Proposed, Refunded, Settled, Submitted
from oracle.chain.sender import Receipt
from oracle.terms import Cancel, JobTerms, Outcome, cancel_digest, unpack_terms
from router.control.operating import transactions
from router.control.operating.deadlines import Verb
from router.control.operating.dossiers import A, last
from router.control.store import Request, RequestKind
from router.control.workspace import Workspace
from router.protocol.lifecycle import JobRecord

CANCEL_VALID_S = 3_600
"""How long a signed cancellation stays good, in seconds of block time."""


def terms_of(record: JobRecord) -> JobTerms:
    """The terms that the requester signed with the promotion; raises ValueError for a job without them."""
    if record.terms is None:
        raise ValueError(f"{record.job} was never promoted: it has no terms")
    return unpack_terms(bytes.fromhex(record.terms.removeprefix("0x")))


def close(workspace: Workspace, client: EscrowClient, record: JobRecord, verb: Verb) -> Receipt:
    """Make the call of a passed deadline, with the operator's key; raises CallReverted if the chain disagrees."""
    terms = terms_of(record)

    def effect() -> str | None:
        match verb:
            case Verb.REFUND:
                refunded = last(workspace, client, record, Refunded)
                return refunded and refunded[1]
            case Verb.SILENCE:
                proposed = last(workspace, client, record, Proposed)
                return proposed[1] if proposed and proposed[0].outcome == Outcome.SILENCE else None
            case Verb.FINALIZE:
                settled = last(workspace, client, record, Settled)
                return settled and settled[1]

    def call() -> Call:
        match verb:
            case Verb.REFUND:
                return client.refund(terms)
            case Verb.SILENCE:
                submitted, _ = _present(last(workspace, client, record, Submitted))
                return client.settle_silence(terms, submitted.result_hash, submitted.worker)
            case Verb.FINALIZE:
                proposed, _ = _present(last(workspace, client, record, Proposed))
                return client.finalize(terms, proposed)

    account = workspace.account("operator")
    return transactions.ensure(workspace.store, client, record.job, f"tx:{verb.value}", account, call, effect)


def _present(found: tuple[A, str] | None) -> tuple[A, str]:
    if found is None:
        raise AssertionError("the contract's status says that this event was emitted")
    return found


def sign_cancellation(workspace: Workspace, client: EscrowClient, record: JobRecord, role: str, expiry: int) -> str:
    """`role`'s signature over calling the job off as it stands now, to its slot's last bit; 0x + 130 hex digits."""
    if record.escrow_id is None:
        raise ValueError(f"{record.job} was never promoted: there is nothing to call off on-chain")
    slot = client.status(record.escrow_id)
    agreement = Cancel(record.escrow_id, int(slot.status), slot.round, slot.clock, slot.commit, expiry)
    digest = cancel_digest(agreement, client.deployment.chain_id, client.deployment.escrow)
    signed = workspace.account(role).unsafe_sign_hash(Hash32(bytes.fromhex(digest.removeprefix("0x"))))
    return "0x" + bytes(signed.signature).hex()


def request_cancellation(workspace: Workspace, job: str) -> Request:
    """Ask the router, whose worker must agree, to call a funded job off; the payer's signature goes along."""
    client = workspace.client()
    client.check_network()
    record = workspace.store.job(job)
    expiry = client.head().timestamp + CANCEL_VALID_S
    signature = sign_cancellation(workspace, client, record, "requester", expiry)
    return workspace.store.put_request(job, RequestKind.CANCEL, json.dumps({"expiry": expiry, "signature": signature}))


def cancel(workspace: Workspace, client: EscrowClient, record: JobRecord, body: str) -> Receipt:
    """Call the job off with the payer's signature from `body` and the worker's own.

    `body` is the JSON of the payer's request: ``{"expiry": unix seconds, "signature": "0x…"}``.
    """
    request = json.loads(body)
    expiry, payer_signature = int(request["expiry"]), str(request["signature"])

    def effect() -> str | None:
        cancelled = last(workspace, client, record, Cancelled)
        return cancelled and cancelled[1]

    def call() -> Call:
        worker_signature = sign_cancellation(workspace, client, record, "worker", expiry)
        return client.cancel(terms_of(record), expiry, payer_signature, worker_signature)

    account = workspace.account("operator")
    return transactions.ensure(workspace.store, client, record.job, "tx:cancel", account, call, effect)

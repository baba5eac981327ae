"""The calls that anybody may make once a deadline has passed, and the cancellation that both parties sign."""

from __future__ import annotations

import json
from collections.abc import Callable

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.events import Cancelled, Proposed, Refunded, Settled, Submitted
from oracle.chain.following.reader import A
from oracle.chain.transactions import effects
from oracle.chain.transactions.sender import TransactionReceipt
from oracle.terms import Outcome
from router.control.desk import OperatorDesk
from router.control.operating.following.deadlines import Verb
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of

CoSign = Callable[[JobRecord, int], str]
"""The worker's signature over calling the job off, good until the given Unix second."""


def close(desk: OperatorDesk, client: EscrowClient, record: JobRecord, verb: Verb) -> TransactionReceipt:
    """Make the call of a passed deadline, with the operator's key; raises CallReverted if the chain disagrees."""
    opened, terms = desk.opened, terms_of(record)

    def effect() -> str | None:
        match verb:
            case Verb.REFUND:
                refunded = opened.reader(client).last(record.escrow_id, Refunded)
                return refunded and refunded[1]
            case Verb.SILENCE:
                proposed = opened.reader(client).last(record.escrow_id, Proposed)
                return proposed[1] if proposed and proposed[0].outcome == Outcome.SILENCE else None
            case Verb.FINALIZE:
                settled = opened.reader(client).last(record.escrow_id, Settled)
                return settled and settled[1]

    def call() -> Call:
        match verb:
            case Verb.REFUND:
                return client.refund(terms)
            case Verb.SILENCE:
                submitted, _ = _present(opened.reader(client).last(record.escrow_id, Submitted))
                return client.settle_silence(terms, submitted.result_hash, submitted.worker)
            case Verb.FINALIZE:
                proposed, _ = _present(opened.reader(client).last(record.escrow_id, Proposed))
                return client.finalize(terms, proposed)

    return effects.ensure(opened.store, client, record.job, f"tx:{verb.value}", desk.account, call, effect)


def _present(found: tuple[A, str] | None) -> tuple[A, str]:
    if found is None:
        raise AssertionError("the contract's status says that this event was emitted")
    return found


def cancel(
    desk: OperatorDesk, client: EscrowClient, record: JobRecord, body: str, co_sign: CoSign
) -> TransactionReceipt:
    """Call the job off with the payer's signature from `body` and the worker's, which `co_sign` asks for.

    `body` is the JSON of the payer's request: ``{"expiry": unix seconds, "signature": "0x…"}``.
    """
    opened, request = desk.opened, json.loads(body)
    expiry, payer_signature = int(request["expiry"]), str(request["signature"])

    def effect() -> str | None:
        cancelled = opened.reader(client).last(record.escrow_id, Cancelled)
        return cancelled and cancelled[1]

    def call() -> Call:
        return client.cancel(terms_of(record), expiry, payer_signature, co_sign(record, expiry))

    return effects.ensure(opened.store, client, record.job, "tx:cancel", desk.account, call, effect)

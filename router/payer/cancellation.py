"""Calling a funded job off: the payer's signature, and the request for the worker's."""

from __future__ import annotations

import json

from router.payer.desk import PayerDesk
from router.protocol.cancellation import CANCEL_VALID_S, sign_cancellation
from router.protocol.requests import Request, RequestKind


def request_cancellation(desk: PayerDesk, job: str) -> Request:
    """Ask the router, whose worker must agree, to call a funded job off; the payer's signature goes along."""
    client = desk.opened.client()
    client.check_network()
    record = desk.opened.store.job(job)
    expiry = client.head().timestamp + CANCEL_VALID_S
    signature = sign_cancellation(client, record, desk.account, expiry)
    body = json.dumps({"expiry": expiry, "signature": signature})
    return desk.opened.store.put_request(job, RequestKind.CANCEL, body)

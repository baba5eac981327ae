"""At most one effective transaction per intent.

A transaction is signed and written down before it is sent. Afterwards, in this process or in the next, the chain is
asked whether the effect is there already; if not, the very same signed bytes are sent again, which a chain takes once.
Only when another transaction has used up the nonce is a new one signed, and then the effect is looked for first.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from oracle.chain import sender
from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import NonceTaken
from oracle.chain.sender import Receipt, SignedTransaction
from router.store import IntentStatus, Store

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

WAIT_S = 60.0
_ATTEMPTS = 5

# One signer in this process at a time per account: two transactions prepared side by side would share a nonce.
_signing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class EffectUncertain(RuntimeError):
    """Several transactions of one intent lost their nonce to others; somebody else uses this key."""

    def __init__(self, job: str, name: str, address: str) -> None:
        super().__init__(
            f"{name} of {job}: other transactions of {address} keep taking its nonce; "
            "use a key of its own for each router, then run the command again"
        )


def ensure(
    store: Store,
    client: EscrowClient,
    job: str,
    name: str,
    account: LocalAccount,
    call: Callable[[], Call],
    effect: Callable[[], str | None],
    confirmations: int = 1,
) -> Receipt:
    """Make sure that the effect of `call` is on the chain, once, and return the receipt that brought it.

    `effect` looks for the effect itself and returns the hash of the transaction that made it, or None. `name` names
    the intent within the job, such as ``tx:fund``. Raises ChainError, and CallReverted before anything is sent.
    """
    for _ in range(_ATTEMPTS):
        if found := effect():
            receipt = sender.wait(client, found, WAIT_S, confirmations)
            _finish(store, job, name, receipt)
            return receipt
        with _signing[account.address]:
            signed = _signed(store, client, job, name, account, call)
            try:
                sender.broadcast(client, signed)
            except NonceTaken as error:
                store.finish_intent(job, name, json.dumps({"reason": str(error)}), IntentStatus.ABANDONED)
                continue
        receipt = sender.wait(client, signed.hash, WAIT_S, confirmations)
        if receipt.status == 1:
            _finish(store, job, name, receipt)
            return receipt
        # Mined without effect: something changed between simulation and block. Simulating again says what.
        store.finish_intent(job, name, json.dumps({"reason": f"{signed.hash} reverted"}), IntentStatus.ABANDONED)
    raise EffectUncertain(job, name, account.address)


def _signed(
    store: Store, client: EscrowClient, job: str, name: str, account: LocalAccount, call: Callable[[], Call]
) -> SignedTransaction:
    intent = store.intent(job, name)
    if intent is None or intent.status is IntentStatus.ABANDONED:
        signed = sender.prepare(client, call(), account)
        request = {"raw": signed.raw, "hash": signed.hash, "nonce": signed.nonce, "sender": account.address}
        intent = store.plan_intent(job, name, json.dumps(request))
    return SignedTransaction.of_raw(json.loads(intent.request)["raw"])


def _finish(store: Store, job: str, name: str, receipt: Receipt) -> None:
    intent = store.intent(job, name)
    if intent is not None and intent.status is IntentStatus.PLANNED:
        outcome = {"hash": receipt.hash, "block": receipt.block, "gas_used": receipt.gas_used}
        store.finish_intent(job, name, json.dumps(outcome))

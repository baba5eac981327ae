"""At most one effective transaction per intent.

A transaction is signed and written down before it is sent. Afterwards, in this process or in the next, the chain is
asked whether the effect is there already; if not, the very same signed bytes are sent again, which a chain takes once.
What a fee spike has priced out is replaced under the same nonce, so that one of the two takes effect at most. Only when
another transaction has used up the nonce is a new one numbered, and then the effect is looked for first.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import InsufficientFunds, NonceTaken, PricedOut, TransactionRefused
from oracle.chain.transactions import sender
from oracle.chain.transactions.intents import ALLOWANCE, Intent, IntentStatus, IntentStore
from oracle.chain.transactions.sender import SignedTransaction, TransactionReceipt
from oracle.encoding.errors import OracleError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

log = logging.getLogger("oracle.chain")

WAIT_S = 60.0
_ATTEMPTS = 5
NEWEST = 64
"""How many of the newest transactions are looked at for those that a reorg took."""

# One signer in this process at a time per account: two transactions prepared side by side would share a nonce.
_signing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class EffectUncertain(OracleError, RuntimeError):
    """Several transactions of one intent lost their nonce to others; somebody else uses this key."""

    def __init__(self, job: str, name: str, address: str) -> None:
        super().__init__(
            f"{name} of {job}: other transactions of {address} keep taking its nonce; "
            "use a key of its own for each router, then run the command again"
        )


def ensure(
    store: IntentStore,
    client: EscrowClient,
    job: str,
    name: str,
    account: LocalAccount,
    call: Callable[[], Call],
    effect: Callable[[], str | None],
    confirmations: int = 1,
) -> TransactionReceipt:
    """Make sure that the effect of `call` is on the chain, once, and return the receipt that brought it.

    `effect` looks for the effect itself and returns the hash of the transaction that made it, or None. `name` names
    the intent within the job, such as ``tx:fund``. Raises ChainError, and CallReverted before anything is sent.
    """
    for _ in range(_ATTEMPTS):
        written = _written(store, job, name)
        found = effect() or next((each.hash for each in written if _took_effect(client, each)), None)
        if found:
            receipt = sender.wait(client, found, WAIT_S, confirmations)
            _finish(store, job, name, receipt)
            return receipt
        try:
            receipt = _follow(store, client, job, name, account, call, confirmations)
        except NonceTaken as error:
            _abandon(store, job, name, {"reason": str(error)})
            continue
        if receipt.status == 1:
            _finish(store, job, name, receipt)
            return receipt
        # Mined without effect: something changed between simulation and block. Simulating again says what.
        _abandon(store, job, name, {"reason": f"{receipt.hash} reverted"})
    raise EffectUncertain(job, name, account.address)


def send_again(store: IntentStore, client: EscrowClient, job: str, known: Collection[str]) -> bool:
    """Send the stored bytes of the first transaction of `job` that took effect and that the chain no longer has.

    One at a time, in the order in which they were made: each needs the one before. `known` are hashes that the chain
    names; whether something was sent. The calls of a deadline are left out: they are made anew while they are due. What
    cannot be sent as it is, since its nonce was used otherwise or the fees rose, is for its maker to sign anew. Raises
    ChainDown, NodeBehind.
    """
    done = [intent for intent in store.intents(job) if intent.status is IntentStatus.DONE and _lasts(intent.name)]
    if all(_mined_as(intent) in known for intent in done if not _silent(intent.name)):
        return False
    for intent in done:
        if sender.find_receipt(client, _mined_as(intent)) is not None:
            continue
        written = _written(store, job, intent.name)
        signed = next((each for each in written if each.hash == _mined_as(intent)), _signed(intent))
        try:
            sender.broadcast(client, signed)
        except NonceTaken as error:
            _abandon(store, job, intent.name, {"reason": str(error)})
        except (TransactionRefused, InsufficientFunds) as error:
            log.warning("%s: the chain lost %s, and it cannot be sent again as it is: %s", job, intent.name, error)
        else:
            log.warning("%s: the chain lost %s; its bytes were sent again: %s", job, intent.name, signed.hash)
            return True
    return False


def bring_back(store: IntentStore, client: EscrowClient, address: str) -> None:
    """Send again what a reorg took of the newest transactions of `address`, and wait until it is mined.

    Until then a new one would take their nonces, and what the chain answers of the account, its allowances above all,
    is as if they had never been. Where the account's count is above a nonce, the chain has it. Raises ChainDown,
    NodeBehind, NotConfirmed.
    """
    mined = client.node.count(address)
    sent = (_signed(intent) for intent in store.newest_sent(NEWEST))
    lost = [signed for signed in sent if signed.sender == address and signed.nonce >= mined]
    again = []
    for signed in sorted(lost, key=lambda each: each.nonce):
        try:
            sender.broadcast(client, signed)
        except (NonceTaken, TransactionRefused, InsufficientFunds) as error:
            _cannot_come_back(signed, error)
        else:
            log.warning("the chain lost %s; its bytes were sent again before a new transaction", signed.hash)
            again.append(signed)
    for signed in again:
        try:
            sender.wait(client, signed, WAIT_S)
        except (NonceTaken, PricedOut) as error:
            _cannot_come_back(signed, error)


def _cannot_come_back(signed: SignedTransaction, error: Exception) -> None:
    log.warning("the chain lost %s, and it cannot be sent again as it is: %s", signed.hash, error)


def _mined_as(intent: Intent) -> str:
    return str(json.loads(str(intent.outcome))["hash"])


def _lasts(name: str) -> bool:
    return name.startswith("tx:") and name not in ("tx:refund", "tx:silence", "tx:finalize")


def _silent(name: str) -> bool:
    """Whether the transaction leaves no event of the escrow: an allowance, which a token keeps."""
    return name.startswith(ALLOWANCE)


def _follow(
    store: IntentStore,
    client: EscrowClient,
    job: str,
    name: str,
    account: LocalAccount,
    call: Callable[[], Call],
    confirmations: int,
) -> TransactionReceipt:
    """Send what is written down, or write down and send a new transaction, and wait for it.

    Where the base fee has risen above what it offers, it is replaced: under the same nonce, and written down as well.
    """

    def write_down(better: SignedTransaction) -> None:
        # In this order and with its bytes: after a crash in between, the replacement is found in what it replaced.
        _abandon(store, job, name, {"replaced_by": _request(better)})
        store.plan_intent(job, name, _request(better))

    with _signing[account.address]:
        intent = store.intent(job, name)
        if intent is not None and intent.status is IntentStatus.ABANDONED and intent.outcome is not None:
            replacement = json.loads(intent.outcome).get("replaced_by")
            intent = None if replacement is None else store.plan_intent(job, name, replacement)
        if intent is None:
            bring_back(store, client, account.address)
            intent = store.plan_intent(job, name, _request(sender.prepare(client, call(), account)))
        newest = _signed(intent)
        # Of those that share a nonce one is mined at most, and it may be any of them.
        candidates = [each for each in _written(store, job, name) if each.nonce == newest.nonce]
        sent = sender.hand_over(client, candidates, account, write_down)
    return sender.follow(client, sent, account, write_down, WAIT_S, confirmations)


def _written(store: IntentStore, job: str, name: str) -> list[SignedTransaction]:
    """Every transaction that was ever written down for the intent, the oldest first."""
    return [_signed(intent) for intent in store.intents(job) if intent.name == name]


def _signed(intent: Intent) -> SignedTransaction:
    return SignedTransaction.of_raw(json.loads(intent.request)["raw"])


def _request(signed: SignedTransaction) -> str:
    return json.dumps({"raw": signed.raw, "hash": signed.hash, "nonce": signed.nonce, "sender": signed.sender})


def _took_effect(client: EscrowClient, signed: SignedTransaction) -> bool:
    receipt = sender.find_receipt(client, signed.hash)
    return receipt is not None and receipt.status == 1


def _abandon(store: IntentStore, job: str, name: str, outcome: dict[str, str]) -> None:
    store.finish_intent(job, name, json.dumps(outcome), IntentStatus.ABANDONED)


def _finish(store: IntentStore, job: str, name: str, receipt: TransactionReceipt) -> None:
    intent = store.intent(job, name)
    if intent is not None and intent.status is IntentStatus.PLANNED:
        outcome = {"hash": receipt.hash, "block": receipt.block, "gas_used": receipt.gas_used}
        store.finish_intent(job, name, json.dumps(outcome))

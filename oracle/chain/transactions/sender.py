"""From a Call to a receipt, in three steps that a crash may fall between.

    prepare    simulate, price, number and sign: the raw transaction, for the caller to WRITE DOWN before going on
    broadcast  hand it to the node; doing it twice is the same as once
    wait       until it is mined and buried deep enough

The node's mempool is not trusted to remember: as long as a written-down transaction has no receipt, broadcast it again.
Nor are its words, which every kind of node chooses for itself: whether a nonce is lost is asked of the account's count,
and whether a fee is too low of the next base fee.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import (
    ChainDown,
    InsufficientFunds,
    NodeBehind,
    NonceTaken,
    NotConfirmed,
    PricedOut,
    TransactionRefused,
    WrongNetwork,
)
from oracle.chain.node import Block, Mined

GAS_MARGIN_PERCENT = 25
"""Added to the estimate: what the call touches may cost more by the time it is mined."""
REPLACEMENT_PERCENT = 25
"""Fees rise by this much at least in a replacement; nodes ask for 10 to 12.5."""
REPLACEMENTS = 8
"""Of one transaction at one go: after as many, each a quarter dearer at least, something else is wrong."""
POLL_S = 0.2
LOOK_AGAIN_S = 2.0
"""How long a receipt may come after the count of the account whose transaction was mined: another node may tell it."""

_HELD = re.compile(r"already.?(known|exists|imported|in .*pool)|\bknown.?transaction|same hash", re.IGNORECASE)
"""The node says that it has these very bytes."""
_OCCUPIED = re.compile(r"replac", re.IGNORECASE)
"""The node says that it has a transaction with this nonce; it may be this one."""
_CHEAP = re.compile(
    r"underpriced|(fee|price|tip)\w*.* (too low|below|less than|lower than)|fee.?too.?low", re.IGNORECASE
)
"""The node says that the fee is too low for it, whatever the base fee is."""


@dataclass(frozen=True)
class Fees:
    """Wei per gas."""

    most: int
    """All in all; on a chain without a base fee, the price."""
    tip: int | None
    """Of it at most to the block's maker; None: the chain has no base fee."""


@dataclass(frozen=True)
class SignedTransaction:
    """A signed transaction; `raw` alone is enough to broadcast it after a restart."""

    raw: str
    """0x-hexadecimal bytes for eth_sendRawTransaction."""
    hash: str
    nonce: int
    sender: str
    fees: Fees

    @classmethod
    def of_raw(cls, raw: str) -> SignedTransaction:
        """The transaction whose bytes were written down. Raises ValueError if they are not one that `prepare` makes."""
        fields = _Fields.of_raw(raw)
        sender = str(Account.recover_transaction(HexBytes(raw)))
        return cls(raw, "0x" + keccak(HexBytes(raw)).hex(), fields.nonce, sender, fields.fees)


@dataclass(frozen=True)
class _Fields:
    """What is signed."""

    chain_id: int
    nonce: int
    to: str
    data: bytes
    value: int
    gas: int
    fees: Fees

    @classmethod
    def of_raw(cls, raw: str) -> _Fields:
        encoded = bytes(HexBytes(raw))
        if encoded[:1] >= b"\xc0":  # a list: the kind that is older than kinds
            try:
                nonce, price, gas, to, value, data, v, _, _ = rlp.decode(encoded)
            except (rlp.DecodingError, TypeError, ValueError) as error:
                raise ValueError("not a signed transaction") from error
            integers = [int.from_bytes(part, "big") for part in (nonce, price, gas, value, v)]
            chain_id = (integers[4] - 35) // 2
            address = to_checksum_address(to)
            return cls(chain_id, integers[0], address, data, integers[3], integers[2], Fees(integers[1], None))
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return cls(
            chain_id=int(fields["chainId"]),
            nonce=int(fields["nonce"]),
            to=to_checksum_address(bytes(HexBytes(fields["to"]))),
            data=bytes(HexBytes(fields["data"])),
            value=int(fields["value"]),
            gas=int(fields["gas"]),
            fees=Fees(int(fields["maxFeePerGas"]), int(fields["maxPriorityFeePerGas"])),
        )

    def signed_by(self, account: LocalAccount) -> SignedTransaction:
        request: dict[str, Any] = {
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "to": HexBytes(self.to),
            "data": self.data,
            "value": self.value,
            "gas": self.gas,
        }
        if self.fees.tip is None:
            request["gasPrice"] = self.fees.most
        else:
            request |= {"type": 2, "maxFeePerGas": self.fees.most, "maxPriorityFeePerGas": self.fees.tip}
        signed = account.sign_transaction(request)
        raw, digest = bytes(signed.raw_transaction).hex(), bytes(signed.hash).hex()
        return SignedTransaction("0x" + raw, "0x" + digest, self.nonce, account.address, self.fees)


@dataclass(frozen=True)
class TransactionReceipt:
    """What became of a mined transaction."""

    hash: str
    block: int
    block_hash: str
    gas_used: int
    status: int
    """1: it took effect; 0: it reverted, and only the fee was spent."""
    confirmations: int
    """Blocks from its own to the head, both counted: 1 as soon as it is mined."""


def prepare(client: EscrowClient, call: Call, account: LocalAccount, *, nonce: int | None = None) -> SignedTransaction:
    """Simulate `call` from `account` on the head block, then price, number and sign it. Nothing is sent.

    Fees: twice the next base fee plus the node's suggested tip, which stays includable through six full blocks; on a
    chain without a base fee, a quarter above the node's gas price. `nonce` defaults to the next one, transactions
    waiting in the mempool counted.
    Raises CallReverted with the decoded error, InsufficientFunds, WrongNetwork, ChainDown, NodeError.
    """
    client.check_network()
    sender, node = account.address, client.node
    fees = _fees(client, node.head())
    balance = node.balance(sender)
    number = node.count(sender, "pending") if nonce is None else nonce
    if balance < call.value:
        raise InsufficientFunds(sender, balance, call.value)
    asked: dict[str, object] = {"from": sender, "to": client.checked(call.to), "data": call.data}
    if call.value:
        asked["value"] = hex(call.value)
    gas = node.estimate_gas(asked, call.doing) * (100 + GAS_MARGIN_PERCENT) // 100
    needed = call.value + gas * fees.most
    if balance < needed:
        raise InsufficientFunds(sender, balance, needed)
    chain_id, data = client.deployment.chain_id, bytes(HexBytes(call.data))
    return _Fields(chain_id, number, call.to, data, call.value, gas, fees).signed_by(account)


def replace(client: EscrowClient, stuck: SignedTransaction, account: LocalAccount) -> SignedTransaction:
    """The same call under the same nonce at a higher fee: at most one of the two is ever mined. Nothing is sent."""
    fields = _Fields.of_raw(stuck.raw)
    if fields.chain_id != client.deployment.chain_id:
        raise WrongNetwork(client.rpc_url, f"the transaction to replace is for chain {fields.chain_id}")
    now = _fees(client, client.node.head())
    before = fields.fees.most if fields.fees.tip is None else fields.fees.tip
    tip = None if now.tip is None else max(now.tip, _raised(before))
    most = max(now.most, _raised(fields.fees.most), tip or 0)
    return dataclasses.replace(fields, fees=Fees(most, tip)).signed_by(account)


def broadcast(client: EscrowClient, signed: SignedTransaction, *, replaces: bool = False) -> str:
    """Hand `signed` to the node and return its hash; if the node has it already, mined or not, that is success.

    So it is where the node says that it has a transaction with this nonce, which may be this very one (`wait` finds
    out), unless `signed` `replaces` another of ours: then it did not offer enough.
    Raises NonceTaken if another transaction of the sender was mined in its place, PricedOut if the chain asks for more
    than it offers, InsufficientFunds, TransactionRefused with the node's words, NodeBehind if the node cannot tell yet,
    ChainDown (in which case it may or may not have arrived: broadcast again).
    """
    fault = client.node.send(signed.raw)
    if fault is None or _HELD.search(fault.message):
        return signed.hash
    if client.node.receipt(signed.hash) is not None or client.node.knows(signed.hash):
        return signed.hash
    _check_nonce(client, signed, fault.message)
    if _OCCUPIED.search(fault.message) and not replaces:
        return signed.hash
    if isinstance(client.node.meaning_of("broadcast a transaction", fault), InsufficientFunds):
        raise InsufficientFunds(signed.sender, None, None)
    if priced_out(client, signed) or _CHEAP.search(fault.message):
        raise PricedOut(signed.hash, fault.message)
    raise TransactionRefused(signed.hash, fault.message)


def priced_out(client: EscrowClient, signed: SignedTransaction) -> bool:
    """Whether the next block's base fee is above what `signed` offers. Until it falls again, or `signed` is replaced,
    nobody can mine it."""
    base_fee = client.node.next_base_fee()
    return base_fee is not None and base_fee > signed.fees.most


def find_receipt(client: EscrowClient, transaction: str) -> TransactionReceipt | None:
    """The receipt of `transaction` on the current chain, or None while it is not mined (or a reorg has undone it).

    Raises NodeBehind while the node indexes transactions, and cannot tell.
    """
    found = client.node.receipt(transaction)
    return None if found is None else _receipt(transaction, found, client.node.head().number)


def wait(
    client: EscrowClient,
    transaction: str | SignedTransaction,
    timeout_s: float = 60.0,
    confirmations: int = 1,
) -> TransactionReceipt:
    """The receipt of `transaction` once its block and those on top of it number `confirmations`.

    The receipt is read anew at each poll, so a reorg in between starts the count again. A node that does not answer, or
    is behind, is asked again until the timeout. Look at `status`: a transaction that reverted has a receipt too.
    Raises NotConfirmed after `timeout_s` seconds, ChainDown or NodeBehind if that was the answer to the last poll; of a
    SignedTransaction also NonceTaken where another was mined in its place, and PricedOut where it cannot be mined as
    long as the base fee stays as high.
    """
    if confirmations < 1:
        raise ValueError(f"{confirmations} confirmations; ask for 1 or more")
    signed = transaction if isinstance(transaction, SignedTransaction) else None
    digest = transaction if isinstance(transaction, str) else transaction.hash
    deadline = time.monotonic() + timeout_s
    while True:
        out_of_time = time.monotonic() >= deadline
        pause = POLL_S
        receipt = None
        try:
            receipt = find_receipt(client, digest)
            if receipt is None and signed is not None:
                _check_nonce(client, signed, "its nonce was used up while it waited")
                if priced_out(client, signed):
                    raise PricedOut(digest, f"the base fee is above the {signed.fees.most} wei per gas that it offers")
        except (ChainDown, NodeBehind) as error:
            if out_of_time:
                raise
            pause = max(pause, (error.retry_after_s or 0) if isinstance(error, ChainDown) else 0)
        if receipt is not None and receipt.confirmations >= confirmations:
            return receipt
        if out_of_time:
            raise NotConfirmed(digest, timeout_s, confirmations)
        time.sleep(min(pause, max(deadline - time.monotonic(), 0)))


def hand_over(
    client: EscrowClient,
    sent: Sequence[SignedTransaction],
    account: LocalAccount,
    write_down: Callable[[SignedTransaction], object],
) -> tuple[SignedTransaction, ...]:
    """Broadcast the newest of `sent`, replacing it as often as the chain has priced it out; `sent` and what came to it.

    They share a nonce, the oldest first. A replacement is given to `write_down` before it is sent. Raises what
    `broadcast` does, PricedOut only after REPLACEMENTS.
    """
    tried = tuple(sent)
    while True:
        try:
            broadcast(client, tried[-1], replaces=len(tried) > 1)
        except PricedOut:
            if len(tried) - len(sent) >= REPLACEMENTS:
                raise
            tried = (*tried, replace(client, tried[-1], account))
            write_down(tried[-1])
        else:
            return tried


def follow(
    client: EscrowClient,
    sent: Sequence[SignedTransaction],
    account: LocalAccount,
    write_down: Callable[[SignedTransaction], object],
    timeout_s: float = 60.0,
    confirmations: int = 1,
) -> TransactionReceipt:
    """The receipt of whichever of `sent`, as `hand_over` returned them, is mined; one is at most.

    While the base fee is above what the newest offers, that is replaced as in `hand_over`. Raises what that and `wait`
    do; NonceTaken where none of them was mined in the nonce's place.
    """
    tried, deadline = tuple(sent), time.monotonic() + timeout_s
    while True:
        try:
            return wait(client, tried[-1], max(deadline - time.monotonic(), 0), confirmations)
        except PricedOut:
            if len(tried) - len(sent) >= REPLACEMENTS:
                raise
            better = replace(client, tried[-1], account)
            write_down(better)
            tried = (*tried, better)
        except NonceTaken:
            found = next((each for each in tried if find_receipt(client, each.hash) is not None), None)
            if found is None:
                raise
            return wait(client, found.hash, max(deadline - time.monotonic(), 0), confirmations)
        try:
            tried = hand_over(client, tried, account, write_down)
        except NonceTaken:
            continue  # `wait` finds out by which of them


def transact(
    client: EscrowClient, call: Call, account: LocalAccount, timeout_s: float = 60.0, confirmations: int = 1
) -> TransactionReceipt:
    """prepare, hand over and follow, for callers that need not survive a crash in between: one-off commands, tests."""
    sent = hand_over(client, [prepare(client, call, account)], account, _forgotten)
    return follow(client, sent, account, _forgotten, timeout_s, confirmations)


def _forgotten(_signed: SignedTransaction) -> None:
    """Where a crash in between is the user's to see, nothing is written down."""


def _check_nonce(client: EscrowClient, signed: SignedTransaction, reason: str) -> None:
    """Raise NonceTaken if the account has used the nonce of `signed` up, and not for `signed`."""
    if client.node.count(signed.sender) <= signed.nonce:
        return
    deadline = time.monotonic() + LOOK_AGAIN_S
    while client.node.receipt(signed.hash) is None:
        if time.monotonic() >= deadline:
            raise NonceTaken(signed.hash, reason)
        time.sleep(POLL_S)


def _fees(client: EscrowClient, head: Block) -> Fees:
    if head.base_fee is None:
        return Fees(_raised(client.node.gas_price()), None)
    base_fee = max(head.base_fee, client.node.next_base_fee() or 0)
    tip = client.node.priority_fee(base_fee)
    return Fees(2 * base_fee + tip, tip)


def _raised(fee: int) -> int:
    return -(-fee * (100 + REPLACEMENT_PERCENT) // 100)


def _receipt(transaction: str, found: Mined, head: int) -> TransactionReceipt:
    return TransactionReceipt(
        hash=transaction,
        block=found.block,
        block_hash=found.block_hash,
        gas_used=found.gas_used,
        status=found.status,
        confirmations=max(head - found.block + 1, 1),
    )

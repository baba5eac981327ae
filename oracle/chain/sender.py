"""From a Call to a receipt, in three steps that a crash may fall between.

    prepare    simulate, price, number and sign: the raw transaction, for the caller to WRITE DOWN before going on
    broadcast  hand it to the node; doing it twice is the same as once
    wait       until it is mined and buried deep enough

The node's mempool is not trusted to remember: as long as a written-down transaction has no receipt, broadcast it again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxParams, TxReceipt, Wei

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import (
    ChainDown,
    InsufficientFunds,
    NonceTaken,
    NotConfirmed,
    TransactionRefused,
    WrongNetwork,
)
from oracle.chain.rpc import rpc_message

GAS_MARGIN_PERCENT = 25
"""Added to the estimate: what the call touches may cost more by the time it is mined."""
REPLACEMENT_PERCENT = 25
"""Both fees rise by this much in a replacement; nodes ask for 10 to 12.5 at least."""
POLL_S = 0.2


@dataclass(frozen=True)
class SignedTransaction:
    """A signed EIP-1559 transaction; `raw` alone is enough to broadcast it after a restart."""

    raw: str
    """0x-hexadecimal bytes for eth_sendRawTransaction."""
    hash: str
    nonce: int

    @classmethod
    def of_raw(cls, raw: str) -> SignedTransaction:
        """The transaction whose bytes were written down. Raises ValueError if they are not an EIP-1559 transaction."""
        transaction = TypedTransaction.from_bytes(HexBytes(raw))
        fields = transaction.as_dict()
        return cls(raw=raw, hash="0x" + keccak(HexBytes(raw)).hex(), nonce=int(fields["nonce"]))


@dataclass(frozen=True)
class Receipt:
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

    Fees: twice the head's base fee plus the node's suggested tip, which stays includable through six full blocks.
    `nonce` defaults to the next one, transactions waiting in the mempool counted.
    Raises CallReverted with the decoded error, InsufficientFunds, WrongNetwork, ChainDown, NodeError.
    """
    client.check_network()
    sender = account.address
    request: TxParams = {
        "from": sender,
        "to": client.checked(call.to),
        "data": HexBytes(call.data),
        "value": Wei(call.value),
    }
    eth = client.web3.eth
    with client.speaking(call.doing):
        head = eth.get_block("latest")
        tip = eth.max_priority_fee
        balance = eth.get_balance(sender)
        number = eth.get_transaction_count(sender, "pending") if nonce is None else nonce
        if balance < call.value:
            raise InsufficientFunds(sender, balance, call.value)
        gas = eth.estimate_gas(request) * (100 + GAS_MARGIN_PERCENT) // 100
    max_fee = 2 * head["baseFeePerGas"] + tip
    needed = call.value + gas * max_fee
    if balance < needed:
        raise InsufficientFunds(sender, balance, needed)
    return _sign(account, request, client.deployment.chain_id, number, gas, max_fee, tip)


def replace(client: EscrowClient, stuck: SignedTransaction, account: LocalAccount) -> SignedTransaction:
    """The same call under the same nonce at a higher fee: at most one of the two is ever mined. Nothing is sent."""
    fields = TypedTransaction.from_bytes(HexBytes(stuck.raw)).as_dict()
    if int(fields["chainId"]) != client.deployment.chain_id:
        raise WrongNetwork(client.rpc_url, f"the transaction to replace is for chain {int(fields['chainId'])}")
    with client.speaking("replace a transaction"):
        head = client.web3.eth.get_block("latest")
        suggested = client.web3.eth.max_priority_fee
    tip = max(suggested, _raised(int(fields["maxPriorityFeePerGas"])))
    max_fee = max(2 * head["baseFeePerGas"] + tip, _raised(int(fields["maxFeePerGas"])))
    request: TxParams = {
        "to": to_checksum_address(bytes(HexBytes(fields["to"]))),
        "data": HexBytes(fields["data"]),
        "value": Wei(int(fields["value"])),
    }
    return _sign(account, request, client.deployment.chain_id, stuck.nonce, int(fields["gas"]), max_fee, tip)


def broadcast(client: EscrowClient, signed: SignedTransaction) -> str:
    """Hand `signed` to the node and return its hash; if the node has it already, mined or not, that is success.

    Raises NonceTaken if another transaction of the sender was mined in its place, InsufficientFunds,
    TransactionRefused with the node's words, ChainDown (in which case it may or may not have arrived: broadcast again).
    """
    with client.speaking("broadcast a transaction"):
        try:
            client.web3.eth.send_raw_transaction(HexBytes(signed.raw))
        except Web3RPCError as error:
            # Each kind of node words its refusals differently ("already known", "already imported", "nonce too low"),
            # so ask for the fact that matters: does it have this very transaction?
            if _known(client, signed.hash):
                return signed.hash
            message = rpc_message(error)
            if "nonce too low" in message.lower():
                raise NonceTaken(signed.hash, message) from error
            if "insufficient funds" in message.lower():
                raise InsufficientFunds("the sender", None, None) from error
            raise TransactionRefused(signed.hash, message) from error
    return signed.hash


def find_receipt(client: EscrowClient, transaction: str) -> Receipt | None:
    """The receipt of `transaction` on the current chain, or None while it is not mined (or a reorg has undone it)."""
    with client.speaking("read a receipt"):
        try:
            found: TxReceipt = client.web3.eth.get_transaction_receipt(HexBytes(transaction))
        except TransactionNotFound:
            return None
        head = client.web3.eth.block_number
    return Receipt(
        hash=transaction,
        block=found["blockNumber"],
        block_hash="0x" + found["blockHash"].hex().removeprefix("0x"),
        gas_used=found["gasUsed"],
        status=found["status"],
        confirmations=max(head - found["blockNumber"] + 1, 1),
    )


def wait(client: EscrowClient, transaction: str, timeout_s: float = 60.0, confirmations: int = 1) -> Receipt:
    """The receipt of `transaction` once its block and those on top of it number `confirmations`.

    The receipt is read anew at each poll, so a reorg in between starts the count again. A node that does not answer is
    asked again until the timeout. Look at `status`: a transaction that reverted has a receipt too.
    Raises NotConfirmed after `timeout_s` seconds, ChainDown if the node did not answer the last poll.
    """
    if confirmations < 1:
        raise ValueError(f"{confirmations} confirmations; ask for 1 or more")
    deadline = time.monotonic() + timeout_s
    while True:
        out_of_time = time.monotonic() >= deadline
        try:
            receipt = find_receipt(client, transaction)
        except ChainDown:
            if out_of_time:
                raise
            receipt = None
        if receipt is not None and receipt.confirmations >= confirmations:
            return receipt
        if out_of_time:
            raise NotConfirmed(transaction, timeout_s, confirmations)
        time.sleep(min(POLL_S, max(deadline - time.monotonic(), 0)))


def transact(
    client: EscrowClient, call: Call, account: LocalAccount, timeout_s: float = 60.0, confirmations: int = 1
) -> Receipt:
    """prepare, broadcast and wait, for callers that need not survive a crash in between: tests and one-off commands."""
    return wait(client, broadcast(client, prepare(client, call, account)), timeout_s, confirmations)


def _known(client: EscrowClient, transaction: str) -> bool:
    try:
        client.web3.eth.get_transaction(HexBytes(transaction))
    except TransactionNotFound:
        return False
    return True


def _raised(fee: int) -> int:
    return -(-fee * (100 + REPLACEMENT_PERCENT) // 100)


def _sign(
    account: LocalAccount, request: TxParams, chain_id: int, nonce: int, gas: int, max_fee: int, tip: int
) -> SignedTransaction:
    signed = account.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": HexBytes(request["to"]),
            "data": request["data"],
            "value": request["value"],
            "gas": gas,
            "maxFeePerGas": max_fee,
            "maxPriorityFeePerGas": tip,
        }
    )
    raw, digest = bytes(signed.raw_transaction).hex(), bytes(signed.hash).hex()
    return SignedTransaction(raw="0x" + raw, hash="0x" + digest, nonce=nonce)

"""What only a node says: receipts and headers for a bundle, and whether the chain still has what a bundle tells.

The one module here that speaks to a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rlp
from eth_utils.crypto import keccak

from oracle.chain.bytecode import artifact, code_hash
from oracle.chain.client import EscrowClient
from oracle.chain.errors import NodeError, WrongNetwork
from oracle.chain.events import Cancelled, EscrowEvent, Refunded, Settled, Status
from oracle.chain.node import Node
from oracle.evidence.checks import CheckResult, EvidenceCheck
from oracle.evidence.inclusion.transactions import MinedTransaction
from oracle.evidence.inclusion.trie import prove, root_and_nodes

_HEADER = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot",
    "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
)  # fmt: skip
"""Of a block's header, in their order: those from baseFeePerGas on came with EIP-1559, 4895, 4844, 4788 and 7685."""
_QUANTITIES = frozenset(
    {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
)


def mined(node: Node, tx_hash: str) -> MinedTransaction | None:
    """What the node has of a transaction, proven where the block it gives hashes to its name; None if it is not mined.

    Raises ChainError; NodeError for a receipt that says less than those of our chains (EIP-658) do.
    """
    found = node.receipt(tx_hash)
    if found is None:
        return None
    block, receipts = node.whole_block(found.block_hash)
    try:
        index = next(place for place, each in enumerate(receipts) if each["transactionHash"].lower() == tx_hash)
        encoded = [_receipt(each) for each in receipts]
        header, proof = _proven(block, encoded, index, found.block_hash)
    except (KeyError, ValueError, TypeError, AttributeError, StopIteration) as error:
        raise NodeError("read a block's receipts", f"in another form than ours: {error!r}") from error
    return MinedTransaction(
        hash=tx_hash,
        block_number=found.block,
        block_hash=found.block_hash,
        header=header,
        index=index,
        receipt="0x" + encoded[index].hex(),
        proof=proof,
        first_log=sum(len(each["logs"]) for each in receipts[:index]),
    )


def _proven(
    block: Mapping[str, Any], receipts: Sequence[bytes], index: int, block_hash: str
) -> tuple[str | None, tuple[str, ...] | None]:
    """The header and the proof; (None, None) where header or receipts are in a form that we do not know."""
    header = rlp.encode([_field(name, block[name]) for name in _HEADER if block.get(name) is not None])
    if "0x" + keccak(header).hex() != block_hash:
        return None, None
    root, nodes = root_and_nodes(receipts)
    if "0x" + root.hex() != block["receiptsRoot"].lower():
        return None, None
    return "0x" + header.hex(), tuple("0x" + node.hex() for node in prove(nodes, root, index))


def _field(name: str, value: str) -> bytes:
    if name not in _QUANTITIES:
        return bytes.fromhex(value[2:])
    number = int(value, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _receipt(fields: Mapping[str, Any]) -> bytes:
    """A receipt as consensus encodes it (EIP-658, EIP-2718)."""
    logs = [
        [bytes.fromhex(log["address"][2:]), [bytes.fromhex(topic[2:]) for topic in log["topics"]],
         bytes.fromhex(log["data"][2:])]
        for log in fields["logs"]
    ]  # fmt: skip
    bloom = bytes.fromhex(fields["logsBloom"][2:])
    body: bytes = rlp.encode([int(fields["status"], 16), int(fields["cumulativeGasUsed"], 16), bloom, logs])
    kind = int(fields.get("type") or "0x0", 16)
    return body if kind == 0 else bytes([kind]) + body


def compare(
    client: EscrowClient, job_id: str | None, told: Sequence[MinedTransaction], events: Sequence[EscrowEvent]
) -> tuple[EvidenceCheck, ...]:
    """What a node says of a bundle's `job_id`, transactions and escrow events.

    Raises ChainError where it says nothing at all.
    """
    where = ("chain.json",)
    try:
        client.check_network()
    except WrongNetwork as error:
        return (EvidenceCheck("chain: code", CheckResult.FAILS, str(error), where, "chain.json"),)
    code = client.node.code(client.deployment.escrow)
    ours = artifact("JobEscrow").is_made_of(code)
    what = f"code {code_hash(code)[:18]}… at the escrow"
    said = f"{what} is JobEscrow's" if ours else f"{what} is not what these tools know as JobEscrow"
    checks = [EvidenceCheck("chain: code", CheckResult.HOLDS if ours else CheckResult.FAILS, said, where)]
    checks.append(_blocks(client, told))
    if job_id is not None:
        checks.append(_logs(client, job_id, events))
        checks.append(_status(client, job_id, events))
    return tuple(checks)


def _blocks(client: EscrowClient, told: Sequence[MinedTransaction]) -> EvidenceCheck:
    name, paths = "chain: blocks", tuple(f"transactions/{each.hash}.json" for each in told)
    for each, path in zip(told, paths, strict=True):
        block = client.block(each.block_number)
        if block is None or block.hash != each.block_hash:
            has = "none" if block is None else block.hash
            finding = f"block {each.block_number:,} is {each.block_hash} in the bundle, and on the chain {has}"
            return EvidenceCheck(name, CheckResult.FAILS, finding, paths, path)
        receipt = client.node.receipt(each.hash)
        if receipt is None or (receipt.block_hash, len(receipt.logs)) != (each.block_hash, len(each.entries)):
            return EvidenceCheck(name, CheckResult.FAILS, f"the chain does not have {each.hash} there", paths, path)
    if not told:
        return EvidenceCheck(name, CheckResult.NOTHING, "no transaction of the job is in the bundle")
    return EvidenceCheck(
        name, CheckResult.HOLDS, f"{len(told)} transactions, each in the block that the chain has", paths
    )


def _logs(client: EscrowClient, job_id: str, events: Sequence[EscrowEvent]) -> EvidenceCheck:
    name = "chain: logs"
    found = client.events(client.deployment.block, client.head().number, job_id=job_id)
    if more := [event for event in found if event not in events]:
        finding = f"the chain has {more[0].name} in block {more[0].block:,}, and the bundle has not"
        return EvidenceCheck(name, CheckResult.FAILS, finding, (), f"transactions/{more[0].tx_hash}.json")
    if gone := [event for event in events if event not in found]:
        finding = f"the bundle has {gone[0].name} in block {gone[0].block:,}, and the chain has not"
        return EvidenceCheck(name, CheckResult.FAILS, finding, (), f"transactions/{gone[0].tx_hash}.json")
    return EvidenceCheck(
        name, CheckResult.HOLDS, f"the escrow said these {len(found)} things of the job, and nothing else"
    )


def _status(client: EscrowClient, job_id: str, events: Sequence[EscrowEvent]) -> EvidenceCheck:
    name, slot = "chain: status", client.status(job_id)
    last = events[-1].args if events else None
    ended = isinstance(last, Settled | Refunded | Cancelled) or any(
        isinstance(event.args, Settled | Refunded | Cancelled) for event in events
    )
    if ended != (slot.status in (Status.SETTLED, Status.REFUNDED)):
        return EvidenceCheck(
            name, CheckResult.FAILS, f"the escrow says {slot.status.name.lower()}, the bundle otherwise"
        )
    return EvidenceCheck(name, CheckResult.HOLDS, f"the escrow says {slot.status.name.lower()}")

"""A transaction's member: its receipt as consensus encodes it, its block's header, and the proof of inclusion.

    {"block":{"hash":…,"header":"0x<RLP>","number":…},"first_log":…,"index":…,"logs":[…],"proof":["0x<node>",…],
     "receipt":"0x<type and RLP>","schema":"transaction/1","transaction":"0x<hash>"}

`header` and `proof` are null where the node gave no block that hashes to its own name. `logs` is the receipt's, again,
for people. The transaction's hash and the place of its first log in the block are the node's word, not the proof's.
Sources: EIP-658, EIP-2718, Yellow Paper section 4.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from oracle.chain.bytecode import artifact
from oracle.chain.events import EscrowEvent, Proposed, Settled, args_of
from oracle.encoding import CanonicalError, OracleError, canonical_bytes, is_digest, parse_canonical
from oracle.evidence.inclusion.trie import ProofRejected, proven
from oracle.terms import Outcome

SCHEMA = "transaction/1"
_DATA = re.compile(r"0x(?:[0-9a-f]{2})*")
_RECEIPTS_ROOT, _NUMBER = 5, 8
"""Places in a block's header."""


class TransactionRejected(OracleError, ValueError):
    """A transaction's member that does not hold; the message says what of it."""


@dataclass(frozen=True)
class Entry:
    """One log of a receipt."""

    address: str
    """Lower-case hexadecimal, as the topics and the data are."""
    topics: tuple[str, ...]
    data: str


@dataclass(frozen=True)
class MinedTransaction:
    """What a bundle has of one transaction."""

    hash: str
    block_number: int
    block_hash: str
    header: str | None
    """RLP, hexadecimal; its Keccak-256 is the block's hash."""
    index: int
    """Of the transaction in its block."""
    receipt: str
    """The receipt's type and RLP, hexadecimal."""
    proof: tuple[str, ...] | None
    """Nodes from the receipts root to the receipt."""
    first_log: int
    """Place of the receipt's first log among the block's."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The receipt's logs. Raises TransactionRejected for bytes that are no receipt of a transaction that held."""
        raw = bytes.fromhex(self.receipt[2:])
        try:
            fields = rlp.decode(raw if raw[:1] >= b"\xc0" else raw[1:])
            status, logs = fields[0], fields[3]
            found = tuple(Entry(_hex(log[0]), tuple(map(_hex, log[1])), _hex(log[2])) for log in logs)
        except (rlp.exceptions.RLPException, RecursionError, IndexError, TypeError, ValueError) as error:
            raise TransactionRejected(f"its receipt cannot be read: {error}") from error
        if status != b"\x01":
            raise TransactionRejected("its receipt says that it reverted, and nothing came of it")
        return found

    def check_inclusion(self) -> bool:
        """Whether there is a proof; raises TransactionRejected for one that does not hold."""
        if self.index == 0 and self.first_log != 0:
            raise TransactionRejected("the first transaction's logs are the first of the block")
        if self.header is None or self.proof is None:
            return False
        header = bytes.fromhex(self.header[2:])
        if "0x" + keccak(header).hex() != self.block_hash:
            raise TransactionRejected(f"the header does not hash to block {self.block_hash}")
        try:
            fields = rlp.decode(header)
            root, number = fields[_RECEIPTS_ROOT], int.from_bytes(fields[_NUMBER], "big")
        except (rlp.exceptions.RLPException, RecursionError, IndexError, TypeError) as error:
            raise TransactionRejected(f"the header cannot be read: {error}") from error
        if number != self.block_number:
            raise TransactionRejected(f"the header is of block {number:,}, not {self.block_number:,}")
        try:
            value = proven(root, self.index, [bytes.fromhex(node[2:]) for node in self.proof])
        except ProofRejected as error:
            raise TransactionRejected(f"it is not proven to be in its block: {error}") from error
        if "0x" + value.hex() != self.receipt:
            raise TransactionRejected("the proof leads to another receipt")
        return True

    def events(self, escrow: str) -> tuple[EscrowEvent, ...]:
        """What the escrow at `escrow` said in it, of all jobs. Raises TransactionRejected as `entries`."""
        found = []
        for place, entry in enumerate(self.entries):
            event = _event(entry) if entry.address == escrow.lower() else None
            if event is not None:
                job_id, args = event
                log_index = self.first_log + place
                found.append(EscrowEvent(job_id, self.block_number, self.block_hash, self.hash, log_index, args))
        return tuple(found)

    def to_bytes(self) -> bytes:
        """The member."""
        return canonical_bytes(
            {
                "schema": SCHEMA,
                "transaction": self.hash,
                "block": {"number": self.block_number, "hash": self.block_hash, "header": self.header},
                "index": self.index,
                "receipt": self.receipt,
                "proof": None if self.proof is None else list(self.proof),
                "first_log": self.first_log,
                "logs": [
                    {"address": each.address, "topics": list(each.topics), "data": each.data} for each in self.entries
                ],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> MinedTransaction:
        """The transaction whose `to_bytes` is `data`. Raises TransactionRejected for anything else."""
        try:
            value: Any = parse_canonical(data)
            block, proof = value["block"], value["proof"]
            found = cls(
                hash=_digest(value["transaction"]),
                block_number=_count(block["number"]),
                block_hash=_digest(block["hash"]),
                header=None if block["header"] is None else _data(block["header"]),
                index=_count(value["index"]),
                receipt=_data(value["receipt"]),
                proof=None if proof is None else tuple(_data(node) for node in proof),
                first_log=_count(value["first_log"]),
            )
        except (CanonicalError, KeyError, TypeError, ValueError) as error:
            raise TransactionRejected(f"it is no {SCHEMA}: {error}") from error
        if found.to_bytes() != data:
            raise TransactionRejected(f"it is no {SCHEMA}: it says more, or otherwise, than its receipt does")
        return found


def _event(entry: Entry) -> tuple[str, Any] | None:
    """The job, and what the escrow says of it; None for a log that is of no job. Raises TransactionRejected."""
    known = _events().get(entry.topics[0]) if entry.topics else None
    if known is None:
        return None
    name, inputs = known
    indexed = [item for item in inputs if item["indexed"]]
    plain = [item for item in inputs if not item["indexed"]]
    try:
        values = {
            item["name"]: decode([item["type"]], bytes.fromhex(topic[2:]))[0]
            for item, topic in zip(indexed, entry.topics[1:], strict=True)
        }
        words = decode([item["type"] for item in plain], bytes.fromhex(entry.data[2:]))
    except (DecodingError, ValueError) as error:
        raise TransactionRejected(f"a log of the escrow is no {name} event: {error}") from error
    values |= {item["name"]: value for item, value in zip(plain, words, strict=True)}
    for item in inputs:
        if item["type"] == "address":
            values[item["name"]] = to_checksum_address(values[item["name"]])
    try:
        args = None if "job" not in values else args_of(name, values)
        if isinstance(args, Proposed | Settled):
            Outcome(args.outcome)
    except ValueError as error:
        raise TransactionRejected(f"a log says what the escrow cannot: {error}") from error
    return None if args is None else (_hex(values["job"]), args)


def _events() -> Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]]:
    """The escrow's events by their first topic: name and inputs."""
    found = {}
    for entry in artifact("JobEscrow").abi:
        if entry["type"] == "event":
            signature = f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"
            found["0x" + keccak(text=signature).hex()] = (entry["name"], entry["inputs"])
    return found


def _hex(value: Any) -> str:
    return "0x" + bytes(value).hex()


def _data(value: Any) -> str:
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise ValueError("data is 0x and lower-case hexadecimal")
    return value


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not is_digest(value):
        raise ValueError("a hash is 0x and 64 lower-case hexadecimal digits")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a number counts from 0")
    return value

"""What a node's answers hold, read strictly: a form that is not the expected one raises ValueError or TypeError."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eth_utils.crypto import keccak

T = TypeVar("T")

_ALL = (1 << 2048) - 1
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


@dataclass(frozen=True)
class Block:
    """What of a block's header we use."""

    number: int
    hash: str
    timestamp: int
    """Unix seconds."""
    parent: str
    """Hash of the block before it."""
    base_fee: int | None
    """Wei per gas; None on a chain without one, where a transaction names one price for its gas."""
    bloom: int | None
    """2,048 bits that say which logs the block may hold; None where the node does not say."""
    transactions: tuple[str, ...]
    """Hashes."""

    @property
    def has_logs(self) -> bool:
        """Whether the block has logs for certain; not so where all bits are set, as on chains that do not count."""
        return self.bloom not in (None, 0, _ALL)

    def may_hold(self, values: Sequence[str]) -> bool:
        """Whether one log of the block may have all of `values`: an address and topics, 0x-hexadecimal.

        True for one block in some even where none has (Yellow Paper, section 4.3.1).
        """
        if self.bloom is None:
            return False
        for value in values:
            digest = keccak(bytes.fromhex(value[2:]))
            for start in (0, 2, 4):
                bit = int.from_bytes(digest[start : start + 2], "big") & 2047
                if not self.bloom >> bit & 1:
                    return False
        return True


@dataclass(frozen=True)
class Log:
    """One event as the chain has it, not decoded."""

    address: str
    """Lower-case hexadecimal, as are all fields of text."""
    topics: tuple[str, ...]
    data: str
    block: int
    block_hash: str
    tx_hash: str
    index: int
    """Within its block, from 0."""

    def matches(self, topics: Sequence[str | None]) -> bool:
        """Whether it has these topics, each in its place; None stands for any."""
        return len(self.topics) >= len(topics) and all(
            asked is None or asked.lower() == topic for asked, topic in zip(topics, self.topics, strict=False)
        )


@dataclass(frozen=True)
class Mined:
    """A transaction's receipt."""

    block: int
    block_hash: str
    gas_used: int
    status: int
    """1: it took effect; 0: it reverted."""
    logs: tuple[Log, ...]


def integer(value: object) -> int:
    """A quantity."""
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-fA-F]{0,64}", value):
        return int(value[2:] or "0", 16)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{value!r} is no quantity")


def octets(value: object) -> bytes:
    """Data of any length."""
    return bytes.fromhex(text(value)[2:])


def text(value: object) -> str:
    """0x and lower-case hexadecimal, of whole octets."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError(f"{value!r} is no data")
    return value.lower()


def or_none(form: Callable[[object], T]) -> Callable[[object], T | None]:
    """`form`, or None for null."""
    return lambda value: None if value is None else form(value)


def each(form: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A list of `form`."""

    def read(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is no list")
        return tuple(form(item) for item in value)

    return read


def block(value: object) -> Block:
    """A block without its transactions' contents. Fields that we do not use, extraData among them, may be anything."""
    fields = members(value)
    base_fee, bloom = fields.get("baseFeePerGas"), fields.get("logsBloom")
    return Block(
        number=integer(fields["number"]),
        hash=text(fields["hash"]),
        timestamp=integer(fields["timestamp"]),
        parent=text(fields["parentHash"]),
        base_fee=None if base_fee is None else integer(base_fee),
        bloom=None if bloom is None else int.from_bytes(octets(bloom), "big"),
        transactions=each(_hash)(fields.get("transactions", [])),
    )


def _hash(transaction: object) -> str:
    """Of a transaction that a block names, or, unasked, tells in full."""
    return text(transaction["hash"] if isinstance(transaction, dict) else transaction)


def logs(value: object) -> tuple[Log, ...]:
    """A list of logs, but for those that a reorg has removed and those of no block yet."""
    placed = [fields for fields in each(members)(value) if fields.get("blockNumber") is not None]
    return tuple(_log(fields) for fields in placed if not fields.get("removed", False))


def mined(value: object) -> Mined | None:
    """A receipt; None for that of a transaction in no block yet."""
    fields = members(value)
    if fields.get("blockNumber") is None:
        return None
    return Mined(
        block=integer(fields["blockNumber"]),
        block_hash=text(fields["blockHash"]),
        gas_used=integer(fields["gasUsed"]),
        status=integer(fields["status"]),
        logs=logs(fields.get("logs", [])),
    )


def next_base_fee(value: object) -> int | None:
    """Of a fee history, what comes after its last block: 0 on a chain without a base fee, None where it is not said."""
    fees = None if value is None else members(value).get("baseFeePerGas")
    return integer(fees[-1]) if isinstance(fees, list) and fees else None


def _log(fields: dict[str, Any]) -> Log:
    return Log(
        address=text(fields["address"]),
        topics=each(text)(fields["topics"]),
        data=text(fields["data"]),
        block=integer(fields["blockNumber"]),
        block_hash=text(fields["blockHash"]),
        tx_hash=text(fields["transactionHash"]),
        index=integer(fields["logIndex"]),
    )


def members(value: object) -> dict[str, Any]:
    """An object's members, as they are."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    return value

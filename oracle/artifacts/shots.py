"""Packed shots: the stored form of a raw result, one record per shot in the order in which the device returned them.

A record is ceil(bits / 32) little-endian uint32 words; bit 0 of word 0 is classical bit 0, bits above the registers
are zero. There is no header: how many bits a shot has is the circuit's affair, how many shots there are is the length,
and which bit belongs to which register is said by oracle.artifacts.registers.
A counts dictionary is a view. Where it is all there is, the records are ascending, and no order is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oracle.encoding import sha256_hex
from oracle.encoding.errors import OracleError

SCHEMA = "packed-shots/1"
WIDEST_BITS = 4096
_WORD_BITS = 32
_WORD = np.dtype("<u4")

Words = npt.NDArray[np.uint32]


class ShotsFault(StrEnum):
    """What makes bytes no packed shots."""

    PARTIAL_RECORD = "partial_record"
    """The length is no whole number of records."""
    EMPTY = "empty"
    """There is no shot."""
    BITS_ABOVE_REGISTER = "bits_above_register"
    """A record sets a bit that the circuit does not have."""


class ShotsRejected(OracleError, ValueError):
    """Bytes or values that are no packed shots of the stated width."""

    def __init__(self, fault: ShotsFault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


def words_per_shot(bits: int) -> int:
    """How many uint32 words one shot of `bits` classical bits takes. Raises ValueError outside 1..4096."""
    if not 1 <= bits <= WIDEST_BITS:
        raise ValueError(f"a shot has 1..{WIDEST_BITS} bits, not {bits}")
    return -(-bits // _WORD_BITS)


@dataclass(frozen=True)
class PackedShots:
    """A checked result; made by `pack` and `unpack`."""

    bits: int
    """Classical bits per shot."""
    count: int
    """Shots."""
    data: bytes
    """The records, count * words_per_shot(bits) * 4 bytes."""
    ordered: bool = True
    """Whether the order is the device's; False for counts, whose records are ascending and say nothing by that."""

    @cached_property
    def result_hash(self) -> str:
        """SHA-256 of the records as they are: the worker's commitment, and the artifact's address."""
        return sha256_hex(self.data)

    @cached_property
    def multiset_hash(self) -> str:
        """SHA-256 of the records sorted ascending as numbers: the same for every order of the same shots."""
        words = self.words()
        # lexsort's last key is the primary one: the most significant word.
        order = np.lexsort(tuple(words[:, column] for column in range(words.shape[1])))
        return sha256_hex(words[order].tobytes())

    def words(self) -> Words:
        """uint32[count, words_per_shot], read-only; column 0 holds the low bits."""
        return np.frombuffer(self.data, dtype=_WORD).reshape(self.count, words_per_shot(self.bits))

    def values(self) -> npt.NDArray[np.int64]:
        """int64[count]: each shot as a number, classical bit 0 least significant. Raises ValueError beyond 62 bits."""
        if self.bits > 62:
            raise ValueError(f"a shot of {self.bits} bits does not fit int64; use words()")
        words = self.words().astype(np.int64)
        return words[:, 0] if words.shape[1] == 1 else words[:, 0] | (words[:, 1] << _WORD_BITS)

    def tally(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """int64[distinct] outcomes ascending, and int64[distinct] how often each was seen. Raises as `values`."""
        values = self.values()
        # Counting into a table beats sorting as long as the table is not much larger than the result.
        if self.bits < 32 and 1 << self.bits <= 8 * self.count:
            table = np.bincount(values)
            outcomes = np.flatnonzero(table)
            return outcomes.astype(np.int64), table[outcomes].astype(np.int64)
        outcomes, counts = np.unique(values, return_counts=True)
        return outcomes, counts.astype(np.int64)

    def counts(self) -> dict[int, int]:
        """How often each outcome was seen, ascending by outcome."""
        distinct, counts = np.unique(self.words(), axis=0, return_counts=True)
        numbers = (int.from_bytes(row.tobytes(), "little") for row in distinct)
        return dict(sorted(zip(numbers, counts.tolist(), strict=True)))


def unpack(data: bytes, bits: int) -> PackedShots:
    """The result whose records are exactly `data`. Raises ShotsRejected, with its fault, for any other bytes."""
    record = 4 * words_per_shot(bits)
    if not data:
        raise ShotsRejected(ShotsFault.EMPTY, "no shots: the artifact is empty")
    if len(data) % record:
        raise ShotsRejected(
            ShotsFault.PARTIAL_RECORD, f"{len(data)} bytes are no whole number of {record}-byte records of {bits} bits"
        )
    shots = PackedShots(bits, len(data) // record, data)
    used = bits % _WORD_BITS
    if used and int(shots.words()[:, -1].max()) >> used:
        raise ShotsRejected(ShotsFault.BITS_ABOVE_REGISTER, f"a shot sets a bit above the register's {bits}")
    return shots


def pack(values: npt.ArrayLike, bits: int) -> PackedShots:
    """The result with `values` as its shots, in order.

    `values` is one non-negative integer per shot (any integers, Python's of any size included), or uint32[count,
    words_per_shot(bits)] words. Raises ShotsRejected for no shots and for values with bits above the register.
    """
    width = words_per_shot(bits)
    # A list of integers beyond int64 would become an array of floats.
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    if array.size == 0:
        raise ShotsRejected(ShotsFault.EMPTY, "no shots to pack")
    if array.ndim == 2 and array.dtype == np.uint32:
        return unpack(_records(array, width).tobytes(), bits)
    if array.ndim != 1 or array.dtype.kind not in "iuO":
        raise TypeError(f"shots of shape {array.shape} and type {array.dtype} are no list of integers")
    if array.dtype.kind == "O":
        return unpack(b"".join(_record(value, bits, width) for value in array.tolist()), bits)
    if int(array.min()) < 0 or int(array.max()) >> bits:
        raise ShotsRejected(ShotsFault.BITS_ABOVE_REGISTER, f"a value lies outside 0..2^{bits}-1")
    numbers = array.astype(np.uint64)
    words = np.zeros((array.size, width), dtype=_WORD)
    for column in range(min(width, 2)):
        words[:, column] = (numbers >> np.uint64(column * _WORD_BITS)) & np.uint64(0xFFFFFFFF)
    return PackedShots(bits, array.size, words.tobytes())


def pack_counts(counts: Mapping[int, int], bits: int) -> PackedShots:
    """The result of which only `counts` are known: how often each outcome was seen, each at least once.

    Its records are ascending, so that its result hash is its multiset hash, and it is not `ordered`. Raises
    ShotsRejected as `pack`; ValueError for a count below one.
    """
    if any(count < 1 for count in counts.values()):
        raise ValueError("an outcome that was counted was seen at least once")
    outcomes = sorted(counts)
    # As objects, for an outcome may be wider than 64 bits.
    seen = np.repeat(np.array(outcomes, dtype=object), [counts[outcome] for outcome in outcomes])
    return replace(pack(seen, bits), ordered=False)


def _records(words: npt.NDArray[np.uint32], width: int) -> npt.NDArray[np.uint32]:
    if words.shape[1] != width:
        raise TypeError(f"shots of {words.shape[1]} words, where {width} are needed")
    return words.astype(_WORD)


def _record(value: object, bits: int, width: int) -> bytes:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    if value < 0 or value >> bits:
        raise ShotsRejected(ShotsFault.BITS_ABOVE_REGISTER, f"a value lies outside 0..2^{bits}-1")
    return value.to_bytes(4 * width, "little")

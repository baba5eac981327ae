"""Numbers drawn from SHAKE-256: the same on every machine and in every language, unlike a library's generator."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence, Sequence
from typing import TypeVar

from oracle.encoding import canonical_bytes

Item = TypeVar("Item")

_BLOCK_BYTES = 1088


class Draws:
    """A stream of draws. Block i is SHAKE-256 over the RFC 8785 JSON of [domain, *inputs, i], 1,088 bytes of it; the
    draws take its bytes from the front.

    `domain` names the purpose and its version, so that no two purposes share a stream.
    """

    def __init__(self, domain: str, *inputs: str) -> None:
        self._names = [domain, *inputs]
        self._blocks = 0
        self._rest = b""

    def take(self, count: int) -> bytes:
        """The next `count` bytes of the stream."""
        while len(self._rest) < count:
            seed = canonical_bytes([*self._names, self._blocks])
            self._rest += hashlib.shake_256(seed).digest(_BLOCK_BYTES)
            self._blocks += 1
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def below(self, bound: int) -> int:
        """A uniform integer in 0..bound-1, by rejection: the lowest bits that `bound` needs of the next whole bytes,
        big-endian, again until they are below it. Raises ValueError for a bound below 1."""
        if bound < 1:
            raise ValueError(f"there is no integer from 0 up to below {bound}")
        bits = (bound - 1).bit_length()
        while True:
            drawn = int.from_bytes(self.take(-(-bits // 8)), "big") & ((1 << bits) - 1)
            if drawn < bound:
                return drawn

    def choose(self, items: Sequence[Item]) -> Item:
        """One of `items`, each as likely. Raises ValueError if there is none."""
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[Item]) -> None:
        """Put `items` into a uniform random order, in place (Fisher and Yates, from the end)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

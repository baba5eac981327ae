"""Signatures as the escrow reads them: one after the other, of keys and of contracts (ERC-1271).

A key's is 65 bytes r, s, v. A contract's is a record: a word with the length of what follows, a zero word, a zero
byte, then that many bytes, which the contract's `isValidSignature` is asked about. No key's signature looks so, for
its s is never zero. Source: contracts/libraries/Signatures.sol.
"""

from __future__ import annotations

from collections.abc import Iterable

KEY_BYTES = 65
"""Length of a key's signature, and of the head of a contract's record."""


def contract_record(signature: bytes) -> bytes:
    """The record of a contract's signature, which may have any length, and none."""
    return len(signature).to_bytes(32, "big") + bytes(33) + signature


def join_signatures(pieces: Iterable[bytes]) -> bytes:
    """The pieces, each a key's signature or a contract's record, as calldata has them.

    Raises ValueError for a piece that is neither: it would shift all that come after it.
    """
    found = tuple(pieces)
    for index, piece in enumerate(found):
        if not piece or len(split_signatures(piece)) != 1:
            raise ValueError(
                f"signature {index} of {len(found)}: {len(piece)} bytes are neither a key's 65 nor a contract's record"
            )
    return b"".join(found)


def split_signatures(data: bytes) -> tuple[bytes, ...]:
    """The pieces that lie in `data`, whole. Raises ValueError where the last one does not end with it."""
    pieces = []
    start = 0
    while start < len(data):
        end = start + KEY_BYTES
        head = data[start:end]
        if len(head) == KEY_BYTES and not any(head[32:]):
            end += int.from_bytes(head[:32], "big")
        if end > len(data):
            raise ValueError(f"{len(data)} bytes end inside the signature that starts at {start}")
        pieces.append(data[start:end])
        start = end
    return tuple(pieces)

"""SHA-256 digests, written ``0x`` and 64 lower-case hexadecimal digits, so that one text serves JSON and the chain."""

from __future__ import annotations

import hashlib
import re

from oracle.encoding.canonical import canonical_bytes

_DIGEST = re.compile(r"0x[0-9a-f]{64}")

ZERO_DIGEST = "0x" + "00" * 32


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as ``0x`` + 64 hexadecimal digits."""
    return "0x" + hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """SHA-256 of the canonical JSON of `value` (see canonical_bytes, whose errors it raises)."""
    return sha256_hex(canonical_bytes(value))


def is_digest(text: str) -> bool:
    """Whether `text` is a 32-byte value in the form that sha256_hex writes."""
    return _DIGEST.fullmatch(text) is not None

"""The canonical form of a job spec, its digest, and the way back."""

from __future__ import annotations

from oracle.encoding import canonical_bytes, sha256_hex
from oracle.spec.model import JobSpec


def canonical_spec(spec: JobSpec) -> bytes:
    """The RFC 8785 JSON of `spec`: every field present, those not set as null."""
    return canonical_bytes(spec.model_dump(mode="json"))


def spec_hash(spec: JobSpec) -> str:
    """SHA-256 of the canonical form, ``0x`` + 64 hexadecimal digits: what is signed, and what the terms carry."""
    return sha256_hex(canonical_spec(spec))

"""Reading an attestation from a file that anybody may have written, and whose signature it carries.

Whoever can write to the board can put anything there. What is shown to people, counted or posted was verified first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from oracle.attestations.attestation import Attestation
from oracle.encoding import parse_json
from oracle.terms import JobTerms, verdict_digest

LARGEST_FILE = 16 * 1024
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True)
class Unusable:
    """Something on the board that is no valid attestation, and why."""

    source: str
    reason: str


def read_attestation(path: Path) -> Attestation | Unusable:
    """What the file at `path` holds, unverified; Unusable for anything that is not an attestation. Never raises."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            return Unusable(path.name, f"larger than {LARGEST_FILE} bytes")
        return Attestation.from_json(parse_json(data))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Unusable(path.name, str(error))


def verify(attestation: Attestation, terms: JobTerms, *, chain_id: int, escrow: str) -> str | None:
    """None if the attestation's signature is by its validator, who is pinned in `terms`; else what is wrong with it.

    The form is the one that the contract takes: 65 bytes r, s, v with s in the lower half and v 27 or 28.
    """
    if attestation.validator not in terms.validators:
        return f"{attestation.validator} is not pinned in the terms"
    if attestation.document != attestation.verdict.evidence_hash:
        return "it names another document than its verdict"
    try:
        signature = bytes.fromhex(attestation.signature.removeprefix("0x"))
        digest = bytes.fromhex(verdict_digest(attestation.verdict, chain_id, escrow)[2:])
    except ValueError as error:
        return str(error)
    if len(signature) != 65 or signature[64] not in (27, 28):
        return "its signature is not 65 bytes r, s, v with v 27 or 28"
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return "its signature is malleable (s in the upper half)"
    try:
        key = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError) as error:
        return f"its signature does not verify ({error})"
    if key.to_checksum_address() != attestation.validator:
        return f"it was signed by {key.to_checksum_address()}, not by {attestation.validator}"
    return None

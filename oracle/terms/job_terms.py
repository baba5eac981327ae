"""The terms of a job as the escrow knows them: a frozen value, its packed form, and its JobId."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from oracle.terms.typed_data import JOB_TERMS, encode_packed, typed_digest

ZERO_ADDRESS = "0x" + "00" * 20
BPS = 10_000
"""Basis points in a whole."""


@dataclass(frozen=True)
class JobTerms:
    """What payer, worker and validators agree to; signed and hashed in this form, packed in calldata, never stored."""

    payer: str
    """Locks the budget and receives what is not paid out."""
    requester: str
    """Signed the job spec."""
    worker: str
    """Is paid; ZERO_ADDRESS: an open job, which a worker claims."""
    arbiter: str
    """Rules on disputes; ZERO_ADDRESS only with a challenge window of 0."""
    token: str
    """The ERC-20 token; ZERO_ADDRESS: the chain's native coin."""
    fee_to: str
    fee_bps: int
    """Basis points of the budget, owed on any signed verdict."""
    budget: int
    """Base units of the token; the most that can ever leave."""
    claim_by: int
    """Unix seconds; open jobs only, else 0."""
    deliver_window: int
    """Seconds a claimant has; open jobs only, else 0."""
    submit_by: int
    """Unix seconds."""
    verdict_by: int
    """Unix seconds."""
    challenge_window: int
    """Seconds."""
    ruling_window: int
    """Seconds."""
    silence_bps: int
    """The worker's share if a submitted result gets no verdict in time."""
    inconclusive_bps: int
    """The worker's share after an inconclusive verdict."""
    dispute_bond_bps: int
    claim_bond_bps: int
    max_rounds: int
    quorum: int
    """Validators that must sign alike."""
    spec_hash: str
    """Digest of the normalised spec."""
    salt: int
    """SHA-256 of the job id's text, as a big-endian integer."""
    validators: tuple[str, ...]
    """Strictly ascending by value."""
    registry: str = ZERO_ADDRESS
    """The validator registry that must admit the validators at funding; ZERO_ADDRESS: nobody is asked."""


def _attribute(member: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), member)


_FIXED = tuple((_attribute(name), kind) for name, kind in JOB_TERMS.members if kind != "bytes")


def _width(kind: str) -> int:
    return {"address": 20, "bytes32": 32}.get(kind) or int(kind.removeprefix("uint")) // 8


FIXED_BYTES = sum(_width(kind) for _, kind in _FIXED)
"""Bytes of packed terms before the validators."""


def _packed_validators(terms: JobTerms) -> bytes:
    packed = [
        encode_packed("address", address, where=f"validators[{index}]")
        for index, address in enumerate(terms.validators)
    ]
    if any(left >= right for left, right in pairwise(packed)):
        raise ValueError("validators: not strictly ascending")
    return b"".join(packed)


def pack_terms(terms: JobTerms) -> bytes:
    """The terms as they travel in calldata: members in order, big-endian, tight, the validators' 20 bytes each last.

    Raises ValueError if a value does not fit its type or the validators are not strictly ascending.
    """
    fixed = b"".join(encode_packed(kind, getattr(terms, name), where=name) for name, kind in _FIXED)
    return fixed + _packed_validators(terms)


def pack_brief(terms: JobTerms) -> bytes:
    """The terms in brief: as pack_terms, with the Keccak of the packed validators in their place, 32 bytes.

    Every verb but funding, `claim`, `propose` and a batch's first takes this form: the job is the same, the calldata
    shorter. Raises ValueError as pack_terms does.
    """
    packed = pack_terms(terms)
    return packed[:FIXED_BYTES] + keccak(packed[FIXED_BYTES:])


def unpack_terms(data: bytes) -> JobTerms:
    """The inverse of pack_terms. Raises ValueError for any other length or order of validators."""
    tail = len(data) - FIXED_BYTES
    if tail < 0 or tail % 20:
        raise ValueError(f"packed terms are {FIXED_BYTES} bytes and 20 for each validator, not {len(data)}")
    values: dict[str, int | str | tuple[str, ...]] = {}
    offset = 0
    for name, kind in _FIXED:
        piece = data[offset : offset + _width(kind)]
        offset += len(piece)
        if kind == "address":
            values[name] = to_checksum_address(piece)
        elif kind == "bytes32":
            values[name] = "0x" + piece.hex()
        else:
            values[name] = int.from_bytes(piece, "big")
    values["validators"] = tuple(to_checksum_address(data[at : at + 20]) for at in range(offset, len(data), 20))
    terms = JobTerms(**values)  # type: ignore[arg-type]  # the table that built `values` is the one JobTerms mirrors
    _packed_validators(terms)
    return terms


def terms_from_hex(text: str) -> JobTerms:
    """Packed terms as an event or a record carries them, in hex after ``0x``. Raises ValueError as unpack_terms."""
    return unpack_terms(bytes.fromhex(text.removeprefix("0x")))


def terms_values(terms: JobTerms) -> dict[str, object]:
    """The members of the terms by their names in EIP-712, the validators packed. Raises ValueError as pack_terms."""
    values: dict[str, object] = {
        name: getattr(terms, _attribute(name)) for name, kind in JOB_TERMS.members if kind != "bytes"
    }
    return values | {"validators": _packed_validators(terms)}


def job_id_of(terms: JobTerms, chain_id: int, escrow: str) -> str:
    """The JobId: the EIP-712 digest of the terms for the escrow at `escrow` on `chain_id`.

    Raises ValueError as pack_terms does.
    """
    return typed_digest(JOB_TERMS, terms_values(terms), chain_id, escrow)


def fee_of(terms: JobTerms) -> int:
    """The fee in base units, rounded down, owed on any signed verdict and on nothing else."""
    return terms.budget * terms.fee_bps // BPS


def claim_bond_of(terms: JobTerms) -> int:
    """The bond of a claim in base units, rounded up; 0 where the worker is named."""
    return -(-terms.budget * terms.claim_bond_bps // BPS)


def dispute_bond_of(terms: JobTerms) -> int:
    """The bond of a dispute in base units, rounded up."""
    return -(-terms.budget * terms.dispute_bond_bps // BPS)

"""The canonical form of a job spec, its digest, and the way back."""

from __future__ import annotations

from oracle.encoding import CanonicalError, Finding, InputRejected, canonical_bytes, parse_canonical, sha256_hex
from oracle.spec.model import JobSpec
from oracle.spec.reading.diagnosis import diagnose
from oracle.spec.reading.document import Document


def canonical_spec(spec: JobSpec) -> bytes:
    """The RFC 8785 JSON of `spec`: every field present, those not set as null."""
    return canonical_bytes(spec.model_dump(mode="json"))


def spec_hash(spec: JobSpec) -> str:
    """SHA-256 of the canonical form, ``0x`` + 64 hexadecimal digits: what is signed, and what the terms carry."""
    return sha256_hex(canonical_spec(spec))


def read_spec(data: object, source: str) -> JobSpec:
    """The spec that plain JSON `data` says. Raises InputRejected, naming `source`, with every fault."""
    diagnosis = diagnose(JobSpec, Document(data=data))
    if diagnosis.model is None:
        raise InputRejected(source, diagnosis.findings)
    return diagnosis.model


def parse_canonical_spec(data: bytes) -> JobSpec:
    """The spec whose canonical form is exactly `data`; it names no files to look at.

    Raises InputRejected if `data` is not a spec, or one in another form: a digest must have one preimage.
    """
    remedy = "take the bytes that canonical_spec wrote, unchanged"
    try:
        value = parse_canonical(data)
    except CanonicalError as error:
        raise InputRejected("normalised spec", [Finding(error.where, None, error.reason, remedy)]) from error
    spec = read_spec(value, "normalised spec")
    if canonical_spec(spec) != data:
        reason = "values are not in their normal form, or defaults are left out"
        raise InputRejected("normalised spec", [Finding("", None, reason, remedy)])
    return spec

"""The manifest of a run: the digests of all that a stranger needs to judge it again, and to run it again.

Where a spec orders one (`result.schema_id: run-manifest/1`), a delivery's second word on-chain is the manifest's digest
in place of the sorted shots' own, which the manifest carries. The first stays the digest of the packed shots alone, so
that a replay is found as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from oracle.encoding import CanonicalError, canonical_bytes, is_digest, parse_canonical, sha256_hex
from oracle.encoding.errors import OracleError

SCHEMA = "run-manifest/1"
LONGEST_BACKEND = 200


class ManifestRejected(OracleError, ValueError):
    """Bytes that are no manifest; the message says what is wrong with them."""


@dataclass(frozen=True)
class RunManifest:
    """Digests by name. Raises ManifestRejected for what is no digest, and for a backend that is no line of text."""

    spec: str
    """The normalised spec that the run was for: its spec hash."""
    circuit: str
    """OpenQASM 3, as the spec commits to it."""
    shots: str
    """The packed shots."""
    multiset: str
    """The packed shots, sorted: equal for a result that was only shuffled."""
    backend: str
    """The target's name, as its provider calls it."""
    receipt: str
    """What the provider says it did, with the circuit as it was run."""
    calibration: str | None = None
    """The device's properties at run time; None for a simulation without noise."""
    convergence: str | None = None
    """How best and mean value came about over the run; None where the spec does not ask."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "backend":
                if not isinstance(value, str) or not 0 < len(value) <= LONGEST_BACKEND or not value.isprintable():
                    raise ManifestRejected(f"backend is no line of 1 to {LONGEST_BACKEND} characters")
            elif value is None:
                if item.name not in ("calibration", "convergence"):
                    raise ManifestRejected(f"{item.name} is missing")
            elif not isinstance(value, str) or not is_digest(value):
                raise ManifestRejected(f"{item.name} is not 0x and 64 lower-case hexadecimal digits")

    def to_bytes(self) -> bytes:
        """The canonical JSON that is stored and delivered."""
        return canonical_bytes({"schema": SCHEMA} | {item.name: getattr(self, item.name) for item in fields(self)})

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return sha256_hex(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> RunManifest:
        """The manifest whose bytes are exactly `data`. Raises ManifestRejected for any other bytes."""
        try:
            value = parse_canonical(data)
        except CanonicalError as error:
            raise ManifestRejected(f"not canonical JSON: {error}") from error
        names = {item.name for item in fields(cls)}
        if not isinstance(value, dict) or value.pop("schema", None) != SCHEMA or value.keys() != names:
            raise ManifestRejected(f"not a {SCHEMA} with the members {', '.join(sorted(names))}")
        return cls(**value)

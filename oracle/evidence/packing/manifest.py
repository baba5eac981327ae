"""The manifest: what is in a bundle, and what is not and why; and the same for programs that read RO-Crate.

All that it says of a member follows from the member's path, its content and what it is (its sort), so that there is one
manifest for given members, and a reader makes it again and compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oracle.artifacts.kinds import ArtifactKind
from oracle.encoding import CanonicalError, OracleError, canonical_bytes, is_digest, parse_canonical, sha256_hex

SCHEMA = "evidence/1"
MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"
LARGEST_MANIFEST = 4 << 20
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_JOB = re.compile(r"job_[0-9a-hjkmnp-tv-z]{10}")


class ListRejected(OracleError, ValueError):
    """Bytes that are no manifest of a bundle; the message says what is wrong with them."""


class Sort(StrEnum):
    """What a member is that is no artifact of the run; artifacts are of their `ArtifactKind`."""

    CHAIN = "chain"
    CRATE = "crate"
    EVENT_LOG = "event_log"
    TERMS = "terms"
    TRANSACTION = "transaction"


_JSON, _TEXT, _BYTES = "application/json", "text/plain", "application/octet-stream"
_ABOUT: Mapping[str, tuple[str, str]] = {
    ArtifactKind.ORIGINAL_SPEC: ("application/yaml", "the job spec as the requester wrote it"),
    ArtifactKind.NORMALISED_SPEC: (_JSON, "a job spec in its canonical form; its SHA-256 is a spec hash"),
    ArtifactKind.CODE_VERSION: (_TEXT, "the generator that wrote the circuit"),
    ArtifactKind.CIRCUIT: (_TEXT, "the circuit, OpenQASM 3"),
    ArtifactKind.BASELINE: (_JSON, "the integers that the result is judged against"),
    ArtifactKind.REQUESTER_BASELINE: (_JSON, "the requester's own prediction"),
    ArtifactKind.SIMULATION_OUTPUT: (_JSON, "what the simulation found"),
    ArtifactKind.ROUTING_DECISION: (_JSON, "every candidate, with every reason for and against"),
    ArtifactKind.GATE_REPORT: (_JSON, "every gate's answer before the run"),
    ArtifactKind.PROVIDER_JOB: (_JSON, "the provider's receipt of its own job"),
    ArtifactKind.CALIBRATION_SNAPSHOT: (_JSON, "the device's calibration at run time"),
    ArtifactKind.RAW_RESULT: (_BYTES, "every shot in its order, packed-shots/1; its SHA-256 is the result hash"),
    ArtifactKind.RUN_MANIFEST: (_JSON, "the digests of the run's papers"),
    ArtifactKind.CONVERGENCE: (_JSON, "how best and mean value came about over the run"),
    ArtifactKind.VERDICT_DOCUMENT: (_JSON, "what a verdict was decided on; its SHA-256 is the evidence hash"),
    ArtifactKind.ATTESTATIONS: (_JSON, "one validator's signature over a verdict"),
    ArtifactKind.SETTLEMENT_RECEIPT: (_JSON, "what emptied the escrow, and the chain's log of it"),
    Sort.CRATE: ("application/ld+json", "this list again, for readers of RO-Crate 1.1"),
    Sort.CHAIN: (_JSON, "the chain, and where the escrow is on it"),
    Sort.EVENT_LOG: ("application/jsonl", "every signed event of the job, one a line, in canonical JSON"),
    Sort.TERMS: (_BYTES, "the terms as they are signed and hashed, packed"),
    Sort.TRANSACTION: (_JSON, "a transaction's receipt, and the proof that its block has it"),
}
"""Media type of each sort of member, and what it is in words."""


@dataclass(frozen=True)
class Missing:
    """Something that the job's record names and the bundle has not."""

    sort: str
    name: str
    """Its digest; of a transaction its hash."""
    reason: str


@dataclass(frozen=True)
class BundleManifest:
    """What a bundle says of itself."""

    job: str
    """The job's id, ``job_…``."""
    escrow_id: str | None
    """JobId; None for a job without terms."""
    sorts: Mapping[str, str]
    """What each member is, by path; all members but the manifest itself."""
    missing: tuple[Missing, ...]
    as_of: str
    """Time of the job's last event: the record is the bundle's up to then."""

    def to_bytes(self, members: Mapping[str, bytes]) -> bytes:
        """The canonical JSON of this manifest over the contents `members`, by path."""
        return canonical_bytes(
            {
                "schema": SCHEMA,
                "job": self.job,
                "escrow_id": self.escrow_id,
                "as_of": self.as_of,
                "members": [
                    {
                        "path": path,
                        "sort": sort,
                        "about": _ABOUT[sort][1],
                        "media_type": _ABOUT[sort][0],
                        "bytes": len(members[path]),
                        "sha256": sha256_hex(members[path])[2:],
                    }
                    for path, sort in sorted(self.sorts.items())
                ],
                "missing": [{"sort": each.sort, "name": each.name, "reason": each.reason} for each in self.missing],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> BundleManifest:
        """The manifest in `data`, whose members nobody has looked at yet. Raises ListRejected."""
        if len(data) > LARGEST_MANIFEST:
            raise ListRejected(f"{len(data):,} bytes; a manifest has up to {LARGEST_MANIFEST:,}")
        try:
            value = parse_canonical(data)
        except CanonicalError as error:
            raise ListRejected(f"not canonical JSON: {error}") from error
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            raise ListRejected(f"its schema is not {SCHEMA}")
        job, escrow_id, as_of = value.get("job"), value.get("escrow_id"), value.get("as_of")
        if not isinstance(job, str) or not _JOB.fullmatch(job):
            raise ListRejected(f"job {str(job)[:40]!r} is not a job id such as job_8f31xk2m9q")
        if escrow_id is not None and not (isinstance(escrow_id, str) and is_digest(escrow_id)):
            raise ListRejected("escrow_id is neither null nor a digest")
        if not isinstance(as_of, str) or not _TIME.fullmatch(as_of):
            raise ListRejected("as_of is not a time such as 2026-06-01T12:00:00.000000Z")
        sorts = {row[0]: row[1] for row in _texts(value, "members", ("path", "sort"))}
        if unknown := sorted(set(sorts.values()) - _ABOUT.keys()):
            raise ListRejected(f"members of a sort that no bundle has: {', '.join(unknown)[:200]}")
        missing = tuple(Missing(*texts) for texts in _texts(value, "missing", ("sort", "name", "reason")))
        return cls(job, escrow_id, sorts, missing, as_of)


def _texts(value: Mapping[str, object], name: str, keys: Sequence[str]) -> list[tuple[str, ...]]:
    rows = value.get(name)
    if not isinstance(rows, list):
        raise ListRejected(f"{name} is no list")
    found: list[tuple[str, ...]] = []
    for index, row in enumerate(rows):
        values = [row.get(key) for key in keys] if isinstance(row, dict) else []
        texts = tuple(each for each in values if isinstance(each, str))
        if len(texts) != len(keys):
            raise ListRejected(f"{name}[{index}] has not the texts {', '.join(keys)}")
        found.append(texts)
    return found


def crate(manifest: BundleManifest, members: Mapping[str, bytes]) -> bytes:
    """The RO-Crate 1.1 metadata of the same members: JSON-LD in canonical JSON (https://w3id.org/ro/crate/1.1)."""
    files = [path for path in sorted((*manifest.sorts, MANIFEST)) if path != CRATE]
    known: list[dict[str, object]] = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "datePublished": manifest.as_of,
            "description": "All that the verdict and the payment of one job follow from. manifest.json says what each "
            "file is, and what is missing.",
            "hasPart": [{"@id": path} for path in files],
            "identifier": manifest.job,
            "license": {"@id": "#license"},
            "name": f"Evidence of {manifest.job}",
        },
        {
            "@id": "#license",
            "@type": "CreativeWork",
            "description": "The rights in these files are their makers'. Nothing is granted here.",
            "name": "All rights reserved",
        },
    ]
    for path in files:
        entry: dict[str, object] = {"@id": path, "@type": "File"}
        if path == MANIFEST:
            # Its size is left out: it lists this file, and follows from it.
            entry |= {"encodingFormat": _JSON, "name": "what is in this bundle, and what is not"}
        else:
            media_type, about = _ABOUT[manifest.sorts[path]]
            size = len(members[path])
            entry |= {"contentSize": str(size), "encodingFormat": media_type, "name": about}
            entry["sha256"] = sha256_hex(members[path])[2:]
        known.append(entry)
    return canonical_bytes(
        {
            "@context": [
                "https://w3id.org/ro/crate/1.1/context",
                {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
            ],
            "@graph": known,
        }
    )

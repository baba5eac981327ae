"""Bundles as a forger makes them: changed, and sealed again."""

from __future__ import annotations

from collections.abc import Mapping

from oracle.encoding import sha256_hex
from oracle.evidence import Bundle, EvidenceReport, Missing, Piece, verify, write_bundle
from oracle.evidence.bundle import artifact_path
from oracle.evidence.manifest import CRATE
from router.protocol.evidence import event_checks


def verified(data: bytes) -> EvidenceReport:
    """The report with the event log read, as `compute verify` has it."""
    return verify(data, (event_checks,))[0]


def sealed(
    bundle: Bundle, changed: Mapping[str, bytes | None], missing: tuple[Missing, ...] | None = None, **names: str
) -> bytes:
    """The bundle with members changed (None: left out), and every name, digest and list made anew."""
    pieces = []
    for path, sort in bundle.manifest.sorts.items():
        data = changed.get(path, bundle.members[path])
        if path == CRATE or data is None:
            continue
        at = artifact_path(sha256_hex(data)) if path.startswith("artifacts/") else path
        pieces.append(Piece(at, sort, data))
    manifest = bundle.manifest
    job, escrow_id = names.get("job", manifest.job), names.get("escrow_id", manifest.escrow_id)
    told = manifest.missing if missing is None else missing
    return write_bundle(job, escrow_id, names.get("as_of", manifest.as_of), pieces, told)

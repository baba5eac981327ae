"""`reproduce/1`: the papers of a run, there and hashing to what was committed.

The delivery commits to a manifest, the manifest to the papers. Each is looked at for what it must agree with: the spec
and its circuit, the number of shots, the backend's name, and a convergence document in every byte, for it follows from
the shots. These are facts, without an error rate; they take no share of alpha or beta.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracle.artifacts.manifest import ManifestRejected, RunManifest
from oracle.artifacts.shots import PackedShots
from oracle.encoding import CanonicalError, parse_canonical, sha256_hex
from oracle.statistics.observables.convergence import convergence_document
from oracle.statistics.rules import ObjectiveRule
from oracle.verdict.reasons import Reason

CALIBRATION = "calibration/1"
"""The schema of a calibration snapshot."""
HARDWARE = "hardware"
"""What a receipt calls the method of a run that was no simulation."""


@dataclass(frozen=True)
class Papers:
    """What came with the shots, and what it is held against."""

    manifest_hash: str
    """The delivery's second word."""
    contents: Mapping[str, bytes | None]
    """The manifest and what `named_in` finds in it, by digest; None for what could not be fetched in time."""
    circuit: str
    """Digest of the circuit that the spec commits to."""
    calibration_required: bool
    """Whether the spec allows no run without a device."""


def named_in(manifest: bytes | None) -> tuple[str, ...]:
    """Digests of the papers that `manifest` names beside shots, spec and circuit; none if it is not one."""
    if manifest is None:
        return ()
    try:
        read = RunManifest.from_bytes(manifest)
    except ManifestRejected:
        return ()
    return tuple(digest for digest in (read.receipt, read.calibration, read.convergence) if digest is not None)


def paper_faults(
    papers: Papers, spec_hash: str, shots: PackedShots, objective: ObjectiveRule | None
) -> tuple[str, ...]:
    """The reason codes of all that is missing or does not agree, in a fixed order; none if the papers are in order."""
    data = _fetched(papers.contents, papers.manifest_hash)
    if isinstance(data, Reason):
        return (data.about("manifest"),)
    try:
        manifest = RunManifest.from_bytes(data)
    except ManifestRejected:
        return (Reason.PAPER_MALFORMED.about("manifest"),)
    receipt = _read(papers.contents, manifest.receipt)
    looks = {
        "spec": _unless(manifest.spec == spec_hash),
        "circuit": _unless(manifest.circuit == papers.circuit),
        "shots": _unless((manifest.shots, manifest.multiset) == (shots.result_hash, shots.multiset_hash)),
        "receipt": _agrees(receipt, shots=shots.count, target=manifest.backend),
        "calibration": _calibration(papers, manifest, receipt),
        "convergence": _convergence(papers, manifest, shots, objective),
    }
    return tuple(fault.about(name) for name, fault in looks.items() if fault is not None)


def _unless(right: bool) -> Reason | None:
    return None if right else Reason.PAPER_MISMATCH


def _fetched(contents: Mapping[str, bytes | None], digest: str) -> bytes | Reason:
    data = contents.get(digest)
    if data is None:
        return Reason.PAPER_UNAVAILABLE
    return data if sha256_hex(data) == digest else Reason.PAPER_UNAVAILABLE


def _read(contents: Mapping[str, bytes | None], digest: str) -> dict[str, Any] | Reason:
    """The JSON object under `digest`, or why there is none."""
    data = _fetched(contents, digest)
    if isinstance(data, Reason):
        return data
    try:
        value = parse_canonical(data)
    except CanonicalError:
        return Reason.PAPER_MALFORMED
    return value if isinstance(value, dict) else Reason.PAPER_MALFORMED


def _agrees(paper: dict[str, Any] | Reason, **expected: object) -> Reason | None:
    if isinstance(paper, Reason):
        return paper
    return _unless(
        all(type(paper.get(name)) is type(value) and paper[name] == value for name, value in expected.items())
    )


def _calibration(papers: Papers, manifest: RunManifest, receipt: dict[str, Any] | Reason) -> Reason | None:
    if manifest.calibration is None:
        # A simulation without noise has none; a run that was on a device, or had to be, does.
        on_device = isinstance(receipt, dict) and receipt.get("method") == HARDWARE
        return Reason.PAPER_MISSING if papers.calibration_required or on_device else None
    paper = _read(papers.contents, manifest.calibration)
    return _agrees(paper, schema=CALIBRATION, device=manifest.backend)


def _convergence(
    papers: Papers, manifest: RunManifest, shots: PackedShots, objective: ObjectiveRule | None
) -> Reason | None:
    if objective is None or not objective.convergence:
        return None if manifest.convergence is None else Reason.PAPER_MISMATCH
    if manifest.convergence is None:
        return Reason.PAPER_MISSING
    if manifest.convergence != sha256_hex(convergence_document(objective, shots.values())):
        return Reason.PAPER_MISMATCH
    data = _fetched(papers.contents, manifest.convergence)
    return data if isinstance(data, Reason) else None

"""A job's evidence in one file, the bundle, and what anybody derives again from its bytes alone."""

from oracle.evidence.bundle import Bundle, BundleRejected, Piece, read_bundle, write_bundle
from oracle.evidence.checks import CheckResult, EvidenceCheck, EvidenceReport
from oracle.evidence.manifest import BundleManifest, Missing, Sort
from oracle.evidence.verifying import verify

__all__ = [
    "Bundle",
    "BundleManifest",
    "BundleRejected",
    "CheckResult",
    "EvidenceCheck",
    "EvidenceReport",
    "Missing",
    "Piece",
    "Sort",
    "read_bundle",
    "verify",
    "write_bundle",
]

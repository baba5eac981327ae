"""The artifacts of a run, one name each; the same names in records, listings and bundles."""

from __future__ import annotations

from enum import StrEnum


class ArtifactKind(StrEnum):
    """What an artifact is. Its content is found by digest; its kind is what a record says about that digest."""

    ORIGINAL_SPEC = "original_spec"
    """The job spec's bytes as the requester wrote them."""
    NORMALISED_SPEC = "normalised_spec"
    """The canonical JSON whose digest is the spec hash."""
    CODE_VERSION = "code_version"
    """The version of the code, or the digest of the image, that ran."""
    CIRCUIT = "circuit"
    """The circuit as OpenQASM 3."""
    BASELINE = "baseline"
    """The integers the verdict is judged against."""
    REQUESTER_BASELINE = "requester_baseline"
    """The requester's own prediction, as its file says it."""
    SIMULATION_OUTPUT = "simulation_output"
    ROUTING_DECISION = "routing_decision"
    """Every candidate with every reason for and against."""
    GATE_REPORT = "gate_report"
    """Every gate's answer, with the budget locked."""
    PROVIDER_JOB = "provider_job"
    """The provider's reference of its own job."""
    CALIBRATION_SNAPSHOT = "calibration_snapshot"
    """The device's calibration, taken at run time."""
    RAW_RESULT = "raw_result"
    """Packed per-shot memory; its digest is the result hash."""
    RUN_MANIFEST = "run_manifest"
    """The digests of a run's papers, where the spec orders it."""
    CONVERGENCE = "convergence"
    """How best and mean value came about over an optimisation's run."""
    VERDICT_DOCUMENT = "verdict_document"
    """The canonical JSON whose digest is the evidence hash."""
    ATTESTATIONS = "attestations"
    """The validators' signatures over the verdict."""
    SETTLEMENT_RECEIPT = "settlement_receipt"
    """What the chain's log that emptied the escrow did to the job, and where that log is."""

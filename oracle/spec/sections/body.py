"""A job spec as a whole: all of its sections. Each is frozen, and refuses unknown keys."""

from __future__ import annotations

from typing import Annotated

from oracle.spec.fields import Did, OneOf, Section, Text, documented
from oracle.spec.sections.budget import Budget
from oracle.spec.sections.course import Cancellation, ResultSchema, Settlement, Timeouts
from oracle.spec.sections.inputs import Inputs
from oracle.spec.sections.job_types import KIND_OF
from oracle.spec.sections.job_types.inference import Inference
from oracle.spec.sections.job_types.media import Media
from oracle.spec.sections.job_types.quantum import Quantum
from oracle.spec.sections.job_types.script import Script
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.spec.sections.records import Promotion, SimulationRecord
from oracle.spec.sections.validation import Validation

JobType = Annotated[str, OneOf(tuple(KIND_OF))]


class SpecBody(Section):
    """Every section of a job spec, each good by itself; whether they agree is for `oracle.spec.validation` to say."""

    job_type: JobType = documented(
        "quantum_experiment, media_transcode, inference or script.", example="quantum_experiment"
    )
    version: Text = documented("The version of the job type's definition.", example="2026-06")
    requester: Did = documented("Who asks for the job and signs this spec.", example="did:example:buyer123")
    inputs: Inputs = documented(
        "What goes in.", default_factory=Inputs, example={"dataset_ref": "ipfs://example-input-hash"}
    )
    quantum: Quantum | None = documented(
        "The circuit, for a quantum_experiment.",
        default=None,
        example={"circuit_ref": "./circuits/optimizer.py", "shots": 4000},
    )
    media: Media | None = documented(
        "For a media_transcode.", default=None, example={"input": "./talk.mov", "profile": "h264-1080p"}
    )
    inference: Inference | None = documented(
        "For an inference.", default=None, example={"model": "./models/classifier.onnx", "input": "./batch.json"}
    )
    script: Script | None = documented(
        "For a script.",
        default=None,
        example={"image": "registry.local/reports:2.1", "command": ["python", "report.py"]},
    )
    budget: Budget = documented("What it may cost.", example={"max_usd_equivalent": 25})
    timeouts: Timeouts = documented(
        "How long each stage may take.", default_factory=Timeouts, example={"execution_s": 3600}
    )
    cancellation: Cancellation = documented(
        "How long it may be cancelled.", default_factory=Cancellation, example={"until": "submitted"}
    )
    result: ResultSchema = documented(
        "The form of the result.", default_factory=ResultSchema, example={"schema_id": "packed-shots/1"}
    )
    validation: Validation = documented("How it is judged.", example={"method": "distribution_threshold"})
    settlement: Settlement = documented(
        "How money moves.", default_factory=Settlement, example={"release_on": "validated"}
    )
    promotion_policy: PromotionPolicy | None = documented(
        "Stricter conditions for hardware than the operator's.",
        default=None,
        example={"require_baseline_distance_below": 0.08},
    )
    simulation: SimulationRecord | None = documented(
        "Filled in by simulate.",
        default=None,
        example={
            "circuit_hash": "0x" + "c1" * 32,
            "baseline_root": "0x" + "ba" * 32,
            "simulation_digest": "0x" + "51" * 32,
            "baseline_distance": "1/50",
            "qubits": 5,
            "depth": 11,
            "two_qubit_gates": 20,
        },
    )
    promotion: Promotion | None = documented(
        "Filled in by promote.",
        default=None,
        example={"parent": "0x" + "a1" * 32, "target": "ibm", "max_usd_equivalent": 25},
    )

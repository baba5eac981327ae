"""The sections of a job spec. Each is frozen, and refuses unknown keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from oracle.spec.fields import (
    Address,
    BaseUnits,
    Bps,
    Count,
    Did,
    Digest,
    Distance,
    PositiveInt,
    Proportion,
    RelativePath,
    Seconds,
    Section,
    Text,
    Token,
    Usd,
    WindowSeconds,
    documented,
    fault,
    whole,
)
from oracle.spec.promotion import PromotionPolicy
from oracle.spec.quote import Quote
from oracle.spec.validation.hull import Hull
from oracle.spec.validation.methods import Certificate, Guard, JobClass
from oracle.spec.validation.observables import Objective, Observable
from oracle.spec.validation.shares import MOST_ROUNDS, RoundShare

JobType = Literal["quantum_experiment", "media_transcode", "inference", "script"]
Method = Literal["distribution_threshold", "media_checks", "label_agreement", "output_digest"]
BackendPolicy = Literal["simulator_only", "ibm_or_simulator", "ibm_only"]


class Inputs(Section):
    """What goes in, by reference and by digest."""

    dataset_ref: Text | None = documented(
        "Where the input data is: a URI, or a path below the spec's folder.",
        default=None,
        example="ipfs://example-input-hash",
    )
    input_hash: Digest | None = documented(
        "SHA-256 of the input data; computed for a local file.", default=None, example="0x" + "5e" * 32
    )
    preprocessing_image: Text | None = documented(
        "Image of the classical preprocessing, best with its digest.",
        default=None,
        example="registry.local/qprep:1.4.2",
    )
    unresolved: tuple[Text, ...] = documented(
        "References above that nobody here has resolved; filled in by normalisation.",
        default=(),
        example=["ipfs://example-input-hash"],
    )


class Quantum(Section):
    """The circuit and where it may run."""

    framework: Literal["qiskit"] = documented("What the generator is written for.", default="qiskit", example="qiskit")
    circuit_ref: RelativePath | None = documented(
        "A Python generator or a file of OpenQASM 3 or 2, relative to the spec.",
        default=None,
        example="./circuits/optimizer.py",
    )
    circuit_hash: Digest | None = documented(
        "SHA-256 of the circuit's OpenQASM 3; filled in by simulate.", default=None, example="0x" + "c1" * 32
    )
    circuit_family: Text | None = documented(
        "A name for circuits alike; a new family may need an approval.", default=None, example="maxcut-qaoa"
    )
    backend_policy: BackendPolicy = documented(
        "simulator_only, ibm_or_simulator or ibm_only.", default="ibm_or_simulator", example="ibm_or_simulator"
    )
    max_queue_minutes: Annotated[int, whole(1, 60 * 24 * 30)] = documented(
        "The longest wait in a provider's queue, in minutes.", default=120, example=120
    )
    shots: Annotated[int, whole(1, 10**7)] = documented("Repetitions of the circuit.", example=4000)
    max_qubits: Annotated[int, whole(1, 1024)] | None = documented(
        "Refuse a generated circuit wider than this.", default=None, example=6
    )


class Media(Section):
    """A transcoding."""

    input: Text = documented("The file or URI to transcode.", example="./talk.mov")
    profile: Text = documented("The name of the output profile.", example="h264-1080p")


class Inference(Section):
    """A model applied to inputs."""

    model: Text = documented("The model, best with its digest.", example="./models/classifier.onnx")
    input: Text = documented("The file or URI with the inputs.", example="./batch.json")


class Script(Section):
    """A program in an image."""

    image: Text = documented("The image, best with its digest.", example="registry.local/reports:2.1")
    command: tuple[Text, ...] = documented("The program and its arguments.", example=["python", "report.py"])


class Metering(Section):
    """How the worker's share follows from use."""

    unit: Literal["job", "shot"] = documented(
        "shot: price_usd for each that is delivered; job: the whole budget less the fee, whatever was used.",
        default="job",
        example="shot",
    )
    price_usd: Usd | None = documented(
        "US dollars for one shot, with unit shot; left out: the operator's price.", default=None, example="0.005"
    )


class Budget(Section):
    """The most that can be spent, and in what."""

    max_usd_equivalent: Usd = documented("The most this job may cost, in US dollars.", example=25)
    token: Token | None = documented(
        "native, or a token's address; left out: the deployment's token.", default=None, example="native"
    )
    metering: Metering = documented("How use is priced.", default_factory=Metering, example={"unit": "shot"})
    quote: Quote | None = documented(
        "The rate that turned US dollars into tokens; pinned by promote.",
        default=None,
        example={
            "token": "native",
            "symbol": "ETH",
            "decimals": 18,
            "usd_per_token": "3150.25",
            "source": "operator: fixed rate",
            "quoted_at": "2026-06-01T12:00:00Z",
        },
    )
    amount: BaseUnits | None = documented(
        "The budget in the token's base units; computed by promote.", default=None, example="7935878104912308"
    )


class Timeouts(Section):
    """How long each stage may take, in seconds."""

    queue_s: Annotated[int, whole(0, 30 * 86_400)] | None = documented(
        "In a provider's queue; left out: quantum.max_queue_minutes.", default=None, example=7200
    )
    execution_s: Seconds = documented("Running, once it left the queue.", default=3600, example=3600)
    result_s: Seconds = documented("From the end of the run to the delivery on-chain.", default=900, example=900)
    verdict_s: Annotated[int, whole(7200, 366 * 86_400)] = documented(
        "From the last moment of delivery to the last moment of a verdict.", default=7200, example=7200
    )
    total_s: Annotated[int, whole(7200, 366 * 86_400)] | None = documented(
        "From funding to the last moment of a verdict; left out: the sum of the others.", default=None, example=18900
    )


class Cancellation(Section):
    """How long the requester may still cancel alone."""

    until: Literal["approved", "submitted", "running"] = documented(
        "The last state in which the requester may cancel.", default="submitted", example="submitted"
    )


class ResultSchema(Section):
    """The form in which the result is delivered."""

    schema_id: Literal["packed-shots/1", "run-manifest/1", "file/1"] = documented(
        "packed-shots/1: every shot, packed; run-manifest/1: the same, with the digests of the run's papers.",
        default="packed-shots/1",
        example="packed-shots/1",
    )


ADDED_LATER = ("f_max", "guards", "hull", "job_class", "objective", "observable", "rounds")
"""Fields of `validation` that signed specs exist without: left out of the bytes while they are not set."""


class Validation(Section):
    """How the result is judged. The error rates and thresholds are exact numbers."""

    method: Method = documented(
        "distribution_threshold is the certified test; never a bare distance.", example="distribution_threshold"
    )
    job_class: JobClass | None = documented(
        "What the job is for; it chooses the certificates that the spec does not name.",
        default=None,
        example="smoke_test",
    )
    baseline_ref: RelativePath | None = documented(
        "The requester's own baseline, relative to the spec; need not exist yet.",
        default=None,
        example="./baselines/simulated.json",
    )
    baseline_root: Digest | None = documented(
        "Digest of the baseline that verdicts use; filled in by simulate.", default=None, example="0x" + "ba" * 32
    )
    certificates: tuple[Certificate, ...] | None = documented(
        "What must hold to accept; left out: what the job class asks for, or without one tvd.certified/1 and "
        "witness.levelset/1, up to 6 measured bits.",
        default=None,
        example=["tvd.certified/1", "witness.levelset/1"],
    )
    guards: tuple[Guard, ...] | None = documented(
        "What rejects a result that no honest run shows; left out: those that suit the certificates; [] for none.",
        default=None,
        example=["dispersion.window/1", "duplicates.divisor/1", "homogeneity.blocks/1", "repeats.lag1/1"],
    )
    alpha: Proportion = documented("The most often a bad result may be accepted.", default="1/100", example=0.01)
    beta: Proportion = documented("The most often an honest result may be rejected.", default="1/100", example=0.01)
    eps: Proportion = documented(
        "Accepted results lie certifiably nearer to the baseline than this (total variation).",
        default="1/4",
        example=0.25,
    )
    honest_eps: Proportion = documented(
        "An honest worker stays within this distance; not below eps.", default="1/4", example=0.25
    )
    f_min: Proportion = documented(
        "Accepted results have a certified fidelity above this.", default="7/10", example=0.7
    )
    honest_f: Proportion = documented(
        "An honest worker reaches this fidelity; not above f_min.", default="7/10", example=0.7
    )
    f_max: Proportion | None = documented(
        "No device reaches a fidelity above this: a better result is a simulator's, and rejected.",
        default=None,
        example=0.97,
    )
    hull: Hull | None = documented(
        "The noises that are honest: distances are then from the nearest mixture with them, not from the ideal law.",
        default=None,
        example={"reach": "1/5", "vertices": [{"kind": "uniform", "most": "1/5"}]},
    )
    rounds: tuple[RoundShare, ...] | None = documented(
        "Shots and error rates of each round, where settlement.max_rounds is above 1; left out: equal parts.",
        default=None,
        example=[{"shots": 4000, "alpha": "1/200"}, {"shots": 8000, "alpha": "1/200"}],
    )

    observable: Observable | None = documented(
        "What expectation.ci/1 certifies the mean of.",
        default=None,
        example={"terms": [{"letters": "IIIZZ", "coefficient": 1}], "delta": 1},
    )
    objective: Objective | None = documented(
        "What best_value.exact/1 judges an optimisation by.",
        default=None,
        example={"direction": "minimise", "terms": [{"letters": "IIIZZ", "coefficient": 1}], "target": -1},
    )

    @field_validator("certificates")
    @classmethod
    def _one_form(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not value or len(set(value)) != len(value):
            raise fault(
                "certificates",
                "certificates are named once each, at least one",
                "write certificates: [tvd.certified/1, witness.levelset/1], or leave it out",
            )
        return tuple(sorted(value))

    @field_validator("guards")
    @classmethod
    def _each_once(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        if len(set(value)) != len(value):
            raise fault(
                "guards", "guards are named once each", "write guards: [dispersion.window/1, duplicates.divisor/1]"
            )
        return tuple(sorted(value))

    @model_serializer(mode="wrap")
    def _as_signed(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Specs that were signed before there was such a field say nothing of it, and must keep their bytes.
        data: dict[str, Any] = standard(self)
        for name in ADDED_LATER:
            if getattr(self, name) is None:
                del data[name]
        return data


class Settlement(Section):
    """How money moves, and what happens when the ordinary course fails. Shares are of the budget, in basis points."""

    release_on: Literal["validated"] = documented(
        "Payment follows a validated result, and nothing else.", default="validated", example="validated"
    )
    challenge_window_s: WindowSeconds = documented(
        "Seconds in which a proposed verdict can be disputed; 0 pays at once.", default=0, example=3600
    )
    ruling_window_s: WindowSeconds = documented("Seconds the arbiter has for a ruling.", default=0, example=86400)
    silence_bps: Bps = documented(
        "The worker's share when a delivered result gets no verdict in time.", default=5000, example=5000
    )
    inconclusive_bps: Bps = documented("The worker's share after an inconclusive verdict.", default=5000, example=5000)
    fee_bps: Annotated[int, whole(0, 1000)] = documented(
        "The operator's fee on any signed verdict, at most 1000 (10 %).", default=0, example=100
    )
    fee_to: Address | None = documented(
        "Who receives the fee.", default=None, example="0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    )
    quorum: Annotated[int, whole(1, 16)] | None = documented(
        "Validators that must sign alike; left out: the operator's set decides.", default=None, example=2
    )
    arbiter: Address | None = documented(
        "Who rules on disputes.", default=None, example="0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    )
    registry: Address | None = documented(
        "The registry that must admit the validators when the job is funded; left out: nobody is asked.",
        default=None,
        example="0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    )
    max_rounds: Annotated[int, whole(1, MOST_ROUNDS)] = documented(
        "Deliveries in all; 1: no top-up after an inconclusive verdict.", default=1, example=1
    )

    @model_serializer(mode="wrap")
    def _as_before_registries(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Specs that were signed before there were registries say nothing of one, and must keep their bytes.
        data: dict[str, Any] = standard(self)
        if self.registry is None:
            del data["registry"]
        return data


class SimulationRecord(Section):
    """What `simulate` froze into the spec."""

    circuit_hash: Digest = documented("SHA-256 of the circuit's OpenQASM 3.", example="0x" + "c1" * 32)
    baseline_root: Digest = documented("Digest of the baseline.", example="0x" + "ba" * 32)
    simulation_digest: Digest = documented("Digest of the stored simulation output.", example="0x" + "51" * 32)
    baseline_distance: Distance = documented(
        "Total variation between our simulation and the requester's baseline; 0 if it gave none.", example="1/50"
    )
    qubits: PositiveInt = documented("Width of the circuit.", example=5)
    depth: Count = documented("Longest path through the circuit's gates.", example=11)
    two_qubit_gates: Count = documented("Gates on two qubits.", example=20)


class Promotion(Section):
    """What `promote` added: this spec is the child of a simulated one."""

    parent: Digest = documented("Digest of the simulated spec.", example="0x" + "a1" * 32)
    target: Text = documented("Where the requester wants it to run.", example="ibm")
    max_usd_equivalent: Usd = documented("The most this run may cost, in US dollars.", example=25)


class SpecBody(Section):
    """Every section of a job spec, each good by itself; whether they agree is for `checks` to say."""

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

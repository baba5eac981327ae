"""How the result of a job is judged."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from oracle.spec.fields import Digest, OneOf, Proportion, RelativePath, Section, documented, fault, whole
from oracle.spec.sections.hull import Hull
from oracle.spec.sections.job_types import KIND_OF
from oracle.spec.sections.methods import Certificate, Guard, JobClass
from oracle.spec.sections.observables import Objective, Observable

Method = Annotated[str, OneOf(tuple(kind.method for kind in KIND_OF.values()))]

LEFT_OUT = ("f_max", "guards", "hull", "job_class", "objective", "observable", "rounds")
"""Fields of `validation` that a spec says nothing of, in its bytes, while they are not set."""


class RoundShare(Section):
    """One round: the shots it is judged on, and its part of the error rates."""

    shots: Annotated[int, whole(1, 10**7)] | None = documented(
        "Fresh shots of this round; left out: quantum.shots.", default=None, example=4000
    )
    alpha: Proportion | None = documented(
        "This round's part of validation.alpha; left out in every round: equal parts.", default=None, example="1/200"
    )
    beta: Proportion | None = documented(
        "This round's part of validation.beta; left out in every round: equal parts.", default=None, example="1/200"
    )


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

    @property
    def set_fields(self) -> frozenset[str]:
        """The names of the fields that are set."""
        return frozenset(name for name in type(self).model_fields if getattr(self, name) is not None)

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
        data: dict[str, Any] = standard(self)
        for name in LEFT_OUT:
            if getattr(self, name) is None:
                del data[name]
        return data

"""The two policies a job spec carries: how its result is judged, and when it may reach hardware."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import field_validator

from oracle.encoding import format_rational, parse_rational
from oracle.spec.fields import Flag, PositiveInt, Proportion, Section, documented, fault, shown
from oracle.spec.validation.hull import HullBounds
from oracle.spec.validation.methods import resolve_certificates
from oracle.spec.validation.observables import ExpectationRule, ObjectiveRule, check_widths

if TYPE_CHECKING:
    from oracle.spec.model import JobSpec


@dataclass(frozen=True)
class ValidationPolicy:
    """The stated error rates and thresholds of one verdict; every number is exact."""

    alpha: Fraction
    """The most often a result at the accept bound may be accepted."""
    beta: Fraction
    """The most often a result at the honest bound may be rejected."""
    eps: Fraction
    """Accepted results lie certifiably nearer to the baseline than this, in total variation."""
    honest_eps: Fraction
    """An honest worker stays within this distance; never below `eps`."""
    f_min: Fraction
    """Accepted results have a certified fidelity above this."""
    honest_f: Fraction
    """An honest worker reaches this fidelity; never above `f_min`."""
    certificates: tuple[str, ...]
    """Ids of the certificates, ascending; acceptance needs all of them, rejection one."""
    guards: tuple[str, ...] = ()
    """Ids of the guards, ascending; each may reject, none accepts."""
    f_max: Fraction | None = None
    """No device reaches a fidelity above this; None: no upper bound. Above `f_min`."""
    hull: HullBounds | None = None
    """The noises that are honest; None: the ideal law alone is what distances are from."""
    observable: ExpectationRule | None = None
    """What `expectation.ci/1` judges."""
    objective: ObjectiveRule | None = None
    """What `best_value.exact/1` judges."""

    @classmethod
    def of(cls, spec: JobSpec, bits: int) -> ValidationPolicy:
        """The policy of `spec` for a circuit that measures `bits` bits.

        Raises InputRejected if the spec's certificates (see resolve_certificates) or observables do not fit the
        width, or if a vertex of its hull is not committed yet.
        """
        validation = spec.validation
        check_widths(validation.observable, validation.objective, bits)
        return cls(
            alpha=parse_rational(validation.alpha),
            beta=parse_rational(validation.beta),
            eps=parse_rational(validation.eps),
            honest_eps=parse_rational(validation.honest_eps),
            f_min=parse_rational(validation.f_min),
            honest_f=parse_rational(validation.honest_f),
            certificates=resolve_certificates(validation.certificates, bits, validation.job_class),
            # A spec that was normalised before there were guards has none, and its verdicts stay what they were.
            guards=validation.guards or (),
            f_max=None if validation.f_max is None else parse_rational(validation.f_max),
            hull=None if validation.hull is None else HullBounds.of(validation.hull),
            observable=None if validation.observable is None else ExpectationRule.of(validation.observable),
            objective=None if validation.objective is None else ObjectiveRule.of(validation.objective),
        )


_BUDGET_OVER = re.compile(r"budget_over_([1-9][0-9]{0,8})")
_APPROVALS = ("new_circuit_family", "budget_over_N", "unknown_requester")


def _approval_kind(text: str) -> str | None:
    if _BUDGET_OVER.fullmatch(text):
        return "budget_over_N"
    return text if text in _APPROVALS and text != "budget_over_N" else None


class PromotionPolicy(Section):
    """What must hold before a simulated job may reach hardware. The operator sets it; a spec may only tighten it."""

    require_simulation: Flag = documented("Whether a simulation must have passed.", default=True, example=True)
    require_baseline_distance_below: Proportion = documented(
        "Total variation between the simulated distribution and the requester's baseline must be below this.",
        default="2/25",
        example=0.08,
    )
    max_hardware_runs_per_day: PositiveInt = documented(
        "Hardware runs a requester may start in a day.", default=3, example=3
    )
    require_manual_approval_for: tuple[str, ...] = documented(
        "What a person must approve: new_circuit_family, budget_over_N (US dollars), unknown_requester.",
        default=("new_circuit_family", "budget_over_50", "unknown_requester"),
        example=["new_circuit_family", "budget_over_50", "unknown_requester"],
    )

    @field_validator("require_manual_approval_for")
    @classmethod
    def _known_approvals(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if _approval_kind(text) is None:
                raise fault(
                    "approval",
                    f"{shown(text)} is not a reason for approval",
                    "write new_circuit_family, unknown_requester, or a budget such as budget_over_50",
                )
        # One form for one meaning: fixed order, and of several budget limits the lowest, which implies the others.
        limits = [int(match[1]) for text in value if (match := _BUDGET_OVER.fullmatch(text))]
        ordered = {
            "new_circuit_family": ["new_circuit_family"] if "new_circuit_family" in value else [],
            "budget_over_N": [f"budget_over_{min(limits)}"] if limits else [],
            "unknown_requester": ["unknown_requester"] if "unknown_requester" in value else [],
        }
        return tuple(text for kind in _APPROVALS for text in ordered[kind])

    @property
    def approval_above_usd(self) -> int | None:
        """US dollars above which a person approves the budget; None if no budget needs it."""
        limits = [int(m[1]) for text in self.require_manual_approval_for if (m := _BUDGET_OVER.fullmatch(text))]
        return limits[0] if limits else None

    def tightened_by(self, other: PromotionPolicy | None) -> PromotionPolicy:
        """The stricter of both, field by field; a looser wish has no effect."""
        if other is None:
            return self
        nearest = min(
            parse_rational(self.require_baseline_distance_below), parse_rational(other.require_baseline_distance_below)
        )
        return PromotionPolicy(
            require_simulation=self.require_simulation or other.require_simulation,
            require_baseline_distance_below=format_rational(nearest),
            max_hardware_runs_per_day=min(self.max_hardware_runs_per_day, other.max_hardware_runs_per_day),
            require_manual_approval_for=self.require_manual_approval_for + other.require_manual_approval_for,
        )

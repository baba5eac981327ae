"""When a simulated job may reach hardware."""

from __future__ import annotations

import re

from pydantic import field_validator

from oracle.encoding import format_rational, parse_rational
from oracle.spec.fields import Flag, PositiveInt, Proportion, Section, documented, fault, shown

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

"""What a gate is: a small policy object that looks at frozen facts and answers Allow or Deny.

Gates are all evaluated, never only until the first denial, so that a requester sees everything at once. They spend
nothing, ask nobody and keep nothing: whoever evaluates them has gathered the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from oracle.encoding import canonical_bytes, digest_of, parse_canonical
from router.control.gates.context import GateContext


class Eligible(Enum):
    """What a denied job may still do."""

    SIMULATION = "simulation"
    """Free local simulation: nothing is spent."""
    PAID_SIMULATOR = "paid_simulator"
    """A paid run on a managed simulator."""
    SMALLER = "smaller_job"
    """The same job, cut down to what the reason names."""
    LATER = "later"
    """The same job, at a later time."""
    AFTER_FUNDING = "after_funding"
    """The same job, once its money is locked and confirmed."""
    AFTER_APPROVAL = "after_approval"
    """The same job, once a person has approved it."""
    NOTHING = "nothing"
    """Nothing here; the remedy says what would change that."""


Figures = tuple[tuple[str, str], ...]
"""What an answer's text shows rounded, by name, as exact rationals; reports without such figures keep their bytes."""


def _exact(figures: Figures) -> dict[str, object]:
    return {"exact": dict(figures)} if figures else {}


@dataclass(frozen=True)
class Allow:
    """The gate has nothing against it."""

    gate: str
    note: str
    """What was found, such as ``distance 0.01 is below 0.08``."""
    exact: Figures = ()

    def to_json(self) -> dict[str, object]:
        return {"gate": self.gate, "allowed": True, "note": self.note, **_exact(self.exact)}


@dataclass(frozen=True)
class Deny:
    """The gate is against it."""

    gate: str
    reason: str
    """What was found, and what it was held against."""
    remedy: str
    """What to do about it, with a command or a field of the spec."""
    eligible_for: tuple[Eligible, ...]
    """What the job may still do as far as this gate goes."""
    exact: Figures = ()

    def to_json(self) -> dict[str, object]:
        return {
            "gate": self.gate,
            "allowed": False,
            "reason": self.reason,
            "remedy": self.remedy,
            "eligible_for": [item.value for item in self.eligible_for],
            **_exact(self.exact),
        }


Answer = Allow | Deny


class Gate(Protocol):
    """One condition that must hold before anything is spent."""

    @property
    def name(self) -> str:
        """As reports and denials call it; unique among the gates evaluated together."""
        ...

    def check(self, context: GateContext, /) -> Answer:
        """Allow or Deny; never raises for what a context may hold."""
        ...


@dataclass(frozen=True)
class GateReport:
    """Every gate's answer, in the order evaluated. Stored as an artifact of the job."""

    job: str
    results: tuple[Answer, ...]

    @property
    def allowed(self) -> bool:
        """Whether every gate allows."""
        return not self.denials

    @property
    def denials(self) -> tuple[Deny, ...]:
        return tuple(result for result in self.results if isinstance(result, Deny))

    @property
    def eligible_for(self) -> tuple[Eligible, ...]:
        """What every denial leaves open, in the order of Eligible; empty if all allow."""
        denials = self.denials
        shared = set(Eligible) if denials else set()
        for denial in denials:
            shared &= set(denial.eligible_for)
        return tuple(item for item in Eligible if item in shared)

    def to_json(self) -> dict[str, object]:
        return {"job": self.job, "allowed": self.allowed, "results": [result.to_json() for result in self.results]}

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes, as stored."""
        return canonical_bytes(self.to_json())

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`: what the `approved` event carries."""
        return digest_of(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> GateReport:
        """The report whose `to_bytes` is `data`; raises ValueError for anything else."""
        value = parse_canonical(data)
        try:
            report = _report(value)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a gate report: {error}") from error
        if report.to_bytes() != data:
            raise ValueError("not a gate report: fields that no report has, or that contradict each other")
        return report


def _report(value: object) -> GateReport:
    if not isinstance(value, Mapping):
        raise TypeError("a report is an object")
    return GateReport(value["job"], tuple(_answer(item) for item in value["results"]))


def _answer(value: Mapping[str, object]) -> Answer:
    gate = str(value["gate"])
    if value["allowed"] is True:
        return Allow(gate, str(value["note"]), _figures(value))
    eligible = value["eligible_for"]
    if not isinstance(eligible, list):
        raise TypeError("eligible_for is a list")
    return Deny(
        gate, str(value["reason"]), str(value["remedy"]), tuple(Eligible(item) for item in eligible), _figures(value)
    )


def _figures(value: Mapping[str, object]) -> Figures:
    figures = value.get("exact", {})
    if not isinstance(figures, Mapping):
        raise TypeError("exact is an object")
    return tuple(sorted((str(name), str(figure)) for name, figure in figures.items()))


def evaluate(gates: Iterable[Gate], context: GateContext) -> GateReport:
    """Every gate's answer; a later gate is asked even if an earlier one denies."""
    return GateReport(context.job, tuple(gate.check(context) for gate in gates))

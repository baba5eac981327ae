"""What the integers of a finding measure, for people: distances, shares, means. They decide; these only say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from oracle.statistics import Bound, Certificate, Side
from oracle.statistics.method import CertificateMethod, GuardMethod, StatisticKind, Unit, counted
from oracle.statistics.registry import GUARD_OF, METHOD_OF
from oracle.verdict.document import VerdictDocument

ROUNDING = "rounded to four digits; the exact integers decide: --json"


@dataclass(frozen=True)
class Measure:
    """One finding in a unit that people know."""

    finding: Certificate
    kind: StatisticKind
    one: Fraction
    """The statistic of one unit; below zero where a greater statistic is a smaller value, as for what is maximised."""

    @property
    def value(self) -> Fraction | None:
        """What was found; None if the method refused."""
        return None if self.finding.statistic is None else self.finding.statistic / self.one

    def found(self) -> str:
        """``distance 0.0222``, ``97.8% of shots``; empty if the method refused."""
        if self.value is None:
            return ""
        return (
            self._number(self.value)
            if self.kind is StatisticKind.COUNT
            else f"{self.kind.value} {self._number(self.value)}"
        )

    def bound(self, bound: Bound | None) -> str:
        """``up to 0.2260``, ``from 86.3%``, ``never``."""
        if bound is None:
            return "never"
        above = (bound.side is Side.AT_LEAST) == (self.one > 0)
        return f"{'from' if above else 'up to'} {self._number(bound.value / self.one)}"

    def _number(self, value: Fraction) -> str:
        if self.kind is StatisticKind.COUNT:
            return f"{value.numerator:,}" if abs(value) < 10**7 else f"{float(value):.3e}"
        if self.kind is StatisticKind.SHARE:
            return f"{float(value):.2%}"
        return f"{float(value):.4f}" if self.kind is not StatisticKind.VALUE else f"{float(value):.6g}"


def measures(document: VerdictDocument) -> Iterator[Measure]:
    """Every finding of `document`, in the order of `findings`, in a unit that people know."""
    units = (unit for each in (*document.certificates, *document.guards) for unit in _units(document, each))
    for finding, unit in zip(document.findings(), units, strict=True):
        yield Measure(finding, unit.kind, unit.one)


def _units(document: VerdictDocument, finding: Certificate) -> tuple[Unit, ...]:
    """The unit of `finding`, then of each of its parts; what no method here made is counted."""
    known: Mapping[str, CertificateMethod | GuardMethod] = {**METHOD_OF, **GUARD_OF}
    shots, plain = document.shots_received or 1, counted(finding, document.policy, 1)
    found = known[finding.method].units(finding, document.policy, shots) if finding.method in known else plain
    return found if len(found) == len(plain) else plain

"""What the integers of a finding measure, for people: distances, shares, means. They decide; these only say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from oracle.spec.validation.methods import BINOMIAL, CEILING, EXPECTATION, HUBER, SCORES, TVD, WITNESS
from oracle.statistics import Bound, Certificate, Side
from oracle.statistics.baseline import TOTAL
from oracle.statistics.observables.best_value import BEST, MEAN
from oracle.verdict.document import VerdictDocument

ROUNDING = "rounded to four digits; the exact integers decide: --json"


class StatisticKind(StrEnum):
    """What a statistic is a number of."""

    DISTANCE = "distance"
    """Total variation, from the baseline or the nearest declared mixture."""
    MISSING = "missing part"
    """Of the baseline's share that must be there."""
    SHARE = "share of shots"
    LEAD = "lead of low scores"
    """The most by which shots of low score exceed their expected share."""
    DEVIATION = "deviation of the mean"
    MEAN = "mean"
    VALUE = "value"
    COUNT = "count"
    """The statistic itself."""


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
    shots = document.shots_received or 1
    sign = -1 if document.policy.objective is not None and document.policy.objective.direction == "maximise" else 1
    denominator = 1
    for finding in document.findings():
        method, _, part = finding.method.partition(": ")
        # `best` comes before `mean`, and says what both are multiples of.
        denominator = finding.constants.get("denominator", denominator)
        known = {
            TVD: (StatisticKind.DISTANCE, 2 * shots * TOTAL),
            HUBER: (StatisticKind.MISSING, document.policy.f_min.denominator * shots * TOTAL),
            SCORES: (StatisticKind.LEAD, shots * TOTAL),
            WITNESS: (StatisticKind.SHARE, shots),
            BINOMIAL: (StatisticKind.SHARE, shots),
            CEILING: (StatisticKind.SHARE, shots),
            EXPECTATION: (StatisticKind.DEVIATION, TOTAL * shots * denominator),
            BEST: (StatisticKind.VALUE, sign * denominator),
            MEAN: (StatisticKind.MEAN, sign * shots * denominator),
        }
        kind, one = known.get(part or method, (StatisticKind.COUNT, 1))
        yield Measure(finding, kind, Fraction(one))

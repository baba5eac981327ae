"""What a picture of a result draws beside its baseline: bands for single outcomes, and the distribution of scores.

Floating point, for people, as `oracle.verdict.figures`; never part of a decision or of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from oracle.artifacts.shots import PackedShots
from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.exact.radius import UNIT, mcdiarmid_radius
from oracle.statistics.laws.levelset import witness_set
from oracle.verdict.figures import MISS, chernoff_band

LARGEST_CURVE = 400
"""Scores at which a curve is read; between two of them neither the ideal nor the uniform one rises by more than 1/200,
but in a single step."""


@dataclass(frozen=True)
class OutcomeBand:
    """One outcome, with what N shots say of its share under the worker's law."""

    outcome: int
    """The classical bits read as a number, bit 0 least significant."""
    baseline: float
    count: int
    low: float
    high: float
    """The bands of *all* outcomes hold at once but for one result in a hundred, above and below each: every end is
    missed with probability at most 1 / (100 K), by Hoeffding 1963 (theorem 1)."""


@dataclass(frozen=True)
class ScoreCurves:
    """Distributions of the score 2^n p(x) over x, as P(score <= s): of the shots, the baseline and uniform.

    A worker's own curve lies within `radius` of `result` everywhere at once, above and below each but for one result in
    a hundred (Dvoretzky, Kiefer, Wolfowitz 1956 with the constant of Massart 1990).
    """

    scores: tuple[float, ...]
    """Ascending; the largest is that of the likeliest outcome. All curves have one value for each."""
    result: tuple[float, ...]
    ideal: tuple[float, ...]
    uniform: tuple[float, ...]
    radius: float
    threshold: float | None
    """Scores above this make the witness's level set; None if the baseline is too flat for one."""


def heaviest(baseline: Baseline, shots: PackedShots, limit: int) -> tuple[OutcomeBand, ...]:
    """At most `limit` outcomes, those that weigh most in either distribution, so that no surprise is hidden; ascending
    by outcome. Raises ValueError if the widths differ."""
    _check(baseline, shots)
    outcomes, counts = shots.tally()
    weight = baseline.weights / TOTAL
    weight[outcomes] = np.maximum(weight[outcomes], counts / shots.count)
    kept = np.sort(np.argsort(-weight, kind="stable")[:limit])
    seen = np.zeros(kept.size, dtype=np.int64)
    place = np.minimum(np.searchsorted(outcomes, kept), outcomes.size - 1)
    found = outcomes[place] == kept
    seen[found] = counts[place[found]]
    low, high = chernoff_band(seen / shots.count, shots.count, float(MISS) / baseline.outcomes)
    return tuple(
        OutcomeBand(int(x), int(baseline.weights[x]) / TOTAL, int(count), float(below), float(above))
        for x, count, below, above in zip(kept, seen, low, high, strict=True)
    )


def score_curves(baseline: Baseline, shots: PackedShots, *, f_min: Fraction = Fraction(7, 10)) -> ScoreCurves:
    """The curves of `shots`; `f_min` chooses the level set as the policy does.

    Raises ValueError if the widths differ.
    """
    _check(baseline, shots)
    outcomes, counts = shots.tally()
    weights, alike = np.unique(baseline.weights, return_counts=True)
    ideal, uniform = np.cumsum(weights * alike) / TOTAL, np.cumsum(alike) / baseline.outcomes
    level_set = witness_set(baseline, f_min)
    if weights.size > LARGEST_CURVE:
        risen = (ideal + uniform) / 2
        kept = np.searchsorted(risen, np.linspace(0, risen[-1], LARGEST_CURVE - 1))
        if level_set is not None:
            kept = np.append(kept, np.searchsorted(weights, level_set.floor, side="right") - 1)
        kept = np.unique(np.clip(kept, 0, weights.size - 1))
        weights, ideal, uniform = weights[kept], ideal[kept], uniform[kept]
    seen = baseline.weights[outcomes]
    order = np.argsort(seen, kind="stable")
    shown = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts[order])))
    result = shown[np.searchsorted(seen[order], weights, side="right")] / shots.count
    return ScoreCurves(
        scores=tuple((weights * (baseline.outcomes / TOTAL)).tolist()),
        result=tuple(result.tolist()),
        ideal=tuple(ideal.tolist()),
        uniform=tuple(uniform.tolist()),
        # sqrt(ln(1/MISS) / 2N) is Massart's radius to one side, as it is McDiarmid's.
        radius=mcdiarmid_radius(shots.count, MISS) / UNIT,
        threshold=None if level_set is None else level_set.floor * (baseline.outcomes / TOTAL),
    )


def _check(baseline: Baseline, shots: PackedShots) -> None:
    if shots.bits != baseline.bits:
        raise ValueError(f"shots of {shots.bits} bits cannot be drawn on a baseline of {baseline.bits}")

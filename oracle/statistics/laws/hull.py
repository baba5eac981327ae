"""Mixtures of the ideal law with declared noises, and how far a result is from the nearest of them.

The hull of the ideal law V_0 and vertices V_1, …, V_m is {sum w_i V_i : 0 <= w_i <= most_i, w_0 = 1 - sum w_i >= 0}.
The distance of a result from it, min over w of TVD(counts / N, sum w_i V_i), is convex in the counts and moves by at
most 1/N with a shot, because each distance does; so the bounds of `tvd.certified/1` hold for it as they are, and
fitting the weights after the result costs nothing. The least is found exactly (`fitting`): no weights show less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from oracle.encoding.errors import OracleError
from oracle.statistics.baseline import TOTAL, Baseline, Weights, baseline_tvd
from oracle.statistics.laws.fitting import Fit, least_residuals
from oracle.statistics.laws.levelset import ranks, thresholds

WIDEST_HULL = 12
"""Up to this many bits the nearest mixture is looked for; the linear program has 2^bits residuals."""
FLIP_BITS = 16
"""Readout errors are rounded down to multiples of 2^-16."""


class HullRejected(OracleError, ValueError):
    """Laws and weights that are no hull; the message says what is wrong with them."""


@dataclass(frozen=True, eq=False)
class NoiseHull:
    """Committed laws and the most that each may weigh. Raises HullRejected unless they make a hull."""

    ideal: Baseline
    vertices: tuple[Baseline, ...]
    most: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not self.vertices or len(self.vertices) != len(self.most):
            raise HullRejected(f"{len(self.vertices)} vertices with {len(self.most)} weights")
        if any(vertex.bits != self.ideal.bits for vertex in self.vertices):
            raise HullRejected(f"a vertex is not of the {self.ideal.bits} bits of the ideal law")
        if any(bound <= 0 for bound in self.most) or sum(self.most) > 1:
            raise HullRejected("the most that vertices may weigh lies above 0, and together at 1 or below")

    @cached_property
    def reach(self) -> Fraction:
        """sum most_i TVD(V_i, V_0): no mixture lies further from the ideal law than this."""
        distances = (baseline_tvd(vertex, self.ideal) for vertex in self.vertices)
        return sum((bound * distance for bound, distance in zip(self.most, distances, strict=True)), Fraction(0))

    @cached_property
    def _differences(self) -> list[list[int]]:
        return [(vertex.weights - self.ideal.weights).tolist() for vertex in self.vertices]

    def statistic(self, outcomes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> int:
        """min over the hull of sum |count 2^40 - N mixture|, rounded up: 2 N 2^40 times the distance."""
        shots = int(counts.sum())
        scaled = np.zeros(self.ideal.outcomes, dtype=np.int64)
        scaled[outcomes] = counts
        residuals = (scaled * TOTAL - self.ideal.weights * shots).tolist()
        return ceil(least_residuals(residuals, self._differences, [shots * bound for bound in self.most]).least)

    def nearest(self, law: Baseline) -> Fit:
        """The fit of the hull to a law: `least` is 2^41 times their distance."""
        return least_residuals((law.weights - self.ideal.weights).tolist(), self._differences, self.most)

    def mixture(self, weights: Sequence[Fraction]) -> npt.NDArray[np.float64]:
        """float64[2**bits]: the mixture at `weights`, for forecasts."""
        law = self.ideal.weights / TOTAL
        for weight, vertex in zip(weights, self.vertices, strict=True):
            law = law + float(weight) * ((vertex.weights - self.ideal.weights) / TOTAL)
        return law

    def distance(self, law: Baseline) -> Fraction:
        """Total variation between a law and the nearest mixture, exact."""
        return self.nearest(law).least / (2 * TOTAL)

    @cached_property
    def lowest_below(self) -> tuple[int, ...]:
        """For each of the ideal law's `thresholds`: the least, over the mixtures, of 2^40 times the share on outcomes
        of at most that ideal weight, rounded down. Each threshold has its own worst mixture."""
        floors = thresholds(self.ideal.bits)
        place = ranks(self.ideal)
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(len(floors)), side="right")

        def below(weights: Weights) -> list[int]:
            sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(weights[order])))
            shares: list[int] = sums[ends].tolist()
            return shares

        ideal = below(self.ideal.weights)
        others = [below(vertex.weights) for vertex in self.vertices]
        return tuple(
            share + floor(sum(bound * min(0, other[j] - share) for bound, other in zip(self.most, others, strict=True)))
            for j, share in enumerate(ideal)
        )


def misread(ideal: Baseline, zero_to_one: Fraction, one_to_zero: Fraction) -> Baseline:
    """The law of `ideal` when every bit is read wrongly at the given rates, 0 as 1 and 1 as 0, independently.

    Bit by bit from the lowest, in integers: with rates of a / 2^16 and b / 2^16, rounded down, of each pair of outcomes
    that differ in this bit floor(a w_0 / 2^16) goes from the 0 to the 1 and floor(b w_1 / 2^16) from the 1 to the 0.
    """
    up, down = (floor(rate * (1 << FLIP_BITS)) for rate in (zero_to_one, one_to_zero))
    weights = ideal.weights
    for bit in range(ideal.bits):
        pairs = weights.reshape(-1, 2, 1 << bit)
        zeros, ones = pairs[:, 0], pairs[:, 1]
        moved = (ones * down >> FLIP_BITS) - (zeros * up >> FLIP_BITS)
        weights = np.stack((zeros + moved, ones - moved), axis=1).reshape(-1)
    return Baseline(ideal.bits, weights)

"""A binomial law near its mode in floating point, with a proven error: what it leaves open, integers decide.

A tail that is not within a relative 2^-26 of a level is compared rightly and many times faster than by integers (a
filter, in the words of Shewchuk, Discrete Comput. Geom. 18, 1997). Only the multiplications, divisions and additions
of IEEE 754 are used, each of which is correctly rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import inf, isqrt

import numpy as np
import numpy.typing as npt

SLACK = 2.0**-26
"""A weight t steps from the mode is a product of t ratios of five roundings each; sums of m weights add m more. With
MOST_TRIALS that is at most 8 * 2^21 roundings of 2^-53, an eighth of this."""
MOST_TRIALS = 1 << 36
FLOOR = 2.0**-200
"""Weights below this part of the mode's belong to the rest, and levels below it to the integers: above what floats
cannot hold."""

_Weights = npt.NDArray[np.float64]
_NONE, _MODE = np.zeros(1), np.ones(1)


@dataclass(frozen=True)
class Sketch:
    """Sums of the weights of a law near its mode, in units of the mode's weight.

    `above[i]` is that of the j >= first + i in the sketch, `below[i]` of the j < first + i; all j above the sketch
    weigh at most `beyond_above`, all below it at most `beyond_below`.
    """

    first: int
    above: _Weights
    below: _Weights
    beyond_above: float
    beyond_below: float

    def at_most(self, k: int, level: Fraction) -> bool | None:
        """Whether P(X >= k) <= level; None if that is too close to tell."""
        bound = float(level)
        if not FLOOR < bound <= 1:
            return None
        i = min(max(k - self.first, 0), len(self.above) - 1)
        tail, rest = float(self.above[i]), float(self.below[i])
        # tail / (tail + rest) rises with the tail and falls with the rest.
        high = tail + self.beyond_above
        if high * (1 + SLACK) <= bound * (high + rest) * (1 - SLACK):
            return True
        if tail * (1 - SLACK) > bound * (tail + rest + self.beyond_below) * (1 + SLACK):
            return False
        return None


@lru_cache(maxsize=64)
def sketch(n: int, p: Fraction) -> Sketch | None:
    """The sketch of Bin(n, p) for 0 < p < 1; None where floats cannot hold the law."""
    a, b = p.numerator, p.denominator
    success, failure = a / b, (b - a) / b
    if n > MOST_TRIALS or not min(success, failure) > FLOOR:
        return None
    mode = min(n, (n + 1) * a // b)
    up, beyond_above = _outward(n - mode, mode, success / failure)
    down, beyond_below = _outward(mode, n - mode, failure / success)
    # The weights between two zeros: a sum from either end begins with nothing.
    weights = np.concatenate((_NONE, down[::-1], _MODE, up, _NONE))
    below, above = weights[:-1].cumsum(), weights[:0:-1].cumsum()[::-1]
    return Sketch(mode - len(down), above, below, beyond_above, beyond_below)


def _outward(left: int, passed: int, odds: float) -> tuple[_Weights, float]:
    """The weights on one side of the mode, outward, and a bound of what lies beyond them. The t-th is the one before
    it times (left - t) / (passed + 1 + t) * odds, which falls with t from at most one."""
    # Ten standard deviations; a weight t steps away is about exp(-t^2 / (2 variance + t)).
    steps = min(left, 10 * isqrt(left * passed // (left + passed)) + 100)
    t = np.arange(steps, dtype=np.float64)
    weights = ((left - t) / (passed + 1 + t) * odds).cumprod()
    kept = int(np.count_nonzero(weights > FLOOR))
    weights = weights[:kept]
    if kept == left:
        return weights, 0.0
    ratio = (left - kept) / (passed + 1 + kept) * odds * (1 + SLACK)
    last = float(weights[-1]) if kept else 1.0
    # The rest is at most a geometric series.
    return weights, last * ratio / (1 - ratio) * (1 + SLACK) if ratio < 1 else inf

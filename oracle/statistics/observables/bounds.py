"""How far a sample mean strays: what certificates add for chance, and what forecasts expect of it.

Radii are for the *sum* over N shots of an integer-valued observable, in units of 2^-40, rounded up.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from statistics import NormalDist

from oracle.statistics.exact.radius import UNIT, ceil_sqrt, exp_upper, log_upper
from oracle.statistics.exact.tails import lower_tail_at_most

GRID_BITS = 16
GRID = 1 << GRID_BITS
"""Clopper-Pearson bounds are rounded outward to multiples of 2^-16, far below what 2^20 shots resolve."""


def hoeffding_radius(shots: int, width: int, level: Fraction) -> int:
    """width sqrt(shots ln(1/level) / 2) in units of 2^-40, rounded up.

    Hoeffding (J. Amer. Statist. Assoc. 58, 1963): the sum of `shots` independent values, each within a range of
    `width`, exceeds its mean by more than this with probability at most `level`.
    """
    return ceil_sqrt(width * width * shots * log_upper(1 / level) * UNIT * UNIT / 2)


@lru_cache(maxsize=4096)
def upper_share(hits: int, shots: int, level: Fraction) -> int:
    """The least multiple of 2^-16, counted in them, of which P(Bin(shots, it) <= hits) <= level; 2^16 if none is.

    The upper Clopper-Pearson bound on a share, rounded up: it is missed with probability at most `level`. The tail
    falls with the share, so there is one such multiple; where the search starts (a normal quantile) changes nothing.
    """

    def excluded(share: int) -> bool:
        return share >= GRID or lower_tail_at_most(hits, shots, Fraction(share, GRID), level)

    if hits >= shots:
        return GRID
    guess = _guess(hits, shots, level)
    step = 1
    if excluded(guess):
        low, high = guess - step, guess
        while low > 0 and excluded(low):
            step *= 2
            low, high = low - step, low
        low = max(low, 0)
    else:
        low, high = guess, guess + step
        while not excluded(high):
            step *= 2
            low, high = high, high + step
        high = min(high, GRID)
    while high - low > 1:
        middle = (low + high) // 2
        if excluded(middle):
            high = middle
        else:
            low = middle
    return high


def _guess(hits: int, shots: int, level: Fraction) -> int:
    """Wilson's upper bound, corrected for continuity and skewness, in multiples of 2^-16."""
    z = -NormalDist().inv_cdf(max(float(level), 1e-300))
    seen = hits + 0.5
    middle = (seen + z * z / 2) / (shots + z * z)
    middle -= (z * z - 1) * (1 - 2 * middle) / (6 * (shots + z * z))
    spread = z / (shots + z * z) * math.sqrt(seen * (shots - seen) / shots + z * z / 4)
    return min(GRID - 1, max(1, round(GRID * (middle + spread))))


@lru_cache(maxsize=4096)
def parity_radius(evens: int, shots: int, level: Fraction) -> int:
    """How far the mean of a parity may lie from that of a sample with `evens` shots of +1 in `shots`, times shots times
    2^16: the longer arm of the two Clopper-Pearson bounds, either of which is missed with probability at most `level`.
    """
    upper = upper_share(evens, shots, level) * shots - evens * GRID
    lower = upper_share(shots - evens, shots, level) * shots - (shots - evens) * GRID
    return 2 * max(upper, lower)


def typical_evens(shots: int, share: Fraction) -> int:
    """A count of +1 that most samples with that `share` reach from the side of 1/2, where arms are longer: three
    standard deviations from the expected one, at most shots / 2."""
    rare = min(share, 1 - share)
    expected = int(shots * rare)
    return min(shots // 2, expected + isqrt(9 * max(expected, 1)) + 1)


def deviation(shots: int, room: Fraction, width: int, variance: Fraction) -> Fraction:
    """An upper bound of the probability that the mean of `shots` values exceeds its expectation by `room` or more.

    The smaller of Hoeffding's bound, exp(-2 N room^2 / width^2), and Bernstein's with the known variance,
    exp(-N room^2 / (2 variance + 2 width room / 3)) (Boucheron, Lugosi, Massart, Concentration Inequalities, 2.8).
    """
    if room <= 0:
        return Fraction(1)
    hoeffding = 2 * shots * room * room / (width * width)
    bernstein = shots * room * room / (2 * variance + 2 * width * room / 3)
    return min(Fraction(1), exp_upper(-max(hoeffding, bernstein)))

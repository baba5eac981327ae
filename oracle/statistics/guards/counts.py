"""Two guards on how often each outcome was seen: `dispersion.window/1` and `duplicates.divisor/1`.

Both hold for *every* law q, so that no noise, drift of calibration or readout error can make them reject more often
than stated. They are proved for independent Poisson counts, of which the counts of N shots are the conditional law
given their sum; so an event's probability is at most its Poisson probability over

    P(Poisson(N) = N) = N^N e^-N / N! >= 1 / (e sqrt(N)) >= 1 / (3 (floor(sqrt(N)) + 1)),

and each guard works at its level divided by that last denominator.

Windows (too perfect). With m = N p_x rounded half up, outcome x has the window m - h .. m + h, h the greatest with
(2h + 1)^2 <= m - h: about half a standard deviation to either side. For every mean, P(Poisson = c) <= 1 / sqrt(2 pi c),
so a count lies in its window of 2h + 1 values, the least of them m - h, with probability at most 1 / sqrt(2 pi) < 2/5.
Of the K' outcomes with m >= 1, at most Bin(K', 2/5) lie in their windows.

Divisors (each shot several times). For every mean t, P(d divides the count | count >= 1) is at most 1/2 for d = 2 and
1/3 for d = 3, by the roots of unity. For d >= 5 let t' = 49 d / 50. From t' on it is at most

    P(d divides the count) <= (1/d) sum_j exp(-t (1 - cos(2 pi j / d))),    j = 0 .. d - 1,

which falls with t; and up to t' the share grows with t, for so does each P(count = m) / P(count >= 1) while
t / (1 - e^-t) <= m, and m is d at least. So the sum at t' bounds it everywhere: below 3/14 for 5, 1/6 for 7, and 1/8
for every prime from 11 to 31. So of D outcomes that were seen, at least Bin(D, 1 - share) have a count that d does not
divide. The i-th prime that is tried, from i = 1, spends 2^-i of the level.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isqrt

import numpy as np
import numpy.typing as npt

from oracle.statistics.baseline import TOTAL_BITS, Baseline
from oracle.statistics.certificate import Bound, Certificate, Setting, Side, finding
from oracle.statistics.exact.tails import least_significant, most_significant
from oracle.statistics.method import GuardMethod, always
from oracle.statistics.record import Record

DISPERSION = "dispersion.window/1"
DUPLICATES = "duplicates.divisor/1"

WINDOW_SHARE = Fraction(2, 5)
"""No law puts a count into its window more often than this."""
DIVISOR_SHARES = {2: Fraction(1, 2), 3: Fraction(1, 3), 5: Fraction(3, 14), 7: Fraction(1, 6)} | dict.fromkeys(
    (11, 13, 17, 19, 23, 29, 31), Fraction(1, 8)
)
"""The primes that are tried, ascending, and the most often that each divides a count above zero."""


def poisson_level(level: Fraction, shots: int) -> Fraction:
    """The level for independent Poisson counts that gives at most `level` for the counts of `shots` shots."""
    return level / (3 * (isqrt(shots) + 1))


# Few, for an entry of 24 bits holds 128 MiB.
@lru_cache(maxsize=2)
def windows(baseline: Baseline, shots: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
    """int32[2**bits] each: the least and the greatest count in each outcome's window; and how many windows there are.

    Outcomes without one have a window that no count lies in.
    """
    middle = (baseline.weights * shots + (1 << (TOTAL_BITS - 1))) >> TOTAL_BITS
    # (2h + 1)^2 <= m - h is h <= (sqrt(16 m + 9) - 5) / 8; a double's root of such small integers floors rightly.
    half = (np.sqrt(16 * middle + 9).astype(np.int64) - 5) // 8
    lowest, highest = (middle - half).astype(np.int32), (middle + half).astype(np.int32)
    without = middle < 1
    lowest[without], highest[without] = 1, 0
    lowest.setflags(write=False)
    highest.setflags(write=False)
    return lowest, highest, int(middle.size - without.sum())


@dataclass(frozen=True)
class WindowGuard:
    """Counts the outcomes that were seen just about as often as expected; see the module's text."""

    baseline: Baseline
    shots: int
    level: Fraction

    method = DISPERSION

    def inspect(self, record: Record) -> Certificate:
        lowest, highest, number = windows(self.baseline, self.shots)
        inside, bound = 0, None
        if number:
            table = np.zeros(self.baseline.outcomes, dtype=np.int32)
            table[record.outcomes] = record.counts
            inside = int(np.count_nonzero((table >= lowest) & (table <= highest)))
            bound = least_significant(number, WINDOW_SHARE, poisson_level(self.level, self.shots))
        reject = None if bound is None else Bound(Side.AT_LEAST, bound)
        return finding(DISPERSION, inside, None, reject, {"windows": number})


@dataclass(frozen=True)
class DivisorGuard:
    """Counts the outcomes whose count no prime divides; see the module's text."""

    shots: int
    level: Fraction

    method = DUPLICATES

    def inspect(self, record: Record) -> Certificate:
        distinct, level = record.outcomes.size, poisson_level(self.level, self.shots)
        tried = []
        times = np.bincount(record.counts)
        for divisor, share in DIVISOR_SHARES.items():
            level /= 2
            undivided = distinct - int(times[divisor::divisor].sum())
            bound = most_significant(distinct, 1 - share, level)
            tried.append((undivided - (-1 if bound is None else bound), divisor, undivided, bound))
        # The one that comes nearest to rejecting, or goes furthest beyond; of equal ones the least prime.
        _, divisor, undivided, bound = min(tried, key=lambda each: each[:2])
        reject = None if bound is None else Bound(Side.AT_MOST, bound)
        return finding(DUPLICATES, undivided, None, reject, {"distinct": distinct, "divisor": divisor})


def window_guard(setting: Setting) -> WindowGuard:
    """`dispersion.window/1`: counts as close to the expected ones as no sampling makes them."""
    return WindowGuard(setting.baseline, setting.shots, setting.level)


def divisor_guard(setting: Setting) -> DivisorGuard:
    """`duplicates.divisor/1`: a shorter run, each of its shots delivered several times, in any order."""
    return DivisorGuard(setting.shots, setting.level)


GUARDS = (GuardMethod(DISPERSION, window_guard, always), GuardMethod(DUPLICATES, divisor_guard, always))

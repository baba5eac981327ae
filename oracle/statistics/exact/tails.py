"""Exact binomial tails: is P(X >= k) at most 1/100? Never decided by a float quantile: the answer is the true one.

Floating point with a proven error answers first (`sketch`). What it leaves open is asked of a walk in integers: a law
Bin(n, p) with p = a/b is walked from its mode outward by the recurrence of its weights,

    w(j+1) / w(j) = (n - j) a / ((j + 1) (b - a)),

once rounded down and once rounded up, in units of 2^-precision of the mode's weight. What lies beyond the walk is
bounded by a geometric series, for the ratio of consecutive weights falls with the distance from the mode. A tail is
then a quotient of sums between two rationals; a comparison that those leave open is asked again at twice the
precision and in the end of the exact fraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate

from oracle.statistics.exact.sketch import sketch

FIRST_PRECISION = 64
"""Bits below the mode's weight in the first walk; enough for levels down to about 1e-10."""
LAST_PRECISION = 1024
"""What is still open at this precision is an exact tie, or a level below 2^-700: the exact fraction decides."""


@dataclass(frozen=True)
class Enclosure:
    """Two rationals with the value between them."""

    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class _Walk:
    """Cumulative weights of one law near its mode, in units of 2^-precision of the largest weight.

    Entry i of each list bounds the sum over all j >= first + i (above) or all j < first + i (below); the lists have
    one entry more than there are weights.
    """

    first: int
    above_low: list[int]
    above_high: list[int]
    below_low: list[int]
    below_high: list[int]

    def upper_tail(self, k: int) -> tuple[int, int, int, int]:
        """tail, rest, tail', rest': P(X >= k) lies from tail / (tail + rest) to tail' / (tail' + rest')."""
        # Outside the walk the nearest entry still bounds: its lower sum is 0 and its upper sum is all that lies beyond.
        i = min(max(k - self.first, 0), len(self.above_low) - 1)
        return self.above_low[i], self.below_high[i], self.above_high[i], self.below_low[i]


def _outward(up: int, down: int, fall: int, rise: int, scale: int) -> tuple[list[int], list[int], int]:
    """Weights from the mode outward: their lower and upper bounds, and an upper bound of the rest's sum.

    The first ratio is `up` / `down`; with each step its numerator falls by `fall`, ending at zero, and its denominator
    rises by `rise`.
    """
    low = high = scale
    lows: list[int] = []
    highs: list[int] = []
    while up:
        if low == 0 and up < down:
            # This ratio r and all further ones are below one: the rest is at most high r / (1 - r).
            return lows, highs, -(-high * up // (down - up))
        low = low * up // down
        high = -(-high * up // down)
        lows.append(low)
        highs.append(high)
        up -= fall
        down += rise
    return lows, highs, 0


# A law of a million trials walks some 12,000 weights, hence the small cache.
@lru_cache(maxsize=16)
def _walk(n: int, p: Fraction, precision: int) -> _Walk:
    a, c = p.numerator, p.denominator - p.numerator
    mode = min(n, (n + 1) * a // (a + c))
    scale = 1 << precision
    up_low, up_high, beyond_up = _outward((n - mode) * a, (mode + 1) * c, a, c, scale)
    down_low, down_high, beyond_down = _outward(mode * c, (n - mode + 1) * a, c, a, scale)
    lows = [*reversed(down_low), scale, *up_low]
    highs = [*reversed(down_high), scale, *up_high]
    return _Walk(
        first=mode - len(down_low),
        above_low=list(accumulate(reversed(lows), initial=0))[::-1],
        above_high=list(accumulate(reversed(highs), initial=beyond_up))[::-1],
        below_low=list(accumulate(lows, initial=0)),
        below_high=list(accumulate(highs, initial=beyond_down)),
    )


def _certain(k: int, n: int, p: Fraction) -> Fraction | None:
    """P(X >= k) where it is 0 or 1 for sure, else None. Raises ValueError if there is no such law."""
    if n < 1 or not 0 <= p <= 1:
        raise ValueError(f"no binomial law has n = {n}, p = {p}")
    if k <= 0:
        return Fraction(1)
    if k > n or p == 0:
        return Fraction(0)
    return Fraction(1) if p == 1 else None


def upper_tail(k: int, n: int, p: Fraction, precision: int = FIRST_PRECISION) -> Enclosure:
    """P(X >= k) for X ~ Bin(n, p), between two rationals about 2^-precision apart.

    Raises ValueError unless n >= 1 and 0 <= p <= 1.
    """
    certain = _certain(k, n, p)
    if certain is not None:
        return Enclosure(certain, certain)
    low, rest_high, high, rest_low = _walk(n, p, precision).upper_tail(k)
    return Enclosure(
        Fraction(low, low + rest_high) if low else Fraction(0),
        Fraction(high, high + rest_low) if high else Fraction(0),
    )


def exact_upper_tail(k: int, n: int, p: Fraction) -> Fraction:
    """P(X >= k) for X ~ Bin(n, p) as the exact fraction; its numbers have n times the digits of p.

    Raises ValueError unless n >= 1 and 0 <= p <= 1.
    """
    certain = _certain(k, n, p)
    if certain is not None:
        return certain
    a, b = p.numerator, p.denominator
    # b^n P(X = j) is an integer; from j = n downward each follows exactly from the one before.
    term = total = a**n
    for j in range(n, k, -1):
        term = term * j * (b - a) // ((n - j + 1) * a)
        total += term
    return Fraction(total, b**n)


def _by_integers(k: int, n: int, p: Fraction, level: Fraction) -> bool:
    """Whether P(X >= k) <= level for 0 < p < 1, by walks of rising precision, else by the exact fraction."""
    precision = FIRST_PRECISION
    while precision <= LAST_PRECISION:
        low, rest_high, high, rest_low = _walk(n, p, precision).upper_tail(k)
        # tail / (tail + rest) rises with the tail and falls with the rest.
        if high * level.denominator <= level.numerator * (high + rest_low):
            return True
        if low * level.denominator > level.numerator * (low + rest_high):
            return False
        precision *= 2
    return exact_upper_tail(k, n, p) <= level


def upper_tail_at_most(k: int, n: int, p: Fraction, level: Fraction) -> bool:
    """Whether P(X >= k) <= level for X ~ Bin(n, p): the true answer, ties included.

    With p the least success probability that is not good enough, k successes in n trials reject "at most p" at
    `level` exactly where this holds, which is where the lower Clopper-Pearson bound at that level is at least p.
    Raises ValueError unless n >= 1 and 0 <= p <= 1.
    """
    certain = _certain(k, n, p)
    if certain is not None:
        return certain <= level
    sketched = sketch(n, p)
    found = sketched.at_most(k, level) if sketched else None
    return _by_integers(k, n, p, level) if found is None else found


def lower_tail_at_most(k: int, n: int, p: Fraction, level: Fraction) -> bool:
    """Whether P(X <= k) <= level for X ~ Bin(n, p): the true answer, ties included. Raises as upper_tail_at_most."""
    # n - X is Bin(n, 1 - p).
    return upper_tail_at_most(n - k, n, 1 - p, level)


@lru_cache(maxsize=1024)
def least_significant(n: int, p: Fraction, level: Fraction) -> int | None:
    """The least k with P(X >= k) <= level for X ~ Bin(n, p), by bisection; None if even k = n is too likely.

    Raises ValueError unless n >= 1 and 0 <= p <= 1.
    """
    if not upper_tail_at_most(n, n, p, level):
        return None
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if upper_tail_at_most(middle, n, p, level):
            high = middle
        else:
            low = middle
    return high


def most_significant(n: int, p: Fraction, level: Fraction) -> int | None:
    """The greatest k with P(X <= k) <= level for X ~ Bin(n, p); None if even k = 0 is too likely. Raises as
    least_significant."""
    least = least_significant(n, 1 - p, level)
    return None if least is None else n - least

"""A guard on how many different outcomes were seen: `collisions.distinct/1` (a shorter run, its shots multiplied).

Honest laws. A law is honest if noise T makes it of the baseline p, q = T p, T any mixing of outcomes that spreads
uniform noise no further than independent bits would, each of which is read as one value up to 1/64 more often than as
the other: with r_x the sum of the rates into outcome x, the k largest of the r_x sum to at most those of the products
of `bits` factors 1 + 1/64 or 1 - 1/64. Errors that leave uniform noise uniform have all r_x = 1: depolarising, Pauli
and symmetric readout errors before a measurement, exchanged qubits. Reading 1 as 0 at b and 0 as 1 at a, bit by bit,
gives factors 1 + b - a and 1 + a - b. Each followed by the other, and every average of such, belongs to it.

The sharpest of them. Of p no k outcomes of q hold more than the R_k most likely of p, R_k the sum of the k largest
r_x: their rates from any one outcome sum to at most one, and from all together to R_k. Laid out by falling
probability, p and r then give a law q' that majorises every honest q (Hardy, Littlewood and Polya): where p has weight
p(s) and r the value r(s), at s of 0..2^bits, q' has ds / r(s) outcomes of probability r(s) p(s).

Unseen outcomes. U of the 2^bits outcomes are not among the N shots. For every a > 0, the sum going over all sets A,

    E (1 + a)^U = sum a^|A| P(no shot in A) = sum a^|A| (1 - q(A))^N <= sum a^|A| e^(-N q(A)) = prod (1 + a e^(-N q_x)),

for shots that are independent, also if their laws q_i differ: then q is their average. ln(1 + a e^-z) is convex, so
that the product is at most that over q' (Karamata), which is that over p's pieces. By Markov,

    P(U >= u) <= exp(G - u ln(1 + a)),   G = sum ds / r(s) ln(1 + a exp(-N r(s) p(s))).

Weights between two of `levelset.thresholds` are moved to these two, as many to each as keep the mean: that sharpens p
again. Under a hull of noises G is, at most, that of the ideal law plus most_i (G_i - G) of each vertex that has more,
for G is convex in the law. The a that is taken is sqrt(2 ln(1/level) / V), V the sum of e^-z (1 - e^-z) and at least 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil, comb

import gmpy2

from oracle.statistics.baseline import TOTAL, TOTAL_BITS, Baseline
from oracle.statistics.certificate import Bound, Certificate, Setting, Side, finding
from oracle.statistics.exact.radius import UNIT, UNIT_BITS, ceil_sqrt, log_upper
from oracle.statistics.laws.hull import NoiseHull
from oracle.statistics.laws.levelset import sizes_and_weights_below, thresholds
from oracle.statistics.method import GuardMethod, always
from oracle.statistics.record import Record

COLLISIONS = "collisions.distinct/1"

BIAS_BITS = 6
"""An honest device reads each bit as one value at most 2^-6 more often than as the other, the mean of both taken."""
_EXACT_BITS = 64
_EXACT = 1 << _EXACT_BITS
"""Exponentials and logarithms are rounded up to multiples of 2^-64."""


@dataclass(frozen=True)
class _Piece:
    """A part of the sharpest honest law: outcomes of one probability."""

    length: int
    """ds, in units of 2^-(40 + 6 bits)."""
    weight: int
    """2^40 p(s)."""
    factor: int
    """r(s), in units of 2^(-6 bits)."""


def _counted(baseline: Baseline) -> list[tuple[int, int]]:
    """How many outcomes of each weight, in units of 2^-40 outcomes, the weights being 0, the thresholds and 2^40;
    heaviest first."""
    edges = (0, *thresholds(baseline.bits), TOTAL)
    sizes, sums = sizes_and_weights_below(baseline)
    between = zip(pairwise((0, *sizes, baseline.outcomes)), pairwise((0, *sums, TOTAL)), pairwise(edges), strict=True)
    number = [0] * len(edges)
    for i, ((fewer, more), (lighter, heavier), (low, high)) in enumerate(between):
        size = more - fewer
        # Neighbouring edges differ by a power of two of at most 2^40: the division leaves no rest.
        upper = (heavier - lighter - size * low) * TOTAL // (high - low)
        number[i] += size * TOTAL - upper
        number[i + 1] += upper
    return [(each, edge) for each, edge in zip(reversed(number), reversed(edges), strict=True) if each]


def _pieces(baseline: Baseline) -> list[_Piece]:
    """The sharpest honest law, by falling probability."""
    bits, more, less = baseline.bits, (1 << BIAS_BITS) + 1, (1 << BIAS_BITS) - 1
    weights = [(number << (BIAS_BITS * bits), weight) for number, weight in _counted(baseline)]
    factors = [more ** (bits - ones) * less**ones for ones in range(bits + 1)]
    tilts = [(comb(bits, ones) * factor << TOTAL_BITS, factor) for ones, factor in enumerate(factors)]
    # Both reach from 0 to 2^bits: wherever either changes, a piece ends.
    ends = sorted({*accumulate(length for length, _ in weights), *accumulate(length for length, _ in tilts)})
    pieces = []
    i = j = start = 0
    last_weight, last_tilt = weights[0][0], tilts[0][0]
    for end in ends:
        pieces.append(_Piece(end - start, weights[i][1], tilts[j][1]))
        start = end
        if end == last_weight and i + 1 < len(weights):
            i += 1
            last_weight += weights[i][0]
        if end == last_tilt and j + 1 < len(tilts):
            j += 1
            last_tilt += tilts[j][0]
    return pieces


def _weighed(pieces: Sequence[_Piece], values: Sequence[int]) -> int:
    """The sum over the pieces of ds / r(s) times the value, each rounded up to an integer."""
    return sum(
        -(-each.length * value // (each.factor << TOTAL_BITS)) for each, value in zip(pieces, values, strict=True)
    )


def _missed(pieces: Sequence[_Piece], bits: int, shots: int) -> list[int]:
    """e^(-N r(s) p(s)) of each piece, in units of 2^-64, rounded up."""
    with gmpy2.context(precision=256, round=gmpy2.RoundUp):
        exponents = [gmpy2.mpfr(-shots * each.weight * each.factor) for each in pieces]
        powers = [gmpy2.exp(gmpy2.div_2exp(each, TOTAL_BITS + BIAS_BITS * bits)) for each in exponents]
        return [int(gmpy2.ceil(gmpy2.mul_2exp(each, _EXACT_BITS))) for each in powers]


def _logs(tilt: int, chances: Sequence[int]) -> list[int]:
    """ln(1 + a e) of each chance e, in units of 2^-64, rounded up; a in units of 2^-40."""
    with gmpy2.context(precision=256, round=gmpy2.RoundUp):
        products = [gmpy2.div_2exp(gmpy2.mpfr(tilt * each), UNIT_BITS + _EXACT_BITS) for each in chances]
        return [int(gmpy2.ceil(gmpy2.mul_2exp(gmpy2.log1p(each), _EXACT_BITS))) for each in products]


def _exponent(law: Baseline, shots: int, tilt: int) -> int:
    """G of `law`, in units of 2^-64."""
    pieces = _pieces(law)
    return _weighed(pieces, _logs(tilt, _missed(pieces, law.bits, shots)))


# Few, for an entry keeps its baselines alive: 128 MiB each at 24 bits.
@lru_cache(maxsize=4)
def fewest_distinct(
    baseline: Baseline, noises: tuple[tuple[Baseline, Fraction], ...], shots: int, level: Fraction
) -> tuple[int, int]:
    """The most distinct outcomes that reject at `level`, none if below one; and a, in units of 2^-40.

    `noises`: the vertices of a hull, each with the most that it may weigh.
    """
    pieces = _pieces(baseline)
    missed = _missed(pieces, baseline.bits, shots)
    spread = _weighed(pieces, [each * (_EXACT - each) >> _EXACT_BITS for each in missed])
    certain = log_upper(1 / level)
    tilt = ceil_sqrt(2 * certain * UNIT * UNIT / max(Fraction(spread, _EXACT), Fraction(1)))
    own = _weighed(pieces, _logs(tilt, missed))
    exponent = own + sum(most * max(0, _exponent(law, shots, tilt) - own) for law, most in noises)
    # A logarithm of a rational above one is none: one unit less than rounded up is rounded down.
    step = _logs(tilt, [_EXACT])[0] - 1
    return baseline.outcomes - ceil((exponent + certain * _EXACT) / Fraction(step)), tilt


@dataclass(frozen=True, eq=False)
class CollisionGuard:
    """Counts the different outcomes that were seen; see the module's text."""

    baseline: Baseline
    hull: NoiseHull | None
    shots: int
    level: Fraction

    method = COLLISIONS

    def inspect(self, record: Record) -> Certificate:
        noises = () if self.hull is None else tuple(zip(self.hull.vertices, self.hull.most, strict=True))
        most, tilt = fewest_distinct(self.baseline, noises, self.shots, self.level)
        reject = Bound(Side.AT_MOST, most) if most >= 1 else None
        return finding(COLLISIONS, int(record.outcomes.size), None, reject, {"tilt": tilt})


def collision_guard(setting: Setting) -> CollisionGuard:
    """`collisions.distinct/1`: fewer different outcomes than any noise leaves of the baseline, as of a shorter run
    whose shots were multiplied, however unevenly."""
    return CollisionGuard(setting.baseline, setting.hull, setting.shots, setting.level)


GUARD = GuardMethod(COLLISIONS, collision_guard, always)

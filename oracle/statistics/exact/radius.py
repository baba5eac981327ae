"""Roots and logarithms rounded outward: what a certificate adds for chance, as whole units of 2^-40.

Each is defined as the least integer above the true value, so that any implementation arrives at the same one.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt

import gmpy2

UNIT_BITS = 40
"""Radii, like the weights of a baseline, are counted in units of 2^-40."""
UNIT = 1 << UNIT_BITS

_LOG_BITS = 64


def ceil_sqrt(value: Fraction) -> int:
    """The least integer r >= 0 with r^2 >= value."""
    whole = ceil(value)
    if whole <= 0:
        return 0
    return isqrt(whole - 1) + 1


@lru_cache(maxsize=256)
def log_upper(value: Fraction) -> Fraction:
    """ln(value) for value >= 1, rounded up to a multiple of 2^-64. Raises ValueError below one.

    MPFR rounds each operation in the direction asked for; 256 bits leave 190 between its error and the rounding here.
    """
    if value < 1:
        raise ValueError(f"the logarithm of {value} is negative; an error rate is at most one")
    with gmpy2.context(precision=256, round=gmpy2.RoundUp):
        logarithm = gmpy2.log(gmpy2.mpfr(gmpy2.mpq(value.numerator, value.denominator)))
        scaled = gmpy2.mul_2exp(logarithm, _LOG_BITS)
        return Fraction(int(gmpy2.ceil(scaled)), 1 << _LOG_BITS)


def mcdiarmid_radius(shots: int, level: Fraction) -> int:
    """sqrt(ln(1/level) / (2 shots)) in units of 2^-40, rounded up.

    McDiarmid's inequality: a function of `shots` independent outcomes that moves by at most 1/shots with each of
    them strays from its mean by more than this, in one direction, with probability at most `level`.
    """
    return ceil_sqrt(log_upper(1 / level) * UNIT * UNIT / (2 * shots))


def sampling_bias(outcomes: int, shots: int) -> int:
    """sqrt((outcomes - 1) / (4 shots)) in units of 2^-40, rounded up: the most an empirical distribution of `shots`
    draws from any law on `outcomes` points lies, on average, from that law in total variation.

    E|c/N - q| <= sqrt(q (1 - q) / N) by Jensen; by Cauchy-Schwarz the sum of sqrt(q (1 - q)) over K points is at most
    sqrt(K (1 - sum q^2)) <= sqrt(K - 1).
    """
    return ceil_sqrt(Fraction((outcomes - 1) * UNIT * UNIT, 4 * shots))


def exp_upper(exponent: Fraction) -> Fraction:
    """exp(exponent) for exponent <= 0, rounded up to a multiple of 2^-64. Raises ValueError above zero."""
    if exponent > 0:
        raise ValueError(f"exp({exponent}) is no probability bound")
    with gmpy2.context(precision=256, round=gmpy2.RoundUp):
        power = gmpy2.exp(gmpy2.mpfr(gmpy2.mpq(exponent.numerator, exponent.denominator)))
        return Fraction(int(gmpy2.ceil(gmpy2.mul_2exp(power, _LOG_BITS))), 1 << _LOG_BITS)


def concentration(shots: int, room: Fraction) -> Fraction:
    """A lower bound of the probability that a mean which one shot of `shots` moves by at most 1/shots stays within
    `room` of where it lies on average: 1 - exp(-2 shots room^2), zero without room (McDiarmid 1989)."""
    if room <= 0:
        return Fraction(0)
    return max(Fraction(0), 1 - exp_upper(-2 * shots * room * room))

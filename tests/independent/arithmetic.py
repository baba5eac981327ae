"""Logarithms and roots that are rounded up, and the critical values of binomial laws by exact sums."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import ceil, isqrt

UNIT = 1 << 40
"""Weights sum to this; radii are counted in units of its inverse."""


def logarithm(value: Fraction) -> Fraction:
    """ln(value) for value >= 1, rounded up to a multiple of 2^-64."""
    if value == 1:
        return Fraction(0)
    bits = 128
    while True:
        low, high = _enclosed_logarithm(value, bits)
        if ceil(low * 2**64) == ceil(high * 2**64):
            return Fraction(ceil(high * 2**64), 2**64)
        bits *= 2


def _enclosed_logarithm(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """ln(value) = e ln 2 + ln(m) with m in [1, 2), each by ln(m) = 2 artanh((m - 1) / (m + 1))."""
    exponent = 0
    while value >= 2:
        value, exponent = value / 2, exponent + 1
    low_two, high_two = _enclosed_artanh(Fraction(1, 3), bits)
    low, high = _enclosed_artanh((value - 1) / (value + 1), bits)
    return 2 * (exponent * low_two + low), 2 * (exponent * high_two + high)


def _enclosed_artanh(z: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """z + z^3 / 3 + z^5 / 5 + … for 0 <= z <= 1/3, every term cut to `bits` bits."""
    scale = 1 << bits
    power, square = z * scale, z * z
    total, terms, odd = 0, 0, 1
    while power >= 1:
        total += power.numerator // (power.denominator * odd)
        # Cutting each power costs less than one unit, which the squares below 1/9 make smaller and not larger.
        power = Fraction((power * square).numerator // (power * square).denominator)
        terms, odd = terms + 1, odd + 2
    return Fraction(total, scale), Fraction(total + 3 * terms + 3, scale)


@cache
def exponential(value: Fraction) -> Fraction:
    """e^-value for value >= 0, rounded up to a multiple of 2^-64."""
    if value == 0:
        return Fraction(1)
    if value > 45:
        # e^-45 is less than 2^-64.
        return Fraction(1, 2**64)
    bits = 128
    while True:
        low, high = _enclosed_exponential(value, bits)
        if ceil(low * 2**64) == ceil(high * 2**64):
            return Fraction(ceil(high * 2**64), 2**64)
        bits *= 2


def _enclosed_exponential(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """1 / (1 + z + z^2 / 2 + …)^64 with z = value / 64 below one, every term cut to `bits` bits."""
    scale = 1 << bits
    z = value / 64
    term, total, terms = scale, scale, 0
    while term:
        terms += 1
        term = term * z.numerator // (z.denominator * terms)
        total += term
    # Each term lacks less than two units for its own cut and that of the one before, and so does the rest.
    return 1 / Fraction(total + 2 * terms + 2, scale) ** 64, 1 / Fraction(total, scale) ** 64


def root(value: Fraction) -> int:
    """The least integer whose square reaches `value`."""
    found = isqrt(ceil(value))
    return found if found * found >= value else found + 1


@cache
def least_count(n: int, p: Fraction, level: Fraction) -> int | None:
    """The least k with P(Bin(n, p) >= k) <= level, by summing exact terms from n downward; None if there is none."""
    a, b = p.numerator, p.denominator
    limit = level.numerator * b**n // level.denominator
    total, term, best = 0, a**n, None
    for k in range(n, -1, -1):
        total += term
        if total > limit:
            return best
        best = k
        if k:
            # b^n P(k - 1) = b^n P(k) k (b - a) / ((n - k + 1) a), an integer; with p = 0 all the weight is on 0.
            term = term * k * (b - a) // ((n - k + 1) * a) if a else (b**n if k == 1 else 0)
    return best


def greatest_count(n: int, p: Fraction, level: Fraction) -> int | None:
    """The greatest k with P(Bin(n, p) <= k) <= level; None if there is none."""
    mirrored = least_count(n, 1 - p, level)
    return None if mirrored is None else n - mirrored

"""Radii are the least integers above the truth."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from oracle.statistics.exact.radius import UNIT, ceil_sqrt, exp_upper, log_upper, mcdiarmid_radius, sampling_bias


@pytest.mark.parametrize(
    "value", [Fraction(1), Fraction(2), Fraction(100), Fraction(200), Fraction(10**9, 7), Fraction(2**300)]
)
def test_a_logarithm_is_rounded_up_by_less_than_a_unit(value: Fraction) -> None:
    with localcontext() as context:
        context.prec = 120
        exact = Fraction((Decimal(value.numerator) / Decimal(value.denominator)).ln())
    assert 0 <= log_upper(value) - exact < Fraction(1, 2**64)


def test_a_root_is_the_least_integer_that_reaches() -> None:
    for value in (
        Fraction(0),
        Fraction(1),
        Fraction(2),
        Fraction(4),
        Fraction(17, 4),
        Fraction(10**40 + 1),
        Fraction(-3),
    ):
        root = ceil_sqrt(value)
        assert root**2 >= value
        assert root == 0 or (root - 1) ** 2 < value


@pytest.mark.parametrize("exponent", [Fraction(0), Fraction(-1, 3), Fraction(-5), Fraction(-4000)])
def test_an_exponential_is_rounded_up_by_less_than_a_unit(exponent: Fraction) -> None:
    with localcontext() as context:
        context.prec = 60
        exact = Fraction((Decimal(exponent.numerator) / Decimal(exponent.denominator)).exp())
    assert Fraction(-1, 10**50) <= exp_upper(exponent) - exact <= Fraction(1, 2**64)


def test_the_radius_is_mcdiarmids() -> None:
    assert mcdiarmid_radius(4000, Fraction(1, 100)) / UNIT == pytest.approx(math.sqrt(math.log(100) / 8000), abs=1e-11)
    assert sampling_bias(32, 4000) / UNIT == pytest.approx(math.sqrt(31 / 16000), abs=1e-11)


def test_rates_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at most one"):
        mcdiarmid_radius(100, Fraction(3, 2))
    with pytest.raises(ValueError, match="probability"):
        exp_upper(Fraction(1, 9))

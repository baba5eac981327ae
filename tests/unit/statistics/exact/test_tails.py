"""Binomial tails against exact fractions and against SciPy."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from scipy.stats import binom

from oracle.statistics.exact.tails import (
    exact_upper_tail,
    least_significant,
    lower_tail_at_most,
    most_significant,
    upper_tail,
    upper_tail_at_most,
)


def test_the_exact_tail_is_the_sum_of_the_law() -> None:
    assert exact_upper_tail(2, 3, Fraction(1, 3)) == 3 * Fraction(1, 9) * Fraction(2, 3) + Fraction(1, 27)
    assert exact_upper_tail(0, 5, Fraction(1, 7)) == 1
    assert exact_upper_tail(6, 5, Fraction(1, 7)) == 0


def test_every_comparison_is_the_exact_fractions_answer() -> None:
    cases = random.Random(20260623)
    for _ in range(6_000):
        n, d = cases.randint(1, 60), cases.randint(1, 60)
        p, k = Fraction(cases.randint(0, d), d), cases.randint(-1, n + 1)
        truth = exact_upper_tail(k, n, p)
        bounds = upper_tail(k, n, p)
        assert bounds.low <= truth <= bounds.high
        for level in (truth, truth + Fraction(1, 10**30), Fraction(1, 100)):
            assert upper_tail_at_most(k, n, p, level) == (truth <= level)
            assert lower_tail_at_most(n - k, n, 1 - p, level) == (truth <= level)
        if truth:
            assert not upper_tail_at_most(k, n, p, truth - truth / 10**30)


@pytest.mark.parametrize(
    ("n", "p"), [(4000, Fraction(779, 1000)), (4001, Fraction(1, 977)), (2500, Fraction(2**39 - 1, 2**40))]
)
def test_enclosures_hold_at_the_size_of_a_job(n: int, p: Fraction) -> None:
    mean = round(n * p)
    for k in (mean - 200, mean - 40, mean - 1, mean, mean + 1, mean + 30, mean + 90, n):
        truth, bounds = exact_upper_tail(k, n, p), upper_tail(k, n, p, precision=96)
        assert bounds.low <= truth <= bounds.high
        assert bounds.high - bounds.low <= Fraction(1, 2**80)


@pytest.mark.parametrize("n", [1, 7, 100, 4000, 250_000])
@pytest.mark.parametrize("p", [Fraction(1, 1000), Fraction(3, 10), Fraction(1, 2), Fraction(779, 1000)])
def test_critical_values_are_scipys_but_for_its_last_digits(n: int, p: Fraction) -> None:
    level = Fraction(1, 100)
    k = least_significant(n, p, level)
    if k is None:
        assert binom.sf(n - 1, n, float(p)) > 0.01
        return
    assert binom.sf(k - 1, n, float(p)) <= 0.01 * (1 + 1e-9)
    assert binom.sf(k - 2, n, float(p)) > 0.01 * (1 - 1e-9)
    lowest = most_significant(n, p, level)
    if lowest is not None:
        assert binom.cdf(lowest, n, float(p)) <= 0.01 * (1 + 1e-9)
        assert binom.cdf(lowest + 1, n, float(p)) > 0.01 * (1 - 1e-9)


def test_a_tie_with_the_level_is_significant() -> None:
    # P(X >= 2) for two throws at 1/10 is exactly 1/100: no enclosure tells, the exact fraction does.
    assert least_significant(2, Fraction(1, 10), Fraction(1, 100)) == 2
    assert least_significant(2, Fraction(1, 10) + Fraction(1, 10**40), Fraction(1, 100)) is None


def test_certain_laws_have_no_surprise() -> None:
    assert least_significant(10, Fraction(0), Fraction(1, 100)) == 1
    assert least_significant(10, Fraction(1), Fraction(1, 100)) is None
    assert most_significant(10, Fraction(1), Fraction(1, 100)) == 9


@pytest.mark.parametrize(("n", "p"), [(0, Fraction(1, 2)), (5, Fraction(-1, 2)), (5, Fraction(3, 2))])
def test_what_is_no_law_is_refused(n: int, p: Fraction) -> None:
    with pytest.raises(ValueError, match="no binomial law"):
        upper_tail_at_most(1, n, p, Fraction(1, 100))

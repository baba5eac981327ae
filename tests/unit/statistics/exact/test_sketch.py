"""The filter before exact tails: where it speaks it is right, and where floats cannot tell it says nothing."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from scipy.stats import binom

from oracle.statistics.exact.sketch import MOST_TRIALS, SLACK, sketch
from oracle.statistics.exact.tails import exact_upper_tail, upper_tail, upper_tail_at_most


def test_where_the_sketch_speaks_it_is_right_and_it_speaks_unless_a_level_is_near() -> None:
    cases = random.Random(20261126)
    told = 0
    for _ in range(600):
        n, d = cases.randint(1, 120), cases.choice((7, 60, 10**6, 2**40))
        p, k = Fraction(cases.randint(1, d - 1), d), cases.randint(1, n)
        truth, law = exact_upper_tail(k, n, p), sketch(n, p)
        assert law is not None
        for exponent in (-4, -20, -27, -30, -50, -90):
            for side in (-1, 1):
                level = truth * (1 + side * Fraction(2) ** exponent)
                found = law.at_most(k, level)
                assert found in (None, truth <= level), (n, p, k, exponent, side)
                if found is None:
                    # Below 2^-150 what lies beyond the sketch may count.
                    assert exponent < -20 or level < Fraction(1, 2**150) or level > 1
                told += found is not None
        assert law.at_most(k, truth) is None
    assert told > 1_500


@pytest.mark.parametrize(
    ("n", "p"),
    [(4000, Fraction(779, 1000)), (4001, Fraction(1, 977)), (2500, 1 - Fraction(1, 2**39)), (4000, Fraction(1, 10**9))],
)
def test_sums_are_within_the_slack_at_the_size_of_a_job(n: int, p: Fraction) -> None:
    law = sketch(n, p)
    assert law is not None
    for k in range(max(1, law.first - 2), min(n, law.first + len(law.above) + 2), 7):
        bounds = upper_tail(k, n, p, precision=400)
        i = min(max(k - law.first, 0), len(law.above) - 1)
        tail, rest = law.above[i], law.below[i]
        # The mode weighs one in the sketch; the share of the whole is what both know.
        share = tail / (tail + rest)
        beyond = (law.beyond_above + law.beyond_below) / (tail + rest)
        assert float(bounds.low) * (1 - SLACK / 4) - beyond <= share <= float(bounds.high) * (1 + SLACK / 4) + beyond
        assert beyond < 2.0**-60


def test_a_job_of_a_million_shots_is_scipys() -> None:
    n, p = 1_000_000, Fraction(3, 10)
    law = sketch(n, p)
    assert law is not None
    for k in (299_000, 300_000, 301_066, 304_000):
        tail = binom.sf(k - 1, n, 0.3)
        assert law.at_most(k, Fraction(tail * (1 + 1e-6))) is True
        assert law.at_most(k, Fraction(tail * (1 - 1e-6))) is False


@pytest.mark.parametrize("k", [-5, 0, 1, 39_000, 61_000, 99_999, 100_001])
def test_outside_the_sketch_the_rest_is_bounded(k: int) -> None:
    law = sketch(100_000, Fraction(1, 2))
    assert law is not None
    assert 39_000 < law.first < law.first + len(law.above) < 61_000
    assert law.at_most(k, Fraction(1, 100)) is (k > 50_000)


def test_what_floats_cannot_hold_is_left_to_integers() -> None:
    assert sketch(10, Fraction(1, 2**300)) is None
    assert sketch(10, 1 - Fraction(1, 2**300)) is None
    assert sketch(MOST_TRIALS + 1, Fraction(1, 2)) is None
    law = sketch(1000, Fraction(1, 2))
    assert law is not None
    assert law.at_most(999, Fraction(1, 2**300)) is None
    assert law.at_most(999, Fraction(0)) is None
    assert law.at_most(1, Fraction(2)) is None
    # The integers answer all of them.
    assert upper_tail_at_most(1, 10, Fraction(1, 2**300), Fraction(1, 2**200))
    assert not upper_tail_at_most(999, 1000, Fraction(1, 2), Fraction(1, 2**991))
    assert upper_tail_at_most(999, 1000, Fraction(1, 2), Fraction(1, 2**990))
    assert upper_tail_at_most(1, 1000, Fraction(1, 2), Fraction(2))
    assert not upper_tail_at_most(999, 1000, Fraction(1, 2), Fraction(0))

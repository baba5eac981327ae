"""Amounts as people read them are exact: a digit that a float or a rounding context drops is somebody's money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.encoding import units


@pytest.mark.parametrize(
    ("amount", "decimals", "said"),
    [
        (0, 6, "0.00"),
        (25_000_000, 6, "25.00"),
        (1, 6, "0.000001"),
        (1_025_000_000, 6, "1,025.00"),
        (-1, 2, "−0.01"),
        (7, 0, "7"),
        (2**128 - 1, 18, "340,282,366,920,938,463,463.374607431768211455"),
    ],
)
def test_units_are_written_to_the_last_one(amount: int, decimals: int, said: str) -> None:
    assert units(amount, decimals) == said


@given(st.integers(0, 2**128 - 1), st.integers(1, 36))
def test_no_digit_is_lost(amount: int, decimals: int) -> None:
    whole, _, fraction = units(amount, decimals).replace(",", "").partition(".")
    assert int(whole) * 10**decimals + int(fraction.ljust(decimals, "0")) == amount

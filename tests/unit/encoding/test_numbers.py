"""Numbers are read from ASCII digits alone, wherever they come from."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
import router
from oracle.encoding import parse_rational
from oracle.encoding.options import Decimal, Whole
from oracle.spec.reading.document import path_text, text_path

OTHER_DIGITS = st.characters(categories=["Nd", "No"], exclude_characters="0123456789")


@given(st.sampled_from(["2{}", "{}", "0.{}", "{}.5", "1/{}", "{}/3"]), OTHER_DIGITS)
def test_no_digit_of_another_script_is_read_as_a_number(form: str, digit: str) -> None:
    text = form.format(digit)
    with pytest.raises(ValueError, match="is not a number"):
        parse_rational(text)
    for kind in (Whole(), Decimal()):
        with pytest.raises(click.BadParameter, match="write digits 0 to 9"):
            kind.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "Infinity", "1e3", "1_000", " 5", "5 ", "+5", "0x10", ""])
def test_an_option_reads_no_number_that_is_not_written_in_digits(text: str) -> None:
    """A wait of nan seconds would never end."""
    for kind in (Whole(min=0), Decimal(min=0)):
        with pytest.raises(click.BadParameter, match="write digits 0 to 9"):
            kind.convert(text, None, None)


def test_what_is_written_in_digits_is_read() -> None:
    assert Whole(min=0).convert("4000", None, None) == 4000
    assert Decimal(min=0).convert("0.5", None, None) == 0.5
    assert parse_rational("-0.25") == Fraction(-1, 4)


@given(st.text(OTHER_DIGITS, min_size=1, max_size=3))
def test_a_key_of_other_digits_stays_a_key(key: str) -> None:
    """It is no position in a list, and reading it as one raised."""
    assert text_path(path_text(("validation", key))) == ("validation", key)


def test_no_pattern_of_ours_means_more_digits_than_the_ten() -> None:
    """``\\d`` matches 760 characters. Circuits are read by parsers of their own, which tests/unit/circuits looks at."""
    found = [
        f"{path}:{number}"
        for package in (oracle, router)
        for path in Path(str(package.__file__)).parent.rglob("*.py")
        if "circuits" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\\d|click\.(Int|Float)Range\(", line)
    ]
    assert found == []

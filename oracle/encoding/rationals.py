"""Exact numbers: thresholds are rationals read from their source text, so that 0.01 is 1/100 and never a float."""

from __future__ import annotations

import re
from fractions import Fraction

# Spelled out: the usual class also matches digits of other scripts, numbers that few readers see.
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_RATIO = re.compile(r"[+-]?[0-9]{1,30}/[0-9]{1,30}")


def parse_rational(text: str | int) -> Fraction:
    """The exact value of ``"4/5"``, ``"0.01"`` or ``3``.

    Raises ValueError for anything else: exponents, floats, blanks, a zero denominator.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise ValueError(f"{text!r} is not a number; write 0.01 or 1/100")
    if isinstance(text, int):
        return Fraction(text)
    if _DECIMAL.fullmatch(text):
        return Fraction(text)
    if _RATIO.fullmatch(text):
        numerator, denominator = text.split("/")
        if int(denominator) == 0:
            raise ValueError(f"{text!r} divides by zero")
        return Fraction(int(numerator), int(denominator))
    raise ValueError(f"{text!r} is not a number; write 0.01 or 1/100")


def format_rational(value: Fraction) -> str:
    """The canonical text of `value`: lowest terms, ``"4/5"``, or ``"3"`` for a whole number."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


_PLACES = 4


def in_decimals(value: Fraction, *, up: bool) -> str:
    """`value` for people: exactly where four decimals are enough, else rounded, which the text says: ``0.0813 (rounded
    up)``.

    `up` is for the caller to choose so that the comparison it tells stays true of the rounded number.
    """
    scaled = value * 10**_PLACES
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    sign, digits = "-" if whole < 0 else "", f"{abs(whole):0{_PLACES + 1}d}"
    text = f"{sign}{digits[:-_PLACES]}.{digits[-_PLACES:]}"
    if scaled == whole:
        return text.rstrip("0").rstrip(".")
    return f"{text} (rounded {'up' if up else 'down'})"

"""Base units as people read them."""

from __future__ import annotations


def units(amount: int, decimals: int) -> str:
    """`amount` base units in whole tokens, exactly: at least two decimals, thousands grouped (``1,025.00``)."""
    sign = "−" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), 10**decimals)
    digits = f"{fraction:0{decimals}d}" if decimals else ""
    digits = digits.rstrip("0").ljust(min(2, decimals), "0")
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")

"""A rate between US dollars and a token, pinned in the spec, and the amounts that follow from it, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from oracle.encoding import parse_rational
from oracle.spec.fields import (
    MOST_DECIMALS,
    Moment,
    PositiveRational,
    Section,
    Text,
    Token,
    decimal_text,
    documented,
    whole,
)


class Quote(Section):
    """What one token was worth, who said so and when."""

    token: Token = documented("native, or the token's address.", example="native")
    symbol: Text = documented("The token's symbol, for people.", example="USDC")
    decimals: Annotated[int, whole(0, 36)] = documented("Digits after the point of one whole token.", example=6)
    usd_per_token: PositiveRational = documented("US dollars for one whole token.", example="1")
    source: Text = documented("Where the rate comes from.", example="operator: fixed rate")
    quoted_at: Moment = documented("When the rate was read.", example="2026-06-01T12:00:00Z")


def least_usd(quote: Quote) -> str:
    """A short decimal amount of US dollars that is at least one base unit of the quote's token, and below ten."""
    digits = 0
    while True:
        steps = parse_rational(quote.usd_per_token) / 10**quote.decimals * 10**digits
        least = -(-steps.numerator // steps.denominator)
        if steps >= 1 or steps == least or digits == MOST_DECIMALS:
            return decimal_text(Fraction(least, 10**digits))
        digits += 1


def amount_of(usd: Fraction, quote: Quote) -> int:
    """Base units of the quote's token worth `usd`, rounded down: a budget is never exceeded by rounding."""
    if usd < 0:
        raise ValueError(f"{usd} US dollars is below 0")
    base_units_per_token: int = 10**quote.decimals
    amount = usd / parse_rational(quote.usd_per_token) * base_units_per_token
    return amount.numerator // amount.denominator

"""The most that a job can cost: US dollars, a rate pinned in the spec, and the tokens that follow, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from oracle.encoding import parse_rational
from oracle.spec.fields import (
    MOST_DECIMALS,
    BaseUnits,
    Moment,
    PositiveRational,
    Section,
    Text,
    Token,
    Usd,
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


class Metering(Section):
    """How the worker's share follows from use."""

    unit: Literal["job", "shot"] = documented(
        "shot: price_usd for each that is delivered; job: the whole budget less the fee, whatever was used.",
        default="job",
        example="shot",
    )
    price_usd: Usd | None = documented(
        "US dollars for one shot, with unit shot; left out: the operator's price.", default=None, example="0.005"
    )


class Budget(Section):
    """The most that can be spent, and in what."""

    max_usd_equivalent: Usd = documented("The most this job may cost, in US dollars.", example=25)
    token: Token | None = documented(
        "native, or a token's address; left out: the deployment's token.", default=None, example="native"
    )
    metering: Metering = documented("How use is priced.", default_factory=Metering, example={"unit": "shot"})
    quote: Quote | None = documented(
        "The rate that turned US dollars into tokens; pinned by promote.",
        default=None,
        example={
            "token": "native",
            "symbol": "ETH",
            "decimals": 18,
            "usd_per_token": "3150.25",
            "source": "operator: fixed rate",
            "quoted_at": "2026-06-01T12:00:00Z",
        },
    )
    amount: BaseUnits | None = documented(
        "The budget in the token's base units; computed by promote.", default=None, example="7935878104912308"
    )


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

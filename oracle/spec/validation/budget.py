"""A budget has its price, its quote and its amount where it needs them, and they agree."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.encoding import parse_rational
from oracle.spec.faults import Fault
from oracle.spec.sections.budget import Budget, amount_of
from oracle.spec.sections.records import Promotion


def budget_faults(budget: Budget, promotion: Promotion | None) -> Iterator[Fault]:
    """What is wrong with `budget`, of a spec that was promoted or not."""
    metering = budget.metering
    if metering.unit == "shot" and metering.price_usd is None and promotion is not None:
        yield Fault(
            "budget.metering.price_usd",
            ("budget.metering.unit", "promotion"),
            "a promoted spec that meters by shot carries its price",
            "write price_usd: 0.005, or take the promotion section out and simulate again",
        )
    if metering.unit == "job" and metering.price_usd is not None:
        yield Fault(
            "budget.metering.price_usd",
            ("budget.metering.unit",),
            "a price has no effect when the whole job is the unit",
            "write unit: shot, or leave price_usd out",
        )
    if (budget.quote is None) != (budget.amount is None):
        missing, there = ("amount", "quote") if budget.amount is None else ("quote", "amount")
        yield Fault(
            f"budget.{missing}",
            (f"budget.{there}",),
            f"{there} is there and {missing} is not",
            "leave out both: promote fills them in",
        )
    if budget.quote is None or budget.amount is None:
        return
    if budget.token is not None and budget.token != budget.quote.token:
        yield Fault(
            "budget.quote.token",
            ("budget.token",),
            f"the quote is for {budget.quote.token}, the budget in {budget.token}",
            f"write token: {budget.token}, or leave quote and amount out: promote fills them in",
        )
    right = amount_of(parse_rational(budget.max_usd_equivalent), budget.quote)
    if int(budget.amount) != right:
        yield Fault(
            "budget.amount",
            ("budget.quote", "budget.max_usd_equivalent"),
            f"{budget.max_usd_equivalent} US dollars at this quote are {right} base units, not {budget.amount}",
            f'write amount: "{right}", or leave quote and amount out: promote fills them in',
        )

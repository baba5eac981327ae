"""How long a run may occupy hardware: what its budget buys, and no longer than its spec lets it run.

Hardware is charged by the second, and the worker bears what the budget does not cover: so the provider is told when to
stop. A simulation, of a device too, occupies nobody's hardware.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.encoding import parse_rational
from oracle.spec import JobSpec

HARDWARE_PROVIDERS = ("ibm",)
"""Adapters whose runs take hardware time; a fake device is a simulation, and counts against no quota of hardware."""


@dataclass(frozen=True)
class TimeLimit:
    """The longest that a run may occupy hardware."""

    seconds: int
    """Whole seconds; 0 where the budget does not buy one."""
    why: str
    """What sets it, for people."""


def time_limit(price: str | None, spec: JobSpec, provider: str | None) -> TimeLimit | None:
    """The limit of a promoted `spec` on `provider`; None where nothing is occupied.

    The smaller of timeouts.execution_s and the budget over `price`, the operator's US dollars a second, rounded down.
    """
    if provider not in HARDWARE_PROVIDERS or spec.promotion is None:
        return None
    longest = TimeLimit(spec.timeouts.execution_s, "timeouts.execution_s of the spec")
    budget = spec.promotion.max_usd_equivalent
    if price is None:
        return longest
    bought = int(parse_rational(budget) / parse_rational(price))
    if bought >= longest.seconds:
        return longest
    return TimeLimit(bought, f"what ${budget} buys at ${price} a second")

"""What a person must allow first: a new circuit family, a large budget, an unknown requester."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible

NEW_CIRCUIT_FAMILY = "new_circuit_family"
UNKNOWN_REQUESTER = "unknown_requester"
ONE_PERSON = "given by whoever holds the requester's key too: a local stack of one person"
"""What every approval says of itself that the operator gave to a job of its own, which only a local chain allows."""


def budget_over(usd: int) -> str:
    """The kind of approval that a budget above `usd` US dollars needs."""
    return f"budget_over_{usd}"


@dataclass(frozen=True)
class ApprovalsGate:
    """Every approval that the promotion policy asks for is on record. All that are missing are named."""

    name: str = "approvals"

    def check(self, context: GateContext) -> Answer:
        if not context.hardware:
            return Allow(self.name, f"{context.target} is a simulator; approvals are for hardware")
        missing = dict(_missing(context))
        if not missing:
            used = f"; each was {context.approvals_remark}" if context.approvals and context.approvals_remark else ""
            return Allow(self.name, f"no approval is missing{used}")
        return Deny(
            self.name,
            "; ".join(missing.values()),
            f"the operator looks at it and runs `compute approve {context.job} --note '…'` ({', '.join(missing)})",
            (Eligible.SIMULATION, Eligible.PAID_SIMULATOR, Eligible.AFTER_APPROVAL),
        )


def _missing(context: GateContext) -> Iterator[tuple[str, str]]:
    """(kind, why it is needed) of each approval that is needed and not there."""
    wanted = context.promotion.require_manual_approval_for
    if NEW_CIRCUIT_FAMILY in wanted and NEW_CIRCUIT_FAMILY not in context.approvals:
        family = context.circuit_family
        said = f"the circuit family {family} is new" if family else "the circuit names no family, so it counts as new"
        yield NEW_CIRCUIT_FAMILY, said
    limit = context.promotion.approval_above_usd
    if limit is not None and context.budget_usd > limit and budget_over(limit) not in context.approvals:
        yield budget_over(limit), f"the budget of {float(context.budget_usd):.2f} USD is above {limit}"
    requester = context.roles.requester
    known = requester in context.policy.requesters.known
    if UNKNOWN_REQUESTER in wanted and not known and UNKNOWN_REQUESTER not in context.approvals:
        yield UNKNOWN_REQUESTER, f"the requester {requester} is unknown"

"""The money first: exactly the budget of the terms, in the escrow, deep enough in the chain."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.encoding import units
from router.control.gates.context import EscrowFacts, GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible
from router.protocol.lifecycle import EscrowState


def _told(escrow: EscrowFacts, amount: int) -> str:
    return f"{units(amount, escrow.decimals)} {escrow.symbol}" if escrow.symbol else f"{amount} base units"


@dataclass(frozen=True)
class BudgetGate:
    """No spend on a provider before the payer's budget is locked and confirmed."""

    name: str = "budget"

    def check(self, context: GateContext) -> Answer:
        escrow = context.escrow
        if escrow.state is EscrowState.NONE or (escrow.state is EscrowState.LOCKED and escrow.locked_amount is None):
            reason = f"{_told(escrow, escrow.expected_amount)} are to be locked; nothing is"
            return self._deny(reason, f"fund it: `compute fund {context.job}`", Eligible.AFTER_FUNDING)
        if escrow.state is not EscrowState.LOCKED:
            reason = f"the escrow is {escrow.state.value}; nothing is locked for a run any more"
            return self._deny(reason, "simulate again for a fresh job", Eligible.SIMULATION)
        locked = _told(escrow, escrow.locked_amount or 0)
        if escrow.locked_amount != escrow.expected_amount:
            reason = f"{locked} are locked, the terms say {_told(escrow, escrow.expected_amount)}"
            return self._deny(
                reason, "fund the job of these terms; the other lock returns by refund", Eligible.SIMULATION
            )
        if escrow.confirmations < escrow.confirmations_needed:
            reason = f"{escrow.confirmations} of {escrow.confirmations_needed} confirmations"
            return self._deny(reason, f"wait: `compute quantum watch {context.job}`", Eligible.AFTER_FUNDING)
        return Allow(self.name, f"{locked} locked, {escrow.confirmations} confirmations")

    def _deny(self, reason: str, remedy: str, also: Eligible) -> Deny:
        eligible = (Eligible.SIMULATION,) if also is Eligible.SIMULATION else (Eligible.SIMULATION, also)
        return Deny(self.name, reason, remedy, eligible)

"""Money is released by a verdict, so the verdict must be declared and must be able to tell good from bad."""

from __future__ import annotations

from dataclasses import dataclass

from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class ValidationGate:
    """A validation method is declared, and the shot planner finds that it works with these shots."""

    name: str = "validation"

    def check(self, context: GateContext) -> Answer:
        validation = context.validation
        if validation.method is None:
            return self._deny("the spec declares no validation", "write validation: {method: distribution_threshold}")
        if not validation.planned:
            return self._deny(
                f"{validation.method} was not planned, so nobody knows whether an honest worker would pass",
                "run `compute plan JOB.yaml`",
            )
        if not validation.feasible:
            why = "; ".join(validation.reasons) or "the planner gives no reason"
            remedy = validation.suggestion or "more shots, other certificates or wider thresholds; see `compute plan`"
            return self._deny(f"{validation.method} cannot work here: {why}", remedy)
        return Allow(self.name, f"{validation.method} is feasible")

    def _deny(self, reason: str, remedy: str) -> Deny:
        return Deny(self.name, reason, remedy, (Eligible.SIMULATION,))

"""Nobody approves their own output: the parties of a job are disjoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from router.control.gates.context import GateContext, RoleFacts
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class RolesGate:
    """Requester and payer, worker, validators and arbiter share no address; the requester is not blocked.

    The requester may be the payer. The contract holds the same rule; here it costs no gas to be told.
    """

    name: str = "roles"

    def check(self, context: GateContext) -> Answer:
        if shared := sorted(set(_shared(context.roles))):
            remedy = "give each role a key of its own; see `compute doctor`"
            return Deny(self.name, "; ".join(shared), remedy, (Eligible.SIMULATION,))
        requester = context.roles.requester
        if requester in context.policy.requesters.blocked:
            remedy = "ask the operator; policy.yaml lists it under requesters.blocked"
            return Deny(self.name, f"{requester} is blocked", remedy, (Eligible.NOTHING,))
        return Allow(self.name, "all parties are different, and the requester is not blocked")


def _shared(roles: RoleFacts) -> Iterator[str]:
    parties = [("requester", roles.requester), ("payer", roles.payer), ("worker", roles.worker)]
    parties += [("validator", address) for address in roles.validators]
    if roles.arbiter is not None:
        parties.append(("arbiter", roles.arbiter))
    for (one, address), (other, same) in combinations(parties, 2):
        if address == same and {one, other} != {"requester", "payer"}:
            yield f"{address} is {one} and {other}" if one != other else f"{address} is {one} twice"

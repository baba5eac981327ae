"""Simulation first: it must have passed, and agree with what the requester expected."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.encoding import format_rational, in_decimals, parse_rational
from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class SimulationGate:
    """Hardware is a promotion from simulation, not a first run."""

    name: str = "simulation"

    def check(self, context: GateContext) -> Answer:
        simulation = context.simulation
        if simulation is None and not (context.promotion.require_simulation and context.hardware):
            return Allow(self.name, f"not simulated; {context.target} does not require it")
        if simulation is None:
            reason = "it was not simulated, and the policy requires it before hardware"
            return Deny(self.name, reason, "run `compute quantum simulate JOB.yaml`", (Eligible.SIMULATION,))
        if not simulation.passed:
            reason = f"the simulation did not pass: {simulation.reason}"
            return Deny(self.name, reason, "correct the circuit and simulate it again", (Eligible.SIMULATION,))
        return Allow(self.name, "simulated and passed")


@dataclass(frozen=True)
class BaselineGate:
    """The exact distance between what we simulated and what the requester expects must be below the policy's.

    Exact, not sampled: a bound certified from 4,000 shots would refuse ideal simulations from 7 qubits on.
    """

    name: str = "baseline"

    def check(self, context: GateContext) -> Answer:
        bound = parse_rational(context.promotion.require_baseline_distance_below)
        if not context.hardware:
            return Allow(self.name, f"{context.target} is a simulator; the bound is for hardware")
        if context.simulation is None:
            if not context.promotion.require_simulation:
                return Allow(self.name, "not simulated, and the policy does not require it")
            reason = "without a simulation there is no distance to the baseline"
            return Deny(self.name, reason, "run `compute quantum simulate JOB.yaml`", (Eligible.SIMULATION,))
        distance = context.simulation.baseline_distance
        if distance is None:
            return Allow(self.name, "the requester gave no baseline; the simulation's is the baseline")
        exact = (("bound", format_rational(bound)), ("distance", format_rational(distance)))
        # The distance is rounded away from the bound and the bound towards it: what is said stays true as it is read.
        if distance < bound:
            said = f"distance {in_decimals(distance, up=False)} is below {in_decimals(bound, up=True)}"
            return Allow(self.name, said, exact)
        return Deny(
            self.name,
            f"distance {in_decimals(distance, up=True)} to the requester's baseline is not below "
            f"{in_decimals(bound, up=False)}",
            "correct the circuit or the file that validation.baseline_ref names, and simulate again",
            (Eligible.SIMULATION, Eligible.PAID_SIMULATOR),
            exact,
        )

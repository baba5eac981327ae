"""The circuit's size, against the operator's limits."""

from __future__ import annotations

from dataclasses import dataclass

from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class CircuitGate:
    """Qubits, depth, two-qubit gates and shots; every excess is named."""

    name: str = "circuit"

    def check(self, context: GateContext) -> Answer:
        circuit, limits = context.circuit, context.policy.limits
        if circuit is None:
            return Allow(self.name, "no circuit in this job type")
        sizes = (
            ("qubits", circuit.qubits, limits.max_qubits),
            ("depth", circuit.depth, limits.max_depth),
            ("two-qubit gates", circuit.two_qubit_gates, limits.max_two_qubit_gates),
            ("shots", circuit.shots, limits.max_shots),
        )
        over = [f"{what} {size} above {limit}" for what, size, limit in sizes if size > limit]
        if over:
            remedy = "make the circuit smaller, or ask the operator to raise `limits` in policy.yaml"
            return Deny(self.name, "; ".join(over), remedy, (Eligible.SIMULATION, Eligible.SMALLER))
        return Allow(self.name, ", ".join(f"{what} {size} of {limit}" for what, size, limit in sizes))

"""Mirror canaries: half of a target's gates and then their inverses, so that what goes in comes out.

They run the target's own gates at its own angles on states as entangled as the target's, which quarter turns do not
(traps.py); their two-qubit structure is another. Mirrors are those of Proctor et al., arXiv:2204.07568, without their
random Paulis between the halves: those are for circuits whose layers may be compiled anew.
"""

from __future__ import annotations

from fractions import Fraction
from math import pi

import numpy as np
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import Gate
from qiskit.circuit.library import RXGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

from oracle.canaries import Draws
from oracle.circuits.canaries.clifford import MadeCanary, empty_like, fence
from oracle.circuits.canaries.stabilizers import alike
from oracle.circuits.probabilities import PlacedGate, separate, used_qubits
from oracle.encoding import Finding, InputRejected

_STANDARD = frozenset(get_standard_gate_name_mapping())
_TOLERANCE = 1e-9


def make_mirror(target: QuantumCircuit, draws: Draws) -> MadeCanary:
    """A mirror canary of `target`: a half turn or none on each qubit, as a coin falls; half of the target's two-qubit
    gates, with the one-qubit gates among them, from a gate drawn at random on and round the end; a barrier; their
    inverses backward; the target's measurements. So each of the target's gates is in about every
    other canary. The target's barriers and delays are left out.

    Raises InputRejected, with every finding, for a target that is not unitary but for measurements at its end, has
    fewer than two two-qubit gates, or one whose inverse is no standard gate.
    """
    gates, measured = separate(target)
    pairs = sum(len(qubits) == 2 for _, qubits in gates)
    findings = [
        Finding("", None, f"the inverse of a {name} is no standard gate", "write it with cx, cz or rzz")
        for name in sorted({gate.name for gate, _ in gates if gate.num_qubits == 2 and not _invertible(gate)})
    ]
    if pairs < 2:
        findings.append(Finding("", None, f"{pairs} two-qubit gates have no half", "make canaries of kind clifford"))
    if findings:
        raise InputRejected("circuit", findings)
    half = _half(gates, pairs // 2, draws.below(len(gates)))
    circuit = empty_like(target)
    flipped = {qubit: draws.below(2) for qubit in used_qubits(gates, measured)}
    for qubit, turns in flipped.items():
        circuit.append(RXGate(turns * pi), [qubit])
    _append(circuit, half)
    circuit.barrier()
    _append(circuit, [(gate.inverse(), qubits) for gate, qubits in reversed(half)])
    for bit, qubit in measured.items():
        circuit.measure(qubit, bit)
    expected = "".join(str(flipped[measured[bit]]) if bit in measured else "0" for bit in range(target.num_clbits))
    return MadeCanary(qasm3.dumps(circuit), expected[::-1], Fraction(1, 2 ** len(measured)))


def unmirrored(circuit: QuantumCircuit) -> QuantumCircuit:
    """`circuit` without the gates that a neighbour on the same qubits undoes, up to a phase, again and again: of a
    mirror, its first half turns. Raises InputRejected unless it is unitary but for measurements at its end."""
    gates, measured = separate(circuit)
    kept: dict[int, PlacedGate] = {}
    last: dict[int, list[int]] = {qubit: [] for qubit in range(circuit.num_qubits)}
    for place, (gate, qubits) in enumerate(gates):
        before = {last[qubit][-1] if last[qubit] else -1 for qubit in qubits}
        other = before.pop()
        if not before and other >= 0 and kept[other][1] == qubits and _undoes(gate, kept[other][0]):
            del kept[other]
            for qubit in qubits:
                last[qubit].pop()
        else:
            kept[place] = gate, qubits
            for qubit in qubits:
                last[qubit].append(place)
    rest = empty_like(circuit)
    for gate, qubits in kept.values():
        rest.append(gate, qubits)
    for bit, qubit in measured.items():
        rest.measure(qubit, bit)
    return rest


def _half(gates: list[PlacedGate], pairs: int, start: int) -> list[PlacedGate]:
    """The gates from `start` on, round the end, up to the two-qubit gate after the first `pairs`; as `alike` writes
    them."""
    half: list[PlacedGate] = []
    left = pairs
    for gate, qubits in gates[start:] + gates[:start]:
        left -= len(qubits) == 2
        if left < 0:
            break
        half.append((alike(gate) if len(qubits) == 1 else gate, qubits))
    return half


def _append(circuit: QuantumCircuit, gates: list[PlacedGate]) -> None:
    for gate, qubits in gates:
        circuit.append(gate, qubits)
        fence(circuit, gate, qubits)


def _invertible(gate: Gate) -> bool:
    return gate.inverse().name in _STANDARD


def _undoes(gate: Gate, other: Gate) -> bool:
    both = np.asarray(gate.to_matrix()) @ np.asarray(other.to_matrix())
    return bool(np.abs(both - both[0, 0] * np.eye(len(both))).max() < _TOLERANCE)

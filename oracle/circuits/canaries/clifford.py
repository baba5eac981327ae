"""Making canaries: circuits of the target's shape whose outcome is known without running them.

A canary has the target's registers, measurements, barriers and delays, and at each place of the (expanded) target a
gate of the same name on the same qubits, so the same depth and the same two-qubit structure; only angles differ, and
are quarter turns. Both have a barrier behind each two-qubit gate. How the angles are drawn so that
the outcome is certain: traps.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import Gate

from oracle.canaries import Draws
from oracle.circuits.canaries.stabilizers import alike, two_qubit_choices
from oracle.circuits.canaries.traps import DeadEnd, trace
from oracle.circuits.facts import flatten
from oracle.circuits.probabilities import separate
from oracle.encoding import Finding, InputRejected

_TRIES = 64
"""Draws before a circuit is given up; from the half on, gates meet computational states where they can."""

Shape = tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
"""Name, qubits and classical bits of every operation, as a worker sees them in all circuits of a batch."""


@dataclass(frozen=True)
class MadeCanary:
    """A canary and what only its maker knows."""

    qasm3: str
    expected: str
    """Its outcome, classical bit 0 rightmost."""
    luck: Fraction
    """At most this probably, over the draw, one given answer is the outcome: 1/2 for each bit that a fair coin set."""


def shape_of(circuit: QuantumCircuit) -> Shape:
    """The shape of `circuit`, its defined gates expanded."""
    return tuple((operation.name, qubits, clbits) for operation, qubits, clbits in flatten(circuit))


def written_alike(target: QuantumCircuit) -> QuantumCircuit:
    """`target`, equal up to a phase, with its gates expanded, named and fenced as those of its canaries."""
    copy = empty_like(target)
    for operation, qubits, clbits in flatten(target):
        if operation.num_qubits == 0:
            continue
        one = isinstance(operation, Gate) and len(qubits) == 1
        copy.append(alike(operation) if one else operation, qubits, clbits)
        fence(copy, operation, qubits)
    return copy


def make_canary(target: QuantumCircuit, draws: Draws) -> MadeCanary:
    """A canary of the shape of `target`.

    Raises InputRejected, with every finding, for a target that is not unitary but for measurements at its end, has
    two-qubit gates that are Clifford at no angle, or too few gates with angles between those that entangle.
    """
    separate(target)
    findings = [
        Finding("", None, f"a {name} is Clifford at no angle", "write it with cx, cz or rzz and one-qubit gates")
        for name in sorted(
            {
                operation.name
                for operation, qubits, _ in flatten(target)
                if isinstance(operation, Gate) and len(qubits) == 2 and not two_qubit_choices(operation)
            }
        )
    ]
    if findings:
        raise InputRejected("circuit", findings)
    operations = [placed for placed in flatten(target) if placed[0].num_qubits > 0]
    for attempt in range(_TRIES):
        try:
            traced = trace(operations, draws, tame=attempt >= _TRIES // 2)
        except DeadEnd:
            continue
        circuit = empty_like(target)
        for gate, qubits, clbits in traced.operations:
            circuit.append(gate, qubits, clbits)
            fence(circuit, gate, qubits)
        expected = "".join(str(traced.bits.get(bit, 0)) for bit in reversed(range(target.num_clbits)))
        return MadeCanary(qasm3.dumps(circuit), expected, Fraction(1, 2**traced.coins))
    reason = f"no canary of this shape was found in {_TRIES} draws: too few gates with angles between two-qubit gates"
    raise InputRejected("circuit", [Finding("", None, reason, "transpile it for a device, which adds rz gates")])


def fence(circuit: QuantumCircuit, operation: object, qubits: tuple[int, ...]) -> None:
    """A barrier behind a two-qubit gate: at quarter turns two neighbours often are one gate, or none, and a transpiler
    that merged them would run canaries shorter than their target."""
    if isinstance(operation, Gate) and len(qubits) == 2:
        circuit.barrier(*qubits)


def empty_like(circuit: QuantumCircuit) -> QuantumCircuit:
    """The registers of `circuit`."""
    empty = circuit.copy_empty_like(name="circuit")
    empty.global_phase = 0
    empty.metadata = {}
    return empty

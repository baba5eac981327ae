"""What a circuit is, in numbers: for gates, routing and the record of a simulation.

A circuit's digest is that of its text, since one that is read and written again has other bytes. A circuit that was
loaded therefore remembers its text's digest beside a fingerprint of its instructions, so that one which was
transpiled or edited since does not pass under the old digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import Barrier, Delay, Gate, Instruction, Measure, Reset
from qiskit.circuit.library import UnitaryGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Clifford

from oracle.encoding import sha256_hex

_TEXT_DIGEST = "openqasm3_sha256"
_FINGERPRINT = "instructions_sha256"
_LINES = "openqasm3_lines"
_STANDARD = tuple({type(gate) for gate in get_standard_gate_name_mapping().values()})
_QUARTER = pi / 2
_ANGLE_TOLERANCE = 1e-9
_LEAVES = (Barrier, Delay, Measure, Reset)

Placed = tuple[Instruction, tuple[int, ...], tuple[int, ...]]
"""An operation with the indices of its qubits and classical bits in the circuit."""


@dataclass(frozen=True)
class CircuitFacts:
    """A circuit in numbers, its defined gates expanded to standard ones."""

    qubits: int
    """Qubits that are declared."""
    bits: int
    """Classical bits over all registers: the width of a shot."""
    depth: int
    """The longest path through operations, measurements included, barriers and delays not."""
    two_qubit_gates: int
    clifford: bool
    """Whether all of it before measurement is Clifford, so that a stabilizer simulator runs it at any width."""
    hash: str
    """SHA-256 of its OpenQASM 3: of the text it was loaded from, else of what Qiskit writes."""


def circuit_facts(circuit: QuantumCircuit) -> CircuitFacts:
    """The facts of `circuit`. Raises QiskitError for a circuit that OpenQASM 3 cannot express."""
    depth = [0] * (circuit.num_qubits + circuit.num_clbits)
    two_qubit_gates = 0
    for operation, qubits, clbits in flatten(circuit):
        if isinstance(operation, Barrier | Delay):
            continue
        wires = (*qubits, *(circuit.num_qubits + bit for bit in clbits))
        level = 1 + max((depth[wire] for wire in wires), default=-1)
        for wire in wires:
            depth[wire] = level
        two_qubit_gates += isinstance(operation, Gate) and len(qubits) == 2
    return CircuitFacts(
        qubits=circuit.num_qubits,
        bits=circuit.num_clbits,
        depth=max(depth, default=0),
        two_qubit_gates=two_qubit_gates,
        clifford=_is_clifford(circuit),
        hash=_source_digest(circuit),
    )


def flatten(circuit: QuantumCircuit) -> Iterator[Placed]:
    """The operations of `circuit` in order, gates that are not standard or act on three qubits and more replaced by
    their definitions."""
    for _, placed in numbered(circuit):
        yield placed


def numbered(circuit: QuantumCircuit) -> Iterator[tuple[int, Placed]]:
    """As flatten, each operation with the place in `circuit.data` that it comes from."""
    index = {bit: place for place, bit in enumerate(circuit.qubits)}
    places = {bit: place for place, bit in enumerate(circuit.clbits)}
    for number, item in enumerate(circuit.data):
        qubits = tuple(index[bit] for bit in item.qubits)
        clbits = tuple(places[bit] for bit in item.clbits)
        operation = item.operation
        if _is_leaf(operation):
            yield number, (operation, qubits, clbits)
        else:
            for inner, inner_qubits, inner_clbits in flatten(operation.definition):
                yield number, (inner, tuple(qubits[i] for i in inner_qubits), tuple(clbits[i] for i in inner_clbits))


def _is_leaf(operation: Instruction) -> bool:
    if isinstance(operation, _LEAVES) or getattr(operation, "definition", None) is None:
        return True
    return operation.num_qubits <= 2 and isinstance(operation, (*_STANDARD, UnitaryGate))


def _is_clifford(circuit: QuantumCircuit) -> bool:
    for operation, _qubits, _clbits in flatten(circuit):
        if isinstance(operation, Measure | Barrier | Delay):
            continue
        if not isinstance(operation, Gate):
            return False
        try:
            Clifford(operation)
        except QiskitError:
            return False
        # Qiskit takes rotations by up to about 1e-3 for none at all; a thousand of those are one.
        angles = [float(angle) for angle in operation.params if not isinstance(angle, np.ndarray)]
        if any(abs(angle - round(angle / _QUARTER) * _QUARTER) > _ANGLE_TOLERANCE for angle in angles):
            return False
    return True


def _fingerprint(circuit: QuantumCircuit) -> str:
    index = {bit: place for place, bit in enumerate((*circuit.qubits, *circuit.clbits))}
    lines = [f"{circuit.num_qubits} {circuit.num_clbits} {circuit.global_phase!r}"]
    for item in circuit.data:
        wires = [index[bit] for bit in (*item.qubits, *item.clbits)]
        lines.append(f"{item.operation.name} {item.operation.params!r} {wires}")
    return sha256_hex("\n".join(lines).encode())


def remember_source(circuit: QuantumCircuit, text: str, lines: Sequence[int] = ()) -> None:
    """Note in the metadata of `circuit` that it was read from `text`, and from which of its `lines` each operation."""
    circuit.metadata = {
        **circuit.metadata,
        _TEXT_DIGEST: sha256_hex(text.encode()),
        _FINGERPRINT: _fingerprint(circuit),
        _LINES: tuple(lines),
    }


def source_lines(circuit: QuantumCircuit) -> tuple[int, ...]:
    """The line that each operation of `circuit` was read from; empty where that is not known."""
    lines = (circuit.metadata or {}).get(_LINES, ())
    return tuple(lines) if len(lines) == len(circuit.data) else ()


def _source_digest(circuit: QuantumCircuit) -> str:
    metadata = circuit.metadata or {}
    if _TEXT_DIGEST in metadata and metadata.get(_FINGERPRINT) == _fingerprint(circuit):
        return str(metadata[_TEXT_DIGEST])
    return sha256_hex(qasm3.dumps(circuit).encode())

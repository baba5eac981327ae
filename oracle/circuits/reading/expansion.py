"""What the gates of a text are: every gate that it defines, and every modifier, expanded to gates of Qiskit's library.

Transpilers, simulators and devices know gates by name, and a text may give a library's name to a gate of its own. So a
circuit that was read holds no gate of the text's own: this is the one place that knows their definitions, and the
baseline, the validators and whoever runs the circuit all get what comes out of it.

Phases are those of OpenQASM 3, whose U is exp(i theta/2) times Qiskit's, and whose u2 and u3 are
exp(-i (phi + lambda)/2) times Qiskit's (openqasm.com, "Gates" and "Standard library"). They are seen under a control
or in a fractional power.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Gate, Instruction
from qiskit.circuit.library import PhaseGate, UGate, UnitaryGate, XGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from oracle.circuits.reading.angles import ValueRefused

MOST_OPERATIONS = 1_000_000
"""Operations of a circuit, every defined gate expanded and every broadcast counted."""
WIDEST_ROOT = 2
"""Qubits of a gate of which a power that is no whole number is taken."""

Step = tuple[Instruction, tuple[int, ...]]
"""A gate of the library, or a barrier, and the qubits it acts on."""

_MAPPING = get_standard_gate_name_mapping()
_LIBRARY = frozenset(gate.base_class for gate in _MAPPING.values())
_ALIASES = {"CX": "cx", "phase": "p", "cphase": "cp"}
# fmt: off
STANDARD_GATES = frozenset({
    "p", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "phase", "id", "u1", "u2", "u3",
    "cx", "cy", "cz", "cp", "crx", "cry", "crz", "ch", "swap", "cu", "CX", "cphase", "ccx", "cswap",
})
"""Gates of stdgates.inc."""
# fmt: on
BUILT_IN = "U"
_SAME = 1e-9


@dataclass(frozen=True)
class Expansion:
    """A unitary on `qubits` qubits: `steps` one after the other, times exp(i `phase`)."""

    qubits: int
    steps: tuple[Step, ...]
    phase: float = 0.0


def shape_of_standard(name: str) -> tuple[int, int]:
    """How many angles and how many qubits the gate `name` of stdgates.inc, or U, has."""
    if name == BUILT_IN:
        return 3, 1
    gate = _MAPPING[_ALIASES.get(name, name)]
    return len(gate.params), gate.num_qubits


def standard(name: str, angles: Sequence[float]) -> Expansion:
    """The gate `name` of stdgates.inc, or U, with its OpenQASM 3 phase."""
    if name == BUILT_IN:
        return Expansion(1, ((UGate(*angles), (0,)),), angles[0] / 2)
    if name == "id":
        # Qiskit's own id is a delay to some devices.
        return Expansion(1, ((UGate(0, 0, 0), (0,)),))
    model = _MAPPING[_ALIASES.get(name, name)]
    gate = model.base_class(*angles)
    phase = -(angles[-2] + angles[-1]) / 2 if name in ("u2", "u3") else 0.0
    return Expansion(model.num_qubits, ((gate, tuple(range(model.num_qubits))),), phase)


def composed(qubits: int, parts: Iterable[tuple[Expansion, Sequence[int]]]) -> Expansion:
    """`parts` one after the other, each on the qubits named beside it. Raises ValueRefused beyond MOST_OPERATIONS."""
    steps: list[Step] = []
    phase = 0.0
    for part, on in parts:
        steps += ((operation, tuple(on[qubit] for qubit in its)) for operation, its in part.steps)
        phase += part.phase
        check_count(len(steps))
    return Expansion(qubits, tuple(steps), phase)


def inverse(of: Expansion) -> Expansion:
    """The inverse unitary."""
    steps = tuple(
        (operation if isinstance(operation, Barrier) else operation.inverse(), on) for operation, on in of.steps[::-1]
    )
    return Expansion(of.qubits, steps, -of.phase)


def power(of: Expansion, exponent: float) -> Expansion:
    """The power: repeated for a whole `exponent`, else by the principal logarithm (eigenvalues exp(i a) with a in
    (-pi, pi]). Raises ValueRefused where that is too long or too wide."""
    if float(exponent).is_integer():
        times = abs(int(exponent))
        check_count(times * max(1, len(of.steps)))
        once = of if exponent >= 0 else inverse(of)
        return Expansion(of.qubits, once.steps * times, once.phase * times)
    if of.qubits > WIDEST_ROOT:
        reason = f"a power of {exponent:g} of a gate on {of.qubits} qubits is not computed here"
        raise ValueRefused(reason, f"write the gates out, or a gate on at most {WIDEST_ROOT} qubits")
    matrix = np.asarray(_principal_power(of, exponent).data)
    if of.phase == 0 and len(of.steps) == 1 and isinstance(of.steps[0][0], Gate):
        named = of.steps[0][0].power(exponent)
        if np.allclose(Operator(named).data, matrix, atol=_SAME, rtol=0):
            return composed(of.qubits, [(_plain(named, tuple(range(of.qubits))), of.steps[0][1])])
    return Expansion(of.qubits, ((UnitaryGate(matrix), tuple(range(of.qubits))),))


def controlled(of: Expansion, controls: int, *, on_zero: bool) -> Expansion:
    """`of` where `controls` more qubits, which come first, are all 1; with `on_zero`, where they are all 0."""
    state = 0 if on_zero else (1 << controls) - 1
    width = controls + of.qubits
    first = tuple(range(controls))
    parts: list[tuple[Expansion, Sequence[int]]] = []
    if of.phase:
        parts.append((_controlled_phase(of.phase, controls, on_zero=on_zero), first))
    for operation, on in of.steps:
        shifted = tuple(controls + qubit for qubit in on)
        if isinstance(operation, Barrier):
            parts.append((Expansion(len(on), ((operation, tuple(range(len(on)))),)), shifted))
        else:
            gate = operation.control(controls, ctrl_state=state, annotated=False)
            parts.append((_plain(gate, tuple(range(gate.num_qubits))), (*first, *shifted)))
    return composed(width, parts)


def _controlled_phase(angle: float, controls: int, *, on_zero: bool) -> Expansion:
    last = controls - 1
    flip = Expansion(controls, ((XGate(), (last,)),) if on_zero else ())
    gate: Gate = PhaseGate(angle)
    if last:
        gate = gate.control(last, ctrl_state=0 if on_zero else (1 << last) - 1, annotated=False)
    every = tuple(range(controls))
    return composed(controls, [(flip, every), (_plain(gate, every), every), (flip, every)])


def expanded(circuit: QuantumCircuit) -> QuantumCircuit:
    """`circuit` with every gate that is not of Qiskit's library replaced by its definition; the same circuit, names
    and registers included. Raises ValueRefused beyond MOST_OPERATIONS."""
    fresh = circuit.copy_empty_like()
    count = 0
    for item in circuit.data:
        part = _plain(item.operation, tuple(range(len(item.qubits))))
        fresh.global_phase += part.phase
        count += len(part.steps)
        check_count(count)
        for operation, on in part.steps:
            fresh.append(operation, [item.qubits[qubit] for qubit in on], item.clbits)
    return fresh


def check_count(operations: int) -> None:
    """Raises ValueRefused beyond MOST_OPERATIONS."""
    if operations > MOST_OPERATIONS:
        reason = f"the circuit has more than {MOST_OPERATIONS:,} operations once its gates are expanded"
        raise ValueRefused(reason, "write a shorter circuit")


def _plain(operation: Instruction, on: tuple[int, ...]) -> Expansion:
    """`operation` in gates of the library; what is no gate, or has no definition, as it is."""
    phases: list[float] = []
    steps = tuple(_steps(operation, on, phases))
    return Expansion(len(on), steps, sum(phases))


def _steps(operation: Instruction, on: tuple[int, ...], phases: list[float]) -> Iterator[Step]:
    is_library = operation.base_class in _LIBRARY or isinstance(operation, UnitaryGate)
    if is_library or not isinstance(operation, Gate) or operation.definition is None:
        yield operation, on
        return
    definition = operation.definition
    index = {bit: place for place, bit in enumerate(definition.qubits)}
    phases.append(float(definition.global_phase))
    for item in definition.data:
        yield from _steps(item.operation, tuple(on[index[bit]] for bit in item.qubits), phases)


def _principal_power(of: Expansion, exponent: float) -> Operator:
    """Qiskit's power of a matrix takes the principal branch, eigenvalues of -1 that rounding moved included."""
    circuit = QuantumCircuit(of.qubits, global_phase=of.phase)
    for operation, on in of.steps:
        circuit.append(operation, on)
    return Operator(circuit).power(exponent, assume_unitary=True)

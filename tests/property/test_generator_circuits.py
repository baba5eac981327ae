"""What a generator builds is what its text says, however it names its gates and whatever it appends."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, Clbit, ControlModifier, InverseModifier, PowerModifier, Qubit
from qiskit.circuit.library import GlobalPhaseGate, PauliGate, QFTGate, RGate, UGate, UnitaryGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector, random_unitary

from oracle.circuits import exact_probabilities, load_qasm3
from router.sandbox.export import as_qasm3

QUBITS = 3
STANDARD = sorted(set(get_standard_gate_name_mapping()) - {"delay", "measure", "reset", "global_phase"})
ANGLES = st.sampled_from([0.3, 1.1, 2.5, -0.7])


def _standard(draw: Any, width: int) -> Any:
    fitting = [name for name in STANDARD if get_standard_gate_name_mapping()[name].num_qubits <= width]
    model = get_standard_gate_name_mapping()[draw(st.sampled_from(fitting))]
    return model.base_class(*(draw(ANGLES) for _ in model.params))


@st.composite
def operations(draw: Any, width: int, depth: int) -> Any:
    """Something of at most `width` qubits that a generator may append."""
    kind = draw(st.sampled_from(["standard", "own", "own", "unitary", "controlled", "annotated", "odd"]))
    if kind == "own" and depth:
        # A gate of a library's name, and of another meaning; two may have one name.
        inner = QuantumCircuit(width, name=draw(st.sampled_from(["h", "ecr", "rzz", "u", "mine", "mine"])))
        inner.global_phase = draw(ANGLES)
        for _ in range(draw(st.integers(0, 3))):
            operation = draw(operations(width, depth - 1))
            inner.append(operation, draw(st.permutations(range(width)))[: operation.num_qubits])
        return inner.to_gate() if all(hasattr(item.operation, "to_matrix") for item in inner.data) else inner
    if kind == "unitary":
        qubits = draw(st.integers(1, min(2, width)))
        return UnitaryGate(random_unitary(1 << qubits, seed=draw(st.integers(0, 50))))
    if kind == "controlled" and width > 1:
        return _standard(draw, 1).control(1, ctrl_state=draw(st.integers(0, 1)))
    if kind == "annotated" and width > 1:
        base = draw(st.sampled_from([UGate(0.3, 1.1, 0.2), RGate(0.4, 0.9)]))
        changes = draw(st.sampled_from([[ControlModifier(1)], [InverseModifier(), ControlModifier(1, 0)]]))
        return AnnotatedOperation(base, [PowerModifier(2), *changes])
    if kind == "odd" and width > 1:
        return draw(st.sampled_from([GlobalPhaseGate(0.4), PauliGate("XY"), QFTGate(2)]))
    return _standard(draw, width)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_text_of_a_generators_circuit_has_its_law(data: st.DataObject) -> None:
    circuit = QuantumCircuit(QUBITS)
    for qubit in range(QUBITS):
        circuit.u(0.9 + qubit, 0.2, -0.8, qubit)
    for _ in range(data.draw(st.integers(1, 4))):
        operation = data.draw(operations(QUBITS, 2))
        circuit.append(operation, data.draw(st.permutations(range(QUBITS)))[: operation.num_qubits])
    for qubit in range(QUBITS):
        circuit.u(0.9 + qubit, 0.2, -0.8, qubit)
    law = Statevector(circuit).probabilities()
    circuit.measure_all()
    text = as_qasm3(circuit)
    assert np.abs(exact_probabilities(load_qasm3(text)) - law).max() < 1e-9, text


def test_bits_outside_registers_get_one() -> None:
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit(), Clbit()])
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    assert exact_probabilities(load_qasm3(as_qasm3(circuit))).tolist() == [0, 0, 1, 0]

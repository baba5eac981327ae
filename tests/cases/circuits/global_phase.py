from qiskit import QuantumCircuit
from qiskit.circuit.library import GlobalPhaseGate


def build() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.append(GlobalPhaseGate(0.25))
    circuit.measure([0, 1], [0, 1])
    return circuit

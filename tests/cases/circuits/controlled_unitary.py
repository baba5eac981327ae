import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate


def build() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    minus = UnitaryGate(np.array([[-1, 0], [0, -1]]))
    circuit.h(0)
    circuit.append(minus.control(1), [0, 1])
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    return circuit

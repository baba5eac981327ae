from qiskit import QuantumCircuit


def build() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.initialize([0.6, 0, 0, 0.8], [0, 1])
    circuit.measure([0, 1], [0, 1])
    return circuit

from qiskit import QuantumCircuit


def build() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.rx(float("inf"), 0)
    circuit.measure(0, 0)
    return circuit

from qiskit import QuantumCircuit


def build() -> QuantumCircuit:
    circuit = QuantumCircuit(13, 13)
    circuit.h(0)
    for qubit in range(12):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit

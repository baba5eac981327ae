"""Facts about circuits."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm3, transpile

from oracle.circuits import circuit_facts, load_qasm3
from oracle.encoding import sha256_hex

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = HEAD + "qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n"


def test_the_facts_of_a_bell_pair() -> None:
    facts = circuit_facts(load_qasm3(BELL))
    assert (facts.qubits, facts.bits, facts.depth, facts.two_qubit_gates, facts.clifford) == (2, 2, 3, 1, True)
    assert facts.hash == sha256_hex(BELL.encode())


def test_another_text_of_the_same_circuit_has_another_hash() -> None:
    assert circuit_facts(load_qasm3(BELL)).hash != circuit_facts(load_qasm3(BELL + "\n")).hash


def test_a_circuit_that_was_changed_does_not_keep_its_texts_hash() -> None:
    circuit = load_qasm3(BELL)
    rewritten = transpile(circuit, basis_gates=["rz", "sx", "cz"])
    circuit.x(0)
    for changed in (circuit, rewritten):
        assert circuit_facts(changed).hash not in {sha256_hex(BELL.encode()), ""}


def test_a_circuit_without_a_text_is_hashed_as_qiskit_writes_it() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    assert circuit_facts(circuit).hash == sha256_hex(qasm3.dumps(circuit).encode())


def test_defined_gates_are_counted_by_what_they_do() -> None:
    text = HEAD + "gate pair a, b { h a; cx a, b; }\ngate two a, b, c { pair a, b; pair b, c; }\n"
    facts = circuit_facts(load_qasm3(text + "qubit[3] q;\nbit[3] c;\ntwo q[0], q[1], q[2];\nc = measure q;"))
    assert facts.two_qubit_gates == 2
    assert facts.depth == 5


def test_a_toffoli_is_six_two_qubit_gates_and_barriers_are_no_depth() -> None:
    facts = circuit_facts(
        load_qasm3(HEAD + "qubit[3] q;\nbarrier q;\nccx q[0], q[1], q[2];\ndelay[10ns] q[0];\nbarrier q;")
    )
    assert facts.two_qubit_gates == 6
    assert facts.depth == circuit_facts(load_qasm3(HEAD + "qubit[3] q;\nccx q[0], q[1], q[2];")).depth


@pytest.mark.parametrize(
    ("body", "clifford"),
    [
        ("h q; cx q[0], q[1]; s q[0]; sdg q[1]; swap q[0], q[1];", True),
        ("rz(pi/2) q[0]; rx(-pi) q[1]; U(pi/2, 0, pi) q[0]; cp(pi) q[0], q[1];", True),
        ("t q[0];", False),
        ("rz(0.3) q[0];", False),
        ("cp(pi/2) q[0], q[1];", False),
        # Each of these is nearly nothing; together they are a rotation by one radian.
        ("gate g a { rx(0.001) a; } " + "g q[0]; " * 20, False),
        ("x q[0]; reset q[0];", False),
    ],
)
def test_clifford_means_that_a_stabilizer_simulator_can(body: str, clifford: bool) -> None:
    circuit = load_qasm3(HEAD + f"qubit[2] q;\nbit[2] c;\n{body}\nc = measure q;")
    assert circuit_facts(circuit).clifford is clifford


def test_an_empty_circuit_has_facts() -> None:
    facts = circuit_facts(load_qasm3("OPENQASM 3.0;\nqubit[3] q;"))
    assert (facts.qubits, facts.bits, facts.depth, facts.two_qubit_gates) == (3, 0, 0, 0)

"""Exact probabilities against Qiskit's own, and the order of the bits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3
from qiskit.circuit import Parameter
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from oracle.circuits import exact_probabilities, load_qasm3
from oracle.encoding import InputRejected
from oracle.statistics import Baseline, baseline_tvd
from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "verdict_documents.json").read_text())
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def refused(circuit: QuantumCircuit) -> list[str]:
    with pytest.raises(InputRejected) as rejection:
        exact_probabilities(circuit)
    return [finding.reason for finding in rejection.value.findings]


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits_have_qiskits_probabilities(seed: int) -> None:
    qubits = 2 + seed % 7
    circuit = random_circuit(qubits, 6, max_operands=3, seed=seed)
    expected = Statevector(circuit).probabilities()
    circuit.measure_all()
    found = exact_probabilities(circuit)
    assert np.abs(found - expected).max() < 1e-12
    again = exact_probabilities(load_qasm3(qasm3.dumps(circuit)))
    assert np.abs(again - expected).max() < 1e-9


def test_classical_bit_0_is_least_significant_over_all_registers_in_order() -> None:
    text = HEAD + "qubit[3] q;\nbit[2] first;\nbit[3] second;\nx q[0];\nx q[2];\n"
    text += "second[1] = measure q[0];\nfirst[0] = measure q[1];\nfirst[1] = measure q[2];\n"
    assert exact_probabilities(load_qasm3(text)).tolist() == [float(i == 0b01010) for i in range(32)]


def test_the_order_of_bits_is_that_of_aers_results() -> None:
    registers = QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(*registers)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.ry(1.9, 2)
    circuit.measure([2, 0, 1], [1, 0, 2])
    counts = AerSimulator().run(circuit, shots=20_000, seed_simulator=3).result().get_counts()
    seen = np.zeros(8)
    for text, count in counts.items():
        seen[int(text.replace(" ", ""), 2)] = count / 20_000
    assert np.abs(seen - exact_probabilities(circuit)).sum() / 2 < 0.02


def test_a_bit_that_nothing_is_measured_into_stays_0_and_idle_qubits_cost_nothing() -> None:
    text = HEAD + "bit[3] c;\nx $100;\nh $133;\nc[1] = measure $100;\n"
    assert exact_probabilities(load_qasm3(text)) == pytest.approx([0, 0, 1, 0, 0, 0, 0, 0], abs=1e-12)


def test_the_golden_baseline_is_recomputed_within_the_tolerance() -> None:
    ours = Baseline.from_probabilities(exact_probabilities(load_qasm3(GOLDEN["circuit"])))
    committed = Baseline.from_bytes(GOLDEN["baselines"]["ring5"].encode())
    assert baseline_tvd(ours, committed) <= RECOMPUTATION_TOLERANCE


def test_a_layered_circuit_of_twelve_qubits_survives_the_blocks() -> None:
    circuit = QuantumCircuit(12)
    rng = np.random.default_rng(0)
    for _ in range(3):
        for qubit in range(12):
            circuit.u(*rng.random(3), qubit)
        for qubit in range(12):
            circuit.cx(qubit, (qubit + 5) % 12)
        circuit.ccx(0, 6, 11)
    expected = Statevector(circuit).probabilities()
    circuit.measure_all()
    assert np.abs(exact_probabilities(circuit) - expected).max() < 1e-14


def test_a_barrier_or_delay_after_measurement_is_nothing() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.delay(10, 0)
    assert exact_probabilities(circuit).tolist() == [0, 1]


def test_circuits_of_another_kind_are_refused_with_every_reason() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.reset(2)
    circuit.rx(Parameter("a"), 1)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(1, 0)
    assert sorted(refused(circuit)) == [
        "after a measurement, x acts on q[0]",
        "exact simulation has no place for a reset of q[2]",
        "rx is no gate with numbers for its parameters",
        "two qubits are measured into c[0]",
    ]


def test_a_circuit_that_measures_nothing_or_branches_is_refused() -> None:
    assert refused(QuantumCircuit(2, 2)) == ["nothing is measured"]
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    assert any("if_else" in reason for reason in refused(circuit))


def test_a_circuit_beyond_the_width_is_refused_before_memory_is_taken() -> None:
    circuit = QuantumCircuit(25, 25)
    circuit.h(range(25))
    circuit.measure(range(25), range(25))
    assert sorted(refused(circuit)) == [
        "25 classical bits are declared, and exact simulation reaches 24",
        "25 qubits are in use, and exact simulation reaches 24",
    ]


def test_what_is_wrong_with_sixteen_qubits_is_one_finding_with_the_texts_line() -> None:
    text = HEAD + "qubit[16] q; bit[16] c; bit[16] d;\nc = measure q;\nd = measure q;\n"
    with pytest.raises(InputRejected) as rejection:
        exact_probabilities(load_qasm3(text))
    late, wide = rejection.value.findings[0], rejection.value.findings[1:]
    assert (late.line, wide) == (5, ())
    assert late.reason == (
        "after a measurement, measure acts on q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7] and 8 more"
    )


def test_a_circuit_that_was_edited_since_it_was_read_has_no_lines() -> None:
    circuit = load_qasm3(HEAD + "qubit[1] q; bit[1] c;\nc = measure q;\n")
    circuit.x(0)
    assert refused(circuit) == ["after a measurement, x acts on q[0]"]

"""Canaries look like their target, return what was predicted, and show errors."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, transpile
from qiskit.circuit.library import XGate, YGate, ZGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.quantum_info import Clifford, Operator, StabilizerState
from qiskit_aer import AerSimulator

from oracle.canaries import Assignment, Canary, CanaryPolicy, CommitmentBroken, Draws
from oracle.circuits import circuit_facts, exact_probabilities, load_qasm3
from oracle.circuits.canaries.batches import check_canaries, expected_outcome, make_batch
from oracle.circuits.canaries.clifford import make_canary, shape_of, written_alike
from oracle.circuits.canaries.stabilizers import STATES, one_qubit_choices, two_qubit_choices, unentangled
from oracle.encoding import InputRejected

SEED = "5e" * 32
POLICY = CanaryPolicy(Fraction(1, 100), Fraction(1, 100), Fraction(1, 5), Fraction(1, 2))
GATES = ("h", "x", "y", "sx", "sxdg", "s", "sdg", "t", "tdg", "z", "id", "rx", "ry", "rz", "p", "u", "u2", "u3")
PAIRS = ("cx", "cy", "cz", "swap", "cp", "crx", "cry", "crz", "rzz", "rxx", "ecr", "iswap")
MAPPING = get_standard_gate_name_mapping()


def ring(nodes: int, angle: float = 0.3, depth: int = 2) -> QuantumCircuit:
    """QAOA for a maximum cut of a ring."""
    circuit = QuantumCircuit(nodes, nodes)
    circuit.h(range(nodes))
    for layer in range(depth):
        for node in range(nodes):
            circuit.rzz(angle + layer, node, (node + 1) % nodes)
        circuit.rx(0.7, range(nodes))
    circuit.measure(range(nodes), range(nodes))
    return circuit


def loaded(circuit: QuantumCircuit) -> QuantumCircuit:
    return load_qasm3(qasm3.dumps(circuit))


@st.composite
def targets(draw: st.DrawFn) -> QuantumCircuit:
    """Random circuits as they are read from strangers: two registers of bits, some qubits not measured."""
    qubits = draw(st.integers(1, 5))
    measured = draw(st.lists(st.sampled_from(range(qubits)), min_size=1, unique=True))
    circuit = QuantumCircuit(
        QuantumRegister(qubits, "q"), ClassicalRegister(1, "spare"), ClassicalRegister(len(measured), "m")
    )
    angles = st.floats(-6, 6).map(lambda angle: round(angle, 3))
    for _ in range(draw(st.integers(0, 25))):
        name = draw(st.sampled_from((*GATES, *PAIRS, "ccx", "barrier")))
        wires = draw(st.permutations(range(qubits)))
        if name == "barrier":
            circuit.barrier()
        elif MAPPING[name].num_qubits <= qubits:
            gate = MAPPING[name].base_class(*(draw(angles) for _ in MAPPING[name].params))
            circuit.append(gate, wires[: gate.num_qubits])
    for bit, qubit in enumerate(measured):
        circuit.measure(qubit, 1 + bit)
    return loaded(circuit)


@settings(max_examples=20, deadline=None)
@given(targets(), st.integers(0, 2**64))
def test_a_canary_has_its_targets_shape_and_returns_what_was_predicted(target: QuantumCircuit, seed: int) -> None:
    made = make_canary(target, Draws("test/canary", str(seed)))
    canary = load_qasm3(made.qasm3)
    own = loaded(written_alike(target))
    assert shape_of(canary) == shape_of(own)
    assert [(r.name, r.size) for r in canary.cregs] == [(r.name, r.size) for r in target.cregs]
    facts, wanted = circuit_facts(canary), circuit_facts(target)
    assert (facts.qubits, facts.bits, facts.depth, facts.two_qubit_gates) == (
        wanted.qubits,
        wanted.bits,
        wanted.depth,
        wanted.two_qubit_gates,
    )
    assert expected_outcome(canary) == made.expected
    counts = AerSimulator().run(canary, shots=20, seed_simulator=1).result().get_counts()
    assert {outcome.replace(" ", "") for outcome in counts} == {made.expected}
    np.testing.assert_allclose(exact_probabilities(own), exact_probabilities(target), atol=1e-9)


@pytest.mark.parametrize("name", GATES)
def test_what_stands_for_a_one_qubit_gate_does_what_is_said_of_it(name: str) -> None:
    angles = (0.4, 1.3, -2.2)[: len(MAPPING[name].params)]
    for gate, action in one_qubit_choices(MAPPING[name].base_class(*angles)):
        circuit = QuantumCircuit(1)
        circuit.append(gate, [0])
        assert sorted(action) == list(STATES)
        for state in STATES:
            before = StabilizerState.from_stabilizer_list(["+-"[state % 2] + "XYZ"[state // 2]])
            after = before.evolve(Clifford(circuit))
            assert after.clifford.to_labels(mode="S") == ["+-"[action[state] % 2] + "XYZ"[action[state] // 2]]


@pytest.mark.parametrize("name", PAIRS)
def test_the_products_of_a_two_qubit_gate_are_those_that_it_leaves_unentangled(name: str) -> None:
    choices = two_qubit_choices(MAPPING[name].base_class(*(0.4 for _ in MAPPING[name].params)))
    assert choices
    states = [np.array(v) / np.linalg.norm(v) for v in ([1, 1], [1, -1], [1, 1j], [1, -1j], [1, 0], [0, 1])]
    for gate, images in choices:
        products = unentangled(images)
        matrix = Operator(gate).data
        for a in STATES:
            for b in STATES:
                turned = (matrix @ np.kron(states[b], states[a])).reshape(2, 2)
                separable = np.linalg.svd(turned)[1][1] < 1e-9
                assert separable == ((a, b) in products)
                if separable:
                    after_a, after_b = products[a, b]
                    overlap = np.kron(states[after_b], states[after_a]).conj() @ turned.reshape(4)
                    assert abs(overlap) == pytest.approx(1)


def test_errors_of_every_kind_anywhere_show_in_most_canaries() -> None:
    target = loaded(ring(4))
    shown, rng = {"X": 0, "Y": 0, "Z": 0}, np.random.default_rng(5)
    canaries, errors = 15, 2
    for number in range(canaries):
        made = make_canary(target, Draws("test/errors", str(number)))
        canary = load_qasm3(made.qasm3)
        for error in (XGate(), YGate(), ZGate()) * errors:
            faulty = canary.copy_empty_like()
            place = int(rng.integers(4, len(canary.data) - 8))
            for index, item in enumerate(canary.data):
                faulty.append(item)
                if index == place:
                    faulty.append(error, [item.qubits[int(rng.integers(len(item.qubits)))]])
            shown[error.name.upper()] += expected_outcome(faulty) != made.expected
    # An error is silent only where it stabilizes its qubit's state: one kind of three, if states are drawn evenly.
    assert min(shown.values()) / (canaries * errors) > 1 / 3
    assert sum(shown.values()) / (canaries * errors * 3) > 0.55


def test_canaries_of_a_transpiled_circuit_keep_its_physical_qubits_pairs() -> None:
    target = loaded(transpile(ring(5), basis_gates=["rz", "sx", "x", "cz"], seed_transpiler=1, optimization_level=1))
    made = make_canary(target, Draws("test/isa"))
    assert made.luck == Fraction(1, 32)
    assert shape_of(load_qasm3(made.qasm3)) == shape_of(loaded(written_alike(target)))
    assert circuit_facts(load_qasm3(made.qasm3)).clifford
    assert not circuit_facts(target).clifford


def test_a_hundred_qubits_are_no_matter() -> None:
    target = loaded(ring(100, depth=1))
    made = make_canary(target, Draws("test/wide"))
    assert expected_outcome(load_qasm3(made.qasm3)) == made.expected
    assert 20 < made.expected.count("1") < 80


def test_the_same_seed_makes_the_same_batch_and_another_one_another() -> None:
    sweep = [qasm3.dumps(ring(4, angle)) for angle in (0.2, 0.3, 0.4)]
    made, again, other = (
        make_batch(sweep, canaries=6, shots=100, policy=POLICY, seed=seed) for seed in (SEED, SEED, "01" * 32)
    )
    assert made == again
    assert made.assignment.batch.commitment != other.assignment.batch.commitment
    assert [each.index for each in made.assignment.canaries] != [each.index for each in other.assignment.canaries]
    assert len(set(made.circuits)) == 9
    assert len({shape_of(load_qasm3(text)) for text in made.circuits}) == 1, "nothing but angles tells them apart"
    assert made.assignment.policy.luck == Fraction(1, 16)
    check_canaries(made.assignment, made.circuits)


def test_a_requester_who_frames_its_worker_is_told() -> None:
    made = make_batch([qasm3.dumps(ring(3))], canaries=5, shots=100, policy=POLICY, seed=SEED)
    with pytest.raises(CommitmentBroken, match="not those of the batch"):
        check_canaries(made.assignment, made.circuits[::-1])
    first, *others = made.assignment.canaries
    wrong = Canary(first.index, first.expected.translate(str.maketrans("01", "10")))
    framed = Assignment("00" * 32, made.assignment.circuits, 3, 100, made.assignment.policy, (wrong, *others))
    with pytest.raises(CommitmentBroken, match=f"circuit {first.index} returns {first.expected}"):
        check_canaries(framed, made.circuits)
    target = next(place for place in range(6) if place not in {each.index for each in made.assignment.canaries})
    called = Canary(target, "000")
    with pytest.raises(InputRejected, match="not Clifford"):
        check_canaries(
            Assignment("00" * 32, made.assignment.circuits, 3, 100, made.assignment.policy, (called,)),
            made.circuits,
        )


def ghz(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(qubits), range(qubits))
    return circuit


def unmeasured() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    return circuit


def controlled_hadamard() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ch(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


@pytest.mark.parametrize(
    ("circuits", "words"),
    [
        ([ring(3), ring(3)], "one circuit is there twice"),
        ([ring(3), ring(4)], "their registers differ"),
        ([ghz(4)], "too few different canaries"),
        ([unmeasured()], "nothing is measured"),
        ([controlled_hadamard()], "a ch is Clifford at no angle"),
    ],
)
def test_targets_that_give_themselves_away_or_have_no_canary_are_refused(
    circuits: list[QuantumCircuit], words: str
) -> None:
    with pytest.raises(InputRejected, match=words):
        make_batch([qasm3.dumps(circuit) for circuit in circuits], canaries=30, shots=100, policy=POLICY, seed=SEED)


def test_each_shape_needs_a_canary_of_its_own() -> None:
    other = ring(3)
    other.data.insert(0, other.data[0])
    mixed = [qasm3.dumps(ring(3)), qasm3.dumps(other)]
    with pytest.raises(InputRejected, match="1 of the targets' shapes would have no canary"):
        make_batch(mixed, canaries=1, shots=100, policy=POLICY, seed=SEED)


def test_a_random_outcome_is_no_canarys() -> None:
    with pytest.raises(InputRejected, match="classical bit 0 is random"):
        expected_outcome(loaded(ghz(2)))

"""Mirror canaries run their target's own gates, return what went in, and show errors that Clifford ones do not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.circuit import Gate
from qiskit.circuit.library import RXGate, XGate, YGate, ZGate
from qiskit_aer import AerSimulator
from unit.circuits.test_canaries import POLICY, SEED, controlled_hadamard, ghz, loaded, ring, targets

from oracle.canaries import Assignment, Canary, CanaryPolicy, Draws
from oracle.circuits import circuit_facts, exact_probabilities, load_qasm3
from oracle.circuits.canaries.batches import check_canaries, expected_outcome, luck_of, make_batch
from oracle.circuits.canaries.clifford import shape_of, written_alike
from oracle.circuits.canaries.mirrors import make_mirror, unmirrored
from oracle.circuits.facts import flatten
from oracle.encoding import InputRejected


def entangling(circuit: QuantumCircuit) -> list[str]:
    return [gate.name for gate, qubits, _ in flatten(circuit) if len(qubits) == 2 and gate.name != "barrier"]


@settings(max_examples=25, deadline=None)
@given(targets(), st.integers(0, 2**64))
def test_a_mirror_returns_what_was_predicted_and_nobody_needs_its_maker_to_know(
    target: QuantumCircuit, seed: int
) -> None:
    draws = Draws("test/mirror", str(seed))
    if len(entangling(target)) < 2:
        with pytest.raises(InputRejected, match="have no half"):
            make_mirror(target, draws)
        return
    made = make_mirror(target, draws)
    mirror = load_qasm3(made.qasm3)
    assert [(r.name, r.size) for r in mirror.cregs] == [(r.name, r.size) for r in target.cregs]
    assert len(entangling(mirror)) == len(entangling(target)) // 2 * 2
    assert expected_outcome(mirror) == made.expected
    counts = AerSimulator().run(mirror, shots=20, seed_simulator=1).result().get_counts()
    assert {outcome.replace(" ", "") for outcome in counts} == {made.expected}


def test_a_mirror_keeps_angles_and_covers_all_of_its_target() -> None:
    target = loaded(ring(5))
    pairs = {qubits for _, qubits, _ in flatten(target) if len(qubits) == 2}
    covered: set[tuple[float, tuple[int, ...]]] = set()
    for number in range(40):
        mirror = load_qasm3(make_mirror(target, Draws("test/cover", str(number))).qasm3)
        assert {qubits for name, qubits, _ in shape_of(mirror) if name == "cx"} <= pairs
        turns = [(float(gate.params[0]), qubits) for gate, qubits, _ in flatten(mirror) if gate.name == "rz"]
        for (one, qubit), (other, same) in zip(turns, reversed(turns), strict=True):
            assert (one, qubit) == (-other, same)
        covered.update((abs(one), qubit) for one, qubit in turns)
    own = {(float(gate.params[0]), qubits) for gate, qubits, _ in flatten(written_alike(target)) if gate.name == "rz"}
    assert {angle for angle, _ in own} == {0.3, 1.3}
    assert covered == own, "each of the ten pairs at its angle"
    assert not circuit_facts(mirror).clifford


def test_each_bit_is_a_fair_coin_so_that_an_answer_made_up_is_right_by_luck_alone() -> None:
    target = loaded(ring(4))
    outcomes = [make_mirror(target, Draws("test/coins", str(number))).expected for number in range(400)]
    assert make_mirror(target, Draws("test/coins", "0")).luck == Fraction(1, 16)
    assert luck_of([qasm3.dumps(ring(4)), qasm3.dumps(ring(3))], "mirror") == Fraction(1, 8)
    for bit in range(4):
        # 400 fair coins are within six standard deviations.
        assert abs(sum(outcome[bit] == "1" for outcome in outcomes) - 200) < 60


def test_a_mirror_is_entangled_in_its_middle_as_a_clifford_canary_is_not() -> None:
    mirror = load_qasm3(make_mirror(loaded(ring(5)), Draws("test/entangled")).qasm3)
    middle = next(
        place
        for place, item in enumerate(mirror.data)
        if item.operation.name == "barrier" and len(item.qubits) == mirror.num_qubits
    )
    half = mirror.copy_empty_like()
    for item in mirror.data[:middle]:
        half.append(item)
    half.measure(range(5), range(5))
    state = exact_probabilities(half)
    assert np.count_nonzero(state > 1e-6) > 16


def test_a_wrong_angle_shows_in_most_places_but_not_where_its_inverse_is_as_wrong() -> None:
    target = loaded(ring(4))
    made = make_mirror(target, Draws("test/errors"))
    mirror = load_qasm3(made.qasm3)
    right = int(made.expected, 2)
    places = [place for place, item in enumerate(mirror.data) if item.operation.name == "rz"]
    assert len(places) > 4
    shown = 0
    for place in places:
        weaker = mirror.copy_empty_like()
        for index, item in enumerate(mirror.data):
            operation = item.operation
            if index == place:
                operation = type(operation)(operation.params[0] * 0.5)
            weaker.append(operation, item.qubits, item.clbits)
        shown += exact_probabilities(weaker)[right] < 0.995
    # A turn about Z of a qubit that is 0 or 1 is none.
    assert shown > len(places) / 2
    stretched = mirror.copy_empty_like()
    for item in mirror.data:
        operation = item.operation
        if operation.name == "rz":
            operation = type(operation)(operation.params[0] * 1.5)
        stretched.append(operation, item.qubits, item.clbits)
    assert exact_probabilities(stretched)[right] == pytest.approx(1)


def test_errors_of_every_kind_anywhere_show_in_most_mirrors() -> None:
    target, rng = loaded(ring(4)), np.random.default_rng(5)
    shown, canaries = {"x": 0, "y": 0, "z": 0}, 20
    for number in range(canaries):
        made = make_mirror(target, Draws("test/errors", str(number)))
        mirror = load_qasm3(made.qasm3)
        gates = [place for place, item in enumerate(mirror.data) if isinstance(item.operation, Gate)]
        for error in (XGate(), YGate(), ZGate()):
            faulty, place = mirror.copy_empty_like(), gates[int(rng.integers(len(gates)))]
            for index, item in enumerate(mirror.data):
                faulty.append(item)
                if index == place:
                    faulty.append(error, [item.qubits[int(rng.integers(len(item.qubits)))]])
            shown[error.name] += exact_probabilities(faulty)[int(made.expected, 2)] < 0.99
    assert shown["x"] + shown["y"] > 0.9 * 2 * canaries
    assert shown["z"] > canaries / 4


def test_a_transpiler_keeps_the_entangling_gates_of_a_mirror() -> None:
    target = loaded(transpile(ring(5), basis_gates=["rz", "sx", "x", "cz"], seed_transpiler=1, optimization_level=1))
    mirror = load_qasm3(make_mirror(target, Draws("test/isa")).qasm3)
    compiled = transpile(mirror, basis_gates=["rz", "sx", "x", "cz"], seed_transpiler=1, optimization_level=3)
    assert compiled.count_ops()["cz"] == len(entangling(target)) // 2 * 2


def test_a_batch_of_mirrors_is_checked_when_it_is_revealed_and_a_target_is_none() -> None:
    sweep = [qasm3.dumps(ring(4, angle)) for angle in (0.2, 0.3, 0.4)]
    made = make_batch(sweep, canaries=6, shots=100, policy=POLICY, seed=SEED, kind="mirror")
    assert made == make_batch(sweep, canaries=6, shots=100, policy=POLICY, seed=SEED, kind="mirror")
    assert len(set(made.circuits)) == 9
    assert made.assignment.policy.luck == Fraction(1, 16)
    check_canaries(made.assignment, made.circuits)
    target = next(place for place in range(9) if place not in {each.index for each in made.assignment.canaries})
    called = Assignment("00" * 32, made.assignment.circuits, 4, 100, POLICY, (Canary(target, "0000"),))
    with pytest.raises(InputRejected, match="nor the mirror of its own first half"):
        check_canaries(called, made.circuits)


def test_targets_of_two_shapes_need_no_mirror_each_for_mirrors_have_neither() -> None:
    other = ring(3)
    other.data.insert(0, other.data[0])
    mixed = [qasm3.dumps(ring(3)), qasm3.dumps(other)]
    policy = CanaryPolicy(Fraction(1, 100), Fraction(1, 100), Fraction(1, 5), Fraction(1, 2))
    assert len(make_batch(mixed, canaries=1, shots=100, policy=policy, seed=SEED, kind="mirror").circuits) == 3


def test_nearly_undone_is_not_undone() -> None:
    circuit = QuantumCircuit(2, 2)
    for angle in (0.7, -0.7 + 1e-6):
        circuit.rzz(angle, 0, 1)
    circuit.measure([0, 1], [0, 1])
    assert entangling(unmirrored(circuit)) == ["rzz", "rzz"]


def test_gates_are_undone_only_by_their_neighbours_on_the_same_qubits() -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.cx(0, 1)
    circuit.cx(1, 0)
    circuit.cx(1, 2)
    circuit.append(RXGate(0.3), [0])
    circuit.append(RXGate(-0.3), [0])
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure(range(3), range(3))
    assert entangling(unmirrored(circuit)) == ["cx"] * 5
    # A swap in between is no neighbour of theirs once it is undone itself.
    nested = QuantumCircuit(2, 2)
    for gate in ("cx", "swap", "swap", "cx"):
        getattr(nested, gate)(0, 1)
    nested.measure([0, 1], [0, 1])
    assert entangling(unmirrored(nested)) == []


def test_a_hundred_qubits_are_no_matter() -> None:
    made = make_mirror(loaded(ring(100, depth=1)), Draws("test/wide"))
    assert expected_outcome(load_qasm3(made.qasm3)) == made.expected


def unnamed_inverse() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.iswap(0, 1)
    circuit.iswap(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


@pytest.mark.parametrize(
    ("circuit", "words"),
    [(ghz(2), "1 two-qubit gates have no half"), (unnamed_inverse(), "the inverse of a iswap is no standard gate")],
)
def test_targets_without_a_mirror_are_refused_with_the_way_out(circuit: QuantumCircuit, words: str) -> None:
    with pytest.raises(InputRejected, match=words):
        make_mirror(circuit, Draws("test/none"))


def test_a_gate_that_is_clifford_at_no_angle_has_a_mirror() -> None:
    target = controlled_hadamard()
    target.data.insert(0, target.data[0])
    made = make_mirror(loaded(target), Draws("test/ch"))
    assert expected_outcome(load_qasm3(made.qasm3)) == made.expected

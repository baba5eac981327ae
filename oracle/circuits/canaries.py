"""Making canaries: circuits of the target's shape whose outcome is known without running them.

A canary has the target's registers, measurements, barriers and delays, and at each place of the (expanded) target a
gate of the same name on the same qubits, so the same depth and the same two-qubit structure; only angles differ, and
are quarter turns. Both have a barrier behind each two-qubit gate. How the angles are drawn so that
the outcome is certain: traps.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import Gate
from qiskit.quantum_info import Clifford, Pauli, StabilizerState

from oracle.canaries import Assignment, Canary, CanaryPolicy, CommitmentBroken, Draws, assign
from oracle.circuits.facts import circuit_facts, flatten
from oracle.circuits.probabilities import separate, used_qubits
from oracle.circuits.qasm import load_qasm3
from oracle.circuits.stabilizers import alike, two_qubit_choices
from oracle.circuits.traps import DeadEnd, trace
from oracle.encoding import Finding, InputRejected, sha256_hex

CIRCUIT_DOMAIN = "compute-escrow/canary-circuit/1"
ORDER_DOMAIN = "compute-escrow/canary-order/1"
_TRIES = 64
"""Draws before a circuit is given up; from the half on, gates meet computational states where they can."""
_DIFFERENT = 32
"""Draws before a shape is held to have too few different canaries."""

Shape = tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
"""Name, qubits and classical bits of every operation, as a worker sees them in all circuits of a batch."""


@dataclass(frozen=True)
class MadeCanary:
    """A canary and what only its maker knows."""

    qasm3: str
    expected: str
    """Its outcome, classical bit 0 rightmost."""
    luck: Fraction
    """At most this probably, over the draw, one given answer is the outcome: 1/2 for each bit that a fair coin set."""


@dataclass(frozen=True)
class MadeBatch:
    """Circuits in their secret order, and the assignment to keep until the results are in."""

    circuits: tuple[str, ...]
    """OpenQASM 3."""
    assignment: Assignment


def shape_of(circuit: QuantumCircuit) -> Shape:
    """The shape of `circuit`, its defined gates expanded."""
    return tuple((operation.name, qubits, clbits) for operation, qubits, clbits in flatten(circuit))


def written_alike(target: QuantumCircuit) -> QuantumCircuit:
    """`target`, equal up to a phase, with its gates expanded, named and fenced as those of its canaries."""
    copy = _empty_like(target)
    for operation, qubits, clbits in flatten(target):
        if operation.num_qubits == 0:
            continue
        one = isinstance(operation, Gate) and len(qubits) == 1
        copy.append(alike(operation) if one else operation, qubits, clbits)
        _fence(copy, operation, qubits)
    return copy


def make_canary(target: QuantumCircuit, draws: Draws) -> MadeCanary:
    """A canary of the shape of `target`.

    Raises InputRejected, with every finding, for a target that is not unitary but for measurements at its end, has
    two-qubit gates that are Clifford at no angle, or too few gates with angles between those that entangle.
    """
    separate(target)
    findings = [
        Finding("circuit", None, f"a {name} is Clifford at no angle", "write it with cx, cz or rzz and one-qubit gates")
        for name in sorted(
            {
                operation.name
                for operation, qubits, _ in flatten(target)
                if isinstance(operation, Gate) and len(qubits) == 2 and not two_qubit_choices(operation)
            }
        )
    ]
    if findings:
        raise InputRejected("circuit", findings)
    operations = [placed for placed in flatten(target) if placed[0].num_qubits > 0]
    for attempt in range(_TRIES):
        try:
            traced = trace(operations, draws, tame=attempt >= _TRIES // 2)
        except DeadEnd:
            continue
        circuit = _empty_like(target)
        for gate, qubits, clbits in traced.operations:
            circuit.append(gate, qubits, clbits)
            _fence(circuit, gate, qubits)
        expected = "".join(str(traced.bits.get(bit, 0)) for bit in reversed(range(target.num_clbits)))
        return MadeCanary(qasm3.dumps(circuit), expected, Fraction(1, 2**traced.coins))
    reason = f"no canary of this shape was found in {_TRIES} draws: too few gates with angles between two-qubit gates"
    raise InputRejected("circuit", [Finding("circuit", None, reason, "transpile it for a device, which adds rz gates")])


def _fence(circuit: QuantumCircuit, operation: object, qubits: tuple[int, ...]) -> None:
    """A barrier behind a two-qubit gate: at quarter turns two neighbours often are one gate, or none, and a transpiler
    that merged them would run canaries shorter than their target."""
    if isinstance(operation, Gate) and len(qubits) == 2:
        circuit.barrier(*qubits)


def _empty_like(circuit: QuantumCircuit) -> QuantumCircuit:
    empty = circuit.copy_empty_like(name="circuit")
    empty.global_phase = 0
    empty.metadata = {}
    return empty


def expected_outcome(circuit: QuantumCircuit) -> str:
    """The one outcome of a Clifford circuit, by stabilizer simulation, classical bit 0 rightmost.

    Raises InputRejected for a circuit that is not Clifford, or whose outcome is random.
    """
    gates, measured = separate(circuit)
    if not circuit_facts(circuit).clifford:
        raise InputRejected(
            "circuit", [Finding("circuit", None, "it is not Clifford", "take the canary as it was made")]
        )
    used = used_qubits(gates, measured)
    place = {qubit: index for index, qubit in enumerate(used)}
    unitary = QuantumCircuit(len(used))
    for gate, qubits in gates:
        unitary.append(gate, [place[qubit] for qubit in qubits])
    state = StabilizerState(Clifford(unitary))
    expected = ["0"] * circuit.num_clbits
    for bit, qubit in measured.items():
        mean = state.expectation_value(Pauli("Z"), [place[qubit]])
        if mean == 0:
            reason = f"classical bit {bit} is random"
            raise InputRejected("circuit", [Finding("circuit", None, reason, "take the canary as it was made")])
        expected[bit] = "0" if mean > 0 else "1"
    return "".join(reversed(expected))


def luck_of(targets: Sequence[str]) -> Fraction:
    """The luck of canaries of the shapes of `targets`: the greatest. Raises InputRejected as make_canary."""
    return max(make_canary(load_qasm3(text), Draws(CIRCUIT_DOMAIN, "luck")).luck for text in targets)


def make_batch(targets: Sequence[str], *, canaries: int, shots: int, policy: CanaryPolicy, seed: str) -> MadeBatch:
    """`targets` (OpenQASM 3) written alike and `canaries` canaries of their shapes in turn, in an order from `seed`.

    `seed` is a secret of at least 128 bits, for whoever knows it knows which is which. The policy's luck becomes that
    of the canaries. Raises InputRejected for targets that give themselves away (one text twice, another register, a
    shape without a canary) or of whose shape no canary can be made.
    """
    circuits = [load_qasm3(text) for text in targets]
    own = [qasm3.dumps(written_alike(circuit)) for circuit in circuits]
    _check_targets(circuits, own, canaries)
    entries: list[tuple[str, str | None]] = [(text, None) for text in own]
    luck, seen = Fraction(0), set(own)
    for number in range(canaries):
        made = _another(circuits[number % len(circuits)], seed, number, seen)
        seen.add(made.qasm3)
        luck = max(luck, made.luck)
        entries.append((made.qasm3, made.expected))
    Draws(ORDER_DOMAIN, seed).shuffle(entries)
    texts = tuple(text for text, _ in entries)
    places = tuple(Canary(index, expected) for index, (_, expected) in enumerate(entries) if expected is not None)
    digests = tuple(sha256_hex(text.encode()) for text in texts)
    assignment = assign(seed, digests, circuits[0].num_clbits, shots, replace(policy, luck=luck), places)
    return MadeBatch(texts, assignment)


def _check_targets(circuits: Sequence[QuantumCircuit], own: Sequence[str], canaries: int) -> None:
    findings = []
    if len(set(own)) != len(own):
        remedy = "name each circuit once; a batch is for circuits of one family, as of a sweep of angles"
        findings.append(Finding("targets", None, "one circuit is there twice, and no canary ever is", remedy))
    if len({circuit.num_clbits for circuit in circuits}) > 1:
        findings.append(Finding("targets", None, "their registers differ in width", "make a batch for each width"))
    shapes = [shape_of(circuit) for circuit in circuits]
    bare = len(set(shapes)) - len(set(shapes[:canaries]))
    if bare:
        reason = f"{bare} of the targets' shapes would have no canary"
        remedy = f"make {len(circuits)} canaries, or a batch for each shape"
        findings.append(Finding("targets", None, reason, remedy))
    if findings:
        raise InputRejected("batch", findings)


def _another(target: QuantumCircuit, seed: str, number: int, seen: set[str]) -> MadeCanary:
    for attempt in range(_DIFFERENT):
        made = make_canary(target, Draws(CIRCUIT_DOMAIN, seed, str(number), str(attempt)))
        if made.qasm3 not in seen:
            return made
    reason = f"its shape has too few different canaries for {number + 1} of them"
    remedy = "a circuit with so few angles is checked by binomial.exact/1 instead"
    raise InputRejected("circuit", [Finding("circuit", None, reason, remedy)])


def check_canaries(assignment: Assignment, circuits: Sequence[str]) -> None:
    """Make sure that `circuits` are those of the batch, and that each canary returns what the assignment says, by
    stabilizer simulation: no worker fails a canary that is none. Raises CommitmentBroken and InputRejected."""
    if [sha256_hex(text.encode()) for text in circuits] != list(assignment.circuits):
        raise CommitmentBroken("the circuits are not those of the batch")
    for canary in assignment.canaries:
        found = expected_outcome(load_qasm3(circuits[canary.index]))
        if found != canary.expected:
            raise CommitmentBroken(f"circuit {canary.index} returns {found}, and the assignment says {canary.expected}")

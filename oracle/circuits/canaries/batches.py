"""Batches: targets and canaries of them in a secret order, and what can be checked of one once it is revealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from qiskit import QuantumCircuit, qasm3
from qiskit.quantum_info import Clifford, Pauli, StabilizerState

from oracle.canaries import Assignment, Canary, CanaryPolicy, CommitmentBroken, Draws, assign
from oracle.circuits.canaries.clifford import MadeCanary, make_canary, shape_of, written_alike
from oracle.circuits.canaries.mirrors import make_mirror, unmirrored
from oracle.circuits.facts import circuit_facts
from oracle.circuits.probabilities import separate, used_qubits
from oracle.circuits.reading.qasm import load_qasm3
from oracle.encoding import Finding, InputRejected, sha256_hex

CIRCUIT_DOMAIN = "compute-escrow/canary-circuit/1"
ORDER_DOMAIN = "compute-escrow/canary-order/1"
_DIFFERENT = 32
"""Draws before a target is held to have too few different canaries."""

Kind = Literal["clifford", "mirror"]
Maker = Callable[[QuantumCircuit, Draws], MadeCanary]
MAKERS: Mapping[Kind, Maker] = MappingProxyType({"clifford": make_canary, "mirror": make_mirror})


@dataclass(frozen=True)
class MadeBatch:
    """Circuits in their secret order, and the assignment to keep until the results are in."""

    circuits: tuple[str, ...]
    """OpenQASM 3."""
    assignment: Assignment


def expected_outcome(circuit: QuantumCircuit) -> str:
    """The one outcome of a circuit that is Clifford, or is once its mirrored gates are gone, by stabilizer simulation,
    classical bit 0 rightmost.

    Raises InputRejected for any other circuit, or one whose outcome is random.
    """
    if not circuit_facts(circuit).clifford:
        circuit = unmirrored(circuit)
    if not circuit_facts(circuit).clifford:
        reason = "it is not Clifford, nor the mirror of its own first half"
        raise InputRejected("circuit", [Finding("", None, reason, "take the canary as it was made")])
    gates, measured = separate(circuit)
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
            raise InputRejected("circuit", [Finding("", None, reason, "take the canary as it was made")])
        expected[bit] = "0" if mean > 0 else "1"
    return "".join(reversed(expected))


def luck_of(targets: Sequence[str], kind: Kind = "clifford") -> Fraction:
    """The luck of canaries of `targets`: the greatest. Raises InputRejected as make_canary and make_mirror."""
    return max(MAKERS[kind](load_qasm3(text), Draws(CIRCUIT_DOMAIN, "luck")).luck for text in targets)


def make_batch(
    targets: Sequence[str],
    *,
    canaries: int,
    shots: int,
    policy: CanaryPolicy,
    seed: str,
    kind: Kind = "clifford",
) -> MadeBatch:
    """`targets` (OpenQASM 3) written alike and `canaries` canaries of them in turn, in an order from `seed`.

    `seed` is a secret of at least 128 bits, for whoever knows it knows which is which. The policy's luck becomes that
    of the canaries. Raises InputRejected for targets that give themselves away (one text twice, another register, a
    shape without a canary where canaries have their target's) or of which no canary can be made.
    """
    circuits = [load_qasm3(text) for text in targets]
    own = [qasm3.dumps(written_alike(circuit)) for circuit in circuits]
    _check_targets(circuits, own, canaries, kind)
    entries: list[tuple[str, str | None]] = [(text, None) for text in own]
    luck, seen = Fraction(0), set(own)
    for number in range(canaries):
        made = _another(MAKERS[kind], circuits[number % len(circuits)], seed, number, seen)
        seen.add(made.qasm3)
        luck = max(luck, made.luck)
        entries.append((made.qasm3, made.expected))
    Draws(ORDER_DOMAIN, seed).shuffle(entries)
    texts = tuple(text for text, _ in entries)
    places = tuple(Canary(index, expected) for index, (_, expected) in enumerate(entries) if expected is not None)
    digests = tuple(sha256_hex(text.encode()) for text in texts)
    assignment = assign(seed, digests, circuits[0].num_clbits, shots, replace(policy, luck=luck), places)
    return MadeBatch(texts, assignment)


def _check_targets(circuits: Sequence[QuantumCircuit], own: Sequence[str], canaries: int, kind: Kind) -> None:
    findings = []
    if len(set(own)) != len(own):
        remedy = "name each circuit once; a batch is for circuits of one family, as of a sweep of angles"
        findings.append(Finding("targets", None, "one circuit is there twice, and no canary ever is", remedy))
    if len({circuit.num_clbits for circuit in circuits}) > 1:
        findings.append(Finding("targets", None, "their registers differ in width", "make a batch for each width"))
    shapes = [shape_of(circuit) for circuit in circuits]
    bare = len(set(shapes)) - len(set(shapes[:canaries]))
    if bare and kind == "clifford":
        reason = f"{bare} of the targets' shapes would have no canary"
        remedy = f"make {len(circuits)} canaries, or a batch for each shape"
        findings.append(Finding("targets", None, reason, remedy))
    if findings:
        raise InputRejected("batch", findings)


def _another(make: Maker, target: QuantumCircuit, seed: str, number: int, seen: set[str]) -> MadeCanary:
    for attempt in range(_DIFFERENT):
        made = make(target, Draws(CIRCUIT_DOMAIN, seed, str(number), str(attempt)))
        if made.qasm3 not in seen:
            return made
    reason = f"its shape has too few different canaries for {number + 1} of them"
    remedy = "a circuit with so few angles is checked by binomial.exact/1 instead"
    raise InputRejected("circuit", [Finding("", None, reason, remedy)])


def check_canaries(assignment: Assignment, circuits: Sequence[str]) -> None:
    """Make sure that `circuits` are those of the batch, and that each canary returns what the assignment says, by
    stabilizer simulation: no worker fails a canary that is none. Raises CommitmentBroken and InputRejected."""
    if [sha256_hex(text.encode()) for text in circuits] != list(assignment.circuits):
        raise CommitmentBroken("the circuits are not those of the batch")
    for canary in assignment.canaries:
        found = expected_outcome(load_qasm3(circuits[canary.index]))
        if found != canary.expected:
            raise CommitmentBroken(f"circuit {canary.index} returns {found}, and the assignment says {canary.expected}")

"""One qubit's six stabilizer states, and what Clifford gates make of them: the arithmetic of canaries.

States are numbered X+, X-, Y+, Y-, Z+, Z- from 0: the eigenstates of the three Pauli matrices. State s is stabilized by
(-1)^(s % 2) P_(1 + s // 2), with P_0..P_3 = I, X, Y, Z.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import pi

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Gate
from qiskit.circuit.library import PhaseGate, RGate, RXGate, RYGate, RZGate, UGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.synthesis import OneQubitEulerDecomposer

Z_PLUS, Z_MINUS = 4, 5
STATES = range(6)

Matrix = npt.NDArray[np.complex128]
Action = tuple[int, ...]
"""Where a one-qubit Clifford gate takes each of the six states."""

_PAULIS: tuple[Matrix, ...] = (
    np.eye(2, dtype=complex),
    np.array([[0, 1], [1, 0]], dtype=complex),
    np.array([[0, -1j], [1j, 0]], dtype=complex),
    np.diag([1, -1]).astype(complex),
)
_STANDARD: dict[str, Gate] = get_standard_gate_name_mapping()
_TOLERANCE = 1e-9
_QUARTER = pi / 2
_TURNS = range(4)
_DIAGONAL = {"p": None, "u1": None, "z": pi, "s": pi / 2, "sdg": -pi / 2, "t": pi / 4, "tdg": -pi / 4}
"""Gates that are written as p, with their angle where it is fixed."""
_TURNABLE: dict[str, type[Gate]] = {"p": PhaseGate, "r": RGate, "rx": RXGate, "ry": RYGate, "rz": RZGate}
_AS_ROTATIONS = {"x": ("rx", pi), "sx": ("rx", pi / 2), "sxdg": ("rx", -pi / 2), "y": ("ry", pi)}
"""Gates that are written as rotations, up to a phase: a quarter or half turn may be another in a canary."""


def one_qubit_action(gate: Gate) -> Action:
    """What the one-qubit `gate` does. Raises ValueError unless it is a Clifford gate."""
    matrix = np.asarray(gate.to_matrix())
    action: list[int] = []
    for pauli in (1, 2, 3):
        image = _image(matrix, (pauli,))
        if image is None:
            raise ValueError(f"{gate.name} with {gate.params} is no Clifford gate")
        sign, (place,) = image
        action += [2 * (place - 1) + sign, 2 * (place - 1) + 1 - sign]
    return tuple(action)


def _image(matrix: Matrix, paulis: tuple[int, ...]) -> tuple[int, tuple[int, ...]] | None:
    """(sign, paulis) of matrix P matrix^-1 for a product P of Pauli matrices, qubit 0 first; None if it is no such
    product."""
    turned = matrix @ _tensor(paulis) @ matrix.conj().T
    for candidate in product(range(4), repeat=len(paulis)):
        overlap = np.trace(_tensor(candidate) @ turned).real / len(turned)
        if abs(abs(overlap) - 1) < _TOLERANCE:
            return int(overlap < 0), candidate
    return None


def _tensor(paulis: tuple[int, ...]) -> Matrix:
    # Qiskit's order: qubit 0 is the last factor.
    matrix: Matrix = _PAULIS[paulis[0]]
    for pauli in paulis[1:]:
        matrix = np.kron(_PAULIS[pauli], matrix).astype(np.complex128)
    return matrix


Images = tuple[tuple[int, int], ...]
"""What a Clifford gate on two qubits makes of P_i on the first times P_j on the second, at i + 4 j: the sign, and the
number of the product that it becomes."""
UNCHANGED: Images = tuple((0, number) for number in range(16))

Products = dict[tuple[int, int], tuple[int, int]]
"""Of the pairs of states that a gate leaves unentangled: what it makes of each."""


def two_qubit_images(gate: Gate) -> Images | None:
    """The images under the two-qubit `gate`; None if it is no Clifford gate."""
    matrix = np.asarray(gate.to_matrix())
    images = []
    for second, first in product(range(4), repeat=2):
        image = _image(matrix, (first, second))
        if image is None:
            return None
        sign, (i, j) = image
        images.append((sign, i + 4 * j))
    return tuple(images)


def on_one(action: Action, place: int) -> Images:
    """The images under a one-qubit gate on the first (`place` 0) or the second (1) of two qubits."""
    moved = [(0, 0), *((action[2 * pauli] % 2, 1 + action[2 * pauli] // 2) for pauli in range(3))]
    return tuple(
        (moved[i][0], moved[i][1] + 4 * j) if place == 0 else (moved[j][0], i + 4 * moved[j][1])
        for j, i in product(range(4), repeat=2)
    )


def swapped(images: Images) -> Images:
    """The same gate with its qubits named the other way round."""
    turned = [images[j + 4 * i] for j, i in product(range(4), repeat=2)]
    return tuple((sign, number // 4 + 4 * (number % 4)) for sign, number in turned)


def followed(first: Images, then: Images) -> Images:
    """The images under one gate after the other."""
    return tuple((sign ^ then[number][0], then[number][1]) for sign, number in first)


def unentangled(images: Images) -> Products:
    """The pairs of states of which a gate makes a pair again.

    The stabilizers of a pair are A, B and AB for those of its states; their images belong to a product state if two of
    them act on one qubit each, and not on the same.
    """
    found: Products = {}
    for a, b in product(STATES, repeat=2):
        pauli_a, pauli_b = 1 + a // 2, 1 + b // 2
        first = second = None
        for minus, number in ((a % 2, pauli_a), (b % 2, 4 * pauli_b), ((a + b) % 2, pauli_a + 4 * pauli_b)):
            sign, becomes = images[number]
            if becomes < 4:
                first = 2 * (becomes - 1) + (minus ^ sign)
            elif becomes % 4 == 0:
                second = 2 * (becomes // 4 - 1) + (minus ^ sign)
        if first is not None and second is not None:
            found[a, b] = first, second
    return found


@lru_cache(maxsize=1)
def _one_qubit_cliffords() -> tuple[tuple[Gate, Action], ...]:
    """The 24 Clifford gates on one qubit, each once, written as U."""
    found: dict[Action, Gate] = {}
    for turns in product(range(3), _TURNS, _TURNS):
        gate = UGate(*(turn * _QUARTER for turn in turns))
        found.setdefault(one_qubit_action(gate), gate)
    return tuple((gate, action) for action, gate in found.items())


@lru_cache(maxsize=8)
def _turned(name: str) -> tuple[tuple[Gate, Action], ...]:
    make = _TURNABLE[name]
    gates = [make(*(turn * _QUARTER for turn in turns)) for turns in product(_TURNS, repeat=2 if name == "r" else 1)]
    return tuple((gate, one_qubit_action(gate)) for gate in gates)


def one_qubit_choices(gate: Gate) -> tuple[tuple[Gate, Action], ...]:
    """What may stand in a canary for the one-qubit `gate`: gates of the name under which alike() writes it, with what
    each does."""
    if gate.name == "id":
        return ((gate, one_qubit_action(gate)),)
    name = alike(gate).name
    return _turned(name) if name in _TURNABLE else _one_qubit_cliffords()


def alike(gate: Gate) -> Gate:
    """The one-qubit `gate` as canaries have it, up to a phase: diagonal ones as p, x, y and their roots as rx and ry, h
    and what is general as U."""
    name = gate.name
    if name in _DIAGONAL:
        angle = _DIAGONAL[name]
        return PhaseGate(float(gate.params[0]) if angle is None else angle)
    if name in _AS_ROTATIONS:
        axis, turn = _AS_ROTATIONS[name]
        return _TURNABLE[axis](turn)
    if name == "id" or name in _TURNABLE:
        return gate
    if name in ("u", "u3"):
        return UGate(*(float(angle) for angle in gate.params))
    return UGate(*(float(angle) for angle in OneQubitEulerDecomposer("U").angles(np.asarray(gate.to_matrix()))))


def two_qubit_choices(gate: Gate) -> tuple[tuple[Gate, Images], ...]:
    """What may stand in a canary for the two-qubit `gate`: itself if it is Clifford and has no parameters, else gates
    of its name with quarter turns for parameters, those that entangle. Empty if there is none."""
    known = _STANDARD.get(gate.name)
    if known is None or type(known) is not type(gate):
        images = None if gate.params else two_qubit_images(gate)
        return () if images is None else ((gate, images),)
    return _standard_choices(gate.name)


@lru_cache(maxsize=64)
def _standard_choices(name: str) -> tuple[tuple[Gate, Images], ...]:
    make, parameters = type(_STANDARD[name]), len(_STANDARD[name].params)
    found = []
    for turns in product(_TURNS, repeat=parameters):
        gate = make(*(turn * _QUARTER for turn in turns))
        images = two_qubit_images(gate)
        if images is not None and (parameters == 0 or len(unentangled(images)) < len(STATES) ** 2):
            found.append((gate, images))
    return tuple(found)

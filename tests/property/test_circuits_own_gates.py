"""A text's own gates mean what the text says, under any name and modifier: for the baseline and for what is run.

Programs are drawn as data, and their laws computed here from OpenQASM 3's matrices with NumPy alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2, FakeTorino

from oracle.circuits import exact_probabilities, load_qasm3
from router.protocol.providing import Work
from router.worker.providers.simulation import compacted, plan

Matrix = npt.NDArray[np.complex128]

KEYWORDS = {"measure", "delay", "reset", "barrier", "box", "U", "if_else", "switch_case", "for_loop", "while_loop"}
"""Of these, OpenQASM 3's own words are no names; the control flow is Qiskit's, which its targets list as gates."""
NAMES = sorted(
    {
        *get_standard_gate_name_mapping(),
        *AerSimulator().configuration().basis_gates,
        *AerSimulator().target.operation_names,
        *FakeManilaV2().target.operation_names,
        *FakeTorino().target.operation_names,
        "CX", "phase", "cphase", "unitary", "mcx", "cu1", "u0", "circuit", "gate_1", "ecr_dg", "definition", "δ",
    }
    - KEYWORDS
)  # fmt: skip
QUBITS = 3
ANGLES = st.sampled_from([0.3, 1.1, 2.5, -0.7, math.pi, math.pi / 2])


@dataclass(frozen=True)
class Call:
    """A gate call: `name` is U, gphase or that of a drawn gate."""

    modifiers: tuple[tuple[str, float], ...]
    name: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]

    def text(self, names: list[str]) -> str:
        words = {"inv": "inv", "pow": "pow({0:g})", "ctrl": "ctrl({0:g})", "negctrl": "negctrl({0:g})"}
        prefix = "".join(words[modifier].format(value) + " @ " for modifier, value in self.modifiers)
        angles = f"({', '.join(map(repr, self.angles))})" if self.angles else ""
        return f"{prefix}{self.name}{angles} {', '.join(names[qubit] for qubit in self.qubits)};"


@dataclass(frozen=True)
class Drawn:
    """A defined gate: its first angle, where it has one, is that of a leading U on its qubit 0."""

    name: str
    qubits: int
    parameters: int
    body: tuple[Call, ...]

    def text(self) -> str:
        names = [f"a{qubit}" for qubit in range(self.qubits)]
        parameters = [f"t{place}" for place in range(self.parameters)]
        head = f"({', '.join(parameters)})" if parameters else ""
        first = f"U({parameters[0]}, {parameters[-1]}/2, 0.4) a0;" if parameters else ""
        return f"gate {self.name}{head} {', '.join(names)} {{ {first} {' '.join(c.text(names) for c in self.body)} }}"


def u_matrix(theta: float, phi: float, lam: float) -> Matrix:
    """U of OpenQASM 3, from its specification."""
    e = np.exp
    twice: Matrix = np.array(
        [
            [1 + e(1j * theta), -1j * e(1j * lam) * (1 - e(1j * theta))],
            [1j * e(1j * phi) * (1 - e(1j * theta)), e(1j * (phi + lam)) * (1 + e(1j * theta))],
        ]
    )
    return twice / 2


def spread(matrix: Matrix, on: tuple[int, ...], width: int) -> Matrix:
    """`matrix`, whose qubit 0 is least significant, on the qubits `on` of `width`."""
    rest = [qubit for qubit in range(width) if qubit not in on]
    whole = np.kron(np.eye(1 << len(rest)), matrix)
    order = [*on, *rest]
    index = [sum(((state >> place) & 1) << qubit for place, qubit in enumerate(order)) for state in range(1 << width)]
    spread_out = np.zeros_like(whole)
    spread_out[np.ix_(index, index)] = whole
    return spread_out


def root(matrix: Matrix, exponent: float) -> Matrix:
    # Of a unitary, a little turned: eigenvalues of -1 belong above the cut.
    values, vectors = np.linalg.eig(matrix)
    powers = np.exp(1j * exponent * (np.angle(values * np.exp(-1e-9j)) + 1e-9))
    rooted: Matrix = (vectors * powers) @ np.linalg.inv(vectors)
    return rooted


def call_matrix(call: Call, gates: dict[str, Drawn]) -> Matrix:
    """On the qubits of the call, its first least significant."""
    if call.name == "U":
        matrix = u_matrix(*call.angles)
    elif call.name == "gphase":
        matrix = np.array([[np.exp(1j * call.angles[0])]])
    else:
        matrix = gate_matrix(gates[call.name], call.angles, gates)
    for modifier, value in reversed(call.modifiers):
        if modifier == "inv":
            matrix = matrix.conj().T
        elif modifier == "pow":
            whole = float(value).is_integer()
            matrix = np.linalg.matrix_power(matrix, int(value)) if whole else root(matrix, value)
        else:
            controls = int(value)
            wanted = 0 if modifier == "negctrl" else (1 << controls) - 1
            wide = np.eye(len(matrix) << controls, dtype=complex)
            chosen = [(state << controls) | wanted for state in range(len(matrix))]
            wide[np.ix_(chosen, chosen)] = matrix
            matrix = wide
    return matrix


def gate_matrix(gate: Drawn, angles: tuple[float, ...], gates: dict[str, Drawn]) -> Matrix:
    matrix: Matrix = np.eye(1 << gate.qubits, dtype=complex)
    if gate.parameters:
        matrix = spread(u_matrix(angles[0], angles[-1] / 2, 0.4), (0,), gate.qubits) @ matrix
    for call in gate.body:
        matrix = spread(call_matrix(call, gates), call.qubits, gate.qubits) @ matrix
    return matrix


@st.composite
def calls(draw: Any, width: int, gates: list[Drawn], fractions: bool = True) -> Call:
    fitting = [gate for gate in gates if gate.qubits <= width]
    gate = draw(st.sampled_from([*fitting, None, None]))
    name = draw(st.sampled_from(["U", "U", "gphase"])) if gate is None else gate.name
    base = gate.qubits if gate is not None else int(name == "U")
    modifiers: list[tuple[str, float]] = []
    room = width - base
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["inv", "pow", "ctrl", "negctrl"]))
        if kind in ("ctrl", "negctrl"):
            if room == 0:
                continue
            count = draw(st.integers(1, room))
            room -= count
            modifiers.insert(0, (kind, float(count)))
        elif kind == "pow":
            small = fractions and width - room in (1, 2)
            modifiers.insert(0, (kind, draw(st.sampled_from([2.0, -1.0, 0.0, *([0.5, -0.3] if small else [])]))))
        else:
            modifiers.insert(0, (kind, 0.0))
    on = draw(st.permutations(range(width)))[: width - room]
    angles = {"U": 3, "gphase": 1}.get(name, 0 if gate is None else gate.parameters)
    return Call(tuple(modifiers), name, tuple(draw(ANGLES) for _ in range(angles)), tuple(on))


@st.composite
def programs(draw: Any) -> tuple[str, npt.NDArray[np.float64]]:
    """A text that defines gates of libraries' names as it likes, and the law of its outcomes."""
    gates: list[Drawn] = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
        qubits = draw(st.integers(1, QUBITS))
        body = draw(st.lists(calls(qubits, gates), max_size=3))
        gates.append(Drawn(name, qubits, draw(st.integers(0, 3)), tuple(body)))
    top = draw(st.lists(calls(QUBITS, gates), min_size=1, max_size=4))
    known = {gate.name: gate for gate in gates}
    state = np.zeros(1 << QUBITS, dtype=complex)
    state[0] = 1
    names = [f"q[{qubit}]" for qubit in range(QUBITS)]
    # States that phases show in, before and after.
    mixed = [Call((), "U", (0.9 + qubit, 0.2, -0.8), (qubit,)) for qubit in range(QUBITS)]
    for call in [*mixed, *top, *mixed]:
        state = spread(call_matrix(call, known), call.qubits, QUBITS) @ state
    lines = ["OPENQASM 3.0;", *(gate.text() for gate in gates), f"qubit[{QUBITS}] q; bit[{QUBITS}] c;"]
    lines += [call.text(names) for call in [*mixed, *top, *mixed]]
    return "\n".join([*lines, "c = measure q;"]), np.abs(state) ** 2


def law_of_run(work: Work) -> npt.NDArray[np.float64]:
    """What Aer, without noise, makes of the circuit that the worker runs for `work`."""
    isa = plan(work).isa
    circuit = compacted(isa.circuit, isa.physical)
    measured = {}
    unmeasured = circuit.copy_empty_like()
    for step in circuit.data:
        if step.operation.name == "measure":
            measured[circuit.find_bit(step.clbits[0]).index] = circuit.find_bit(step.qubits[0]).index
        else:
            unmeasured.append(step)
    unmeasured.save_probabilities([measured[bit] for bit in range(circuit.num_clbits)])
    law: npt.NDArray[np.float64] = (
        AerSimulator(method="statevector").run(unmeasured, shots=1).result().data()["probabilities"]
    )
    return law


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs())
def test_the_baseline_is_the_law_of_the_text(program: tuple[str, npt.NDArray[np.float64]]) -> None:
    text, law = program
    assert np.abs(exact_probabilities(load_qasm3(text)) - law).max() < 1e-9, text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs())
def test_what_a_simulator_and_a_device_run_has_the_law_of_the_text(
    program: tuple[str, npt.NDArray[np.float64]],
) -> None:
    text, law = program
    for target in ("aer", "fake_manila"):
        assert np.abs(law_of_run(Work("t", text, 10, target)) - law).max() < 1e-6, (target, text)


def test_the_largest_angles_are_the_same_to_the_baseline_and_to_whoever_runs_them() -> None:
    angle = "999999.7"
    gates = [f"{name}({angle}) q[0];" for name in ("rx", "ry", "rz", "p", "u1")]
    gates += [f"{name}({angle}) q[0], q[1];" for name in ("cp", "crx", "cry", "crz")]
    gates += [
        f"U({angle}, -{angle}, {angle}) q[1];",
        f"cu({angle}, 1, 2, {angle}) q[1], q[2];",
        f"ctrl @ U(-{angle}, 0, 1) q[0], q[1];",
    ]
    mixing = "ry(0.9) q[0]; ry(1.3) q[1]; ry(2.1) q[2]; cx q[0], q[1];"
    text = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c;' + mixing.join(["", *gates, ""]) + "c = measure q;"
    )
    law = exact_probabilities(load_qasm3(text))
    for target in ("aer", "fake_manila"):
        assert np.abs(law_of_run(Work("t", text, 10, target)) - law).max() < 1e-8, target

"""Exact outcome probabilities by state vector: what a baseline is made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Clbit, Delay, Gate, Measure, Qubit, Reset
from qiskit.quantum_info import Operator, Statevector

from oracle.circuits.facts import numbered, source_lines
from oracle.encoding import Finding, InputRejected

WIDEST = 24
"""Qubits in use, and classical bits: a state of 256 MiB."""
BLOCK = 5
"""Qubits of one matrix: 32 by 32."""

_MOST_NAMED = 8
_AT_THE_END = "measure each qubit once, at the end"
_GATES_ONLY = "write gates, and measurements at the end only"

PlacedGate = tuple[Gate, tuple[int, ...]]
"""A gate with the indices of its qubits."""


def exact_probabilities(circuit: QuantumCircuit) -> npt.NDArray[np.float64]:
    """float64[2**bits]: the probability of each value of the classical bits, classical bit 0 of all registers, in the
    order of their declaration, being least significant.

    The circuit is unitary but for measurements, after which nothing happens to a qubit; a bit that nothing is
    measured into stays 0, and qubits that nothing acts on cost nothing. Raises InputRejected with every finding for a
    circuit of another kind, without measurement, or beyond WIDEST qubits in use or classical bits.
    """
    gates, measured = separate(circuit)
    used = used_qubits(gates, measured)
    _check_width(circuit, len(used))
    place = {qubit: index for index, qubit in enumerate(used)}
    state = _evolved(len(used), [(gate, tuple(place[qubit] for qubit in qubits)) for gate, qubits in gates])
    bits = sorted(measured)
    marginal = state.probabilities([place[measured[bit]] for bit in bits])
    # Entry i of the marginal has bit j of i for the j-th measured classical bit: move each to its own place.
    index = np.zeros(1, dtype=np.int64)
    for bit in bits:
        index = np.concatenate((index, index | (1 << bit)))
    probabilities = np.zeros(1 << circuit.num_clbits)
    probabilities[index] = marginal
    return probabilities


def check_simulable(circuit: QuantumCircuit) -> None:
    """Raises InputRejected as exact_probabilities does, and simulates nothing."""
    gates, measured = separate(circuit)
    _check_width(circuit, len(used_qubits(gates, measured)))


def used_qubits(gates: list[PlacedGate], measured: dict[int, int]) -> list[int]:
    """The qubits that `separate` found something to happen to, ascending."""
    return sorted({qubit for _, qubits in gates for qubit in qubits} | set(measured.values()))


def separate(circuit: QuantumCircuit) -> tuple[list[PlacedGate], dict[int, int]]:
    """The gates with their qubits, in order, and which qubit each classical bit reads.

    Raises InputRejected with every finding unless the circuit is unitary but for measurements at its end.
    """
    faults = _Faults(circuit)
    gates: list[PlacedGate] = []
    measured: dict[int, int] = {}
    ended: set[int] = set()
    for place, (operation, qubits, clbits) in numbered(circuit):
        if isinstance(operation, Barrier | Delay):
            continue
        late = ended.intersection(qubits)
        if late:
            faults.add(place, f"after a measurement, {operation.name} acts on", circuit.qubits[min(late)], _AT_THE_END)
        elif isinstance(operation, Measure):
            if clbits[0] in measured:
                remedy = "give each measured qubit a bit of its own"
                faults.add(place, "two qubits are measured into", circuit.clbits[clbits[0]], remedy)
            measured[clbits[0]] = qubits[0]
            ended.add(qubits[0])
        elif isinstance(operation, Gate) and not operation.is_parameterized():
            gates.append((operation, qubits))
        elif isinstance(operation, Reset):
            faults.add(place, "exact simulation has no place for a reset of", circuit.qubits[qubits[0]], _GATES_ONLY)
        else:
            reason = f"{operation.name} is no gate with numbers for its parameters"
            faults.add(place, reason, None, _GATES_ONLY)
    findings = faults.findings()
    if not measured:
        findings.append(Finding("", None, "nothing is measured", "write c = measure q; at the end"))
    if findings:
        raise InputRejected("circuit", findings)
    return gates, measured


class _Faults:
    """Faults of single operations: those that say the same of several bits are one finding, at the first one's line."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        self._lines = source_lines(circuit)
        self._found: dict[tuple[str, str], tuple[int | None, dict[str, None]]] = {}

    def add(self, place: int, reason: str, bit: Qubit | Clbit | None, remedy: str) -> None:
        """A fault of operation `place`: `reason`, which ends in the `bit` that it names, if it names one."""
        line = self._lines[place] if self._lines else None
        _, bits = self._found.setdefault((reason, remedy), (line, {}))
        if bit is not None:
            bits[self._name(bit)] = None

    def findings(self) -> list[Finding]:
        return [
            Finding("", line, f"{reason} {_several(list(bits))}" if bits else reason, remedy)
            for (reason, remedy), (line, bits) in self._found.items()
        ]

    def _name(self, bit: Qubit | Clbit) -> str:
        found = self._circuit.find_bit(bit)
        if not found.registers:
            return f"{'qubit' if isinstance(bit, Qubit) else 'bit'} {found.index}"
        register, index = found.registers[0]
        return f"{register.name}[{index}]"


def _several(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _evolved(width: int, gates: list[PlacedGate]) -> Statevector:
    """The state that `gates` make of all zeros.

    Gates are gathered into blocks of up to BLOCK qubits and each block is applied as one matrix, for it is a pass
    over the state that takes the time. Open blocks share no qubit, so that the order in which they end is free.
    """
    state = Statevector.from_int(0, 1 << width)
    blocks: list[tuple[set[int], list[PlacedGate]]] = []
    for gate, qubits in gates:
        touched = [block for block in blocks if block[0].intersection(qubits)]
        union = set(qubits).union(*(block[0] for block in touched))
        blocks = [block for block in blocks if block not in touched]
        if len(union) <= BLOCK:
            earlier = [placed for _, inside in touched for placed in inside]
            blocks.append((union, [*earlier, (gate, qubits)]))
        else:
            for block in touched:
                state = _applied(state, *block)
            blocks.append((set(qubits), [(gate, qubits)]))
    for block in blocks:
        state = _applied(state, *block)
    return state


def _applied(state: Statevector, qubits: set[int], gates: list[PlacedGate]) -> Statevector:
    order = sorted(qubits)
    block = QuantumCircuit(len(order))
    for gate, on in gates:
        block.append(gate, [order.index(qubit) for qubit in on])
    return state.evolve(Operator(block), order)


def unmeasured(circuit: QuantumCircuit) -> tuple[tuple[str, int, int], ...]:
    """Classical registers with bits that nothing is measured into: name, how many those are, and of how many."""
    measured = {bit for item in circuit.data if isinstance(item.operation, Measure) for bit in item.clbits}
    counted = ((register, sum(bit not in measured for bit in register)) for register in circuit.cregs)
    return tuple((register.name, bare, register.size) for register, bare in counted if bare)


def _check_width(circuit: QuantumCircuit, used: int) -> None:
    findings = []
    if used > WIDEST:
        reason = f"{used} qubits are in use, and exact simulation reaches {WIDEST}"
        findings.append(Finding("", None, reason, "write a narrower circuit"))
    if circuit.num_clbits > WIDEST:
        reason = f"{circuit.num_clbits} classical bits are declared, and exact simulation reaches {WIDEST}"
        bare = ", ".join(f"{count} of the {size} bits of {name}" for name, count, size in unmeasured(circuit))
        remedy = f"leave out what nothing is measured into: {bare}" if bare else "write a narrower circuit"
        findings.append(Finding("", None, reason, remedy))
    if findings:
        raise InputRejected("circuit", findings)

"""Writing a circuit out as OpenQASM 3: what the exporter of Qiskit cannot write, or not as the reader reads it, is
replaced by its definition first.

Loaded inside the jail too, where only Python and Qiskit are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real

from qiskit import ClassicalRegister, QuantumCircuit, qasm3
from qiskit.circuit import Barrier, Delay, Gate, Instruction, Measure, Operation, Qubit, Reset
from qiskit.circuit.library import GlobalPhaseGate

from router.errors import RouterError

_WRITABLE = (Barrier, Delay, Measure)
_ONLY_GATES = "build it of gates, with measurements at its end only"


class Unwritable(RouterError):
    """A circuit holds what no circuit of a job may hold; `operation` is its name, None where none is to blame."""

    def __init__(self, operation: str | None, reason: str, remedy: str) -> None:
        self.operation, self.reason, self.remedy = operation, reason, remedy
        super().__init__(f"{reason} — {remedy}")


def as_qasm3(circuit: QuantumCircuit) -> str:
    """`circuit` as OpenQASM 3, up to a global phase: gates that the exporter cannot write decomposed, resets of qubits
    that nothing has happened to left out, as are registers that nothing is measured into; loose bits get a register.

    Raises Unwritable.
    """
    if circuit.num_parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise Unwritable(None, f"the circuit has free parameters: {names}", "bind them: circuit.assign_parameters({…})")
    for item in circuit.data:
        if any(isinstance(angle, Real) and not math.isfinite(angle) for angle in getattr(item.operation, "params", ())):
            name = item.operation.name
            raise Unwritable(name, f"an angle of {name} is not a finite number", "compute it as one, such as pi/4")
    text: str = qasm3.dumps(_written(circuit))
    return text


def _written(circuit: QuantumCircuit) -> QuantumCircuit:
    measured = {bit for item in circuit.data if isinstance(item.operation, Measure) for bit in item.clbits}
    unused = [register for register in circuit.cregs if measured and measured.isdisjoint(register)]
    loose = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    if not (unused or loose) and all(_writable(item.operation) for item in circuit.data):
        return circuit
    fresh = QuantumCircuit(name=circuit.name, global_phase=circuit.global_phase, metadata=circuit.metadata)
    fresh.add_bits(circuit.qubits)
    kept = [register for register in circuit.cregs if register not in unused]
    dropped = {bit for register in unused for bit in register} - {bit for register in kept for bit in register}
    fresh.add_bits(bit for bit in circuit.clbits if bit not in dropped)
    for register in (*circuit.qregs, *kept):
        fresh.add_register(register)
    if loose:  # the reader takes bits of registers only
        fresh.add_register(ClassicalRegister(bits=loose))
    touched: set[Qubit] = set()
    for item in circuit.data:
        for operation, on in _decomposed(item.operation, tuple(item.qubits)):
            if isinstance(operation, GlobalPhaseGate):
                continue
            if isinstance(operation, Reset):
                if touched.isdisjoint(on):
                    continue  # it is in its first state
                raise Unwritable(
                    item.operation.name, f"{item.operation.name} resets a qubit that was used", _ONLY_GATES
                )
            if not isinstance(operation, Barrier | Delay):
                touched.update(on)
            fresh.append(operation, on, item.clbits if isinstance(operation, Measure) else ())
    return fresh


def _writable(operation: Operation) -> bool:
    """Whether the exporter writes it as the reader reads it."""
    if isinstance(operation, _WRITABLE):
        return True
    if not isinstance(operation, Gate) or isinstance(operation, GlobalPhaseGate):
        return False
    if not all(isinstance(parameter, Real) for parameter in operation.params):
        return False
    if operation.base_class.__module__.startswith("qiskit.circuit.library.standard_gates"):
        return True
    definition = operation.definition
    return definition is not None and all(_writable(item.operation) for item in definition.data)


def _decomposed(operation: Operation, on: tuple[Qubit, ...]) -> Iterator[tuple[Instruction, tuple[Qubit, ...]]]:
    if _writable(operation) or isinstance(operation, GlobalPhaseGate | Reset):
        yield operation, on
        return
    definition = getattr(operation, "definition", None)
    if definition is None:
        definition = _synthesised(operation)
    if definition.num_clbits or any(getattr(item.operation, "blocks", ()) for item in definition.data):
        raise _refusal(operation.name)
    place = {qubit: on[index] for index, qubit in enumerate(definition.qubits)}
    for item in definition.data:
        yield from _decomposed(item.operation, tuple(place[qubit] for qubit in item.qubits))


def _synthesised(operation: Operation) -> QuantumCircuit:
    """What Qiskit makes of an operation that is no gate with a definition, such as one with modifiers."""
    from qiskit.exceptions import QiskitError
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import HighLevelSynthesis

    if operation.num_clbits or getattr(operation, "blocks", ()) or isinstance(operation, Gate):
        raise _refusal(operation.name)
    alone = QuantumCircuit(operation.num_qubits)
    alone.append(operation, range(operation.num_qubits))
    try:
        made: QuantumCircuit = PassManager([HighLevelSynthesis()]).run(alone)
    except QiskitError:
        raise _refusal(operation.name) from None
    if any(item.operation.name == operation.name for item in made.data):
        raise _refusal(operation.name)
    return made


def _refusal(name: str) -> Unwritable:
    reason = f"the circuit holds {name}, which is no gate and stands for none"
    return Unwritable(name, reason, _ONLY_GATES)

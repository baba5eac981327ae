"""From the source circuit to the ISA circuit of a device, with the classical bits kept where they were.

Result bit i is the source's classical bit i, whatever registers it had: every circuit is first rewritten over one
classical register of all its bits in order, which no later step reorders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from oracle.encoding import InputRejected
from router.providers.protocol import ProviderRefused

REGISTER = "c"
SEED = 20260101
"""Of the transpiler's layout and routing: the same circuit and device give the same ISA circuit."""
LEVEL = 2
"""From 2 on the layout weighs the qubits' errors: a GHZ state of 5 on fake_torino comes out right in 93 % of the shots,
where level 1, which takes the first layout that fits, gets 72 %."""
_CONTROL_FLOW = ("if_else", "for_loop", "while_loop", "switch_case", "box")


@dataclass(frozen=True)
class Isa:
    """A circuit in a device's own gates on its own qubits."""

    circuit: Any
    qasm3: str
    physical: tuple[int, ...]
    """The device's qubits that it touches, ascending."""
    summary: str


@lru_cache(maxsize=32)
def read_circuit(qasm3: str) -> Any:
    """The QuantumCircuit of `qasm3` over the single register ``c``. Raises ProviderRefused for one that cannot run.

    Several targets are asked about one circuit, so it is read once; callers change nothing of it.
    """
    from oracle.circuits import load_qasm3

    try:
        source = load_qasm3(qasm3)
    except InputRejected as error:
        raise ProviderRefused(f"the circuit is not OpenQASM 3 that can run: {error}", "correct the source") from error
    used = sorted(name for name in source.count_ops() if name in _CONTROL_FLOW)
    if used:
        raise ProviderRefused(
            f"the circuit has control flow ({', '.join(used)})", "give a circuit of gates and measurements alone"
        )
    if source.num_clbits == 0 or "measure" not in source.count_ops():
        raise ProviderRefused("the circuit measures nothing", "end it with measurements into classical bits")
    if source.num_parameters:
        raise ProviderRefused("the circuit has free parameters", "bind them to numbers")
    return _single_register(source)


def _single_register(source: Any) -> Any:
    from qiskit import ClassicalRegister, QuantumCircuit

    rewritten = QuantumCircuit(source.num_qubits, global_phase=source.global_phase)
    register = ClassicalRegister(source.num_clbits, REGISTER)
    rewritten.add_register(register)
    for step in source.data:
        qubits = [source.find_bit(bit).index for bit in step.qubits]
        rewritten.append(step.operation, qubits, [register[source.find_bit(bit).index] for bit in step.clbits])
    return rewritten


def to_isa(circuit: Any, backend: Any, name: str) -> Isa:
    """`circuit` for `backend`, whose name is `name`. Raises ProviderRefused if it is too wide."""
    from qiskit import generate_preset_pass_manager, qasm3

    if circuit.num_qubits > backend.num_qubits:
        raise ProviderRefused(
            f"{name} has {backend.num_qubits} qubits and the circuit {circuit.num_qubits}", "choose a wider target"
        )
    manager = generate_preset_pass_manager(optimization_level=LEVEL, backend=backend, seed_transpiler=SEED)
    isa = manager.run(circuit)
    physical = touched(isa)
    return Isa(isa, qasm3.dumps(isa), physical, _summary(isa, physical, f"level {LEVEL}, seed {SEED}"))


def to_basis(circuit: Any, basis: list[str]) -> Isa:
    """`circuit` in the gates `basis`, on the qubits it has: for simulators, which have no layout."""
    from qiskit import generate_preset_pass_manager, qasm3

    unrolled = generate_preset_pass_manager(optimization_level=0, basis_gates=basis, seed_transpiler=SEED).run(circuit)
    qubits = tuple(range(circuit.num_qubits))
    return Isa(unrolled, qasm3.dumps(unrolled), qubits, _summary(unrolled, qubits, "unrolled, no layout"))


def touched(circuit: Any) -> tuple[int, ...]:
    """Indices of the qubits that anything but a barrier acts on, ascending."""
    steps = (step for step in circuit.data if step.operation.name != "barrier")
    return tuple(sorted({circuit.find_bit(bit).index for step in steps for bit in step.qubits}))


def _summary(circuit: Any, qubits: tuple[int, ...], how: str) -> str:
    import qiskit

    operations = ", ".join(f"{count} {name}" for name, count in sorted(circuit.count_ops().items()))
    pairs = sum(1 for step in circuit.data if len(step.qubits) == 2 and step.operation.name != "barrier")
    return (
        f"Qiskit {qiskit.__version__}, {how}: {len(qubits)} qubits, depth {circuit.depth()}, "
        f"{pairs} two-qubit gates ({operations})"
    )

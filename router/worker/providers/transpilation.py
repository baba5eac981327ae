"""From the source circuit to the ISA circuit of a device, with the classical bits kept where they were.

Result bit i is the source's classical bit i, whatever registers it had: every circuit is first rewritten over one
classical register of all its bits in order, which no later step reorders.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from oracle.encoding import InputRejected
from router.protocol.providing import ProviderRefused

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
    """`circuit` for `backend`, whose name is `name`. Raises ProviderRefused if it is too wide or cannot be
    written in the device's gates."""
    from qiskit import generate_preset_pass_manager, qasm3

    if circuit.num_qubits > backend.num_qubits:
        raise ProviderRefused(
            f"{name} has {backend.num_qubits} qubits and the circuit {circuit.num_qubits}", "choose a wider target"
        )
    delayed = "delay" in circuit.count_ops()
    # Where operations may begin at certain times only, a delay moves what follows it, so that all is scheduled.
    aligned = delayed and max(backend.target.pulse_alignment, backend.target.acquire_alignment) > 1
    manager = generate_preset_pass_manager(
        optimization_level=LEVEL,
        backend=backend,
        seed_transpiler=SEED,
        scheduling_method="alap" if aligned else None,
    )
    isa = _transpiled(manager, circuit, name)
    physical = touched(isa)
    if delayed:
        isa = _without_idle_qubits(isa, physical)
    return Isa(isa, qasm3.dumps(isa), physical, _summary(isa, physical, f"level {LEVEL}, seed {SEED}"))


def to_basis(circuit: Any, basis: list[str]) -> Isa:
    """`circuit` in the gates `basis`, on the qubits it has: for simulators, which have no layout. Raises
    ProviderRefused if it cannot be written in them."""
    from qiskit import generate_preset_pass_manager, qasm3

    manager = generate_preset_pass_manager(optimization_level=0, basis_gates=basis, seed_transpiler=SEED)
    unrolled = _transpiled(manager, circuit, "the simulator")
    qubits = tuple(range(circuit.num_qubits))
    return Isa(unrolled, qasm3.dumps(unrolled), qubits, _summary(unrolled, qubits, "unrolled, no layout"))


def _transpiled(manager: Any, circuit: Any, name: str) -> Any:
    """What `manager` makes of `circuit`. Whatever it stumbles over is a refusal of the target `name`, and of no other:
    targets are asked one after the other."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Duration is rounded")  # to the device's own unit of time
            return manager.run(circuit)
    except MemoryError:
        raise
    except Exception as error:
        raise _stumble(error, name) from error
    except BaseException as error:  # a panic of Qiskit's compiled part is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise _stumble(error, name) from error


def _stumble(error: BaseException, name: str) -> ProviderRefused:
    said = " ".join(str(error).split())[:200]
    return ProviderRefused(
        f"{name}: Qiskit cannot transpile the circuit ({type(error).__name__}: {said})",
        "choose another target, or write the circuit in other gates",
    )


def _without_idle_qubits(circuit: Any, physical: tuple[int, ...]) -> Any:
    """`circuit` without the delays of qubits that nothing else happens to: scheduling pads the whole device."""
    busy = {circuit.qubits[index] for index in physical}
    kept = circuit.copy_empty_like()
    for step in circuit.data:
        if step.operation.name != "delay" or busy.issuperset(step.qubits):
            kept.append(step)
    return kept


def touched(circuit: Any) -> tuple[int, ...]:
    """Indices of the qubits that anything but a barrier or a delay acts on, ascending."""
    steps = (step for step in circuit.data if step.operation.name not in ("barrier", "delay"))
    return tuple(sorted({circuit.find_bit(bit).index for step in steps for bit in step.qubits}))


def _summary(circuit: Any, qubits: tuple[int, ...], how: str) -> str:
    import qiskit

    operations = ", ".join(f"{count} {name}" for name, count in sorted(circuit.count_ops().items()))
    pairs = sum(1 for step in circuit.data if len(step.qubits) == 2 and step.operation.name != "barrier")
    return (
        f"Qiskit {qiskit.__version__}, {how}: {len(qubits)} qubits, depth {circuit.depth()}, "
        f"{pairs} two-qubit gates ({operations})"
    )

"""How a circuit is simulated: the method chosen for it, a device's noise cut down to the qubits in use, the run.

Times are estimates fitted to measurements on two threads (4,000 shots; see README), good to a factor of a few.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psutil

from oracle.artifacts.shots import PackedShots, pack
from router.protocol.providing import ProviderRefused, RunReceipt, Target, Work
from router.worker.providers.calibration import snapshot
from router.worker.providers.registry import check_installed
from router.worker.providers.transpilation import Isa, read_circuit, to_basis, to_isa, touched

STATEVECTOR, STABILIZER, MPS, DENSITY_MATRIX = "statevector", "stabilizer", "matrix_product_state", "density_matrix"

_WIDEST_STABILIZER = 1000
_WIDEST_MPS = 100
_LARGEST_BOND_LOG2 = 10
_WIDEST_NOISY = 16
"""Up to here a statevector takes about a second, so that a Clifford circuit gains nothing by another method."""

_SECONDS_PER_AMPLITUDE = 1.5e-9
_SECONDS_PER_MATRIX_ENTRY = 4e-9
_SECONDS_OF_START = 0.05

_PLANS_KEPT = 64
"""A plan asked for at approval is asked for again at submission."""

_FAKES = {
    "fake_torino": ("FakeTorino", 133),
    "fake_fez": ("FakeFez", 156),
    "fake_marrakesh": ("FakeMarrakesh", 156),
    "fake_brisbane": ("FakeBrisbane", 127),
    "fake_sherbrooke": ("FakeSherbrooke", 127),
    "fake_manila": ("FakeManilaV2", 5),
}


@dataclass(frozen=True)
class RunPlan:
    """What will be run, and how."""

    isa: Isa
    method: str
    seconds: float
    """Estimated."""


@dataclass(frozen=True)
class SimulatedRun:
    shots: PackedShots
    receipt: RunReceipt
    calibration: bytes | None
    isa_qasm3: str
    transpilation: str


def widest_statevector() -> int:
    """Qubits of the largest statevector in half of this machine's memory, 16 bytes per amplitude."""
    return min(30, int(math.log2(psutil.virtual_memory().total / 2 / 16)))


def ideal_targets() -> tuple[Target, ...]:
    widest = widest_statevector()
    return (
        Target("aer", "aer", "simulator", widest, "Aer, method chosen by the circuit", (STATEVECTOR, STABILIZER, MPS)),
        Target("aer_statevector", "aer", "simulator", widest, "Aer statevector", (STATEVECTOR,)),
        Target(
            "aer_stabilizer", "aer", "simulator", _WIDEST_STABILIZER, "Aer stabilizer, Clifford circuits", (STABILIZER,)
        ),
        Target("aer_mps", "aer", "simulator", _WIDEST_MPS, "Aer matrix product state, little entanglement", (MPS,)),
    )


def noisy_targets() -> tuple[Target, ...]:
    return tuple(
        Target(
            name,
            "fake",
            "fake_hardware",
            qubits,
            f"{name} (simulated {name.replace('fake_', 'ibm_')} noise, not hardware)",
            (DENSITY_MATRIX, STATEVECTOR),
        )
        for name, (_, qubits) in _FAKES.items()
    )


def warm_up(*, run: bool) -> None:
    """Plan the smallest circuit, and `run` it too: Qiskit imports, for seconds, what it needs when it needs it.

    For processes that have nothing to do yet, so that the first job does not wait for that.
    """
    measured = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; h q[0]; c[0] = measure q[0];'
    work = Work(tag="warm-up", qasm3=measured, shots=1, target="aer", seed=1)
    plan(work)
    if run:
        simulate(work)


def plan(work: Work) -> RunPlan:
    """Choose how to run `work`. Raises ProviderRefused for a circuit that its target cannot simulate.

    Asked again for the same circuit, target and shots, it answers from memory: a simulated device's calibration is part
    of its package and does not change while the process lives. Callers change nothing of the answer.
    """
    return _planned(work.qasm3, work.target, work.shots)


@lru_cache(maxsize=_PLANS_KEPT)
def _planned(qasm3: str, target: str, shots: int) -> RunPlan:
    check_installed("worker")
    work = Work(tag="plan", qasm3=qasm3, shots=shots, target=target)
    circuit = read_circuit(work.qasm3)
    if work.target in _FAKES:
        return _plan_noisy(circuit, work)
    ideal = next((each for each in ideal_targets() if each.name == work.target), None)
    if ideal is None:
        names = ", ".join(target.name for target in (*ideal_targets(), *noisy_targets()))
        raise ProviderRefused(f"there is no target {work.target!r} here", f"choose one of {names}")
    return _plan_ideal(circuit, ideal)


def _plan_ideal(circuit: Any, target: Target) -> RunPlan:
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
    from qiskit_aer import AerSimulator

    from oracle.circuits import circuit_facts

    width, steps = circuit.num_qubits, len(circuit.data)
    clifford = circuit_facts(circuit).clifford
    bond_log2 = _bond_log2(circuit)
    costs = {
        STATEVECTOR: steps * 2.0**width * _SECONDS_PER_AMPLITUDE if width <= widest_statevector() else None,
        STABILIZER: steps * width * 2e-7 if clifford and width <= _WIDEST_STABILIZER else None,
        MPS: steps * 8.0**bond_log2 * 1e-9 + steps * 1e-4
        if width <= _WIDEST_MPS and bond_log2 <= _LARGEST_BOND_LOG2
        else None,
    }
    wanted = [method for method in target.methods if costs[method] is not None]
    if not wanted:
        raise ProviderRefused(
            f"{target.name} cannot simulate {width} qubits that are {'Clifford' if clifford else 'not Clifford'} "
            f"and entangle up to 2^{bond_log2}",
            f"use at most {widest_statevector()} qubits, or choose a hardware target",
        )
    method = wanted[0]
    seconds = costs[method]
    assert seconds is not None
    basis = set(AerSimulator(method=method).configuration().basis_gates) & set(get_standard_gate_name_mapping())
    return RunPlan(to_basis(circuit, sorted(basis)), method, _SECONDS_OF_START + seconds)


def _bond_log2(circuit: Any) -> int:
    """An upper bound of log2 of the bond dimension: two per gate across the worst cut of the line of qubits.

    A two-qubit gate has operator Schmidt rank at most 4 (Nielsen and Dawson, quant-ph/0210066), and no cut needs more
    than the smaller side.
    """
    width = circuit.num_qubits
    crossings = [0] * width
    for step in circuit.data:
        if len(step.qubits) > 1 and step.operation.name != "barrier":
            indices = [circuit.find_bit(bit).index for bit in step.qubits]
            for cut in range(min(indices), max(indices)):
                crossings[cut] += 2
    return max((min(seen, cut + 1, width - cut - 1) for cut, seen in enumerate(crossings)), default=0)


def _plan_noisy(circuit: Any, work: Work) -> RunPlan:
    isa = to_isa(circuit, _device(work.target), work.target)
    width, steps = len(isa.physical), len(isa.circuit.data)
    if width > _WIDEST_NOISY:
        raise ProviderRefused(
            f"the noise of {width} qubits cannot be simulated here", f"use at most {_WIDEST_NOISY}, or real hardware"
        )
    matrix = steps * 4.0**width * _SECONDS_PER_MATRIX_ENTRY
    trajectories = work.shots * steps * (2.0**width * _SECONDS_PER_AMPLITUDE + 2e-6)
    method = DENSITY_MATRIX if matrix <= trajectories else STATEVECTOR
    return RunPlan(isa, method, _SECONDS_OF_START + 0.25 + min(matrix, trajectories))


def simulate(work: Work) -> SimulatedRun:
    """Run `work`, whose seed is set. Raises ProviderRefused as `plan`, MemoryError, and Aer's own errors."""
    from qiskit_aer import AerSimulator

    assert work.seed is not None
    planned = plan(work)
    isa, calibration, options = planned.isa, None, {}
    circuit = isa.circuit
    if work.target in _FAKES:
        device = _device(work.target)
        circuit = compacted(circuit, isa.physical)
        options["noise_model"] = noise_of(device, isa.physical)
        calibration = snapshot(device.properties(), isa.physical, device=work.target, simulated=True)
    simulator = AerSimulator(method=planned.method, **options)
    started_at = datetime.now(UTC)
    begun = time.perf_counter()
    outcome = simulator.run(circuit, shots=work.shots, memory=True, seed_simulator=work.seed).result()
    seconds = time.perf_counter() - begun
    if not outcome.success:
        raise ProviderRefused(f"Aer: {outcome.status}", "simplify the circuit, or choose another target")
    memory = outcome.results[0].data.memory
    return SimulatedRun(
        pack([int(shot, 16) for shot in memory], circuit.num_clbits),
        RunReceipt(
            provider_job=work.tag,
            target=work.target,
            shots=len(memory),
            seconds=f"{seconds:.6f}",
            started_at=started_at.isoformat(),
            finished_at=datetime.now(UTC).isoformat(),
            method=planned.method,
            seed=work.seed,
            max_seconds=work.max_seconds,
        ),
        calibration,
        isa.qasm3,
        isa.summary,
    )


@lru_cache(maxsize=len(_FAKES))
def _device(name: str) -> Any:
    check_installed("ibm")
    from qiskit_ibm_runtime import fake_provider

    return getattr(fake_provider, _FAKES[name][0])()


def compacted(circuit: Any, physical: tuple[int, ...]) -> Any:
    """`circuit` on the `physical` qubits alone, renumbered 0, 1, … in ascending order; classical bits as they are."""
    from qiskit import QuantumCircuit

    position = {qubit: index for index, qubit in enumerate(physical)}
    small = QuantumCircuit(len(physical), global_phase=circuit.global_phase)
    for register in circuit.cregs:
        small.add_register(register)
    for step in circuit.data:
        if step.operation.name != "barrier":
            small.append(step.operation, [position[circuit.find_bit(bit).index] for bit in step.qubits], step.clbits)
    assert len(touched(small)) == len(physical)
    return small


def noise_of(device: Any, physical: tuple[int, ...]) -> Any:
    """Aer's noise model of `device`, as NoiseModel.from_backend makes it, of these qubits alone.

    The model of a whole device takes seconds; only the qubits in use can matter, since Aer's errors are local.
    """
    from qiskit_aer.noise import NoiseModel

    return NoiseModel.from_backend(_part(device, physical))


def _part(device: Any, physical: tuple[int, ...]) -> Any:
    """A backend that is `device` with the `physical` qubits alone, renumbered in ascending order."""
    from qiskit.providers import BackendV2, Options
    from qiskit.transpiler import Target as QiskitTarget

    whole = device.target
    position = {qubit: index for index, qubit in enumerate(physical)}
    part = QiskitTarget(
        num_qubits=len(physical), dt=whole.dt, qubit_properties=[whole.qubit_properties[qubit] for qubit in physical]
    )
    for name in whole.operation_names:
        operation, properties = whole.operation_from_name(name), whole[name]
        if isinstance(operation, type) or None in properties:
            continue  # control flow, which acts on any qubits and carries no noise
        kept = {
            tuple(position[qubit] for qubit in qubits): each
            for qubits, each in properties.items()
            if all(qubit in position for qubit in qubits)
        }
        if kept:
            part.add_instruction(operation, kept, name=name)

    class Part(BackendV2):  # type: ignore[misc]
        target = part
        max_circuits = None

        @classmethod
        def _default_options(cls) -> Options:
            return Options()

        def run(self, run_input: Any, **options: Any) -> Any:
            raise NotImplementedError("a part of a device shapes a noise model; it runs nothing")

    return Part(name=device.name)

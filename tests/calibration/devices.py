"""Honest runs on the devices whose noise Qiskit publishes, each judged whole, and judged from its snapshot's hull."""

from __future__ import annotations

import statistics
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from oracle.artifacts.shots import PackedShots, pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.statistics import TVD, Baseline, baseline_tvd
from oracle.statistics.policy import HullBounds
from oracle.terms import Outcome
from oracle.verdict import Case, decide, describe
from router.worker.providers.simulation import DENSITY_MATRIX, compacted, noise_of
from router.worker.providers.transpilation import Isa, to_isa

SHOTS = 4000
LEAST_QUBITS = 5
HULL_EPS = Fraction(1, 10)
SNAPSHOT_RUNS = 100
ANOTHER_SEED = 500
"""Added for the snapshot's law, which must not be made of the shots that it judges."""


@dataclass(frozen=True)
class Judged:
    """Honest runs on one device."""

    device: str
    qubits: int
    """Of the device."""
    pairs: int
    """Two-qubit gates in the circuit as it is laid out."""
    pair_error: float
    """Median published error of those gates."""
    pair_us: float
    """Median published duration of those gates, microseconds; 0 if none is published."""
    readout_error: float
    """Median published error of the five readouts."""
    t2_us: float
    """Median published T2 of the qubits in use, microseconds; 0 if none is published."""
    clean: float
    """The product of one minus each published error: the share of shots that no error should touch."""
    runs: int
    accepted: int
    rejected: int
    distance: float
    """Mean T."""
    fidelity: float
    """Mean of the witness's F."""
    reach: float
    """Total variation of the snapshot's law from the ideal one."""
    near: int
    """Runs that are accepted by their distance from the mixtures of the ideal law with the snapshot's."""
    reasons: tuple[str, ...]
    """Reason codes of the runs that were not accepted, the most frequent first."""
    remark: str

    @property
    def acceptance(self) -> float:
        return self.accepted / self.runs


def devices(only: str) -> list[tuple[Any, str]]:
    """The fake devices, with what Qiskit warns of them."""
    from qiskit_ibm_runtime import fake_provider

    found = []
    for name in dir(fake_provider):
        if not name.startswith("Fake") or "Provider" in name or not isinstance(getattr(fake_provider, name), type):
            continue
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            backend = getattr(fake_provider, name)()
        if backend.version == 2 and backend.num_qubits >= LEAST_QUBITS and only in backend.name:
            remark = " ".join(str(each.message) for each in said if each.category is UserWarning)
            found.append((backend, remark))
    return sorted(found, key=lambda each: str(each[0].name))


def sampled(backend: Any, isa: Isa, runs: int, seed: int) -> Iterator[PackedShots]:
    """Honest runs on `backend`, one after the other."""
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(method=DENSITY_MATRIX, noise_model=noise_of(backend, isa.physical))
    circuit = compacted(isa.circuit, isa.physical)
    outcome = simulator.run(circuit, shots=SHOTS * runs, memory=True, seed_simulator=seed).result()
    shots = np.array([int(shot, 16) for shot in outcome.results[0].data.memory], dtype=np.int64)
    for start in range(0, shots.size, SHOTS):
        yield pack(shots[start : start + SHOTS], circuit.num_clbits)


@dataclass(frozen=True)
class NotLaidOut:
    """A device for which Qiskit's transpiler finds no circuit."""

    device: str
    reason: str


@dataclass(frozen=True)
class Published:
    """What a device's snapshot says of the gates and qubits that a circuit uses."""

    pairs: tuple[float, ...]
    """Errors of the two-qubit gates, one for each in the circuit."""
    durations_s: tuple[float, ...]
    """Of the same gates."""
    readouts: tuple[float, ...]
    """Errors of the measurements."""
    t2_s: tuple[float, ...]
    """Of the qubits in use."""
    clean: float
    """The product of one minus each error."""

    @classmethod
    def of(cls, backend: Any, isa: Isa) -> Published:
        pairs, durations, readouts, clean = [], [], [], 1.0
        for step in isa.circuit.data:
            name = step.operation.name
            qubits = tuple(isa.circuit.find_bit(bit).index for bit in step.qubits)
            if name in ("barrier", "delay"):
                continue
            properties = backend.target[name].get(qubits)
            error = 0.0 if properties is None or properties.error is None else float(properties.error)
            clean *= 1 - error
            if len(qubits) == 2:
                pairs.append(error)
                durations.append(0.0 if properties is None or properties.duration is None else properties.duration)
            elif name == "measure":
                readouts.append(error)
        t2 = [backend.target.qubit_properties[qubit].t2 or 0.0 for qubit in isa.physical]
        return cls(tuple(pairs), tuple(durations), tuple(readouts), tuple(t2), clean)


def case(policy: ValidationPolicy, baseline: Baseline, shots: PackedShots, vertices: tuple[Baseline, ...] = ()) -> Case:
    return Case(
        job=ZERO_DIGEST,
        round=0,
        spec_hash=ZERO_DIGEST,
        policy=policy,
        shots_required=SHOTS,
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=shots.result_hash,
        artifact=shots.data,
        replayed=False,
        worker_amount=1,
        vertices=vertices,
    )


def snapshot_law(backend: Any, isa: Isa, seed: int) -> Baseline:
    """What a simulation with the device's snapshot shows, as a requester would commit to it: 400,000 shots."""
    seen = np.concatenate([shots.values() for shots in sampled(backend, isa, SNAPSHOT_RUNS, seed)])
    return Baseline.from_probabilities(np.bincount(seen, minlength=1 << isa.circuit.num_clbits) / seen.size)


def of_hull(policy: ValidationPolicy, baseline: Baseline, vertex: Baseline) -> ValidationPolicy:
    """The distance alone, from the mixtures of the ideal law with `vertex`, and a much smaller one."""
    most = Fraction(99, 100)
    reach = Fraction(floor(100 * most * baseline_tvd(baseline, vertex)) + 1, 100)
    return replace(
        policy,
        certificates=(TVD,),
        eps=HULL_EPS,
        honest_eps=HULL_EPS,
        hull=HullBounds(reach, ((vertex.root, most),)),
    )


def judged(
    backend: Any, remark: str, circuit: Any, baseline: Baseline, policy: ValidationPolicy, runs: int, seed: int
) -> Judged:
    """`runs` honest runs on `backend`."""
    isa = to_isa(circuit, backend, backend.name)
    said = Published.of(backend, isa)
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[str] = Counter()
    distances, fidelities = [], []
    vertex = snapshot_law(backend, isa, seed + ANOTHER_SEED)
    hull_policy = of_hull(policy, baseline, vertex)
    near = 0
    for shots in sampled(backend, isa, runs, seed):
        document = decide(case(policy, baseline, shots))
        outcomes[document.outcome] += 1
        if document.outcome is not Outcome.ACCEPT:
            reasons.update(document.reason_codes)
        near += decide(case(hull_policy, baseline, shots, (vertex,))).outcome is Outcome.ACCEPT
        figures = describe(baseline, shots)
        distances.append(figures.tvd.value)
        fidelities.append(figures.fidelity.value if figures.fidelity is not None else float("nan"))
    return Judged(
        device=backend.name,
        qubits=backend.num_qubits,
        pairs=len(said.pairs),
        pair_error=statistics.median(said.pairs),
        pair_us=1e6 * statistics.median(said.durations_s),
        readout_error=statistics.median(said.readouts),
        t2_us=1e6 * statistics.median(said.t2_s),
        clean=said.clean,
        runs=runs,
        accepted=outcomes[Outcome.ACCEPT],
        rejected=outcomes[Outcome.REJECT],
        distance=statistics.fmean(distances),
        fidelity=statistics.fmean(fidelities),
        reach=float(baseline_tvd(baseline, vertex)),
        near=near,
        reasons=tuple(name for name, _ in reasons.most_common()),
        remark=remark,
    )

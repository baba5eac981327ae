"""Would an honest worker be paid on a real device? Every device whose noise Qiskit publishes, judged at the defaults.

    python scripts/devices.py [--runs 100] [--seed 1] [--only fake_torino] [--json] [--write]

The circuit is the one of `compute quantum init` (QAOA of depth 2 on a ring of five), laid out on each `fake_*` device
of five qubits or more and run with the noise of the qubits in use; each run of 4,000 shots is judged as a validator
judges it. `--write` puts the table where it is committed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from importlib import resources
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
from qiskit.transpiler.exceptions import TranspilerError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from oracle.artifacts.shots import PackedShots, pack
from oracle.circuits import exact_probabilities, load_qasm3
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy, load_source, normalise
from oracle.spec.hull import HullBounds
from oracle.spec.policy import PromotionPolicy
from oracle.statistics import TVD, Baseline, baseline_tvd
from oracle.terms import Outcome
from oracle.verdict import Case, decide, describe
from router.providers.simulation import DENSITY_MATRIX, compacted, noise_of
from router.providers.transpilation import Isa, read_circuit, to_isa
from router.sandbox import run_generator

TEMPLATE = Path(str(resources.files("router.cli") / "templates"))
PAGE = Path(__file__).parents[1] / "oracle" / "statistics" / "DEVICES.md"
SHOTS = 4000
LEAST_QUBITS = 5
HULL_EPS = Fraction(1, 10)
SNAPSHOT_RUNS = 100
ANOTHER_SEED = 500
"""Added for the snapshot's law, which must not be made of the shots that it judges."""
UNEXPLAINED = 0.1
"""A fidelity this far below the share of clean shots has another cause than the errors of gates and readouts."""
ENOUGH = 0.95
"""Devices that are accepted less often than this are explained."""


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


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))


def devices_table(rows: list[Judged]) -> str:
    head = (
        "device",
        "qubits",
        "accepted",
        "rejected",
        "T",
        "F",
        "two-qubit gates",
        "their error",
        "readout",
        "clean",
        "reach",
        "accepted from the hull",
    )
    return _table(
        head,
        [
            (
                each.device,
                str(each.qubits),
                f"{each.accepted} / {each.runs}",
                str(each.rejected),
                f"{each.distance:.3f}",
                f"{each.fidelity:.3f}",
                str(each.pairs),
                f"{100 * each.pair_error:.2f}%",
                f"{100 * each.readout_error:.2f}%",
                f"{100 * each.clean:.0f}%",
                f"{each.reach:.3f}",
                f"{each.near} / {each.runs}",
            )
            for each in rows
        ],
    )


def explained(row: Judged, policy: ValidationPolicy) -> str:
    """Why honest runs on a device are not accepted: what falls short, and what its snapshot leaves to expect."""
    short = []
    if row.distance > policy.eps:
        short.append(f"T = {row.distance:.3f} is above eps = {float(policy.eps):g}")
    if row.fidelity < policy.f_min:
        short.append(f"F = {row.fidelity:.3f} is below f_min = {float(policy.f_min):g}")
    if not short:
        short.append(
            f"T = {row.distance:.3f} and F = {row.fidelity:.3f} lie within the thresholds, but by less than 4,000 "
            "shots can certify"
        )
    if row.pair_error == 1:
        why = "Its snapshot gives the two-qubit gates an error of 100%: nothing runs there"
    else:
        why = (
            f"{row.pairs} two-qubit gates at {100 * row.pair_error:.2f}% and readout at {100 * row.readout_error:.2f}% "
            f"leave {100 * row.clean:.0f}% of the shots without an error"
        )
    if row.fidelity < row.clean - UNEXPLAINED:
        why += (
            f"; its snapshot lets a two-qubit gate last {row.pair_us:.1f} µs, with a T2 of {row.t2_us:.0f} µs, so that "
            "the qubits relax while the circuit runs"
        )
    remark = f" {row.remark}" if row.remark else ""
    codes = ", ".join(f"`{reason}`" for reason in row.reasons)
    return f"- **{row.device}**: {' and '.join(short)}. {why} ({codes}).{remark}"


def page(rows: list[Judged], missing: list[NotLaidOut], policy: ValidationPolicy, runs: int, seed: int) -> str:
    short = [each for each in rows if each.acceptance < ENOUGH]
    near = [each for each in rows if each.near >= ENOUGH * each.runs]
    reasons = "\n".join(explained(each, policy) for each in short) or "None."
    enough = f"{100 * ENOUGH:.0f}%"
    left_out = "\n".join(f"- **{each.device}**: {each.reason}" for each in missing) or "None."
    return f"""# Devices

Written by `make devices DEVICES_ARGS='--seed {seed} --runs {runs} --write'`: seed {seed}, {runs} runs a device.

Honest runs of the circuit of `compute quantum init` (QAOA of depth 2 on a ring of five), 4,000 shots each, on every
device of five qubits or more whose noise Qiskit publishes (`fake_*`: simulated noise, not hardware). Each is judged
whole, at the defaults: eps {policy.eps}, f_min {policy.f_min}, alpha {policy.alpha}, beta {policy.beta},
{len(policy.guards)} guards.

{len(rows) - len(short)} of {len(rows)} devices are accepted in at least {enough} of their runs. T and F are means over
the runs. «Clean» is the product of one minus each published error, of gates and readouts: the share of shots that
should come out untouched.

«From the hull»: the same runs under a policy for a requester who knows the device: the distance from the nearest
mixture of the ideal law with what a simulation with the device's snapshot shows (400,000 shots, weight up to 99/100),
eps {HULL_EPS} in place of {policy.eps}, no witness. {len(near)} of {len(rows)} devices are accepted so in at least
{enough} of their runs. How far from ideal that lets a result be is the hull's «reach», which such a spec states: the
snapshot of a device that computes nothing is honest too.

{devices_table(rows)}

## Below {enough}

What falls short, and what the published errors leave to expect. Such a device is not good enough for this circuit at
these thresholds; a spec for it states others.

{reasons}

## Not run

Devices that Qiskit's own transpiler cannot lay the circuit out on.

{left_out}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="honest runs on each device (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation (%(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="devices whose name contains this")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--write", action="store_true", help="write DEVICES.md")
    asked = parser.parse_args()
    if asked.runs < 1 or asked.seed < 0:
        parser.error("runs are at least 1 and a seed at least 0")
    found = devices(asked.only)
    if not found:
        parser.error(f"no device of {LEAST_QUBITS} qubits or more has {asked.only!r} in its name")
    if asked.only and asked.write:
        parser.error("--write needs all devices: leave --only out")
    qasm3 = run_generator(TEMPLATE / "circuits" / "optimizer.py")
    baseline = Baseline.from_probabilities(exact_probabilities(load_qasm3(qasm3)))
    spec = normalise(load_source(TEMPLATE / "job.yaml"), operator_policy=PromotionPolicy(), bits=baseline.bits)
    policy = ValidationPolicy.of(spec, baseline.bits)
    circuit = read_circuit(qasm3)
    rows: list[Judged] = []
    missing: list[NotLaidOut] = []
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("devices", total=len(found))
        for place, (backend, remark) in enumerate(found):
            progress.update(task, description=backend.name)
            if not console.is_terminal:
                console.print(backend.name, highlight=False)
            try:
                rows.append(judged(backend, remark, circuit, baseline, policy, asked.runs, 1000 * asked.seed + place))
            except TranspilerError as error:
                missing.append(NotLaidOut(backend.name, str(error.message)))
            progress.advance(task)
    if asked.write:
        PAGE.write_text(page(rows, missing, policy, asked.runs, asked.seed))
    if asked.json:
        print(
            json.dumps(
                {"devices": [asdict(each) for each in rows], "not_run": [asdict(each) for each in missing]}, indent=1
            )
        )
    else:
        print(page(rows, missing, policy, asked.runs, asked.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())

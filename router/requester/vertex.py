"""A vertex of a hull: what a simulation with a device's calibration snapshot shows of a spec's circuit.

The requester makes it before anybody runs anything, and commits to it in the spec: a worker never says what is honest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np

from oracle.circuits import exact_probabilities, load_qasm3
from oracle.encoding import canonical_bytes
from oracle.spec import load_source
from oracle.statistics import Baseline, baseline_tvd
from router.protocol.providing import ProviderRefused, Work
from router.requester.circuit_source import circuit_of
from router.requester.own_baseline import read_prediction

SHOTS = 400_000
"""Of the simulation: a hundred times a job's, so that its own scatter is a tenth of a job's."""


@dataclass(frozen=True)
class DeviceVertex:
    """A law with the file that says it."""

    device: str
    table: bytes
    """Counts by bitstring, classical bit 0 on the right: canonical JSON."""
    law: Baseline
    distance: Fraction
    """Total variation from the ideal law, exact."""

    def reach(self, most: Fraction) -> Fraction:
        """The least hundredth above what mixtures with up to `most` of this law may lie from the ideal one."""
        return min(Fraction(99, 100), Fraction(floor(100 * most * self.distance) + 1, 100))


def device_vertex(
    path: Path, device: str, shots: int, seed: int, on_progress: Callable[[str, float], None]
) -> DeviceVertex:
    """The vertex of `device` for the circuit of the spec at `path`, from `shots` shots drawn with `seed`.

    Raises InputRejected for a faulty spec, SandboxViolation for its generator, and ProviderRefused for a device that
    there is not or that cannot run the circuit.
    """
    from router.worker.providers.simulation import noisy_targets, simulate

    names = [target.name for target in noisy_targets()]
    if device not in names:
        raise ProviderRefused(f"no snapshot of {device!r} is here", f"choose one of {', '.join(names)}")
    on_progress("generating the circuit in its sandbox", 0.1)
    given = circuit_of(load_source(path))
    on_progress("simulating it exactly", 0.3)
    with given.faults_told():
        ideal = Baseline.from_probabilities(exact_probabilities(load_qasm3(given.qasm3)))
    on_progress(f"simulating {shots:,} shots with the noise of {device}", 0.5)
    done = simulate(Work(tag="vertex", qasm3=given.qasm3, shots=shots, target=device, seed=seed))
    outcomes, counts = np.unique(done.shots.values(), return_counts=True)
    seen = zip(outcomes.tolist(), counts.tolist(), strict=True)
    table = canonical_bytes({f"{outcome:0{ideal.bits}b}": count for outcome, count in seen})
    law = read_prediction(table, ideal.bits)
    return DeviceVertex(device, table, law, baseline_tvd(ideal, law))

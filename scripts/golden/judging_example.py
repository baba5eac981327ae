"""Write the files that docs/judging.md judges: a circuit in both OpenQASM versions, its baseline, and two results.

    python scripts/golden/judging_example.py [FOLDER]

Nothing in them was measured. The circuit is that of `compute quantum init`; the results are simulated with the
published noise of two real devices (fake_torino, fake_manila), seeds below.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib import resources, util
from pathlib import Path

from qiskit import QuantumCircuit, qasm2, qasm3

from oracle.circuits import exact_probabilities, load_qasm3
from oracle.statistics import Baseline
from router.protocol.providing import Work
from router.worker.providers.simulation import simulate

SHOTS = 4000
TORINO, MANILA = ("fake_torino", 20260601), ("fake_manila", 20260602)
POLICY = """\
# How a result is judged; whatever is left out is as in a job spec: alpha, beta, eps, honest_eps, f_min, honest_f,
# certificates, guards. Numbers are exact: 0.01 is 1/100.
alpha: 0.01        # the most often a bad result is accepted
beta: 0.01         # the most often an honest one is rejected
eps: 0.25          # accepted: certainly nearer to the ideal distribution than this (total variation) …
f_min: 0.7         # … and certainly of a fidelity above this
"""
JOB = """\
# The same circuit as a job: a draft, which nobody has frozen.
job_type: quantum_experiment
version: 2026-06
requester: did:example:buyer123
quantum:
  circuit_ref: ./circuit.qasm
  shots: 4000
budget:
  max_usd_equivalent: 25
validation:
  method: distribution_threshold
"""


def optimizer() -> QuantumCircuit:
    """The circuit that a new job starts with."""
    template = resources.files("router.console").joinpath("templates", "circuits", "optimizer.py")
    with resources.as_file(template) as path:
        spec = util.spec_from_file_location("optimizer", path)
        assert spec is not None
        assert spec.loader is not None
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
    circuit: QuantumCircuit = module.build()
    return circuit


def run(text: str, target: str, seed: int) -> list[str]:
    """Bitstrings of a run of `text` with the noise of `target`, in the order of the simulated device."""
    shots = simulate(Work(tag="example", qasm3=text, shots=SHOTS, target=target, seed=seed)).shots
    return [f"{value:0{shots.bits}b}" for value in shots.values().tolist()]


def files() -> dict[str, bytes]:
    """Name and content of every example file."""
    circuit = optimizer()
    text = qasm3.dumps(circuit) + "\n"
    torino, manila = run(text, *TORINO), run(text, *MANILA)
    # Ten to a line, as a person would want to look at them.
    lines = [", ".join(f'"{shot}"' for shot in torino[first : first + 10]) for first in range(0, SHOTS, 10)]
    return {
        "circuit.qasm": text.encode(),
        "circuit2.qasm": (qasm2.dumps(circuit) + "\n").encode(),
        "baseline.json": Baseline.from_probabilities(exact_probabilities(load_qasm3(text))).to_bytes(),
        "shots.json": ("[\n" + ",\n".join(lines) + "\n]\n").encode(),
        "counts.json": (json.dumps(dict(sorted(Counter(torino).items())), indent=1) + "\n").encode(),
        "manila.json": (json.dumps(dict(sorted(Counter(manila).items())), indent=1) + "\n").encode(),
        "policy.yaml": POLICY.encode(),
        "job.yaml": JOB.encode(),
    }


def main() -> None:
    default = Path(__file__).parents[2] / "docs" / "judging"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()

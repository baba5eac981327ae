"""Would an honest worker be paid on a real device? Every device whose noise Qiskit publishes, judged at the defaults.

    python scripts/measures/devices.py [--runs 100] [--seed 1] [--only fake_torino] [--json] [--write]

The circuit is the one of `compute quantum init` (QAOA of depth 2 on a ring of five), laid out on each `fake_*` device
of five qubits or more and run with the noise of the qubits in use; each run of 4,000 shots is judged as a validator
judges it. `--write` puts the table where it is committed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from qiskit.transpiler.exceptions import TranspilerError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from oracle.circuits import exact_probabilities, load_qasm3
from oracle.spec import load_source, normalise, policy_of
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.statistics import Baseline
from router.sandbox import run_generator
from router.worker.providers.transpilation import read_circuit

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from calibration.device_page import page  # noqa: E402  (the tests' own library)
from calibration.devices import LEAST_QUBITS, Judged, NotLaidOut, devices, judged  # noqa: E402

TEMPLATE = Path(str(resources.files("router.console") / "templates"))
PAGE = ROOT / "oracle" / "statistics" / "DEVICES.md"


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
    policy = policy_of(spec, baseline.bits)
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

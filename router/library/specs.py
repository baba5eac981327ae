"""Job specs from Python: from a circuit to what `compute quantum simulate` takes, with what the shots can prove."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from oracle.encoding import Finding, InputRejected
from oracle.spec import JobSpec, PromotionPolicy, SourceSpec, json_schema, load_source, normalise, rounds_of
from oracle.spec.reading.diagnosis import diagnose
from oracle.spec.reading.document import read_document
from oracle.statistics import Baseline, Plan, plan_rounds, shots_needed
from oracle.statistics.planning.forecast import planned_fidelity

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["JobDraft", "JobSpec", "SourceSpec", "json_schema", "load_source", "spec_from_circuit"]

SPEC, CIRCUIT, BASELINE = "job.yaml", "circuits/circuit.qasm", "baselines/simulated.json"
"""Files of a draft, below its folder."""
NOBODY = "did:example:requester"
"""Stands for the local key of a home until a wallet's did:pkh is written in its place."""
_ARGUMENTS = {
    "quantum.shots": "shots",
    "quantum.circuit_family": "circuit_family",
    "quantum.backend_policy": "backend_policy",
    "budget.max_usd_equivalent": "max_usd",
}
"""By field of the spec: the argument that says it."""


@dataclass(frozen=True)
class JobDraft:
    """A job spec that nobody has signed, with all that it names."""

    spec: JobSpec
    text: str
    """The spec as YAML."""
    qasm3: str
    """The circuit."""
    baseline: Baseline
    """Its exact law."""
    plan: Plan
    """What the shots can prove under the operator's defaults."""

    def write(self, folder: Path | str) -> Path:
        """Write spec, circuit and baseline below `folder`; returns the spec's path, for `compute quantum simulate`.

        Raises InputRejected, having written nothing, if one of the files is there with other content.
        """
        root = Path(folder)
        files = {SPEC: self.text.encode(), CIRCUIT: self.qasm3.encode(), BASELINE: self.baseline.to_bytes()}
        taken = [root / name for name, data in files.items() if _differs(root / name, data)]
        if taken:
            remedy = "name another folder, or move it away"
            raise InputRejected(
                str(root), [Finding(str(path), None, "something else is there", remedy) for path in taken]
            )
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        return root / SPEC


def _differs(path: Path, data: bytes) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != data)


def spec_from_circuit(
    circuit: QuantumCircuit | str,
    *,
    max_usd: str | int,
    shots: int | None = None,
    requester: str = NOBODY,
    circuit_family: str | None = None,
    backend_policy: str = "ibm_or_simulator",
    validation: Mapping[str, object] | None = None,
) -> JobDraft:
    """The job that runs `circuit`, a QuantumCircuit or OpenQASM 2 or 3, with its baseline and plan.

    `max_usd`: the most it may cost, in US dollars. `shots`: by default the fewest, to three digits, that work.
    `validation`: fields of that section that differ from the defaults, such as ``{"job_class": "smoke_test"}``.
    Delivered shots are metered, at the operator's price.

    Raises InputRejected with every fault of the circuit or of the arguments; and, if `shots` is left out, where no
    number of shots works, with the planner's reasons.
    """
    from oracle.circuits import circuit_facts, exact_probabilities, load_qasm3

    qasm3 = _as_qasm3(circuit)
    read = load_qasm3(qasm3)
    facts = circuit_facts(read)
    law = Baseline.from_probabilities(exact_probabilities(read))
    data: dict[str, object] = {
        "job_type": "quantum_experiment",
        "version": "2026-06",
        "requester": requester,
        "quantum": {
            "framework": "qiskit",
            "circuit_ref": f"./{CIRCUIT}",
            "circuit_family": circuit_family or "unnamed",
            "backend_policy": backend_policy,
            "shots": 1 if shots is None else shots,
        },
        "budget": {"max_usd_equivalent": max_usd, "metering": {"unit": "shot"}},
        "validation": {"method": "distribution_threshold", "baseline_ref": f"./{BASELINE}", **(validation or {})},
        "settlement": {"release_on": "validated"},
    }
    spec, text = _read(data)
    if shots is None:
        policy = rounds_of(_filled(spec, facts.bits), facts.bits)[0].policy
        needed = shots_needed(policy, law, planned_fidelity(policy))
        if needed is None:
            reasons = plan_rounds(rounds_of(_filled(spec, facts.bits), facts.bits), law).reasons
            raise InputRejected(
                "arguments", [Finding("shots", None, each, "choose other certificates") for each in reasons]
            )
        spec, text = _read(_with_shots(data, needed))
    return JobDraft(spec, text, qasm3, law, plan_rounds(rounds_of(_filled(spec, facts.bits), facts.bits), law))


def _with_shots(data: dict[str, object], shots: int) -> dict[str, object]:
    quantum = data["quantum"]
    assert isinstance(quantum, dict)
    return data | {"quantum": quantum | {"shots": shots}}


def _filled(spec: JobSpec, bits: int) -> JobSpec:
    return normalise(spec, operator_policy=PromotionPolicy(), bits=bits)


def _as_qasm3(circuit: QuantumCircuit | str) -> str:
    from oracle.circuits import is_qasm2, load_qasm2
    from router.sandbox.export import Unwritable, as_qasm3

    if isinstance(circuit, str):
        if not is_qasm2(circuit):
            return circuit
        circuit = load_qasm2(circuit)
    try:
        return as_qasm3(circuit)
    except Unwritable as error:
        raise InputRejected("circuit", [Finding("", None, error.reason, error.remedy)]) from error


def _read(data: Mapping[str, object]) -> tuple[JobSpec, str]:
    """The spec that `data` says, read from its own text, and that text. Raises InputRejected by argument."""
    written = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump({name: _plain(value) for name, value in data.items()}, written)
    diagnosis = diagnose(JobSpec, read_document(written.getvalue().encode()))
    if diagnosis.findings or diagnosis.model is None:
        raise InputRejected(
            "arguments", [replace(each, line=None, path=_argument(each.path)) for each in diagnosis.findings]
        )
    return diagnosis.model, written.getvalue()


def _plain(value: object) -> object:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _argument(path: str) -> str:
    return _ARGUMENTS.get(path, path)

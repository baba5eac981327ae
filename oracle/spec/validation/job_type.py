"""A job type has its section, its method and its form of result, and no other."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.spec.faults import Fault
from oracle.spec.sections.body import SpecBody
from oracle.spec.sections.job_types import KIND_OF
from oracle.spec.sections.job_types.quantum import Quantum
from oracle.spec.sections.records import SimulationRecord


def job_type_faults(spec: SpecBody) -> Iterator[Fault]:
    """What of `spec` does not suit its job type."""
    own = KIND_OF[spec.job_type]
    for kind in KIND_OF.values():
        present = getattr(spec, kind.section) is not None
        if kind is own and not present:
            yield Fault(
                kind.section,
                ("job_type",),
                f"a {spec.job_type} has a {kind.section} section",
                f"add the section; for example {kind.example}",
            )
        if kind is not own and present:
            yield Fault(
                kind.section,
                ("job_type",),
                f"a {spec.job_type} has no {kind.section} section",
                f"take the section out, or write job_type: {kind.name}",
            )
    if spec.validation.method != own.method:
        yield Fault(
            "validation.method",
            ("job_type",),
            f"{spec.validation.method} does not judge a {spec.job_type}",
            f"write method: {own.method}",
        )
    if spec.result.schema_id not in own.forms:
        yield Fault(
            "result.schema_id",
            ("job_type",),
            f"a {spec.job_type} does not deliver {spec.result.schema_id}",
            f"write schema_id: {own.forms[0]}",
        )


def quantum_faults(quantum: Quantum, simulation: SimulationRecord | None) -> Iterator[Fault]:
    """What is wrong with the circuit of a quantum job, simulated or not."""
    if quantum.circuit_ref is None and quantum.circuit_hash is None:
        yield Fault(
            "quantum.circuit_ref",
            ("quantum.circuit_hash",),
            "the spec names no circuit",
            "write circuit_ref: ./circuits/optimizer.py",
        )
    if simulation is not None and quantum.max_qubits is not None and simulation.qubits > quantum.max_qubits:
        yield Fault(
            "quantum.max_qubits",
            ("simulation.qubits",),
            f"the simulated circuit has {simulation.qubits} qubits, the spec allows {quantum.max_qubits}",
            f"write max_qubits: {simulation.qubits}, or a smaller circuit",
        )

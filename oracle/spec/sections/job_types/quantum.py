"""A `quantum_experiment`: a circuit, run a number of times."""

from __future__ import annotations

from typing import Annotated, Literal

from oracle.spec.fields import Digest, RelativePath, Section, Text, documented, whole
from oracle.spec.sections.job_types.job_kind import JobKind

BackendPolicy = Literal["simulator_only", "ibm_or_simulator", "ibm_only"]


class Quantum(Section):
    """The circuit and where it may run."""

    framework: Literal["qiskit"] = documented("What the generator is written for.", default="qiskit", example="qiskit")
    circuit_ref: RelativePath | None = documented(
        "A Python generator or a file of OpenQASM 3 or 2, relative to the spec.",
        default=None,
        example="./circuits/optimizer.py",
    )
    circuit_hash: Digest | None = documented(
        "SHA-256 of the circuit's OpenQASM 3; filled in by simulate.", default=None, example="0x" + "c1" * 32
    )
    circuit_family: Text | None = documented(
        "A name for circuits alike; a new family may need an approval.", default=None, example="maxcut-qaoa"
    )
    backend_policy: BackendPolicy = documented(
        "simulator_only, ibm_or_simulator or ibm_only.", default="ibm_or_simulator", example="ibm_or_simulator"
    )
    max_queue_minutes: Annotated[int, whole(1, 60 * 24 * 30)] = documented(
        "The longest wait in a provider's queue, in minutes.", default=120, example=120
    )
    shots: Annotated[int, whole(1, 10**7)] = documented("Repetitions of the circuit.", example=4000)
    max_qubits: Annotated[int, whole(1, 1024)] | None = documented(
        "Refuse a generated circuit wider than this.", default=None, example=6
    )


KIND = JobKind(
    "quantum_experiment",
    "quantum",
    "distribution_threshold",
    ("packed-shots/1", "run-manifest/1"),
    "quantum: {circuit_ref: ./circuits/optimizer.py, shots: 4000}",
)

"""What a routing decision is made from: frozen facts, gathered by the caller, with None for what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from fractions import Fraction
from typing import Any, Literal

from oracle.encoding import format_rational, parse_rational


class Route(Enum):
    """Where a job may go, by capability."""

    LOCAL_SIMULATOR = "local_simulator"
    """Here, now, unpaid: the simulation that every job begins with."""
    MANAGED_SIMULATOR = "managed_simulator"
    """A worker's simulator, paid."""
    IBM_QUANTUM_BACKEND = "ibm_quantum_backend"
    """An IBM device, or a fake one that is labelled as such."""
    MEDIA_WORKER = "media_worker"
    """A worker with FFmpeg."""
    INFERENCE_WORKER = "inference_worker"
    """A worker with a model runtime."""
    SCRIPT_WORKER = "script_worker"
    """A worker that runs programs."""
    REJECT_REQUIRES_REVIEW = "reject_requires_review"
    """Nowhere by itself: a person looks at the reasons."""


TargetKind = Literal["simulator", "hardware", "fake_hardware"]
BackendPolicy = Literal["simulator_only", "ibm_or_simulator", "ibm_only"]


@dataclass(frozen=True)
class TargetFacts:
    """One thing that a provider can run on, as far as is known now."""

    name: str
    provider: str
    kind: TargetKind
    qubits: int
    """The widest circuit it takes."""
    available: bool
    queue_s: int | None
    """Seconds until a run would start; None: the provider does not say."""
    label: str
    """For people; says so when it is a simulation of hardware."""
    note: str = ""
    """Why it is not available."""


@dataclass(frozen=True)
class CircuitShape:
    """The circuit's size and what makes it easy to simulate."""

    qubits: int
    depth: int
    two_qubit_gates: int
    clifford: bool
    shots: int


@dataclass(frozen=True)
class RouteFacts:
    """All that a decision depends on; the same facts give the same decision, byte for byte."""

    job_type: str
    """As in the job spec."""
    framework: str | None
    circuit: CircuitShape | None
    """None before the circuit is known, and for a job type without circuits."""
    backend_policy: BackendPolicy | None
    promoted: bool
    """Whether the requester signed terms for a paid run."""
    requested_target: str | None
    """As the requester wrote it: ``ibm``, ``simulator``, or a backend's name. None: any."""
    max_usd: Fraction | None
    queue_tolerance_s: int
    validation_feasible: bool | None
    """The shot planner's answer; None: not asked."""
    targets: tuple[TargetFacts, ...]
    """Kept in the order of provider and name."""
    installed_job_types: frozenset[str] = field(default_factory=lambda: frozenset({"quantum_experiment"}))
    fake_hardware_enabled: bool = False

    def __post_init__(self) -> None:
        # The order in which the caller found them says nothing, so it must not show.
        ordered = tuple(sorted(self.targets, key=lambda target: (target.provider, target.name)))
        object.__setattr__(self, "targets", ordered)

    def to_json(self) -> dict[str, object]:
        """The JSON form; sets and targets in order of name."""
        return {
            "job_type": self.job_type,
            "framework": self.framework,
            "circuit": None if self.circuit is None else _fields(self.circuit),
            "backend_policy": self.backend_policy,
            "promoted": self.promoted,
            "requested_target": self.requested_target,
            "max_usd": None if self.max_usd is None else format_rational(self.max_usd),
            "queue_tolerance_s": self.queue_tolerance_s,
            "validation_feasible": self.validation_feasible,
            "targets": [_fields(target) for target in self.targets],
            "installed_job_types": sorted(self.installed_job_types),
            "fake_hardware_enabled": self.fake_hardware_enabled,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RouteFacts:
        """The facts whose `to_json` is `value`; raises KeyError, TypeError or ValueError for anything else."""
        read = dict(value)
        if (circuit := read["circuit"]) is not None:
            read["circuit"] = CircuitShape(**circuit)
        if (usd := read["max_usd"]) is not None:
            read["max_usd"] = parse_rational(usd)
        read["targets"] = tuple(TargetFacts(**target) for target in read["targets"])
        read["installed_job_types"] = frozenset(read["installed_job_types"])
        return cls(**read)


def _fields(value: CircuitShape | TargetFacts) -> dict[str, object]:
    return {item.name: getattr(value, item.name) for item in fields(value)}

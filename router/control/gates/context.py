"""The facts that gates look at: frozen, gathered by the caller, with None for what is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from oracle.spec import PromotionPolicy
from router.control.gates.policy import OperatorPolicy
from router.protocol.lifecycle import EscrowState


@dataclass(frozen=True)
class CircuitSize:
    """The circuit as it was simulated."""

    qubits: int
    depth: int
    two_qubit_gates: int
    shots: int


@dataclass(frozen=True)
class SimulationFacts:
    """What the simulation left."""

    passed: bool
    reason: str = ""
    """Why it did not pass."""
    baseline_distance: Fraction | None = None
    """Exact total variation distance to the requester's baseline; None if it gave none."""


@dataclass(frozen=True)
class EscrowFacts:
    """The budget on-chain; amounts in base units, confirmations in blocks, the block of the log included."""

    state: EscrowState
    expected_amount: int
    """The budget of the terms."""
    locked_amount: int | None = None
    """As the funding event says; None while there is none."""
    confirmations: int = 0
    confirmations_needed: int = 1
    symbol: str = ""
    """Of the token; empty: amounts are told in base units."""
    decimals: int = 0


@dataclass(frozen=True)
class ValidationFacts:
    """How the result will be judged, and whether that works."""

    method: str | None
    """None: the spec declares none."""
    planned: bool
    """Whether the shot planner has been asked."""
    feasible: bool
    """Whether an honest worker passes and one at chance fails, often enough."""
    reasons: tuple[str, ...] = ()
    """Why not."""
    suggestion: str | None = None
    """What would be feasible, in words."""


@dataclass(frozen=True)
class QueueFacts:
    """Seconds the requester waits, and seconds the provider expects; None: the provider does not say."""

    tolerance_s: int
    estimate_s: int | None


@dataclass(frozen=True)
class RoleFacts:
    """Who is who, as EIP-55 addresses."""

    requester: str
    payer: str
    worker: str
    validators: tuple[str, ...]
    arbiter: str | None = None


@dataclass(frozen=True)
class UsageFacts:
    """What the requester has used lately."""

    hardware_runs_last_day: int
    jobs_last_hour: int
    live_jobs: int
    """Promoted jobs that are not over, this one not counted."""


@dataclass(frozen=True)
class GateContext:
    """All the facts about one promotion."""

    job: str
    policy: OperatorPolicy
    promotion: PromotionPolicy
    """The operator's, tightened by the spec's: what is in force."""
    target: str
    """The backend that was chosen, by name."""
    hardware: bool
    """Whether it is hardware, or a fake device that is treated as such: the promotion policy is about hardware."""
    budget_usd: Fraction
    circuit: CircuitSize | None
    """None for a job type without circuits."""
    circuit_family: str | None
    simulation: SimulationFacts | None
    """None: it was not simulated."""
    escrow: EscrowFacts
    validation: ValidationFacts
    queue: QueueFacts
    roles: RoleFacts
    usage: UsageFacts
    approvals: frozenset[str] = field(default_factory=frozenset)
    """Kinds that a person approved for this job, its family or its requester."""
    approvals_remark: str = ""
    """What those approvals say of themselves, where the operator is also the requester or payer."""

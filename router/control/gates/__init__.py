"""Policy gates before spend: each answers Allow or Deny, all are asked, and a denial says what is left."""

from router.control.gates.approvals import NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER, ApprovalsGate, budget_over
from router.control.gates.budget import BudgetGate
from router.control.gates.circuit import CircuitGate
from router.control.gates.context import (
    CircuitSize,
    EscrowFacts,
    GateContext,
    QueueFacts,
    RoleFacts,
    SimulationFacts,
    UsageFacts,
    ValidationFacts,
)
from router.control.gates.gate import Allow, Answer, Deny, Eligible, Gate, GateReport, evaluate
from router.control.gates.policy import DEFAULT_POLICY_TEXT, OperatorPolicy, load_policy, parse_policy
from router.control.gates.queue import QueueGate
from router.control.gates.quota import HardwareRunsGate, QuotaGate
from router.control.gates.roles import RolesGate
from router.control.gates.simulation import BaselineGate, SimulationGate
from router.control.gates.validation import ValidationGate

GATES_BEFORE_FUNDING: tuple[Gate, ...] = (
    SimulationGate(),
    BaselineGate(),
    CircuitGate(),
    ValidationGate(),
    QueueGate(),
    RolesGate(),
    ApprovalsGate(),
    HardwareRunsGate(),
    QuotaGate(),
)
"""All that can be said before the payer locks anything: nobody should fund a job that will be denied."""

GATES: tuple[Gate, ...] = (*GATES_BEFORE_FUNDING, BudgetGate())
"""All of them: what an approval takes."""

__all__ = [
    "DEFAULT_POLICY_TEXT",
    "GATES",
    "GATES_BEFORE_FUNDING",
    "NEW_CIRCUIT_FAMILY",
    "UNKNOWN_REQUESTER",
    "Allow",
    "Answer",
    "CircuitSize",
    "Deny",
    "Eligible",
    "EscrowFacts",
    "Gate",
    "GateContext",
    "GateReport",
    "OperatorPolicy",
    "QueueFacts",
    "RoleFacts",
    "SimulationFacts",
    "UsageFacts",
    "ValidationFacts",
    "budget_over",
    "evaluate",
    "load_policy",
    "parse_policy",
]

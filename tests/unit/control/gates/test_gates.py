"""Each gate allows what it should and denies what it should, with a reason and a remedy."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from oracle.encoding import format_rational
from oracle.spec import PromotionPolicy
from router.control.gates import (
    GATES,
    GATES_BEFORE_FUNDING,
    Allow,
    CircuitSize,
    Deny,
    Eligible,
    EscrowFacts,
    Gate,
    GateContext,
    GateReport,
    OperatorPolicy,
    QueueFacts,
    RoleFacts,
    SimulationFacts,
    UsageFacts,
    ValidationFacts,
    evaluate,
)
from router.control.gates.approvals import ApprovalsGate
from router.control.gates.budget import BudgetGate
from router.control.gates.circuit import CircuitGate
from router.control.gates.policy import Requesters
from router.control.gates.queue import QueueGate
from router.control.gates.quota import HardwareRunsGate, QuotaGate
from router.control.gates.roles import RolesGate
from router.control.gates.simulation import BaselineGate, SimulationGate
from router.control.gates.validation import ValidationGate
from router.protocol.lifecycle import EscrowState

REQUESTER, PAYER, WORKER, ARBITER, *VALIDATORS = (Account.from_key(bytes([n]) * 32).address for n in range(1, 8))

GOOD = GateContext(
    job="job_0123456789",
    policy=OperatorPolicy(),
    promotion=PromotionPolicy(),
    target="ibm_torino",
    hardware=True,
    budget_usd=Fraction(25),
    circuit=CircuitSize(qubits=5, depth=30, two_qubit_gates=10, shots=4000),
    circuit_family="ring-maxcut-qaoa",
    simulation=SimulationFacts(passed=True, baseline_distance=Fraction(1, 100)),
    escrow=EscrowFacts(
        EscrowState.LOCKED, expected_amount=10**20, locked_amount=10**20, confirmations=2, confirmations_needed=2
    ),
    validation=ValidationFacts(method="distribution_threshold", planned=True, feasible=True),
    queue=QueueFacts(tolerance_s=7200, estimate_s=600),
    roles=RoleFacts(REQUESTER, PAYER, WORKER, tuple(VALIDATORS), ARBITER),
    usage=UsageFacts(hardware_runs_last_day=2, jobs_last_hour=1, live_jobs=0),
    approvals=frozenset({"new_circuit_family", "unknown_requester"}),
)
SIMULATOR = dataclasses.replace(GOOD, hardware=False, target="aer_simulator")


def policy(**changes: Any) -> OperatorPolicy:
    return OperatorPolicy().model_copy(update=changes)


def tightened(**changes: Any) -> PromotionPolicy:
    return PromotionPolicy(**changes)


def on(base: GateContext = GOOD, /, **changes: Any) -> GateContext:
    """`base`, with fields changed; `escrow__state=…` changes a field of a field."""
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            value = dataclasses.replace(getattr(base, outer), **{inner: value})
        base = dataclasses.replace(base, **{outer: value})
    return base


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_a_job_with_nothing_against_it_is_allowed(gate: Gate) -> None:
    for context in (GOOD, SIMULATOR):
        answer = gate.check(context)
        assert isinstance(answer, Allow)
        assert answer.gate == gate.name
        assert answer.note


BOUND = Fraction(2, 25)
UNREQUIRED = tightened(require_simulation=False)
ALLOWED: list[tuple[str, Gate, GateContext]] = [
    (
        "a distance just below the bound",
        BaselineGate(),
        on(simulation__baseline_distance=Fraction(2, 25) - Fraction(1, 2**60)),
    ),
    ("no baseline from the requester", BaselineGate(), on(simulation__baseline_distance=None)),
    ("any distance on a simulator", BaselineGate(), on(SIMULATOR, simulation__baseline_distance=Fraction(1))),
    (
        "no simulation where none is required",
        SimulationGate(),
        on(simulation=None, promotion=UNREQUIRED),
    ),
    ("no simulation for a simulator", SimulationGate(), on(SIMULATOR, simulation=None)),
    (
        "no distance where no simulation is required",
        BaselineGate(),
        on(simulation=None, promotion=UNREQUIRED),
    ),
    ("more confirmations than needed", BudgetGate(), on(escrow__confirmations=99)),
    ("no circuit in the job class", CircuitGate(), on(circuit=None)),
    ("a circuit exactly at the limits", CircuitGate(), on(circuit=CircuitSize(24, 2000, 2000, 100_000))),
    ("a queue exactly as long as tolerated", QueueGate(), on(queue=QueueFacts(600, 600))),
    ("a queue of unknown length", QueueGate(), on(queue=QueueFacts(0, None))),
    ("a requester that is the payer", RolesGate(), on(roles__payer=REQUESTER)),
    ("no arbiter", RolesGate(), on(roles__arbiter=None)),
    (
        "a requester the policy knows",
        ApprovalsGate(),
        on(approvals=frozenset({"new_circuit_family"}), policy=policy(requesters=Requesters(known=(REQUESTER,)))),
    ),
    ("a budget exactly at the limit", ApprovalsGate(), on(budget_usd=Fraction(50))),
    (
        "a budget above it, approved",
        ApprovalsGate(),
        on(budget_usd=Fraction(51), approvals=GOOD.approvals | {"budget_over_50"}),
    ),
    (
        "nothing to approve",
        ApprovalsGate(),
        on(
            approvals=frozenset(),
            circuit_family=None,
            budget_usd=Fraction(10**6),
            promotion=tightened(require_manual_approval_for=()),
        ),
    ),
    ("no approvals on a simulator", ApprovalsGate(), on(SIMULATOR, approvals=frozenset())),
    ("hardware runs on a simulator", HardwareRunsGate(), on(SIMULATOR, usage__hardware_runs_last_day=99)),
    ("the last job of the hour", QuotaGate(), on(usage__jobs_last_hour=60)),
]


@pytest.mark.parametrize(("gate", "context"), [pytest.param(*rest, id=name) for name, *rest in ALLOWED])
def test_is_allowed(gate: Gate, context: GateContext) -> None:
    answer = gate.check(context)
    assert isinstance(answer, Allow), answer


S, P, L, A = Eligible.SIMULATION, Eligible.PAID_SIMULATOR, Eligible.LATER, Eligible.AFTER_APPROVAL
DENIED: list[tuple[str, Gate, GateContext, str, str, tuple[Eligible, ...]]] = [
    ("no simulation", SimulationGate(), on(simulation=None), "was not simulated", "quantum simulate", (S,)),
    (
        "a failed simulation",
        SimulationGate(),
        on(simulation=SimulationFacts(False, "17 qubits measured twice")),
        "17 qubits measured twice",
        "correct the circuit",
        (S,),
    ),
    (
        "a failed simulation, on a simulator too",
        SimulationGate(),
        on(SIMULATOR, simulation=SimulationFacts(False, "x")),
        "did not pass",
        "correct the circuit",
        (S,),
    ),
    (
        "a distance at the bound",
        BaselineGate(),
        on(simulation__baseline_distance=Fraction(2, 25)),
        "distance 0.08 to the requester's baseline is not below 0.08",
        "baseline_ref",
        (S, P),
    ),
    (
        "a distance above a tightened bound",
        BaselineGate(),
        on(promotion=tightened(require_baseline_distance_below="1/200")),
        "is not below 0.005",
        "baseline_ref",
        (S, P),
    ),
    ("no simulation to take a distance from", BaselineGate(), on(simulation=None), "no distance", "simulate", (S,)),
    (
        "nothing locked",
        BudgetGate(),
        on(escrow=EscrowFacts(EscrowState.NONE, 5)),
        "5 base units are to be locked; nothing is",
        "compute fund job_0123456789",
        (S, Eligible.AFTER_FUNDING),
    ),
    (
        "locked, but no log seen",
        BudgetGate(),
        on(escrow__locked_amount=None),
        "nothing is",
        "compute fund",
        (S, Eligible.AFTER_FUNDING),
    ),
    (
        "one unit too few",
        BudgetGate(),
        on(escrow__locked_amount=10**20 - 1),
        "99999999999999999999 base units are locked, the terms say 100000000000000000000",
        "terms",
        (S,),
    ),
    ("one unit too many", BudgetGate(), on(escrow__locked_amount=10**20 + 1), "the terms say", "terms", (S,)),
    (
        "too few confirmations",
        BudgetGate(),
        on(escrow__confirmations=1),
        "1 of 2 confirmations",
        "watch",
        (S, Eligible.AFTER_FUNDING),
    ),
    *[
        (f"an escrow that is {state.value}", BudgetGate(), on(escrow__state=state), f"is {state.value}", "again", (S,))
        for state in EscrowState
        if state not in (EscrowState.NONE, EscrowState.LOCKED)
    ],
    ("too wide", CircuitGate(), on(circuit__qubits=25), "qubits 25 above 24", "limits", (S, Eligible.SMALLER)),
    ("too deep", CircuitGate(), on(circuit__depth=2001), "depth 2001 above 2000", "limits", (S, Eligible.SMALLER)),
    (
        "too entangling",
        CircuitGate(),
        on(circuit__two_qubit_gates=2001),
        "two-qubit gates 2001",
        "limits",
        (S, Eligible.SMALLER),
    ),
    ("too many shots", CircuitGate(), on(circuit__shots=100_001), "shots 100001", "limits", (S, Eligible.SMALLER)),
    (
        "every excess at once",
        CircuitGate(),
        on(circuit=CircuitSize(25, 2001, 2001, 100_001)),
        "qubits 25 above 24; depth 2001 above 2000; two-qubit gates 2001 above 2000; shots 100001 above 100000",
        "limits",
        (S, Eligible.SMALLER),
    ),
    ("no validation", ValidationGate(), on(validation__method=None), "declares no validation", "method:", (S,)),
    ("an unplanned validation", ValidationGate(), on(validation__planned=False), "not planned", "compute plan", (S,)),
    (
        "an infeasible validation",
        ValidationGate(),
        on(
            validation=ValidationFacts(
                "distribution_threshold", True, False, ("needs 103000 shots",), "use the witness with 2740 shots"
            )
        ),
        "needs 103000 shots",
        "use the witness with 2740 shots",
        (S,),
    ),
    (
        "an infeasible validation without a suggestion",
        ValidationGate(),
        on(validation__feasible=False),
        "gives no reason",
        "compute plan",
        (S,),
    ),
    (
        "an impatient requester",
        QueueGate(),
        on(queue=QueueFacts(7200, 7201)),
        "about 7201 s in its queue, the spec waits 7200 s",
        "max_queue_minutes: 121",
        (S, P, L),
    ),
    (
        "a worker that validates",
        RolesGate(),
        on(roles__validators=(WORKER, *VALIDATORS)),
        f"{WORKER} is worker and validator",
        "key of its own",
        (S,),
    ),
    ("a requester that works", RolesGate(), on(roles__requester=WORKER), "is requester and worker", "key", (S,)),
    ("a payer that arbitrates", RolesGate(), on(roles__payer=ARBITER), "is payer and arbiter", "key", (S,)),
    (
        "a validator named twice",
        RolesGate(),
        on(roles__validators=(VALIDATORS[0], VALIDATORS[0])),
        "validator twice",
        "key",
        (S,),
    ),
    (
        "a blocked requester",
        RolesGate(),
        on(policy=policy(requesters=Requesters(blocked=(REQUESTER,)))),
        "is blocked",
        "ask the operator",
        (Eligible.NOTHING,),
    ),
    (
        "a new family",
        ApprovalsGate(),
        on(approvals=frozenset({"unknown_requester"})),
        "the circuit family ring-maxcut-qaoa is new",
        "compute approve job_0123456789",
        (S, P, A),
    ),
    (
        "no family",
        ApprovalsGate(),
        on(approvals=frozenset({"unknown_requester"}), circuit_family=None),
        "names no family",
        "approve",
        (S, P, A),
    ),
    (
        "an unknown requester",
        ApprovalsGate(),
        on(approvals=frozenset({"new_circuit_family"})),
        f"the requester {REQUESTER} is unknown",
        "approve",
        (S, P, A),
    ),
    (
        "a budget just above",
        ApprovalsGate(),
        on(budget_usd=Fraction(5001, 100)),
        "50.01 USD is above 50",
        "budget_over_50",
        (S, P, A),
    ),
    (
        "an approval of another limit",
        ApprovalsGate(),
        on(budget_usd=Fraction(60), approvals=GOOD.approvals | {"budget_over_100"}),
        "is above 50",
        "budget_over_50",
        (S, P, A),
    ),
    (
        "the runs of the day are used up",
        HardwareRunsGate(),
        on(usage__hardware_runs_last_day=3),
        "3 hardware runs in the last 24 hours, of 3",
        "max_hardware_runs_per_day",
        (S, P, L),
    ),
    (
        "too many jobs in an hour",
        QuotaGate(),
        on(usage__jobs_last_hour=61),
        "61 jobs in the last hour, of 60",
        "quotas",
        (S, L),
    ),
    (
        "too many jobs under way",
        QuotaGate(),
        on(usage__live_jobs=20),
        "20 other jobs under way, of 20",
        "quotas",
        (S, L),
    ),
]


@pytest.mark.parametrize(
    ("gate", "context", "reason", "remedy", "eligible"), [pytest.param(*rest, id=name) for name, *rest in DENIED]
)
def test_is_denied(gate: Gate, context: GateContext, reason: str, remedy: str, eligible: tuple[Eligible, ...]) -> None:
    answer = gate.check(context)
    assert isinstance(answer, Deny), answer
    assert answer.gate == gate.name
    assert reason in answer.reason
    assert remedy in answer.remedy
    assert answer.eligible_for == eligible


def test_the_budget_is_told_in_its_token_where_that_is_known() -> None:
    locked = EscrowFacts(EscrowState.LOCKED, 25_000_000, 24_000_000, 2, 2, symbol="lUSD", decimals=6)
    answer = BudgetGate().check(on(escrow=locked))
    assert isinstance(answer, Deny)
    assert answer.reason == "24.00 lUSD are locked, the terms say 25.00 lUSD"


def test_every_gate_is_tested_both_ways_and_named_once() -> None:
    names = [gate.name for gate in GATES]
    assert len(set(names)) == len(names)
    assert {gate.name for _, gate, *_ in DENIED} == set(names)
    assert set(GATES) - set(GATES_BEFORE_FUNDING) == {BudgetGate()}


def test_several_missing_approvals_are_all_named() -> None:
    answer = ApprovalsGate().check(on(approvals=frozenset(), budget_usd=Fraction(51)))
    assert isinstance(answer, Deny)
    for kind in ("new_circuit_family", "budget_over_50", "unknown_requester"):
        assert kind in answer.remedy


@given(st.integers(0, 2**40))
def test_a_distance_is_told_in_decimals_that_stay_true_and_exactly_beside_them(weight: int) -> None:
    distance = Fraction(weight, 2**40)
    answer = BaselineGate().check(on(simulation__baseline_distance=distance))
    said = answer.note if isinstance(answer, Allow) else answer.reason
    assert "/" not in said
    shown, bound = (Fraction(number) for number in re.findall(r"[0-9]+\.?[0-9]*", said))
    assert bound == Fraction(2, 25)
    assert (shown < bound) == (distance < bound) == isinstance(answer, Allow)
    assert abs(shown - distance) < Fraction(1, 10**4)
    assert ("rounded" in said) == (shown != distance)
    assert dict(answer.exact) == {"bound": "2/25", "distance": format_rational(distance)}


def test_all_gates_are_asked_even_after_a_denial() -> None:
    report = evaluate(GATES, on(simulation=None, usage__live_jobs=99, escrow=EscrowFacts(EscrowState.NONE, 1)))
    assert [result.gate for result in report.results] == [gate.name for gate in GATES]
    assert [denial.gate for denial in report.denials] == ["simulation", "baseline", "quota", "budget"]
    assert not report.allowed


def test_a_report_says_what_all_denials_leave_open() -> None:
    queue_only = evaluate(GATES, on(queue=QueueFacts(1, 2)))
    assert queue_only.eligible_for == (S, P, L)
    with_family = evaluate(GATES, on(queue=QueueFacts(1, 2), approvals=frozenset()))
    assert with_family.eligible_for == (S, P)
    blocked = on(queue=QueueFacts(1, 2), policy=policy(requesters=Requesters(blocked=(REQUESTER,))))
    assert evaluate(GATES, blocked).eligible_for == ()
    assert evaluate(GATES, GOOD).eligible_for == ()
    assert evaluate(GATES, GOOD).allowed


@pytest.mark.parametrize("context", [GOOD, on(simulation=None, queue=QueueFacts(1, 2))], ids=["allowed", "denied"])
def test_a_report_survives_its_bytes(context: GateContext) -> None:
    report = evaluate(GATES, context)
    assert GateReport.from_bytes(report.to_bytes()) == report
    assert GateReport.from_bytes(report.to_bytes()).digest == report.digest


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b'{"allowed":true,"job":"j","results":[{"allowed":false,"eligible_for":[],"gate":"g","reason":"r","remedy":"m"}]}',
        b'{"allowed":true,"job":"j","results":[{"allowed":true,"gate":"g"}]}',
        b'{"allowed":true,"job":"j","more":1,"results":[]}',
        b'{"allowed":true, "job":"j","results":[]}',
    ],
)
def test_a_report_that_contradicts_itself_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError):
        GateReport.from_bytes(data)

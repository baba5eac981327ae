"""Gathering the facts about a promotion and asking routing and gates; nothing is written, nothing is spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from oracle.chain.client import EscrowClient
from oracle.chain.events import Funded
from oracle.chain.following.dossier import Dossier
from oracle.circuits import CircuitFacts, circuit_facts, load_qasm3
from oracle.encoding import parse_rational
from oracle.spec import JobSpec, rounds_of
from oracle.statistics import Baseline, Plan, plan_rounds
from oracle.terms import ZERO_ADDRESS, JobTerms
from router.control.gates import (
    CircuitSize,
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
from router.control.gates.approvals import ONE_PERSON
from router.control.opening import OperatedHome
from router.control.routing import CircuitShape, RouteDecision, RouteFacts, TargetFacts, decide_asking
from router.protocol.hardware_time import HARDWARE_PROVIDERS
from router.protocol.lifecycle import LIVE_STATES, JobRecord, State
from router.protocol.providing import Provider, ProviderError, Work

_PAID = frozenset(LIVE_STATES - {State.CREATED, State.SIMULATED})

Providers = Mapping[str, Provider]


@dataclass(frozen=True)
class Assessment:
    """Where a job would run, whether it may, and what its shots certify."""

    decision: RouteDecision
    gates: GateReport
    plan: Plan


def plan_of(opened: OperatedHome, spec: JobSpec) -> Plan:
    """What the shots of a simulated spec certify, from its committed baseline."""
    if spec.quantum is None or spec.validation.baseline_root is None:
        raise ValueError("only a simulated quantum job has a plan")
    baseline = Baseline.from_bytes(opened.artifacts.get(spec.validation.baseline_root))
    hull = spec.validation.hull
    roots = [] if hull is None else [vertex.root for vertex in hull.vertices if vertex.root is not None]
    vertices = tuple(Baseline.from_bytes(opened.artifacts.get(root)) for root in roots)
    return plan_rounds(rounds_of(spec, baseline.bits), baseline, vertices=vertices)


@dataclass(frozen=True)
class Circuit:
    """What is routed: a circuit's text and its numbers, counted once."""

    qasm3: str
    facts: CircuitFacts


def route(
    providers: Providers, policy: OperatorPolicy, spec: JobSpec, circuit: Circuit, plan: Plan, target: str | None
) -> RouteDecision:
    """Where `spec` goes if it is promoted to `target` (None: to any) with its whole budget.

    Among what the installed adapters offer for the circuit; one that cannot be asked is one that is not there. For a
    preview, an offer and the approval alike.
    """
    if spec.quantum is None:
        raise ValueError("only a quantum job is routed by its circuit")
    numbers, shots = circuit.facts, spec.quantum.shots
    facts = RouteFacts(
        job_type=spec.job_type,
        framework=spec.quantum.framework,
        circuit=CircuitShape(numbers.qubits, numbers.depth, numbers.two_qubit_gates, numbers.clifford, shots),
        backend_policy=spec.quantum.backend_policy,
        promoted=True,
        requested_target=target,
        max_usd=parse_rational(spec.budget.max_usd_equivalent),
        queue_tolerance_s=queue_tolerance_s(spec),
        validation_feasible=plan.feasible,
        targets=tuple(_offered(providers)),
        fake_hardware_enabled=policy.fake_hardware_enabled,
    )

    def ask(one: TargetFacts) -> TargetFacts:
        work = Work(tag="estimate", qasm3=circuit.qasm3, shots=shots, target=one.name)
        try:
            queue_s = providers[one.provider].estimate(work).queue_s
        except ProviderError as error:
            return replace(one, available=False, note=str(error))
        return replace(one, queue_s=None if queue_s is None else round(queue_s))

    return decide_asking(facts, ask)


def _circuit_of(opened: OperatedHome, spec: JobSpec) -> Circuit:
    if spec.quantum is None or spec.quantum.circuit_hash is None:
        raise ValueError("only a simulated quantum job has a circuit")
    qasm3 = opened.artifacts.get(spec.quantum.circuit_hash).decode()
    return Circuit(qasm3, _facts_of(qasm3))


@lru_cache(maxsize=32)
def _facts_of(qasm3: str) -> CircuitFacts:
    return circuit_facts(load_qasm3(qasm3))


def no_backend(decision: RouteDecision) -> tuple[str, ...]:
    """Why nothing can take the job, candidate by candidate; empty if something does."""
    if not decision.rejected:
        return ()
    return tuple(
        f"{each.target or each.name.value}: {', '.join(each.against)}" for each in decision.candidates if each.against
    )


def queue_tolerance_s(spec: JobSpec) -> int:
    """How many seconds the requester waits in a provider's queue."""
    if spec.timeouts.queue_s is not None:
        return spec.timeouts.queue_s
    return 0 if spec.quantum is None else spec.quantum.max_queue_minutes * 60


def _offered(providers: Providers) -> Iterator[TargetFacts]:
    """Every target of every adapter, as far as it is described without an estimate."""
    for name in sorted(providers):
        try:
            targets = providers[name].capabilities()
        except ProviderError as error:
            yield TargetFacts(name, name, "hardware", 0, False, None, name, str(error))
            continue
        for target in targets:
            yield TargetFacts(
                name=target.name,
                provider=name,
                kind=target.kind,
                qubits=target.qubits,
                available=True,
                queue_s=None,
                label=target.label,
            )


def escrow_facts(opened: OperatedHome, client: EscrowClient | None, record: JobRecord, terms: JobTerms) -> EscrowFacts:
    """The budget as the chain has it; without a client, that of a job that nobody has funded yet."""
    needed = opened.need_stack("the budget gate").confirmations
    if client is not None and record.escrow_id is not None:
        opened.reader(client).catch_up()
        kept, cursor = opened.chain_log().kept(record.escrow_id)
        dossier = Dossier(record.escrow_id, kept)
        funded = dossier.last(Funded)
        if funded is not None and cursor is not None and funded[1].block <= cursor.number:
            depth = cursor.number - funded[1].block + 1
            return EscrowFacts(record.escrow, terms.budget, dossier.terms.budget, depth, needed)
    return EscrowFacts(record.escrow, terms.budget, confirmations_needed=needed)


def assess(
    opened: OperatedHome,
    providers: Providers,
    gates: Iterable[Gate],
    record: JobRecord,
    spec: JobSpec,
    terms: JobTerms,
    escrow: EscrowFacts,
) -> Assessment:
    """Route a promoted child spec and ask `gates`."""
    if spec.promotion is None or spec.promotion_policy is None:
        raise ValueError("only a promoted spec is assessed")
    plan = plan_of(opened, spec)
    circuit = _circuit_of(opened, spec)
    decision = route(providers, opened.policy, spec, circuit, plan, spec.promotion.target)
    context = _context(opened, record, spec, terms, escrow, plan, decision)
    return Assessment(decision, evaluate(gates, context), plan)


def _context(
    opened: OperatedHome,
    record: JobRecord,
    spec: JobSpec,
    terms: JobTerms,
    escrow: EscrowFacts,
    plan: Plan,
    decision: RouteDecision,
) -> GateContext:
    if spec.promotion is None or spec.promotion_policy is None or spec.quantum is None:
        raise ValueError("only a promoted quantum spec passes gates")
    store, now = opened.store, datetime.now(UTC)
    simulated = spec.simulation
    suggestion = plan.suggestion and f"{plan.suggestion.method} with {plan.suggestion.shots} shots"
    queue_s = next((t.queue_s for t in decision.facts.targets if t.name == decision.target), None)
    pinned = spec.budget.quote
    approvals = store.approvals(record.job, circuit_family=spec.quantum.circuit_family, requester=record.requester)
    mine = store.live_jobs(record.requester, _PAID) - (record.state in _PAID)
    return GateContext(
        job=record.job,
        policy=opened.policy,
        promotion=spec.promotion_policy,
        target=decision.target or decision.route.value,
        hardware=decision.hardware,
        budget_usd=parse_rational(spec.promotion.max_usd_equivalent),
        circuit=None
        if simulated is None
        else CircuitSize(simulated.qubits, simulated.depth, simulated.two_qubit_gates, spec.quantum.shots),
        circuit_family=spec.quantum.circuit_family,
        simulation=None
        if simulated is None
        else SimulationFacts(
            passed=True,
            baseline_distance=None if record.baseline_distance is None else parse_rational(record.baseline_distance),
        ),
        escrow=escrow if pinned is None else replace(escrow, symbol=pinned.symbol, decimals=pinned.decimals),
        validation=ValidationFacts(spec.validation.method, True, plan.feasible, plan.reasons, suggestion or None),
        queue=QueueFacts(queue_tolerance_s(spec), queue_s),
        roles=RoleFacts(
            terms.requester,
            terms.payer,
            terms.worker,
            terms.validators,
            None if terms.arbiter == ZERO_ADDRESS else terms.arbiter,
        ),
        usage=UsageFacts(
            hardware_runs_last_day=store.hardware_runs(HARDWARE_PROVIDERS, now - timedelta(days=1), record.requester),
            jobs_last_hour=store.jobs_since(record.requester, now - timedelta(hours=1)),
            live_jobs=mine,
        ),
        approvals=frozenset(approval.kind for approval in approvals),
        approvals_remark=ONE_PERSON if any(ONE_PERSON in approval.note for approval in approvals) else "",
    )

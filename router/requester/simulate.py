"""Simulation: from a spec on disk to a job whose circuit and baseline are committed.

`prepare` reads, runs the generator in its sandbox, simulates and plans; it writes nothing anywhere, so that a faulty
spec leaves nothing behind, not even a folder. `keep` stores the artifacts and signs the two events, all or none.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib import metadata
from pathlib import Path

from oracle.chain.deployment import Deployment
from oracle.circuits import (
    CircuitFacts,
    check_simulable,
    circuit_facts,
    exact_probabilities,
    load_qasm3,
    unmeasured,
)
from oracle.encoding import canonical_bytes, format_rational, parse_rational, sha256_hex
from oracle.spec import (
    JobSpec,
    SimulationRecord,
    SourceSpec,
    amount_of,
    canonical_spec,
    load_source,
    normalise,
    rounds_of,
    simulated,
    spec_hash,
    with_vertices,
)
from oracle.spec.sections.budget import least_usd
from oracle.spec.sections.methods import Certificate
from oracle.statistics import Baseline, Plan, baseline_tvd, plan_rounds
from router.control.gates.policy import OperatorPolicy, load_policy
from router.control.operating.offering.assess import Circuit, route
from router.control.operating.offering.quoting import quote_of
from router.control.routing import RouteDecision
from router.protocol.controllers import ControllerUnproven, controller_of
from router.protocol.desks import keys
from router.protocol.lifecycle import Created, JobRecord, Role, Simulated, did_of, new_job_id, sign_event
from router.protocol.ports import Intake
from router.protocol.stack import LOCAL_CHAIN_ID, check_layout, read_stack
from router.requester.circuit_source import circuit_of, spec_fault
from router.requester.desk import RequesterDesk
from router.requester.own_baseline import hull_vertices, prediction_file, prediction_of
from router.settings import Home
from router.worker.providers import Provider

OnProgress = Callable[[str, float], None]
"""Told what is being done, and how much of all the work is done (0 to 1)."""

SCHEMA = "simulation/1"
METHOD = "statevector.exact"


@dataclass(frozen=True)
class Surroundings:
    """What simulation needs to know of a home, read without making anything in it."""

    policy: OperatorPolicy
    chain_id: int
    requester: str | None
    """Address of the home's requester key; None until it is made."""
    deployment: Deployment | None = None
    """Of the home's stack, whose token a spec is budgeted in; None without one."""


def surroundings(home: Home) -> Surroundings:
    """The surroundings of `home`, which need not exist.

    Raises InputRejected for a faulty policy file, OldHome for a home of an older release.
    """
    check_layout(home)
    stack = read_stack(home)
    deployment = None if stack is None else Deployment.load(Path(stack.deployment))
    return Surroundings(
        policy=load_policy(home.policy),
        chain_id=LOCAL_CHAIN_ID if deployment is None else deployment.chain_id,
        requester=keys.address(home.requester, own=True),
        deployment=deployment,
    )


@dataclass(frozen=True)
class Prepared:
    """A spec that was read, found well-formed and simulated; nothing is stored yet."""

    source: SourceSpec
    draft: JobSpec
    """Normalised, every default in place, before the simulation is written into it."""
    spec: JobSpec
    """The draft with its simulation record: what is reviewed."""
    qasm3: str
    generator: bytes | None
    """The Python source that wrote the circuit; None for a circuit given as OpenQASM 3."""
    facts: CircuitFacts
    baseline: Baseline
    vertices: tuple[Baseline, ...]
    """The laws of the spec's hull; none without one."""
    prediction: bytes | None
    """The requester's own baseline file, if there is one."""
    distance: Fraction | None
    """Exact total variation between our baseline and the requester's; None without one."""
    plan: Plan
    document: bytes
    """The simulation's output: canonical JSON, schema ``simulation/1``."""
    notices: tuple[str, ...]
    """What the requester should know before going on."""


@dataclass(frozen=True)
class Simulation:
    """A job that was simulated and stored."""

    job: str
    record: JobRecord
    prepared: Prepared


def simulate(desk: RequesterDesk, intake: Intake, path: Path, on_progress: OnProgress) -> Simulation:
    """`prepare` and `keep` in one. Raises InputRejected and SandboxViolation, having stored nothing."""
    return keep(desk, intake, prepare(path, surroundings(desk.opened.home), on_progress), on_progress)


def prepare(
    path: Path,
    around: Surroundings,
    on_progress: OnProgress,
    *,
    undeclared: tuple[Certificate, ...] | None = None,
) -> Prepared:
    """Everything that simulation finds out about the spec at `path`.

    `undeclared`: the certificates of a spec that names none, where its width would have it name some; for what-if
    questions.

    Raises InputRejected with every finding of a stage (the spec's text; the files it names; the circuit), and
    SandboxViolation for a generator that did not return a circuit.
    """
    on_progress("reading the spec", 0.0)
    source = load_source(path)
    notices = _requester_notices(source, around)
    _check_budget(source, around)
    on_progress("generating the circuit in its sandbox", 0.1)
    given = circuit_of(source)
    qasm3, generator = given.qasm3, given.generator
    on_progress("reading the circuit", 0.4)
    with given.faults_told():
        circuit = load_qasm3(qasm3)
        check_simulable(circuit)
    facts = circuit_facts(circuit)
    notices += tuple(
        f"nothing is measured into {bare} of the {size} bits of {name}: they are 0 in every shot"
        for name, bare, size in unmeasured(circuit)
    )
    _check_circuit(source, facts)
    spec = source.spec
    if undeclared is not None and spec.validation.certificates is None and spec.validation.job_class is None:
        spec = spec.model_copy(update={"validation": spec.validation.model_copy(update={"certificates": undeclared})})
    rates = around.policy.rates
    draft = normalise(
        spec, operator_policy=around.policy.promotion_policy, bits=facts.bits, usd_per_shot=rates.usd_per_shot
    )
    on_progress(f"simulating {facts.qubits} qubits exactly", 0.5)
    baseline = Baseline.from_probabilities(exact_probabilities(circuit))
    prediction = prediction_file(source)
    distance = None if prediction is None else baseline_tvd(baseline, prediction_of(source, prediction, facts.bits))
    vertices = hull_vertices(source, baseline)
    if vertices:
        draft = with_vertices(draft, tuple(vertex.root for vertex in vertices))
    if distance is None and draft.validation.baseline_ref is not None:
        notices += (f"{draft.validation.baseline_ref} is not there: the simulation itself is the baseline",)
    on_progress("planning the shots", 0.7)
    if draft.quantum is None:
        raise AssertionError("circuit_of refuses specs without a circuit")
    plan = plan_rounds(rounds_of(draft, facts.bits), baseline, vertices=vertices)
    notices += tuple(f"{reference} is recorded, and was not looked at" for reference in draft.inputs.unresolved)
    document = canonical_bytes(_document(facts, baseline, generator, prediction, distance, plan))
    record = SimulationRecord(
        circuit_hash=facts.hash,
        baseline_root=baseline.root,
        simulation_digest=sha256_hex(document),
        baseline_distance=format_rational(distance or Fraction(0)),
        qubits=facts.qubits,
        depth=facts.depth,
        two_qubit_gates=facts.two_qubit_gates,
    )
    return Prepared(
        source=source,
        draft=draft,
        spec=simulated(draft, record),
        qasm3=qasm3,
        generator=generator,
        facts=facts,
        baseline=baseline,
        vertices=vertices,
        prediction=prediction,
        distance=distance,
        plan=plan,
        document=document,
        notices=notices,
    )


def check_decides(prepared: Prepared) -> None:
    """Raise InputRejected, with every reason of the planner, if the shots cannot tell an honest worker from noise."""
    plan, source = prepared.plan, prepared.source
    if plan.feasible:
        return
    remedy = f"`compute plan {source.path}` says what the shots can prove"
    if plan.suggestion is not None:
        named = plan.suggestion.method.replace("+", ", ")
        remedy = f"write shots: {plan.suggestion.shots} and certificates: [{named}]"
    reason = f"{plan.shots:,} shots cannot decide: {'; '.join(plan.reasons)}"
    remedy += "; or store the job as it is with --store-infeasible"
    raise spec_fault(source, "quantum.shots", reason, remedy)


def keep(desk: RequesterDesk, intake: Intake, prepared: Prepared, on_progress: OnProgress) -> Simulation:
    """Store what was prepared, sign `created`, and hand it in with what the simulation found; returns the new job.

    Artifacts first: an event never names one that is not on disk.
    """
    on_progress("storing", 0.9)
    store = desk.opened.artifacts
    kept = [prepared.generator, prepared.prediction, prepared.qasm3.encode(), prepared.baseline.to_bytes()]
    kept += [vertex.to_bytes() for vertex in prepared.vertices]
    for data in kept:
        if data is not None:
            store.put(data)
    simulation = store.put(prepared.document)
    for spec in (prepared.draft, prepared.spec):
        store.put(canonical_spec(spec))
    job = new_job_id()
    created = sign_event(
        desk.account,
        after=None,
        job=job,
        chain_id=desk.opened.chain_id,
        role=Role.REQUESTER,
        payload=Created(source=store.put(prepared.source.raw), spec_hash=spec_hash(prepared.draft)),
        at=datetime.now(UTC),
    )
    family = None if prepared.spec.quantum is None else prepared.spec.quantum.circuit_family
    found = Simulated(
        spec_hash=spec_hash(prepared.spec),
        circuit=prepared.facts.hash,
        baseline_root=prepared.baseline.root,
        simulation=simulation,
        baseline_distance=None if prepared.distance is None else format_rational(prepared.distance),
        family=family,
    )
    record = intake(created, found)
    on_progress("done", 1.0)
    return Simulation(job, record, prepared)


def _document(
    facts: CircuitFacts,
    baseline: Baseline,
    generator: bytes | None,
    prediction: bytes | None,
    distance: Fraction | None,
    plan: Plan,
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "method": METHOD,
        "circuit": {
            "hash": facts.hash,
            "qubits": facts.qubits,
            "bits": facts.bits,
            "depth": facts.depth,
            "two_qubit_gates": facts.two_qubit_gates,
            "clifford": facts.clifford,
        },
        "generator": None if generator is None else sha256_hex(generator),
        "baseline_root": baseline.root,
        "prediction": None if prediction is None else sha256_hex(prediction),
        "baseline_distance": None if distance is None else format_rational(distance),
        "plan": plan_json(plan),
        "software": {
            "compute-escrow": metadata.version("compute-escrow"),
            "python": platform.python_version(),
            "qiskit": metadata.version("qiskit"),
        },
    }


def route_of(
    prepared: Prepared, around: Surroundings, providers: Mapping[str, Provider], target: str | None
) -> RouteDecision:
    """Where the prepared spec would go if it were promoted to `target` (None: any) with its whole budget."""
    circuit = Circuit(prepared.qasm3, prepared.facts)
    return route(providers, around.policy, prepared.spec, circuit, prepared.plan, target)


def plan_json(plan: Plan) -> dict[str, object]:
    """`plan` as JSON: probabilities as rationals."""
    suggestion = plan.suggestion
    several = {
        "rounds": plan.rounds,
        "p_top_up": format_rational(plan.p_top_up),
        "shots_at_most": plan.shots_at_most,
    }
    return {
        "feasible": plan.feasible,
        "method": plan.method,
        "shots": plan.shots,
        "shots_needed": plan.shots_needed,
        "p_accept_honest": format_rational(plan.p_accept_honest),
        "p_reject_uniform": format_rational(plan.p_reject_uniform),
        "p_inconclusive": format_rational(plan.p_inconclusive),
        "honest_fidelity": format_rational(plan.honest_fidelity),
        "intervals": [
            {"method": each.method, "half_width": format_rational(each.half_width)} for each in plan.intervals
        ],
        "reasons": list(plan.reasons),
        "suggestion": None if suggestion is None else {"method": suggestion.method, "shots": suggestion.shots},
        **(several if plan.rounds > 1 else {}),
    }


def _requester_notices(source: SourceSpec, around: Surroundings) -> tuple[str, ...]:
    """Whether the home's requester key may sign this spec, and what its owner should know; raises InputRejected."""
    did = source.spec.requester
    own = None if around.requester is None else did_of(around.requester, around.chain_id)
    remedy = f"write requester: {own}" if own else "run `compute up`, which makes a key, and write its did:pkh"
    if did.startswith("did:example:"):
        if around.chain_id == LOCAL_CHAIN_ID:
            return (f"no wallet stands behind {did}: on this local chain the requester key of this home signs for it",)
        reason = f"no wallet stands behind {did}, which only a local chain allows"
        raise spec_fault(source, "requester", reason, remedy)
    try:
        controller = controller_of(did, around.chain_id)
    except ControllerUnproven as error:
        raise spec_fault(source, "requester", str(error), remedy) from error
    if controller != around.requester:
        raise spec_fault(source, "requester", f"the key of {did} is not in this home", remedy)
    return ()


def _check_budget(source: SourceSpec, around: Surroundings) -> None:
    """Raise InputRejected for a budget below the smallest unit of its token: it could never be locked."""
    budget = source.spec.budget
    quote = None if around.deployment is None else quote_of(around.deployment, around.policy.rates, source.spec)
    if quote is not None and amount_of(parse_rational(budget.max_usd_equivalent), quote) == 0:
        reason = f"{budget.max_usd_equivalent} US dollars are less than the smallest unit of {quote.symbol}"
        remedy = f"write max_usd_equivalent: {least_usd(quote)} or more"
        raise spec_fault(source, "budget.max_usd_equivalent", reason, remedy)


def _check_circuit(source: SourceSpec, facts: CircuitFacts) -> None:
    quantum = source.spec.quantum
    if quantum is not None and quantum.max_qubits is not None and facts.qubits > quantum.max_qubits:
        reason = f"the circuit has {facts.qubits} qubits"
        remedy = f"write max_qubits: {facts.qubits}, or build a narrower circuit"
        raise spec_fault(source, "quantum.max_qubits", reason, remedy)

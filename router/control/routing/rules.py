"""The rules: each looks at the facts and one candidate place, and says what speaks for it or against it.

No scores: one reason against makes a candidate ineligible, whatever speaks for it, and every rule always speaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.control.routing.facts import CircuitShape, Route, RouteFacts, TargetFacts

EXACT_QUBITS = 24
"""Up to this width the whole distribution is computed, which is what a baseline is."""
FRAMEWORKS = ("qiskit",)
DEFAULT_FAKE = "fake_torino"
"""What stands in for IBM hardware where no credentials are, and the operator allows it."""
IBM = "ibm"
SIMULATOR = "simulator"

_QUANTUM = "quantum_experiment"


@dataclass(frozen=True)
class Place:
    """A route, and the target on it if the route has targets."""

    route: Route
    target: TargetFacts | None = None


@dataclass(frozen=True)
class Said:
    """What one rule said. Nothing in either: it does not concern the candidate."""

    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def _for(text: str) -> Said:
    return Said(for_=(text,))


def _against(text: str) -> Said:
    return Said(against=(text,))


Rule = Callable[[RouteFacts, Place], Said]


def _hardware(place: Place) -> bool:
    return place.route is Route.IBM_QUANTUM_BACKEND


def job_type(facts: RouteFacts, place: Place) -> Said:
    """A circuit goes to a quantum route and nothing else does."""
    if facts.job_type == _QUANTUM:
        return _for("runs quantum circuits")
    return _against(f"runs quantum circuits, the job is a {facts.job_type}")


def framework(facts: RouteFacts, place: Place) -> Said:
    """Only what the sandbox turns into OpenQASM 3."""
    if facts.job_type != _QUANTUM:
        return Said()
    if facts.framework in FRAMEWORKS:
        return _for(f"framework {facts.framework}")
    return _against(f"framework {facts.framework} is not supported; write framework: {FRAMEWORKS[0]}")


def promotion(facts: RouteFacts, place: Place) -> Said:
    """Simulation first; paid routes take a promotion."""
    if place.route is Route.LOCAL_SIMULATOR:
        if facts.promoted:
            return _against("it was promoted to a paid run; the free simulation is done")
        return _for("free, and every job begins with it")
    if facts.promoted:
        return _for("promoted to a paid run")
    return _against("not promoted: `compute quantum promote JOB --target … --max-budget …`")


def budget(facts: RouteFacts, place: Place) -> Said:
    """Nothing is bought without a budget."""
    if place.route is Route.LOCAL_SIMULATOR or not facts.promoted:
        return Said()
    if facts.max_usd is None or facts.max_usd <= 0:
        return _against("no budget; promote with --max-budget")
    return _for(f"budget of up to {float(facts.max_usd):.2f} USD")


def backend_policy(facts: RouteFacts, place: Place) -> Said:
    """The spec's own word on where it may run."""
    if facts.backend_policy is None or place.route is Route.LOCAL_SIMULATOR:
        return Said()
    said = f"backend_policy: {facts.backend_policy}"
    if _hardware(place):
        return _against(f"{said} excludes hardware") if facts.backend_policy == "simulator_only" else _for(said)
    return _against(f"{said} excludes simulators") if facts.backend_policy == "ibm_only" else _for(said)


def request(facts: RouteFacts, place: Place) -> Said:
    """What the requester named: a brand, a kind, or one backend."""
    wanted = facts.requested_target
    if wanted is None or place.route is Route.LOCAL_SIMULATOR:
        return Said()
    name = place.target.name if place.target else None
    provider = place.target.provider if place.target else None
    if wanted == IBM:
        return _for("asked for: ibm") if _hardware(place) else _against("asked for ibm, this is a simulator")
    if wanted == SIMULATOR:
        return _against("asked for a simulator, this is hardware") if _hardware(place) else _for("asked for: simulator")
    if wanted in (name, provider):
        return _for(f"asked for: {wanted}")
    return _against(f"asked for {wanted}")


def there(facts: RouteFacts, place: Place) -> Said:
    """A target exists, answers, and is what it is taken for."""
    if place.route is Route.LOCAL_SIMULATOR:
        return Said()
    target = place.target
    if target is None:
        what = "IBM backend" if _hardware(place) else "simulator"
        return _against(f"no {what} is configured; `compute doctor` says what is missing")
    if not target.available:
        return _against(f"{target.name} is not available: {target.note or 'the provider does not say why'}")
    return _for(f"{target.name} is available: {target.label}")


def fakes(facts: RouteFacts, place: Place) -> Said:
    """A fake device stands in for hardware only where the operator allows it, and only when none is there."""
    target = place.target
    if target is None or target.kind != "fake_hardware":
        return Said()
    if not facts.fake_hardware_enabled:
        return _against("the operator allows no fake hardware (fake_hardware_enabled in policy.yaml)")
    if target.name == facts.requested_target or facts.requested_target == target.provider != IBM:
        return _for("a fake device, as asked for; the result says so")
    if real := sorted(other.name for other in facts.targets if other.kind == "hardware" and other.available):
        return _against(f"a fake device, while {', '.join(real)} is available")
    if target.name != DEFAULT_FAKE:
        return _against(f"a fake device that nobody named; {DEFAULT_FAKE} stands in")
    return _for("stands in for IBM hardware, which is not available here; labelled as a simulation of a device")


def width(facts: RouteFacts, place: Place) -> Said:
    """The circuit fits."""
    circuit = facts.circuit
    if facts.job_type != _QUANTUM:
        return Said()
    if circuit is None:
        # The local simulation is what finds the circuit's size out.
        if place.route is Route.LOCAL_SIMULATOR:
            return _for("its circuit is not known yet; simulating it tells")
        return _against("its circuit is not known; simulate it first")
    if place.route is Route.LOCAL_SIMULATOR:
        if circuit.qubits <= EXACT_QUBITS:
            return _for(f"{circuit.qubits} qubits, exact up to {EXACT_QUBITS}")
        return _against(f"{circuit.qubits} qubits; exact simulation reaches {EXACT_QUBITS}")
    if place.target is None:
        return Said()
    if not place.target.available:
        # How wide it is, nobody knows either; that it is not there has been said.
        return Said()
    if circuit.qubits > place.target.qubits:
        return _against(f"{circuit.qubits} qubits, {place.target.name} has {place.target.qubits}")
    return _for(f"{_size(circuit)} fit in {place.target.qubits}")


def simulability(facts: RouteFacts, place: Place) -> Said:
    """Whether hardware is needed at all; said, never held against it: that is the requester's to choose."""
    circuit = facts.circuit
    if circuit is None or not _hardware(place):
        return Said()
    if circuit.clifford:
        return _for("hardware on purpose: a Clifford circuit, which a simulator runs at any width")
    if circuit.qubits <= EXACT_QUBITS:
        return _for("hardware on purpose: a simulator has the whole distribution")
    return _for("beyond exact simulation")


def queue(facts: RouteFacts, place: Place) -> Said:
    """The requester's patience covers the current estimate."""
    if place.target is None:
        return Said()
    expected, tolerated = place.target.queue_s, facts.queue_tolerance_s
    if expected is None:
        return _for(f"queue unknown; waits up to {tolerated} s")
    if expected > tolerated:
        return _against(f"queue of about {expected} s, the spec waits {tolerated} s")
    return _for(f"queue of about {expected} s of {tolerated} s")


def validation(facts: RouteFacts, place: Place) -> Said:
    """Nothing is paid that cannot be judged."""
    if place.route is Route.LOCAL_SIMULATOR or not facts.promoted:
        return Said()
    if facts.validation_feasible is None:
        return _against("its validation was not planned; `compute plan` does")
    if not facts.validation_feasible:
        return _against("its validation cannot work with these shots; `compute plan` says why")
    return _for("its validation is feasible")


QUANTUM_RULES: tuple[Rule, ...] = (
    job_type,
    framework,
    promotion,
    budget,
    backend_policy,
    request,
    there,
    fakes,
    width,
    simulability,
    queue,
    validation,
)
"""In the order in which their reasons are listed."""

WORKERS = {
    Route.MEDIA_WORKER: "media_transcode",
    Route.INFERENCE_WORKER: "inference",
    Route.SCRIPT_WORKER: "script",
}
"""Which job type each classical route takes."""


def worker(facts: RouteFacts, place: Place) -> Said:
    """A classical route takes its own job type, where a worker for it is installed."""
    takes = WORKERS[place.route]
    against = [] if facts.job_type == takes else [f"takes {takes} jobs, this is a {facts.job_type}"]
    for_ = [f"takes {takes} jobs"] if facts.job_type == takes else []
    if takes in facts.installed_job_types:
        for_.append("a worker is installed")
    else:
        against.append("not installed: this release has no worker for it")
    return Said(tuple(for_), tuple(against))


WORKER_RULES: tuple[Rule, ...] = (worker, promotion, budget, validation)
"""Likewise, for the classical routes."""


def rules_of(route: Route) -> tuple[Rule, ...]:
    """What is asked of a place on `route`."""
    return WORKER_RULES if route in WORKERS else QUANTUM_RULES


def _size(circuit: CircuitShape) -> str:
    return f"{circuit.qubits} qubits, depth {circuit.depth}, {circuit.two_qubit_gates} two-qubit gates"

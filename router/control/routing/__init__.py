"""Routing: which place can take a job, by rules, with every reason for and against every candidate."""

from router.control.routing.candidates import Candidate, candidates
from router.control.routing.decision import RouteDecision, decide_asking, decide_route
from router.control.routing.facts import CircuitShape, Route, RouteFacts, TargetFacts
from router.control.routing.rules import DEFAULT_FAKE, EXACT_QUBITS

__all__ = [
    "DEFAULT_FAKE",
    "EXACT_QUBITS",
    "Candidate",
    "CircuitShape",
    "Route",
    "RouteDecision",
    "RouteFacts",
    "TargetFacts",
    "candidates",
    "decide_asking",
    "decide_route",
]

"""The decision: which candidate, and all the others with their reasons; stored as an artifact of the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from oracle.encoding import canonical_bytes, digest_of, parse_canonical
from router.control.routing.candidates import Candidate, candidates
from router.control.routing.facts import Route, RouteFacts, TargetFacts

SCHEMA = "route-decision/1"

_HARDWARE_FIRST = (
    Route.LOCAL_SIMULATOR,
    Route.IBM_QUANTUM_BACKEND,
    Route.MANAGED_SIMULATOR,
    Route.MEDIA_WORKER,
    Route.INFERENCE_WORKER,
    Route.SCRIPT_WORKER,
    Route.REJECT_REQUIRES_REVIEW,
)
"""Of several that are eligible: a requester that promoted without naming a simulator asked for hardware."""


@dataclass(frozen=True)
class RouteDecision:
    """Where a job goes, and why not elsewhere."""

    facts: RouteFacts
    """What was known; the decision followed from it and from nothing else."""
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    """One of `candidates`."""

    @property
    def route(self) -> Route:
        return self.chosen.name

    @property
    def target(self) -> str | None:
        """The backend; None for a route without one."""
        return self.chosen.target

    @property
    def provider(self) -> str | None:
        return self.chosen.provider

    @property
    def label(self) -> str:
        """For people; says so when it is a simulation of hardware."""
        return self.chosen.label

    @property
    def hardware(self) -> bool:
        """Whether it goes to hardware, real or fake."""
        return self.route is Route.IBM_QUANTUM_BACKEND

    @property
    def rejected(self) -> bool:
        """Whether nothing can take it."""
        return self.route is Route.REJECT_REQUIRES_REVIEW

    def to_json(self) -> dict[str, object]:
        return {
            "schema": SCHEMA,
            "facts": self.facts.to_json(),
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "chosen": self.candidates.index(self.chosen),
        }

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes, as stored."""
        return canonical_bytes(self.to_json())

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`: what the `approved` event carries."""
        return digest_of(self.to_json())

    @classmethod
    def from_json(cls, value: object) -> RouteDecision:
        """The decision whose `to_json` is `value`; raises ValueError for anything else.

        It is read as it was made: another release may decide otherwise (see `reproducible`).
        """
        if not isinstance(value, Mapping) or value.get("schema") != SCHEMA:
            raise ValueError(f"not a {SCHEMA}")
        try:
            listed = tuple(Candidate.from_json(item) for item in value["candidates"])
            decision = cls(RouteFacts.from_json(value["facts"]), listed, listed[value["chosen"]])
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"not a {SCHEMA}: {error}") from error
        if canonical_bytes(decision.to_json()) != canonical_bytes(value):
            raise ValueError(f"not a {SCHEMA} in the form it is written")
        return decision

    @property
    def reproducible(self) -> bool:
        """Whether this release decides the same from the same facts; False for an altered decision."""
        return decide_route(self.facts) == self

    @classmethod
    def from_bytes(cls, data: bytes) -> RouteDecision:
        """The decision whose `to_bytes` is `data`; raises ValueError."""
        return cls.from_json(parse_canonical(data))


def decide_route(facts: RouteFacts) -> RouteDecision:
    """The decision that follows from `facts`: the first eligible candidate, routes in the order above."""
    found = candidates(facts)
    eligible = [candidate for candidate in found if candidate.eligible]
    chosen = min(eligible, key=lambda candidate: _HARDWARE_FIRST.index(candidate.name))
    return RouteDecision(facts, found, chosen)


def decide_asking(facts: RouteFacts, ask: Callable[[TargetFacts], TargetFacts]) -> RouteDecision:
    """The decision on `facts`, whose targets are described as far as their providers describe them unasked.

    `ask` completes a target with what its provider estimates, which is dear; it is asked of those targets alone that
    nothing else is against. An answer may let another take its place, which is then asked too; every target once.
    """
    asked: set[tuple[str, str]] = set()
    while True:
        decision = decide_route(facts)
        eligible = {(each.provider, each.target) for each in decision.candidates if each.eligible}
        fresh = {(each.provider, each.name) for each in facts.targets} & eligible - asked
        if not fresh:
            return decision
        asked |= fresh
        answered = (ask(each) if (each.provider, each.name) in fresh else each for each in facts.targets)
        facts = replace(facts, targets=tuple(answered))

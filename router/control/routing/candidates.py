"""Candidates: every place a job might go, each with every reason for and against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.control.routing.facts import Route, RouteFacts, TargetFacts
from router.control.routing.rules import DEFAULT_FAKE, WORKERS, Place, rules_of


@dataclass(frozen=True)
class Candidate:
    """One place, and what was said about it."""

    name: Route
    target: str | None
    """Backend name; None for a route without targets, or where there is none."""
    provider: str | None
    label: str
    """For people; says so when it is a simulation of hardware."""
    eligible: bool
    """Nothing is against it."""
    for_: tuple[str, ...]
    against: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name.value,
            "target": self.target,
            "provider": self.provider,
            "label": self.label,
            "eligible": self.eligible,
            "for": list(self.for_),
            "against": list(self.against),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Candidate:
        """The candidate whose `to_json` is `value`; raises KeyError, TypeError or ValueError for anything else."""
        read = dict(value)
        read["name"] = Route(read["name"])
        read["for_"] = tuple(read.pop("for"))
        read["against"] = tuple(read["against"])
        return cls(**read)


def candidates(facts: RouteFacts) -> tuple[Candidate, ...]:
    """Every candidate: routes in the order of Route, targets of a route from the most to the least preferred.

    The review is a candidate too, eligible exactly when no other is.
    """
    found = [_judged(facts, place) for place in _places(facts)]
    return (*found, _review(facts, found))


def _places(facts: RouteFacts) -> Iterator[Place]:
    yield Place(Route.LOCAL_SIMULATOR)
    simulators = [target for target in facts.targets if target.kind == "simulator"]
    yield from _on(Route.MANAGED_SIMULATOR, _preferred(facts, simulators))
    devices = [target for target in facts.targets if target.kind != "simulator" and _worth_listing(facts, target)]
    yield from _on(Route.IBM_QUANTUM_BACKEND, _preferred(facts, devices))
    yield from map(Place, WORKERS)


def _on(route: Route, targets: list[TargetFacts]) -> Iterator[Place]:
    """The route with each of its targets; once without, if it has none, so that its reasons are heard."""
    if not targets:
        yield Place(route)
    for target in targets:
        yield Place(route, target)


def _worth_listing(facts: RouteFacts, target: TargetFacts) -> bool:
    """Of some seventy fake devices only the stand-in, and the one that was named, are candidates."""
    return target.kind == "hardware" or target.name in (DEFAULT_FAKE, facts.requested_target)


def _preferred(facts: RouteFacts, targets: list[TargetFacts]) -> list[TargetFacts]:
    """Real before fake, a known and shorter queue first, then the narrowest device that fits, then by name."""
    needed = facts.circuit.qubits if facts.circuit else 0

    def rank(target: TargetFacts) -> tuple[bool, bool, int, bool, int]:
        return (
            target.kind == "fake_hardware",
            target.queue_s is None,
            target.queue_s or 0,
            target.qubits < needed,
            target.qubits,
        )

    return sorted(targets, key=rank)


def _judged(facts: RouteFacts, place: Place) -> Candidate:
    said = [rule(facts, place) for rule in rules_of(place.route)]
    against = tuple(reason for each in said for reason in each.against)
    return Candidate(
        name=place.route,
        target=place.target.name if place.target else None,
        provider=place.target.provider if place.target else None,
        label=place.target.label if place.target else place.route.value.replace("_", " "),
        eligible=not against,
        for_=tuple(reason for each in said for reason in each.for_),
        against=against,
    )


def _review(facts: RouteFacts, others: list[Candidate]) -> Candidate:
    open_ = [candidate for candidate in others if candidate.eligible]
    names = ", ".join(candidate.target or candidate.name.value for candidate in open_)
    return Candidate(
        name=Route.REJECT_REQUIRES_REVIEW,
        target=None,
        provider=None,
        label="a person looks at it",
        eligible=not open_,
        for_=() if open_ else ("no other candidate is eligible",),
        against=(f"not needed: {names} can take it",) if open_ else (),
    )

"""Routing explains: every candidate, every reason, and the same decision from the same facts."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.encoding import canonical_bytes
from router.control.routing import (
    Candidate,
    CircuitShape,
    Route,
    RouteDecision,
    RouteFacts,
    TargetFacts,
    decide_asking,
    decide_route,
)

AER = TargetFacts("aer_simulator", "aer", "simulator", 30, True, 0, "Aer, on this machine")
TORINO = TargetFacts("ibm_torino", "ibm", "hardware", 133, True, 900, "IBM Torino")
KYIV = TargetFacts("ibm_kyiv", "ibm", "hardware", 127, True, 300, "IBM Kyiv")
FAKE = TargetFacts("fake_torino", "fake", "fake_hardware", 133, True, 0, "fake_torino: a simulation of IBM Torino")
LIMA = TargetFacts("fake_lima", "fake", "fake_hardware", 5, True, 0, "fake_lima: a simulation of IBM Lima")
FACTS = RouteFacts(
    job_type="quantum_experiment",
    framework="qiskit",
    circuit=CircuitShape(5, 20, 10, clifford=False, shots=4000),
    backend_policy="ibm_or_simulator",
    promoted=True,
    requested_target="ibm",
    max_usd=Fraction(25),
    queue_tolerance_s=7200,
    validation_feasible=True,
    targets=(FAKE, AER, LIMA),
    fake_hardware_enabled=True,
)


def on(**changes: Any) -> RouteFacts:
    return dataclasses.replace(FACTS, **changes)


def the(decision: RouteDecision, route: Route, target: str | None = None) -> Candidate:
    (found,) = [c for c in decision.candidates if c.name is route and (target is None or c.target == target)]
    return found


def test_a_job_that_is_not_promoted_is_simulated_here() -> None:
    decision = decide_route(on(promoted=False, requested_target=None, circuit=None, validation_feasible=None))
    assert decision.route is Route.LOCAL_SIMULATOR
    assert any("not promoted" in reason for reason in the(decision, Route.IBM_QUANTUM_BACKEND, "fake_torino").against)


def test_ibm_without_credentials_is_a_labelled_fake_only_where_the_operator_allows_it() -> None:
    decision = decide_route(FACTS)
    assert (decision.route, decision.target, decision.provider) == (Route.IBM_QUANTUM_BACKEND, "fake_torino", "fake")
    assert "simulation" in decision.label
    assert any("labelled as a simulation" in reason for reason in decision.chosen.for_)
    refused = decide_route(on(fake_hardware_enabled=False))
    assert refused.rejected
    assert any("fake_hardware_enabled" in r for r in the(refused, Route.IBM_QUANTUM_BACKEND, "fake_torino").against)


def test_real_hardware_goes_before_a_fake_and_the_shorter_queue_first() -> None:
    decision = decide_route(on(targets=(FAKE, AER, TORINO, KYIV)))
    assert decision.target == "ibm_kyiv"
    assert [c.target for c in decision.candidates if c.name is Route.IBM_QUANTUM_BACKEND] == [
        "ibm_kyiv",
        "ibm_torino",
        "fake_torino",
    ]
    against = the(decision, Route.IBM_QUANTUM_BACKEND, "fake_torino").against
    assert against == ("a fake device, while ibm_kyiv, ibm_torino is available",)


def test_hardware_that_does_not_answer_is_listed_with_its_reason_and_the_fake_stands_in() -> None:
    away = dataclasses.replace(TORINO, available=False, note="no credentials; `compute doctor`")
    decision = decide_route(on(targets=(away, FAKE)))
    assert decision.target == "fake_torino"
    assert "no credentials" in " ".join(the(decision, Route.IBM_QUANTUM_BACKEND, "ibm_torino").against)


def test_a_named_target_is_taken_and_no_other() -> None:
    assert decide_route(on(requested_target="fake_lima")).target == "fake_lima"
    assert decide_route(on(requested_target="ibm_torino", targets=(FAKE, AER, TORINO, KYIV))).target == "ibm_torino"
    assert decide_route(on(requested_target="aer_simulator")).route is Route.MANAGED_SIMULATOR
    assert decide_route(on(requested_target="aer")).target == "aer_simulator"
    assert decide_route(on(requested_target="simulator")).target == "aer_simulator"
    assert decide_route(on(requested_target="ibm_nowhere")).rejected


def test_hardware_is_preferred_where_nothing_was_named_and_simulators_take_what_hardware_cannot() -> None:
    assert decide_route(on(requested_target=None)).target == "fake_torino"
    assert decide_route(on(requested_target=None, targets=(AER,))).target == "aer_simulator"
    assert decide_route(on(requested_target=None, backend_policy="simulator_only")).target == "aer_simulator"
    assert decide_route(on(requested_target=None, backend_policy="ibm_only", targets=(AER,))).rejected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"backend_policy": "simulator_only"}, "excludes hardware"),
        ({"max_usd": None}, "no budget"),
        ({"max_usd": Fraction(0)}, "no budget"),
        ({"promoted": False}, "not promoted"),
        ({"validation_feasible": False}, "cannot work with these shots"),
        ({"validation_feasible": None}, "was not planned"),
        ({"circuit": None}, "simulate it first"),
        ({"circuit": CircuitShape(134, 1, 1, True, 1)}, "134 qubits, fake_torino has 133"),
        ({"framework": "cirq"}, "framework cirq is not supported"),
        ({"job_type": "inference", "framework": None}, "the job is a inference"),
        ({"requested_target": "simulator"}, "asked for a simulator"),
        ({"targets": (dataclasses.replace(FAKE, queue_s=7201),)}, "queue of about 7201 s, the spec waits 7200 s"),
        ({"targets": (dataclasses.replace(FAKE, available=False),)}, "is not available"),
        ({"targets": ()}, "no IBM backend is configured"),
    ],
    ids=str,
)
def test_each_reason_against_hardware_is_said_and_decides(changes: dict[str, Any], said: str) -> None:
    decision = decide_route(on(**changes))
    hardware = next(c for c in decision.candidates if c.name is Route.IBM_QUANTUM_BACKEND)
    assert said in " ".join(hardware.against)
    assert not hardware.eligible
    assert decision.route is not Route.IBM_QUANTUM_BACKEND


def test_every_reason_is_listed_and_not_the_first() -> None:
    decision = decide_route(on(max_usd=None, validation_feasible=False, backend_policy="simulator_only"))
    assert len(the(decision, Route.IBM_QUANTUM_BACKEND, "fake_torino").against) == 3


def test_an_unknown_queue_is_allowed_and_said() -> None:
    decision = decide_route(on(targets=(dataclasses.replace(FAKE, queue_s=None),)))
    assert decision.target == "fake_torino"
    assert "queue unknown; waits up to 7200 s" in decision.chosen.for_


@pytest.mark.parametrize(
    ("route", "job_type"),
    [
        (Route.MEDIA_WORKER, "media_transcode"),
        (Route.INFERENCE_WORKER, "inference"),
        (Route.SCRIPT_WORKER, "script"),
    ],
)
def test_a_classical_route_takes_its_own_jobs_where_a_worker_is_installed(route: Route, job_type: str) -> None:
    classical = on(job_type=job_type, framework=None, circuit=None, backend_policy=None, requested_target=None)
    assert decide_route(classical).rejected
    assert "not installed" in " ".join(the(decide_route(classical), route).against)
    installed = dataclasses.replace(classical, installed_job_types=frozenset({job_type}))
    assert decide_route(installed).route is route


def test_the_review_is_needed_exactly_when_nothing_else_is_eligible() -> None:
    review = the(decide_route(on(targets=())), Route.REJECT_REQUIRES_REVIEW)
    assert review.eligible
    assert the(decide_route(FACTS), Route.REJECT_REQUIRES_REVIEW).against == ("not needed: fake_torino can take it",)


def test_every_route_is_a_candidate_in_the_order_of_the_routes() -> None:
    routes = [candidate.name for candidate in decide_route(FACTS).candidates]
    assert sorted(set(routes), key=list(Route).index) == list(Route)
    assert routes == sorted(routes, key=list(Route).index)


def test_a_fake_that_nobody_named_is_not_a_candidate() -> None:
    assert "fake_lima" not in [candidate.target for candidate in decide_route(FACTS).candidates]


def test_an_altered_decision_does_not_follow_from_its_facts() -> None:
    value = json.loads(decide_route(FACTS).to_bytes())
    assert RouteDecision.from_json(value).reproducible
    value["chosen"] = 1
    assert not RouteDecision.from_json(value).reproducible


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "x"},
        {"chosen": 99},
        {"chosen": -1},
        {"candidates": None},
        {"facts": {}},
        {"more": 1},
        {"facts": None},
    ],
    ids=str,
)
def test_what_is_no_decision_is_not_read(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        RouteDecision.from_bytes(canonical_bytes(json.loads(decide_route(FACTS).to_bytes()) | change))


targets = st.builds(
    TargetFacts,
    name=st.sampled_from(["ibm_torino", "fake_torino", "fake_lima", "aer_simulator", "x"]),
    provider=st.sampled_from(["ibm", "fake", "aer"]),
    kind=st.sampled_from(["simulator", "hardware", "fake_hardware"]),
    qubits=st.integers(0, 133),
    available=st.booleans(),
    queue_s=st.none() | st.integers(0, 10_000),
    label=st.just("label"),
)
facts = st.builds(
    RouteFacts,
    job_type=st.sampled_from(["quantum_experiment", "media_transcode", "inference", "script"]),
    framework=st.sampled_from([None, "qiskit", "cirq"]),
    circuit=st.none() | st.builds(CircuitShape, *[st.integers(1, 140)] * 3, clifford=st.booleans(), shots=st.just(1)),
    backend_policy=st.sampled_from([None, "simulator_only", "ibm_or_simulator", "ibm_only"]),
    promoted=st.booleans(),
    requested_target=st.sampled_from([None, "ibm", "simulator", "fake_torino", "aer", "fake"]),
    max_usd=st.none() | st.fractions(0, 100, max_denominator=10**6),
    queue_tolerance_s=st.integers(0, 10_000),
    validation_feasible=st.sampled_from([None, True, False]),
    targets=st.lists(targets, max_size=6, unique_by=lambda t: (t.provider, t.name)).map(tuple),
    installed_job_types=st.frozensets(st.sampled_from(["quantum_experiment", "inference", "script"])),
    fake_hardware_enabled=st.booleans(),
)


@given(facts, st.randoms(use_true_random=False))
def test_any_facts_give_one_explained_decision_whatever_their_order(given_facts: RouteFacts, rng: Any) -> None:
    decision = decide_route(given_facts)
    shuffled = list(given_facts.targets)
    rng.shuffle(shuffled)
    again = decide_route(dataclasses.replace(given_facts, targets=tuple(shuffled)))
    assert again.to_bytes() == decision.to_bytes()
    assert RouteDecision.from_bytes(decision.to_bytes()) == decision
    assert decision.chosen.eligible
    for candidate in decision.candidates:
        assert candidate.eligible == (not candidate.against)
        assert candidate.for_ or candidate.against
    if decision.hardware:
        assert given_facts.promoted
        assert given_facts.max_usd
        assert given_facts.validation_feasible
        assert given_facts.backend_policy != "simulator_only"
        chosen = [t for t in given_facts.targets if (t.provider, t.name) == (decision.provider, decision.target)]
        assert chosen[0].kind == "hardware" or given_facts.fake_hardware_enabled


AWAY = "the provider does not answer"


def asking(facts: RouteFacts, estimates: dict[str, int | None]) -> tuple[RouteDecision, list[str]]:
    """The decision and the targets that were asked, where those without an estimate do not answer."""
    asked: list[str] = []

    def ask(target: TargetFacts) -> TargetFacts:
        asked.append(target.name)
        if target.name in estimates:
            return dataclasses.replace(target, queue_s=estimates[target.name])
        return dataclasses.replace(target, available=False, note=AWAY)

    unasked = tuple(dataclasses.replace(target, queue_s=None) for target in facts.targets)
    return decide_asking(dataclasses.replace(facts, targets=unasked), ask), asked


def test_no_device_is_asked_for_an_estimate_where_a_simulator_was_asked_for() -> None:
    decision, asked = asking(on(requested_target="simulator", targets=(FAKE, LIMA, AER, TORINO)), {"aer_simulator": 0})
    assert asked == ["aer_simulator"]
    assert decision.target == "aer_simulator"


def test_of_all_fake_devices_only_the_one_that_stands_in_is_asked() -> None:
    decision, asked = asking(on(targets=(FAKE, LIMA, AER)), {"fake_torino": 0})
    assert asked == ["fake_torino"]
    assert (decision.target, decision.chosen.eligible) == ("fake_torino", True)


def test_what_stands_in_for_a_device_is_asked_once_the_device_does_not_answer() -> None:
    decision, asked = asking(on(targets=(FAKE, TORINO)), {"fake_torino": 3})
    assert asked == ["ibm_torino", "fake_torino"]
    assert decision.target == "fake_torino"
    assert AWAY in " ".join(the(decision, Route.IBM_QUANTUM_BACKEND, "ibm_torino").against)


@given(
    st.sampled_from([None, "ibm", "simulator", "fake_lima", "ibm_kyiv"]),
    st.booleans(),
    st.dictionaries(st.sampled_from(["ibm_torino", "ibm_kyiv", "fake_torino", "fake_lima", "aer_simulator"]),
                    st.one_of(st.none(), st.integers(0, 20_000))),
)  # fmt: skip
def test_asking_only_who_can_be_chosen_decides_as_asking_everybody(
    wanted: str | None, fakes: bool, estimates: dict[str, int | None]
) -> None:
    facts = on(requested_target=wanted, fake_hardware_enabled=fakes, targets=(FAKE, LIMA, AER, TORINO, KYIV))
    decision, asked = asking(facts, estimates)
    assert len(asked) == len(set(asked)), "each is asked once"
    known = (
        dataclasses.replace(target, queue_s=estimates[target.name])
        if target.name in estimates
        else dataclasses.replace(target, available=False, note=AWAY)
        for target in facts.targets
    )
    whole = decide_route(dataclasses.replace(facts, targets=tuple(known)))
    assert (decision.route, decision.target) == (whole.route, whole.target)

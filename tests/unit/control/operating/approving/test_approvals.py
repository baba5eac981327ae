"""What the operator allows, how far an approval reaches, and how long a worker lets a job be called off."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from job_stories import Story
from parties import desk_of, grant, keep

from oracle.spec import canonical_spec, spec_hash
from router.console.main import run
from router.console.screen.failures import Exit, describe
from router.control.gates import NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER
from router.control.gates.approvals import ONE_PERSON
from router.control.opening import OperatedHome
from router.control.operating.approving.rulings import deny
from router.control.operating.approving.separation import ApprovalRefused
from router.control.operating.explaining import advice
from router.control.operating.offering.offers import offer
from router.control.store import Approval, ApprovalScope
from router.protocol.lifecycle import JobRecord, State, TransitionRefused
from router.worker.cancelling import refuses

LIVE = (State.CREATED, State.SIMULATED, State.APPROVED, State.SUBMITTED, State.QUEUED, State.RUNNING)
OVER = tuple(state for state in State if state not in LIVE)


def in_state(desk: Any, state: State, until: str) -> JobRecord:
    """A record in `state` of a job whose spec lets it be called off until `until`."""
    spec = desk.prepared.spec
    spec = spec.model_copy(update={"cancellation": spec.cancellation.model_copy(update={"until": until})})
    desk.opened.artifacts.put(canonical_spec(spec))
    record = Story().to(state).record
    assert record is not None
    return replace(record, spec_hash=spec_hash(spec))


@pytest.mark.parametrize("until", ["approved", "submitted", "running"])
def test_a_worker_co_signs_a_cancellation_up_to_the_state_that_the_spec_names(desk: Any, until: str) -> None:
    answers = {state: refuses(desk.opened, in_state(desk, state, until)) for state in State}
    willing = [state for state in State if answers[state] is None]
    assert willing == [state for state in LIVE if LIVE.index(state) <= LIVE.index(State(until))]
    for state in set(LIVE) - set(willing):
        assert answers[state] is not None
        assert f"is {state.value}, and its spec lets it be called off until {until}" in str(answers[state])
    for state in OVER:
        assert f"is {state.value}; there is nothing left to call off" in str(answers[state])


def granted(desk: Any, job: str) -> set[tuple[ApprovalScope, str, str]]:
    record = desk.opened.store.job(job)
    found: tuple[Approval, ...] = desk.opened.store.approvals(
        job, circuit_family=record.family, requester=record.requester
    )
    return {(approval.scope, approval.subject, approval.kind) for approval in found}


def denied(desk: Any, job: str, max_usd: str = "25") -> set[str]:
    return {denial.gate for denial in offer(desk.opened, job, "ibm", max_usd).denials}


def test_an_approval_reaches_as_far_as_what_it_allows(desk: Any) -> None:
    """A family and a requester are new once; a budget is looked at each time."""
    first, second = desk.simulated(), desk.simulated()
    assert granted(desk, first) == set()
    grant(desk.opened, first, "looked at it")
    record = desk.opened.store.job(first)
    shared = {
        (ApprovalScope.CIRCUIT_FAMILY, "ring-maxcut-qaoa", NEW_CIRCUIT_FAMILY),
        (ApprovalScope.REQUESTER, record.requester, UNKNOWN_REQUESTER),
    }
    assert granted(desk, first) == shared | {(ApprovalScope.JOB, first, "budget_over_50")}
    assert granted(desk, second) == shared


def test_another_job_of_an_approved_family_and_requester_needs_no_approval_of_its_own(desk: Any) -> None:
    first, second = desk.simulated(), desk.simulated()
    assert denied(desk, first) == denied(desk, second) == {"approvals"}
    grant(desk.opened, first, "looked at it")
    assert denied(desk, first) == denied(desk, second) == set()


def test_a_large_budget_is_looked_at_each_time(desk: Any) -> None:
    spec = desk.prepared.spec
    rich = spec.model_copy(update={"budget": spec.budget.model_copy(update={"max_usd_equivalent": "100"})})
    prepared = replace(desk.prepared, spec=rich)
    first, second = (keep(desk.opened, prepared, lambda _what, _share: None).job for _ in range(2))
    grant(desk.opened, first, "looked at it")
    assert denied(desk, first, "60") == denied(desk, second, "50") == set()
    assert denied(desk, second, "60") == {"approvals"}


def test_a_job_without_a_family_is_approved_by_itself(desk: Any) -> None:
    spec = desk.prepared.spec
    nameless = spec.model_copy(update={"quantum": spec.quantum.model_copy(update={"circuit_family": None})})
    prepared = replace(desk.prepared, spec=nameless)
    jobs = [keep(desk.opened, prepared, lambda _what, _share: None).job for _ in range(2)]
    grant(desk.opened, jobs[0], "looked at it")
    assert (ApprovalScope.JOB, jobs[0], NEW_CIRCUIT_FAMILY) in granted(desk, jobs[0])
    assert denied(desk, jobs[0]) == set()
    assert denied(desk, jobs[1]) == {"approvals"}


def test_a_job_that_is_over_is_neither_approved_nor_denied_again_and_the_reason_says_what_it_is(desk: Any) -> None:
    job = desk.simulated()
    deny(desk_of(desk.opened, "operator"), job, "too dear")
    over = "it is rejected already, denied by the operator: too dear"
    with pytest.raises(ApprovalRefused, match=over):
        grant(desk.opened, job, "looked at it")
    assert granted(desk, job) == set()
    before = desk.opened.store.events(job)
    with pytest.raises(TransitionRefused) as refused:
        deny(desk_of(desk.opened, "operator"), job, "again")
    assert refused.value.reason == over
    assert desk.opened.store.events(job) == before


def test_an_approval_makes_the_job_due(desk: Any) -> None:
    job = desk.simulated()
    desk.opened.store.set_next_look(job, None)
    grant(desk.opened, job, "looked at it")
    assert job in {record.job for record in desk.opened.store.due(datetime.now(UTC))}


def test_the_note_and_the_operator_are_on_record(desk: Any) -> None:
    job = desk.simulated()
    grant(desk.opened, job, "looked at it")
    record = desk.opened.store.job(job)
    found = desk.opened.store.approvals(job, circuit_family=record.family, requester=record.requester)
    operator = desk_of(desk.opened, "operator").address
    noted = f"looked at it; {ONE_PERSON}"
    assert {(approval.note, approval.granted_by) for approval in found} == {(noted, operator)}


@dataclasses.dataclass(frozen=True)
class Elsewhere(OperatedHome):
    """An opened home on a chain that more than one person uses."""

    @property
    def chain_id(self) -> int:
        return 11_155_111


def elsewhere(desk: Any, **roles: str) -> Elsewhere:
    own = desk.opened
    stack = replace(own.stack, roles=replace(own.stack.roles, **roles))
    return Elsewhere(own.home, own.store, own.artifacts, stack, own.policy)


def test_nobody_approves_a_job_of_their_own_where_others_use_the_chain(desk: Any) -> None:
    """One shell held every key, and approved what it had asked for."""
    job = desk.simulated()
    with pytest.raises(ApprovalRefused, match=r"holds the requester's key .* holds the payer's key"):
        grant(elsewhere(desk), job, "looked at it")
    operator = desk_of(desk.opened, "operator").address
    with pytest.raises(ApprovalRefused, match="the operator's key is the payer's too"):
        grant(elsewhere(desk, payer=operator), job, "looked at it")
    assert granted(desk, job) == set()
    assert describe(ApprovalRefused(job, "reason", "remedy")).exit_code is Exit.DENIED


def test_an_operator_apart_from_requester_and_payer_approves_without_a_remark(desk: Any) -> None:
    job = desk.simulated()
    desk.opened.home.requester.keystore.rename(desk.opened.home.root / "on-another-machine.json")
    assert grant(elsewhere(desk), job, "looked at it") == ""
    assert granted(desk, job) != set()


def test_on_a_stack_of_one_person_every_approval_says_so(desk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    job = desk.simulated()
    home = ["--home", str(desk.opened.home.root)]
    assert run(["approve", job, *home]) == 0
    assert f"approved, {ONE_PERSON}" in capsys.readouterr().out
    assert run(["approve", job, "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["remark"] == ONE_PERSON
    gates = offer(desk.opened, job, "ibm", "25").assessment.gates
    (answer,) = (each for each in gates.results if each.gate == "approvals")
    assert ONE_PERSON in answer.note
    assert ONE_PERSON in gates.to_bytes().decode(), "in the report of the gates, which the report page shows"


@pytest.mark.parametrize(
    ("budget", "policy", "target"), [("10", "ibm_or_simulator", "ibm"), ("2.5", "simulator_only", "aer")]
)
def test_what_comes_after_an_approval_can_be_typed_as_it_stands(
    desk: Any, budget: str, policy: str, target: str
) -> None:
    """A spec of 10 was told to promote for 25."""
    spec = desk.prepared.spec
    other = spec.model_copy(
        update={
            "budget": spec.budget.model_copy(update={"max_usd_equivalent": budget}),
            "quantum": spec.quantum.model_copy(update={"backend_policy": policy}),
        }
    )
    job = keep(desk.opened, replace(desk.prepared, spec=other), lambda _what, _share: None).job
    record = desk.opened.store.job(job)
    assert (
        advice.following(desk.opened, record)
        == f"compute quantum promote {job} --target {target} --max-budget {budget}"
    )
    grant(desk.opened, job, "looked at it")
    assert offer(desk.opened, job, target, budget).denials == ()

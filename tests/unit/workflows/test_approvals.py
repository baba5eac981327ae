"""What the operator allows, how far an approval reaches, and how long a worker lets a job be called off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from job_stories import Story

from oracle.spec import canonical_spec, spec_hash
from router.gates import NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER
from router.lifecycle import JobRecord, State
from router.store import Approval, ApprovalScope
from router.workflows.approval import refuses_cancellation
from router.workflows.promote import approve, offer
from router.workflows.simulate import keep

LIVE = (State.CREATED, State.SIMULATED, State.APPROVED, State.SUBMITTED, State.QUEUED, State.RUNNING)
OVER = tuple(state for state in State if state not in LIVE)


def in_state(desk: Any, state: State, until: str) -> JobRecord:
    """A record in `state` of a job whose spec lets it be called off until `until`."""
    spec = desk.prepared.spec
    spec = spec.model_copy(update={"cancellation": spec.cancellation.model_copy(update={"until": until})})
    desk.workspace.artifacts.put(canonical_spec(spec))
    record = Story().to(state).record
    assert record is not None
    return replace(record, spec_hash=spec_hash(spec))


@pytest.mark.parametrize("until", ["approved", "submitted", "running"])
def test_a_worker_co_signs_a_cancellation_up_to_the_state_that_the_spec_names(desk: Any, until: str) -> None:
    answers = {state: refuses_cancellation(desk.workspace, in_state(desk, state, until)) for state in State}
    willing = [state for state in State if answers[state] is None]
    assert willing == [state for state in LIVE if LIVE.index(state) <= LIVE.index(State(until))]
    for state in set(LIVE) - set(willing):
        assert answers[state] is not None
        assert f"is {state.value}, and its spec lets it be called off until {until}" in str(answers[state])
    for state in OVER:
        assert f"is {state.value}; there is nothing left to call off" in str(answers[state])


def granted(desk: Any, job: str) -> set[tuple[ApprovalScope, str, str]]:
    record = desk.workspace.store.job(job)
    found: tuple[Approval, ...] = desk.workspace.store.approvals(
        job, circuit_family=record.family, requester=record.requester
    )
    return {(approval.scope, approval.subject, approval.kind) for approval in found}


def denied(desk: Any, job: str, max_usd: str = "25") -> set[str]:
    return {denial.gate for denial in offer(desk.workspace, job, "ibm", max_usd).denials}


def test_an_approval_reaches_as_far_as_what_it_allows(desk: Any) -> None:
    """A family and a requester are new once; a budget is looked at each time."""
    first, second = desk.simulated(), desk.simulated()
    assert granted(desk, first) == set()
    approve(desk.workspace, first, "looked at it")
    record = desk.workspace.store.job(first)
    shared = {
        (ApprovalScope.CIRCUIT_FAMILY, "ring-maxcut-qaoa", NEW_CIRCUIT_FAMILY),
        (ApprovalScope.REQUESTER, record.requester, UNKNOWN_REQUESTER),
    }
    assert granted(desk, first) == shared | {(ApprovalScope.JOB, first, "budget_over_50")}
    assert granted(desk, second) == shared


def test_another_job_of_an_approved_family_and_requester_needs_no_approval_of_its_own(desk: Any) -> None:
    first, second = desk.simulated(), desk.simulated()
    assert denied(desk, first) == denied(desk, second) == {"approvals"}
    approve(desk.workspace, first, "looked at it")
    assert denied(desk, first) == denied(desk, second) == set()


def test_a_large_budget_is_looked_at_each_time(desk: Any) -> None:
    spec = desk.prepared.spec
    rich = spec.model_copy(update={"budget": spec.budget.model_copy(update={"max_usd_equivalent": "100"})})
    prepared = replace(desk.prepared, spec=rich)
    first, second = (keep(desk.workspace, prepared, lambda _what, _share: None).job for _ in range(2))
    approve(desk.workspace, first, "looked at it")
    assert denied(desk, first, "60") == denied(desk, second, "50") == set()
    assert denied(desk, second, "60") == {"approvals"}


def test_a_job_without_a_family_is_approved_by_itself(desk: Any) -> None:
    spec = desk.prepared.spec
    nameless = spec.model_copy(update={"quantum": spec.quantum.model_copy(update={"circuit_family": None})})
    prepared = replace(desk.prepared, spec=nameless)
    jobs = [keep(desk.workspace, prepared, lambda _what, _share: None).job for _ in range(2)]
    approve(desk.workspace, jobs[0], "looked at it")
    assert (ApprovalScope.JOB, jobs[0], NEW_CIRCUIT_FAMILY) in granted(desk, jobs[0])
    assert denied(desk, jobs[0]) == set()
    assert denied(desk, jobs[1]) == {"approvals"}


def test_an_approval_makes_the_job_due(desk: Any) -> None:
    job = desk.simulated()
    desk.workspace.store.set_next_look(job, None)
    approve(desk.workspace, job, "looked at it")
    assert job in {record.job for record in desk.workspace.store.due(datetime.now(UTC))}


def test_the_note_and_the_operator_are_on_record(desk: Any) -> None:
    job = desk.simulated()
    approve(desk.workspace, job, "looked at it")
    record = desk.workspace.store.job(job)
    found = desk.workspace.store.approvals(job, circuit_family=record.family, requester=record.requester)
    operator = desk.workspace.account("operator").address
    assert {(approval.note, approval.granted_by) for approval in found} == {("looked at it", operator)}

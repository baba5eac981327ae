"""Every state with every event: what the table allows happens, and everything else is refused."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import pytest
from job_stories import CAUSE, KEYS, PATHS, SAMPLES, SEEN, STRANGER, Story, digest

from router.protocol.lifecycle import (
    ESCROW_MOVES,
    FINAL_ESCROW,
    LIVE_STATES,
    PAYLOADS,
    TERMINAL_STATES,
    TRANSITIONS,
    Cancelled,
    EscrowMoved,
    EscrowState,
    EventKind,
    Expired,
    Need,
    Promoted,
    Rejected,
    Reorged,
    Role,
    State,
    TransitionRefused,
    apply,
    check_transition,
    fold,
    undoing,
    verify_chain,
)
from router.protocol.lifecycle.diagram import render

# Written out by hand, from the design: the table may not agree with itself alone.
FOLLOWS: dict[State, dict[EventKind, State]] = {
    State.CREATED: {EventKind.SIMULATED: State.SIMULATED},
    # Completed before the worker said so: the chain shows a delivery.
    State.SIMULATED: {
        EventKind.PROMOTED: State.SIMULATED,
        EventKind.APPROVED: State.APPROVED,
        EventKind.COMPLETED: State.COMPLETED,
    },
    State.APPROVED: {EventKind.SUBMITTED: State.SUBMITTED, EventKind.COMPLETED: State.COMPLETED},
    State.SUBMITTED: {
        EventKind.QUEUED: State.QUEUED,
        EventKind.RUNNING: State.RUNNING,
        EventKind.COMPLETED: State.COMPLETED,
    },
    State.QUEUED: {EventKind.RUNNING: State.RUNNING, EventKind.COMPLETED: State.COMPLETED},
    State.RUNNING: {EventKind.COMPLETED: State.COMPLETED},
    State.COMPLETED: {
        EventKind.VALIDATED: State.VALIDATED,
        EventKind.REJECTED: State.REJECTED,
        EventKind.EXPIRED: State.EXPIRED,
        EventKind.DISPUTED: State.DISPUTED,
    },
    # Rejected or expired out of validated: after a top-up; out of disputed: the arbiter slept.
    State.VALIDATED: {
        EventKind.SETTLED: State.SETTLED,
        EventKind.DISPUTED: State.DISPUTED,
        EventKind.REJECTED: State.REJECTED,
        EventKind.EXPIRED: State.EXPIRED,
    },
    State.DISPUTED: {
        EventKind.SETTLED: State.SETTLED,
        EventKind.REJECTED: State.REJECTED,
        EventKind.EXPIRED: State.EXPIRED,
    },
}
BEFORE_DELIVERY = (State.CREATED, State.SIMULATED, State.APPROVED, State.SUBMITTED, State.QUEUED, State.RUNNING)


@cache
def told(state: State) -> Story:
    """A story that is read and never continued."""
    return Story().to(state)


def expected(state: State, kind: EventKind) -> State | str | None:
    if kind is EventKind.ESCROW:
        return None if state is State.CREATED else state
    if kind is EventKind.REORGED:
        return None if state is State.CREATED else "as it was"
    if kind is EventKind.COMPLETED and state not in BEFORE_DELIVERY:
        return None if state is State.FAILED else state  # the papers of what the chain showed first
    if kind is EventKind.CANCELLED and state in LIVE_STATES:
        return State.CANCELLED
    if state in BEFORE_DELIVERY and kind in (EventKind.REJECTED, EventKind.EXPIRED, EventKind.FAILED):
        return State(kind.value)
    return FOLLOWS.get(state, {}).get(kind)


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.value)
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_every_state_and_event_leads_where_the_design_says_or_nowhere(state: State, kind: EventKind) -> None:
    transition = TRANSITIONS.get((state, kind))
    assert ((transition.to or "as it was") if transition else None) == expected(state, kind)


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.value)
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_an_event_happens_exactly_if_the_table_has_it_for_that_role(state: State, kind: EventKind, role: Role) -> None:
    story = told(state)
    payloads = [story.sample(kind)]
    if kind is EventKind.COMPLETED:
        payloads.append(SEEN)
    if kind is EventKind.ESCROW:
        payloads = [EscrowMoved(EscrowState.PROPOSED, CAUSE)]
    if kind in (EventKind.REJECTED, EventKind.EXPIRED, EventKind.CANCELLED):
        payloads.append(dataclasses.replace(SAMPLES[kind], cause=None))
    transition = TRANSITIONS.get((state, kind))
    accepted = 0
    for payload in payloads:
        try:
            event = story.sign(payload, role)
        except TransitionRefused:
            continue
        accepted += 1
        assert transition is not None
        assert role in transition.by
        to = payload.state if isinstance(payload, Reorged) else transition.to
        assert apply(story.record, event, tuple(story.events)).state is to
    if transition is None or role not in transition.by or Need.PAPERS_MISSING in transition.by[role]:
        assert accepted == 0
    elif not {Need.LOCKED, Need.PROMOTED} & set(transition.by[role]) or state not in (State.CREATED, State.SIMULATED):
        assert accepted >= 1


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.value)
def test_a_job_that_does_not_exist_can_only_be_created(kind: EventKind) -> None:
    if kind is EventKind.CREATED:
        assert Story().tell(kind).record is not None
    else:
        with pytest.raises(TransitionRefused, match="does not exist yet"):
            Story().sign(SAMPLES[kind])


def test_a_refusal_says_where_the_job_is_and_what_may_follow() -> None:
    with pytest.raises(TransitionRefused) as refused:
        told(State.APPROVED).sign(SAMPLES[EventKind.VALIDATED])
    assert refused.value.state is State.APPROVED
    assert "what may follow: submitted, completed, rejected, expired, failed, cancelled, escrow, reorged" in str(
        refused.value
    )
    with pytest.raises(TransitionRefused, match="the worker signs it"):
        told(State.APPROVED).sign(SAMPLES[EventKind.SUBMITTED], Role.OPERATOR)


def test_a_terminal_state_is_left_by_nothing_and_reached_by_something() -> None:
    for state in TERMINAL_STATES:
        rows = [(kind, transition.to) for (start, kind), transition in TRANSITIONS.items() if start is state]
        assert {to for kind, to in rows if kind is not EventKind.REORGED} == {state}
        assert any(t.to is state for (start, _), t in TRANSITIONS.items() if start is not state)


def test_every_live_state_reaches_a_terminal_one() -> None:
    reaching = set(TERMINAL_STATES)
    while True:
        more = {start for (start, _), t in TRANSITIONS.items() if start and t.to in reaching} - reaching
        if not more:
            break
        reaching |= more
    assert reaching == set(State)


def test_every_kind_has_its_payload_and_every_row_carries_it() -> None:
    assert set(PAYLOADS) == set(EventKind)
    for (_, kind), transition in TRANSITIONS.items():
        assert transition.payload is PAYLOADS[kind]


def test_after_delivery_only_the_chain_decides() -> None:
    for (state, kind), transition in TRANSITIONS.items():
        if state in (State.COMPLETED, State.VALIDATED, State.DISPUTED) and kind not in (
            EventKind.COMPLETED,
            EventKind.REORGED,
        ):
            assert all(Need.CAUSE in needs for needs in transition.by.values())


def test_no_approval_without_promotion_and_locked_money() -> None:
    story = Story().to(State.SIMULATED)
    with pytest.raises(TransitionRefused, match="needs: promoted"):
        story.tell(EventKind.APPROVED)
    story.tell(EventKind.PROMOTED)
    with pytest.raises(TransitionRefused, match="needs: escrow locked"):
        story.tell(EventKind.APPROVED)
    story.tell(EventKind.ESCROW, EventKind.APPROVED)
    assert story.record.state is State.APPROVED


def test_a_job_is_promoted_once() -> None:
    story = Story().to(State.SIMULATED).tell(EventKind.PROMOTED)
    with pytest.raises(TransitionRefused, match="not promoted before"):
        story.tell(EventKind.PROMOTED)


def test_a_requester_cannot_withdraw_locked_money_alone() -> None:
    story = Story().to(State.SIMULATED).tell(EventKind.PROMOTED)
    alone = Cancelled("changed my mind")
    assert story.sign(alone, Role.REQUESTER)
    story.tell(EventKind.ESCROW)
    with pytest.raises(TransitionRefused, match="needs: escrow none"):
        story.sign(alone, Role.REQUESTER)


def test_an_operator_cannot_cancel_reject_or_expire_what_was_delivered_without_the_chain() -> None:
    story = Story().to(State.COMPLETED)
    for payload in (Cancelled("no"), Rejected("no"), Expired("no")):
        with pytest.raises(TransitionRefused, match="names its chain log"):
            story.sign(payload, Role.OPERATOR)


def test_an_escrow_event_needs_terms() -> None:
    with pytest.raises(TransitionRefused, match="needs: promoted"):
        Story().to(State.SIMULATED).tell(EventKind.ESCROW)


@pytest.mark.parametrize("to", EscrowState, ids=lambda state: state.value)
@pytest.mark.parametrize("start", EscrowState, ids=lambda state: state.value)
def test_the_escrow_column_moves_only_as_the_contract_does(start: EscrowState, to: EscrowState) -> None:
    if to is EscrowState.NONE:
        assert all(to not in moves for moves in ESCROW_MOVES.values())
        return
    record = dataclasses.replace(Story().to(State.COMPLETED).record, escrow=start)
    payload = EscrowMoved(to, CAUSE)
    if to in ESCROW_MOVES[start]:
        assert check_transition(record, record.job, Role.OPERATOR, payload) is State.COMPLETED
    else:
        with pytest.raises(TransitionRefused, match=f"from {start.value} to {to.value}"):
            check_transition(record, record.job, Role.OPERATOR, payload)


def test_money_that_left_never_moves_again() -> None:
    assert all(not ESCROW_MOVES[state] for state in FINAL_ESCROW)
    assert set(ESCROW_MOVES) == set(EscrowState)


def test_money_may_come_back_after_the_job_has_ended() -> None:
    story = Story().to(State.FAILED)
    assert story.record.terminal
    assert not story.record.closed
    story.tell(EscrowMoved(EscrowState.REFUNDED, CAUSE))
    assert story.record.closed
    assert story.record.state is State.FAILED


def test_an_unfunded_promotion_that_ended_is_not_closed_since_funding_may_be_in_flight() -> None:
    story = Story().to(State.SIMULATED).tell(EventKind.PROMOTED).tell(Expired("nobody funded it"))
    assert story.record.terminal
    assert not story.record.closed
    assert Story().to(State.CREATED).tell(Expired("forgotten")).record.closed


def test_another_requester_or_worker_cannot_step_in() -> None:
    story = Story().to(State.SIMULATED)
    story.keys[Role.REQUESTER] = STRANGER
    with pytest.raises(TransitionRefused, match="is not the requester"):
        story.tell(EventKind.PROMOTED)
    story = Story().to(State.RUNNING)
    story.keys[Role.WORKER] = STRANGER
    with pytest.raises(TransitionRefused, match="is not the worker"):
        story.tell(EventKind.COMPLETED)


def test_the_record_says_what_the_events_said() -> None:
    record = Story().to(State.SETTLED).record
    assert record.requester == KEYS[Role.REQUESTER].address
    assert record.operator == KEYS[Role.OPERATOR].address
    assert record.worker == KEYS[Role.WORKER].address
    assert record.source == digest("source")
    assert record.spec_hash == digest("promoted")
    assert (record.circuit, record.family, record.baseline_distance) == (digest("circuit"), "ring-maxcut-qaoa", "1/100")
    assert (record.parent, record.requested_target, record.max_usd) == (digest("simulated"), "ibm", "25")
    assert (record.decision, record.gates) == (digest("decision"), digest("gates"))
    assert (record.provider, record.target, record.provider_job, record.tag) == ("ibm", "ibm_torino", "d1abc", "job.r1")
    assert (record.result_hash, record.multiset_hash) == (digest("result"), digest("multiset"))
    assert (record.receipt, record.calibration, record.delivery_tx) == (
        digest("receipt"),
        digest("calibration"),
        digest("delivery"),
    )
    assert (record.worker_amount, record.worker_paid, record.payer_paid, record.fee) == (2**100, 2**100, 5, 0)
    assert (record.created_at, record.updated_at) == ("2026-06-01T12:00:00.000000Z", "2026-06-01T12:00:10.000000Z")
    assert record.submitted_at == "2026-06-01T12:00:05.000000Z"


def undoing_from(story: Story, first: int) -> Reorged:
    """What undoes the events of `story` from position `first` on."""
    found = undoing(story.events, {story.events[first].digest}, block_number=18, block_hash=digest("another block"))
    assert found is not None
    return found


def test_what_is_undone_leaves_the_record_as_if_it_had_never_been_told() -> None:
    for state in (State.VALIDATED, State.SETTLED, State.DISPUTED, State.REJECTED):
        story = Story().to(state)
        before = Story().to(State.COMPLETED).record
        assert before is not None
        story.tell(undoing_from(story, before.sequence))
        after = story.record
        assert after is not None
        place = {"sequence": after.sequence, "head": after.head, "updated_at": after.updated_at}
        assert after == dataclasses.replace(before, **place)
        assert verify_chain(story.events) == fold(story.events) == after
        assert story.tell(*PATHS[State.SETTLED][-2:]).record.state is State.SETTLED


def test_work_that_went_on_stays_when_the_funding_it_waited_for_is_undone() -> None:
    story = Story().to(State.RUNNING)
    story.tell(undoing_from(story, PATHS[State.RUNNING].index(EventKind.ESCROW)))
    assert (story.record.state, story.record.escrow) == (State.RUNNING, EscrowState.NONE)
    story.tell(EscrowMoved(EscrowState.LOCKED, CAUSE), EventKind.COMPLETED)
    assert story.record.state is State.COMPLETED


def test_a_reorg_undoes_neither_less_nor_more_nor_twice_nor_to_another_state() -> None:
    story = Story().to(State.SETTLED)
    right = undoing_from(story, PATHS[State.SETTLED].index(EventKind.VALIDATED))
    assert len(right.undone) == 2
    approved = story.events[PATHS[State.SETTLED].index(EventKind.APPROVED)].digest
    for wrong, reason in [
        (dataclasses.replace(right, undone=right.undone[:1]), "does not undo all that came after"),
        (dataclasses.replace(right, undone=right.undone[::-1]), "does not undo all that came after"),
        (dataclasses.replace(right, state=State.RUNNING), "says another state than is left"),
        (dataclasses.replace(right, escrow=EscrowState.NONE), "says another state than is left"),
        (dataclasses.replace(right, undone=(digest("elsewhere"),)), "undoes what is not there"),
        (dataclasses.replace(right, undone=(approved,)), "the chain did not bring about"),
    ]:
        with pytest.raises(TransitionRefused, match=reason):
            story.tell(wrong)
    story.tell(right)
    with pytest.raises(TransitionRefused, match="was undone before"):
        story.tell(right)


def test_a_delivery_that_the_chain_showed_first_is_undone_with_the_papers_that_were_added() -> None:
    story = Story().to(State.RUNNING).tell(SEEN)
    assert story.record.lacks_papers
    story.tell(EventKind.COMPLETED)
    assert not story.record.lacks_papers
    both = {event.digest for event in story.events if event.kind is EventKind.COMPLETED}
    story.tell(undoing(story.events, both, block_number=18, block_hash=digest("another block")))
    assert (story.record.state, story.record.result_hash, story.record.receipt) == (State.RUNNING, None, None)


@pytest.mark.parametrize(("state", "fields"), [
    (State.REJECTED, {"reason": "the verdict is reject"}),
    (State.EXPIRED, {"reason": "nothing was delivered"}),
    (State.FAILED, {"reason": "the provider refused it", "remedy": "`compute quantum promote` another target"}),
    (State.CANCELLED, {"reason": "both parties called it off"}),
    (State.DISPUTED, {"disputed_by": KEYS[Role.WORKER].address}),
    (State.RUNNING, {"detail": "started"}),
])  # fmt: skip
def test_the_record_says_why_it_ended(state: State, fields: dict[str, str]) -> None:
    record = Story().to(state).record
    assert {name: getattr(record, name) for name in fields} == fields


@pytest.mark.parametrize("state", PATHS, ids=lambda state: state.value)
def test_a_record_survives_its_json(state: State) -> None:
    record = Story().to(state).record
    assert type(record).from_json(record.to_json()) == record


def test_the_documented_diagram_is_the_table() -> None:
    page = Path(__file__).parents[4] / "docs" / "lifecycle.md"
    assert page.read_text() == render(), "run: python -m router.protocol.lifecycle.diagram > docs/lifecycle.md"


def test_the_diagram_shows_every_row() -> None:
    page = render()
    for (start, kind), transition in TRANSITIONS.items():
        if kind is not EventKind.ESCROW:
            origin = start.value if start else "[*]"
            assert transition.to is None or f"{origin} --> {transition.to.value}: " in page
            to = transition.to.value if transition.to else "as it was"
            assert f"| {start.value if start else '—'} | {kind.value} | {to} |" in page


def test_a_promotion_of_other_terms_is_another_event() -> None:
    one = SAMPLES[EventKind.PROMOTED]
    assert isinstance(one, Promoted)
    assert dataclasses.replace(one, terms="0xabcdee").digest != one.digest

"""Whatever is tried on a job, its log stays one that verifies, and its record the fold of it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from job_stories import CAUSE, PATHS, ROLES, SAMPLES, START, Story

from router.protocol.lifecycle import (
    ESCROW_MOVES,
    FINAL_ESCROW,
    TRANSITIONS,
    EscrowMoved,
    EscrowState,
    Event,
    EventChainBroken,
    EventKind,
    EventMalformed,
    JobRecord,
    Payload,
    Reorged,
    Role,
    State,
    TransitionRefused,
    fold,
    standing,
    undoing,
    verify_chain,
)

payloads: st.SearchStrategy[Payload] = st.one_of(
    st.sampled_from(list(SAMPLES.values())),
    st.sampled_from([s for s in EscrowState if s is not EscrowState.NONE]).map(lambda state: EscrowMoved(state, CAUSE)),
    st.sampled_from([EventKind.REJECTED, EventKind.EXPIRED, EventKind.CANCELLED]).map(
        lambda kind: dataclasses.replace(SAMPLES[kind], cause=None)  # type: ignore[type-var]
    ),
)


class Life(RuleBasedStateMachine):
    """Tries any payload, by any role, at any point; most are refused, and none may do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.states: list[State] = []
        self.escrow: list[EscrowState] = [EscrowState.NONE]

    @rule(payload=payloads, role=st.sampled_from(Role), skew=st.integers(-5, 5))
    def attempt(self, payload: Payload, role: Role, skew: int) -> None:
        before = self.story.record
        try:
            self.story.tell(payload, role=role, at=START + timedelta(days=skew))
        except TransitionRefused:
            assert self.story.record == before
        else:
            self._told(before, payload, role)

    @precondition(lambda self: self.story.record is not None and not self.story.record.terminal)
    @rule(choice=st.integers(0, 50))
    def go_on(self, choice: int) -> None:
        """A step that the table has, so that stories get beyond their beginnings."""
        before = self.story.record
        steps = [(kind, role) for (start, kind), t in TRANSITIONS.items() if start is before.state for role in t.by]
        kind, role = steps[choice % len(steps)]
        try:
            self.story.tell(kind, role=role)
        except TransitionRefused:
            return
        self._told(before, self.story.events[-1].payload, role)

    @rule(choice=st.integers(0, 50))
    def the_chain_takes_back(self, choice: int) -> None:
        """A reorg undoes what came of the chain from some event on."""
        caused = [event.digest for event in standing(self.story.events) if event.payload.chain_cause is not None]
        if not caused or not self.story.record.promoted:
            return
        first = {caused[choice % len(caused)]}
        payload = undoing(self.story.events, first, block_number=18, block_hash=CAUSE.block_hash)
        assert payload is not None
        before = self.story.record
        self.story.tell(payload)
        self._told(before, payload, Role.OPERATOR)

    def _told(self, before: JobRecord | None, payload: Payload, role: Role) -> None:
        after = self.story.record
        transition = TRANSITIONS[before.state if before else None, payload.kind]
        assert role in transition.by
        assert after.sequence == (before.sequence if before else 0) + 1
        if isinstance(payload, Reorged):
            assert (after.state, after.escrow) == (payload.state, payload.escrow)
            held = [event.payload for event in standing(self.story.events)]
            self.escrow = [EscrowState.NONE, *(each.escrow for each in held if isinstance(each, EscrowMoved))]
            return
        assert after.state is transition.to
        if before is not None and before.terminal:
            assert after.state is before.state
        self.states.append(after.state)
        if isinstance(payload, EscrowMoved):
            assert payload.escrow in ESCROW_MOVES[self.escrow[-1]]
            self.escrow.append(payload.escrow)

    @invariant()
    def the_log_verifies_and_folds_to_the_record(self) -> None:
        if self.story.record is not None:
            assert fold(self.story.events) == self.story.record
            assert verify_chain(self.story.events, ROLES) == self.story.record

    @invariant()
    def nothing_ran_without_locked_money(self) -> None:
        if State.APPROVED in self.states:
            moves = [event.payload.escrow for event in self.story.events if isinstance(event.payload, EscrowMoved)]
            assert EscrowState.LOCKED in moves
            assert self.story.record.promoted

    @invariant()
    def money_leaves_once(self) -> None:
        assert len([state for state in self.escrow if state in FINAL_ESCROW]) <= 1


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


LOG = Story().to(State.SETTLED).events


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    return [path]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changing_any_leaf_of_any_event_is_noticed(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(LOG) - 1))
    value = LOG[position].to_json()
    path = data.draw(st.sampled_from(_leaves(value)))
    here: Any = value
    for part in path[:-1]:
        here = here[part]
    old = here[path[-1]]
    if isinstance(old, int):
        new: Any = data.draw(st.integers(0, 2**32).filter(lambda n: n != old))
    else:
        at = data.draw(st.integers(0, max(0, len(old) - 1)))
        new = old[:at] + data.draw(st.sampled_from("0123456789abcdefzZ ")) + old[at + 1 :]
    if new == old:
        return
    here[path[-1]] = new
    try:
        altered = Event.from_json(value)
    except EventMalformed:
        return
    try:
        verify_chain([*LOG[:position], altered, *LOG[position + 1 :]], ROLES)
    except EventChainBroken:
        return
    raise AssertionError(f"{path} of event {position + 1} went from {old!r} to {new!r} unnoticed")


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(range(5)), st.binary(min_size=32, max_size=32).filter(lambda key: 0 < int.from_bytes(key) < 2**255)
)
def test_only_the_told_order_verifies_whoever_signs(order: list[int], key: bytes) -> None:
    story = Story(requester=Account.from_key(key)).tell(*PATHS[State.APPROVED])
    shuffled = [story.events[index] for index in order]
    if order == sorted(order):
        assert verify_chain(shuffled, ROLES) == story.record
    else:
        try:
            verify_chain(shuffled, ROLES)
        except EventChainBroken:
            return
        raise AssertionError(f"order {order} verified")

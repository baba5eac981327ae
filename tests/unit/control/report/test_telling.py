"""The words of events: one for every kind, who did it, and the same on the terminal and in the report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from job_stories import CAUSE, PATHS, SAMPLES, Story

from router.console.screen.views import moment
from router.console.showcase import _timeline
from router.control.report.telling import CHAIN, base_units, dollars, in_token, said, told_by
from router.protocol.lifecycle import FINAL_ESCROW, EscrowMoved, EscrowState, EventKind, Expired, Role, State

STORIES = {state: Story().to(state) for state in State}
MONEY = in_token("lUSD", 6)


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_the_terminal_and_the_report_say_the_same_of_every_event(state: State) -> None:
    story = STORIES[state]
    on_the_page = _timeline(tuple(story.events), (), MONEY)
    on_the_terminal = [moment(event, MONEY) for event in story.events]
    assert [(entry.reason, entry.role, entry.kind) for entry in on_the_page] == [
        (line.said, line.by, line.kind) for line in on_the_terminal
    ]
    assert all(entry.reason for entry in on_the_page)
    assert on_the_page[-1].state == state.value


def test_the_stories_tell_of_every_kind() -> None:
    assert {kind for path in PATHS.values() for kind in path} == set(EventKind) - {
        EventKind.REORGED
    }  # told by its own test


def test_a_reorganisation_says_what_the_job_is_again() -> None:
    said_of = Story().to(State.COMPLETED).events[-1]
    told = said(replace(said_of, payload=SAMPLES[EventKind.REORGED]), MONEY)
    assert "running" in told


@pytest.mark.parametrize("escrow", [EscrowState.PROPOSED, *sorted(FINAL_ESCROW, key=lambda state: state.value)])
def test_an_escrow_event_says_where_the_money_is(escrow: EscrowState) -> None:
    locked = next(event for event in STORIES[State.SETTLED].events if event.kind is EventKind.ESCROW)
    assert said(locked, MONEY).startswith("locked, block 17, 0x")
    moved = Story().to(State.COMPLETED).sign(EscrowMoved(escrow, CAUSE))
    assert said(moved, MONEY).startswith(f"{escrow.value}, block 17, 0x")


def test_what_the_chain_caused_is_told_as_the_chains_doing_though_the_operator_signs_it() -> None:
    events = {event.kind: event for event in STORIES[State.SETTLED].events}
    assert events[EventKind.SETTLED].role is Role.OPERATOR
    assert {kind: told_by(events[kind]) for kind in (EventKind.ESCROW, EventKind.VALIDATED, EventKind.SETTLED)} == {
        EventKind.ESCROW: CHAIN,
        EventKind.VALIDATED: CHAIN,
        EventKind.SETTLED: CHAIN,
    }
    assert told_by(events[EventKind.APPROVED]) == "operator"
    assert told_by(events[EventKind.COMPLETED]) == "worker"
    without_cause = Story().to(State.RUNNING).sign(Expired("nobody locked the budget"))
    assert told_by(without_cause) == "operator"


def test_money_is_in_tokens_exactly_or_in_base_units_where_the_token_is_unknown() -> None:
    assert MONEY(25_000_000) == "25.00 lUSD"
    assert MONEY(1) == "0.000001 lUSD"
    assert base_units(25_000_000) == "25,000,000 base units"


@pytest.mark.parametrize(
    ("rational", "said"), [("25", "25"), ("25/2", "12.50"), ("24999/1000", "24.999"), ("1/10", "0.10")]
)
def test_a_limit_in_dollars_is_never_rounded_up(rational: str, said: str) -> None:
    assert dollars(rational) == said

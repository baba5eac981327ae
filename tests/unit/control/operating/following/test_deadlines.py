"""Deadlines are block time, and the last second of what they limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.chain.events import EscrowStatus, Status
from oracle.terms import ZERO_ADDRESS, JobTerms
from router.control.operating.following.deadlines import Verb, due, next_deadline

TERMS = JobTerms(
    payer=ZERO_ADDRESS,
    requester=ZERO_ADDRESS,
    worker="0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    arbiter=ZERO_ADDRESS,
    token=ZERO_ADDRESS,
    fee_to=ZERO_ADDRESS,
    fee_bps=0,
    budget=1,
    claim_by=0,
    deliver_window=0,
    submit_by=1_000,
    verdict_by=9_000,
    challenge_window=0,
    ruling_window=0,
    silence_bps=5_000,
    inconclusive_bps=5_000,
    dispute_bond_bps=0,
    claim_bond_bps=0,
    max_rounds=1,
    quorum=1,
    spec_hash="0x" + "00" * 32,
    salt=0,
    validators=(),
)


def slot(status: Status, clock: int = 0) -> EscrowStatus:
    return EscrowStatus(status, round=0, clock=clock, commit=0)


@pytest.mark.parametrize(
    ("status", "deadline", "verb"),
    [
        (slot(Status.FUNDED, 10), 1_000, Verb.REFUND),
        (slot(Status.SUBMITTED, 10), 9_000, Verb.SILENCE),
        (slot(Status.PROPOSED, 5_000), 5_000, Verb.FINALIZE),
        (slot(Status.DISPUTED, 6_000), 6_000, Verb.FINALIZE),
    ],
)
def test_nothing_is_due_in_the_last_second_and_the_call_is_due_right_after(
    status: EscrowStatus, deadline: int, verb: Verb
) -> None:
    assert due(status, TERMS, deadline) is None
    assert due(status, TERMS, deadline + 1) is verb
    assert next_deadline(status, TERMS) == deadline


@pytest.mark.parametrize(
    ("status", "deadline"),
    [
        (slot(Status.FUNDED, 10), 500),
        (slot(Status.CLAIMED, 400), 500),
        (slot(Status.CLAIMED, 700), 700),
        (slot(Status.SUBMITTED, 10), 9_000),
    ],
)
def test_an_open_job_goes_back_once_nobody_can_claim_it_and_no_claim_stands(
    status: EscrowStatus, deadline: int
) -> None:
    open_job = replace(TERMS, worker=ZERO_ADDRESS, claim_by=500, deliver_window=300)
    assert due(status, open_job, deadline) is None
    assert due(status, open_job, deadline + 1) is not None
    assert next_deadline(status, open_job) == deadline


@pytest.mark.parametrize("status", [Status.NONE, Status.SETTLED, Status.REFUNDED])
def test_a_job_that_holds_no_money_is_never_called_on(status: Status) -> None:
    assert due(slot(status), TERMS, 2**40) is None
    assert next_deadline(slot(status), TERMS) is None

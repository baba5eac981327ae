"""The settlement receipt: what the chain's last log did to a job, as an artifact that the event's digest names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from parties import desk_of

from oracle.chain import events as chain
from router.console.screen.views import artifacts
from router.control.operating.approving.rulings import deny
from router.protocol.evidence.contents import receipts
from router.protocol.lifecycle import State
from router.protocol.papers import terms_of


def settle(desk: Any, record: Any, args: chain.Args) -> None:
    desk.chain.says(record.escrow_id, args, chain.Status.REFUNDED)
    desk.reconciled(record.job)


@pytest.mark.parametrize("how", ["refunded", "cancelled"])
def test_the_receipt_is_the_payload_that_ended_the_job(desk: Any, how: str) -> None:
    record = desk.locked()
    terms = terms_of(record)
    ending = {
        "refunded": chain.Refunded(terms.payer, terms.budget),
        "cancelled": chain.Cancelled(terms.payer, terms.budget, chain.Status.FUNDED),
    }[how]
    settle(desk, record, ending)
    events = desk.opened.store.events(record.job)
    assert desk.opened.store.job(record.job).state in (State.EXPIRED, State.CANCELLED)
    stored = desk.opened.artifacts.get(events[-1].payload_digest)
    assert json.loads(stored) == events[-1].payload.to_json()
    assert json.loads(stored)["cause"]["tx_hash"] == desk.chain.log[-1].tx_hash
    assert receipts(events) == (events[-1],)
    rows = artifacts(desk.opened, desk.opened.store.job(record.job), events)
    assert [(row.digest, row.size) for row in rows if row.kind == "settlement_receipt"] == [
        (events[-1].payload_digest, len(stored))
    ]


def test_a_job_that_had_ended_before_has_the_escrows_last_move_as_its_receipt(desk: Any) -> None:
    record = desk.locked()
    deny(desk_of(desk.opened, "operator"), record.job, "not today")
    terms = terms_of(record)
    settle(desk, record, chain.Refunded(terms.payer, terms.budget))
    events = desk.opened.store.events(record.job)
    assert events[-1].payload.to_json()["escrow"] == "refunded"
    assert receipts(events) == (events[-1],)
    assert desk.opened.artifacts.has(events[-1].payload_digest)


def test_a_job_whose_money_is_locked_has_no_receipt(desk: Any) -> None:
    record = desk.locked()
    assert receipts(desk.opened.store.events(record.job)) == ()


def test_an_artifact_that_is_gone_is_listed_as_missing(desk: Any) -> None:
    job = desk.simulated()
    record = desk.opened.store.job(job)
    for digest in (record.simulation, record.circuit):
        (desk.opened.home.artifacts / "objects" / digest[2:4] / digest[4:]).unlink()
    rows = artifacts(desk.opened, record, desk.opened.store.events(job))
    assert {row.kind for row in rows if row.path is None} == {"simulation_output", "circuit"}

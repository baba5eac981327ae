"""The router's loop on a chain on paper, with DBOS for real: what it does with a job that cannot go on just now."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dbos import DBOS
from paper_router import PATIENCE_S, Router

from oracle.chain import events as chain
from oracle.chain.transactions.intents import IntentStatus
from oracle.terms import pack_terms
from router.control.operating.acts import POLL_AGAIN_S, Acts
from router.control.operating.engine import UNTIL_FINAL_S
from router.protocol.lifecycle import State
from router.protocol.papers import reference_of, terms_of
from router.protocol.providing import (
    JobLost,
    JobState,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ResultUnusable,
)

DOWN = ProviderUnavailable("the provider does not answer", "try again later")


class ProviderRefusesToday(ProviderError):
    """An error that says nothing of the work, and that trying the step at once does not help."""


def until_idle(prefix: str) -> None:
    """Wait until no workflow of that name is under way."""
    end = time.monotonic() + PATIENCE_S
    while DBOS.list_workflows(workflow_id_prefix=prefix, status=["PENDING", "ENQUEUED"]):
        assert time.monotonic() < end, f"{prefix} is still under way"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def provider_as_new(router: Router) -> None:
    provider = router.provider
    provider.state, provider.error, provider.refuses, provider.unusable = JobState.QUEUED, None, None, None
    provider.bits, provider.look_again_s = 5, None


def test_a_job_that_a_gate_holds_back_says_which_and_what_to_do(router: Router) -> None:
    desk = router.desk
    record = desk.promoted()
    terms = terms_of(record)
    other = "0x" + pack_terms(replace(terms, budget=1)).hex()
    desk.chain.says(record.escrow_id, chain.Funded(terms.payer, terms.worker, other), chain.Status.FUNDED)
    desk.chain.node.block_number += 1
    router.ticks(record.job, lambda _record: str(desk.waits_for(record.job)).startswith("budget"))
    assert desk.waits_for(record.job) == (
        "budget: 0.000001 lUSD are locked, the terms say 25.00 lUSD — "
        "fund the job of these terms; the other lock returns by refund"
    )
    assert desk.opened.store.job(record.job).state is State.SIMULATED


def test_a_provider_that_does_not_answer_is_what_the_job_waits_for_until_it_does(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    assert desk.waits_for(job) is None
    provider.error = DOWN
    router.tick(job)
    assert desk.waits_for(job) == str(DOWN)
    provider.error = None
    router.tick(job)
    assert desk.waits_for(job) is None, "it answers, though nothing has happened"
    provider.error = DOWN
    router.tick(job)
    provider.error, provider.state = None, JobState.RUNNING
    router.ticks(job, lambda record: record.state is State.RUNNING)
    assert desk.waits_for(job) is None


def test_a_job_whose_artifact_is_gone_is_quarantined_until_it_is_back_and_holds_no_other_up(router: Router) -> None:
    desk = router.desk
    broken, sound = desk.locked("aer_mps"), desk.locked()
    spec = desk.opened.home.artifacts / "objects" / broken.spec_hash[2:4] / broken.spec_hash[4:]
    kept = spec.read_bytes()
    spec.unlink()
    router.ticks(broken.job, lambda _record: desk.waits_for(broken.job) is not None)
    assert desk.waits_for(broken.job).startswith(f"quarantined: {broken.spec_hash} is not in ")
    assert desk.waits_for(broken.job).endswith(f"`compute repair {broken.job}` checks it and lets it go on")
    router.ticks(sound.job, lambda record: record.state is State.QUEUED)
    spec.write_bytes(kept)
    router.ticks(broken.job, lambda record: record.state is State.QUEUED)
    assert desk.waits_for(broken.job) is None


def test_an_unfunded_job_says_so_and_expires_once_nobody_can_fund_it_any_more(router: Router) -> None:
    desk = router.desk
    record = desk.promoted()
    router.tick(record.job)
    assert desk.waits_for(record.job) == f"its budget: `compute fund {record.job}` locks it"
    now, desk.chain.now = desk.chain.now, terms_of(record).submit_by
    try:
        ended = router.ticks(record.job, lambda record: record.terminal)
    finally:
        desk.chain.now = now
    assert (ended.state, ended.reason) == (State.EXPIRED, "nobody locked the budget by submitBy")
    assert desk.waits_for(record.job) is None
    router.tick(record.job)


def test_a_funding_that_is_not_buried_deep_enough_is_waited_for(router: Router) -> None:
    desk = router.desk
    job = desk.funded().job
    router.tick(job)
    assert desk.waits_for(job) == "its budget: locked, with fewer than 2 confirmations"
    desk.chain.node.block_number += 1
    router.ticks(job, lambda record: record.state is State.QUEUED)


def test_work_that_the_provider_refuses_fails_once_and_is_not_tried_for_ever(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    provider.refuses = ProviderRefused("the circuit is too wide", "build a narrower one")
    ended = router.ticks(job, lambda record: record.terminal)
    assert ended.state is State.FAILED
    assert ended.reason == "aer refuses it: the circuit is too wide"
    assert "simulate again" in str(ended.remedy)
    router.tick(job)
    assert desk.opened.store.intent(job, "provider-submit").status is IntentStatus.ABANDONED


def test_a_result_of_no_use_fails_the_job(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    provider.state, provider.unusable = JobState.COMPLETED, ResultUnusable("its shots are damaged", "submit again")
    ended = router.ticks(job, lambda record: record.terminal)
    assert (ended.state, ended.reason) == (State.FAILED, "the provider's result is of no use: its shots are damaged")


def test_a_run_that_the_provider_no_longer_knows_fails_the_job(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    provider.error = JobLost("aer knows no such job", "submit it")
    ended = router.ticks(job, lambda record: record.terminal)
    assert (ended.state, ended.reason) == (State.FAILED, "the provider job failed: aer knows no such job")
    assert "simulate again" in str(ended.remedy)


def test_a_tag_whose_job_is_damaged_fails_the_job(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    provider.error = JobLost("request.json is damaged", "run it under a new tag")
    ended = router.ticks(job, lambda record: record.terminal)
    assert (ended.state, ended.reason) == (State.FAILED, "aer refuses it: request.json is damaged")


def test_a_provider_is_asked_no_sooner_than_it_wants_to_be(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    for provider.error, provider.look_again_s in (
        (ProviderUnavailable("too many requests", "wait", retry_after_s=120.0), None),
        (None, 120.0),
    ):
        router.tick(job)
        for seconds, due in ((110, False), (130, True)):
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            assert (job in {record.job for record in desk.opened.store.due(at)}) is due


def test_a_result_of_another_width_than_the_circuit_fails_the_job(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    provider.state, provider.bits = JobState.COMPLETED, 4
    ended = router.ticks(job, lambda record: record.terminal)
    assert ended.state is State.FAILED
    assert ended.reason == "the provider's result is of no use: its shots have 4 bits, the circuit 5"


def test_a_delivery_that_was_not_told_when_the_router_failed_is_told_later(router: Router) -> None:
    """The transaction was mined, and the act that sent it ended before it could write so down."""
    desk, provider = router.desk, router.provider
    record = desk.locked()
    router.ticks(record.job, lambda record: record.state is State.QUEUED)
    shots = provider.result(reference_of(desk.opened.store.job(record.job))).shots
    worker = terms_of(record).worker
    args = chain.Submitted(worker, shots.result_hash, 0, shots.multiset_hash)
    delivered = desk.chain.says(record.escrow_id, args, chain.Status.SUBMITTED)
    desk.chain.node.mined[delivered.tx_hash] = (delivered.block, 1)
    provider.state = JobState.COMPLETED
    told = router.ticks(record.job, lambda record: record.state is State.COMPLETED)
    assert (told.delivery_tx, told.result_hash) == (delivered.tx_hash, shots.result_hash)
    papers = json.loads(desk.opened.artifacts.get(told.receipt))
    assert papers["result"]["result_hash"] == shots.result_hash
    assert papers["result"]["registers"] == [{"name": "c", "first_bit": 0, "bits": 5}]
    assert desk.chain.node.sent == [], "nothing was sent for what was there"


def test_the_run_of_a_job_that_was_called_off_is_stopped_once(router: Router) -> None:
    desk, provider = router.desk, router.provider
    record = desk.locked()
    router.ticks(record.job, lambda record: record.state is State.QUEUED)
    terms = terms_of(record)
    args = chain.Cancelled(terms.payer, terms.budget, chain.Status.FUNDED)
    desk.chain.says(record.escrow_id, args, chain.Status.REFUNDED)
    desk.chain.node.block_number += 1
    provider.error = DOWN
    router.ticks(record.job, lambda record: record.state is State.CANCELLED)
    assert desk.waits_for(record.job) == str(DOWN), "the run goes on, and nobody would pay for it"
    provider.error = None
    before = list(provider.stopped)
    router.tick(record.job)
    router.tick(record.job)
    assert provider.stopped[len(before) :] == [desk.opened.store.job(record.job).provider_job]
    assert desk.waits_for(record.job) is None


def test_a_job_that_is_over_is_looked_at_until_no_reorg_is_expected_to_take_its_end_back(router: Router) -> None:
    desk, store = router.desk, router.desk.opened.store
    record = desk.locked()
    job = record.job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    terms, before = terms_of(record), desk.chain.status(record.escrow_id)
    for _ in range(2):
        args = chain.Cancelled(terms.payer, terms.budget, chain.Status.FUNDED)
        desk.chain.says(record.escrow_id, args, chain.Status.REFUNDED)
        desk.chain.node.block_number += 1
        router.ticks(job, lambda record: record.closed)
        router.tick(job)
        assert job in {due.job for due in store.due(datetime.now(UTC) + timedelta(seconds=UNTIL_FINAL_S + 1))}
        desk.chain.reorg(2)
        desk.chain.slots[record.escrow_id] = before
        # Nobody makes it due but the follower, which has read another block in the place of its end.
        router.engine.tick()
        opened = store.job(job)
        assert (opened.state, opened.escrow.value) == (State.QUEUED, "locked")
    desk.chain.says(record.escrow_id, args, chain.Status.REFUNDED)
    desk.chain.node.block_number += desk.opened.need_stack("a test").finality
    router.ticks(job, lambda record: record.closed)
    router.tick(job)
    assert job not in {due.job for due in store.due(datetime(2100, 1, 1, tzinfo=UTC))}


def test_an_act_that_keeps_failing_is_tried_less_and_less_often(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    provider.refuses = ProviderRefusesToday("come back later", "try again")
    router.ticks(job, lambda _record: desk.waits_for(job) is not None)
    assert desk.waits_for(job) == "come back later — try again"
    tries = f"execute:{job}:"
    for number in range(2, 5):
        until_idle(tries)
        router.ticks(job, lambda _record, number=number: len(DBOS.list_workflows(workflow_id_prefix=tries)) >= number)
    until_idle(tries)
    due_at = datetime.now(UTC) + timedelta(seconds=POLL_AGAIN_S * 4)
    assert job not in {due.job for due in desk.opened.store.due(due_at)}
    assert desk.opened.store.job(job).state is State.APPROVED
    # Another process counts on from there, though it remembers nothing.
    known = {each.workflow_id for each in DBOS.list_workflows(workflow_id_prefix=tries)}
    Acts().ask(router.engine._workflows.execute, "execute", job, "aer", "aer")
    (fresh,) = {each.workflow_id for each in DBOS.list_workflows(workflow_id_prefix=tries)} - known
    assert known == {f"{tries}{number}" for number in range(1, len(known) + 1)}
    assert fresh == f"{tries}{len(known) + 1}"

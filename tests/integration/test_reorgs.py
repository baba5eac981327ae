"""A real chain that changes its mind, under a router and a validator at work: the worker is paid all the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from live_market import Market, running_market

from oracle.chain.events import Status
from router.protocol.lifecycle import EventKind, State

LONGEST_WAIT_S = 10.0


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with running_market(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.mark.slow
def test_a_job_is_paid_without_anybody_reading_logs_that_were_read_before(market: Market) -> None:
    start = market.client.head().number
    market.agrees(market.funded())
    market.counts.clear()
    market.agrees(market.funded())
    asked = [key.split() for key in market.counts if " from " in key]
    assert [(who, int(block)) for who, _, block in asked if int(block) < start] == []
    assert market.counts["router"] > 0
    assert market.counts["validator"] > 0


@pytest.mark.slow
def test_a_budget_is_locked_though_a_reorg_took_the_one_before_it_and_left_its_allowance(market: Market) -> None:
    before = market.funded()
    market.reorg(1, str(market.opened.store.job(before).escrow_id))
    after = market.funded()
    market.agrees(before)
    market.agrees(after)


@pytest.mark.slow
@pytest.mark.parametrize("after", [State.COMPLETED, State.SETTLED], ids=["delivery", "settlement"])
def test_whatever_a_reorg_takes_back_record_and_chain_agree_afterwards_and_the_worker_is_paid(
    market: Market, after: State
) -> None:
    job = market.funded()
    for depth in (1, 3, 10):
        record = market.delivered(job) if after is State.COMPLETED else market.settled(job)
        before = market.opened.store.events(job)
        market.reorg(depth, str(record.escrow_id))
        if after is State.COMPLETED and depth == 10:
            assert market.client.status(str(record.escrow_id)).status < Status.PROPOSED
        if after is State.SETTLED:
            market.agrees(job)
    healthy = market.funded()
    market.agrees(job)
    market.agrees(healthy)
    events = market.opened.store.events(job)
    assert events[: len(before)] == before, "the log only grows"
    assert any(event.kind is EventKind.REORGED for event in events)
    assert len(market.provider.runs) == len(set(market.provider.runs)), "nothing was run twice"
    # The job that the reorgs touched held up nobody: the router went on looking.
    assert max(later - earlier for earlier, later in pairwise(market.looks)) < LONGEST_WAIT_S

"""Funding: the budget is locked once, and the escrow is allowed what it takes, also when others took it meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from filelock import FileLock
from parties import fund

from oracle.chain.errors import CallReverted
from oracle.chain.transactions.intents import ALLOWANCE
from oracle.encoding import InputRejected
from router.payer.purse import PayerShort
from router.protocol.papers import terms_of


def names(desk: Any, job: str) -> list[str]:
    return [intent.name for intent in desk.opened.store.intents(job)]


def test_funding_allows_exactly_the_budget_and_locks_it(desk: Any) -> None:
    record = desk.promoted()
    funding = fund(desk.opened, record.job)
    assert (funding.amount, funding.already) == (terms_of(record).budget, False)
    assert names(desk, record.job) == [ALLOWANCE, "tx:fund"]
    assert desk.chain.allowed == 0


def test_an_allowance_that_another_jobs_funding_used_is_given_again(desk: Any, monkeypatch: Any) -> None:
    first, second = desk.promoted(), desk.promoted()
    with monkeypatch.context() as patch:
        patch.setattr(desk.chain, "fund", _reverts)
        with pytest.raises(CallReverted):
            fund(desk.opened, first.job)  # cut off between the allowance and the lock
    assert desk.chain.allowed == terms_of(first).budget
    fund(desk.opened, second.job)
    assert names(desk, second.job) == ["tx:fund"], "the allowance was enough, so it took that of the first"
    fund(desk.opened, first.job)
    assert names(desk, first.job) == [ALLOWANCE, f"{ALLOWANCE}-2", "tx:fund"]


def _reverts(_terms: object) -> None:
    raise CallReverted("Paused", {}, "fund")


def test_a_payer_without_the_tokens_is_told_what_is_missing(desk: Any) -> None:
    record = desk.promoted()
    desk.chain.held = 1
    with pytest.raises(PayerShort) as short:
        fund(desk.opened, record.job)
    assert short.value.reason.endswith("has 0.000001 lUSD, and the terms lock 25.00")
    assert (
        short.value.remedy == f"`compute up` gives the local payer play money again; then `compute fund {record.job}`"
    )
    assert names(desk, record.job) == []


def test_a_job_that_was_not_promoted_has_nothing_to_fund(desk: Any) -> None:
    with pytest.raises(InputRejected, match="was not promoted"):
        fund(desk.opened, desk.simulated())


def test_a_funding_waits_for_another_process_that_funds_in_this_home(desk: Any) -> None:
    record = desk.promoted()
    with ThreadPoolExecutor(1) as pool:
        with FileLock(desk.opened.home.payer.lock, thread_local=False):
            funding = pool.submit(fund, desk.opened, record.job)
            with pytest.raises(TimeoutError):
                funding.result(0.5)
            assert names(desk, record.job) == []
        assert not funding.result(10).already

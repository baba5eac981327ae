"""Amounts are shown in the token of the job: coin, shown as dollars, would be a million million times too much."""

from __future__ import annotations

from dataclasses import replace

from oracle.terms import ZERO_ADDRESS, pack_terms
from router.cli.views import money_of
from router.lifecycle import JobRecord
from router.workflows.close import terms_of

OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def in_token(record: JobRecord, token: str) -> JobRecord:
    return replace(record, terms="0x" + pack_terms(replace(terms_of(record), token=token)).hex())


def test_amounts_are_in_the_token_of_the_terms_and_not_of_the_stack(desk):
    record = desk.promoted()
    assert money_of(desk.workspace, record)(25_000_000) == "25.00 lUSD"
    assert money_of(desk.workspace, in_token(record, ZERO_ADDRESS))(25 * 10**14) == "0.0025 ETH"
    assert money_of(desk.workspace, in_token(record, OTHER))(25_000_000) == f"25,000,000 base units of {OTHER}"


def test_a_job_without_terms_is_shown_in_the_token_that_it_would_get(desk):
    record = desk.workspace.store.job(desk.simulated())
    assert money_of(desk.workspace, record)(25_000_000) == "25.00 lUSD"

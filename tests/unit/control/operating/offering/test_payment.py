"""What an accepted result costs is the first thing that an offer says, and the rest follows from the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from parties import keep

from oracle.spec import parse_canonical_spec, promoted
from oracle.terms import JobTerms, worker_amount
from router.console.quantum.promotion import payment_lines, terms_rows
from router.control.operating.offering.offers import offer, quote
from router.control.report.telling import in_token
from router.protocol.papers import spec_of, terms_of
from router.protocol.payment import Payment, payment_of

MONEY = in_token("lUSD", 6)


def whole_budget(desk: Any) -> tuple[Payment, JobTerms]:
    spec = desk.prepared.spec
    metering = spec.budget.metering.model_copy(update={"unit": "job", "price_usd": None})
    by_job = spec.model_copy(update={"budget": spec.budget.model_copy(update={"metering": metering})})
    job = keep(desk.opened, replace(desk.prepared, spec=by_job), lambda _what, _share: None).job
    made = offer(desk.opened, job, "aer", "10")
    return payment_of(made.spec, made.terms), made.terms


def test_the_first_job_is_metered_by_use_at_the_operators_price(desk: Any) -> None:
    """It paid the whole budget, whatever was used, under the words that what is not earned returns."""
    record = desk.promoted()
    payment = payment_of(spec_of(desk.opened.artifacts, record), terms_of(record))
    assert payment.usd_per_shot == desk.opened.policy.rates.usd_per_shot
    assert (payment.accepted, payment.returns) == (20_000_000, 5_000_000)
    assert payment_lines(payment, MONEY) == [
        "Pays 20.00 lUSD to the worker if accepted, for 4,000 shots at $0.005; 5.00 lUSD goes back to the payer"
    ]
    assert not payment.tempts, "the first job must not pay more for a result that nobody can judge"


def test_a_job_that_costs_its_whole_budget_says_so_first(desk: Any) -> None:
    payment, terms = whole_budget(desk)
    (first,) = payment_lines(payment, MONEY)
    assert first == "Pays the whole budget if accepted, 10.00 lUSD to the worker, whatever was used: metered by job"
    rows = dict(terms_rows(terms, payment, MONEY))
    assert rows["budget"] == "10.00 lUSD, locked in the escrow; all of it is paid if the result is accepted"
    assert rows["if accepted"] == "10.00 lUSD to the worker, 0.00 lUSD back to the payer"


def test_shots_that_cost_more_than_the_budget_are_said_to_take_all_of_it(desk: Any) -> None:
    made = offer(desk.opened, desk.simulated(), "aer", "5")
    assert payment_lines(payment_of(made.spec, made.terms), MONEY) == [
        "Pays the whole budget if accepted, 5.00 lUSD to the worker: 4,000 shots at $0.005 cost no less"
    ]


def test_an_end_that_pays_more_than_acceptance_is_pointed_out(desk: Any) -> None:
    record = desk.promoted()
    spec, terms = spec_of(desk.opened.artifacts, record), terms_of(record)
    payment = payment_of(spec, replace(terms, inconclusive_bps=9_000))
    assert payment.tempts
    assert payment_lines(payment, MONEY)[1].startswith(
        "Mind: a result that nobody can judge pays the worker more, 22.50"
    )


def test_a_promoted_spec_without_a_price_never_pays_the_whole_budget(desk: Any) -> None:
    record = desk.promoted()
    spec = spec_of(desk.opened.artifacts, record)
    unpriced = spec.budget.metering.model_copy(update={"price_usd": None})
    spec = spec.model_copy(update={"budget": spec.budget.model_copy(update={"metering": unpriced})})
    with pytest.raises(ValueError, match="needs the price"):
        worker_amount(spec, terms_of(record), 4000)
    parent = parse_canonical_spec(desk.opened.artifacts.get(desk.opened.store.job(desk.simulated()).spec_hash))
    bare = parent.model_copy(update={"budget": parent.budget.model_copy(update={"metering": unpriced})})
    with pytest.raises(ValueError, match="carries its price"):
        promoted(bare, "aer", "25", quote(desk.opened, bare))

"""Amounts are shown in the token of the job: coin, shown as dollars, would be a million million times too much."""

from __future__ import annotations

from dataclasses import replace

from oracle.terms import ZERO_ADDRESS, JobTerms, pack_terms
from router.console.quantum import promotion
from router.console.screen.views import money_of, record_facts
from router.control.report.telling import in_token as units_of
from router.control.report.telling import paid
from router.protocol.lifecycle import EscrowState, JobRecord
from router.protocol.papers import spec_of, terms_of
from router.protocol.payment import payment_of

OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def in_units(decimals: int):
    return units_of("T", decimals)


def in_token(record: JobRecord, token: str) -> JobRecord:
    return replace(record, terms="0x" + pack_terms(replace(terms_of(record), token=token)).hex())


def test_amounts_are_in_the_token_of_the_terms_and_not_of_the_stack(desk):
    record = desk.promoted()
    assert money_of(desk.opened, record)(25_000_000) == "25.00 lUSD"
    assert money_of(desk.opened, in_token(record, ZERO_ADDRESS))(25 * 10**14) == "0.0025 ETH"
    assert money_of(desk.opened, in_token(record, OTHER))(25_000_000) == f"25,000,000 base units of {OTHER}"


def rows_of(desk, terms: JobTerms, money) -> dict[str, object]:
    spec = spec_of(desk.opened.artifacts, desk.promoted())
    return dict(promotion.terms_rows(terms, payment_of(spec, terms), money))


def test_an_offer_says_the_fee_and_what_a_rejection_leaves(desk):
    money = in_units(2)
    terms = terms_of(desk.promoted())
    plain = rows_of(desk, terms, money)
    assert plain["if rejected"] == "all returns to the payer"
    assert "fee" not in plain
    charged = rows_of(desk, replace(terms, fee_bps=100, fee_to=OTHER, budget=2_500), money)
    assert charged["fee"] == f"0.25 T to {OTHER}, once the validators have signed, whatever they found"
    assert charged["if rejected"] == "all but the fee returns to the payer"
    assert charged["if inconclusive"] == "12.37 T (50%) to the worker, if nobody can tell"
    assert charged["if silent"] == "12.50 T (50%) to the worker, should the validators say nothing"


def test_an_offer_says_who_rules_and_what_a_dispute_costs(desk):
    terms = replace(
        terms_of(desk.promoted()), arbiter=OTHER, challenge_window=3_600, ruling_window=86_400, dispute_bond_bps=500,
        budget=2_500, registry=OTHER,
    )  # fmt: skip
    rows = rows_of(desk, terms, in_units(2))
    assert rows["disputable"] == "for 1 h after a verdict, with a bond of 1.25 T"
    assert rows["arbiter"] == f"{OTHER}, who then has 1 d to rule"
    assert rows["registry"] == f"{OTHER} holds the validators' bonds"


def test_a_dispute_is_offered_only_where_the_terms_name_an_arbiter(desk):
    record = replace(desk.promoted(), escrow=EscrowState.PROPOSED)
    disputable = replace(record, terms="0x" + pack_terms(replace(terms_of(record), arbiter=OTHER)).hex())
    assert "proposal" not in dict(record_facts(record, None, in_units(2)))
    assert f"compute dispute {record.job}" in dict(record_facts(disputable, None, in_units(2)))["proposal"]


def test_what_was_paid_adds_up_to_the_budget_where_a_fee_was_taken():
    said = paid(in_units(2), 1_980, 500, 20)
    assert said == "19.80 T to the worker, 5.00 T back to the payer, 0.20 T to the operator as its fee"
    assert "fee" not in paid(in_units(2), 1_980, 520, 0)


def test_a_job_without_terms_is_shown_in_the_token_that_it_would_get(desk):
    record = desk.opened.store.job(desk.simulated())
    assert money_of(desk.opened, record)(25_000_000) == "25.00 lUSD"

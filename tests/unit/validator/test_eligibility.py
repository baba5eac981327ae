"""Nobody judges their own work, and nobody judges uninvited."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from oracle.terms import ZERO_ADDRESS, JobTerms
from oracle.validator.service import Ineligible, check_eligible

ME, OTHER, PARTY = (Account.from_key(bytes([n]) * 32).address for n in (1, 2, 3))
TERMS = JobTerms(
    payer=PARTY, requester=PARTY, worker=PARTY, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ZERO_ADDRESS,
    fee_bps=0, budget=1, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0, ruling_window=0,
    silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1, quorum=1,
    spec_hash="0x" + "00" * 32, salt=0, validators=(ME, OTHER),
)  # fmt: skip


def test_a_pinned_validator_without_another_part_may_judge():
    check_eligible(ME, TERMS, PARTY)
    check_eligible(OTHER, TERMS, PARTY)


@pytest.mark.parametrize("role", ["payer", "requester", "worker", "arbiter"])
def test_a_party_to_the_job_may_not(role):
    with pytest.raises(Ineligible, match=f"is the {role} of this job"):
        check_eligible(ME, replace(TERMS, **{role: ME}), PARTY)


def test_who_delivered_to_an_open_job_may_not():
    with pytest.raises(Ineligible, match="is the deliverer"):
        check_eligible(ME, replace(TERMS, worker=ZERO_ADDRESS), ME)


def test_a_stranger_may_not():
    with pytest.raises(Ineligible, match="not pinned"):
        check_eligible(PARTY, TERMS, OTHER)

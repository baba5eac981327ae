"""`oracle.verify`: what signatures on a delivery are worth, from terms, artifacts and attestations alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

import oracle
from oracle.artifacts import DirectoryStore
from oracle.judging.recompute import recompute
from oracle.terms import ZERO_ADDRESS, JobTerms, job_id_of, verdict_digest

CHAIN, ESCROW = 31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3"
KEYS = sorted((Account.from_key(bytes([number]) * 32) for number in (1, 2, 3)), key=lambda key: int(key.address, 16))


def signed(verdict, key):
    signature = key.unsafe_sign_hash(bytes.fromhex(verdict_digest(verdict, CHAIN, ESCROW)[2:])).signature
    return oracle.Attestation(key.address, verdict, verdict.evidence_hash, "0x" + bytes(signature).hex())


@pytest.fixture
def delivered(frozen_job, tmp_path):
    """Store, terms and the true verdict on an honest delivery."""
    store = DirectoryStore(tmp_path)
    frozen = frozen_job(store)
    result = store.put(frozen.honest(seed=1).data)
    terms = JobTerms(
        payer=ESCROW, requester=ESCROW, worker=ESCROW, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ESCROW,
        fee_bps=100, budget=10_000, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0,
        ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1,
        quorum=2, spec_hash=frozen.spec_hash, salt=0, validators=tuple(key.address for key in KEYS),
    )  # fmt: skip
    _document, verdict = recompute(store, terms, job_id_of(terms, CHAIN, ESCROW), result)
    return store, terms, verdict


def test_a_quorum_that_signed_what_follows_from_the_artifacts_holds(delivered):
    store, terms, verdict = delivered
    shown = [signed(verdict, key) for key in KEYS[:2]]
    found = oracle.verify(terms, shown, store, chain_id=CHAIN, escrow=ESCROW)
    assert found.holds
    assert found.signed == tuple(key.address for key in KEYS[:2])
    assert (found.verdict, found.document.digest, found.refused) == (verdict, verdict.evidence_hash, ())
    twice = oracle.verify(terms, [shown[0], shown[0]], store, chain_id=CHAIN, escrow=ESCROW)
    assert not twice.holds, "one validator counted twice"


def test_signatures_over_another_verdict_and_by_strangers_do_not_count_and_say_why(delivered):
    store, terms, verdict = delivered
    lie = replace(verdict, worker_amount=verdict.worker_amount + 1)
    stranger = Account.from_key(bytes([9]) * 32)
    shown = [signed(verdict, KEYS[0]), signed(lie, KEYS[1]), signed(verdict, stranger)]
    found = oracle.verify(terms, shown, store, chain_id=CHAIN, escrow=ESCROW)
    assert not found.holds
    assert found.signed == (KEYS[0].address,)
    reasons = {each.source: each.reason for each in found.refused}
    assert "another verdict than follows" in reasons[KEYS[1].address]
    assert "not pinned" in reasons[stranger.address]


def test_attestations_of_another_job_or_of_two_results_are_refused(delivered):
    store, terms, verdict = delivered
    mixed = [signed(verdict, KEYS[0]), signed(replace(verdict, round=1), KEYS[1])]
    for shown in ([], mixed, [signed(replace(verdict, job="0x" + "07" * 32), KEYS[0])]):
        with pytest.raises(oracle.InputRejected):
            oracle.verify(terms, shown, store, chain_id=CHAIN, escrow=ESCROW)

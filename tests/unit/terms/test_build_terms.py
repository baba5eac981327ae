"""From spec and roles to terms: every bound of the contract, all at once, and what the worker is paid."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from oracle.encoding import InputRejected
from oracle.spec import JobSpec, PromotionPolicy, Quote, SimulationRecord, normalise, promoted, simulated, spec_hash
from oracle.terms import ZERO_ADDRESS, JobTerms, Parties, bounds_broken, build_terms, fee_of, pack_terms, worker_amount

NOW = 1_800_000_000
TOKEN = to_checksum_address("0x" + "70" * 20)


def party(number: int) -> str:
    return str(to_checksum_address(number.to_bytes(20, "big")))


ROLES = Parties(
    payer=party(1),
    requester=party(1),
    worker=party(2),
    arbiter=ZERO_ADDRESS,
    validators=(party(13), party(11), party(12)),
    quorum=2,
)
QUOTE = Quote(
    token=TOKEN, symbol="PLAY", decimals=6, usd_per_token="1", source="test", quoted_at="2026-06-01T12:00:00Z"
)
RECORD = SimulationRecord(
    circuit_hash="0x" + "c1" * 32,
    baseline_root="0x" + "ba" * 32,
    simulation_digest="0x" + "51" * 32,
    baseline_distance="0",
    qubits=5,
    depth=9,
    two_qubit_gates=20,
)


def draft(**sections: dict[str, Any]) -> JobSpec:
    data: dict[str, Any] = {
        "job_type": "quantum_experiment",
        "version": "2026-06",
        "requester": "did:example:buyer123",
        "quantum": {"circuit_ref": "./circuits/optimizer.py", "shots": 4000},
        "budget": {"max_usd_equivalent": 25},
        "validation": {"method": "distribution_threshold"},
    }
    return JobSpec.model_validate(data | {name: data.get(name, {}) | values for name, values in sections.items()})


def child(**sections: dict[str, Any]) -> JobSpec:
    spec = normalise(draft(**sections), operator_policy=PromotionPolicy(), bits=5)
    return promoted(simulated(spec, RECORD), "ibm", spec.budget.max_usd_equivalent, QUOTE)


def terms_of(spec: JobSpec, roles: Parties = ROLES, token: str = TOKEN) -> JobTerms:
    return build_terms(spec, parties=roles, token=token, now=NOW, job="job_0123456789")


def paths(caught: pytest.ExceptionInfo[InputRejected]) -> list[str]:
    return sorted(finding.path for finding in caught.value.findings)


def test_terms_say_what_the_spec_says() -> None:
    spec = child(
        timeouts={"execution_s": 100, "result_s": 20, "verdict_s": 9000},
        settlement={
            "fee_bps": 250,
            "fee_to": party(50),
            "silence_bps": 4000,
            "inconclusive_bps": 3000,
            "arbiter": party(9),
            "challenge_window_s": 600,
            "ruling_window_s": 700,
            "registry": party(60),
        },
    )
    terms = terms_of(spec)
    assert terms == JobTerms(
        payer=party(1),
        requester=party(1),
        worker=party(2),
        arbiter=party(9),
        token=TOKEN,
        fee_to=party(50),
        fee_bps=250,
        budget=25_000_000,
        claim_by=0,
        deliver_window=0,
        submit_by=NOW + 7200 + 100 + 20,
        verdict_by=NOW + 7200 + 100 + 20 + 9000,
        challenge_window=600,
        ruling_window=700,
        silence_bps=4000,
        inconclusive_bps=3000,
        dispute_bond_bps=500,
        claim_bond_bps=0,
        max_rounds=1,
        quorum=2,
        spec_hash=spec_hash(spec),
        salt=int(hashlib.sha256(b"job_0123456789").hexdigest(), 16),
        validators=(party(11), party(12), party(13)),
        registry=party(60),
    )
    assert len(pack_terms(terms)) == 259 + 60


def test_the_native_coin_is_the_zero_address() -> None:
    spec = simulated(normalise(draft(), operator_policy=PromotionPolicy(), bits=5), RECORD)
    native = promoted(spec, "ibm", 25, QUOTE.model_copy(update={"token": "native"}))
    assert terms_of(native, token=ZERO_ADDRESS).token == ZERO_ADDRESS
    with pytest.raises(InputRejected) as caught:
        terms_of(native, token=TOKEN)
    assert paths(caught) == ["token"]


def test_a_spec_that_was_not_promoted_has_no_terms() -> None:
    with pytest.raises(InputRejected, match="compute quantum promote") as caught:
        terms_of(normalise(draft(), operator_policy=PromotionPolicy(), bits=5))
    assert paths(caught) == ["budget.amount"]


@pytest.mark.parametrize(
    ("roles", "faulty"),
    [
        (replace(ROLES, worker=ROLES.payer), ["worker"]),
        (replace(ROLES, requester=party(3), worker=party(3)), ["worker"]),
        (replace(ROLES, worker=party(12)), ["validators[1]"]),
        (replace(ROLES, payer=party(11)), ["validators[0]"]),
        (replace(ROLES, requester=party(13)), ["validators[2]"]),
        (replace(ROLES, validators=(party(11), party(11), party(12))), ["validators"]),
        (replace(ROLES, validators=()), ["validators"]),
        (replace(ROLES, validators=tuple(party(100 + n) for n in range(17)), quorum=9), ["validators"]),
        (replace(ROLES, validators=(ZERO_ADDRESS, party(12), party(13))), ["validators"]),
        (replace(ROLES, quorum=1), ["quorum"]),
        (replace(ROLES, quorum=4), ["quorum"]),
        (replace(ROLES, worker=ZERO_ADDRESS), ["worker"]),
        (replace(ROLES, payer=ZERO_ADDRESS, requester=ZERO_ADDRESS), ["payer", "requester"]),
        (replace(ROLES, payer=party(0xABCDEF).lower(), worker="worker"), ["payer", "worker"]),
    ],
)
def test_roles_that_are_not_disjoint_or_not_there_are_refused(roles: Parties, faulty: list[str]) -> None:
    with pytest.raises(InputRejected) as caught:
        terms_of(child(), roles)
    assert paths(caught) == faulty


def test_half_the_validators_are_no_quorum() -> None:
    four = replace(ROLES, validators=tuple(party(20 + n) for n in range(4)), quorum=2)
    with pytest.raises(InputRejected, match="quorum: 3"):
        terms_of(child(), four)
    assert terms_of(child(), replace(four, quorum=3)).quorum == 3


def test_the_specs_quorum_goes_before_the_operators() -> None:
    assert terms_of(child(settlement={"quorum": 3})).quorum == 3


def test_an_arbiter_is_the_one_the_spec_names() -> None:
    spec = child(settlement={"arbiter": party(9), "ruling_window_s": 60})
    assert terms_of(spec, replace(ROLES, arbiter=party(9))).arbiter == party(9)
    with pytest.raises(InputRejected) as caught:
        terms_of(spec, replace(ROLES, arbiter=party(10)))
    assert paths(caught) == ["arbiter"]
    with pytest.raises(InputRejected) as caught:
        terms_of(child(settlement={"arbiter": party(2), "ruling_window_s": 60}))
    assert paths(caught) == ["arbiter"]


@pytest.mark.parametrize(("fee", "bond"), [(0, 500), (499, 500), (500, 501), (1000, 1001)])
def test_the_bond_of_a_dispute_is_above_the_fee_that_a_ruling_saves(fee: int, bond: int) -> None:
    named = {"arbiter": party(9), "ruling_window_s": 60, "fee_bps": fee, "fee_to": party(50)}
    assert terms_of(child(settlement=named)).dispute_bond_bps == bond


SOUND = terms_of(child())
ESCROW = party(77)
OPEN = {"worker": ZERO_ADDRESS, "claim_by": NOW + 60, "deliver_window": 3600, "claim_bond_bps": 500}
"""What makes an open job of the sound one."""
CONTESTED = {"arbiter": party(9), "ruling_window": 3600, "challenge_window": 3600}


def test_sound_terms_break_no_bound() -> None:
    assert list(bounds_broken(SOUND, now=NOW)) == []


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"budget": 0}, "budget"),
        ({"budget": 2**128}, "budget"),
        ({"fee_bps": 1001, "fee_to": party(50)}, "fee_bps"),
        ({"fee_bps": 1}, "fee_to"),
        ({"silence_bps": 10_001}, "silence_bps"),
        ({"inconclusive_bps": 10_001}, "inconclusive_bps"),
        ({"submit_by": NOW - 1}, "submit_by"),
        ({"verdict_by": SOUND.submit_by + 7199}, "verdict_by"),
        ({"verdict_by": NOW + 365 * 86_400 + 1}, "verdict_by"),
        ({"arbiter": party(9), "ruling_window": 1, "challenge_window": 30 * 86_400 + 1}, "challenge_window"),
        ({"ruling_window": 30 * 86_400 + 1}, "ruling_window"),
        ({"challenge_window": 1}, "arbiter"),
        ({"arbiter": party(9)}, "ruling_window"),
        ({"arbiter": party(9), "ruling_window": 1, "dispute_bond_bps": 499}, "dispute_bond_bps"),
        ({"dispute_bond_bps": 10_001}, "dispute_bond_bps"),
        ({**CONTESTED, "fee_bps": 500, "fee_to": party(50)}, "dispute_bond_bps"),
        ({**CONTESTED, "fee_bps": 1000, "fee_to": party(50), "dispute_bond_bps": 1000}, "dispute_bond_bps"),
        ({**CONTESTED, "fee_to": party(9)}, "fee_to"),
        ({"max_rounds": 0}, "max_rounds"),
        ({"max_rounds": 2}, "max_rounds"),
        ({**CONTESTED, "max_rounds": 9}, "max_rounds"),
        ({"fee_to": ESCROW}, "fee_to"),
        ({"worker": ESCROW}, "worker"),
        ({"deliver_window": 1}, "claim_by"),
        ({**OPEN, "deliver_window": 59}, "deliver_window"),
        ({**OPEN, "claim_by": NOW - 1}, "claim_by"),
        ({**OPEN, "claim_by": SOUND.submit_by - 3599}, "claim_by"),
        ({**OPEN, "deliver_window": SOUND.submit_by - NOW + 1}, "claim_by"),
        ({**OPEN, "claim_bond_bps": 99}, "claim_bond_bps"),
        ({**OPEN, "claim_bond_bps": 10_001}, "claim_bond_bps"),
        ({"claim_by": NOW}, "claim_by"),
        ({"claim_bond_bps": 1}, "claim_by"),
        ({"validators": (party(12), party(11), party(13))}, "validators"),
    ],
)
def test_each_bound_of_the_contract_is_told(changes: dict[str, Any], faulty: str) -> None:
    findings = list(bounds_broken(replace(SOUND, **changes), now=NOW, escrow=ESCROW))
    assert [finding.path for finding in findings] == [faulty]
    assert findings[0].remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": 2**128 - 1},
        {"fee_bps": 1000, "fee_to": party(50)},
        {**CONTESTED, "fee_bps": 1000, "fee_to": party(50), "dispute_bond_bps": 1001},
        {**CONTESTED, "fee_bps": 499, "fee_to": party(50)},
        {"submit_by": NOW},
        {"verdict_by": SOUND.submit_by + 7200},
        {"verdict_by": NOW + 365 * 86_400},
        {"arbiter": party(9), "ruling_window": 30 * 86_400, "challenge_window": 30 * 86_400},
        {"silence_bps": 0, "inconclusive_bps": 10_000},
        {**CONTESTED, "max_rounds": 2},
        {**CONTESTED, "max_rounds": 8},
        OPEN,
        {**OPEN, "deliver_window": 60, "claim_by": SOUND.submit_by - 60, "claim_bond_bps": 100},
        {**OPEN, "claim_by": NOW, "claim_bond_bps": 10_000},
        {"registry": party(60)},
        {"fee_to": party(11)},
    ],
)
def test_the_edge_of_each_bound_is_inside(changes: dict[str, Any]) -> None:
    assert list(bounds_broken(replace(SOUND, **changes), now=NOW, escrow=ESCROW)) == []


def test_all_broken_bounds_are_told_at_once() -> None:
    wrong = replace(SOUND, budget=0, fee_bps=5000, challenge_window=5, quorum=0, worker=SOUND.payer, max_rounds=9)
    found = {finding.path for finding in bounds_broken(wrong, now=NOW)}
    assert found == {"budget", "fee_bps", "fee_to", "arbiter", "quorum", "worker", "max_rounds"}


def test_metered_by_job_the_worker_gets_the_budget_less_the_fee() -> None:
    spec = child(settlement={"fee_bps": 333, "fee_to": party(50)})
    terms = terms_of(spec)
    assert worker_amount(spec, terms, 4000) == terms.budget - fee_of(terms) == 25_000_000 - 832_500


@pytest.mark.parametrize(("shots", "amount"), [(0, 0), (1, 3333), (3, 9999), (4000, 13_332_000), (10**6, 24_975_000)])
def test_metered_by_shot_the_price_is_rounded_down_once_and_capped(shots: int, amount: int) -> None:
    spec = child(
        budget={"metering": {"unit": "shot", "price_usd": "0.003333"}},
        settlement={"fee_bps": 10, "fee_to": party(50)},
    )
    assert worker_amount(spec, terms_of(spec), shots) == amount


def test_rounding_is_of_the_sum_and_not_of_each_shot() -> None:
    spec = simulated(
        normalise(
            draft(budget={"metering": {"unit": "shot", "price_usd": "0.0000015"}}),
            operator_policy=PromotionPolicy(),
            bits=5,
        ),
        RECORD,
    )
    spec = promoted(spec, "ibm", 25, QUOTE)
    assert worker_amount(spec, terms_of(spec), 3) == Fraction("4.5") // 1 == 4


def test_negative_use_and_a_missing_quote_are_errors() -> None:
    spec = draft(budget={"metering": {"unit": "shot", "price_usd": "0.01"}})
    with pytest.raises(ValueError, match="quote"):
        worker_amount(spec, SOUND, 1)
    with pytest.raises(ValueError, match="shots"):
        worker_amount(spec, SOUND, -1)

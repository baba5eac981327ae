"""Filling in defaults, freezing by simulation, and making the promoted child."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.encoding import InputRejected, canonical_bytes, format_rational, parse_rational
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    Quote,
    SimulationRecord,
    canonical_spec,
    normalise,
    parse_canonical_spec,
    policy_of,
    promoted,
    simulated,
    spec_hash,
)
from oracle.spec.sections.budget import amount_of, least_usd
from oracle.spec.sections.methods import DEFAULT_GUARDS
from oracle.statistics import SCORES

Load = Callable[[str], JobSpec]
OPERATOR = PromotionPolicy()
RECORD = SimulationRecord(
    circuit_hash="0x" + "c1" * 32,
    baseline_root="0x" + "ba" * 32,
    simulation_digest="0x" + "51" * 32,
    baseline_distance="1/50",
    qubits=5,
    depth=9,
    two_qubit_gates=20,
)


def quote(**changes: Any) -> Quote:
    said = {
        "token": "native",
        "symbol": "ETH",
        "decimals": 18,
        "usd_per_token": "3150.25",
        "source": "test",
        "quoted_at": "2026-06-01T12:00:00+02:00",
    }
    return Quote.model_validate(said | changes)


@pytest.fixture
def normal(load: Load, article: str) -> JobSpec:
    return normalise(load(article), operator_policy=OPERATOR, bits=5)


def test_every_default_is_written_out(normal: JobSpec) -> None:
    assert normal.timeouts.model_dump() == {
        "queue_s": 7200,
        "execution_s": 3600,
        "result_s": 900,
        "verdict_s": 7200,
        "total_s": 18_900,
    }
    assert (normal.settlement.silence_bps, normal.settlement.inconclusive_bps) == (5000, 5000)
    assert normal.validation.certificates == ("tvd.certified/1", "witness.levelset/1")
    assert normal.promotion_policy == OPERATOR
    assert normal.result.schema_id == "packed-shots/1"


def test_references_nobody_has_resolved_are_in_plain_sight(normal: JobSpec) -> None:
    assert normal.inputs.unresolved == ("ipfs://example-input-hash", "registry.local/qprep:1.4.2")


def test_a_pinned_image_and_digested_data_are_resolved(load: Load, article: str, folder: Any) -> None:
    (folder / "input.json").write_text("[]")
    text = article.replace("ipfs://example-input-hash", "./input.json")
    text = text.replace("qprep:1.4.2", "qprep@sha256:" + "ab" * 32)
    spec = normalise(load(text), operator_policy=OPERATOR, bits=5)
    assert spec.inputs.unresolved == ()
    assert spec.inputs.input_hash is not None


def test_a_spec_cannot_call_its_references_resolved(load: Load, article: str) -> None:
    spec = load(article.replace("inputs:\n", "inputs:\n  unresolved: []\n"))
    assert normalise(spec, operator_policy=OPERATOR, bits=5).inputs.unresolved != ()


def test_the_certificates_stay_open_until_the_width_is_known(load: Load, article: str) -> None:
    draft = load(article)
    early = normalise(draft, operator_policy=OPERATOR, bits=None)
    assert early.validation.certificates is None
    assert normalise(early, operator_policy=OPERATOR, bits=5) == normalise(draft, operator_policy=OPERATOR, bits=5)
    with pytest.raises(InputRejected, match=r"certificates: \[witness.levelset/1\]"):
        normalise(draft, operator_policy=OPERATOR, bits=7)


def test_guards_are_written_in_where_a_spec_names_none_and_left_alone_where_it_does(load: Load, article: str) -> None:
    draft = load(article)
    assert draft.validation.guards is None
    assert normalise(draft, operator_policy=OPERATOR, bits=None).validation.guards is None
    filled = normalise(draft, operator_policy=OPERATOR, bits=5)
    by_default = tuple(sorted((*DEFAULT_GUARDS, SCORES)))
    assert filled.validation.guards == by_default
    assert policy_of(filled, 5).guards == by_default
    for named, kept in (
        ("[]", ()),
        ("[repeats.lag1/1, homogeneity.blocks/1]", ("homogeneity.blocks/1", "repeats.lag1/1")),
    ):
        spec = load(article.replace("validation:\n", f"validation:\n  guards: {named}\n"))
        assert normalise(spec, operator_policy=OPERATOR, bits=5).validation.guards == kept


def test_a_spec_that_names_no_guards_says_nothing_of_them_and_is_judged_by_the_default(normal: JobSpec) -> None:
    data = normal.model_dump(mode="json")
    del data["validation"]["guards"]
    silent = canonical_bytes(data)
    spec = parse_canonical_spec(silent)
    assert canonical_spec(spec) == silent
    assert spec_hash(spec) != spec_hash(normal)
    assert policy_of(spec, 5).guards == normal.validation.guards
    assert b"guards" not in canonical_spec(simulated(spec, RECORD))
    # Saying null would be a second preimage of the same spec.
    data["validation"]["guards"] = None
    with pytest.raises(InputRejected):
        parse_canonical_spec(canonical_bytes(data))


def test_a_wish_for_looser_promotion_has_no_effect_and_a_stricter_one_has(load: Load, article: str) -> None:
    loose = article + "promotion_policy:\n  require_simulation: false\n  max_hardware_runs_per_day: 99\n"
    assert normalise(load(loose), operator_policy=OPERATOR, bits=5).promotion_policy == OPERATOR
    strict = article + "promotion_policy:\n  require_baseline_distance_below: 0.01\n  max_hardware_runs_per_day: 1\n"
    merged = normalise(load(strict), operator_policy=OPERATOR, bits=5).promotion_policy
    assert merged is not None
    assert (merged.require_baseline_distance_below, merged.max_hardware_runs_per_day) == ("1/100", 1)


def test_the_canonical_form_is_read_back_and_nothing_else_is(normal: JobSpec) -> None:
    data = canonical_spec(normal)
    assert parse_canonical_spec(data) == normal
    for other in (
        data + b"\n",
        data.replace(b'"1/100"', b'"0.01"'),
        data.replace(b'"1/100"', b'"2/200"'),
        data.replace(b'"max_rounds":1,', b""),
        data.replace(b'"shots":4000', b'"shots":4000.0'),
        data.replace(b'"shots":4000', b'"shots":0'),
        data.replace(b'"shots":4000', b'"shots":4000,"shot":1'),
        data.replace(b'"version":"2026-06"', b'"version":2026'),
        b"{}",
        b"[]",
        b"",
        b"\xff",
    ):
        assert other != data
        with pytest.raises(InputRejected):
            parse_canonical_spec(other)


def test_the_digest_follows_the_meaning_and_not_the_spelling(load: Load, article: str, normal: JobSpec) -> None:
    respelt = article.replace("validation:\n", "validation:\n  alpha: 1/100\n  eps: 0.250\n").replace(": 25", ": 25.00")
    assert spec_hash(normalise(load(respelt), operator_policy=OPERATOR, bits=5)) == spec_hash(normal)
    changed = article.replace("shots: 4000", "shots: 4001")
    assert spec_hash(normalise(load(changed), operator_policy=OPERATOR, bits=5)) != spec_hash(normal)


def test_simulation_freezes_circuit_and_baseline(normal: JobSpec) -> None:
    spec = simulated(normal, RECORD)
    assert spec.quantum is not None
    assert (spec.quantum.circuit_hash, spec.validation.baseline_root) == (RECORD.circuit_hash, RECORD.baseline_root)
    assert spec.simulation == RECORD
    assert normalise(spec, operator_policy=OPERATOR, bits=5) == spec


@pytest.mark.parametrize("section", ["quantum", "validation"])
def test_a_frozen_spec_with_another_circuit_or_baseline_is_refused(normal: JobSpec, section: str) -> None:
    field = {"quantum": "circuit_hash", "validation": "baseline_root"}[section]
    data = simulated(normal, RECORD).model_dump(mode="json")
    data[section][field] = "0x" + "99" * 32
    with pytest.raises(ValueError, match="that was simulated"):
        JobSpec.model_validate(data)


def test_promotion_makes_a_child_with_its_amount(normal: JobSpec) -> None:
    parent = simulated(normal, RECORD)
    child = promoted(parent, "ibm", Fraction(25, 2), quote())
    assert child.promotion is not None
    assert child.promotion.model_dump() == {
        "parent": spec_hash(parent),
        "target": "ibm",
        "max_usd_equivalent": "12.5",
    }
    assert child.budget.max_usd_equivalent == "12.5"
    assert child.budget.token == "native"
    assert child.budget.amount == str(Fraction(25, 2) / Fraction("3150.25") * 10**18 // 1)
    assert child.budget.quote == quote()
    assert parse_canonical_spec(canonical_spec(child)) == child
    assert normalise(child, operator_policy=OPERATOR, bits=5) == child
    assert spec_hash(child) != spec_hash(parent)


@pytest.mark.parametrize(
    ("max_usd", "changes", "path"),
    [
        (26, {}, "promotion.max_usd_equivalent"),
        (0, {}, "promotion.max_usd_equivalent"),
        (-1, {}, "promotion.max_usd_equivalent"),
        ("twenty", {}, "promotion.max_usd_equivalent"),
        (Fraction(1, 3), {}, "promotion.max_usd_equivalent"),
        (1, {"decimals": 0}, "promotion.max_usd_equivalent"),
        (25, {"decimals": 36, "usd_per_token": "1/100000000"}, "promotion.max_usd_equivalent"),
    ],
)
def test_a_promotion_beyond_the_spec_is_refused(
    normal: JobSpec, max_usd: Any, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(InputRejected) as caught:
        promoted(simulated(normal, RECORD), "ibm", max_usd, quote(**changes))
    assert [finding.path for finding in caught.value.findings] == [path]


@given(st.integers(0, 36), st.fractions("1/1000000", 10**6, max_denominator=10**6))
def test_the_least_amount_that_a_remedy_names_can_be_promoted(decimals: int, rate: Fraction) -> None:
    """0.0000001 US dollars were told to be 0 base units, and to correct the quote."""
    pinned = quote(decimals=decimals, usd_per_token=format_rational(rate))
    assert amount_of(parse_rational(least_usd(pinned)), pinned) > 0


def test_metering_by_shot_takes_the_operators_price_unless_the_spec_names_its_own(load: Load, article: str) -> None:
    def price(metering: str) -> str | None:
        text = article.replace("budget:\n", f"budget:\n  metering: {metering}\n")
        spec = normalise(load(text), operator_policy=OPERATOR, bits=5, usd_per_shot="0.005")
        assert normalise(spec, operator_policy=OPERATOR, bits=5, usd_per_shot="7") == spec
        return spec.budget.metering.price_usd

    assert price("{unit: shot}") == "0.005"
    assert price("{unit: shot, price_usd: 0.25}") == "0.25"
    assert price("{unit: job}") is None


def test_all_that_speaks_against_a_promotion_is_told_at_once(load: Load, article: str) -> None:
    text = article.replace("budget:\n", 'budget:\n  token: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"\n')
    with pytest.raises(InputRejected) as caught:
        promoted(load(text), "ibm", 26, quote())
    assert {finding.path for finding in caught.value.findings} == {
        "simulation",
        "promotion.max_usd_equivalent",
        "budget.token",
    }


def test_a_child_is_not_promoted_again(normal: JobSpec) -> None:
    child = promoted(simulated(normal, RECORD), "ibm", 25, quote())
    with pytest.raises(InputRejected, match="child already"):
        promoted(child, "ibm", 5, quote())


@pytest.mark.parametrize(
    "change",
    [{"amount": "1"}, {"max_usd_equivalent": "24"}, {"token": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"}],
)
def test_a_child_whose_amount_does_not_follow_from_its_quote_is_refused(
    normal: JobSpec, change: dict[str, str]
) -> None:
    data = promoted(simulated(normal, RECORD), "ibm", 25, quote()).model_dump(mode="json")
    data["budget"] |= change
    with pytest.raises(ValueError, match="budget"):
        JobSpec.model_validate(data)


@pytest.mark.parametrize(
    ("usd", "rate", "decimals", "amount"),
    [
        ("25", "1", 6, 25_000_000),
        ("25", "3", 0, 8),
        ("2", "3", 0, 0),
        ("0.01", "1/3", 2, 3),
        ("25", "3150.25", 18, 7935878104912308),
    ],
)
def test_amounts_are_exact_and_rounded_down(usd: str, rate: str, decimals: int, amount: int) -> None:
    rated = quote(usd_per_token=rate, decimals=decimals)
    assert amount_of(parse_rational(usd), rated) == amount
    assert Fraction(amount, 10**decimals) * parse_rational(rated.usd_per_token) <= parse_rational(usd)


def test_a_quote_keeps_one_form() -> None:
    said = quote(token="0x" + "00" * 20, usd_per_token="6300.50")
    assert said.model_dump(mode="json") == {
        "token": "native",
        "symbol": "ETH",
        "decimals": 18,
        "usd_per_token": "12601/2",
        "source": "test",
        "quoted_at": "2026-06-01T10:00:00Z",
    }
    for wrong in ({"usd_per_token": "0"}, {"usd_per_token": 3150.25}, {"quoted_at": "2026-06-01T10:00:00"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            quote(**wrong)

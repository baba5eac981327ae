"""Normal form, over drafts of every shape: normalising twice changes nothing, and one meaning has one digest."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.encoding import InputRejected, parse_rational
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    Quote,
    SimulationRecord,
    amount_of,
    canonical_spec,
    normalise,
    parse_canonical_spec,
    promoted,
    simulated,
    spec_hash,
)
from oracle.spec.reading.canonical import read_spec
from oracle.spec.reading.diagnosis import diagnose
from oracle.spec.reading.document import read_document

addresses = st.binary(min_size=20, max_size=20).filter(any).map(lambda data: "0x" + data.hex())
digests = st.binary(min_size=32, max_size=32).map(lambda data: "0x" + data.hex())
thousandths = st.integers(1, 999)


def spelt(number: int) -> st.SearchStrategy[str]:
    """`number` thousandths, in one of the ways people write them."""
    return st.sampled_from([f"{number}/1000", f"0.{number:03}", f"0.{number:03}000", f"{number * 7}/7000"])


proportions = thousandths.flatmap(spelt)
approvals = st.lists(
    st.one_of(
        st.sampled_from(["new_circuit_family", "unknown_requester"]),
        st.integers(1, 10**6).map(lambda usd: f"budget_over_{usd}"),
    ),
    max_size=4,
)
policies = st.builds(
    PromotionPolicy,
    require_simulation=st.booleans(),
    require_baseline_distance_below=proportions,
    max_hardware_runs_per_day=st.integers(1, 100),
    require_manual_approval_for=approvals.map(tuple),
)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def drafts(draw: st.DrawFn) -> dict[str, Any]:
    """A right draft with any of its optional fields, as plain data."""
    accept, more = draw(st.integers(1, 900)), draw(st.integers(0, 99))
    fidelity, less = draw(st.integers(100, 999)), draw(st.integers(0, 99))
    windows = draw(
        st.one_of(
            st.just({}),
            st.fixed_dictionaries(
                {
                    "arbiter": addresses,
                    "ruling_window_s": st.integers(1, 30 * 86_400),
                    "challenge_window_s": st.integers(0, 30 * 86_400),
                }
            ),
        )
    )
    others = addresses.filter(lambda address: address != windows.get("arbiter"))
    fee = draw(st.one_of(st.just({}), st.fixed_dictionaries({"fee_bps": st.integers(0, 1000), "fee_to": others})))
    metering = draw(
        st.sampled_from([{}, {"metering": {"unit": "job"}}, {"metering": {"unit": "shot", "price_usd": "0.0100"}}])
    )
    minutes = draw(st.integers(1, 10_000))
    return {
        "job_type": "quantum_experiment",
        "version": draw(st.one_of(st.just("2026-06"), st.integers(0, 9999))),
        "requester": draw(
            st.one_of(st.just("did:example:buyer123"), addresses.map(lambda address: f"did:pkh:eip155:1:{address}"))
        ),
        "inputs": draw(optional(dataset_ref=st.sampled_from(["ipfs://x", "./a.json"]), input_hash=digests)),
        "quantum": {
            "circuit_ref": "./circuits/optimizer.py",
            "shots": draw(st.integers(1, 10**7)),
            "max_queue_minutes": minutes,
            **draw(optional(max_qubits=st.integers(1, 1024), circuit_family=st.just("qaoa"))),
        },
        "budget": {"max_usd_equivalent": draw(st.sampled_from([25, "25.0", "0.10", "999.99"])), **metering},
        "timeouts": draw(optional(queue_s=st.integers(0, 60 * minutes), execution_s=st.integers(0, 86_400))),
        "validation": {
            "method": "distribution_threshold",
            "eps": draw(spelt(accept)),
            "honest_eps": draw(spelt(accept + more)),
            "f_min": draw(spelt(fidelity)),
            "honest_f": draw(spelt(fidelity - less)),
            **draw(optional(alpha=proportions, beta=proportions)),
        },
        "settlement": {**windows, **fee},
        **draw(optional(promotion_policy=policies.map(lambda policy: policy.model_dump(mode="json")))),
    }


@settings(max_examples=150, deadline=None)
@given(data=drafts(), operator=policies, bits=st.one_of(st.none(), st.integers(1, 6)))
def test_normalising_twice_changes_nothing(data: dict[str, Any], operator: PromotionPolicy, bits: int | None) -> None:
    once = normalise(read_spec(data, "draft"), operator_policy=operator, bits=bits)
    assert normalise(once, operator_policy=operator, bits=bits) == once
    written = canonical_spec(once)
    assert parse_canonical_spec(written) == once
    assert canonical_spec(parse_canonical_spec(written)) == written
    assert once.timeouts.queue_s is not None
    assert once.timeouts.total_s is not None
    assert once.promotion_policy is not None


@settings(max_examples=100, deadline=None)
@given(data=drafts(), shuffle=st.randoms(use_true_random=False), indent=st.sampled_from([None, 1, 4]))
def test_the_order_and_layout_of_a_document_do_not_reach_its_digest(
    data: dict[str, Any], shuffle: Any, indent: int | None
) -> None:
    keys = list(data)
    shuffle.shuffle(keys)
    text = json.dumps({key: data[key] for key in keys}, indent=indent)
    read = diagnose(JobSpec, read_document(text.encode())).model
    assert read is not None
    assert spec_hash(read) == spec_hash(read_spec(data, "draft"))


@settings(max_examples=100, deadline=None)
@given(data=drafts(), number=thousandths, pair=st.data())
def test_a_number_has_one_digest_however_it_is_written(data: dict[str, Any], number: int, pair: st.DataObject) -> None:
    hashes = set()
    for _ in range(2):
        data["validation"]["alpha"] = pair.draw(spelt(number))
        hashes.add(spec_hash(read_spec(data, "draft")))
    assert len(hashes) == 1


@settings(max_examples=100, deadline=None)
@given(
    data=drafts(),
    decimals=st.integers(0, 24),
    rate=st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)),
    share=st.integers(1, 100),
)
def test_a_child_never_costs_more_than_was_allowed(
    data: dict[str, Any], decimals: int, rate: tuple[int, int], share: int
) -> None:
    # A circuit wider than the spec allows is refused, which is another test's matter.
    data["quantum"] = {key: value for key, value in data["quantum"].items() if key != "max_qubits"}
    spec = normalise(read_spec(data, "draft"), operator_policy=PromotionPolicy(), bits=5)
    record = SimulationRecord(
        circuit_hash="0x" + "c1" * 32,
        baseline_root="0x" + "ba" * 32,
        simulation_digest="0x" + "51" * 32,
        baseline_distance="0",
        qubits=5,
        depth=1,
        two_qubit_gates=0,
    )
    quote = Quote(
        token="native",
        symbol="T",
        decimals=decimals,
        usd_per_token=f"{rate[0]}/{rate[1]}",
        source="test",
        quoted_at="2026-06-01T12:00:00Z",
    )
    allowed = parse_rational(spec.budget.max_usd_equivalent)
    usd = allowed * share / 100
    frozen = simulated(spec, record)
    if not 0 < amount_of(usd, quote) < 2**128:
        with pytest.raises(InputRejected, match=r"promotion\.max_usd_equivalent"):
            promoted(frozen, "ibm", usd, quote)
        return
    child = promoted(frozen, "ibm", usd, quote)
    assert child.budget.amount is not None
    spent = Fraction(int(child.budget.amount), 10**decimals) * Fraction(*rate)
    assert spent <= usd <= allowed
    assert usd - spent < Fraction(*rate) / 10**decimals
    assert parse_canonical_spec(canonical_spec(child)) == child


@settings(max_examples=200, deadline=None)
@given(operator=policies, spec=policies)
def test_the_merged_promotion_policy_is_as_strict_as_both(operator: PromotionPolicy, spec: PromotionPolicy) -> None:
    merged = operator.tightened_by(spec)
    assert merged == spec.tightened_by(operator)
    assert merged.tightened_by(spec) == merged.tightened_by(operator) == merged
    for one in (operator, spec):
        assert merged.require_simulation >= one.require_simulation
        assert merged.max_hardware_runs_per_day <= one.max_hardware_runs_per_day
        assert parse_rational(merged.require_baseline_distance_below) <= parse_rational(
            one.require_baseline_distance_below
        )
        for approval in one.require_manual_approval_for:
            if not approval.startswith("budget_over_"):
                assert approval in merged.require_manual_approval_for
        if one.approval_above_usd is not None:
            assert merged.approval_above_usd is not None
            assert merged.approval_above_usd <= one.approval_above_usd


@settings(max_examples=100, deadline=None)
@given(address=addresses)
def test_an_address_has_one_form_in_a_spec(address: str) -> None:
    data = {
        "job_type": "quantum_experiment",
        "version": "1",
        "requester": f"did:pkh:eip155:1:{address}",
        "quantum": {"circuit_ref": "a.py", "shots": 1},
        "budget": {"max_usd_equivalent": 1},
        "validation": {"method": "distribution_threshold"},
    }
    assert read_spec(data, "draft").requester == f"did:pkh:eip155:1:{to_checksum_address(address)}"
    flipped = "".join(c.lower() if c.isupper() else c.upper() for c in to_checksum_address(address)[2:])
    if flipped not in (flipped.lower(), flipped.upper()):
        with pytest.raises(InputRejected, match="checksum"):
            read_spec(data | {"requester": f"did:pkh:eip155:1:0x{flipped}"}, "draft")

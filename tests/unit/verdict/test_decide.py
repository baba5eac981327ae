"""Verdicts on results of every kind, honest and not."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST, sha256_hex
from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BLOCKS,
    DISPERSION,
    REPEATS,
    TVD,
    WITNESS,
    Baseline,
    Decision,
    MethodRefused,
    PolicyRefused,
    Record,
    guard,
)
from oracle.statistics.baseline import TOTAL
from oracle.terms.typed_data import Outcome
from oracle.verdict import Case, CaseRejected, Note, VerdictDocument, decide, note_sentence
from oracle.verdict.decide import replay_is_likely

_GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "verdict_documents.json").read_text())
RING5 = Baseline.from_bytes(_GOLDEN["baselines"]["ring5"].encode())
RATES = (Fraction(1, 100), Fraction(1, 100), Fraction(1, 4), Fraction(1, 4), Fraction(7, 10), Fraction(7, 10))
BOTH = ValidationPolicy(*RATES, (TVD, WITNESS))
ALONE = ValidationPolicy(*RATES, (WITNESS,))


def case(values: np.ndarray, baseline: Baseline = RING5, policy: ValidationPolicy = BOTH) -> Case:
    shots = pack(values, baseline.bits)
    return Case(
        job=ZERO_DIGEST,
        round=0,
        spec_hash=ZERO_DIGEST,
        policy=policy,
        shots_required=shots.count,
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=shots.result_hash,
        artifact=shots.data,
        replayed=False,
        worker_amount=10**20,
    )


def drawn(fidelity: float, baseline: Baseline = RING5, shots: int = 4000, seed: int = 1) -> np.ndarray:
    law = fidelity * baseline.weights / TOTAL + (1 - fidelity) / baseline.outcomes
    return np.random.default_rng(seed).choice(baseline.outcomes, size=shots, p=law)


def dense(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))


def test_an_honest_worker_is_accepted_and_gets_the_amount() -> None:
    document = decide(case(drawn(0.9)))
    assert document.outcome is Outcome.ACCEPT
    assert document.reason_codes == ("certified",)
    assert document.worker_amount == str(10**20)
    assert [c.decision for c in document.certificates] == [Decision.ACCEPT, Decision.ACCEPT]
    assert document.notes == ("selection_unprotected",)


def test_a_uniform_worker_is_rejected_and_gets_nothing() -> None:
    document = decide(case(drawn(0.0)))
    assert document.outcome is Outcome.REJECT
    assert document.worker_amount == "0"
    assert document.certificates[0].statistic is not None
    assert document.certificates[0].statistic / (2 * 4000 * TOTAL) == pytest.approx(0.68, abs=0.03)


def test_rejection_comes_before_acceptance() -> None:
    # Only the mode: every shot is in the witness's set, and far from the distribution.
    document = decide(case(np.full(4000, int(RING5.weights.argmax()))))
    assert [c.decision for c in document.certificates] == [Decision.REJECT, Decision.ACCEPT]
    assert document.outcome is Outcome.REJECT
    assert document.reason_codes == ("rejected_by:tvd.certified/1",)


@pytest.mark.parametrize("bits", [5, 8, 10, 12, 16, 20])
def test_the_witness_accepts_high_fidelity_and_rejects_low_at_any_width(bits: int) -> None:
    baseline = dense(bits)
    assert decide(case(drawn(0.9, baseline), baseline, ALONE)).outcome is Outcome.ACCEPT
    assert decide(case(drawn(0.5, baseline), baseline, ALONE)).outcome is Outcome.REJECT
    assert decide(case(drawn(0.0, baseline), baseline, ALONE)).outcome is Outcome.REJECT


def test_another_circuits_result_is_rejected() -> None:
    assert decide(case(drawn(1.0) ^ 0b01010)).outcome is Outcome.REJECT


def test_a_missing_artifact_is_rejected() -> None:
    document = decide(replace(case(drawn(1.0)), artifact=None))
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, ("artifact_unavailable",))
    assert document.shots_received is None
    assert document.certificates == ()


def test_bytes_of_another_hash_are_rejected_even_if_they_are_good_shots() -> None:
    honest = case(drawn(1.0))
    document = decide(replace(honest, artifact=pack(drawn(1.0, seed=2), 5).data))
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, ("artifact_hash_mismatch",))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "artifact_empty"),
        (b"\0" * 15_999, "artifact_wrong_size"),
        (b"\0" * 15_996, "wrong_shot_count"),
        (b"\0" * 16_004, "wrong_shot_count"),
        (b"\0" * 15_996 + b"\x20\0\0\0", "bits_above_register"),
        (b"\0" * 15_996 + b"\0\0\0\x80", "bits_above_register"),
    ],
)
def test_bytes_that_are_no_such_result_are_rejected_with_their_reason(data: bytes, code: str) -> None:
    broken = replace(case(drawn(1.0)), artifact=data, result_hash=sha256_hex(data))
    document = decide(broken)
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, (code,))
    assert document.certificates == ()


def test_a_replayed_result_is_rejected() -> None:
    document = decide(replace(case(drawn(1.0)), replayed=True))
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, ("replayed_result",))


def test_a_circuit_with_one_outcome_may_repeat_itself() -> None:
    weights = np.zeros(8, dtype=np.int64)
    weights[5] = TOTAL
    mirror = Baseline(3, weights)
    assert decide(replace(case(np.full(200, 5), mirror, ALONE), replayed=True)).outcome is Outcome.ACCEPT


def test_results_repeat_by_chance_only_below_128_bits_of_entropy() -> None:
    coin = Baseline.uniform(1)
    assert replay_is_likely(coin, 127)
    assert not replay_is_likely(coin, 128)
    assert not replay_is_likely(Baseline.uniform(8), 16)
    assert replay_is_likely(Baseline.uniform(8), 15)


def test_a_baseline_that_is_not_the_committed_one_decides_nothing() -> None:
    with pytest.raises(CaseRejected, match="not the committed"):
        decide(replace(case(drawn(1.0)), baseline_root=ZERO_DIGEST))


def test_another_engine_is_not_imitated() -> None:
    with pytest.raises(CaseRejected, match="engine"):
        decide(replace(case(drawn(1.0)), engine="compute-escrow/verdict/0"))


def test_a_policy_out_of_range_decides_nothing() -> None:
    with pytest.raises(PolicyRefused):
        decide(case(drawn(1.0), policy=replace(BOTH, honest_eps=Fraction(1, 5))))


@pytest.mark.parametrize("field", ["job", "round", "spec_hash", "policy", "result_hash", "worker_amount"])
def test_every_input_reaches_the_digest(field: str) -> None:
    values = drawn(1.0)
    one = case(values)
    changed = {
        "job": sha256_hex(b"job"),
        "round": 1,
        "spec_hash": sha256_hex(b"spec"),
        "policy": replace(BOTH, alpha=Fraction(1, 200)),
        "result_hash": None,
        "worker_amount": 5,
    }[field]
    other = case(values[::-1].copy()) if field == "result_hash" else replace(one, **{field: changed})
    assert decide(one).digest == decide(one).digest
    assert decide(one).digest != decide(other).digest


def test_four_thousand_shots_are_decided_in_milliseconds() -> None:
    cases = [case(drawn(0.9, seed=seed)) for seed in range(20)]
    decide(cases[0])
    start = time.perf_counter()
    for each in cases:
        assert decide(each).digest
    # 0.5 ms each on an idle core; the target is 5 ms.
    assert (time.perf_counter() - start) / len(cases) < 0.025


def test_a_million_shots_of_twenty_bits_are_decided() -> None:
    baseline = dense(20)
    million = case(drawn(0.9, baseline, 1_000_000), baseline, ALONE)
    assert decide(million).outcome is Outcome.ACCEPT
    start = time.perf_counter()
    assert decide(million).shots_received == 1_000_000
    # 35 ms on an idle core; the target is 100 ms.
    assert time.perf_counter() - start < 1


# Results without order, and what nobody knows


GUARDED = replace(BOTH, guards=(BLOCKS, DISPERSION, REPEATS))


def test_counts_are_judged_by_all_but_the_guards_that_need_their_order() -> None:
    values = np.sort(drawn(0.9))
    in_order = decide(case(values, policy=GUARDED))
    # Sorted, as counts are packed: on such an order the guards that look at it would find the sorting.
    assert in_order.reason_codes == (f"rejected_by:{REPEATS}",)
    counted = decide(replace(case(values, policy=GUARDED), ordered=False))
    assert counted.outcome is Outcome.ACCEPT
    assert [guard.decision for guard in counted.guards] == [Decision.REFUSED, Decision.NEITHER, Decision.REFUSED]
    assert counted.guards[0].statistic is None
    assert counted.notes == ("selection_unprotected", "order_unknown")
    assert counted.certificates == in_order.certificates


def test_an_order_guard_that_is_handed_counts_refuses() -> None:
    shots = pack(drawn(0.9), 5)
    for name in (BLOCKS, REPEATS):
        with pytest.raises(MethodRefused, match="order"):
            guard(name, GUARDED, RING5, shots.count).inspect(Record(None, *shots.tally()))


def test_what_nobody_looked_at_is_noted_and_decides_nothing() -> None:
    known = decide(case(drawn(0.9)))
    unknown = decide(replace(case(drawn(0.9)), replayed=None, committed=False))
    assert unknown.notes == ("selection_unprotected", "replay_unchecked", "baseline_uncommitted")
    assert replace(unknown, notes=known.notes) == known
    assert VerdictDocument.from_bytes(unknown.to_bytes()) == unknown


def test_every_note_has_its_sentence() -> None:
    assert all(note_sentence(note.value) for note in Note)
    with pytest.raises(ValueError, match="nothing_noted"):
        note_sentence("nothing_noted")

"""Stated error rates, measured at the boundary: a test that is wrong more often than it says fails here.

Runs are modest and seeds fixed; the limit on the count of errors is the exact one that a method at its stated rate
crosses once in a thousand suites.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    CEILING,
    HUBER,
    SCORES,
    TVD,
    WITNESS,
    Baseline,
    Decision,
    Record,
    certifier,
    guard,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.tails import exact_upper_tail, least_significant, most_significant
from oracle.statistics.laws.levelset import witness_set

RUNS = 2000
RATE = Fraction(1, 20)
LIMIT = least_significant(RUNS, RATE, Fraction(1, 1000))
_GOLDEN = Path(__file__).parents[1] / "golden" / "verdict_documents.json"


def ring5() -> Baseline:
    return Baseline.from_bytes(json.loads(_GOLDEN.read_text())["baselines"]["ring5"].encode())


def dense8() -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(8).dirichlet(np.ones(256)))


def ghz4() -> Baseline:
    weights = np.zeros(16, dtype=np.int64)
    weights[[0, 15]] = TOTAL // 2
    return Baseline(4, weights)


def policy(method: str, *guards: str, f_max: Fraction | None = None) -> ValidationPolicy:
    quarter, four_fifths = Fraction(1, 4), Fraction(4, 5)
    return ValidationPolicy(RATE, RATE, quarter, quarter, four_fifths, four_fifths, (method,), guards, f_max)


def away(p: np.ndarray, distance: float, towards: np.ndarray) -> np.ndarray:
    """The law on the segment from p to `towards` at total variation `distance` from p."""
    return p + (towards - p) * (distance / (np.abs(towards - p).sum() / 2))


def errors(method: str, baseline: Baseline, law: np.ndarray, shots: int, error: Decision) -> int:
    rules = policy(method) if method != HUBER else replace(policy(method), certificates=(HUBER, WITNESS))
    prepared = certifier(method, rules, baseline, shots)
    outcomes = np.arange(baseline.outcomes)
    drawn = np.random.default_rng(shots).multinomial(shots, law, size=RUNS)
    return sum(prepared.certify(outcomes, counts).decision is error for counts in drawn)


def concentrated(p: np.ndarray) -> np.ndarray:
    return np.eye(p.size)[int(p.argmin())]


def spread(p: np.ndarray) -> np.ndarray:
    return np.full(p.size, 1 / p.size)


@pytest.mark.parametrize("shots", [100, 1000])
@pytest.mark.parametrize("towards", [spread, concentrated])
@pytest.mark.parametrize("baseline", [ring5(), ghz4()], ids=["ring5", "ghz4"])
def test_a_worker_at_the_distance_is_neither_accepted_nor_rejected_more_often_than_stated(
    baseline: Baseline, towards, shots: int
) -> None:
    p = baseline.weights / TOTAL
    law = away(p, 0.25, towards(p))
    assert errors(TVD, baseline, law, shots, Decision.ACCEPT) < LIMIT
    assert errors(TVD, baseline, law, shots, Decision.REJECT) < LIMIT


@pytest.mark.parametrize("shots", [100, 1000])
@pytest.mark.parametrize("baseline", [ring5(), dense8(), ghz4()], ids=["ring5", "dense8", "ghz4"])
def test_a_worker_at_the_fidelity_is_neither_accepted_nor_rejected_more_often_than_stated(
    baseline: Baseline, shots: int
) -> None:
    law = 0.8 * baseline.weights / TOTAL + 0.2 / baseline.outcomes
    assert errors(WITNESS, baseline, law, shots, Decision.ACCEPT) < LIMIT
    assert errors(WITNESS, baseline, law, shots, Decision.REJECT) < LIMIT


@pytest.mark.parametrize("shots", [100, 1000])
@pytest.mark.parametrize("baseline", [ring5(), dense8()], ids=["ring5", "dense8"])
def test_a_worker_of_whom_just_so_much_is_missing_is_neither_accepted_nor_rejected_more_often_than_stated(
    baseline: Baseline, shots: int
) -> None:
    p = baseline.weights / TOTAL
    # Of four fifths of the baseline a quarter of all is missing, and all the rest is one outcome.
    steps = [away(p, distance, concentrated(p)) for distance in np.linspace(0.3, 0.9, 2000)]
    law = next(law for law in steps if np.maximum(0.8 * p - law, 0).sum() >= 0.25)
    assert errors(HUBER, baseline, law, shots, Decision.ACCEPT) < LIMIT
    assert errors(HUBER, baseline, law, shots, Decision.REJECT) < LIMIT


def rejections(name: str, rules: ValidationPolicy, baseline: Baseline, law: np.ndarray, shots: int) -> int:
    prepared = guard(name, rules, baseline, shots)
    outcomes = np.arange(baseline.outcomes)
    drawn = np.random.default_rng(shots).multinomial(shots, law, size=RUNS)
    unordered = np.zeros(shots, dtype=np.int64)
    return sum(prepared.inspect(Record(unordered, outcomes, counts)).decision is Decision.REJECT for counts in drawn)


@pytest.mark.parametrize("shots", [300, 1000])
def test_a_device_at_the_upper_bound_is_rejected_as_often_as_stated_and_not_much_less(shots: int) -> None:
    baseline, f_max = ring5(), Fraction(9, 10)
    law = 0.9 * baseline.weights / TOTAL + 0.1 / baseline.outcomes
    found = rejections(CEILING, policy(TVD, CEILING, f_max=f_max), baseline, law, shots)
    level_set = witness_set(baseline, f_max)
    assert level_set is not None
    share, at_most = level_set.share(f_max), RATE / 5  # a guard's part
    bound = next(k for k in range(shots + 1) if exact_upper_tail(k, shots, share) <= at_most)
    exact = exact_upper_tail(bound, shots, share)
    few, many = most_significant(RUNS, exact, Fraction(1, 1000)), least_significant(RUNS, exact, Fraction(1, 1000))
    assert few is not None
    assert many is not None
    assert few < found < many


@pytest.mark.parametrize("shots", [100, 1000])
def test_a_worker_whose_scores_are_lifted_as_far_as_is_allowed_is_rejected_no_more_often_than_stated(
    shots: int,
) -> None:
    baseline = dense8()
    p = baseline.weights / TOTAL
    order = np.argsort(p)
    # A twentieth of the law moves from the middling outcomes to the best one: the worst place for it.
    law = p.copy()
    for outcome in order[len(order) // 2 :]:
        taken = min(law[outcome], 0.05 - (p - law).clip(0).sum())
        law[outcome] -= taken
    law[order[-1]] += 1 - law.sum()
    limit = least_significant(RUNS, RATE / 5, Fraction(1, 1000))
    assert limit is not None
    assert rejections(SCORES, policy(TVD, SCORES), baseline, law, shots) < limit


@pytest.mark.parametrize("shots", [50, 100, 1000])
def test_a_worker_at_the_share_errs_as_often_as_stated_and_not_much_less(shots: int) -> None:
    law = np.full(16, 0.2 / 14)
    law[[0, 15]] = 0.4
    for error in (Decision.ACCEPT, Decision.REJECT):
        found = errors(BINOMIAL, ghz4(), law, shots, error)
        # The exact test spends its rate but for the steps of the counts: one that never erred would be useless.
        assert RUNS * RATE / 4 < found < LIMIT


def test_an_honest_worker_is_accepted_and_chance_rejected_at_the_defaults() -> None:
    baseline = ring5()
    p = baseline.weights / TOTAL
    default = ValidationPolicy(*[Fraction(1, 100)] * 2, *[Fraction(1, 4)] * 2, *[Fraction(7, 10)] * 2, (TVD, WITNESS))
    rng = np.random.default_rng(5)
    outcomes = np.arange(32)
    prepared = [certifier(method, default, baseline, 4000) for method in default.certificates]

    def decisions(law: np.ndarray) -> list[set[Decision]]:
        drawn = rng.multinomial(4000, law, size=300)
        return [{each.certify(outcomes, counts).decision for each in prepared} for counts in drawn]

    for fidelity in (1.0, 0.9, 0.83):
        assert all(found == {Decision.ACCEPT} for found in decisions(fidelity * p + (1 - fidelity) / 32))
    assert all(Decision.REJECT in found for found in decisions(np.full(32, 1 / 32)))
    assert all(Decision.REJECT in found for found in decisions(p[np.arange(32) ^ 0b01010]))
    assert all(Decision.REJECT in found for found in decisions(np.eye(32)[int(p.argmax())]))


def test_an_ideal_worker_passes_where_a_naive_threshold_fails_him() -> None:
    # The plug-in distance of an ideal sampler grows with the number of outcomes; the certified test knows by how much.
    baseline = dense8()
    p = baseline.weights / TOTAL
    drawn = np.random.default_rng(1).multinomial(4000, p, size=200)
    naive = sum(np.abs(counts / 4000 - p).sum() / 2 < 0.08 for counts in drawn)
    assert naive < 20
    prepared = certifier(TVD, policy(TVD), baseline, 4000)
    assert all(prepared.certify(np.arange(256), counts).decision is Decision.ACCEPT for counts in drawn)

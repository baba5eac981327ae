"""`huber.certified/1`: what it counts, where its bounds lie, and that it goes with a witness."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import HUBER, WITNESS, Baseline, Decision, PolicyRefused, certifier, check_policy, plan_shots
from oracle.statistics.baseline import TOTAL
from oracle.statistics.methods.huber import missing_statistic

Policy = Callable[..., ValidationPolicy]


def porter_thomas(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))


def test_what_is_missing_is_the_sum_of_shortfalls_over_all_outcomes_seen_or_not(ring5: Baseline) -> None:
    counts = {0: 7, 9: 100, 22: 41, 31: 2}
    n, fidelity = sum(counts.values()), Fraction(7, 10)
    short = sum(
        max(Fraction(0), fidelity * Fraction(weight, TOTAL) - Fraction(counts.get(x, 0), n))
        for x, weight in enumerate(ring5.weights.tolist())
    )
    seen, numbers = np.array(list(counts)), np.array(list(counts.values()))
    assert Fraction(missing_statistic(ring5, fidelity, seen, numbers), 10 * n * TOTAL) == short


def test_nothing_is_missing_from_a_mixture_with_any_other_law() -> None:
    # Seven shots in ten are the circuit's own quota, and the rest are all one outcome.
    weights = np.array([4, 3, 2, 1]) * (TOTAL // 10)
    baseline = Baseline(2, np.append(weights[:3], TOTAL - int(weights[:3].sum())))
    exact = np.array([28, 21, 14, 37])
    found = missing_statistic(baseline, Fraction(7, 10), np.arange(4), exact)
    assert found < 10 * 100 * 4  # nothing but what rounding to 2^-40 leaves


def test_its_bounds_are_the_formulas_to_the_last_integer(policy: Policy) -> None:
    baseline, shots = porter_thomas(8), 4000
    rules = policy(HUBER, WITNESS, honest_eps=Fraction(3, 10))
    found = certifier(HUBER, rules, baseline, shots).certify(np.arange(256), np.full(256, shots // 256))
    assert found.accept is not None
    unit = 10 * shots * TOTAL
    assert found.accept.value / unit == pytest.approx(0.25 - sqrt(log(100) / 2 / shots), abs=1e-9)
    assert found.reject is not None
    reject = 0.3 + sqrt(255 / 4 / shots) + sqrt(log(900) / 2 / shots)
    assert found.reject.value / unit == pytest.approx(reject, abs=1e-9)


def test_a_bound_that_no_result_reaches_is_not_written_down(policy: Policy) -> None:
    baseline = porter_thomas(8)
    found = certifier(HUBER, policy(HUBER, WITNESS), baseline, 100).certify(np.array([0]), np.array([100]))
    # At most F = 7/10 can be missing, and the bias alone is 0.8 with a hundred shots.
    assert found.reject is None
    assert found.decision is not Decision.REJECT


def test_a_device_with_noise_of_any_kind_is_accepted_where_the_distance_would_not(policy: Policy) -> None:
    baseline, shots = porter_thomas(8), 4000
    p = baseline.weights / TOTAL
    # A quarter of the runs ends in the ground state: far away in variation, and nothing of 7/10 is missing.
    law = 0.75 * p + 0.25 * np.eye(256)[0]
    assert np.abs(law - p).sum() / 2 > 0.24
    rules = policy(HUBER, WITNESS, eps=Fraction(1, 8), honest_eps=Fraction(1, 8))
    prepared = certifier(HUBER, rules, baseline, shots)
    rng = np.random.default_rng(1)
    for _ in range(20):
        counts = rng.multinomial(shots, law)
        assert prepared.certify(np.arange(256), counts).decision is Decision.ACCEPT


@pytest.mark.parametrize("worker", ["mode", "heavy", "other"])
def test_a_worker_without_the_law_is_not_accepted(policy: Policy, worker: str) -> None:
    baseline, shots = porter_thomas(8), 4000
    p = baseline.weights / TOTAL
    law = {
        "mode": np.eye(256)[int(p.argmax())],
        "heavy": np.where(p > np.quantile(p, 0.75), p, 0) / p[p > np.quantile(p, 0.75)].sum(),
        "other": p[::-1],
    }[worker]
    prepared = certifier(HUBER, policy(HUBER, WITNESS, eps=Fraction(1, 8), honest_eps=Fraction(1, 8)), baseline, shots)
    rng = np.random.default_rng(2)
    assert all(
        prepared.certify(np.arange(256), rng.multinomial(shots, law)).decision is not Decision.ACCEPT for _ in range(20)
    )


@pytest.mark.parametrize("fidelity", [Fraction(4, 5), Fraction(9, 10), Fraction(1)])
@pytest.mark.parametrize("shots", [400, 4000])
def test_its_forecast_is_not_rosier_than_what_happens(policy: Policy, fidelity: Fraction, shots: int) -> None:
    baseline = porter_thomas(7)
    prepared = certifier(HUBER, policy(HUBER, WITNESS, eps=Fraction(1, 8), honest_eps=Fraction(1, 8)), baseline, shots)
    law = float(fidelity) * baseline.weights / TOTAL + (1 - float(fidelity)) / 128
    drawn = np.random.default_rng(shots).multinomial(shots, law, size=300)
    accepted = sum(prepared.certify(np.arange(128), counts).decision is Decision.ACCEPT for counts in drawn) / 300
    # Three standard deviations of the share that is measured.
    assert accepted >= float(prepared.accepts_honest(fidelity)) - 0.09


def test_it_is_refused_without_a_witness(policy: Policy) -> None:
    with pytest.raises(PolicyRefused, match="witness"):
        check_policy(policy(HUBER), 4000)


def test_with_a_witness_four_thousand_shots_decide_at_nine_bits(policy: Policy) -> None:
    plan = plan_shots(policy(HUBER, WITNESS), porter_thomas(9), 4000)
    assert plan.feasible
    assert plan.method == f"{HUBER}+{WITNESS}"

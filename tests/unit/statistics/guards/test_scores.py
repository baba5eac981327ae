"""`score_cdf/1` and `ceiling.levelset/1`: scores that no device reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest
from attackers import at_fidelity, drawn, heavy_only, mode_only, with_readout_errors

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    CEILING,
    SCORES,
    WITNESS,
    Baseline,
    Certificate,
    Decision,
    MethodRefused,
    PolicyRefused,
    Record,
    check_policy,
    guard,
    misread,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.tails import exact_upper_tail
from oracle.statistics.guards.scores import SCORE_TOLERANCE
from oracle.statistics.laws.hull import NoiseHull
from oracle.statistics.laws.levelset import below_thresholds, thresholds, witness_set

Policy = Callable[..., ValidationPolicy]
SHOTS = 4000


def dense(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))


def biased_coins(bits: int, ones: float) -> Baseline:
    """Independent bits that are 1 at `ones`: the law on which lost ones raise scores most."""
    law = np.ones(1)
    for _ in range(bits):
        law = np.concatenate((law * (1 - ones), law * ones))
    return Baseline.from_probabilities(law)


@pytest.fixture
def scored(policy: Policy) -> ValidationPolicy:
    return replace(policy(WITNESS), guards=(SCORES,))


def inspect(rules: ValidationPolicy, baseline: Baseline, shots: np.ndarray, name: str = SCORES) -> Certificate:
    return guard(name, rules, baseline, shots.size).inspect(Record.of(shots))


def test_the_statistic_is_the_greatest_lead_of_the_baseline_over_the_shots(scored: ValidationPolicy) -> None:
    baseline = dense(6)
    shots = drawn(baseline.weights / TOTAL, 500, np.random.default_rng(1))
    scores = baseline.weights[shots]
    leads = {
        floor: 500 * int(baseline.weights[baseline.weights <= floor].sum()) - TOTAL * int((scores <= floor).sum())
        for floor in thresholds(6)
    }
    found = inspect(scored, baseline, shots)
    assert found.statistic == max(leads.values())
    assert leads[found.constants["floor"]] == found.statistic
    assert found.accept is None


def test_the_bound_is_the_inequalitys_to_the_last_integer(scored: ValidationPolicy) -> None:
    baseline = dense(6)
    found = inspect(scored, baseline, drawn(baseline.weights / TOTAL, SHOTS, np.random.default_rng(1)))
    assert found.reject is not None
    # One guard has a fifth of beta 1/100.
    assert found.reject.value / (SHOTS * TOTAL) == pytest.approx(1 / 20 + sqrt(log(500) / 2 / SHOTS), abs=1e-9)


@pytest.mark.parametrize("bits", [7, 10, 12])
@pytest.mark.parametrize("worker", [heavy_only, mode_only], ids=["heavy outputs", "the mode"])
def test_good_outcomes_alone_are_rejected(scored: ValidationPolicy, worker, bits: int) -> None:
    baseline = dense(bits)
    for seed in range(10):
        shots = worker(baseline.weights / TOTAL, SHOTS, np.random.default_rng(seed))
        assert inspect(scored, baseline, shots).decision is Decision.REJECT


@pytest.mark.parametrize("baseline", [dense(8), biased_coins(8, 0.3), biased_coins(8, 0.15)], ids=["dense", "30", "15"])
def test_errors_that_leave_noise_as_it_is_raise_the_share_of_no_level_set(baseline: Baseline) -> None:
    rng = np.random.default_rng(3)
    expected = np.array(below_thresholds(baseline))
    floors = thresholds(8)
    for _ in range(20):
        # A mixture of permutations: each outcome is reached from all with a total of one (Birkhoff).
        law = np.zeros(256)
        for share in rng.dirichlet(np.ones(5)):
            law += share * baseline.weights[rng.permutation(256)]
        below = np.array([law[baseline.weights <= floor].sum() for floor in floors])
        assert (below >= expected - 1).all()
    symmetric = misread(baseline, Fraction(1, 20), Fraction(1, 20)).weights
    # Each of the eight roundings moves an outcome by less than two units.
    assert all(symmetric[baseline.weights <= f].sum() >= e - 4096 for f, e in zip(floors, expected, strict=True))


@pytest.mark.parametrize("ones", [0.1, 0.2, 0.3, 0.4, 0.45, 0.49])
@pytest.mark.parametrize("bits", [7, 12, 16])
def test_lost_ones_raise_scores_by_less_than_what_is_allowed(bits: int, ones: float) -> None:
    # Ones are misread more often than zeros by three in a hundred.
    baseline = biased_coins(bits, ones)
    noisy = NoiseHull(baseline, (misread(baseline, Fraction(1, 100), Fraction(4, 100)),), (Fraction(1),))
    lifted = max(a - b for a, b in zip(below_thresholds(baseline), noisy.lowest_below, strict=True))
    assert Fraction(lifted, TOTAL) < SCORE_TOLERANCE


@pytest.mark.parametrize("baseline", [dense(8), biased_coins(10, 0.3), biased_coins(8, 0.15)], ids=["8", "10", "tail"])
def test_honest_workers_with_readout_errors_are_not_rejected(scored: ValidationPolicy, baseline: Baseline) -> None:
    prepared = guard(SCORES, scored, baseline, SHOTS)
    rng = np.random.default_rng(5)
    for worker in (with_readout_errors(0.03), with_readout_errors(0.08, 0.9), at_fidelity(1.0), at_fidelity(0.7)):
        for _ in range(25):
            record = Record.of(worker(baseline.weights / TOTAL, SHOTS, rng))
            assert prepared.inspect(record).decision is Decision.NEITHER


def test_a_declared_noise_that_lifts_scores_is_allowed_for(scored: ValidationPolicy) -> None:
    baseline = dense(8)
    law = baseline.weights / TOTAL
    stuck = np.eye(256)[int(law.argmax())]
    shots = drawn(0.8 * law + 0.2 * stuck, SHOTS, np.random.default_rng(1))
    assert inspect(scored, baseline, shots).decision is Decision.REJECT
    hull = NoiseHull(baseline, (Baseline.from_probabilities(stuck),), (Fraction(1, 5),))
    prepared = guard(SCORES, scored, baseline, SHOTS, hull)
    assert prepared.inspect(Record.of(shots)).decision is Decision.NEITHER
    # Beyond its weight the noise is as suspicious as before.
    beyond = drawn(0.5 * law + 0.5 * stuck, SHOTS, np.random.default_rng(1))
    assert prepared.inspect(Record.of(beyond)).decision is Decision.REJECT


def test_a_simulator_is_above_what_devices_reach_and_a_device_is_not(policy: Policy) -> None:
    baseline, shots = dense(10), 100_000
    rules = replace(policy(WITNESS), guards=(CEILING,), f_max=Fraction(19, 20))
    rng = np.random.default_rng(1)
    for fidelity, decision in ((1.0, Decision.REJECT), (0.95, Decision.NEITHER), (0.8, Decision.NEITHER)):
        sequence = at_fidelity(fidelity)(baseline.weights / TOTAL, shots, rng)
        assert inspect(rules, baseline, sequence, CEILING).decision is decision


def test_the_ceilings_bound_is_the_binomial_one_to_the_last_integer(policy: Policy) -> None:
    baseline = dense(6)
    rules = replace(policy(WITNESS), guards=(CEILING,), f_max=Fraction(4, 5))
    found = inspect(rules, baseline, drawn(baseline.weights / TOTAL, 900, np.random.default_rng(1)), CEILING)
    level_set = witness_set(baseline, Fraction(4, 5))
    assert level_set is not None
    assert found.reject is not None
    share, level = level_set.share(Fraction(4, 5)), Fraction(1, 500)
    assert (
        exact_upper_tail(found.reject.value, 900, share) <= level < exact_upper_tail(found.reject.value - 1, 900, share)
    )


def test_a_ceiling_and_its_guard_go_together_and_it_lies_above_the_accept_bound(policy: Policy) -> None:
    plain = policy(WITNESS)
    for rules in (
        replace(plain, guards=(CEILING,)),
        replace(plain, f_max=Fraction(19, 20)),
        replace(plain, guards=(CEILING,), f_max=plain.f_min),
    ):
        with pytest.raises(PolicyRefused, match="f_max"):
            check_policy(rules, SHOTS)
    with pytest.raises(MethodRefused, match="too flat"):
        guard(CEILING, replace(plain, guards=(CEILING,), f_max=Fraction(19, 20)), Baseline.uniform(5), SHOTS)

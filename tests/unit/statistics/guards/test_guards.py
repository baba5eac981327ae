"""What each guard counts, and the inequalities that its error rate rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from attackers import drawn, mode_only, quota, repeated
from scipy.stats import poisson

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    BLOCKS,
    CEILING,
    DISPERSION,
    DUPLICATES,
    GUARDS,
    HUBER,
    REPEATS,
    REPRODUCE,
    TVD,
    WITNESS,
    Baseline,
    Certificate,
    Decision,
    MethodRefused,
    PolicyRefused,
    Record,
    check_policy,
    guard,
    plan_shots,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.tails import exact_upper_tail
from oracle.statistics.guards.counts import DIVISOR_SHARES, WINDOW_SHARE, poisson_level
from oracle.statistics.laws.levelset import witness_set
from oracle.statistics.registry import reject_level, sampled

Policy = Callable[..., ValidationPolicy]
UNBOUNDED = tuple(name for name in GUARDS if name != CEILING)
"""The guards that a policy without f_max may name."""
MEANS = np.geomspace(1e-3, 2000, 4000)


@pytest.fixture
def guarded(policy: Policy) -> ValidationPolicy:
    return policy_with(policy, *UNBOUNDED)


def policy_with(policy: Policy, *guards: str, **changes: Fraction) -> ValidationPolicy:
    return replace(policy(**changes), guards=guards)


def inspect(name: str, policy: ValidationPolicy, baseline: Baseline, shots: np.ndarray) -> Certificate:
    return guard(name, policy, baseline, shots.size).inspect(Record.of(shots))


def test_no_mean_puts_a_poisson_count_into_its_window_more_often_than_stated() -> None:
    for middle in range(1, 800):
        half = 0
        while (2 * half + 3) ** 2 <= middle - half - 1:
            half += 1
        inside = poisson.cdf(middle + half, MEANS) - poisson.cdf(middle - half - 1, MEANS)
        assert inside.max() <= WINDOW_SHARE
        # The next wider window would break the rule, so this one has more than sqrt(middle) - 5/2 values.
        if middle > 100:
            assert inside.max() > 0.29


@pytest.mark.parametrize("divisor", DIVISOR_SHARES)
def test_no_mean_makes_a_poisson_count_divisible_more_often_than_stated(divisor: int) -> None:
    multiples = np.arange(divisor, 2400, divisor)
    divisible = poisson.pmf(multiples[:, None], MEANS).sum(axis=0) / -np.expm1(-MEANS)
    assert divisible.max() <= float(DIVISOR_SHARES[divisor]) * (1 + 1e-9)


@pytest.mark.parametrize("shots", [1, 2, 3, 8, 100, 3999, 4000, 1 << 20])
def test_the_poisson_level_covers_the_condition_on_the_number_of_shots(shots: int) -> None:
    assert float(poisson_level(Fraction(1), shots)) <= poisson.pmf(shots, shots)


def test_windows_are_around_the_expected_counts_and_only_where_there_is_one(guarded: ValidationPolicy) -> None:
    weights = np.array([TOTAL // 2, TOTAL // 4, TOTAL // 4 - TOTAL // 400, TOTAL // 400])
    baseline = Baseline(2, weights)
    # 100 shots: 50, 25, 24.75 and 0.25 are expected; the windows are 48..52 (5^2 <= 48), 24..26 (3^2 <= 24), 24..26.
    for counts, inside in (((50, 25, 25, 0), 3), ((48, 26, 26, 0), 3), ((47, 27, 26, 0), 1), ((53, 23, 23, 1), 0)):
        found = inspect(DISPERSION, guarded, baseline, np.repeat(np.arange(4), counts))
        assert (found.statistic, found.constants["windows"]) == (inside, 3)
        assert found.accept is None


@pytest.mark.parametrize("bits", [5, 9])
def test_the_windows_bound_is_the_binomial_one_to_the_last_integer(policy: Policy, bits: int) -> None:
    baseline = Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))
    strict = policy_with(policy, DISPERSION)
    found = inspect(DISPERSION, strict, baseline, drawn(baseline.weights / TOTAL, 4000, np.random.default_rng(1)))
    assert found.reject is not None
    windows, bound = found.constants["windows"], found.reject.value
    level = Fraction(1, 500) / (3 * (isqrt(4000) + 1))
    assert exact_upper_tail(bound, windows, Fraction(2, 5)) <= level
    assert exact_upper_tail(bound - 1, windows, Fraction(2, 5)) > level


@pytest.mark.parametrize("times", [2, 3, 4, 5, 8, 10, 25, 31])
def test_shots_delivered_several_times_are_found_by_a_prime_that_divides_that(
    ring5: Baseline, guarded: ValidationPolicy, times: int
) -> None:
    dense = Baseline.from_probabilities(np.random.default_rng(7).dirichlet(np.ones(128)))
    shots = repeated(times)(dense.weights / TOTAL, 4000 // times * times, np.random.default_rng(times))
    found = inspect(DUPLICATES, guarded, dense, shots)
    assert found.decision is Decision.REJECT
    assert found.statistic == 0
    assert times % found.constants["divisor"] == 0


def test_neighbours_are_compared_with_the_last_third_and_each_shot_is_used_once(
    ring5: Baseline, guarded: ValidationPolicy
) -> None:
    # Classes of two outcomes each: 0 and 1 agree, 2 is another. Triples (0, 1, 9), (4, 8, 5), (6, 6, 7), (2, 8, 20).
    shots = np.array([0, 1, 4, 8, 6, 6, 2, 8, 9, 5, 7, 20, 31])
    found = inspect(REPEATS, guarded, ring5, shots)
    assert found.constants == {"neighbours": 1, "distant": 1}
    assert found.statistic == 1
    turned = inspect(REPEATS, guarded, ring5, np.array([0, 1, 8, 8, 3, 2, 5, 5, 20, 20, 20, 4]))
    assert turned.constants == {"neighbours": 3, "distant": 0}
    assert turned.statistic == 3


def test_too_few_repeats_are_as_suspicious_as_too_many(guarded: ValidationPolicy) -> None:
    coin = Baseline.from_probabilities([0.7, 0.3])
    alternating = np.concatenate((np.tile([0, 1], 400), np.zeros(400, dtype=np.int64)))
    found = inspect(REPEATS, guarded, coin, alternating)
    assert found.constants == {"neighbours": 0, "distant": 400}
    assert found.decision is Decision.REJECT


def test_blocks_are_eighths_and_the_rest_is_left_out(ring5: Baseline, guarded: ValidationPolicy) -> None:
    level_set = witness_set(ring5, Fraction(7, 10))
    assert level_set is not None
    peak, trough = int(ring5.weights.argmax()), int(ring5.weights.argmin())
    sequence = np.repeat([peak, peak, peak, trough, peak, peak, peak, peak], 200)
    sequence[:20] = trough
    found = inspect(BLOCKS, guarded, ring5, np.append(sequence, [trough] * 7))
    assert found.constants["block"] == 200
    assert found.statistic == 200
    assert found.decision is Decision.REJECT
    assert inspect(BLOCKS, guarded, ring5, np.full(1607, peak)).statistic == 0


def test_the_bound_on_blocks_is_the_formula_to_the_last_integer(ring5: Baseline, guarded: ValidationPolicy) -> None:
    found = inspect(BLOCKS, guarded, ring5, np.zeros(4000, dtype=np.int64))
    assert found.reject is not None
    # 500 / 10 + sqrt(500 ln(56 * 3000)): a fifth of beta 1/100 is shared by six guards.
    assert 127 < 50 + (500 * np.log(56 * 3000)) ** 0.5 < 128
    assert found.reject.value == 128


def test_a_flat_baseline_has_no_blocks_to_compare(guarded: ValidationPolicy) -> None:
    with pytest.raises(MethodRefused, match="too flat"):
        guard(BLOCKS, guarded, Baseline.uniform(5), 4000)


@pytest.mark.parametrize("shots", [1, 2, 3, 7])
@pytest.mark.parametrize("name", UNBOUNDED)
def test_a_handful_of_shots_is_never_rejected(
    ring5: Baseline, guarded: ValidationPolicy, name: str, shots: int
) -> None:
    for worker in (mode_only, quota):
        found = inspect(name, guarded, ring5, worker(ring5.weights / TOTAL, shots, np.random.default_rng(1)))
        assert found.decision is Decision.NEITHER


def test_a_circuit_of_one_or_two_outcomes_may_be_as_perfect_as_it_likes(guarded: ValidationPolicy) -> None:
    mirror, ghz = np.zeros(8, dtype=np.int64), np.zeros(8, dtype=np.int64)
    mirror[5], ghz[[0, 7]] = TOTAL, TOTAL // 2
    for weights in (mirror, ghz):
        shots = quota(weights / TOTAL, 4000, np.random.default_rng(3))
        for name in UNBOUNDED:
            assert inspect(name, guarded, Baseline(3, weights), shots).decision is Decision.NEITHER


def test_guards_share_beta_with_the_certificates(policy: Policy) -> None:
    guarded = policy_with(policy, DISPERSION, DUPLICATES)
    assert [reject_level(guarded, name) for name in (TVD, WITNESS, DISPERSION, DUPLICATES)] == [
        Fraction(8, 9000),
        Fraction(64, 9000),
        Fraction(1, 1000),
        Fraction(1, 1000),
    ]
    assert reject_level(policy(TVD), TVD) == Fraction(1, 100)


@pytest.mark.parametrize("certificates", [(TVD,), (WITNESS,), (BINOMIAL, TVD), (HUBER, WITNESS), (WITNESS, REPRODUCE)])
@pytest.mark.parametrize("guards", [(), (REPEATS,), tuple(GUARDS)])
def test_the_parts_of_beta_make_beta_and_no_more(
    policy: Policy, certificates: tuple[str, ...], guards: tuple[str, ...]
) -> None:
    shared = replace(policy(*certificates), guards=guards)
    spent = [reject_level(shared, name) for name in (*sampled(shared), *guards)]
    assert sum(spent) == shared.beta
    assert min(spent) > 0


def test_a_guard_that_there_is_not_and_one_named_twice_are_refused(policy: Policy) -> None:
    for guards in (("dispersion.window/2",), (TVD,), (REPEATS, REPEATS)):
        with pytest.raises(PolicyRefused, match="guard"):
            check_policy(policy_with(policy, *guards), 100)


def test_a_plan_counts_what_the_guards_may_reject(ring5: Baseline, policy: Policy) -> None:
    plain = plan_shots(policy(), ring5, 4000)
    guarded = plan_shots(policy_with(policy, *UNBOUNDED), ring5, 4000)
    assert guarded.feasible
    # A fifth of beta, and what the certificates lose to it; whole ten-thousandths.
    assert Fraction(20, 10_000) <= plain.p_accept_honest - guarded.p_accept_honest <= Fraction(22, 10_000)
    assert guarded.method == f"{TVD}+{WITNESS}"
    wasteful = plan_shots(policy_with(policy, *UNBOUNDED, beta=Fraction(3, 10)), ring5, 4000)
    assert not wasteful.feasible
    assert "guards alone" in wasteful.reasons[0]

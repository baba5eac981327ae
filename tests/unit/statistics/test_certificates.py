"""What each method counts, where it accepts and rejects, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    LARGEST_SHOTS,
    TVD,
    WITNESS,
    Baseline,
    Decision,
    MethodRefused,
    PolicyRefused,
    Side,
    certifier,
    check_policy,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.radius import UNIT
from oracle.statistics.exact.tails import exact_upper_tail
from oracle.statistics.laws.levelset import expected_set, thresholds, witness_set
from oracle.statistics.methods.tvd import distance_statistic

Policy = Callable[..., ValidationPolicy]


def counted(values: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(values), dtype=np.int64), np.array(list(values.values()), dtype=np.int64)


def ghz(bits: int) -> Baseline:
    weights = np.zeros(1 << bits, dtype=np.int64)
    weights[[0, -1]] = TOTAL // 2
    return Baseline(bits, weights)


def porter_thomas(bits: int, seed: int = 1) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(seed).dirichlet(np.ones(1 << bits)))


def test_the_distance_is_the_sum_over_all_outcomes_seen_or_not(ring5: Baseline) -> None:
    counts = {0: 7, 9: 100, 22: 41, 31: 2}
    n = sum(counts.values())
    whole = sum(abs(counts.get(x, 0) * TOTAL - n * weight) for x, weight in enumerate(ring5.weights.tolist()))
    assert distance_statistic(ring5, *counted(counts)) == whole


def test_the_distance_is_exact_at_the_most_shots() -> None:
    baseline = porter_thomas(10)
    rng = np.random.default_rng(2)
    outcomes, counts = np.unique(rng.integers(0, 1024, LARGEST_SHOTS), return_counts=True)
    seen = dict(zip(outcomes.tolist(), counts.tolist(), strict=True))
    whole = sum(
        abs(seen.get(x, 0) * TOTAL - LARGEST_SHOTS * weight) for x, weight in enumerate(baseline.weights.tolist())
    )
    assert distance_statistic(baseline, outcomes, counts) == whole
    opposite = Baseline(1, np.array([TOTAL, 0]))
    assert distance_statistic(opposite, *counted({1: LARGEST_SHOTS})) == 2 * LARGEST_SHOTS * TOTAL


@pytest.mark.parametrize("shots", [1, 40, 400, 4000])
def test_distance_bounds_are_the_formulas_to_the_last_integer(ring5: Baseline, policy: Policy, shots: int) -> None:
    found = certifier(TVD, policy(), ring5, shots).certify(*counted({0: shots}))
    unit = 2 * shots * TOTAL
    radius, bias, other = (Fraction(found.constants[name], UNIT) for name in ("accept_radius", "bias", "reject_radius"))
    if found.accept is None:
        assert Fraction(1, 4) - radius <= 0
    else:
        assert found.accept.side is Side.AT_MOST
        assert Fraction(found.accept.value, unit) + radius < Fraction(1, 4)
        assert Fraction(found.accept.value + 1, unit) + radius >= Fraction(1, 4)
    if found.reject is None:
        assert Fraction(1, 4) + bias + other >= 1
    else:
        assert found.reject.side is Side.AT_LEAST
        assert Fraction(found.reject.value, unit) > Fraction(1, 4) + bias + other
        assert Fraction(found.reject.value - 1, unit) <= Fraction(1, 4) + bias + other


def test_rejection_rates_are_shared_and_acceptance_rates_are_not(ring5: Baseline, policy: Policy) -> None:
    alone = certifier(TVD, policy(TVD), ring5, 4000).certify(*counted({0: 4000}))
    both = certifier(TVD, policy(TVD, WITNESS), ring5, 4000).certify(*counted({0: 4000}))
    assert alone.accept == both.accept
    assert alone.constants["reject_radius"] < both.constants["reject_radius"]
    a_ninth = certifier(TVD, policy(TVD, beta=Fraction(1, 900)), ring5, 4000).certify(*counted({0: 4000}))
    assert a_ninth.reject == both.reject


def test_witness_bounds_are_clopper_pearsons(ring5: Baseline, policy: Policy) -> None:
    found = certifier(WITNESS, policy(WITNESS), ring5, 400).certify(*counted({9: 400}))
    level_set = witness_set(ring5, Fraction(7, 10))
    assert level_set is not None
    assert found.accept is not None
    assert found.reject is not None
    share = level_set.chance + Fraction(7, 10) * level_set.contrast
    accept, reject = found.accept.value, found.reject.value
    assert exact_upper_tail(accept, 400, share) <= Fraction(1, 100) < exact_upper_tail(accept - 1, 400, share)
    assert 1 - exact_upper_tail(reject + 1, 400, share) <= Fraction(1, 100)
    assert 1 - exact_upper_tail(reject + 2, 400, share) > Fraction(1, 100)


def test_a_level_set_is_what_lies_above_its_floor(ring5: Baseline) -> None:
    level_set = witness_set(ring5, Fraction(7, 10))
    assert level_set is not None
    inside = [x for x, weight in enumerate(ring5.weights.tolist()) if weight > level_set.floor]
    assert (level_set.size, level_set.weight) == (len(inside), sum(ring5.weights[inside].tolist()))
    assert level_set.hits(ring5, *counted({x: x + 1 for x in range(32)})) == sum(x + 1 for x in inside)
    assert level_set.share(Fraction(1)) == level_set.mass
    assert level_set.share(Fraction(0)) == level_set.chance


def test_the_witness_takes_the_peaks_of_a_peaked_baseline_and_half_of_a_dense_one() -> None:
    peaks = witness_set(ghz(8), Fraction(7, 10))
    assert peaks is not None
    assert (peaks.size, peaks.weight) == (2, TOTAL)
    dense = witness_set(porter_thomas(12), Fraction(4, 5))
    assert dense is not None
    # For Porter-Thomas outputs the best level is near half of chance, where 3 of 5 outcomes lie above.
    assert Fraction(3, 8) <= Fraction(dense.floor, TOTAL >> 12) <= Fraction(3, 4)


@pytest.mark.parametrize("bits", [1, 2, 5, 24])
def test_floors_are_integers_that_rise_from_a_sixteenth_of_chance_to_below_certainty(bits: int) -> None:
    floors = thresholds(bits)
    assert list(floors) == sorted(set(floors))
    assert floors[0] == TOTAL >> (bits + 4)
    assert floors[-1] < TOTAL


def test_a_flat_baseline_is_refused_by_both_counting_methods(policy: Policy) -> None:
    with pytest.raises(MethodRefused, match="too flat"):
        certifier(WITNESS, policy(WITNESS), Baseline.uniform(5), 4000)
    with pytest.raises(MethodRefused, match="32 of 32"):
        certifier(BINOMIAL, policy(BINOMIAL), Baseline.uniform(5), 4000)


def test_the_contrast_that_is_needed_is_a_tenth(policy: Policy) -> None:
    def tilted(contrast: Fraction) -> Baseline:
        upper = int(TOTAL * (Fraction(1, 2) + contrast))
        return Baseline(1, np.array([upper, TOTAL - upper]))

    assert certifier(WITNESS, policy(WITNESS), tilted(Fraction(101, 1000)), 4000).method == WITNESS
    with pytest.raises(MethodRefused):
        certifier(WITNESS, policy(WITNESS), tilted(Fraction(99, 1000)), 4000)


def test_rounding_dust_is_not_expected_but_every_real_outcome_is() -> None:
    weights = np.zeros(16, dtype=np.int64)
    weights[[0, 15]] = TOTAL // 2 - 1
    weights[[3, 5]] = 1
    assert expected_set(Baseline(4, weights)).size == 2
    assert expected_set(porter_thomas(12)).mass == 1


def test_forbidden_outcomes_count_against_a_ghz_worker(policy: Policy) -> None:
    prepared = certifier(BINOMIAL, policy(BINOMIAL), ghz(5), 1000)
    assert prepared.certify(*counted({0: 450, 31: 450, 7: 100})).decision is Decision.ACCEPT
    assert prepared.certify(*counted({0: 300, 31: 300, 7: 400})).decision is Decision.REJECT
    assert prepared.certify(*counted({0: 350, 31: 350, 7: 300})).decision is Decision.NEITHER


@pytest.mark.parametrize(
    ("changes", "certificates", "shots"),
    [
        ({"alpha": Fraction(0)}, (TVD,), 100),
        ({"beta": Fraction(0)}, (TVD,), 100),
        ({"alpha": Fraction(51, 100)}, (TVD,), 100),
        ({"eps": Fraction(0)}, (TVD,), 100),
        ({"eps": Fraction(3, 10)}, (TVD,), 100),
        ({"honest_eps": Fraction(11, 10)}, (TVD,), 100),
        ({"honest_f": Fraction(71, 100)}, (WITNESS,), 100),
        ({"honest_f": Fraction(0)}, (WITNESS,), 100),
        ({"f_min": Fraction(1)}, (WITNESS,), 100),
        ({}, ("tvd.certified/2",), 100),
        ({}, (TVD, TVD), 100),
        ({}, (TVD,), 0),
        ({}, (TVD,), LARGEST_SHOTS + 1),
    ],
)
def test_a_policy_out_of_range_is_refused(
    policy: Policy, changes: dict[str, Fraction], certificates: tuple[str, ...], shots: int
) -> None:
    with pytest.raises(PolicyRefused):
        check_policy(policy(*certificates, **changes), shots)


def test_the_default_policy_is_taken_and_one_without_certificates_is_not(policy: Policy) -> None:
    check_policy(policy(), 4000)
    empty = policy()
    object.__setattr__(empty, "certificates", ())
    with pytest.raises(PolicyRefused, match="at least one"):
        check_policy(empty, 4000)

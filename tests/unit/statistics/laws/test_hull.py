"""Distances from declared noises: the exact fit with its proofs, readout maps, and what a certificate makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    TVD,
    Baseline,
    Decision,
    HullRejected,
    MethodRefused,
    NoiseHull,
    PolicyRefused,
    baseline_tvd,
    certifier,
    committed_hull,
    misread,
    plan_shots,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.laws.fitting import least_residuals, lower_bound, upper_bound
from oracle.statistics.methods.tvd import distance_statistic
from oracle.statistics.policy import HullBounds

Policy = Callable[..., ValidationPolicy]
UNIFORM5 = Baseline.uniform(5)


def noisy(ideal: Baseline) -> NoiseHull:
    vertices = (Baseline.uniform(ideal.bits), misread(ideal, Fraction(1, 100), Fraction(3, 100)))
    return NoiseHull(ideal, vertices, (Fraction(1, 5), Fraction(4, 5)))


def by_scipy(a: list[int], d: list[list[int]], most: list[Fraction]) -> float:
    """The same minimum by SciPy's linear programming, in floating point."""
    size, number = len(a), len(most)
    scale = max(1, *(abs(each) for each in a))
    table, right = np.array(d, dtype=float).T / scale, np.array(a, dtype=float) / scale
    rows = np.block([[table, -np.eye(size)], [-table, -np.eye(size)]])
    bounds = [(0, float(bound)) for bound in most] + [(0, None)] * size
    costs = np.append(np.zeros(number), np.ones(size))
    return float(linprog(costs, A_ub=rows, b_ub=np.append(right, -right), bounds=bounds).fun) * scale


@pytest.mark.parametrize("seed", range(40))
def test_the_fit_is_scipys_minimum_and_its_two_proofs_meet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, number = int(rng.choice([2, 5, 16, 40])), int(rng.integers(1, 6))
    # Small integers make many ties and residuals of zero, large ones are like counts times 2^40.
    reach, step = (3, 2) if seed % 2 else (1 << 50, 1 << 40)
    a = rng.integers(-reach, reach, size).tolist()
    d = rng.integers(-step, step + 1, (number, size)).tolist()
    most = [Fraction(int(rng.integers(1, 100)), 100) for _ in range(number)]
    fit = least_residuals(a, d, most)
    assert upper_bound(a, d, fit.weights) == fit.least == lower_bound(a, d, most, fit.signs)
    assert float(fit.least) == pytest.approx(by_scipy(a, d, most), rel=1e-7, abs=1e-6)


def test_any_weights_show_no_less_and_any_signs_no_more() -> None:
    rng = np.random.default_rng(1)
    a, d = rng.integers(-50, 50, 20).tolist(), rng.integers(-50, 50, (3, 20)).tolist()
    most = [Fraction(1, 2)] * 3
    fit = least_residuals(a, d, most)
    for _ in range(50):
        weights = [Fraction(int(w), 200) for w in rng.integers(0, 101, 3)]
        signs = [Fraction(int(h), 10) for h in rng.integers(-10, 11, 20)]
        assert lower_bound(a, d, most, signs) <= fit.least <= upper_bound(a, d, weights)


def test_the_distance_of_a_mixture_in_the_hull_is_zero_and_beyond_it_is_not(ring5: Baseline) -> None:
    hull = noisy(ring5)
    p, u = ring5.weights, UNIFORM5.weights
    inside = Baseline(5, (9 * p + u) // 10 + np.eye(32, dtype=np.int64)[0] * (TOTAL - int(((9 * p + u) // 10).sum())))
    assert hull.distance(inside) < Fraction(64, TOTAL)
    assert hull.distance(UNIFORM5) < baseline_tvd(UNIFORM5, ring5)
    assert hull.distance(UNIFORM5) > Fraction(1, 3)


def test_the_statistic_is_no_more_than_that_of_the_ideal_law_and_rounded_up(ring5: Baseline) -> None:
    rng = np.random.default_rng(1)
    hull = noisy(ring5)
    for fidelity in (1.0, 0.8, 0.0):
        counts = rng.multinomial(4000, fidelity * ring5.weights / TOTAL + (1 - fidelity) / 32)
        statistic = hull.statistic(np.arange(32), counts)
        assert statistic <= distance_statistic(ring5, np.arange(32), counts)
        at_weights = [
            sum(
                (w * (v - p) for w, v, p in zip((Fraction(1, 10), Fraction(1, 3)), vs, (p, p), strict=True)),
                Fraction(p),
            )
            for p, *vs in zip(ring5.weights.tolist(), *(v.weights.tolist() for v in hull.vertices), strict=True)
        ]
        named = sum(abs(int(c) * TOTAL - 4000 * at) for c, at in zip(counts, at_weights, strict=True))
        assert statistic <= named + 1


def test_a_declared_noise_is_accepted_that_the_ideal_law_alone_leaves_open(ring5: Baseline, policy: Policy) -> None:
    near = policy(TVD, eps=Fraction(1, 10), honest_eps=Fraction(1, 10))
    hull = noisy(ring5)
    law = 0.85 * hull.vertices[1].weights / TOTAL + 0.15 / 32
    rng = np.random.default_rng(2)
    alone, within = (certifier(TVD, near, ring5, 4000, each) for each in (None, hull))
    for _ in range(10):
        counts = rng.multinomial(4000, law)
        assert alone.certify(np.arange(32), counts).decision is not Decision.ACCEPT
        assert within.certify(np.arange(32), counts).decision is Decision.ACCEPT
    for _ in range(10):
        counts = rng.multinomial(4000, np.full(32, 1 / 32))
        assert within.certify(np.arange(32), counts).decision is Decision.REJECT


def test_a_worker_at_the_distance_from_the_hull_errs_no_more_often_than_stated(ring5: Baseline, policy: Policy) -> None:
    # Without an error allowed, 400 runs at a rate of 1/20 have more than 38 errors once in a thousand times.
    eps = Fraction(1, 5)
    rules = policy(TVD, eps=eps, honest_eps=eps, alpha=Fraction(1, 20), beta=Fraction(1, 20))
    hull = NoiseHull(ring5, (UNIFORM5,), (Fraction(1, 5),))
    prepared = certifier(TVD, rules, ring5, 300, hull)
    p, u = ring5.weights / TOTAL, 1 / 32
    end = 0.8 * p + 0.2 * u
    for towards in (np.full(32, u), np.eye(32)[int(p.argmin())]):
        steps = np.linspace(0, 1, 400)
        laws = [end + step * (towards - end) for step in steps]
        distances = [float(hull.distance(Baseline.from_probabilities(law / law.sum()))) for law in laws]
        law = laws[int(np.searchsorted(distances, float(eps)))]
        drawn = np.random.default_rng(3).multinomial(300, law / law.sum(), size=400)
        decisions = [prepared.certify(np.arange(32), counts).decision for counts in drawn]
        assert decisions.count(Decision.ACCEPT) <= 38
        assert decisions.count(Decision.REJECT) <= 38


def test_readout_maps_keep_the_total_and_are_the_product_of_the_bits_errors() -> None:
    ideal = Baseline.from_probabilities(np.random.default_rng(1).dirichlet(np.ones(16)))
    up, down = 0.02, 0.07
    single = np.array([[1 - up, down], [up, 1 - down]])
    law = ideal.weights / TOTAL
    for bit in range(4):
        law = np.einsum("ij,ajb->aib", single, law.reshape(-1, 2, 1 << bit)).reshape(-1)
    found = misread(ideal, Fraction(2, 100), Fraction(7, 100))
    # Rates are rounded down to 2^-16, bit by bit.
    assert np.abs(found.weights / TOTAL - law).max() < 4 * 2**-16
    assert misread(ideal, Fraction(0), Fraction(0)) == ideal


def test_a_hull_is_held_to_its_commitments_and_its_reach(ring5: Baseline, policy: Policy) -> None:
    bounds = HullBounds(Fraction(1, 5), ((UNIFORM5.root, Fraction(1, 5)),))
    rules = replace(policy(TVD), hull=bounds)
    hull = committed_hull(rules, ring5, [UNIFORM5])
    assert hull is not None
    assert hull.reach == Fraction(1, 5) * baseline_tvd(UNIFORM5, ring5)
    for vertices in ([], [ring5], [UNIFORM5, UNIFORM5]):
        with pytest.raises(PolicyRefused, match="commits"):
            committed_hull(rules, ring5, vertices)
    with pytest.raises(PolicyRefused, match="reach"):
        committed_hull(replace(policy(TVD), hull=replace(bounds, reach=Fraction(1, 10))), ring5, [UNIFORM5])
    with pytest.raises(PolicyRefused, match="commits"):
        committed_hull(policy(TVD), ring5, [UNIFORM5])
    with pytest.raises(HullRejected):
        NoiseHull(ring5, (UNIFORM5, UNIFORM5), (Fraction(3, 5), Fraction(1, 2)))
    with pytest.raises(HullRejected):
        NoiseHull(ring5, (Baseline.uniform(4),), (Fraction(1, 2),))


def test_a_plan_with_a_hull_forecasts_by_the_nearest_mixture(ring5: Baseline, policy: Policy) -> None:
    near = policy(TVD, eps=Fraction(1, 10), honest_eps=Fraction(1, 10))
    declared = replace(near, hull=HullBounds(Fraction(1, 5), ((UNIFORM5.root, Fraction(1, 5)),)))
    # A worker at fidelity 0.9 lies 0.07 from the ideal law, and on the hull.
    without = plan_shots(near, ring5, 4000, honest_fidelity=Fraction(9, 10))
    within = plan_shots(declared, ring5, 4000, vertices=[UNIFORM5])
    assert not without.feasible
    assert within.feasible
    assert within.honest_fidelity == Fraction(9, 10)


def test_no_hull_is_fitted_beyond_twelve_bits(policy: Policy) -> None:
    wide = Baseline.uniform(13)
    with pytest.raises(MethodRefused, match="12 bits"):
        certifier(TVD, policy(TVD), wide, 4000, NoiseHull(wide, (wide,), (Fraction(1, 2),)))

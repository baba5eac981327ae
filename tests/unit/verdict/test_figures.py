"""Descriptive figures: their values against Qiskit's and SciPy's, and intervals that hold as often as they say."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.quantum_info import hellinger_fidelity
from scipy.stats import binom, binomtest, poisson

from oracle.artifacts.shots import pack
from oracle.statistics import Baseline
from oracle.statistics.baseline import TOTAL
from oracle.statistics.laws.levelset import witness_set
from oracle.verdict import describe
from oracle.verdict.curves import heaviest, score_curves
from oracle.verdict.figures import COVERAGE, MISS, Figure, chernoff_band, share_interval

_GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "verdict_documents.json").read_text())
RING5 = Baseline.from_bytes(_GOLDEN["baselines"]["ring5"].encode())
P = RING5.weights / TOTAL


def shots_of(fidelity: float, count: int = 4000) -> np.ndarray:
    return np.random.default_rng(4).choice(32, size=count, p=fidelity * P + (1 - fidelity) / 32)


def test_values_are_qiskits_and_scipys() -> None:
    values = shots_of(0.85)
    figures = describe(RING5, pack(values, 5))
    counts = np.bincount(values, minlength=32)
    named = {format(x, "05b"): int(count) for x, count in enumerate(counts) if count}
    ideal = {format(x, "05b"): float(p) for x, p in enumerate(P)}
    assert figures.hellinger_fidelity.value == pytest.approx(hellinger_fidelity(named, ideal), abs=1e-9)
    assert figures.tvd.value == pytest.approx(np.abs(counts / 4000 - P).sum() / 2, abs=1e-12)
    assert figures.linear_xeb is not None
    assert figures.linear_xeb.value == pytest.approx((32 * P[values].mean() - 1) / (32 * (P**2).sum() - 1), abs=1e-9)
    assert figures.heavy_outputs is not None
    assert figures.heavy_outputs.value == (np.median(P) < P)[values].mean()
    assert figures.heavy_outputs.ideal == pytest.approx(P[np.median(P) < P].sum())


def test_the_fidelity_is_a_share_of_the_level_set_and_its_interval_is_scipys() -> None:
    values = shots_of(0.85)
    fidelity = describe(RING5, pack(values, 5)).fidelity
    level_set = witness_set(RING5, Fraction(7, 10))
    assert level_set is not None
    assert fidelity is not None
    inside = (RING5.weights > level_set.floor)[values]
    interval = binomtest(int(inside.sum()), 4000).proportion_ci(0.98, "exact")
    chance, contrast = float(level_set.chance), float(level_set.contrast)
    assert fidelity.value == pytest.approx((inside.mean() - chance) / contrast)
    assert fidelity.low == pytest.approx((interval.low - chance) / contrast, abs=1e-3)
    assert fidelity.high == pytest.approx((interval.high - chance) / contrast, abs=1e-3)


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (1, 4000), (3120, 4000), (3999, 4000), (40_001, 100_000)]
)
def test_a_share_s_interval_holds_the_exact_one_and_little_more(hits: int, n: int) -> None:
    low, high = share_interval(hits, n)
    exact = binomtest(hits, n).proportion_ci(0.98, "exact")
    step = 1 / (64 * n**0.5)
    assert exact.low - step <= low <= exact.low
    assert exact.high <= high <= exact.high + step


def test_the_xeb_interval_is_the_empirical_bernstein_one() -> None:
    values = shots_of(0.85)
    purity = 32 * (P**2).sum() - 1
    scores = (32 * P[values] - 1) / purity
    width = 32 * (P.max() - P.min()) / purity
    radius = np.sqrt(2 * scores.var(ddof=1) * np.log(200) / 4000) + 7 * width * np.log(200) / (3 * 3999)
    xeb = describe(RING5, pack(values, 5)).linear_xeb
    assert xeb is not None
    assert (xeb.low, xeb.high) == pytest.approx((scores.mean() - radius, scores.mean() + radius), abs=1e-9)


@pytest.mark.parametrize("n", [1, 7, 50, 4000])
def test_what_an_ideal_worker_shows_is_the_mean_over_its_results(n: int) -> None:
    figures = describe(RING5, pack(shots_of(0.9, n), 5))
    k = np.arange(n + 1)[:, None]
    pmf = binom.pmf(k, n, P)
    assert figures.tvd.ideal == pytest.approx((np.abs(k / n - P) * pmf).sum() / 2, abs=1e-9)
    k = np.arange(4 * n + 40)[:, None]
    roots = (np.sqrt(k) * poisson.pmf(k, n * P)).sum(axis=0)
    assert figures.hellinger_fidelity.ideal == pytest.approx(float((np.sqrt(P / n) * roots).sum()) ** 2, abs=1e-4)


def laws() -> list[tuple[str, Baseline, np.ndarray]]:
    """Baselines, and workers' laws near them and far: mixed, concentrated, spread wider, elsewhere."""
    rng = np.random.default_rng(11)
    dense = rng.dirichlet(np.ones(64))
    bell = np.array([0.5, 0.0, 0.0, 0.5])
    half = np.where(np.arange(32) % 2, 0.0, 1 / 16)
    return [
        ("noisy ring", RING5, 0.8 * P + 0.2 / 32),
        ("ideal ring", RING5, P),
        ("mode only", RING5, np.eye(32)[P.argmax()]),
        ("uniform", RING5, np.full(32, 1 / 32)),
        ("half of the outcomes", RING5, half),
        ("dense", Baseline.from_probabilities(dense), 0.7 * dense + 0.3 / 64),
        ("noisy bell", Baseline.from_probabilities(bell), np.array([0.47, 0.03, 0.02, 0.48])),
    ]


def figures_of(law: np.ndarray, baseline: Baseline) -> dict[str, float]:
    """What `describe` estimates, of the law itself."""
    p, k = baseline.weights / TOTAL, baseline.outcomes
    level_set = witness_set(baseline, Fraction(7, 10))
    assert level_set is not None
    share = law[baseline.weights > level_set.floor].sum()
    return {
        "tvd": np.abs(law - p).sum() / 2,
        "hellinger_fidelity": np.sqrt(law * p).sum() ** 2,
        "linear_xeb": (k * (law * p).sum() - 1) / (k * (p**2).sum() - 1),
        "heavy_outputs": law[p > np.median(p)].sum(),
        "fidelity": (share - float(level_set.chance)) / float(level_set.contrast),
    }


def test_intervals_and_bands_hold_as_often_as_they_say() -> None:
    """Seeded results of several laws: no end is missed more often than 1/100 allows, and some are missed at all."""
    rng = np.random.default_rng(20)
    runs, missed = 40, Counter[tuple[str, str, str]]()
    for name, baseline, law in laws():
        truth, p = figures_of(law, baseline), baseline.weights / TOTAL
        cumulative = law[np.argsort(p, kind="stable")].cumsum()
        for n in (25, 200):
            for _ in range(runs):
                shots = pack(rng.choice(law.size, size=n, p=law / law.sum()), baseline.bits)
                figures = describe(baseline, shots)
                for which, value in truth.items():
                    estimate: Figure = getattr(figures, which)
                    missed[name, which, "low"] += estimate.low > value + 1e-9
                    missed[name, which, "high"] += estimate.high < value - 1e-9
                rows = heaviest(baseline, shots, baseline.outcomes)
                missed[name, "bands", "low"] += any(row.low > law[row.outcome] + 1e-9 for row in rows)
                missed[name, "bands", "high"] += any(row.high < law[row.outcome] - 1e-9 for row in rows)
                curves = score_curves(baseline, shots)
                reached = np.searchsorted(np.sort(p) * baseline.outcomes, np.array(curves.scores) + 1e-9, side="right")
                apart = cumulative[reached - 1] - np.array(curves.result)
                missed[name, "curve", "low"] += bool((apart < -curves.radius - 1e-9).any())
                missed[name, "curve", "high"] += bool((apart > curves.radius + 1e-9).any())
    together = Counter[tuple[str, str]]()
    for (_, which, end), count in missed.items():
        together[which, end] += count
    for counted, trials in ((missed, 2 * runs), (together, 2 * runs * len(laws()))):
        most = int(binom.isf(1e-7, trials, float(MISS)))
        assert {key: count for key, count in counted.items() if count > most} == {}
    assert float(COVERAGE) == 0.98
    exact = sum(count for (_, which, _), count in missed.items() if which in {"heavy_outputs", "fidelity"})
    assert exact > 5, "exact intervals that are never missed are wider than they say"


@given(
    st.lists(st.integers(0, 50), min_size=8, max_size=8).filter(any),
    st.lists(st.integers(0, 7), min_size=1, max_size=60),
)
def test_every_value_lies_in_its_interval_and_order_means_nothing(weights: list[int], values: list[int]) -> None:
    baseline = Baseline.from_probabilities(np.array(weights) / sum(weights))
    figures = describe(baseline, pack(values, 3))
    for estimate in figures.estimates:
        assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12, estimate.name
    assert describe(baseline, pack(values[::-1], 3)) == figures


@given(st.integers(1, 500), st.data())
def test_a_chernoff_band_ends_where_its_bound_is_reached(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = (float(end[0]) for end in chernoff_band(np.array([hits / n]), n, 0.01))
    assert low <= hits / n <= high
    exact = share_interval(hits, n)
    # Chernoff's bound is never below the tail itself.
    assert low <= exact[0] + 1 / (64 * n**0.5)
    assert high >= exact[1] - 1 / (64 * n**0.5)
    assert (low == 0) == (hits == 0)
    assert (high == 1) == (hits == n)


def test_a_noisy_worker_shows_its_fidelity_in_two_ways() -> None:
    figures = describe(RING5, pack(shots_of(0.8, 100_000), 5))
    assert figures.fidelity is not None
    assert figures.linear_xeb is not None
    assert figures.fidelity.value == pytest.approx(0.8, abs=0.01)
    assert figures.linear_xeb.value == pytest.approx(0.8, abs=0.02)
    assert figures.tvd.low < 0.2 * 0.684 < figures.tvd.high


def test_an_ideal_worker_of_a_few_thousand_shots_is_bounded_away_from_others() -> None:
    figures = describe(RING5, pack(shots_of(1.0), 5))
    assert figures.hellinger_fidelity.low > 0.88
    assert figures.tvd.high < 0.06
    uniform = describe(RING5, pack(shots_of(0.0), 5))
    assert uniform.hellinger_fidelity.high < 0.75
    assert uniform.tvd.low > 0.5


def test_a_worker_who_favours_the_level_set_shows_more_than_one() -> None:
    fidelity = describe(RING5, pack([int(P.argmax())] * 1000, 5)).fidelity
    assert fidelity is not None
    assert fidelity.low > 1


def test_a_flat_baseline_has_no_fidelity() -> None:
    figures = describe(Baseline.uniform(5), pack(shots_of(1.0), 5))
    assert (figures.fidelity, figures.linear_xeb, figures.heavy_outputs) == (None, None, None)
    assert [estimate.name for estimate in figures.estimates] == ["Total variation distance", "Hellinger fidelity"]
    assert figures.to_json()["linear_xeb"] is None


def test_a_certain_baseline_and_one_shot_have_figures() -> None:
    certain = Baseline.from_probabilities([0.0, 1.0])
    figures = describe(certain, pack([1], 1))
    assert (figures.tvd.value, figures.tvd.ideal, figures.hellinger_fidelity.value) == (0, 0, 1)
    assert all(estimate.low <= estimate.ideal <= estimate.high + 1e-3 for estimate in figures.estimates)


def test_wide_results_have_figures_that_depend_on_no_width() -> None:
    rng = np.random.default_rng(5)
    ideal = rng.dirichlet(np.ones(1 << 16))
    shots = pack(rng.choice(ideal.size, size=4000, p=0.8 * ideal + 0.2 / ideal.size), 16)
    figures = describe(Baseline.from_probabilities(ideal), shots)
    assert figures.hellinger_fidelity.value < 0.2, "seen once each, outcomes say little of their frequencies"
    assert figures.hellinger_fidelity.value == pytest.approx(figures.hellinger_fidelity.ideal, rel=0.2)
    assert figures.linear_xeb is not None
    assert figures.fidelity is not None
    assert figures.linear_xeb.high - figures.linear_xeb.low < 0.3
    assert figures.fidelity.low < 0.8 < figures.fidelity.high


def test_shots_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="no distance"):
        describe(RING5, pack([1, 2], 4))

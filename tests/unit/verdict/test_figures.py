"""Descriptive figures against Qiskit's and SciPy's."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from qiskit.quantum_info import hellinger_fidelity
from scipy.stats import binomtest

from oracle.artifacts.shots import pack
from oracle.statistics import Baseline
from oracle.statistics.baseline import TOTAL
from oracle.statistics.levelset import witness_set
from oracle.verdict import describe

_GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "verdict_documents.json").read_text())
RING5 = Baseline.from_bytes(_GOLDEN["baselines"]["ring5"].encode())
P = RING5.weights / TOTAL


def shots_of(fidelity: float, count: int = 4000) -> np.ndarray:
    return np.random.default_rng(4).choice(32, size=count, p=fidelity * P + (1 - fidelity) / 32)


def test_figures_are_qiskits_and_scipys() -> None:
    values = shots_of(0.85)
    figures = describe(RING5, pack(values, 5))
    counts = np.bincount(values, minlength=32)
    named = {format(x, "05b"): int(count) for x, count in enumerate(counts) if count}
    ideal = {format(x, "05b"): float(p) for x, p in enumerate(P)}
    assert figures.hellinger_fidelity == pytest.approx(hellinger_fidelity(named, ideal), abs=1e-9)
    assert figures.tvd == pytest.approx(np.abs(counts / 4000 - P).sum() / 2, abs=1e-12)
    level_set = witness_set(RING5, Fraction(7, 10))
    assert level_set is not None
    inside = RING5.weights > level_set.floor
    interval = binomtest(int(counts[inside].sum()), 4000).proportion_ci(0.98, "exact")
    chance, contrast = float(level_set.chance), float(level_set.contrast)
    assert figures.fidelity_lower == pytest.approx((interval.low - chance) / contrast, abs=1e-3)
    assert figures.fidelity_upper == pytest.approx((interval.high - chance) / contrast, abs=1e-3)


def test_a_noisy_worker_shows_its_fidelity_in_three_ways() -> None:
    figures = describe(RING5, pack(shots_of(0.8, 100_000), 5))
    assert figures.fidelity == pytest.approx(0.8, abs=0.01)
    assert figures.linear_xeb == pytest.approx(0.8, abs=0.02)
    assert figures.tvd == pytest.approx(0.2 * 0.684, abs=0.01)
    assert figures.tvd_lower < 0.2 * 0.684 < figures.tvd_upper


def test_an_ideal_worker_shows_the_noise_of_sampling_alone() -> None:
    figures = describe(RING5, pack(shots_of(1.0), 5))
    assert figures.tvd == pytest.approx(figures.tvd_of_ideal, rel=0.5)
    assert figures.tvd_lower == 0


def test_a_flat_baseline_has_no_fidelity() -> None:
    figures = describe(Baseline.uniform(5), pack(shots_of(1.0), 5))
    assert (figures.fidelity, figures.fidelity_lower, figures.fidelity_upper) == (None, None, None)
    assert figures.linear_xeb == 0


def test_shots_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="no distance"):
        describe(RING5, pack([1, 2], 4))

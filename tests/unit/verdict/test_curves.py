"""What is drawn of a result: outcomes with their bands, and the curves of scores."""

from __future__ import annotations

import numpy as np
import pytest

from oracle.artifacts.shots import pack
from oracle.statistics import Baseline
from oracle.statistics.baseline import TOTAL
from oracle.verdict.curves import LARGEST_CURVE, heaviest, score_curves


def dense(bits: int, count: int = 4000, fidelity: float = 0.9) -> tuple[Baseline, np.ndarray]:
    rng = np.random.default_rng(bits)
    ideal = rng.dirichlet(np.ones(1 << bits))
    return Baseline.from_probabilities(ideal), rng.choice(
        ideal.size, size=count, p=fidelity * ideal + (1 - fidelity) / ideal.size
    )


@pytest.mark.parametrize("bits", [1, 5, 8, 13])
def test_curves_are_the_shares_of_outcomes_and_shots_up_to_each_score(bits: int) -> None:
    baseline, values = dense(bits)
    p = baseline.weights / TOTAL
    curves = score_curves(baseline, pack(values, bits))
    for score, ideal, uniform, result in zip(curves.scores, curves.ideal, curves.uniform, curves.result, strict=True):
        below = p * baseline.outcomes <= score
        assert ideal == pytest.approx(p[below].sum(), abs=1e-9)
        assert uniform == below.mean()
        assert result == below[values].mean()
    assert (curves.ideal[-1], curves.uniform[-1], curves.result[-1]) == (1, 1, 1)
    assert curves.radius == pytest.approx(np.sqrt(np.log(100) / 8000), abs=1e-9)


def test_a_curve_of_many_scores_is_read_closely_enough_to_hide_nothing() -> None:
    baseline, values = dense(16)
    curves = score_curves(baseline, pack(values, 16))
    assert 300 < len(curves.scores) <= LARGEST_CURVE
    assert max(np.diff(curves.ideal)) < 2 / 200
    assert max(np.diff(curves.uniform)) < 2 / 200
    assert curves.threshold is not None
    nearest = max(score for score in curves.scores if score <= curves.threshold)
    share = (baseline.weights[values] / TOTAL * baseline.outcomes > curves.threshold).mean()
    assert 1 - curves.result[curves.scores.index(nearest)] == pytest.approx(share, abs=1e-12)


def test_the_heaviest_outcomes_hold_what_only_the_result_has() -> None:
    outcomes = 1 << 10
    baseline = Baseline.from_probabilities(np.r_[0.0, np.full(outcomes - 1, 1 / (outcomes - 1))])
    rows = heaviest(baseline, pack([0] * 90 + [5] * 10, 10), 16)
    assert [(row.outcome, row.count) for row in rows if row.count] == [(0, 90), (5, 10)]
    assert len(rows) == 16
    assert [row.outcome for row in rows] == sorted(row.outcome for row in rows)


def test_all_outcomes_are_there_if_there_is_room() -> None:
    baseline, values = dense(5)
    rows = heaviest(baseline, pack(values, 5), 64)
    assert [row.outcome for row in rows] == list(range(32))
    assert [row.count for row in rows] == np.bincount(values, minlength=32).tolist()
    assert all(row.low <= row.count / 4000 <= row.high for row in rows)


def test_shots_of_another_width_are_refused() -> None:
    baseline, _ = dense(5)
    for draw in (score_curves, lambda baseline, shots: heaviest(baseline, shots, 8)):
        with pytest.raises(ValueError, match="cannot be drawn"):
            draw(baseline, pack([1, 2], 4))

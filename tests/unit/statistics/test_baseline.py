"""The committed baseline: its rounding, its bytes, and what is refused."""

from __future__ import annotations

import json
import time
from fractions import Fraction

import numpy as np
import pytest

from oracle.encoding import canonical_bytes, sha256_hex
from oracle.statistics import Baseline, BaselineRejected, baseline_tvd
from oracle.statistics.baseline import SCHEMA, TOTAL


def test_what_rounding_leaves_goes_to_the_largest_remainders_and_ties_to_the_lower_outcome() -> None:
    third = TOTAL // 3
    assert Baseline.from_probabilities([1 / 3, 1 / 3, 1 / 3, 0]).weights.tolist() == [third + 1, third, third, 0]
    step = 1 / TOTAL
    uneven = Baseline.from_probabilities([0.5 - 0.25 * step, 0.25 - 0.5 * step, 0.25 + 0.75 * step, 0])
    assert uneven.weights.tolist() == [TOTAL // 2, TOTAL // 4 - 1, TOTAL // 4 + 1, 0]


def test_no_weight_is_off_by_a_whole_unit() -> None:
    p = np.random.default_rng(5).dirichlet(np.ones(1024))
    baseline = Baseline.from_probabilities(p)
    assert int(baseline.weights.sum()) == TOTAL
    assert np.abs(baseline.weights - p * TOTAL).max() < 1


def test_a_sum_a_hair_from_one_is_normalised_and_one_further_off_is_refused() -> None:
    assert Baseline.from_probabilities([0.5 + 4e-10, 0.5 + 4e-10]).weights.tolist() == [TOTAL // 2, TOTAL // 2]
    with pytest.raises(BaselineRejected, match="sum to"):
        Baseline.from_probabilities([0.5, 0.5 + 1e-8])


@pytest.mark.parametrize(
    "bad", [[0.5, 0.6, -0.1, 0.0], [float("nan"), 1.0], [float("inf"), 0.0], [1.0], [0.2] * 5, [[0.5, 0.5]]]
)
def test_what_is_no_distribution_is_refused(bad: list[float]) -> None:
    with pytest.raises(BaselineRejected):
        Baseline.from_probabilities(bad)


def test_the_artifact_is_canonical_json_and_its_root_the_hash() -> None:
    baseline = Baseline.from_probabilities([0.5, 0, 0, 0.5])
    data = baseline.to_bytes()
    assert data == b'{"bits":2,"schema":"baseline/1","weights":[549755813888,0,0,549755813888]}'
    assert data == canonical_bytes({"bits": 2, "schema": SCHEMA, "weights": baseline.weights.tolist()})
    assert baseline.root == sha256_hex(data)
    assert Baseline.from_bytes(data) == baseline


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"bits":1,"schema":"baseline/1","weights":[549755813888, 549755813888]}',
        '{"schema":"baseline/1","bits":1,"weights":[549755813888,549755813888]}',
        '{"bits":1,"schema":"baseline/1","surplus":0,"weights":[549755813888,549755813888]}',
        '{"bits":1,"schema":"baseline/2","weights":[549755813888,549755813888]}',
        '{"bits":1,"schema":"baseline/1","weights":[549755813888,549755813887]}',
        '{"bits":1,"schema":"baseline/1","weights":[1099511627777,-1]}',
        '{"bits":1,"schema":"baseline/1","weights":[549755813888.0,549755813888]}',
        '{"bits":true,"schema":"baseline/1","weights":[549755813888,549755813888]}',
        '{"bits":1,"schema":"baseline/1","weights":[true,1099511627775]}',
        '{"bits":1,"schema":"baseline/1","weights":[1e3,1099511627775]}',
        '{"bits":2,"schema":"baseline/1","weights":[549755813888,549755813888]}',
        '{"bits":0,"schema":"baseline/1","weights":[1099511627776]}',
        '{"bits":99,"schema":"baseline/1","weights":[1099511627776]}',
        '{"bits":1,"schema":"baseline/1","weights":[' + "9" * 5000 + ",1]}",
        '{"bits":1,"schema":"baseline/1","weights":' + "[" * 100_000,
    ],
)
def test_other_bytes_are_no_baseline(text: str) -> None:
    with pytest.raises(BaselineRejected):
        Baseline.from_bytes(text.encode())


def test_weights_whose_sum_wraps_around_are_refused() -> None:
    with pytest.raises(BaselineRejected, match="sum to"):
        Baseline(24, np.full(1 << 24, TOTAL, dtype=np.int64))


def test_weights_cannot_be_changed_afterwards() -> None:
    source = np.array([TOTAL, 0], dtype=np.int64)
    baseline = Baseline(1, source)
    source[0] = 0
    assert baseline.weights.tolist() == [TOTAL, 0]
    with pytest.raises(ValueError, match="read-only"):
        baseline.weights[0] = 0


def test_distances_between_baselines_are_exact() -> None:
    a, b = Baseline.from_probabilities([0.5, 0.25, 0.25, 0]), Baseline.uniform(2)
    assert baseline_tvd(a, b) == Fraction(1, 4)
    assert baseline_tvd(a, a) == 0
    moved = a.weights.copy()
    moved[0] -= 1
    moved[3] += 1
    assert baseline_tvd(a, Baseline(2, moved)) == Fraction(1, TOTAL)
    with pytest.raises(ValueError, match="no distance"):
        baseline_tvd(a, Baseline.uniform(3))


def test_the_collision_probability_is_exact() -> None:
    baseline = Baseline.from_probabilities(np.random.default_rng(3).dirichlet(np.ones(256)))
    assert baseline.collision == Fraction(sum(weight**2 for weight in baseline.weights.tolist()), TOTAL**2)
    assert Baseline(1, np.array([TOTAL, 0])).collision == 1


def test_twenty_bits_are_written_and_read_in_seconds() -> None:
    baseline = Baseline.from_probabilities(np.random.default_rng(3).dirichlet(np.ones(1 << 20)))
    start = time.perf_counter()
    assert Baseline.from_bytes(baseline.to_bytes()).root == baseline.root
    assert time.perf_counter() - start < 20
    assert json.loads(baseline.to_bytes())["bits"] == 20

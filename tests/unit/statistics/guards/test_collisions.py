"""`collisions.distinct/1`: a shorter run, stretched, shows fewer different outcomes than any noise leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import ceil, factorial, log, log1p, prod, sqrt

import numpy as np
import pytest
from attackers import at_fidelity, drawn, drifting, stretched, with_readout_errors
from calibration.laws import sharpest

from oracle.spec import ValidationPolicy
from oracle.statistics import COLLISIONS, Baseline, Decision, Record, guard, misread
from oracle.statistics.baseline import TOTAL
from oracle.statistics.guards.collisions import BIAS_BITS, fewest_distinct
from oracle.statistics.laws.hull import NoiseHull
from oracle.statistics.laws.levelset import thresholds

Policy = Callable[..., ValidationPolicy]
SHOTS = 4000
BIAS = 2.0**-BIAS_BITS
LEVEL = Fraction(1, 2500)
"""Of one guard among five, at beta 1/100."""


def dense(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))


def peaked(bits: int) -> Baseline:
    """As of an optimisation: few outcomes hold most, none holds nothing."""
    masses = np.random.default_rng(bits).gamma(0.2, size=1 << bits) + 1e-6
    return Baseline.from_probabilities(masses / masses.sum())


def tilted(bits: int) -> Baseline:
    """As flat as a witness still judges: one half a fifth likelier than the other."""
    return Baseline.from_probabilities(np.repeat([1.2, 0.8], 1 << (bits - 1)) / (1 << bits))


@pytest.fixture
def guarded(policy: Policy) -> ValidationPolicy:
    return replace(policy(), guards=(COLLISIONS,), beta=5 * LEVEL)


def test_a_shorter_run_stretched_by_uneven_copies_is_rejected_however_many_of_its_shots_were_good(
    guarded: ValidationPolicy,
) -> None:
    for bits, runs in ((9, (400, 1000)), (10, (400, 1000)), (12, (400, 1000, 2000, 3000)), (16, (400, 1000, 2000))):
        baseline = dense(bits)
        for run in runs:
            for fidelity in (0.65, 0.7, 1.0):
                shots = stretched(run, fidelity)(baseline.weights / TOTAL, SHOTS, np.random.default_rng(run))
                assert guard(COLLISIONS, guarded, baseline, SHOTS).inspect(Record.of(shots)).decision is Decision.REJECT


def test_half_a_run_of_ten_bits_stretched_is_mostly_rejected(guarded: ValidationPolicy) -> None:
    baseline, rng = dense(10), np.random.default_rng(1)
    prepared = guard(COLLISIONS, guarded, baseline, SHOTS)
    found = [
        prepared.inspect(Record.of(stretched(2000, 0.7)(baseline.weights / TOTAL, SHOTS, rng))).decision
        for _ in range(60)
    ]
    assert found.count(Decision.REJECT) > 48


@pytest.mark.parametrize("baseline", [dense(8), peaked(8), tilted(8)], ids=["dense", "peaked", "tilted"])
def test_the_sharpest_law_majorises_what_honest_noise_makes_of_the_baseline(baseline: Baseline) -> None:
    rng = np.random.default_rng(3)
    held = np.cumsum(sharpest(baseline.weights / TOTAL, BIAS))
    for _ in range(40):
        law = baseline.weights / TOTAL
        # Mixtures of permutations (Birkhoff), bits that are read with a bias of up to 1/64 either way, and so again.
        for _ in range(2):
            law = sum(share * law[rng.permutation(256)] for share in rng.dirichlet(np.full(3, 0.3)))
            for bit in range(8):
                up = float(rng.uniform(0, 0.1))
                down = max(0, up + float(rng.uniform(-BIAS / 2, BIAS / 2)))
                zeros, ones = np.moveaxis(law.reshape(-1, 2, 1 << bit), 1, 0)
                moved = ones * down - zeros * up
                law = np.stack((zeros + moved, ones - moved), axis=1).reshape(-1)
        assert (np.cumsum(np.sort(law)[::-1]) <= held + 1e-12).all()


@pytest.mark.parametrize("shots", [30, 200, SHOTS, 100_000])
@pytest.mark.parametrize("baseline", [dense(6), peaked(8), tilted(7)], ids=["dense", "peaked", "tilted"])
def test_the_bound_is_the_inequalitys_over_a_law_that_is_sharper_still(baseline: Baseline, shots: int) -> None:
    edges = np.array((0, *thresholds(baseline.bits), TOTAL), dtype=float)
    weights = np.sort(baseline.weights)[::-1].astype(float)
    above = np.maximum(1, np.searchsorted(edges, weights, side="left"))
    # Each outcome as a mixture of the two weights beside it, and each of its places with its own rate.
    upper = (weights - edges[above - 1]) / (edges[above] - edges[above - 1])
    numbers = np.concatenate((upper, 1 - upper))
    values = np.concatenate((edges[above], edges[above - 1])) / TOTAL
    order = np.argsort(-values, kind="stable")
    rates = np.ones(1)
    while rates.size < weights.size:
        rates = np.concatenate((rates * (1 + BIAS), rates * (1 - BIAS)))
    rates = np.sort(rates)[::-1]
    ends = np.unique(np.round(np.concatenate((np.cumsum(numbers[order]), np.cumsum(rates))), 9))
    middles = (ends + np.concatenate(([0], ends[:-1]))) / 2
    p = values[order][np.searchsorted(np.cumsum(numbers[order]), middles)]
    r = rates[np.minimum(np.searchsorted(np.cumsum(rates), middles), rates.size - 1)]
    many, missed = np.diff(ends, prepend=0) / r, np.exp(-shots * r * p)
    a = sqrt(2 * log(1 / LEVEL) / max(1.0, float((many * missed * (1 - missed)).sum())))
    unseen = (float((many * np.log1p(a * missed)).sum()) + log(1 / LEVEL)) / log1p(a)
    most, tilt = fewest_distinct(baseline, (), shots, LEVEL)
    assert tilt / 2**40 == pytest.approx(a, rel=1e-6)
    # To the last integer, but where the sum lies within its rounding of one.
    assert most in {baseline.outcomes - ceil(unseen - 1e-6), baseline.outcomes - ceil(unseen + 1e-6)}


def test_the_exact_probability_of_a_rejection_is_at_most_the_level() -> None:
    level = Fraction(1, 20)
    checked = 0
    for masses in ((1, 1, 1, 1), (1, 1, 2, 4), (1, 1, 7, 7), (1, 5, 5, 5)):
        baseline = Baseline.from_probabilities(np.array(masses) / sum(masses))
        law = sharpest(baseline.weights / TOTAL, BIAS)
        for shots in range(4, 26):
            most, _ = fewest_distinct(baseline, (), shots, level)
            few = [counts for counts in _compositions(shots, 4) if sum(map(bool, counts)) <= most]
            checked += bool(few)
            assert sum(_multinomial(counts, law) for counts in few) <= level
    assert checked > 20


def _compositions(shots: int, cells: int) -> list[tuple[int, ...]]:
    return [
        (*first, shots - sum(first)) for first in product(range(shots + 1), repeat=cells - 1) if sum(first) <= shots
    ]


def _multinomial(counts: tuple[int, ...], law: np.ndarray) -> float:
    ways = factorial(sum(counts)) // prod(map(factorial, counts))
    return ways * float(np.prod(law ** np.array(counts)))


HONEST = {
    "ideal": at_fidelity(1.0),
    "fidelity 0.9": at_fidelity(0.9),
    "readout errors of one and five in a hundred": with_readout_errors(0.03),
    "worse ones": with_readout_errors(0.08, 0.9),
    "fidelity sliding": drifting(1.0, 0.5),
}


@pytest.mark.parametrize("worker", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize(
    ("baseline", "shots"),
    [(dense(5), SHOTS), (dense(10), SHOTS), (dense(10), 200_000), (peaked(10), SHOTS), (tilted(10), SHOTS)],
    ids=["dense5", "dense10", "dense10long", "peaked10", "tilted10"],
)
def test_no_honest_device_is_rejected(guarded: ValidationPolicy, baseline: Baseline, shots: int, worker) -> None:
    prepared, rng = guard(COLLISIONS, guarded, baseline, shots), np.random.default_rng(5)
    for _ in range(10):
        record = Record.of(worker(baseline.weights / TOTAL, shots, rng))
        assert prepared.inspect(record).decision is Decision.NEITHER


def test_a_declared_noise_that_sharpens_is_allowed_for_up_to_its_weight(guarded: ValidationPolicy) -> None:
    baseline, rng = tilted(10), np.random.default_rng(1)
    decayed = misread(baseline, Fraction(0), Fraction(3, 10))
    law = 0.5 * baseline.weights / TOTAL + 0.5 * decayed.weights / TOTAL
    hull = NoiseHull(baseline, (decayed,), (Fraction(1, 2),))

    def decided(which: NoiseHull | None, of: np.ndarray) -> Decision:
        prepared = guard(COLLISIONS, guarded, baseline, SHOTS, which)
        return prepared.inspect(Record.of(drawn(of, SHOTS, rng))).decision

    assert decided(None, law) is Decision.REJECT
    assert decided(hull, law) is Decision.NEITHER
    assert decided(hull, decayed.weights / TOTAL) is Decision.REJECT


def test_an_outcome_that_every_shot_shows_is_no_collision(guarded: ValidationPolicy) -> None:
    # A mirror circuit has one outcome; a result that shows it alone has the most different outcomes that there are.
    mirror = Baseline(3, np.array([TOTAL, 0, 0, 0, 0, 0, 0, 0]))
    found = guard(COLLISIONS, guarded, mirror, SHOTS).inspect(Record.of(np.zeros(SHOTS, dtype=np.int64)))
    assert (found.decision, found.statistic, found.reject) == (Decision.NEITHER, 1, None)


def test_on_five_bits_the_counts_of_a_shorter_run_are_a_law_that_honest_noise_makes_so_that_no_test_can_tell() -> None:
    def share_of_honest_laws(bits: int) -> float:
        p, rng, honest = dense(bits).weights / TOTAL, np.random.default_rng(1), 0
        held = np.cumsum(sharpest(p, BIAS))
        for _ in range(100):
            counts = np.bincount(at_fidelity(0.7)(p, 1000, rng), minlength=p.size)
            honest += bool((np.cumsum(np.sort(counts)[::-1]) / 1000 <= held + 1e-12).all())
        return honest / 100

    assert share_of_honest_laws(5) > 0.9
    assert share_of_honest_laws(9) == 0

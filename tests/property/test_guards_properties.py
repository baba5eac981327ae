"""What must hold of every guard, whatever the baseline and the result."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oracle.spec import ValidationPolicy
from oracle.statistics import BLOCKS, CEILING, DISPERSION, GUARDS, REPEATS, TVD, Baseline, MethodRefused, Record, guard
from oracle.statistics.certificate import Certificate

BITS = 4
OUTCOMES = 1 << BITS
OF_THE_ORDER = {BLOCKS, REPEATS}
RATE = Fraction(1, 20)

baselines = (
    st.lists(st.integers(0, 1000), min_size=OUTCOMES, max_size=OUTCOMES)
    .filter(any)
    .map(lambda masses: Baseline.from_probabilities(np.array(masses) / sum(masses)))
)
results = st.lists(st.integers(0, OUTCOMES - 1), min_size=8, max_size=300)


def found(name: str, baseline: Baseline, shots: list[int]) -> Certificate | None:
    quarter, four_fifths = Fraction(1, 4), Fraction(4, 5)
    f_max = Fraction(9, 10) if name == CEILING else None
    rules = ValidationPolicy(RATE, RATE, quarter, quarter, four_fifths, four_fifths, (TVD,), (name,), f_max)
    try:
        return guard(name, rules, baseline, len(shots)).inspect(Record.of(np.array(shots, dtype=np.int64)))
    except MethodRefused:
        return None


@given(baselines, results, st.randoms(use_true_random=False))
def test_the_order_of_the_shots_changes_no_guard_on_counts(baseline, shots, order) -> None:
    shuffled = list(shots)
    order.shuffle(shuffled)
    for name in set(GUARDS) - OF_THE_ORDER:
        assert found(name, baseline, shots) == found(name, baseline, shuffled)


@given(baselines, results, st.permutations(range(OUTCOMES)))
def test_renaming_the_outcomes_with_the_baseline_changes_no_guard(baseline, shots, names) -> None:
    renamed = np.empty(OUTCOMES, dtype=np.int64)
    renamed[list(names)] = baseline.weights
    other, others = Baseline(BITS, renamed), [names[shot] for shot in shots]
    # Up to four bits each outcome is a class of its own, so that even the neighbours agree as before.
    for name in GUARDS:
        assert found(name, baseline, shots) == found(name, other, others)


@given(baselines, results)
def test_a_guard_never_accepts(baseline, shots) -> None:
    for name in GUARDS:
        certificate = found(name, baseline, shots)
        assert certificate is None or certificate.accept is None


@given(baselines, st.integers(20, 2000))
def test_counts_that_were_computed_lie_in_every_window_wider_than_one(baseline, shots) -> None:
    counts = [int(weight) * shots // 2**40 for weight in baseline.weights]
    rest = shots - sum(counts)
    # Floors are within one of the rounded expectation; what is left over goes one by one to the largest remainders.
    largest = sorted(range(OUTCOMES), key=lambda x: -(int(baseline.weights[x]) * shots % 2**40))[:rest]
    delivered = [x for x in range(OUTCOMES) for _ in range(counts[x] + (x in largest))]
    certificate = found(DISPERSION, baseline, delivered)
    assert certificate is not None
    assert certificate.statistic is not None
    # From ten expected shots on a window is at least three counts wide.
    wide = sum(int(weight) * shots + 2**39 >= 10 * 2**40 for weight in baseline.weights)
    assert wide <= certificate.statistic <= certificate.constants["windows"]

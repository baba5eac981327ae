"""Certificates on observables: the integers they are decided on, and what shots buy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BEST_VALUE,
    EXPECTATION,
    REPRODUCE,
    TVD,
    WITNESS,
    Baseline,
    Certificate,
    Decision,
    MethodRefused,
    PolicyRefused,
    certifier,
    check_policy,
    plan_shots,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.radius import UNIT, log_upper
from oracle.statistics.exact.tails import exact_upper_tail
from oracle.statistics.observables.bounds import GRID, deviation, hoeffding_radius, parity_radius, upper_share
from oracle.statistics.observables.diagonal import Diagonal, evens, exact_dot, moments, spectrum, table
from oracle.statistics.rules import ExpectationRule, ObjectiveRule

Policy = Callable[..., ValidationPolicy]

RING = (
    ("IIIZZ", Fraction(4)), ("IIZZI", Fraction(1)), ("IZZII", Fraction(3)), ("ZIIIZ", Fraction(3)),
    ("ZZIII", Fraction(2)),
)  # fmt: skip
MIXED = (("0II", Fraction(3, 7)), ("1Z1", Fraction(-2, 3)), ("IIZ", Fraction(1, 2)), ("ZZI", Fraction(5)))


def observed(bound: str = "mixed", delta: Fraction = Fraction(2), honest: Fraction | None = None) -> ExpectationRule:
    return ExpectationRule(RING, delta, delta if honest is None else honest, bound)  # type: ignore[arg-type]


def sought(target: int = -10, direction: str = "minimise") -> ObjectiveRule:
    return ObjectiveRule(RING, direction, Fraction(target), False)  # type: ignore[arg-type]


def by_hand(terms: tuple[tuple[str, Fraction], ...], outcome: int) -> Fraction:
    bits = f"{outcome:0{len(terms[0][0])}b}"
    factors = {"I": (1, 1), "Z": (1, -1), "0": (1, 0), "1": (0, 1)}
    total = Fraction(0)
    for letters, coefficient in terms:
        for letter, bit in zip(letters, bits, strict=True):
            coefficient = coefficient * factors[letter][int(bit)]
        total += coefficient
    return total


def judged(method: str, policy: ValidationPolicy, baseline: Baseline, counts: np.ndarray) -> Certificate:
    outcomes = np.flatnonzero(counts).astype(np.int64)
    prepared = certifier(method, policy, baseline, int(counts.sum()))
    return prepared.certify(outcomes, counts[outcomes].astype(np.int64))


@pytest.mark.parametrize("terms", [RING, MIXED])
def test_values_are_the_terms_values_on_every_outcome(terms: tuple[tuple[str, Fraction], ...]) -> None:
    observable = Diagonal.of(terms)
    outcomes = np.arange(1 << observable.bits)
    expected = [by_hand(terms, outcome) * observable.denominator for outcome in range(1 << observable.bits)]
    assert observable.at(outcomes).tolist() == table(observable).tolist() == expected
    assert observable.negated().at(outcomes).tolist() == [-value for value in expected]


def test_moments_are_exact_under_the_committed_integers(ring5: Baseline) -> None:
    observable = Diagonal.of(RING)
    known = moments(observable, ring5)
    values = [by_hand(RING, outcome) for outcome in range(32)]
    p = [Fraction(int(weight), TOTAL) for weight in ring5.weights]
    assert (known.lowest, known.highest) == (min(values), max(values))
    assert known.mean == sum(q * value for q, value in zip(p, values, strict=True))
    assert known.chance == sum(values) / 32
    assert known.chance_variance == sum(value**2 for value in values) / 32 - known.chance**2
    spread = sum(q * value**2 for q, value in zip(p, values, strict=True)) - known.mean**2
    assert abs(known.variance - spread) < Fraction(1, 1000)


def test_the_spectrum_holds_the_mean_of_every_parity(ring5: Baseline) -> None:
    outcomes = np.arange(32)
    for mask in range(32):
        assert spectrum(ring5)[mask] == (ring5.weights * Diagonal(5, 1, 0, ((mask, 1),)).at(outcomes)).sum()


@pytest.mark.parametrize("bits", [1, 5, 20, 24])
def test_even_parities_are_those_of_the_set_bits(bits: int) -> None:
    drawn = np.random.default_rng(bits)
    # More than are worked on together, and not a whole number of such blocks.
    outcomes = np.unique(drawn.integers(0, 1 << bits, size=40_001))
    counts = drawn.integers(1, 50, size=outcomes.size)
    masks = [1, (1 << bits) - 1, int(drawn.integers(1, 1 << bits)), 1 << (bits - 1)]
    expected = tuple(
        sum(int(n) for x, n in zip(outcomes, counts, strict=True) if (int(x) & m).bit_count() % 2 == 0) for m in masks
    )
    assert evens(outcomes, counts, masks) == expected
    for mask, even in zip(masks, expected, strict=True):
        values = Diagonal(bits, 1, 3, ((mask, 2),)).at(outcomes)
        assert int(values @ counts) == 3 * int(counts.sum()) + 2 * (2 * even - int(counts.sum()))


def test_a_dot_product_of_the_largest_numbers_does_not_wrap_around() -> None:
    weights = np.zeros(1 << 21, dtype=np.int64)
    weights[:2] = TOTAL - 12345, 12345
    values = np.full(1 << 21, -(1 << 40), dtype=np.int64)
    values[1] = (1 << 40) - 1
    assert exact_dot(weights, values) == -(TOTAL - 12345) * (1 << 40) + 12345 * ((1 << 40) - 1)
    even = np.full(1 << 21, TOTAL >> 21, dtype=np.int64)
    assert exact_dot(even, np.full(1 << 21, (1 << 41) - 1, dtype=np.int64)) == TOTAL * ((1 << 41) - 1)


@pytest.mark.parametrize("level", [Fraction(1, 4), Fraction(1, 100), Fraction(1, 100_000)])
def test_an_upper_share_is_the_least_multiple_that_the_exact_tail_excludes(level: Fraction) -> None:
    def excluded(hits: int, shots: int, share: int) -> bool:
        return 1 - exact_upper_tail(hits + 1, shots, Fraction(share, GRID)) <= level

    for shots, hits in itertools.chain(
        ((1, 0), (1, 1), (2, 1), (7, 3), (50, 0), (50, 49), (50, 50)), ((203, hits) for hits in (0, 5, 101, 190, 202))
    ):
        found = upper_share(hits, shots, level)
        assert found == GRID or excluded(hits, shots, found)
        assert not excluded(hits, shots, found - 1)


def test_a_parity_radius_covers_both_arms() -> None:
    for even in (0, 3, 50, 97, 100):
        radius, level = parity_radius(even, 100, Fraction(1, 50)), Fraction(1, 50)
        upper = Fraction(upper_share(even, 100, level), GRID)
        lower = 1 - Fraction(upper_share(100 - even, 100, level), GRID)
        reach = Fraction(radius, 100 * GRID)
        assert reach == 2 * max(upper - Fraction(even, 100), Fraction(even, 100) - lower)


def test_a_hoeffding_radius_is_rounded_up_by_less_than_one_unit() -> None:
    radius = hoeffding_radius(4000, 26, Fraction(1, 100))
    square = Fraction(26 * 26 * 4000, 2) * log_upper(Fraction(100)) * UNIT**2
    assert (radius - 1) ** 2 < square <= radius**2


def test_a_deviation_is_bounded_by_the_smaller_of_two_bounds_and_by_one() -> None:
    assert deviation(100, Fraction(0), 2, Fraction(1)) == deviation(100, Fraction(-1), 2, Fraction(1)) == 1
    narrow = deviation(100, Fraction(1, 2), 2, Fraction(1, 100))
    wide = deviation(100, Fraction(1, 2), 2, Fraction(1))
    assert narrow < wide < 1
    assert float(wide) == pytest.approx(np.exp(-2 * 100 * 0.25 / 4), rel=1e-6)


@pytest.mark.parametrize("bound", ["mixed", "parities"])
def test_an_expectation_is_decided_by_the_formula_to_the_last_integer(
    ring5: Baseline, policy: Policy, bound: str
) -> None:
    rule = observed(bound, Fraction(2), Fraction(5, 2))
    counts = np.random.default_rng(3).multinomial(600, ring5.weights / TOTAL)
    found = judged(EXPECTATION, policy(EXPECTATION, observable=rule), ring5, counts)
    total = sum(int(count) * by_hand(RING, outcome) for outcome, count in enumerate(counts))
    mean = sum(Fraction(int(w), TOTAL) * by_hand(RING, x) for x, w in enumerate(ring5.weights))
    assert found.statistic == abs(total - 600 * mean) * TOTAL
    radii = []
    for level in (Fraction(1, 100), Fraction(1, 200)):
        if bound == "mixed":
            radii.append(hoeffding_radius(600, 24, level))
        else:
            evens = [
                sum(
                    int(count)
                    for outcome, count in enumerate(counts)
                    if by_hand(((letters, Fraction(1)),), outcome) > 0
                )
                for letters, _ in RING
            ]
            arms = [parity_radius(even, 600, level / 5) for even in evens]
            radii.append(sum(int(c) * arm for (_, c), arm in zip(RING, arms, strict=True)) * (TOTAL // GRID))
    assert (found.constants["accept_radius"], found.constants["reject_radius"]) == tuple(radii)
    assert found.accept is not None
    assert found.reject is not None
    # The least statistics that do not accept, and that reject: |S/N - B| + r >= delta, |S/N - B| - r > honest_delta.
    assert found.accept.value + 1 + radii[0] == 2 * 600 * TOTAL
    assert found.reject.value - 1 - radii[1] == Fraction(5, 2) * 600 * TOTAL


@pytest.mark.parametrize("bound", ["mixed", "parities"])
def test_ideal_and_noisy_runs_are_accepted_and_noise_is_rejected(ring5: Baseline, policy: Policy, bound: str) -> None:
    rules = policy(EXPECTATION, observable=observed(bound))
    ideal = np.random.default_rng(1).multinomial(4000, ring5.weights / TOTAL)
    noisy = np.random.default_rng(2).multinomial(4000, 0.9 * ring5.weights / TOTAL + 0.1 / 32)
    uniform = np.random.default_rng(3).multinomial(4000, np.full(32, 1 / 32))
    assert judged(EXPECTATION, rules, ring5, ideal).decision is Decision.ACCEPT
    assert judged(EXPECTATION, rules, ring5, noisy).decision is Decision.ACCEPT
    assert judged(EXPECTATION, rules, ring5, uniform).decision is Decision.REJECT


def test_few_shots_leave_an_expectation_open(ring5: Baseline, policy: Policy) -> None:
    counts = np.random.default_rng(1).multinomial(20, ring5.weights / TOTAL)
    found = judged(EXPECTATION, policy(EXPECTATION, observable=observed("mixed")), ring5, counts)
    assert (found.decision, found.accept) == (Decision.NEITHER, None)


def test_the_bound_of_the_spec_is_used_and_not_the_tighter_one(ring5: Baseline, policy: Policy) -> None:
    counts = np.random.default_rng(5).multinomial(4000, ring5.weights / TOTAL)
    radii = {
        bound: judged(EXPECTATION, policy(EXPECTATION, observable=observed(bound)), ring5, counts).constants
        for bound in ("mixed", "parities")
    }
    assert radii["mixed"]["accept_radius"] != radii["parities"]["accept_radius"]
    # A parity that is nearly certain is known far better than its range says.
    sure = (("ZZZZZ", Fraction(1)),)
    ghz = Baseline(5, np.array([TOTAL // 2, *[0] * 29, TOTAL // 2, 0]))
    shots = np.zeros(32, dtype=np.int64)
    shots[0] = shots[30] = 2000
    rules = [ExpectationRule(sure, Fraction(1), Fraction(1), bound) for bound in ("parities", "mixed")]  # type: ignore[arg-type]
    tight, wide = (judged(EXPECTATION, policy(EXPECTATION, observable=rule), ghz, shots) for rule in rules)
    assert 10 * tight.constants["accept_radius"] < wide.constants["accept_radius"]


def test_the_best_value_is_that_of_the_best_shot_and_the_mean_is_the_formula(ring5: Baseline, policy: Policy) -> None:
    counts = np.random.default_rng(4).multinomial(900, ring5.weights / TOTAL)
    found = judged(BEST_VALUE, policy(BEST_VALUE, objective=sought(-10)), ring5, counts)
    best, mean = found.parts
    values = {outcome: by_hand(RING, outcome) for outcome in np.flatnonzero(counts)}
    assert best.statistic == min(values.values()) == -11
    assert best.constants["reaching"] == sum(int(counts[x]) for x, value in values.items() if value <= -10)
    assert best.accept is not None
    assert best.accept.value == -10
    assert mean.statistic == sum(int(counts[x]) * value for x, value in values.items())
    ideal = sum(Fraction(int(w), TOTAL) * by_hand(RING, x) for x, w in enumerate(ring5.weights))
    # Its part of beta is 1/100 here, and each part may spend half of it.
    accept = 900 * Fraction(7, 10) * ideal - Fraction(hoeffding_radius(900, 24, Fraction(1, 100)), UNIT)
    reject = 900 * Fraction(7, 10) * ideal + Fraction(hoeffding_radius(900, 24, Fraction(1, 200)), UNIT)
    assert mean.accept is not None
    assert mean.reject is not None
    assert mean.accept.value < accept <= mean.accept.value + 1
    assert mean.reject.value - 1 <= reject < mean.reject.value
    assert (found.decision, found.statistic) == (Decision.ACCEPT, 2)


def test_maximising_is_minimising_the_negative(ring5: Baseline, policy: Policy) -> None:
    turned = tuple((letters, -coefficient) for letters, coefficient in RING)
    upward = ObjectiveRule(turned, "maximise", Fraction(10), False)
    counts = np.random.default_rng(4).multinomial(900, ring5.weights / TOTAL)
    one = judged(BEST_VALUE, policy(BEST_VALUE, objective=sought(-10)), ring5, counts)
    assert judged(BEST_VALUE, policy(BEST_VALUE, objective=upward), ring5, counts) == one


def test_a_run_without_the_target_is_rejected_only_where_honest_runs_reach_it(ring5: Baseline, policy: Policy) -> None:
    missing = ring5.weights / TOTAL * (table(Diagonal.of(RING)) > -11)
    counts = np.random.default_rng(1).multinomial(4000, missing / missing.sum())
    found = judged(BEST_VALUE, policy(BEST_VALUE, objective=sought(-11)), ring5, counts)
    assert found.parts[0].decision is Decision.REJECT
    assert found.decision is Decision.REJECT
    few = np.random.default_rng(1).multinomial(8, missing / missing.sum())
    best = judged(BEST_VALUE, policy(BEST_VALUE, objective=sought(-11)), ring5, few).parts[0]
    assert (best.decision, best.reject) == (Decision.NEITHER, None)


def test_one_lucky_shot_among_noise_is_not_paid(ring5: Baseline, policy: Policy) -> None:
    counts = np.random.default_rng(1).multinomial(4000, np.full(32, 1 / 32))
    found = judged(BEST_VALUE, policy(BEST_VALUE, objective=sought(-11)), ring5, counts)
    assert [part.decision for part in found.parts] == [Decision.ACCEPT, Decision.REJECT]
    assert found.decision is Decision.REJECT


def test_what_cannot_be_judged_is_refused_with_its_reason(ring5: Baseline, policy: Policy) -> None:
    for rules, told in (
        (policy(BEST_VALUE, objective=sought(-12)), "the best value there is is -11"),
        (policy(BEST_VALUE, objective=sought(0, "maximise")), "no better than chance"),
    ):
        with pytest.raises(MethodRefused, match=told):
            certifier(BEST_VALUE, rules, ring5, 4000)
    flat = Baseline.uniform(4)
    with pytest.raises(MethodRefused, match="of 5 bits, the baseline of 4"):
        certifier(EXPECTATION, policy(EXPECTATION, observable=observed()), flat, 4000)


def test_a_policy_without_what_it_judges_is_refused(policy: Policy) -> None:
    for rules, told in (
        (policy(EXPECTATION), "has none"),
        (policy(BEST_VALUE), "has none"),
        (policy(EXPECTATION, observable=observed(delta=Fraction(2), honest=Fraction(1))), "honest_delta"),
    ):
        with pytest.raises(PolicyRefused, match=told):
            check_policy(rules, 4000)


@pytest.mark.parametrize("bound", ["mixed", "parities"])
def test_a_plan_says_how_well_the_mean_will_be_known(ring5: Baseline, policy: Policy, bound: str) -> None:
    rules = policy(EXPECTATION, observable=observed(bound))
    plan = plan_shots(rules, ring5, 4000)
    assert plan.feasible
    ((method, width),) = [(each.method, each.half_width) for each in plan.intervals]
    assert method == EXPECTATION
    counts = np.random.default_rng(8).multinomial(4000, ring5.weights / TOTAL)
    radius = judged(EXPECTATION, rules, ring5, counts).constants["accept_radius"]
    assert float(width) == pytest.approx(radius / (4000 * TOTAL), rel=0.1)


@pytest.mark.parametrize("method", [EXPECTATION, BEST_VALUE])
def test_the_shots_that_a_plan_asks_for_are_enough_and_not_many_times_too_many(
    ring5: Baseline, policy: Policy, method: str
) -> None:
    rules = policy(method, observable=observed("mixed"), objective=sought())
    plan = plan_shots(rules, ring5, 50)
    assert not plan.feasible
    assert plan.shots_needed is not None
    assert f"needs {plan.shots_needed:,} shots, not 50" in plan.reasons[0]
    assert plan_shots(rules, ring5, plan.shots_needed).feasible
    generator, accepted = np.random.default_rng(7), 0
    worker = 0.9 * ring5.weights / TOTAL + 0.1 / 32
    for shots, least, most in ((plan.shots_needed, 190, 200), (plan.shots_needed // 4, 0, 180)):
        accepted = sum(
            judged(method, rules, ring5, generator.multinomial(shots, worker)).decision is Decision.ACCEPT
            for _ in range(200)
        )
        assert least <= accepted <= most


def test_an_observable_that_noise_has_as_well_is_not_feasible_alone(policy: Policy) -> None:
    blind = ExpectationRule((("ZII", Fraction(1)),), Fraction(1, 4), Fraction(1, 4), "parities")
    ghz = Baseline(3, np.array([TOTAL // 2, 0, 0, 0, 0, 0, 0, TOTAL // 2]))
    plan = plan_shots(policy(EXPECTATION, observable=blind), ghz, 4000)
    assert not plan.feasible
    assert any("noise would not be found out" in reason for reason in plan.reasons)
    assert plan.suggestion is not None
    assert plan.suggestion.method == f"{EXPECTATION}+{TVD}+{WITNESS}"
    beside = policy(EXPECTATION, TVD, WITNESS, observable=blind)
    assert plan_shots(beside, ghz, plan.suggestion.shots).feasible


def test_papers_alone_are_not_feasible_and_beside_others_cost_nothing(ring5: Baseline, policy: Policy) -> None:
    alone = plan_shots(policy(REPRODUCE), ring5, 4000)
    assert not alone.feasible
    assert "papers" in alone.reasons[0]
    assert alone.suggestion is not None
    assert alone.suggestion.method == f"{REPRODUCE}+{TVD}+{WITNESS}"
    beside, without = (plan_shots(policy(*names), ring5, 4000) for names in ((REPRODUCE, TVD, WITNESS), (TVD, WITNESS)))
    assert beside.feasible
    assert (beside.p_accept_honest, beside.shots_needed) == (without.p_accept_honest, without.shots_needed)


def test_a_plan_says_where_the_other_bound_needs_fewer_shots(policy: Policy) -> None:
    sure = ExpectationRule((("ZZZ", Fraction(1)),), Fraction(1, 4), Fraction(1, 4), "mixed")
    zero = Baseline(3, np.array([TOTAL, 0, 0, 0, 0, 0, 0, 0]))
    plan = plan_shots(policy(EXPECTATION, observable=sure), zero, 100)
    assert any("bound: parities" in reason for reason in plan.reasons)

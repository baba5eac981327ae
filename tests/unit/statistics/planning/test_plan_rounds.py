"""What several rounds buy: the error rates hold over all of them, and the forecast is no promise too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from oracle.spec import Round, ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    TVD,
    WITNESS,
    Baseline,
    Decision,
    PolicyRefused,
    certifier,
    plan_rounds,
    plan_shots,
)
from oracle.statistics.exact.tails import upper_tail
from oracle.statistics.methods.share import ShareCertifier
from oracle.statistics.policy import HullBounds

Policy = Callable[..., ValidationPolicy]
PARTS = (Fraction(1, 500), Fraction(3, 500), Fraction(1, 500))
SHOTS = (60, 350, 1200)


def in_rounds(policy: ValidationPolicy, shots: tuple[int, ...] = SHOTS) -> list[Round]:
    return [Round(replace(policy, alpha=part, beta=part), n) for part, n in zip(PARTS, shots, strict=False)]


def shares(policy: ValidationPolicy, baseline: Baseline) -> list[ShareCertifier]:
    made = [certifier(WITNESS, each.policy, baseline, each.shots) for each in in_rounds(policy)]
    assert all(isinstance(each, ShareCertifier) for each in made)
    return made  # type: ignore[return-value]


def chances(test: ShareCertifier, share: Fraction) -> tuple[Fraction, Fraction]:
    """Upper bounds of the chance that `test` accepts, and that it rejects, at `share`."""
    accept = Fraction(0) if test.accept_at is None else upper_tail(test.accept_at, test.shots, share).high
    reject = Fraction(0) if test.reject_at is None else 1 - upper_tail(test.reject_at + 1, test.shots, share).low
    return accept, reject


def test_a_worker_at_the_bound_is_accepted_in_any_round_at_most_alpha_often(ring5: Baseline, policy: Policy) -> None:
    accepted, rejected, reached = Fraction(0), Fraction(0), Fraction(1)
    for test in shares(policy(WITNESS), ring5):
        accept, reject = chances(test, test.level_set.share(Fraction(7, 10)))
        accepted += reached * accept
        rejected += reached * reject
        reached *= 1 - accept - reject
    assert Fraction(1, 500) < accepted <= Fraction(1, 100)
    assert Fraction(1, 500) < rejected <= Fraction(1, 100)


def test_choosing_another_law_in_each_round_buys_nothing(ring5: Baseline, policy: Policy) -> None:
    # The worker that sees every verdict before it decides what to deliver next: the best answer at each round.
    best = Fraction(0)
    for test in reversed(shares(policy(WITNESS), ring5)):
        options = []
        for fidelity in range(71):
            accept, reject = chances(test, test.level_set.share(Fraction(fidelity, 100)))
            options.append(accept + (1 - accept - reject) * best)
        best = max(options)
    assert best <= Fraction(1, 100)


def test_the_forecast_over_rounds_is_kept(ring5: Baseline, policy: Policy) -> None:
    rounds = in_rounds(policy(WITNESS), (40, 60, 90))
    fidelity = Fraction(9, 10)
    plan = plan_rounds(rounds, ring5, honest_fidelity=fidelity)
    rng = np.random.default_rng(11)
    p = ring5.weights / ring5.weights.sum()
    q = float(fidelity) * p + (1 - float(fidelity)) / ring5.outcomes
    tests = [certifier(WITNESS, each.policy, ring5, each.shots) for each in rounds]
    runs, accepted, topped_up, undecided = 4000, 0, 0, 0
    for _ in range(runs):
        for number, (each, test) in enumerate(zip(rounds, tests, strict=True)):
            counts = rng.multinomial(each.shots, q)
            seen = np.flatnonzero(counts)
            decision = test.certify(seen, counts[seen]).decision
            topped_up += number == 0 and decision is Decision.NEITHER
            if decision is not Decision.NEITHER:
                accepted += decision is Decision.ACCEPT
                break
        else:
            undecided += 1
    # Four standard deviations of the simulation.
    assert accepted / runs >= float(plan.p_accept_honest) - 4 * (0.25 / runs) ** 0.5
    assert topped_up / runs <= float(plan.p_top_up) + 4 * (0.25 / runs) ** 0.5
    assert undecided / runs <= float(plan.p_inconclusive) + 4 * (0.25 / runs) ** 0.5
    alone = plan_shots(rounds[0].policy, ring5, rounds[0].shots, honest_fidelity=fidelity)
    assert plan.p_accept_honest > alone.p_accept_honest + Fraction(1, 4), "and rounds are worth something"
    assert (plan.rounds, plan.shots_at_most) == (3, 190)


def test_one_round_is_planned_as_before(ring5: Baseline, policy: Policy) -> None:
    assert plan_rounds([Round(policy(), 4000)], ring5) == plan_shots(policy(), ring5, 4000)


def test_rounds_make_a_plan_feasible_that_one_is_not(ring5: Baseline, policy: Policy) -> None:
    rounds = in_rounds(policy(WITNESS), (100, 400))
    alone = plan_shots(rounds[0].policy, ring5, 100)
    both = plan_rounds(rounds, ring5)
    assert not alone.feasible
    assert both.feasible
    assert (both.reasons, both.suggestion) == ((), None)
    assert both.p_top_up == 1 - alone.p_accept_honest


def test_a_worker_outside_the_honest_set_is_promised_no_second_round(ring5: Baseline, policy: Policy) -> None:
    rounds = in_rounds(policy(WITNESS), (100, 400))
    low = Fraction(69, 100)
    alone = plan_shots(rounds[0].policy, ring5, 100, honest_fidelity=low)
    assert plan_rounds(rounds, ring5, honest_fidelity=low).p_accept_honest == alone.p_accept_honest


def test_a_baseline_that_no_method_judges_stays_refused_in_any_round(policy: Policy) -> None:
    plan = plan_rounds(in_rounds(policy(BINOMIAL)), Baseline.uniform(5))
    assert not plan.feasible
    assert (plan.p_accept_honest, plan.p_inconclusive) == (0, 1)


def test_a_later_round_is_checked_like_the_first(ring5: Baseline, policy: Policy) -> None:
    with pytest.raises(PolicyRefused):
        plan_rounds([Round(policy(), 4000), Round(policy(), 1 << 21)], ring5)


def test_who_is_honest_by_a_hull_may_count_on_a_second_round(ring5: Baseline, policy: Policy) -> None:
    uniform = Baseline.uniform(5)
    near = {"eps": Fraction(1, 20), "honest_eps": Fraction(1, 20)}
    noisy = replace(policy(TVD, WITNESS, **near), hull=HullBounds(Fraction(1, 4), ((uniform.root, Fraction(1, 5)),)))
    rounds = in_rounds(noisy, (1500, 8000))
    first = plan_shots(rounds[0].policy, ring5, 1500, vertices=[uniform])
    both = plan_rounds(rounds, ring5, vertices=[uniform])
    assert both.p_accept_honest > first.p_accept_honest

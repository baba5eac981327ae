"""How many canaries: exact numbers against other ways to reach them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import ceil

import pytest
from scipy import stats

from oracle.canaries import CanaryPolicy, PlanRefused, canaries_needed, missed, plan_canaries
from oracle.canaries.plan import bounds

Policy = Callable[..., CanaryPolicy]


@pytest.mark.parametrize("luck", [Fraction(0), Fraction(1, 8)])
@pytest.mark.parametrize("share", [Fraction(1, 3), Fraction(1, 20)])
def test_what_is_missed_is_the_mean_over_the_hypergeometric_law(
    policy: Policy, share: Fraction, luck: Fraction
) -> None:
    rates = policy(cheating_share=share, luck=luck)
    for targets, canaries in product((1, 7, 40), (1, 5, 30)):
        batch = targets + canaries
        law = stats.hypergeom(batch, canaries, ceil(share * batch))
        mean = sum(law.pmf(h) * float(rates.slip) ** h for h in range(canaries + 1))
        assert float(missed(rates, targets, canaries)) == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 5), Fraction(1, 10), Fraction(1, 37)])
@pytest.mark.parametrize("targets", [1, 3, 20, 500])
def test_as_many_as_are_needed_are_enough_with_any_more_too_and_one_less_is_not(
    policy: Policy, targets: int, share: Fraction
) -> None:
    rates = policy(cheating_share=share)
    needed = canaries_needed(rates, targets)
    assert needed is not None
    assert all(missed(rates, targets, more) <= rates.alpha for more in range(needed, needed + 120))
    assert needed == 1 or missed(rates, targets, needed - 1) > rates.alpha


def test_any_number_of_targets_needs_at_most_what_the_binomial_law_needs(policy: Policy) -> None:
    rates = policy()
    kept = 1 - rates.cheating_share * (1 - rates.alpha)
    enough = next(m for m in range(1, 100) if kept**m <= rates.alpha)
    needed = [canaries_needed(rates, targets) for targets in (1, 10, 100, 1000, 4000)]
    assert needed == sorted(needed)  # type: ignore[type-var]
    assert max(needed) == enough == 21  # type: ignore[type-var]


def test_an_honest_worker_at_the_floor_is_rejected_at_most_beta_often(policy: Policy) -> None:
    for canaries, shots in product((1, 7, 50), (20, 300)):
        found = bounds(policy(), canaries, shots)
        at_floor = stats.binom(shots, 0.5)
        failing = 0.0 if found.reject_at is None else at_floor.cdf(found.reject_at)
        assert 1 - (1 - failing) ** canaries <= 0.01
        assert found.accept_at is not None
        assert at_floor.sf(found.accept_at - 1) <= 0.01 < at_floor.sf(found.accept_at - 2)


def test_a_plan_says_what_it_costs_and_how_often_it_works(policy: Policy) -> None:
    plan = plan_canaries(policy(), targets=20, shots=200, expected_survival=Fraction(7, 10), price_usd=Fraction(1, 800))
    assert plan.feasible
    assert plan.canaries == plan.canaries_needed == 16
    assert (plan.canary_shots, plan.cost_usd, plan.overhead) == (3200, 4, Fraction(4, 9))
    assert plan.p_caught <= 1 - missed(policy(), 20, 16) < plan.p_caught + Fraction(1, 10_000)
    assert plan.accept_at is not None
    surviving = stats.binom(200, 0.7).sf(plan.accept_at - 1)
    assert Fraction(95, 100) <= plan.p_accept_honest <= surviving**16
    again = plan_canaries(policy(), targets=20, shots=plan.shots_needed or 0, expected_survival=Fraction(7, 10))
    assert again.feasible


@pytest.mark.parametrize(
    ("changes", "rates", "words"),
    [
        ({"canaries": 15}, {}, "takes 16 canaries to show, not 15"),
        ({"shots": 20}, {}, "shots a canary show, not 20"),
        ({"expected_survival": Fraction(1, 2)}, {}, "no number of shots shows"),
        ({}, {"cheating_share": Fraction(1, 5000)}, "more than 4,096 canaries"),
        ({}, {"luck": Fraction(1)}, "an answer made up is"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(
    policy: Policy, changes: dict[str, object], rates: dict[str, Fraction], words: str
) -> None:
    asked = {"targets": 20, "shots": 200, "expected_survival": Fraction(7, 10)} | changes
    plan = plan_canaries(policy(**rates), **asked)  # type: ignore[arg-type]
    assert not plan.feasible
    assert any(words in reason for reason in plan.reasons)


@pytest.mark.parametrize(
    "rates",
    [{"alpha": 0}, {"beta": Fraction(2, 3)}, {"cheating_share": 0}, {"floor": 1}, {"luck": 2}, {"cheating_share": 2}],
)
def test_rates_that_mean_nothing_are_refused(policy: Policy, rates: dict[str, Fraction]) -> None:
    with pytest.raises(PlanRefused):
        plan_canaries(policy(**rates), targets=1, shots=100, expected_survival=Fraction(9, 10))

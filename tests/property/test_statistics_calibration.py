"""The calibration itself, small: it finds the errors that there are, and the stated rates hold on what it finds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from attackers import ATTACKERS, Attacker
from calibration import limits, workers
from calibration.laws import dense
from calibration.measure import MARGIN, lower_limit, measured, upper_limit
from calibration.search import Effort, Space, worst
from calibration.spaces import RATE, SPACES, CountsSpace, policy
from calibration.tails import check_tails
from calibration.trials import CountsTrial, errors
from scipy.stats import binomtest

from oracle.statistics import COLLISIONS, GUARDS, METHODS, REPRODUCE, SCORES, TVD, WITNESS, Decision, certifier
from oracle.statistics.exact.tails import least_significant, most_significant, upper_tail
from oracle.statistics.methods.share import ShareCertifier
from oracle.terms.typed_data import Outcome

QUICK = Effort(proposals=16, results=40, generations=1, children=8, kept=4, finalists=2, counted=200)
SEARCHING = Effort(proposals=40, results=100, generations=3, children=20, finalists=2, counted=1000)
RUNS = 1000


def named(space: Space[object]) -> str:
    return f"{space.method.partition('/')[0]}-{space.error.value}-{space.boundary}"


@pytest.mark.parametrize("space", SPACES, ids=[named(space) for space in SPACES])
def test_no_method_errs_more_often_than_stated_on_the_worst_boundary_of_a_short_search(
    space: Space[object],
) -> None:
    runs = RUNS // space.cost
    found = measured(space, 3, runs, QUICK)
    limit = least_significant(runs, RATE, Fraction(1, 1000))
    assert limit is not None
    assert found.errors < limit, f"{found.worst}, {found.shots} shots"


def test_every_method_and_guard_is_measured_for_each_error_it_can_make() -> None:
    measured_ones = {(space.method, space.error) for space in SPACES}
    # reproduce/1 compares digests: there is nothing random in it.
    drawing = set(METHODS) - {REPRODUCE}
    assert {(name, error) for name in drawing for error in (Decision.ACCEPT, Decision.REJECT)} | {
        (name, Decision.REJECT) for name in GUARDS
    } == measured_ones


def test_a_method_that_errs_more_often_than_it_states_is_found_out() -> None:
    # An engine that accepts at 1/20 and states 1/100: its boundary is the same, its decisions are not.
    lax = replace(policy("witness.levelset/1"), alpha=Fraction(1, 20))
    honest = next(space for space in SPACES if space.method == "witness.levelset/1" and space.error is Decision.ACCEPT)
    assert isinstance(honest, CountsSpace)
    broken = replace(
        honest, prepare=lambda baseline, shots: certifier("witness.levelset/1", lax, baseline, shots).certify
    )
    found = measured(broken, 3, 5000, QUICK)
    assert not found.holds
    assert lower_limit(found.errors, found.runs) > MARGIN * float(found.stated)


def test_the_search_finds_where_a_coin_is_most_often_accepted() -> None:
    # For one bit, T moves most where the worker's coin is fair; far from that it hardly ever errs.
    space = next(space for space in SPACES if space.method == TVD and space.error is Decision.ACCEPT)
    found = worst(space, np.random.default_rng(2), SEARCHING)
    assert isinstance(found, CountsTrial)
    assert found.law.max() < 0.75
    assert errors(found, Decision.ACCEPT, np.random.default_rng(3), 20_000) >= 4


def test_the_same_seed_finds_and_measures_the_same() -> None:
    space = SPACES[0]
    assert measured(space, 5, 400, QUICK) == measured(space, 5, 400, QUICK)
    assert measured(space, 5, 400, QUICK).worst != measured(space, 6, 400, QUICK).worst


@pytest.mark.parametrize(("errors", "runs"), [(0, 10), (3, 100), (100, 10_000), (7, 7)])
def test_limits_are_scipys(errors: int, runs: int) -> None:
    test = binomtest(errors, runs)
    assert upper_limit(errors, runs) == pytest.approx(test.proportion_ci(0.98, "exact").high)
    assert lower_limit(errors, runs) == pytest.approx(test.proportion_ci(0.98, "exact").low)


def test_tails_are_the_exact_fractions_on_ten_thousand_cases() -> None:
    found = check_tails(10_000, seed=2)
    assert (found.cases, found.violations) == (10_000, 0)


@pytest.mark.parametrize("bits", [4, 12])
def test_honest_workers_are_accepted_and_weak_ones_rejected_nearly_always(bits: int) -> None:
    runs = 60
    honest = workers.judged(workers.Plan("honest", Attacker(workers.HONEST), bits), runs, 1)
    weak = workers.judged(workers.Plan("weak", Attacker(workers.WEAK), bits), runs, 1)
    # One time in a thousand of those at 99% and 95% show fewer; `make calibrate` measures how many it is.
    assert honest.accepted > most_significant(runs, Fraction(99, 100), Fraction(1, 1000))
    assert weak.rejected > most_significant(runs, Fraction(95, 100), Fraction(1, 1000))


@pytest.mark.parametrize(
    ("name", "bits"),
    [(name, bits) for name, each in ATTACKERS.items() for bits in workers.ATTACKED_BITS if bits >= each.least_bits],
)
def test_no_attacker_is_paid(name: str, bits: int) -> None:
    assert workers.judged(workers.Plan(name, ATTACKERS[name], bits), 20, 1).accepted == 0


@pytest.mark.parametrize("attempt", limits.attempts(), ids=lambda each: each.title.removeprefix("limits, "))
def test_whom_the_guard_on_collisions_is_said_to_stand_against_is_not_paid_and_no_other_is_held_up(
    attempt: limits.Attempt,
) -> None:
    found = limits.passed(attempt, 8, 1)
    if attempt.against == limits.COPIES:
        assert found.accepted == 0
    elif attempt.circuit == "ring of five":
        # Nothing can be told there, and nothing is.
        assert found.accepted == found.unguarded


def test_the_heavy_outcomes_alone_are_within_the_default_distance_and_need_a_guard() -> None:
    attacker, rng = ATTACKERS["heavy outcomes only"], np.random.default_rng(1)
    guarded = workers.policy(5)
    others = tuple(name for name in guarded.guards if name not in (SCORES, COLLISIONS))
    unguarded = replace(guarded, guards=others)
    of_distance = replace(unguarded, certificates=(TVD,))
    assert len(others) + 2 == len(guarded.guards)
    for which in range(10):
        circuit = dense(5, which)
        assert workers.verdict(attacker, circuit, unguarded, rng).outcome is Outcome.ACCEPT
        assert workers.verdict(attacker, circuit, of_distance, rng).outcome is Outcome.ACCEPT
        for name in (SCORES, COLLISIONS):
            alone = replace(unguarded, guards=tuple(sorted((*others, name))))
            assert workers.verdict(attacker, circuit, alone, rng).outcome is Outcome.REJECT


@pytest.mark.parametrize("bits", [4, 5, 6, 7, 13])
def test_a_weak_worker_is_rejected_although_the_witness_shares_beta(bits: int) -> None:
    """The exact probability that the witness rejects F = 0.7, mean over the circuits."""
    found = []
    for which in range(workers.circuits(bits)):
        witness = certifier(WITNESS, workers.policy(bits), dense(bits, which), workers.SHOTS)
        assert isinstance(witness, ShareCertifier)
        assert witness.reject_at is not None
        share = witness.level_set.share(Fraction(7, 10))
        found.append(1 - float(upper_tail(witness.reject_at + 1, workers.SHOTS, share).high))
    assert sum(found) / len(found) > workers.LEAST_REJECTED


def test_a_replayed_result_is_an_attack_and_the_same_result_once_is_none() -> None:
    old = ATTACKERS["an old result replayed"]
    once = replace(old, replayed=False)
    assert workers.judged(workers.Plan("old", old, 5), 20, 1).rejected == 20
    assert workers.judged(workers.Plan("new", once, 5), 20, 1).accepted == 20

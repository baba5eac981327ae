"""What the planner promises, refuses and suggests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    LEAST_POWER,
    TVD,
    WITNESS,
    Baseline,
    PolicyRefused,
    Suggestion,
    misread,
    plan_shots,
    shots_needed,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.tails import most_significant
from oracle.statistics.registry import certifier

Policy = Callable[..., ValidationPolicy]


def porter_thomas(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(1).dirichlet(np.ones(1 << bits)))


def test_four_thousand_shots_do_for_the_ring(ring5: Baseline, policy: Policy) -> None:
    plan = plan_shots(policy(), ring5, 4000)
    assert plan.feasible
    assert plan.method == f"{TVD}+{WITNESS}"
    assert min(plan.p_accept_honest, plan.p_reject_uniform) > Fraction(99, 100)
    assert plan.p_inconclusive == 1 - plan.p_accept_honest
    assert (plan.reasons, plan.suggestion) == ((), None)
    assert plan.shots_needed is not None
    assert 100 < plan.shots_needed < 1000


def test_a_near_distance_at_twelve_bits_needs_a_hundred_thousand_shots(policy: Policy) -> None:
    near = policy(TVD, eps=Fraction(2, 25), honest_eps=Fraction(2, 25))
    plan = plan_shots(near, porter_thomas(12), 4000, honest_fidelity=Fraction(1))
    assert not plan.feasible
    assert plan.shots_needed is not None
    assert 95_000 <= plan.shots_needed <= 110_000
    assert plan.suggestion is not None
    assert plan.suggestion.method == WITNESS
    assert plan.suggestion.shots < 4000
    assert plan.reasons[0].startswith("TVD 2/25 at 12 bits needs 10")
    assert plan.reasons[1].startswith("use witness.levelset/1, which needs ")


def test_the_witness_needs_about_as_many_shots_at_any_width(policy: Policy) -> None:
    strict = policy(WITNESS, f_min=Fraction(4, 5), honest_f=Fraction(4, 5))
    needed = [shots_needed(strict, porter_thomas(bits)) for bits in (8, 12, 16)]
    assert all(shots is not None and 1_700 <= shots <= 2_500 for shots in needed)


def test_too_few_shots_are_refused_with_the_number_that_does(ring5: Baseline, policy: Policy) -> None:
    plan = plan_shots(policy(), ring5, 100)
    assert not plan.feasible
    assert plan.shots_needed is not None
    assert plan.suggestion == Suggestion(f"{TVD}+{WITNESS}", plan.shots_needed)
    assert plan.reasons == (f"TVD 1/4 and fidelity 7/10 at 5 bits needs {plan.shots_needed:,} shots, not 100",)
    assert plan_shots(policy(), ring5, plan.shots_needed).feasible


def test_a_test_that_no_honest_worker_passes_is_refused_at_every_number(ring5: Baseline, policy: Policy) -> None:
    strict = policy(f_min=Fraction(19, 20), honest_f=Fraction(19, 20))
    plan = plan_shots(strict, ring5, 4000)
    assert not plan.feasible
    assert plan.shots_needed is None
    assert plan.suggestion is None
    assert "cannot be certified with any number of shots" in plan.reasons[0]


def test_a_test_that_chance_passes_is_refused(ring5: Baseline, policy: Policy) -> None:
    lax = policy(TVD, eps=Fraction(4, 5), honest_eps=Fraction(4, 5))
    plan = plan_shots(lax, ring5, 4000)
    assert plan.p_accept_honest > Fraction(99, 100)
    assert plan.p_reject_uniform == 0
    assert not plan.feasible


def test_a_flat_baseline_is_refused_in_words(policy: Policy) -> None:
    plan = plan_shots(policy(WITNESS), Baseline.uniform(8), 4000)
    assert not plan.feasible
    assert "too flat" in plan.reasons[0]
    assert plan.suggestion is None


def test_the_witness_is_never_suggested_alone_where_a_distance_works(policy: Policy) -> None:
    weights = np.zeros(32, dtype=np.int64)
    weights[[0, 31]] = TOTAL // 2
    plan = plan_shots(policy(BINOMIAL), Baseline(5, weights), 20)
    assert plan.suggestion is not None
    assert plan.suggestion.method in {BINOMIAL, f"{TVD}+{WITNESS}"}


@pytest.mark.parametrize("fidelity", [Fraction(-1, 10), Fraction(11, 10)])
def test_a_fidelity_out_of_range_is_refused(ring5: Baseline, policy: Policy, fidelity: Fraction) -> None:
    with pytest.raises(ValueError, match="fidelity"):
        plan_shots(policy(), ring5, 4000, honest_fidelity=fidelity)


def test_a_policy_out_of_range_is_refused_before_planning(ring5: Baseline, policy: Policy) -> None:
    with pytest.raises(PolicyRefused):
        plan_shots(policy("no.such/1"), ring5, 4000)


@pytest.mark.parametrize("method", [TVD, WITNESS])
@pytest.mark.parametrize("shots", [150, 400, 4000])
@pytest.mark.parametrize("fidelity", [Fraction(7, 10), Fraction(4, 5), Fraction(9, 10), Fraction(1)])
def test_a_forecast_is_not_rosier_than_what_happens(
    ring5: Baseline, policy: Policy, method: str, shots: int, fidelity: Fraction
) -> None:
    prepared = certifier(method, policy(TVD, WITNESS), ring5, shots)
    p = ring5.weights / TOTAL
    f = float(fidelity)
    runs = 300
    rng = np.random.default_rng(shots)
    outcomes = np.arange(32)

    def share(law: np.ndarray, decision: str) -> float:
        drawn = rng.multinomial(shots, law, size=runs)
        return sum(prepared.certify(outcomes, counts).decision == decision for counts in drawn) / runs

    # Three standard deviations of the share that is measured.
    assert share(f * p + (1 - f) / 32, "accept") >= float(prepared.accepts_honest(fidelity)) - 0.09
    assert share(np.full(32, 1 / 32), "reject") >= float(prepared.rejects_uniform()) - 0.09


def flattened(bits: int, share: float, seed: int) -> Baseline:
    """A dense circuit of which that share is left, the rest uniform: a contrast of about 0.3 times it."""
    dense = np.random.default_rng(seed).dirichlet(np.ones(1 << bits))
    return Baseline.from_probabilities(share * dense + (1 - share) / dense.size)


def parity(share: float) -> Baseline:
    """Odd outcomes of eight bits are likelier, which any one misread bit undoes."""
    odd = np.array([x.bit_count() % 2 for x in range(256)])
    return Baseline.from_probabilities((1 + share * (2 * odd - 1)) / 256)


@pytest.mark.parametrize(("bits", "share"), [(5, 0.35), (5, 0.45), (8, 0.5), (10, 0.4), (10, 0.55)])
def test_a_flat_circuit_that_is_planned_for_accepts_an_ideal_device_with_readout_errors(
    policy: Policy, bits: int, share: float
) -> None:
    baseline, runs = flattened(bits, share, bits), 200
    rules = policy(TVD, WITNESS) if bits <= 6 else policy(WITNESS)
    short = plan_shots(rules, baseline, 4000)
    assert not short.feasible
    assert short.shots_needed is not None
    assert plan_shots(rules, baseline, short.shots_needed).feasible
    prepared = [certifier(name, rules, baseline, short.shots_needed) for name in rules.certificates]
    law = misread(baseline, Fraction(1, 100), Fraction(1, 20)).weights / TOTAL
    outcomes, accepted = np.arange(law.size), 0
    for counts in np.random.default_rng(1).multinomial(short.shots_needed, law, size=runs):
        seen = np.flatnonzero(counts)
        accepted += all(each.certify(outcomes[seen], counts[seen]).decision == "accept" for each in prepared)
    # One time in a thousand a worker who is accepted 95% of the time is accepted less often.
    assert accepted > most_significant(runs, LEAST_POWER, Fraction(1, 1000))


@pytest.mark.parametrize(
    "baseline", [flattened(5, 0.4, 1), flattened(10, 0.5, 1), parity(0.38)], ids=["5", "10", "odd"]
)
def test_the_lower_fidelity_that_a_flat_circuit_is_offered_does(policy: Policy, baseline: Baseline) -> None:
    rules = policy(WITNESS)
    plan = plan_shots(rules, baseline, 4000)
    said = " ".join(plan.reasons)
    assert "nearly flat" in said
    assert "readout errors of 0.01 (0 as 1) and 0.05 (1 as 0)" in said
    (offered,) = re.findall(r"with f_min: (\S+) these 4,000 shots do", said)
    lower = Fraction(offered)
    assert plan_shots(replace(rules, f_min=lower, honest_f=lower), baseline, 4000).feasible


def test_a_flat_circuit_that_no_fidelity_saves_is_told_to_measure_something_else(policy: Policy) -> None:
    plan = plan_shots(policy(WITNESS), parity(0.22), 4000)
    assert not plan.feasible
    assert plan.suggestion is None
    assert "no f_min from 2/5 on helps" in plan.reasons[-1]


def test_a_circuit_that_readout_errors_do_not_harm_is_planned_as_before(policy: Policy) -> None:
    # Zeros are likelier, and ones read as zeros make them more so.
    coins = np.ones(1)
    for _ in range(8):
        coins = np.concatenate((coins * 0.8, coins * 0.2))
    baseline = Baseline.from_probabilities(0.3 * coins + 0.7 / 256)
    plan = plan_shots(policy(WITNESS), baseline, 200)
    assert not plan.feasible
    assert "flat" not in " ".join(plan.reasons)
    assert plan_shots(policy(WITNESS), baseline, 4000).feasible

"""Known attackers are not paid, and honest workers are not failed by a guard, at the stated rates.

Runs are few and seeds fixed: an attacker that is named here is caught nearly always, or the suite says so.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from attackers import (
    Worker,
    at_fidelity,
    drifting,
    each_twice,
    heavy_only,
    heavy_uniform,
    in_sorted_order,
    mode_only,
    padded,
    quota,
    repeated,
    resetting_badly,
    stretched,
    with_readout_errors,
    xeb_spoof,
)

from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.spec.sections.methods import DEFAULT_GUARDS, resolve_guards
from oracle.statistics import (
    BLOCKS,
    CEILING,
    COLLISIONS,
    GUARDS,
    REPEATS,
    TVD,
    WITNESS,
    Baseline,
    Decision,
    Record,
    guard,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.tails import least_significant
from oracle.terms.typed_data import Outcome
from oracle.verdict import Case, VerdictDocument, decide

SHOTS = 4000
RUNS = 25
UNBOUNDED = tuple(name for name in GUARDS if name != CEILING)
"""The guards that a policy without f_max may name."""
PERCENT = Fraction(1, 100)
_GOLDEN = Path(__file__).parents[1] / "golden" / "verdict_documents.json"
RING5 = Baseline.from_bytes(json.loads(_GOLDEN.read_text())["baselines"]["ring5"].encode())


def dense(bits: int) -> Baseline:
    return Baseline.from_probabilities(np.random.default_rng(bits).dirichlet(np.ones(1 << bits)))


def policy(bits: int, f_min: Fraction = Fraction(4, 5), guards: tuple[str, ...] = UNBOUNDED) -> ValidationPolicy:
    certificates = (TVD, WITNESS) if bits <= 6 else (WITNESS,)
    quarter = Fraction(1, 4)
    return ValidationPolicy(PERCENT, PERCENT, quarter, quarter, f_min, f_min, certificates, guards)


def verdict(worker: Worker, baseline: Baseline, seed: int, rules: ValidationPolicy, replayed=False) -> VerdictDocument:
    shots = pack(worker(baseline.weights / TOTAL, SHOTS, np.random.default_rng(seed)), baseline.bits)
    return decide(
        Case(
            job=ZERO_DIGEST,
            round=0,
            spec_hash=ZERO_DIGEST,
            policy=rules,
            shots_required=SHOTS,
            baseline=baseline,
            baseline_root=baseline.root,
            result_hash=shots.result_hash,
            artifact=shots.data,
            replayed=replayed,
            worker_amount=1,
        )
    )


def accepted(worker: Worker, baseline: Baseline, rules: ValidationPolicy) -> int:
    return sum(verdict(worker, baseline, seed, rules).outcome is Outcome.ACCEPT for seed in range(RUNS))


AT_EVERY_WIDTH = {
    "uniform": at_fidelity(0.0),
    "fidelity 0.73": at_fidelity(0.73),
    "a spoof that matches XEB": xeb_spoof,
    "quota counts": quota,
    "400 shots ten times": repeated(10),
    "each shot twice in a row": each_twice,
    "sorted": in_sorted_order,
    "padded with noise": padded,
    "the mode": mode_only,
    "heavy outputs": heavy_only,
    "heavy outputs alike": heavy_uniform,
}


@pytest.mark.parametrize("bits", [5, 10])
@pytest.mark.parametrize("worker", AT_EVERY_WIDTH.values(), ids=AT_EVERY_WIDTH.keys())
def test_an_attacker_is_not_paid(worker: Worker, bits: int) -> None:
    baseline = dense(bits)
    assert accepted(worker, baseline, policy(bits)) == 0


@pytest.mark.parametrize("bits", [7, 12])
@pytest.mark.parametrize("worker", [mode_only, heavy_only, heavy_uniform], ids=["mode", "heavy", "heavy alike"])
def test_a_witness_without_a_distance_is_not_passed_by_good_outcomes_alone(worker: Worker, bits: int) -> None:
    baseline = dense(bits)
    assert accepted(worker, baseline, replace(policy(bits, guards=()), certificates=(WITNESS,))) == RUNS
    defaults = resolve_guards(None, (WITNESS,), fields=())
    assert accepted(worker, baseline, replace(policy(bits, guards=defaults), certificates=(WITNESS,))) == 0


@pytest.mark.parametrize("worker", [quota, repeated(10), in_sorted_order], ids=["quota", "ten times", "sorted"])
def test_guards_stop_what_the_certificates_alone_would_pay(worker: Worker) -> None:
    for baseline in (RING5, dense(10)):
        assert accepted(worker, baseline, policy(baseline.bits, guards=())) == RUNS
        assert accepted(worker, baseline, policy(baseline.bits)) == 0


@pytest.mark.parametrize(("bits", "run"), [(9, 1000), (10, 400), (10, 1000), (12, 2000), (16, 1000), (16, 2000)])
def test_a_shorter_run_stretched_by_uneven_copies_is_not_paid_however_good_its_shots(bits: int, run: int) -> None:
    # Far above the bound, where every run is paid that is not found out.
    baseline, worker = dense(bits), stretched(run, 0.95)
    without = tuple(name for name in UNBOUNDED if name != COLLISIONS)
    assert accepted(worker, baseline, policy(bits, guards=without)) > RUNS - 4
    assert accepted(worker, baseline, policy(bits)) == 0


def test_a_replayed_result_is_not_paid_whatever_the_guards() -> None:
    for baseline in (RING5, dense(10)):
        found = verdict(at_fidelity(1.0), baseline, 1, policy(baseline.bits), replayed=True)
        assert found.outcome is Outcome.REJECT
        assert found.reason_codes == ("replayed_result",)
        assert found.guards == ()


HONEST = {
    "ideal": at_fidelity(1.0),
    "fidelity 0.9": at_fidelity(0.9),
    "fidelity 0.5": at_fidelity(0.5),
    "readout errors": with_readout_errors(0.03),
    "fidelity sliding": drifting(1.0, 0.8),
    "carrying over one shot in fifty": resetting_badly(0.02),
    # A guard rejects what no device shows, and not what is merely bad.
    "uniform": at_fidelity(0.0),
}


@pytest.mark.parametrize("bits", [3, 5, 10])
@pytest.mark.parametrize("worker", HONEST.values(), ids=HONEST.keys())
def test_no_guard_rejects_shots_that_were_sampled(worker: Worker, bits: int) -> None:
    baseline, runs = dense(bits), 60
    rules = policy(bits)
    prepared = [guard(name, rules, baseline, SHOTS) for name in UNBOUNDED]
    rng = np.random.default_rng(bits)
    rejected = 0
    for _ in range(runs):
        record = Record.of(worker(baseline.weights / TOTAL, SHOTS, rng))
        rejected += any(each.inspect(record).decision is Decision.REJECT for each in prepared)
    limit = least_significant(runs, PERCENT, Fraction(1, 1000))
    assert limit is not None
    assert rejected < limit


def test_a_device_at_the_honest_tilt_is_rejected_as_often_as_stated_and_not_much_less() -> None:
    # Two outcomes; neighbours agree two times in three, and the last third is a fair coin.
    runs, rate = 2000, Fraction(1, 20)
    coin = Baseline.from_probabilities([0.7, 0.3])
    rules = ValidationPolicy(
        rate, rate, Fraction(1, 4), Fraction(1, 4), Fraction(4, 5), Fraction(4, 5), (TVD,), (REPEATS,)
    )
    prepared = guard(REPEATS, rules, coin, 900)
    rng = np.random.default_rng(4)
    rejected = 0
    for _ in range(runs):
        first = rng.integers(0, 2, 300)
        pairs = np.column_stack((first, first ^ (rng.random(300) < 1 / 3)))
        record = Record.of(np.concatenate((pairs.ravel(), rng.integers(0, 2, 300))).astype(np.int64))
        rejected += prepared.inspect(record).decision is Decision.REJECT
    # A guard has a fifth of beta, and one direction of two can err here: a rate of 1/200.
    limit = least_significant(runs, rate / 10, Fraction(1, 1000))
    assert limit is not None
    assert runs * rate / 40 < rejected < limit


def test_a_device_at_the_honest_drift_is_rejected_no_more_often_than_stated() -> None:
    runs, rate, shots = 1000, Fraction(1, 20), 4000
    weights = np.array([TOTAL // 2, TOTAL // 2, 0, 0])
    baseline = Baseline(2, weights)
    rules = ValidationPolicy(
        rate, rate, Fraction(1, 4), Fraction(1, 4), Fraction(4, 5), Fraction(4, 5), (TVD,), (BLOCKS,)
    )
    prepared = guard(BLOCKS, rules, baseline, shots)
    rng = np.random.default_rng(4)
    share = np.repeat([0.45, 0.55] * 4, shots // 8)
    rejected = 0
    for _ in range(runs):
        record = Record.of(np.where(rng.random(shots) < share, 0, 2))
        rejected += prepared.inspect(record).decision is Decision.REJECT
    limit = least_significant(runs, rate / 2, Fraction(1, 1000))
    assert limit is not None
    assert rejected < limit
    beyond = Record.of(np.where(rng.random(shots) < np.repeat([0.3, 0.8] * 4, shots // 8), 0, 2))
    assert prepared.inspect(beyond).decision is Decision.REJECT


def test_the_guards_of_a_spec_that_names_none_say_nothing_of_how_far_a_device_may_drift() -> None:
    assert set(DEFAULT_GUARDS) < set(GUARDS)
    assert BLOCKS not in DEFAULT_GUARDS
    # From an ideal run to half noise: the blocks differ by more than is declared honest, and the defaults stay silent.
    rules = policy(5, guards=DEFAULT_GUARDS)
    for seed in range(RUNS):
        found = verdict(drifting(1.0, 0.5), RING5, seed, rules)
        assert [each.decision for each in found.guards] == [Decision.NEITHER] * len(DEFAULT_GUARDS)

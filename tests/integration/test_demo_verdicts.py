"""The demonstration's circuit, judged as validators judge it: honest runs pass, and what is not that run fails.

The honest worker runs on the simulated noise of fake_torino, the whole way through transpilation; the other workers
deliver coin flips, another circuit's result, or a result that they delivered before.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from oracle.artifacts.shots import PackedShots, pack
from oracle.circuits import exact_probabilities, load_qasm3
from oracle.encoding import sha256_hex
from oracle.spec import ValidationPolicy, load_source, normalise, policy_of
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.statistics import Baseline
from oracle.terms import Outcome
from oracle.verdict import Case, VerdictDocument, decide
from router.protocol.providing import Work
from router.sandbox import run_generator
from router.worker.providers.simulation import simulate

SEEDS = range(20)
TEMPLATE = Path(str(resources.files("router.console") / "templates"))


@pytest.fixture(scope="module")
def qasm3() -> str:
    """The circuit of `compute quantum init`, generated in the sandbox."""
    return run_generator(TEMPLATE / "circuits" / "optimizer.py")


@pytest.fixture(scope="module")
def baseline(qasm3: str) -> Baseline:
    return Baseline.from_probabilities(exact_probabilities(load_qasm3(qasm3)))


@pytest.fixture(scope="module")
def policy(baseline: Baseline) -> ValidationPolicy:
    """The policy of the spec that `init` writes, at its defaults."""
    spec = normalise(load_source(TEMPLATE / "job.yaml"), operator_policy=PromotionPolicy(), bits=baseline.bits)
    return policy_of(spec, baseline.bits)


def judged(
    policy: ValidationPolicy, baseline: Baseline, shots: PackedShots, *, replayed: bool = False
) -> VerdictDocument:
    return decide(
        Case(
            job=sha256_hex(b"job"),
            round=0,
            spec_hash=sha256_hex(b"spec"),
            policy=policy,
            shots_required=4_000,
            baseline=baseline,
            baseline_root=baseline.root,
            result_hash=shots.result_hash,
            artifact=shots.data,
            replayed=replayed,
            worker_amount=1,
        )
    )


def run(qasm3: str, seed: int) -> PackedShots:
    return simulate(Work(tag=f"seed-{seed}", qasm3=qasm3, shots=4_000, target="fake_torino", seed=seed)).shots


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_run_on_the_simulated_device_is_accepted(
    qasm3: str, baseline: Baseline, policy: ValidationPolicy, seed: int
) -> None:
    assert judged(policy, baseline, run(qasm3, seed)).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("seed", SEEDS)
def test_coin_flips_are_rejected(baseline: Baseline, policy: ValidationPolicy, seed: int) -> None:
    flips = np.random.default_rng(seed).integers(0, 2**baseline.bits, 4_000)
    assert judged(policy, baseline, pack(flips, baseline.bits)).outcome is Outcome.REJECT


@pytest.mark.parametrize("seed", SEEDS)
def test_another_circuits_result_is_rejected(baseline: Baseline, policy: ValidationPolicy, seed: int) -> None:
    other = f"""OPENQASM 3.0;
include "stdgates.inc";
bit[{baseline.bits}] c;
qubit[{baseline.bits}] q;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
ry(1.1) q[3];
ry(0.4) q[4];
c = measure q;
"""
    assert judged(policy, baseline, run(other, seed)).outcome is Outcome.REJECT


def test_a_result_that_this_worker_delivered_before_is_rejected(
    qasm3: str, baseline: Baseline, policy: ValidationPolicy
) -> None:
    shots = run(qasm3, 0)
    assert judged(policy, baseline, shots).outcome is Outcome.ACCEPT
    replay = judged(policy, baseline, shots, replayed=True)
    assert replay.outcome is Outcome.REJECT
    assert replay.reason_codes

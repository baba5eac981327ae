"""How long a verdict takes, a plan, and what is shown beside it: the median over fresh results, in processor time of
one thread. What is made once for a baseline, and its simulation, are not in it.

Exits with 1 above the ceilings. Qiskit and SciPy are measured on the same counts, in the form that each of them takes,
made before the clock runs; ratios below one are in our favour. They give points and asymptotic or bootstrap intervals
where ours are bounds, so the ratios say what the bounds cost, not which is better.

    python scripts/bench_verdicts.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from qiskit.quantum_info import hellinger_fidelity
from scipy.spatial.distance import cityblock
from scipy.stats import binomtest

from oracle.artifacts.shots import PackedShots, pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.spec.sections.methods import resolve_guards
from oracle.statistics import BEST_VALUE, EXPECTATION, HUBER, TVD, WITNESS, Baseline, plan_shots
from oracle.statistics.baseline import TOTAL
from oracle.statistics.exact.sketch import sketch
from oracle.statistics.exact.tails import least_significant
from oracle.statistics.guards.collisions import fewest_distinct
from oracle.statistics.methods.tvd import distance_statistic
from oracle.statistics.observables.bounds import parity_radius, upper_share
from oracle.statistics.observables.diagonal import Diagonal
from oracle.statistics.rules import ExpectationRule, ObjectiveRule
from oracle.verdict import Case, decide, describe
from oracle.verdict.figures import share_interval

CEILING_MS = {4000: 5.0, 1_000_000: 100.0}
"""For the first verdict under a policy, by shots."""
PARITY_CEILING_MS = 1.0
"""For each parity with a bound of its own, where they are more than CEILING_MS leaves room for: that is two
Clopper-Pearson intervals, found and proved on a grid."""
FIGURES_CEILING_MS = {(5, 4000): 50.0, (12, 4000): 50.0, (20, 4000): 1500.0, (20, 1_000_000): 3000.0}
"""For the five figures with their intervals, by bits and shots."""
RATES = (Fraction(1, 100), Fraction(1, 100), Fraction(1, 4), Fraction(1, 4), Fraction(7, 10), Fraction(7, 10))


def milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e3


def forget() -> None:
    """A validator's first verdict under a policy has no thresholds at hand."""
    for remembered in (fewest_distinct, least_significant, parity_radius, sketch, upper_share):
        remembered.cache_clear()


def case_of(policy: ValidationPolicy, baseline: Baseline, packed: PackedShots) -> Case:
    return Case(
        ZERO_DIGEST,
        0,
        ZERO_DIGEST,
        policy,
        packed.count,
        baseline,
        baseline.root,
        packed.result_hash,
        packed.data,
        False,
        1,
    )


def main() -> int:
    above = False
    rng = np.random.default_rng(1)
    print("bits      shots  certificates   guards   first ms   next ms   plan ms")
    for bits, shots, certificates, guarded in (
        (5, 4000, (TVD, WITNESS), False),
        (5, 4000, (TVD, WITNESS), True),
        (6, 4000, (TVD, WITNESS), True),
        (9, 4000, (HUBER, WITNESS), True),
        (12, 4000, (WITNESS,), True),
        (20, 4000, (WITNESS,), True),
        (20, 1_000_000, (WITNESS,), False),
        (20, 1_000_000, (WITNESS,), True),
    ):
        guards = resolve_guards(None, certificates, fields=()) if guarded else ()
        p = rng.dirichlet(np.ones(1 << bits))
        baseline = Baseline.from_probabilities(p)
        policy = ValidationPolicy(*RATES, certificates, guards)
        law = 0.9 * p + 0.1 / p.size
        first, following = [], []
        for _ in range(5):
            packed = pack(rng.choice(p.size, size=shots, p=law / law.sum()), bits)
            case = case_of(policy, baseline, packed)
            decide(case)
            forget()
            first.append(milliseconds(lambda case=case: decide(case).digest))
            following.append(milliseconds(lambda case=case: decide(case).digest))
        forget()
        plan = milliseconds(lambda policy=policy, baseline=baseline: plan_shots(policy, baseline, 4000))
        names = "+".join(name.partition(".")[0] for name in certificates)
        times = f"{statistics.median(first):9.2f} {statistics.median(following):9.2f} {plan:9.1f}"
        print(f"{bits:4d} {shots:10,d}  {names:13s} {len(guards):6d} {times}")
        above |= statistics.median(first) > CEILING_MS[shots]
    above |= means()
    above |= figures()
    return int(above)


def means() -> bool:
    """Prints what a verdict on the parities of a ring costs, by bits; whether one exceeds its ceiling."""
    above = False
    rng = np.random.default_rng(3)
    print("\nfirst verdict on a ring of parities: expectation.ci and best_value.exact")
    print("bits      shots  parities     mixed  best value")
    for bits, shots in ((5, 4000), (12, 4000), (20, 4000), (20, 1_000_000)):
        # As many terms as bits, each -1 for half of the outcomes; the law prefers those of low energy.
        pairs = [(1 << bit) | (1 << (bit + 1) % bits) for bit in range(bits)]
        terms = tuple((f"{pair:0{bits}b}".replace("0", "I").replace("1", "Z"), Fraction(1)) for pair in pairs)
        p = rng.dirichlet(np.ones(1 << bits)) * np.exp(-Diagonal.of(terms).at(np.arange(1 << bits)) / 4)
        baseline = Baseline.from_probabilities(p / p.sum())
        law = 0.9 * p / p.sum() + 0.1 / p.size
        packed = pack(rng.choice(p.size, size=shots, p=law / law.sum()), bits)
        wide = Fraction(bits, 2)
        policies = {
            "parities": {"observable": ExpectationRule(terms, wide, wide, "parities")},
            "mixed": {"observable": ExpectationRule(terms, wide, wide, "mixed")},
            "best value": {"objective": ObjectiveRule(terms, "minimise", Fraction(4 - bits), convergence=False)},
        }
        times = {}
        for name, rule in policies.items():
            method = EXPECTATION if "observable" in rule else BEST_VALUE
            case = case_of(ValidationPolicy(*RATES, (method,), **rule), baseline, packed)
            decide(case)

            def fresh(case: Case = case) -> None:
                forget()
                _ = decide(case).digest

            times[name] = median(fresh)
            above |= times[name] > max(CEILING_MS[shots], PARITY_CEILING_MS * bits if name == "parities" else 0)
        print(f"{bits:4d} {shots:10,d} {times['parities']:9.2f} {times['mixed']:9.2f} {times['best value']:11.2f}")
    return above


def figures() -> bool:
    """Prints what the descriptive figures cost beside Qiskit and SciPy; whether they exceed a ceiling."""
    above = False
    rng = np.random.default_rng(2)
    print(f"\n{'milliseconds':>31}{'as many times as hellinger_fidelity':>56}  and as SciPy")
    print("bits      shots   figures    decide  hellinger_fidelity   figures    decide  share/binomtest  tvd/cityblock")
    for (bits, shots), ceiling in FIGURES_CEILING_MS.items():
        p = rng.dirichlet(np.ones(1 << bits))
        baseline = Baseline.from_probabilities(p)
        law = 0.9 * p + 0.1 / p.size
        packed = pack(rng.choice(p.size, size=shots, p=law / law.sum()), bits)
        outcomes, counts = packed.tally()
        hits = int(counts[baseline.weights[outcomes] > TOTAL >> bits].sum())
        policy = ValidationPolicy(*RATES, (TVD, WITNESS) if bits <= 6 else (WITNESS,))
        case = case_of(policy, baseline, packed)
        names = [format(outcome, f"0{bits}b") for outcome in range(p.size)]
        seen = {names[outcome]: int(count) for outcome, count in zip(outcomes, counts, strict=True)}
        ideal = dict(zip(names, (baseline.weights / TOTAL).tolist(), strict=True))

        def forgotten(case: Case = case) -> None:
            forget()
            _ = decide(case).digest

        def described(baseline: Baseline = baseline, packed: PackedShots = packed) -> None:
            forget()
            describe(baseline, packed)

        ours = median(described)
        qiskit = median(lambda seen=seen, ideal=ideal: hellinger_fidelity(seen, ideal))
        judged = median(forgotten)
        share = median(lambda hits=hits, shots=shots: (forget(), share_interval(hits, shots)))
        exact = median(lambda hits=hits, shots=shots: binomtest(hits, shots).proportion_ci(0.98, "exact"))
        distance = median(lambda b=baseline, o=outcomes, c=counts: distance_statistic(b, o, c))
        # Twice the total variation; SciPy takes dense frequencies, made before the clock runs.
        dense = np.bincount(outcomes, counts, minlength=p.size) / shots
        scipys = median(lambda dense=dense, q=baseline.weights / TOTAL: cityblock(dense, q))
        peers = f"{ours / qiskit:9.2f} {judged / qiskit:9.3f} {share / exact:16.2f} {distance / scipys:14.2f}"
        print(f"{bits:4d} {shots:10,d} {ours:9.2f} {judged:9.2f} {qiskit:19.3f} {peers}")
        above |= ours > ceiling
    return above


def median(work: Callable[[], object]) -> float:
    """Milliseconds, the median of five."""
    work()
    return statistics.median(milliseconds(work) for _ in range(5))


if __name__ == "__main__":
    sys.exit(main())

"""How long a verdict takes, and a plan: the median over fresh results, one thread, baseline simulation aside.

Exits with 1 above the ceilings.

    python scripts/bench_verdicts.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.statistics import TVD, WITNESS, Baseline, plan_shots
from oracle.statistics.tails import _walk, least_significant
from oracle.verdict import Case, decide

CEILING_MS = {4000: 5.0, 1_000_000: 100.0}
"""For the first verdict under a policy, by shots."""
RATES = (Fraction(1, 100), Fraction(1, 100), Fraction(1, 4), Fraction(1, 4), Fraction(7, 10), Fraction(7, 10))


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def forget() -> None:
    """A validator's first verdict under a policy has no thresholds at hand."""
    least_significant.cache_clear()
    _walk.cache_clear()


def main() -> int:
    above = False
    rng = np.random.default_rng(1)
    print("bits      shots  certificates        first ms   next ms   plan ms")
    for bits, shots, certificates in (
        (5, 4000, (TVD, WITNESS)),
        (6, 4000, (TVD, WITNESS)),
        (12, 4000, (WITNESS,)),
        (20, 4000, (WITNESS,)),
        (20, 1_000_000, (WITNESS,)),
    ):
        p = rng.dirichlet(np.ones(1 << bits))
        baseline = Baseline.from_probabilities(p)
        policy = ValidationPolicy(*RATES, certificates)
        law = 0.9 * p + 0.1 / p.size
        first, following = [], []
        for _ in range(5):
            packed = pack(rng.choice(p.size, size=shots, p=law / law.sum()), bits)
            case = Case(
                ZERO_DIGEST,
                0,
                ZERO_DIGEST,
                policy,
                shots,
                baseline,
                baseline.root,
                packed.result_hash,
                packed.data,
                False,
                1,
            )
            decide(case)
            forget()
            first.append(milliseconds(lambda case=case: decide(case).digest))
            following.append(milliseconds(lambda case=case: decide(case).digest))
        forget()
        plan = milliseconds(lambda policy=policy, baseline=baseline: plan_shots(policy, baseline, 4000))
        names = "+".join(name.partition(".")[0] for name in certificates)
        times = f"{statistics.median(first):9.2f} {statistics.median(following):9.2f} {plan:9.1f}"
        print(f"{bits:4d} {shots:10,d}  {names:18s} {times}")
        above |= statistics.median(first) > CEILING_MS[shots]
    return int(above)


if __name__ == "__main__":
    sys.exit(main())

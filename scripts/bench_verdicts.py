"""How long a verdict takes, and a plan: the median over fresh results, in processor time of one thread. What is made
once for a baseline, and its simulation, are not in it.

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
from oracle.spec.methods import resolve_guards
from oracle.statistics import HUBER, TVD, WITNESS, Baseline, plan_shots
from oracle.statistics.tails import _walk, least_significant, most_significant
from oracle.verdict import Case, decide

CEILING_MS = {4000: 5.0, 1_000_000: 100.0}
"""For the first verdict under a policy, by shots."""
RATES = (Fraction(1, 100), Fraction(1, 100), Fraction(1, 4), Fraction(1, 4), Fraction(7, 10), Fraction(7, 10))


def milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e3


def forget() -> None:
    """A validator's first verdict under a policy has no thresholds at hand."""
    least_significant.cache_clear()
    most_significant.cache_clear()
    _walk.cache_clear()


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
        guards = resolve_guards(None, certificates, f_max=False) if guarded else ()
        p = rng.dirichlet(np.ones(1 << bits))
        baseline = Baseline.from_probabilities(p)
        policy = ValidationPolicy(*RATES, certificates, guards)
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
        print(f"{bits:4d} {shots:10,d}  {names:13s} {len(guards):6d} {times}")
        above |= statistics.median(first) > CEILING_MS[shots]
    return int(above)


if __name__ == "__main__":
    sys.exit(main())

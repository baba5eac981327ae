"""The engine's tails against sums of exact integers, on random cases: no enclosure, no recurrence, no shared code."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from oracle.statistics.exact.tails import (
    least_significant,
    lower_tail_at_most,
    most_significant,
    upper_tail,
    upper_tail_at_most,
)

CASES_PER_LAW = 50
_TINY = Fraction(1, 10**40)


@dataclass(frozen=True)
class TailsChecked:
    cases: int
    violations: int


def _tails(n: int, p: Fraction) -> tuple[list[int], int]:
    """P(X >= k) for k = 0..n + 1 of X ~ Bin(n, p), as numerators over b^n."""
    a, b = p.numerator, p.denominator
    terms = [comb(n, k) * a**k * (b - a) ** (n - k) for k in range(n + 1)]
    sums = [0]
    for term in reversed(terms):
        sums.append(sums[-1] + term)
    return sums[::-1], b**n


def check_tails(cases: int, seed: int) -> TailsChecked:
    """Compare on `cases` random (n, p, k, level), a fifth of the levels being the tail itself, an exact tie, or next
    to it."""
    drawn = random.Random(seed)
    violations = 0
    for _ in range(cases // CASES_PER_LAW):
        n = int(2 ** drawn.uniform(0, 7))
        b = int(2 ** drawn.uniform(1, 40 if drawn.random() < 0.1 else 12))
        p = Fraction(drawn.randint(0, b), b)
        sums, whole = _tails(n, p)
        for _ in range(CASES_PER_LAW):
            k = drawn.randint(0, n + 1)
            kind = drawn.randrange(10)
            level = Fraction(drawn.randint(0, 1000), 1000) if kind > 4 else Fraction(1, 10 ** drawn.randint(1, 12))
            if kind < 2:
                level = Fraction(sums[k], whole) + (_TINY if kind else 0) * drawn.choice((-1, 1))
            violations += not _agrees(n, p, k, level, sums, whole)
    return TailsChecked(cases // CASES_PER_LAW * CASES_PER_LAW, violations)


def _agrees(n: int, p: Fraction, k: int, level: Fraction, sums: list[int], whole: int) -> bool:
    at_most = [tail * level.denominator <= level.numerator * whole for tail in sums]
    enclosed = upper_tail(k, n, p)
    low, high = enclosed.low, enclosed.high
    least = next((j for j in range(n + 1) if at_most[j]), None)
    return (
        low.numerator * whole <= sums[k] * low.denominator
        and sums[k] * high.denominator <= high.numerator * whole
        and upper_tail_at_most(k, n, p, level) == at_most[k]
        # n - X is Bin(n, 1 - p).
        and lower_tail_at_most(n - k, n, 1 - p, level) == at_most[k]
        and least_significant(n, p, level) == least
        and most_significant(n, 1 - p, level) == (None if least is None else n - least)
    )

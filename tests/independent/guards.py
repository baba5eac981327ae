"""The guards: findings that reject or say nothing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import ceil, comb, floor, isqrt

from independent.arithmetic import UNIT, exponential, greatest_count, least_count, logarithm, root
from independent.certificates import Finding, at_least, at_most, floors, level_set, radius
from independent.results import Baseline, Hull, Policy, Result

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)


def _of_poisson(policy: Policy, shots: int) -> Fraction:
    """L: the rate over 3 (floor(sqrt(N)) + 1)."""
    return policy.level / (3 * (isqrt(shots) + 1))


def windows(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding:
    """Outcomes seen about as often as expected: at most Bin(K', 2/5) of them."""
    there = inside = 0
    for x, weight in enumerate(baseline.weights):
        middle = floor(Fraction(result.n * weight, UNIT) + Fraction(1, 2))
        if middle < 1:
            continue
        half = 0
        while (2 * (half + 1) + 1) ** 2 <= middle - (half + 1):
            half += 1
        there += 1
        inside += abs(result.counts.get(x, 0) - middle) <= half
    bound = least_count(there, Fraction(2, 5), _of_poisson(policy, result.n)) if there else None
    return Finding(inside, None, at_least(bound), {"windows": there})


def divisors(policy: Policy, _baseline: Baseline, result: Result, _hull: Hull | None) -> Finding:
    """Counts that a prime divides; the prime that comes nearest to rejecting is shown, of equals the least."""
    seen = list(result.counts.values())
    tried = []
    for i, prime in enumerate(PRIMES, 1):
        share = {2: Fraction(1, 2), 3: Fraction(1, 3), 5: Fraction(3, 14), 7: Fraction(1, 6)}.get(prime, Fraction(1, 8))
        undivided = sum(count % prime != 0 for count in seen)
        bound = greatest_count(len(seen), 1 - share, _of_poisson(policy, result.n) / 2**i)
        tried.append((undivided - (-1 if bound is None else bound), prime, undivided, bound))
    _, prime, undivided, bound = min(tried, key=lambda each: each[:2])
    return Finding(undivided, None, at_most(bound), {"distinct": len(seen), "divisor": prime})


def _sharpest(baseline: Baseline) -> list[tuple[Fraction, Fraction]]:
    """The sharpest law that noise makes of the baseline: (how many outcomes, of which probability)."""
    edges = [0, *floors(baseline.bits), UNIT]
    number = dict.fromkeys(edges, Fraction(0))
    for low, high in pairwise(edges):
        held = [weight for weight in baseline.weights if low < weight <= high or low == weight == 0]
        above = Fraction(sum(held) - low * len(held), high - low)
        number[high] += above
        number[low] += len(held) - above
    steps = [(number[edge], Fraction(edge, UNIT)) for edge in reversed(edges) if number[edge]]
    n = baseline.bits
    tilts = [(comb(n, k) * r, r) for k in range(n + 1) for r in [Fraction(65, 64) ** (n - k) * Fraction(63, 64) ** k]]
    law = []
    while steps:
        (many, p), (wide, r) = steps[0], tilts[0]
        part = min(many, wide)
        law.append((part / r, r * p))
        steps = [(many - part, p), *steps[1:]] if many > part else steps[1:]
        tilts = [(wide - part, r), *tilts[1:]] if wide > part else tilts[1:]
    assert not tilts
    return law


def _units(value: Fraction) -> int:
    return ceil(value * 2**64)


def collisions(policy: Policy, baseline: Baseline, result: Result, hull: Hull | None) -> Finding:
    """Different outcomes: so few that the law's unseen ones are too many, by Markov's inequality."""

    def missed(law: list[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
        return [(many, exponential(result.n * p)) for many, p in law]

    def grown(law: list[tuple[Fraction, Fraction]]) -> int:
        return sum(_units(many * logarithm(1 + a * chance)) for many, chance in missed(law))

    sharpest = _sharpest(baseline)
    spread = sum(_units(many * Fraction(floor(2**64 * e * (1 - e)), 2**64)) for many, e in missed(sharpest))
    needed = logarithm(1 / policy.level)
    tilt = root(2 * needed * UNIT**2 / max(1, Fraction(spread, 2**64)))
    a = Fraction(tilt, UNIT)
    own = exponent = Fraction(grown(sharpest))
    if hull is not None:
        for vertex, most in zip(hull.vertices, hull.most, strict=True):
            exponent += most * max(0, grown(_sharpest(vertex)) - own)
    unseen = ceil((exponent + 2**64 * needed) / (2**64 * logarithm(1 + a) - 1))
    bound = len(baseline.weights) - unseen
    return Finding(len(result.counts), None, at_most(bound if bound >= 1 else None), {"tilt": tilt})


def repeats(policy: Policy, _baseline: Baseline, result: Result, _hull: Hull | None) -> Finding:
    """Neighbours that agree against distant shots that do, by the highest four bits."""
    classes = [shot >> max(0, result.bits - 4) for shot in result.shots]
    third, near, far = result.n // 3, 0, 0
    for i in range(third):
        a, b, c = classes[2 * i], classes[2 * i + 1], classes[2 * third + i]
        near += a == b != c
        far += a == c != b
    bound = least_count(near + far, Fraction(2, 3), policy.level / 2) if near + far else None
    return Finding(max(near, far), None, at_least(bound), {"distant": far, "neighbours": near})


def blocks(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding | None:
    """The level set's hits, eighth by eighth; refused where there is no level set."""
    found = level_set(baseline, policy.rate("f_min"))
    if found is None:
        return None
    block = result.n // 8
    hits = [
        sum(baseline.weights[shot] > found.floor for shot in result.shots[i * block : (i + 1) * block])
        for i in range(8)
    ]
    reach = root(block * logarithm(56 / policy.level) * UNIT**2)
    bound = floor(Fraction(block, 10) + Fraction(reach, UNIT)) + 1
    constants = {"block": block, "floor": found.floor, "radius": reach}
    return Finding(max(hits) - min(hits), None, at_least(bound if bound <= block else None), constants)


def ceiling(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding | None:
    """Hits of the level set at f_max: more than such a device shows; refused where there is no set."""
    f_max = policy.rate("f_max")
    found = level_set(baseline, f_max)
    if found is None:
        return None
    return Finding(
        found.hits(baseline, result),
        None,
        at_least(least_count(result.n, found.share(f_max), policy.level)),
        {"floor": found.floor, "size": found.size, "weight": found.weight},
    )


def _at_or_below(baseline: Baseline, weights: tuple[int, ...], edge: int) -> int:
    """The sum of `weights` over the outcomes of at most that weight in the baseline."""
    return sum(each for each, ideal in zip(weights, baseline.weights, strict=True) if ideal <= edge)


def scores(policy: Policy, baseline: Baseline, result: Result, hull: Hull | None) -> Finding:
    """The most by which shots of a low score are rarer than in the baseline, or in any mixture of a hull."""
    n, best, at = result.n, None, 0
    for edge in floors(baseline.bits):
        share = _at_or_below(baseline, baseline.weights, edge)
        if hull is not None:
            lower = sum(
                (
                    most * min(0, _at_or_below(baseline, vertex.weights, edge) - share)
                    for vertex, most in zip(hull.vertices, hull.most, strict=True)
                ),
                Fraction(0),
            )
            share += floor(lower)
        seen = sum(count for x, count in result.counts.items() if baseline.weights[x] <= edge)
        lead = n * share - seen * UNIT
        if best is None or lead > best:
            best, at = lead, edge
    assert best is not None
    reached = radius(n, policy.level)
    bound = floor(n * (reached + Fraction(UNIT, 20))) + 1
    return Finding(best, None, at_least(bound if bound <= n * UNIT else None), {"floor": at, "radius": reached})


GUARDS: dict[str, Callable[[Policy, Baseline, Result, Hull | None], Finding | None]] = {
    "ceiling.levelset/1": ceiling,
    "collisions.distinct/1": collisions,
    "dispersion.window/1": windows,
    "duplicates.divisor/1": divisors,
    "homogeneity.blocks/1": blocks,
    "repeats.lag1/1": repeats,
    "score_cdf/1": scores,
}

"""The methods, each a finding of statistic, bounds and constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

from independent.arithmetic import UNIT, greatest_count, least_count, logarithm, root
from independent.mixtures import least_distance, reach
from independent.observables import by_best_value, by_expectation
from independent.results import Baseline, Hull, Policy, Result


@dataclass(frozen=True)
class Finding:
    """Bounds as (side, value); None where no statistic lies on that side."""

    statistic: int
    accept: tuple[str, int] | None
    reject: tuple[str, int] | None
    constants: dict[str, int] = field(default_factory=dict)
    parts: tuple[tuple[str, Finding], ...] = ()
    """Of a certificate that is made of several: it accepts if all of them do, and rejects if one does."""

    @property
    def decision(self) -> str:
        if holds(self.reject, self.statistic) or any(part.decision == "reject" for _, part in self.parts):
            return "reject"
        return "accept" if holds(self.accept, self.statistic) else "neither"


def holds(bound: tuple[str, int] | None, statistic: int) -> bool:
    if bound is None:
        return False
    side, value = bound
    return statistic >= value if side == "at_least" else statistic <= value


def at_least(value: int | None) -> tuple[str, int] | None:
    return None if value is None else ("at_least", value)


def at_most(value: int | None) -> tuple[str, int] | None:
    return None if value is None else ("at_most", value)


def radius(shots: int, level: Fraction) -> int:
    """sqrt(ln(1 / level) / 2N), units of 2^-40, rounded up."""
    return root(logarithm(1 / level) * UNIT**2 / (2 * shots))


def _distances(
    policy: Policy, baseline: Baseline, result: Result, whole: int, statistic: int, unsure: int, **more: int
) -> Finding:
    """Accept iff the distance + radius(alpha) < eps, reject iff it > honest_eps + bias + radius(level); `whole` is the
    statistic of a distance of one, `unsure` by how much it may have been rounded up."""
    n = result.n
    accept_radius, reject_radius = radius(n, policy.rate("alpha")), radius(n, policy.level)
    bias = root(Fraction((len(baseline.weights) - 1) * UNIT**2, 4 * n))
    accept = ceil((policy.rate("eps") - Fraction(accept_radius, UNIT)) * whole) - 1
    edge = (policy.rate("honest_eps") + Fraction(bias + reject_radius, UNIT)) * whole
    reject = ceil(edge) + 1 if unsure else floor(edge) + 1
    return Finding(
        statistic,
        at_most(accept) if accept >= 0 else None,
        at_least(reject),
        {"accept_radius": accept_radius, "bias": bias, "reject_radius": reject_radius, **more},
    )


def distance(policy: Policy, baseline: Baseline, result: Result, hull: Hull | None) -> Finding:
    """Total variation from the baseline, or from the nearest mixture of a hull."""
    n, whole = result.n, 2 * result.n * UNIT
    residuals = [result.counts.get(x, 0) * UNIT - n * weight for x, weight in enumerate(baseline.weights)]
    if hull is None:
        found = _distances(policy, baseline, result, whole, sum(map(abs, residuals)), 0)
    else:
        least = ceil(least_distance(residuals, n, baseline, hull))
        found = _distances(policy, baseline, result, whole, least, 1, reach=ceil(reach(baseline, hull) * UNIT))
    assert found.reject is not None
    return found if found.reject[1] <= whole else replace(found, reject=None)


def missing(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding:
    """How much of f_min p the shots lack: sum (F p - counts / N)+, in units of 1 / (b N 2^40) with F = a / b."""
    f_min, n = policy.rate("f_min"), result.n
    a, b = f_min.numerator, f_min.denominator
    lacking = sum(
        max(0, a * n * weight - b * result.counts.get(x, 0) * UNIT) for x, weight in enumerate(baseline.weights)
    )
    whole = b * n * UNIT
    found = _distances(policy, baseline, result, whole, lacking, 0)
    # No result lacks more than F: beyond it there is no bound.
    assert found.reject is not None
    return found if found.reject[1] <= a * n * UNIT else replace(found, reject=None)


@dataclass(frozen=True)
class OutcomeSet:
    """The outcomes whose weight exceeds a floor."""

    floor: int
    size: int
    weight: int
    chance: Fraction

    @classmethod
    def above(cls, baseline: Baseline, edge: int) -> OutcomeSet:
        inside = [weight for weight in baseline.weights if weight > edge]
        return cls(edge, len(inside), sum(inside), Fraction(len(inside), 1 << baseline.bits))

    @property
    def contrast(self) -> Fraction:
        return Fraction(self.weight, UNIT) - self.chance

    def share(self, fidelity: Fraction) -> Fraction:
        return self.chance + fidelity * self.contrast

    def hits(self, baseline: Baseline, result: Result) -> int:
        return sum(count for x, count in result.counts.items() if baseline.weights[x] > self.floor)


def floors(bits: int) -> list[int]:
    """The weights of t = m 2^e times chance, m = 4..7, from 1/16 to 2^n."""
    return [floor(m * Fraction(2) ** e * UNIT / 2**bits) for e in range(-6, bits - 2) for m in (4, 5, 6, 7)]


def level_set(baseline: Baseline, fidelity: Fraction) -> OutcomeSet | None:
    """Of the sets {2^n p > t}, t = m 2^e with m = 4..7 from 1/16 to 2^n, the one with the least s (1 - s) / contrast^2;
    of equals the lowest t; none with a contrast below 1/10."""
    best: tuple[Fraction, OutcomeSet] | None = None
    for edge in floors(baseline.bits):
        found = OutcomeSet.above(baseline, edge)
        if found.contrast < Fraction(1, 10):
            continue
        share = found.share(fidelity)
        cost = share * (1 - share) / found.contrast**2
        if best is None or cost < best[0]:
            best = (cost, found)
    return None if best is None else best[1]


def _counted(
    policy: Policy, baseline: Baseline, result: Result, found: OutcomeSet, least: Fraction, honest: Fraction
) -> Finding:
    return Finding(
        found.hits(baseline, result),
        at_least(least_count(result.n, least, policy.rate("alpha"))),
        at_most(greatest_count(result.n, honest, policy.level)),
        {"floor": found.floor, "size": found.size, "weight": found.weight},
    )


def witness(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding | None:
    """Shots in the level set; refused if there is none."""
    f_min, honest_f = policy.rate("f_min"), policy.rate("honest_f")
    found = level_set(baseline, f_min)
    if found is None:
        return None
    return _counted(policy, baseline, result, found, found.share(f_min), found.share(honest_f))


def expected(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding | None:
    """Shots on outcomes of probability above 2^-30; refused if chance reaches more than f_min - 1/10 of them."""
    f_min, honest_f = policy.rate("f_min"), policy.rate("honest_f")
    found = OutcomeSet.above(baseline, UNIT >> 30)
    if f_min - found.chance < Fraction(1, 10):
        return None
    return _counted(policy, baseline, result, found, f_min, honest_f)


def _of_members(members: dict[str, Any]) -> Finding:
    bounds = [None if members[side] is None else next(iter(members[side].items())) for side in ("accept", "reject")]
    return Finding(members["statistic"], *bounds, members["constants"])


def expectation(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding:
    """The mean of a diagonal observable."""
    weights, counts = list(baseline.weights), result.counts
    return _of_members(by_expectation(weights, baseline.bits, policy.members, counts, policy.level, logarithm, root))


def best_value(policy: Policy, baseline: Baseline, result: Result, _hull: Hull | None) -> Finding | None:
    """The best value reached and the mean; refused if the circuit's mean is no better than chance."""
    weights, counts = list(baseline.weights), result.counts
    found = by_best_value(weights, baseline.bits, policy.members, counts, policy.level, logarithm, root)
    if found is None:
        return None
    parts = tuple((members["method"], _of_members(members)) for members in found)
    return Finding(sum(part.decision == "accept" for _, part in parts), ("at_least", len(parts)), None, {}, parts)


METHODS: dict[str, Callable[[Policy, Baseline, Result, Hull | None], Finding | None]] = {
    "best_value.exact/1": best_value,
    "binomial.exact/1": expected,
    "expectation.ci/1": expectation,
    "huber.certified/1": missing,
    "tvd.certified/1": distance,
    "witness.levelset/1": witness,
}

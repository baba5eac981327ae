"""The boundaries of the methods and guards: where each may err, and how often it says that it does.

A method is one entry here, for each way in which it may err.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, log, log1p
from typing import Literal

import numpy as np

from calibration import observables
from calibration.laws import Named, circuit, dirichlet, on_the_way, perturbed, probabilities, sharpest, target
from calibration.laws import shots as some_shots
from calibration.search import Space
from calibration.trials import CountsTrial, Law, OrderTrial
from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BEST_VALUE,
    BINOMIAL,
    BLOCKS,
    CEILING,
    COLLISIONS,
    DISPERSION,
    DUPLICATES,
    EXPECTATION,
    HUBER,
    REPEATS,
    SCORES,
    TVD,
    WITNESS,
    Baseline,
    Certificate,
    Decision,
    MethodRefused,
    Record,
    certifier,
    check_policy,
    guard,
)
from oracle.statistics.baseline import TOTAL
from oracle.statistics.guards.collisions import BIAS_BITS
from oracle.statistics.guards.order import BLOCK_COUNT, HONEST_DRIFT
from oracle.statistics.guards.scores import SCORE_TOLERANCE
from oracle.statistics.laws.hull import NoiseHull, misread
from oracle.statistics.laws.levelset import LevelSet, below_thresholds, expected_set, thresholds, witness_set
from oracle.statistics.registry import reject_level

RATE = Fraction(1, 100)
JOB_SHOTS = 4000
F_MAX = Fraction(19, 20)


def policy(*certificates: str, guards: tuple[str, ...] = (), f_max: Fraction | None = None) -> ValidationPolicy:
    """The default thresholds, with a beta of which the guard, or else the first certificate, has 1/100 for itself."""
    quarter, seven_tenths = Fraction(1, 4), Fraction(7, 10)
    rules = ValidationPolicy(RATE, RATE, quarter, quarter, seven_tenths, seven_tenths, certificates, guards, f_max)
    return replace(rules, beta=RATE * RATE / reject_level(rules, (*guards, *certificates)[0]))


Judge = Callable[[np.ndarray, np.ndarray], Certificate]


@dataclass(frozen=True)
class CountsPoint:
    """A circuit, a direction in which to leave its law, and a number of shots."""

    circuit: Named
    target: Named
    shots: int


@dataclass(frozen=True)
class CountsSpace:
    """A boundary in the laws of independent shots."""

    method: str
    error: Decision
    boundary: str
    """In words, for the table."""
    stated: Fraction
    prepare: Callable[[Baseline, int], Judge]
    """Raises MethodRefused for a baseline that the method does not judge."""
    onto: Callable[[Baseline, Law], Law | None]
    """From a baseline and a target to a law on the boundary; None if the way to the target does not meet it."""
    widest: int = 6
    most_shots: int = JOB_SHOTS
    cost: int = 1
    """How many times longer its certificates take than those of most."""

    def propose(self, rng: np.random.Generator) -> CountsPoint:
        found = circuit(rng, self.widest)
        return CountsPoint(found, target(found.law, rng), some_shots(rng, self.most_shots))

    def vary(self, point: CountsPoint, other: CountsPoint, rng: np.random.Generator) -> CountsPoint:
        kind = int(rng.integers(0, 4))
        if kind == 0:
            moved = max(1, min(self.most_shots, round(point.shots * np.exp(rng.normal(0, 0.2)))))
            return replace(point, shots=moved)
        if kind == 1:
            return replace(point, circuit=Named(point.circuit.name, perturbed(point.circuit.law + 1e-9, rng)))
        if kind == 2 and other.target.law.size == point.target.law.size:
            share = float(rng.random())
            mixed = share * point.target.law + (1 - share) * other.target.law
            return replace(point, target=Named(_both(point.target.name, other.target.name), mixed))
        return replace(point, target=Named(point.target.name, perturbed(point.target.law + 1e-9, rng)))

    def trial(self, point: CountsPoint) -> CountsTrial | None:
        baseline = Baseline.from_probabilities(point.circuit.law)
        law = self.onto(baseline, point.target.law)
        if law is None:
            return None
        try:
            judge = self.prepare(baseline, point.shots)
        except MethodRefused:
            return None
        law = np.maximum(law, 0)
        told = f"{point.circuit.name}; towards {point.target.name}"
        return CountsTrial(judge, law / law.sum(), point.shots, told)


@dataclass(frozen=True)
class MissedTarget(CountsSpace):
    """Workers at the honest fidelity, with just so many shots that none at the target is held against them."""

    def trial(self, point: CountsPoint) -> CountsTrial | None:
        good = observables.reaching(point.circuit.law.size.bit_length() - 1)
        fidelity = float(_DEFAULT.honest_f)
        law = fidelity * point.circuit.law + (1 - fidelity) / point.circuit.law.size
        share = float(law[good].sum())
        shots = ceil(log(float(RATE) / 2) / log1p(-share)) if share < 1 else 1
        if shots > self.most_shots:
            return None
        return super().trial(CountsPoint(point.circuit, Named("the honest fidelity", law), shots))


def _both(one: str, other: str) -> str:
    parts = {part for name in (one, other) for part in name.split(" and ")}
    return " and ".join(sorted(parts)) if len(parts) <= 2 else "a mixture"


def certifying(method: str, *beside: str) -> Callable[[Baseline, int], Judge]:
    """How a verdict prepares `method`, with certificates that it needs beside it."""
    rules = policy(method, *beside)

    def prepare(baseline: Baseline, shots: int) -> Judge:
        check_policy(rules, shots)
        return certifier(method, rules, baseline, shots).certify

    return prepare


def guarding(method: str, f_max: Fraction | None = None) -> Callable[[Baseline, int], Judge]:
    """How a verdict prepares the guard `method`."""
    rules = policy(TVD, guards=(method,), f_max=f_max)

    def prepare(baseline: Baseline, shots: int) -> Judge:
        check_policy(rules, shots)
        prepared = guard(method, rules, baseline, shots)
        return lambda outcomes, counts: prepared.inspect(Record(np.repeat(outcomes, counts), outcomes, counts))

    return prepare


def hull(baseline: Baseline) -> NoiseHull:
    """The noises that are declared honest where a hull is measured: a fifth of uniform, a half of readout errors."""
    misread_ones = misread(baseline, Fraction(1, 100), Fraction(3, 100))
    return NoiseHull(baseline, (Baseline.uniform(baseline.bits), misread_ones), (Fraction(1, 5), Fraction(1, 2)))


def certifying_from_hull(method: str) -> Callable[[Baseline, int], Judge]:
    rules = policy(method)
    return lambda baseline, shots: certifier(method, rules, baseline, shots, hull(baseline)).certify


def guarding_by_hull(method: str) -> Callable[[Baseline, int], Judge]:
    rules = policy(TVD, guards=(method,))

    def prepare(baseline: Baseline, shots: int) -> Judge:
        prepared = guard(method, rules, baseline, shots, hull(baseline))
        return lambda outcomes, counts: prepared.inspect(Record(np.repeat(outcomes, counts), outcomes, counts))

    return prepare


def _at_distance(eps: Fraction) -> Callable[[Baseline, Law], Law | None]:
    def onto(baseline: Baseline, towards: Law) -> Law | None:
        p = probabilities(baseline)
        return on_the_way(p, towards, lambda law: float(np.abs(law - p).sum() / 2), float(eps))

    return onto


def _at_distance_from_hull(eps: Fraction) -> Callable[[Baseline, Law], Law | None]:
    def onto(baseline: Baseline, towards: Law) -> Law | None:
        mixtures = hull(baseline)

        def distance(law: Law) -> float:
            clipped = np.maximum(law, 0)
            return float(mixtures.distance(Baseline.from_probabilities(clipped / clipped.sum())))

        return on_the_way(probabilities(baseline), towards, distance, float(eps))

    return onto


def _missing(fidelity: Fraction, eps: Fraction) -> Callable[[Baseline, Law], Law | None]:
    """Laws that lack just eps of the part F p."""

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        p = probabilities(baseline)
        return on_the_way(p, towards, lambda law: float(np.maximum(float(fidelity) * p - law, 0).sum()), float(eps))

    return onto


def _scoring_better(
    expected: Callable[[Baseline], tuple[int, ...]], tolerance: Fraction
) -> Callable[[Baseline, Law], Law | None]:
    """Laws that have, at some score, just `tolerance` less at or below it than is expected at least."""

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        place = np.searchsorted(thresholds(baseline.bits), baseline.weights, side="left")
        least = np.array(expected(baseline)) / TOTAL

        def lead(law: Law) -> float:
            below = np.cumsum(np.bincount(place, weights=law, minlength=least.size + 1))[:-1]
            return float((least - below).max())

        return on_the_way(probabilities(baseline), towards, lead, float(tolerance))

    return onto


def _at_share(
    found: Callable[[Baseline], LevelSet | None], share: Callable[[LevelSet], Fraction]
) -> Callable[[Baseline, Law], Law | None]:
    """Any law, its outcomes in the set and those outside each scaled so that the set has just that share."""

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        level_set = found(baseline)
        if level_set is None or level_set.size in (0, baseline.outcomes):
            return None
        inside = baseline.weights > level_set.floor
        wanted, mixed = float(share(level_set)), towards + 1e-9
        mass = float(mixed[inside].sum())
        return np.where(inside, mixed * wanted / mass, mixed * (1 - wanted) / float(mixed[~inside].sum()))

    return onto


def _any_law(_baseline: Baseline, towards: Law) -> Law:
    return towards


def _sharpest(baseline: Baseline, _towards: Law) -> Law:
    return sharpest(probabilities(baseline), 2.0**-BIAS_BITS)


_DEFAULT = policy(TVD)
_TVD_BOUNDARY = _at_distance(_DEFAULT.eps)
_WITNESS_BOUNDARY = _at_share(
    lambda baseline: witness_set(baseline, _DEFAULT.f_min), lambda level_set: level_set.share(_DEFAULT.f_min)
)
_HUBER_BOUNDARY = _missing(_DEFAULT.f_min, _DEFAULT.eps)
_CEILING_BOUNDARY = _at_share(lambda baseline: witness_set(baseline, F_MAX), lambda level_set: level_set.share(F_MAX))
_BINOMIAL_BOUNDARY = _at_share(expected_set, lambda _: _DEFAULT.f_min)


@dataclass(frozen=True)
class TiltPoint:
    """A law over classes of outcomes, which of the two others repeats a shot, and a number of shots."""

    classes: Law
    near: bool
    shots: int


@dataclass(frozen=True)
class TiltSpace:
    """`repeats.lag1/1` at the tilt that is still honest: neighbours agree twice as often as distant shots, or half
    as often."""

    method: str = REPEATS
    error: Decision = Decision.REJECT
    boundary: str = "neighbours agree alone in 2/3 of the triples that tell, or in 1/3"
    stated: Fraction = RATE
    most_shots: int = 1200
    cost: int = 1

    def propose(self, rng: np.random.Generator) -> TiltPoint:
        return TiltPoint(
            dirichlet(rng, 1 << int(rng.integers(1, 5))), bool(rng.integers(0, 2)), some_shots(rng, self.most_shots)
        )

    def vary(self, point: TiltPoint, other: TiltPoint, rng: np.random.Generator) -> TiltPoint:
        kind = int(rng.integers(0, 3))
        if kind == 0:
            moved = max(12, min(self.most_shots, round(point.shots * np.exp(rng.normal(0, 0.2)))))
            return replace(point, shots=moved)
        if kind == 1:
            return replace(point, near=other.near)
        return replace(point, classes=perturbed(point.classes, rng))

    def trial(self, point: TiltPoint) -> OrderTrial:
        """Copied with a probability k that makes P(a = b, not c) = 2 P(a = c, not b): with s_i = sum w^i that is
        k (1 - s_2) = (1 - k) (s_2 - s_3)."""
        w = point.classes
        alone = float((w**2).sum() - (w**3).sum())
        copied = alone / (alone + 1 - float((w**2).sum()))
        bits, third = w.size.bit_length() - 1, point.shots // 3
        heap = np.cumsum(w)

        def draw(rng: np.random.Generator, results: int) -> np.ndarray:
            a, b, c = np.minimum(np.searchsorted(heap, rng.random((3, results, third)), side="right"), w.size - 1)
            repeats = rng.random((results, third)) < copied
            b, c = (np.where(repeats, a, b), c) if point.near else (b, np.where(repeats, a, c))
            pairs = np.stack((a, b), axis=2).reshape(results, 2 * third)
            return np.concatenate((pairs, c), axis=1)

        prepared = guard(REPEATS, policy(TVD, guards=(REPEATS,)), Baseline.uniform(bits), 3 * third)
        told = f"{w.size} classes; {'neighbours' if point.near else 'distant shots'} repeat"
        return OrderTrial(prepared, draw, 3 * third, told)


@dataclass(frozen=True)
class DriftPoint:
    """The share of shots in the level set, block by block: the least, and for each block whether it has 1/10 more."""

    least: float
    more: tuple[float, ...]
    shots: int


@dataclass(frozen=True)
class DriftSpace:
    """`homogeneity.blocks/1` with blocks as far apart as is still honest."""

    method: str = BLOCKS
    error: Decision = Decision.REJECT
    boundary: str = "shares in the level set differ by 1/10 between blocks"
    stated: Fraction = RATE
    most_shots: int = 1200
    cost: int = 1

    def propose(self, rng: np.random.Generator) -> DriftPoint:
        more = rng.integers(0, 2, BLOCK_COUNT).astype(float)
        more[:2] = (0, 1)
        return DriftPoint(float(rng.uniform(0, 0.9)), tuple(more), some_shots(rng, self.most_shots))

    def vary(self, point: DriftPoint, other: DriftPoint, rng: np.random.Generator) -> DriftPoint:
        kind = int(rng.integers(0, 3))
        if kind == 0:
            moved = max(BLOCK_COUNT, min(self.most_shots, round(point.shots * np.exp(rng.normal(0, 0.2)))))
            return replace(point, shots=moved)
        if kind == 1:
            return replace(point, more=other.more)
        return replace(point, least=float(np.clip(point.least + rng.normal(0, 0.05), 0, 0.9)))

    def trial(self, point: DriftPoint) -> OrderTrial:
        half = Baseline.from_probabilities([0.5, 0.5, 0, 0])
        block = point.shots // BLOCK_COUNT
        shares = np.repeat(point.least + float(HONEST_DRIFT) * np.array(point.more), block)

        def draw(rng: np.random.Generator, results: int) -> np.ndarray:
            return np.where(rng.random((results, shares.size)) < shares, 0, 2)

        prepared = guard(BLOCKS, policy(TVD, guards=(BLOCKS,)), half, shares.size)
        told = f"shares {point.least:.2f} and {point.least + 0.1:.2f}, {int(sum(point.more))} blocks of 8 high"
        return OrderTrial(prepared, draw, shares.size, told)


def _counts(
    method: str, error: Decision, boundary: str, onto: Callable[[Baseline, Law], Law | None], *beside: str
) -> CountsSpace:
    return CountsSpace(method, error, boundary, RATE, certifying(method, *beside), onto)


def _guard(
    method: str, boundary: str, onto: Callable[[Baseline, Law], Law | None], f_max: Fraction | None = None
) -> CountsSpace:
    return CountsSpace(method, Decision.REJECT, boundary, RATE, guarding(method, f_max), onto)


def _from_hull(error: Decision, boundary: str) -> CountsSpace:
    onto = _at_distance_from_hull(_DEFAULT.eps)
    return CountsSpace(TVD, error, boundary, RATE, certifying_from_hull(TVD), onto, widest=2, cost=10)


def _mean(error: Decision, bound: Literal["mixed", "parities"], cost: int) -> CountsSpace:
    prepare = observables.preparing_expectation(_DEFAULT, bound)
    name = "delta" if error is Decision.ACCEPT else "honest_delta"
    onto = observables.mean_off_by(observables.DELTA)
    return CountsSpace(EXPECTATION, error, f"mean off by {name}, {bound}", RATE, prepare, onto, cost=cost)


def _best(error: Decision, fidelity: str) -> CountsSpace:
    boundary = observables.mean_of_fidelity if error is Decision.ACCEPT else observables.honest_mean
    onto = boundary(_DEFAULT.f_min)
    prepare = observables.preparing_best_value(_DEFAULT)
    return CountsSpace(BEST_VALUE, error, f"mean of F = {fidelity}", RATE, prepare, onto)


def _missed() -> MissedTarget:
    prepare = observables.preparing_best_value(_DEFAULT)
    boundary = "no shot at the target, at honest_f"
    return MissedTarget(BEST_VALUE, Decision.REJECT, boundary, RATE, prepare, lambda _, towards: towards)


SPACES: tuple[Space, ...] = (
    _best(Decision.ACCEPT, "f_min"),
    _best(Decision.REJECT, "honest_f"),
    _missed(),
    _counts(BINOMIAL, Decision.ACCEPT, "share = f_min", _BINOMIAL_BOUNDARY),
    _counts(BINOMIAL, Decision.REJECT, "share = honest_f", _BINOMIAL_BOUNDARY),
    _mean(Decision.ACCEPT, "mixed", 1),
    _mean(Decision.REJECT, "mixed", 1),
    _mean(Decision.ACCEPT, "parities", 3),
    _mean(Decision.REJECT, "parities", 3),
    _counts(HUBER, Decision.ACCEPT, "eps of f_min p is missing", _HUBER_BOUNDARY, WITNESS),
    _counts(HUBER, Decision.REJECT, "honest_eps of f_min p is missing", _HUBER_BOUNDARY, WITNESS),
    _counts(TVD, Decision.ACCEPT, "TVD = eps", _TVD_BOUNDARY),
    _counts(TVD, Decision.REJECT, "TVD = honest_eps", _TVD_BOUNDARY),
    _from_hull(Decision.ACCEPT, "eps from the nearest mixture of a hull"),
    _from_hull(Decision.REJECT, "honest_eps from the nearest mixture of a hull"),
    _counts(WITNESS, Decision.ACCEPT, "F = f_min", _WITNESS_BOUNDARY),
    _counts(WITNESS, Decision.REJECT, "F = honest_f", _WITNESS_BOUNDARY),
    _guard(CEILING, "F = f_max", _CEILING_BOUNDARY, F_MAX),
    replace(_guard(COLLISIONS, "the sharpest law that honest noise makes", _sharpest), widest=8),
    replace(_guard(DISPERSION, "any law", _any_law), cost=2),
    replace(_guard(DUPLICATES, "any law", _any_law), cost=5),
    DriftSpace(),
    TiltSpace(),
    _guard(SCORES, "1/20 less at or below some score", _scoring_better(below_thresholds, SCORE_TOLERANCE)),
    CountsSpace(
        SCORES,
        Decision.REJECT,
        "1/20 less at or below some score than any mixture of a hull",
        RATE,
        guarding_by_hull(SCORES),
        _scoring_better(lambda baseline: hull(baseline).lowest_below, SCORE_TOLERANCE),
    ),
)
"""Each way in which a method or guard may err."""

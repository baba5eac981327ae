"""The search for the law on a boundary on which a method errs most often.

1. Many laws are proposed at random, from families that differ in how the deviation is spread.
2. Each is scored by how many standard deviations lie between the mean of its statistic and the decision, over some
   hundreds of results: errors of one in a hundred are too rare to rank laws by counting them.
3. The best are varied (mixed with one another, perturbed, other numbers of shots) for a few generations.
4. The last few are ranked by the errors that they show, counted.

What is found is then measured on fresh results, so that the search cannot flatter or slander it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.stats import norm

from calibration.trials import Trial, errors, margins
from oracle.statistics import Decision

Point = TypeVar("Point")


class Space(Protocol[Point]):
    """A boundary of a method: what may be chosen on it, by whoever wants the method to err."""

    @property
    def method(self) -> str: ...

    @property
    def error(self) -> Decision:
        """The decision that is an error on this boundary."""
        ...

    @property
    def boundary(self) -> str:
        """In words."""
        ...

    @property
    def stated(self) -> Fraction:
        """The most often that the error is said to happen."""
        ...

    @property
    def cost(self) -> int:
        """How many times longer its certificates take than most; the search takes that many fewer of them."""
        ...

    def propose(self, rng: np.random.Generator) -> Point:
        """A point at random."""
        ...

    def vary(self, point: Point, other: Point, rng: np.random.Generator) -> Point:
        """A point near `point`, perhaps towards `other`."""
        ...

    def trial(self, point: Point) -> Trial | None:
        """The trial of `point`; None if there is none, for instance if the method refuses its circuit."""
        ...


@dataclass(frozen=True)
class Effort:
    """How long the search takes."""

    proposals: int = 160
    results: int = 500
    """By which a law is scored."""
    generations: int = 6
    children: int = 60
    kept: int = 12
    finalists: int = 6
    counted: int = 20_000
    """Results by which the finalists are ranked."""


@dataclass(frozen=True)
class _Scored(Generic[Point]):
    score: float
    point: Point
    trial: Trial


def _score(trial: Trial, error: Decision, rng: np.random.Generator, results: int) -> float:
    by_part = np.array([margins(certificate, error) for certificate in trial.certificates(rng, results)]).T
    # Each part in its own units. All must accept, and any may reject.
    scores = [_deviations(part) for part in by_part]
    score = max(scores) if error is Decision.ACCEPT else min(scores)
    if len(scores) == 1:
        return score
    # A part that jumps, as the best value does, errs without coming near: errors that are seen count too, but for one.
    erring = (by_part.max(axis=0) if error is Decision.ACCEPT else by_part.min(axis=0)) <= 0
    return min(score, float(norm.isf(erring.mean()))) if erring.sum() > 1 else score


def _deviations(margins: np.ndarray) -> float:
    """The mean of `margins` (float64[results]) in standard deviations; infinite if most have none."""
    finite = margins[np.isfinite(margins)]
    if finite.size < margins.size / 2:
        return float("inf")
    spread = float(finite.std())
    # A statistic that does not move errs always or never.
    return float(finite.mean()) / spread if spread else float(finite.mean()) * np.inf if finite.mean() else -np.inf


def worst(space: Space[Point], rng: np.random.Generator, effort: Effort) -> Trial:
    """The trial of the worst point found in `space`. Raises ValueError if no point of it has a trial."""

    results, counted = max(30, effort.results // space.cost), max(100, effort.counted // space.cost)

    def scored(point: Point) -> list[_Scored[Point]]:
        trial = space.trial(point)
        if trial is None:
            return []
        return [_Scored(_score(trial, space.error, rng, results), point, trial)]

    found = [each for _ in range(effort.proposals) for each in scored(space.propose(rng))]
    for _ in range(effort.generations):
        found = sorted(found, key=lambda each: each.score)[: effort.kept]
        if not found:
            raise ValueError(f"no point on the boundary of {space.method} has a trial")
        # The kept ones are scored again, or the luckiest noise would stay on top for ever.
        found = [_Scored(_score(each.trial, space.error, rng, results), each.point, each.trial) for each in found]
        parents = list(found)
        for _ in range(effort.children):
            one, other = (parents[int(i)].point for i in rng.integers(0, len(parents), 2))
            found += scored(space.vary(one, other, rng))
    finalists = sorted(found, key=lambda each: each.score)[: effort.finalists]
    counts = [errors(each.trial, space.error, rng, counted) for each in finalists]
    return finalists[int(np.argmax(counts))].trial

"""Error rates measured on the worst boundaries, with exact upper limits."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta as beta_law

from calibration.search import Effort, Space, worst
from calibration.trials import errors

CONFIDENCE = 0.99
"""Of an upper limit, one-sided."""
MARGIN = 1.1
"""A rate holds if its upper limit is at most this times the stated one."""
LEAST_RUNS = 100_000
RUNS = 250_000
"""A method that errs exactly as often as stated, one time in a hundred, then passes 99 times in 100: the limit lies
2.33 standard deviations above what is seen, and what is seen as much above the rate."""


def upper_limit(errors: int, runs: int) -> float:
    """The one-sided upper limit of Clopper and Pearson (Biometrika 26, 1934) for a rate of which `runs` showed
    `errors`, at 99%."""
    return 1.0 if errors == runs else float(beta_law.ppf(CONFIDENCE, errors + 1, runs - errors))


def lower_limit(errors: int, runs: int) -> float:
    """The one-sided lower limit, as `upper_limit`."""
    return 1 - upper_limit(runs - errors, runs)


@dataclass(frozen=True)
class Measured:
    """How often a method erred on the worst law that was found on one of its boundaries."""

    method: str
    error: str
    """``false accept`` or ``false reject``."""
    boundary: str
    worst: str
    """The circuit and the law that the search found."""
    shots: int
    runs: int
    errors: int
    stated: float

    @property
    def rate(self) -> float:
        return self.errors / self.runs

    @property
    def limit(self) -> float:
        """Upper, 99%."""
        return upper_limit(self.errors, self.runs)

    @property
    def holds(self) -> bool:
        return self.limit <= MARGIN * self.stated


def key(name: str) -> int:
    """A part of a seed that depends on nothing but a name, so that a new method moves no other's figures."""
    return zlib.crc32(name.encode())


def title(space: Space[object]) -> str:
    """What a boundary is called among the figures."""
    return f"{space.method} false {space.error.value}: {space.boundary}"


def measured(space: Space[object], seed: int, runs: int, effort: Effort) -> Measured:
    """Search `space`, then count errors on `runs` fresh results; the same for the same seed."""
    error = f"false {space.error.value}"
    name = key(f"{space.method} {error} {space.boundary}")
    searching, counting = (np.random.default_rng((seed, name, part)) for part in range(2))
    trial = worst(space, searching, effort)
    found = errors(trial, space.error, counting, runs)
    return Measured(space.method, error, space.boundary, trial.told, trial.shots, runs, found, float(space.stated))

"""One way to err, made ready to be tried: a prepared method, and a source of results on which it must not err often.

The decision is always the engine's own: each result goes through `certify` or `inspect` of the method as the verdict
prepares it, and what is counted is the decision on the certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from oracle.statistics import Certificate, Decision, Guard, Record, Side

Law = npt.NDArray[np.float64]
"""float64[outcomes]: probabilities, which sum to one."""
Integers = npt.NDArray[np.int64]

_CELLS = 1 << 21
"""Numbers that are drawn at once, over all results: 16 MiB."""


class Trial(Protocol):
    """A prepared method with a source of results."""

    @property
    def told(self) -> str:
        """Which law and circuit this is, for the table."""
        ...

    @property
    def shots(self) -> int:
        """Of one result."""
        ...

    def certificates(self, rng: np.random.Generator, runs: int) -> Iterator[Certificate]:
        """What the method says of each of `runs` independent results."""
        ...


@dataclass(frozen=True, eq=False)
class CountsTrial:
    """Shots drawn independently from one law, and counted."""

    judge: Callable[[Integers, Integers], Certificate]
    """From the distinct outcomes and their counts to the certificate."""
    law: Law
    shots: int
    told: str

    def certificates(self, rng: np.random.Generator, runs: int) -> Iterator[Certificate]:
        outcomes = np.arange(self.law.size)
        chunk = max(1, _CELLS // self.law.size)
        for start in range(0, runs, chunk):
            for counts in rng.multinomial(self.shots, self.law, size=min(chunk, runs - start)):
                seen = np.flatnonzero(counts)
                yield self.judge(outcomes[seen], counts[seen])


@dataclass(frozen=True, eq=False)
class OrderTrial:
    """Shots in an order of their own making."""

    guard: Guard
    draw: Callable[[np.random.Generator, int], Integers]
    """int64[results, shots]: that many results."""
    shots: int
    told: str

    def certificates(self, rng: np.random.Generator, runs: int) -> Iterator[Certificate]:
        chunk = max(1, _CELLS // self.shots)
        for start in range(0, runs, chunk):
            for sequence in self.draw(rng, min(chunk, runs - start)):
                counts = np.bincount(sequence)
                seen = np.flatnonzero(counts)
                yield self.guard.inspect(Record(sequence, seen, counts[seen]))


def margins(certificate: Certificate, error: Decision) -> list[float]:
    """How far the statistic is from the decision `error`, in its own units; at most zero where that is made, infinite
    where no statistic would make it. One number for each part of a certificate that has parts."""
    return [_margin(part, error) for part in certificate.parts or (certificate,)]


def _margin(certificate: Certificate, error: Decision) -> float:
    bound = certificate.accept if error is Decision.ACCEPT else certificate.reject
    if bound is None or certificate.statistic is None:
        return np.inf
    distance = float(certificate.statistic - bound.value)
    return -distance if bound.side is Side.AT_LEAST else distance


def errors(trial: Trial, error: Decision, rng: np.random.Generator, runs: int) -> int:
    """How many of `runs` results get the decision `error`."""
    return sum(certificate.decision is error for certificate in trial.certificates(rng, runs))

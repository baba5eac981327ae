"""What a method says about one result: an integer statistic, where it accepts, where it rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from oracle.encoding.errors import OracleError
from oracle.statistics.baseline import Baseline
from oracle.statistics.laws.hull import NoiseHull
from oracle.statistics.policy import ValidationPolicy

Outcomes = npt.NDArray[np.int64]
"""int64[distinct]: the distinct outcomes of a result, each below 2^bits."""
Counts = npt.NDArray[np.int64]
"""int64[distinct]: how often each was seen; the sum is the number of shots."""


class Decision(StrEnum):
    """What one certificate says; the verdict combines them."""

    ACCEPT = "accept"
    REJECT = "reject"
    NEITHER = "neither"
    REFUSED = "refused"
    """The method has nothing to say about this baseline, as a level set without contrast."""


class Side(StrEnum):
    """On which side of a bound a statistic must lie."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True)
class Bound:
    """The statistics on one side of an integer, that integer included."""

    side: Side
    value: int

    def holds(self, statistic: int) -> bool:
        return statistic >= self.value if self.side is Side.AT_LEAST else statistic <= self.value


@dataclass(frozen=True)
class Certificate:
    """One method's finding on one result. Integers throughout: the same on every machine."""

    method: str
    decision: Decision
    statistic: int | None
    """None if the method refused."""
    accept: Bound | None
    """Statistics that certify an acceptable result; None if none could."""
    reject: Bound | None
    """Statistics that no honest worker shows, but with the stated rate; None if none could."""
    constants: Mapping[str, int] = field(default_factory=dict)
    """What the bounds were made of: radii in units of 2^-40, the level set's floor, size and weight."""
    parts: tuple[Certificate, ...] = ()
    """Of a method that looks at several things: what it found on each. Its own statistic counts those that accept."""


@dataclass(frozen=True, eq=False)
class Setting:
    """All that a method or guard is made ready from, before any result is seen."""

    policy: ValidationPolicy
    """One that check_policy passed."""
    baseline: Baseline
    shots: int
    level: Fraction
    """The most often that this one method or guard may reject an honest worker: its part of beta."""
    hull: NoiseHull | None = None
    """The noises that are honest, committed as the policy says; None: the baseline alone."""


class Certifier(Protocol):
    """A method made ready for one setting."""

    @property
    def method(self) -> str:
        """The method's id, ``name/version``."""
        ...

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        """The certificate of a result with `counts` shots at the distinct `outcomes`."""
        ...

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        """A lower estimate of the probability that a worker who mixes the baseline with a share 1 - `fidelity` of
        uniform is accepted."""
        ...

    def rejects_uniform(self) -> Fraction:
        """A lower bound of the probability that a uniform worker is rejected."""
        ...


@runtime_checkable
class OfTheWholeLaw(Protocol):
    """A certifier that forecasts a worker of any law, not only of one mixed with uniform."""

    def accepts_law(self, law: Baseline) -> Fraction:
        """A lower estimate of the probability that a worker whose shots follow `law` is accepted."""
        ...


class MethodRefused(OracleError, ValueError):
    """A method cannot judge this baseline at all, whatever the number of shots; the message says why."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"{method}: {reason}")
        self.method = method
        self.reason = reason


def finding(
    method: str, statistic: int, accept: Bound | None, reject: Bound | None, constants: Mapping[str, int]
) -> Certificate:
    """The certificate that the bounds make of `statistic`; rejection comes first."""
    if reject is not None and reject.holds(statistic):
        decision = Decision.REJECT
    elif accept is not None and accept.holds(statistic):
        decision = Decision.ACCEPT
    else:
        decision = Decision.NEITHER
    return Certificate(method, decision, statistic, accept, reject, constants)


def joined(method: str, parts: tuple[Certificate, ...]) -> Certificate:
    """The certificate of a method that accepts if all of its `parts` do, and rejects if one does."""
    accepting = sum(part.decision is Decision.ACCEPT for part in parts)
    whole = finding(method, accepting, Bound(Side.AT_LEAST, len(parts)), None, {})
    rejecting = any(part.decision is Decision.REJECT for part in parts)
    return replace(whole, decision=Decision.REJECT if rejecting else whole.decision, parts=parts)

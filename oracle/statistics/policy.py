"""What a result is judged by, as exact numbers: stated error rates and thresholds, and what single methods look at."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle.statistics.rules import ExpectationRule, ObjectiveRule


@dataclass(frozen=True)
class HullBounds:
    """A hull as a verdict needs it: committed laws and the most that each may weigh."""

    reach: Fraction
    vertices: tuple[tuple[str, Fraction], ...]
    """(root of a baseline, the most it may weigh), in the spec's order."""


@dataclass(frozen=True)
class ValidationPolicy:
    """The stated error rates and thresholds of one verdict; every number is exact."""

    alpha: Fraction
    """The most often a result at the accept bound may be accepted."""
    beta: Fraction
    """The most often a result at the honest bound may be rejected."""
    eps: Fraction
    """Accepted results lie certifiably nearer to the baseline than this, in total variation."""
    honest_eps: Fraction
    """An honest worker stays within this distance; never below `eps`."""
    f_min: Fraction
    """Accepted results have a certified fidelity above this."""
    honest_f: Fraction
    """An honest worker reaches this fidelity; never above `f_min`."""
    certificates: tuple[str, ...]
    """Ids of the certificates, ascending; acceptance needs all of them, rejection one."""
    guards: tuple[str, ...] = ()
    """Ids of the guards, ascending; each may reject, none accepts."""
    f_max: Fraction | None = None
    """No device reaches a fidelity above this; None: no upper bound. Above `f_min`."""
    hull: HullBounds | None = None
    """The noises that are honest; None: the ideal law alone is what distances are from."""
    observable: ExpectationRule | None = None
    """What `expectation.ci/1` judges."""
    objective: ObjectiveRule | None = None
    """What `best_value.exact/1` judges."""


@dataclass(frozen=True)
class Round:
    """What one round is judged by."""

    policy: ValidationPolicy
    """The spec's, with alpha and beta as spent in this round."""
    shots: int
    """Fresh shots that the round delivers."""

"""Two guards on the shots' scores 2^n p(x): `score_cdf/1` (better than any device) and `ceiling.levelset/1` (too good).

Let G(t) be the share of the baseline on outcomes of a score up to t, and G^(t) the share of the shots. Errors that
would leave uniform noise as it is (any mixing of outcomes in which the rates into each outcome add up to one:
depolarising, Pauli and symmetric readout errors before a measurement, exchanged qubits) cannot raise the share of *any*
level set {score > t}: of all sets of its size that one has most of p, and the rates into it add up to its size. So
such a worker's law q has no less at or below t than the baseline has, G_q >= G, and neither has a mixture of such laws.
Errors that favour outcomes (1 read as 0 more often than 0 as 1, relaxation) may lift scores: 1/20 is allowed for that
at every t, more than a difference of three in a hundred makes of any law of up to 16 alike, independent bits. Then, by
the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant, one side (Ann. Probab. 18, 1990; for level <=
1/2),

    P(sup_t (G(t) - G^(t)) > 1/20 + sqrt(ln(1/level) / 2N)) <= level.

The statistic is the integer max over t of N 2^40 G(t) - 2^40 (shots of a score up to t), over the thresholds of
`levelset.thresholds`. Under a policy with a hull of noises G(t) is, for each t, the least that a mixture has at or
below t.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np

from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.certificate import Bound, Certificate, MethodRefused, Setting, Side, finding
from oracle.statistics.exact.radius import UNIT, mcdiarmid_radius
from oracle.statistics.exact.tails import least_significant
from oracle.statistics.laws.levelset import LevelSet, below_thresholds, ranks, thresholds, witness_set
from oracle.statistics.method import GuardMethod, StatisticKind, Unit, share_of_shots
from oracle.statistics.methods.share import WITNESS
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.record import Record

CEILING = "ceiling.levelset/1"
SCORES = "score_cdf/1"

SCORE_TOLERANCE = Fraction(1, 20)
"""How much less of an honest worker's law than of the baseline may lie at or below any score."""


@dataclass(frozen=True)
class ScoreGuard:
    """Compares the shots' scores with the baseline's; see the module's text."""

    baseline: Baseline
    shots: int
    expected: tuple[int, ...]
    """For each of `thresholds`: 2^40 times the least share that an ideal worker's law has at or below it."""
    radius: int
    """sqrt(ln(1/level) / 2N) in units of 2^-40, rounded up."""

    method = SCORES

    def inspect(self, record: Record) -> Certificate:
        floors = thresholds(self.baseline.bits)
        # Doubles add up counts exactly: they stay below 2^53.
        tally = np.bincount(ranks(self.baseline)[record.outcomes], record.counts, len(floors) + 1).astype(np.int64)
        seen = np.cumsum(tally)[:-1].tolist()
        lead = [self.shots * share - count * TOTAL for share, count in zip(self.expected, seen, strict=True)]
        most = max(lead)
        bound = floor(self.shots * (self.radius + SCORE_TOLERANCE * UNIT)) + 1
        reject = Bound(Side.AT_LEAST, bound) if bound <= self.shots * TOTAL else None
        return finding(SCORES, most, None, reject, {"floor": floors[lead.index(most)], "radius": self.radius})


@dataclass(frozen=True)
class CeilingGuard:
    """Counts the shots in a level set, as the witness does, against the most that a device reaches."""

    baseline: Baseline
    level_set: LevelSet
    reject_at: int | None
    """The least count that rejects; None if even all shots do not."""

    method = CEILING

    def inspect(self, record: Record) -> Certificate:
        return finding(
            CEILING,
            self.level_set.hits(self.baseline, record.outcomes, record.counts),
            None,
            None if self.reject_at is None else Bound(Side.AT_LEAST, self.reject_at),
            {"floor": self.level_set.floor, "size": self.level_set.size, "weight": self.level_set.weight},
        )


def score_guard(setting: Setting) -> ScoreGuard:
    """`score_cdf/1`: shots of too few low scores, as of a worker that returns good outcomes only."""
    expected = below_thresholds(setting.baseline) if setting.hull is None else setting.hull.lowest_below
    return ScoreGuard(setting.baseline, setting.shots, expected, mcdiarmid_radius(setting.shots, setting.level))


def ceiling_guard(setting: Setting) -> CeilingGuard:
    """`ceiling.levelset/1`: a fidelity certainly above f_max, as of a noiseless simulator.

    Raises MethodRefused if the baseline is too flat for a level set.
    """
    f_max = setting.policy.f_max
    if f_max is None:
        raise ValueError("check_policy lets no policy without f_max name this guard")
    level_set = witness_set(setting.baseline, f_max)
    if level_set is None:
        raise MethodRefused(CEILING, "no level set of the baseline differs from uniform by 1/10: it is too flat")
    bound = least_significant(setting.shots, level_set.share(f_max), setting.level)
    return CeilingGuard(setting.baseline, level_set, bound)


def _lead(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    return (Unit(StatisticKind.LEAD, Fraction(shots * TOTAL)),)


GUARDS = (
    GuardMethod(
        CEILING,
        ceiling_guard,
        by_default=lambda certificates, f_max: f_max,
        units=share_of_shots,
        field="f_max",
        field_example="0.97",
    ),
    GuardMethod(
        SCORES,
        score_guard,
        # Also where a distance goes with the witness: heavy outcomes alone can lie within the default distance.
        by_default=lambda certificates, field: WITNESS in certificates,
        units=_lead,
        uses_hull=True,
    ),
)

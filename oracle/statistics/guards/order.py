"""Two guards on the order of the shots: `repeats.lag1/1` and `homogeneity.blocks/1`.

Repeats. The shots are taken in disjoint triples (a, b, c), a and b neighbours and c from the last third of the run.
For shots that are independent and alike, «a = b but not c» is as likely as «a = c but not b», whatever their law:
swapping b and c turns one into the other. Of the D triples where just one holds, each is Bin(D, 1/2) (McNemar's test;
Psychometrika 12, 1947). A device that resets badly or drifts may tilt that; up to 2/3 either way is honest.
Outcomes are compared by their highest four bits, so that wide circuits, which hardly ever repeat one, have D as well.

Blocks. The run is cut into eight blocks of n shots; k_b counts those in the witness's level set. If the blocks'
expected shares lie within 1/10 of each other, k_a - k_b exceeds n / 10 + sqrt(n ln(56 / level)) for some pair of
blocks with probability at most `level`: one shot moves it by at most one (McDiarmid 1989), and there are 56 ordered
pairs. Shots need not be alike for that, only independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Bound, Certificate, MethodRefused, Setting, Side, finding
from oracle.statistics.exact.radius import UNIT, ceil_sqrt, log_upper
from oracle.statistics.exact.tails import least_significant
from oracle.statistics.laws.levelset import LevelSet, witness_set
from oracle.statistics.method import GuardMethod, always, never
from oracle.statistics.record import Record

REPEATS = "repeats.lag1/1"
BLOCKS = "homogeneity.blocks/1"

HONEST_TILT = Fraction(2, 3)
"""Neighbours of an honest run may agree in up to this share of the triples that tell, or disagree in as many."""
CLASS_BITS = 4
BLOCK_COUNT = 8
HONEST_DRIFT = Fraction(1, 10)
"""An honest device's share of shots in the level set may differ by this between eighths of a run."""


@dataclass(frozen=True)
class RepeatGuard:
    """Compares how often neighbours agree with how often distant shots do; see the module's text."""

    bits: int
    level: Fraction

    method = REPEATS

    def inspect(self, record: Record) -> Certificate:
        sequence = record.in_order(REPEATS)
        third = sequence.size // 3
        classes = sequence >> max(0, self.bits - CLASS_BITS)
        first, second, distant = classes[: 2 * third : 2], classes[1 : 2 * third : 2], classes[2 * third : 3 * third]
        near = int(((first == second) & (first != distant)).sum())
        far = int(((first == distant) & (first != second)).sum())
        # Either direction may reject, each at half the level.
        bound = least_significant(near + far, HONEST_TILT, self.level / 2) if near + far else None
        reject = None if bound is None else Bound(Side.AT_LEAST, bound)
        return finding(REPEATS, max(near, far), None, reject, {"distant": far, "neighbours": near})


@dataclass(frozen=True)
class BlockGuard:
    """Compares the level set's share between the eighths of a run; see the module's text."""

    baseline: Baseline
    level_set: LevelSet
    level: Fraction

    method = BLOCKS

    def inspect(self, record: Record) -> Certificate:
        sequence = record.in_order(BLOCKS)
        block = sequence.size // BLOCK_COUNT
        inside = self.baseline.weights[sequence[: block * BLOCK_COUNT]] > self.level_set.floor
        hits = inside.reshape(BLOCK_COUNT, block).sum(axis=1)
        pairs = BLOCK_COUNT * (BLOCK_COUNT - 1)
        radius = ceil_sqrt(block * log_upper(pairs / self.level) * UNIT * UNIT)
        bound = floor(block * HONEST_DRIFT + Fraction(radius, UNIT)) + 1
        reject = Bound(Side.AT_LEAST, bound) if bound <= block else None
        constants = {"block": block, "floor": self.level_set.floor, "radius": radius}
        return finding(BLOCKS, int(hits.max() - hits.min()), None, reject, constants)


def repeat_guard(setting: Setting) -> RepeatGuard:
    """`repeats.lag1/1`: shots that were sorted, grouped, or delivered twice in a row."""
    return RepeatGuard(setting.baseline.bits, setting.level)


def block_guard(setting: Setting) -> BlockGuard:
    """`homogeneity.blocks/1`: a run whose parts come from different sources.

    Raises MethodRefused if the baseline is too flat for a level set.
    """
    level_set = witness_set(setting.baseline, setting.policy.f_min)
    if level_set is None:
        raise MethodRefused(BLOCKS, "no level set of the baseline differs from uniform by 1/10: it is too flat")
    return BlockGuard(setting.baseline, level_set, setting.level)


GUARDS = (GuardMethod(BLOCKS, block_guard, never), GuardMethod(REPEATS, repeat_guard, always))

"""Figures for people beside the verdict. Floating point, and never part of a decision or of the document.

Each is about the worker's law q: `value` is what the shots show, and q's own figure lies from `low` to `high`, each end
missed in at most one result of a hundred, whatever q is and however few the shots (N independent draws from q). The
statement is about one figure at a time. p is the baseline, K = 2^bits, T and Z the values seen, L = ln 100.

    total variation      T - sqrt((K-1) / 4N) - sqrt(L / 2N) .. T + sqrt(L / 2N)     as in oracle.statistics.methods.tvd
    Hellinger fidelity   Z = sum sqrt(p c / N). sqrt is concave, so E Z <= sum sqrt(p q) (Jensen). Leaving one shot
                         out lowers Z by some d_i >= 0 with sum d_i^2 <= 1/N, for c (sqrt c - sqrt(c-1))^2 <= 1; so
                         P(Z > E Z + t) <= exp(-N t^2 / 2) (Boucheron, Lugosi, Massart 2013, theorem 6.7).
                         Upwards: merging outcomes never lowers the fidelity (data processing), so that of the two
                         classes "in the level set" and "not", at the end of q(S)'s interval nearer to p(S).
    linear XEB           empirical Bernstein (Maurer and Pontil 2009, theorem 4) on the scores of single shots
    heavy outputs, F     Clopper and Pearson 1934, from exact tails
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil, log, log2, sqrt

import numpy as np
import numpy.typing as npt

from oracle.artifacts.shots import PackedShots
from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.exact.radius import UNIT, mcdiarmid_radius, sampling_bias
from oracle.statistics.exact.tails import lower_tail_at_most, upper_tail_at_most
from oracle.statistics.laws.levelset import LevelSet, witness_set
from oracle.statistics.methods.tvd import distance_statistic

MISS = Fraction(1, 100)
"""Each end of an interval is missed at most this often."""
COVERAGE = 1 - 2 * MISS
"""So often at least an interval holds the worker's own figure."""
_FINENESS = 64
"""Steps of a Clopper-Pearson end per standard error of a share at 1/2."""
_TABLE_END, _TABLE_STEPS = 8.0, 800

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One figure of a result, with the interval that holds the worker's own."""

    name: str
    """For people: ``Hellinger fidelity``."""
    value: float
    """Of the shots as they are."""
    low: float
    high: float
    ideal: float
    """What an ideal worker shows on average, at this number of shots."""
    by: str
    """The theorem that the interval rests on, in short."""

    def to_json(self) -> dict[str, object]:
        """Names and numbers, for programs; not to be digested."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "coverage": float(COVERAGE),
            "ideal": self.ideal,
            "by": self.by,
        }


@dataclass(frozen=True)
class Figures:
    """What a result looks like beside its baseline."""

    shots: int
    tvd: Figure
    """Total variation from the baseline."""
    hellinger_fidelity: Figure
    """(sum sqrt(q p))^2, as `qiskit.quantum_info.hellinger_fidelity`. The value is far below q's own where outcomes
    outnumber the shots; compare it with `ideal`."""
    linear_xeb: Figure | None
    """(2^n sum q p - 1) / (2^n sum p^2 - 1): one for an ideal worker, zero for uniform; None if p is uniform."""
    heavy_outputs: Figure | None
    """q{x : p(x) > median p} (Aaronson and Chen 2016); None if no outcome lies above the median."""
    fidelity: Figure | None
    """(q(S) - |S| / 2^n) / (p(S) - |S| / 2^n) for the witness's level set S: one for an ideal worker, zero for uniform,
    above one for who favours S; None if the baseline is too flat for such a set."""

    @property
    def estimates(self) -> tuple[Figure, ...]:
        """Those that there are, in the order in which to show them."""
        found = (self.tvd, self.hellinger_fidelity, self.linear_xeb, self.heavy_outputs, self.fidelity)
        return tuple(estimate for estimate in found if estimate is not None)

    def to_json(self) -> dict[str, object]:
        """Every figure by its name, None where there is none; for programs, not to be digested."""
        named = ("tvd", "hellinger_fidelity", "linear_xeb", "heavy_outputs", "fidelity")
        found: dict[str, Figure | None] = {name: getattr(self, name) for name in named}
        return {name: None if estimate is None else estimate.to_json() for name, estimate in found.items()}


def describe(baseline: Baseline, shots: PackedShots, *, f_min: Fraction = Fraction(7, 10)) -> Figures:
    """The figures of `shots` against `baseline`; `f_min` chooses the level set as the policy does.

    Raises ValueError if their widths differ.
    """
    if shots.bits != baseline.bits:
        raise ValueError(f"shots of {shots.bits} bits have no distance to a baseline of {baseline.bits}")
    outcomes, counts = shots.tally()
    level_set = witness_set(baseline, f_min)
    inside = None if level_set is None else _Share.of(level_set.hits(baseline, outcomes, counts), shots.count)
    return Figures(
        shots=shots.count,
        tvd=_tvd(baseline, outcomes, counts),
        hellinger_fidelity=_hellinger(baseline, outcomes, counts, level_set, inside),
        linear_xeb=_linear_xeb(baseline, outcomes, counts),
        heavy_outputs=_heavy_outputs(baseline, outcomes, counts),
        fidelity=None if level_set is None or inside is None else _fidelity(level_set, inside),
    )


@dataclass(frozen=True)
class _Share:
    """A share of the shots, with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, n: int) -> _Share:
        return cls(hits / n, *share_interval(hits, n))


def _tvd(baseline: Baseline, outcomes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Figure:
    n = int(counts.sum())
    seen = distance_statistic(baseline, outcomes, counts) / (2 * n * TOTAL)
    radius, bias = mcdiarmid_radius(n, MISS) / UNIT, sampling_bias(baseline.outcomes, n) / UNIT
    return Figure(
        "Total variation distance",
        seen,
        max(0.0, seen - bias - radius),
        min(1.0, seen + radius),
        _mean_distance(baseline.weights / TOTAL, n),
        "Jensen; McDiarmid 1989",
    )


def _mean_distance(p: Floats, n: int) -> float:
    """E TVD(c / n, p) for n draws from p itself: half the mean deviations of Bin(n, p), by de Moivre's formula

    E|c - n p| = 2 (m + 1) C(n, m + 1) p^(m + 1) (1 - p)^(n - m), m = floor(n p)    (Diaconis and Zabell 1991).
    """
    p = p[(p > 0) & (p < 1)]
    if p.size == 0:
        return 0.0
    factorial = np.concatenate((np.zeros(1), np.cumsum(np.log(np.arange(1, n + 1)))))
    m = np.minimum(np.floor(n * p).astype(np.int64), n - 1)
    choices = factorial[n] - factorial[m + 1] - factorial[n - m - 1]
    deviations = (m + 1) * np.exp(choices + (m + 1) * np.log(p) + (n - m) * np.log1p(-p))
    return min(1.0, float(deviations.sum()) / n)


def _hellinger(
    baseline: Baseline,
    outcomes: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    level_set: LevelSet | None,
    inside: _Share | None,
) -> Figure:
    n = int(counts.sum())
    p = baseline.weights / TOTAL
    overlap = min(1.0, float(np.sqrt(p[outcomes] * (counts / n)).sum()))
    most = 1.0
    if level_set is not None and inside is not None:
        mass = float(level_set.mass)
        share = min(max(mass, inside.low), inside.high)
        most = sqrt(mass * share) + sqrt((1 - mass) * (1 - share))
    return Figure(
        "Hellinger fidelity",
        overlap**2,
        max(0.0, overlap - sqrt(2 * log(1 / MISS) / n)) ** 2,
        min(1.0, most**2),
        # E sqrt(c) under the ideal law, outcome by outcome as if c were a Poisson count.
        min(1.0, float((p * _root_ratio(np.sqrt(n * p))).sum()) ** 2),
        "Boucheron, Lugosi, Massart 2013; data processing",
    )


def _root_ratio(t: Floats) -> Floats:
    """E sqrt(X) / t for X ~ Poisson(t^2), shape of t; 0 at 0, towards 1 from about t = 2 on."""
    beyond = 1 - 1 / (8 * np.maximum(t, 1.0) ** 2)
    return np.where(t < _TABLE_END, np.interp(t, *_root_table()), beyond)


@cache
def _root_table() -> tuple[Floats, Floats]:
    t = np.linspace(0, _TABLE_END, _TABLE_STEPS + 1)
    k = np.arange(1, 4 * int(_TABLE_END**2))
    factorial = np.cumsum(np.log(k))
    rate = t[1:, None] ** 2
    roots = (np.sqrt(k) * np.exp(k * np.log(rate) - rate - factorial)).sum(axis=1)
    return t, np.concatenate((np.zeros(1), roots / t[1:]))


def _linear_xeb(baseline: Baseline, outcomes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Figure | None:
    purity = baseline.outcomes * float(baseline.collision) - 1
    if purity <= 0:
        return None
    n = int(counts.sum())

    def score(weight: npt.NDArray[np.int64] | np.int64) -> Floats:
        return np.asarray((baseline.outcomes * (weight / TOTAL) - 1) / purity)

    scores, least, most = score(baseline.weights[outcomes]), *map(float, map(score, _extremes(baseline)))
    mean = float(counts @ scores) / n
    low, high = least, most
    if n > 1:
        spread = float(counts @ (scores - mean) ** 2) / (n - 1)
        chance = log(2 / MISS)
        radius = sqrt(2 * spread * chance / n) + 7 * (most - least) * chance / (3 * (n - 1))
        low, high = max(least, mean - radius), min(most, mean + radius)
    return Figure("Linear XEB", mean, low, high, 1.0, "empirical Bernstein, Maurer and Pontil 2009")


def _extremes(baseline: Baseline) -> tuple[np.int64, np.int64]:
    return baseline.weights.min(), baseline.weights.max()


def _heavy_outputs(baseline: Baseline, outcomes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Figure | None:
    half = baseline.outcomes // 2
    middle = np.partition(baseline.weights, (half - 1, half))
    twice_median = int(middle[half - 1]) + int(middle[half])
    heavy = 2 * baseline.weights > twice_median
    if not heavy.any():
        return None
    seen = _Share.of(int(counts[heavy[outcomes]].sum()), int(counts.sum()))
    ideal = int(baseline.weights[heavy].sum()) / TOTAL
    return Figure("Heavy outputs", seen.value, seen.low, seen.high, ideal, "Clopper and Pearson 1934")


def _fidelity(level_set: LevelSet, inside: _Share) -> Figure:
    chance, contrast = float(level_set.chance), float(level_set.contrast)
    value, low, high = ((share - chance) / contrast for share in (inside.value, inside.low, inside.high))
    return Figure("Fidelity against uniform", value, low, high, 1.0, "Clopper and Pearson 1934")


def chernoff_band(shares: Floats, n: int, level: float) -> tuple[Floats, Floats]:
    """The least and the greatest s with n KL(share, s) <= ln(1/level), for each of `shares` seen in n shots.

    P(share seen >= a) <= exp(-n KL(a, s)) for a >= s and likewise below (Hoeffding 1963, theorem 1), so that each end
    is missed with probability at most `level`.
    """
    limit = log(1 / level) / n

    def divergence(s: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(shares > 0, shares * np.log(shares / s), 0.0)
            outside = np.where(shares < 1, (1 - shares) * np.log((1 - shares) / (1 - s)), 0.0)
        # Where s equals a share of 0 or 1 nothing is left to compare.
        return np.asarray(np.nan_to_num(inside + outside, nan=0.0, posinf=np.inf))

    ends = []
    for far in (np.zeros_like(shares), np.ones_like(shares)):
        out, near = far, shares
        for _ in range(50):
            middle = (out + near) / 2
            beyond = divergence(middle) > limit
            out, near = np.where(beyond, middle, out), np.where(beyond, near, middle)
        ends.append(np.where(divergence(far) > limit, out, far))
    return ends[0], ends[1]


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson bounds on the share behind `hits` of n shots, each missed with probability at most `MISS`:
    from exact tails, rounded outward to less than a hundredth of a standard error at 1/2."""
    steps = 1 << ceil(log2(_FINENESS * sqrt(n)))
    # Hoeffding bounds the exact tails, so that the ends lie within his radius of the share seen.
    radius = ceil(steps * sqrt(log(1 / MISS) / (2 * n)))
    out, near = max(0, hits * steps // n - radius), ceil(Fraction(hits * steps, n))
    while near - out > 1:
        middle = (out + near) // 2
        if upper_tail_at_most(hits, n, Fraction(middle, steps), MISS):
            out = middle
        else:
            near = middle
    lower = out if hits else 0
    near, out = hits * steps // n, min(steps, ceil(Fraction(hits * steps, n)) + radius)
    while out - near > 1:
        middle = (near + out) // 2
        if lower_tail_at_most(hits, n, Fraction(middle, steps), MISS):
            out = middle
        else:
            near = middle
    return lower / steps, (out if hits < n else steps) / steps

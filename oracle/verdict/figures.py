"""Figures for people beside the verdict. Floating point, and never part of a decision or of the document."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import pi

import numpy as np

from oracle.artifacts.shots import PackedShots
from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.levelset import witness_set
from oracle.statistics.methods.tvd import distance_statistic
from oracle.statistics.radius import UNIT, mcdiarmid_radius, sampling_bias
from oracle.statistics.tails import lower_tail_at_most, upper_tail_at_most

CONFIDENCE_LEVEL = Fraction(1, 100)
"""Each end of an interval is missed at most this often."""
_STEPS = 2**12


@dataclass(frozen=True)
class Figures:
    """What a result looks like beside its baseline; every number is between 0 and 1 but `linear_xeb`."""

    shots: int
    tvd: float
    """Total variation between the observed frequencies and the baseline; an ideal worker shows `tvd_of_ideal`."""
    tvd_lower: float
    """The worker's own total variation from the baseline is certifiably at least this …"""
    tvd_upper: float
    """… and at most this, each at 1/100."""
    tvd_of_ideal: float
    """About what sampling alone makes of `tvd` at this number of shots."""
    hellinger_fidelity: float
    """(sum sqrt(frequency p))^2, as `qiskit.quantum_info.hellinger_fidelity`."""
    linear_xeb: float
    """(2^n <p> - 1) / (2^n sum p^2 - 1): one for an ideal worker on average, zero for uniform; 0 if p is uniform."""
    fidelity: float | None
    """Against uniform, from the shots in the witness's level set; None if the baseline is too flat for one."""
    fidelity_lower: float | None
    fidelity_upper: float | None


def describe(baseline: Baseline, shots: PackedShots, *, f_min: Fraction = Fraction(7, 10)) -> Figures:
    """The figures of `shots` against `baseline`; `f_min` chooses the level set as the policy does.

    Raises ValueError if their widths differ.
    """
    if shots.bits != baseline.bits:
        raise ValueError(f"shots of {shots.bits} bits have no distance to a baseline of {baseline.bits}")
    outcomes, counts = shots.tally()
    n = shots.count
    p = baseline.weights / TOTAL
    seen, frequencies = p[outcomes], counts / n
    tvd = distance_statistic(baseline, outcomes, counts) / (2 * n * TOTAL)
    radius, bias = mcdiarmid_radius(n, CONFIDENCE_LEVEL) / UNIT, sampling_bias(baseline.outcomes, n) / UNIT
    purity = baseline.outcomes * float(baseline.collision) - 1
    level_set = witness_set(baseline, f_min)
    fidelity = lower = upper = None
    if level_set is not None:
        hits = level_set.hits(baseline, outcomes, counts)
        chance, contrast = float(level_set.chance), float(level_set.contrast)
        fidelity, lower, upper = (
            min(1.0, max(0.0, (share - chance) / contrast)) for share in (hits / n, *_share_interval(hits, n))
        )
    return Figures(
        shots=n,
        tvd=tvd,
        tvd_lower=max(0.0, tvd - bias - radius),
        tvd_upper=min(1.0, tvd + radius),
        tvd_of_ideal=min(1.0, float(np.sqrt(2 / pi * p * (1 - p) / n).sum()) / 2),
        hellinger_fidelity=min(1.0, float(np.sqrt(frequencies * seen).sum()) ** 2),
        linear_xeb=(baseline.outcomes * float(frequencies @ seen) - 1) / purity if purity > 0 else 0.0,
        fidelity=fidelity,
        fidelity_lower=lower,
        fidelity_upper=upper,
    )


def _share_interval(hits: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson bounds on a share, outward to a multiple of 1/4096."""
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if upper_tail_at_most(hits, n, Fraction(middle, _STEPS), CONFIDENCE_LEVEL):
            low = middle
        else:
            high = middle
    lower = low
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if lower_tail_at_most(hits, n, Fraction(middle, _STEPS), CONFIDENCE_LEVEL):
            high = middle
        else:
            low = middle
    return lower / _STEPS, high / _STEPS

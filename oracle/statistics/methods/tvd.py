"""`tvd.certified/1`: total variation from the baseline, with bounds that hold at every number of shots.

With q the worker's law, p the baseline, K outcomes, N shots and T = TVD(counts / N, p):

    TVD(q, p) <= E T                                        (Jensen: total variation is convex)
    T strays from E T by more than sqrt(ln(1/a) / 2N) with probability <= a, each way        (McDiarmid 1989)
    E T <= TVD(q, p) + 1/2 sum sqrt(q (1 - q) / N) <= TVD(q, p) + sqrt((K - 1) / 4N)         (Cauchy-Schwarz)

    accept iff T + sqrt(ln(1/alpha) / 2N) < eps
    reject iff T > honest_eps + sqrt((K - 1) / 4N) + sqrt(ln(1/level) / 2N)

The third line holds for every q, so that the honest set may be all laws within honest_eps of the baseline. The
statistic is the integer A = sum |c 2^40 - N weight|, with T = A / (2N 2^40). Under a policy with a hull of noises all
of it is said of the distance from the nearest mixture instead of the one from p, and A is rounded up (see `hull`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, pi

import numpy as np
import numpy.typing as npt

from oracle.encoding import format_rational
from oracle.statistics.baseline import TOTAL, Baseline, baseline_tvd
from oracle.statistics.certificate import Bound, Certificate, Counts, MethodRefused, Outcomes, Setting, Side, finding
from oracle.statistics.exact.radius import UNIT, concentration, mcdiarmid_radius, sampling_bias
from oracle.statistics.laws.hull import WIDEST_HULL, NoiseHull
from oracle.statistics.method import CertificateMethod, Judges, StatisticKind, Unit, percent
from oracle.statistics.policy import ValidationPolicy

TVD = "tvd.certified/1"
_SUM_SCALE = 1 << 48


def distance_statistic(baseline: Baseline, outcomes: Outcomes, counts: Counts) -> int:
    """A = sum over all outcomes of |count 2^40 - N weight|, an exact integer of up to N 2^41.

    Outcomes that were not seen add N weight each; so only the seen ones are touched.
    """
    shots = int(counts.sum())
    expected = baseline.weights[outcomes] * shots
    excess = np.abs(counts * TOTAL - expected) - expected
    # Each entry is below 2^61 for up to 2^20 shots, but their sum need not be: it is taken in halves.
    total = (int((excess >> 20).sum()) << 20) + int((excess & 0xFFFFF).sum())
    return shots * TOTAL + total


@dataclass(frozen=True)
class DistanceCertifier:
    """Bounds on A for one baseline, policy and number of shots; see the module's text."""

    baseline: Baseline
    shots: int
    accept_radius: int
    """sqrt(ln(1/alpha) / 2N) in units of 2^-40, rounded up."""
    reject_radius: int
    """sqrt(ln(1/level) / 2N) in units of 2^-40, rounded up."""
    bias: int
    """sqrt((K - 1) / 4N) in units of 2^-40, rounded up."""
    accept_below: Fraction
    """Total variation below which T accepts: eps less the radius."""
    reject_above: Fraction
    """Total variation above which T rejects."""
    hull: NoiseHull | None = None
    """The mixtures that distances are from; None: the baseline alone."""

    method = TVD

    @property
    def _unit(self) -> int:
        """A of a total variation of one."""
        return 2 * self.shots * TOTAL

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        accept = ceil(self.accept_below * self._unit) - 1
        constants = {"accept_radius": self.accept_radius, "bias": self.bias, "reject_radius": self.reject_radius}
        if self.hull is None:
            statistic = distance_statistic(self.baseline, outcomes, counts)
            reject = floor(self.reject_above * self._unit) + 1
        else:
            statistic = self.hull.statistic(outcomes, counts)
            # The distance itself is above the statistic less one, which must not be below the bound.
            reject = ceil(self.reject_above * self._unit) + 1
            constants["reach"] = ceil(self.hull.reach * UNIT)
        return finding(
            TVD,
            statistic,
            Bound(Side.AT_MOST, accept) if accept >= 0 else None,
            Bound(Side.AT_LEAST, reject) if reject <= self._unit else None,
            constants,
        )

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        f = float(fidelity)
        return self._accepts(f * (self.baseline.weights / TOTAL) + (1 - f) / self.baseline.outcomes)

    def accepts_law(self, law: Baseline) -> Fraction:
        return self._accepts(law.weights / TOTAL)

    def _accepts(self, q: npt.NDArray[np.float64]) -> Fraction:
        """1 - exp(-2 N t^2), with t the room between the mean of T and where it accepts.

        The mean is 1/2 sum sqrt((q - p)^2 + (2 / pi) q (1 - q) / N): the normal law's mean deviation where q = p and
        above it elsewhere; with a hull, p is the mixture nearest to q, for fitting only brings a result nearer. It is
        an estimate, not a bound: outcomes seen less than once on average may exceed it by a few percent. Only correctly
        rounded operations and integer sums are used, so that machines agree.
        """
        p = self.baseline.weights / TOTAL
        if self.hull is not None:
            p = self.hull.mixture(self.hull.nearest(Baseline.from_probabilities(q)).weights)
        deviations = np.sqrt((q - p) ** 2 + (2 / pi / self.shots) * q * (1 - q))
        mean = Fraction(int(np.ceil(deviations * _SUM_SCALE).astype(np.int64).sum()), 2 * _SUM_SCALE)
        return concentration(self.shots, self.accept_below - mean)

    def rejects_uniform(self) -> Fraction:
        """1 - exp(-2 N t^2), with t the room between the distance of uniform, at most E T, and where T rejects."""
        uniform = Baseline.uniform(self.baseline.bits)
        distance = baseline_tvd(self.baseline, uniform) if self.hull is None else self.hull.distance(uniform)
        return concentration(self.shots, distance - self.reject_above)


def distance_certifier(setting: Setting) -> DistanceCertifier:
    """`tvd.certified/1` at error rates alpha (false accept) and the setting's level (false reject).

    Raises MethodRefused for a hull of noises beyond WIDEST_HULL bits.
    """
    if setting.hull is not None and setting.baseline.bits > WIDEST_HULL:
        raise MethodRefused(TVD, f"the nearest mixture of a hull is looked for up to {WIDEST_HULL} bits")
    policy, baseline, shots = setting.policy, setting.baseline, setting.shots
    accept_radius = mcdiarmid_radius(shots, policy.alpha)
    reject_radius = mcdiarmid_radius(shots, setting.level)
    bias = sampling_bias(baseline.outcomes, shots)
    return DistanceCertifier(
        baseline,
        shots,
        accept_radius,
        reject_radius,
        bias,
        policy.eps - Fraction(accept_radius, UNIT),
        policy.honest_eps + Fraction(bias + reject_radius, UNIT),
        setting.hull,
    )


def _units(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    return (Unit(StatisticKind.DISTANCE, Fraction(2 * shots * TOTAL)),)


def _certain(policy: ValidationPolicy) -> str:
    origin = "the baseline"
    if policy.hull is not None:
        origin = f"a declared mixture with noise (itself within {percent(policy.hull.reach)} of the baseline)"
    return f"nearer to {origin} than {percent(policy.eps)} in total variation"


METHOD = CertificateMethod(
    TVD,
    Judges.DISTRIBUTION,
    asks=lambda policy: f"TVD {format_rational(policy.eps)}",
    certain=_certain,
    make=distance_certifier,
    units=_units,
    suits=range(1, 7),
    uses_hull=True,
    bears_noise=False,
)

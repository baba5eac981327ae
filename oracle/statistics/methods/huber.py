"""`huber.certified/1`: how much of the circuit's law is missing from the worker's, whatever the rest of it is.

A device of fidelity F shows F p + (1 - F) r with a law r that nobody knows (Huber, Ann. Math. Stat. 35, 1964). A law q
is of that form exactly if q_x >= F p_x everywhere, and its total variation from the nearest that is, is

    h(q) = sum (F p_x - q_x)+.

With F = f_min, N shots and H = h(counts / N):

    h(q) <= E H                                             (Jensen: h is convex)
    H strays from E H by more than sqrt(ln(1/a) / 2N) with probability <= a, each way        (McDiarmid 1989)
    E H <= h(q) + 1/2 sum sqrt(q (1 - q) / N) <= h(q) + sqrt((K - 1) / 4N)     (E(Y)+ = E|Y| / 2 for a mean of zero)

    accept iff H + sqrt(ln(1/alpha) / 2N) < eps
    reject iff H > honest_eps + sqrt((K - 1) / 4N) + sqrt(ln(1/level) / 2N)

With F = a/b the statistic is the integer A = a N 2^40 - sum min(a N weight, b count 2^40), with H = A / (b N 2^40).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from oracle.encoding import format_rational
from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.certificate import Bound, Certificate, Counts, Outcomes, Setting, Side, finding
from oracle.statistics.exact.radius import UNIT, concentration, mcdiarmid_radius, sampling_bias
from oracle.statistics.method import CertificateMethod, Judges, StatisticKind, Unit, percent
from oracle.statistics.policy import ValidationPolicy

HUBER = "huber.certified/1"
_SUM_SCALE = 1 << 48


def missing_statistic(baseline: Baseline, fidelity: Fraction, outcomes: Outcomes, counts: Counts) -> int:
    """A = a N 2^40 - sum min(a N weight, b count 2^40) for `fidelity` = a/b; only outcomes that were seen count."""
    a, b, shots = fidelity.numerator, fidelity.denominator, int(counts.sum())
    weights: list[int] = baseline.weights[outcomes].tolist()
    numbers: list[int] = counts.tolist()
    there = sum(min(a * shots * weight, b * number * TOTAL) for weight, number in zip(weights, numbers, strict=True))
    return a * shots * TOTAL - there


@dataclass(frozen=True)
class HuberCertifier:
    """Bounds on A for one setting; see the module's text."""

    baseline: Baseline
    shots: int
    fidelity: Fraction
    """F: the share of the baseline that must be there."""
    accept_radius: int
    """sqrt(ln(1/alpha) / 2N) in units of 2^-40, rounded up."""
    reject_radius: int
    """sqrt(ln(1/level) / 2N) in units of 2^-40, rounded up."""
    bias: int
    """sqrt((K - 1) / 4N) in units of 2^-40, rounded up."""
    accept_below: Fraction
    """H below which a result is accepted: eps less the radius."""
    reject_above: Fraction
    """H above which a result is rejected."""

    method = HUBER

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        unit = self.fidelity.denominator * self.shots * TOTAL
        accept = ceil(self.accept_below * unit) - 1
        reject = floor(self.reject_above * unit) + 1
        return finding(
            HUBER,
            missing_statistic(self.baseline, self.fidelity, outcomes, counts),
            Bound(Side.AT_MOST, accept) if accept >= 0 else None,
            Bound(Side.AT_LEAST, reject) if self.reject_above < self.fidelity else None,
            {"accept_radius": self.accept_radius, "bias": self.bias, "reject_radius": self.reject_radius},
        )

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        f = float(fidelity)
        return self._accepts(f * (self.baseline.weights / TOTAL) + (1 - f) / self.baseline.outcomes)

    def accepts_law(self, law: Baseline) -> Fraction:
        return self._accepts(law.weights / TOTAL)

    def _accepts(self, q: npt.NDArray[np.float64]) -> Fraction:
        """A lower bound: E(Y)+ <= (E Y + sqrt(E Y^2)) / 2 for each outcome's Y = F p - count / N, then McDiarmid.

        Only correctly rounded operations and integer sums are used, so that machines agree.
        """
        short = float(self.fidelity) * (self.baseline.weights / TOTAL) - q
        lacking = (short + np.sqrt(short**2 + q * (1 - q) / self.shots)) / 2
        mean = Fraction(int(np.ceil(lacking * _SUM_SCALE).astype(np.int64).sum()), _SUM_SCALE)
        return concentration(self.shots, self.accept_below - mean)

    def rejects_uniform(self) -> Fraction:
        """1 - exp(-2 N t^2), with t the room between h(uniform) <= E H and where H rejects."""
        a, b, outcomes = self.fidelity.numerator, self.fidelity.denominator, self.baseline.outcomes
        even = b * TOTAL // outcomes
        lacking = sum(max(0, a * weight - even) for weight in self.baseline.weights.tolist())
        return concentration(self.shots, Fraction(lacking, b * TOTAL) - self.reject_above)


def huber_certifier(setting: Setting) -> HuberCertifier:
    """`huber.certified/1` at error rates alpha (false accept) and the setting's level (false reject)."""
    policy, baseline, shots = setting.policy, setting.baseline, setting.shots
    accept_radius = mcdiarmid_radius(shots, policy.alpha)
    reject_radius = mcdiarmid_radius(shots, setting.level)
    bias = sampling_bias(baseline.outcomes, shots)
    return HuberCertifier(
        baseline,
        shots,
        policy.f_min,
        accept_radius,
        reject_radius,
        bias,
        policy.eps - Fraction(accept_radius, UNIT),
        policy.honest_eps + Fraction(bias + reject_radius, UNIT),
    )


def _units(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    return (Unit(StatisticKind.MISSING, Fraction(policy.f_min.denominator * shots * TOTAL)),)


METHOD = CertificateMethod(
    HUBER,
    Judges.DISTRIBUTION,
    asks=lambda policy: f"a missing part of {format_rational(policy.eps)}",
    certain=lambda policy: f"less than {percent(policy.eps)} is missing from {percent(policy.f_min)} of the baseline",
    make=huber_certifier,
    units=_units,
    suits=range(7, 10),
    beside_witness=True,
)

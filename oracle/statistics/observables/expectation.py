"""`expectation.ci/1`: the mean of a diagonal observable, certified to lie near the baseline's.

With e the observable in units of 1/D, S = sum of e over the N shots, B its exact mean under the baseline's integers:

    accept iff |S/N - B| + r(alpha) < delta,    reject iff |S/N - B| > honest_delta + r(level / 2)

and r, by the bound that the spec names before the run,

    mixed       (max e - min e) sqrt(ln(1/a) / 2N)                                          (Hoeffding 1963)
    parities    sum |c_k| r_k, r_k the longer arm of parity k's Clopper-Pearson interval at a/K   (union over K)

A false accept needs one particular end of the interval to fail (the mean lies above or below, not both), so that each
end is taken at alpha. An honest mean within honest_delta can be missed on either side, hence level / 2. The statistic
is the integer |2^40 S - N sum P e|, of which 2^40 N D make one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from oracle.encoding import format_rational
from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.certificate import Bound, Certificate, Counts, MethodRefused, Outcomes, Setting, Side, finding
from oracle.statistics.method import CertificateMethod, Judges, StatisticKind, Unit, number
from oracle.statistics.observables.bounds import (
    GRID,
    deviation,
    hoeffding_radius,
    parity_radius,
    typical_evens,
)
from oracle.statistics.observables.diagonal import Diagonal, Moments, evens, moments, spectrum, table
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.rules import ExpectationRule

EXPECTATION = "expectation.ci/1"


@dataclass(frozen=True)
class ExpectationCertifier:
    """Bounds on the mean for one baseline, policy and number of shots; see the module's text."""

    baseline: Baseline
    observable: Diagonal
    rule: ExpectationRule
    known: Moments
    shots: int
    accept_level: Fraction
    reject_level: Fraction
    """Of one end of the interval: half of what the certificate may spend."""

    method = EXPECTATION

    @property
    def _unit(self) -> int:
        """The statistic of a deviation by one."""
        return TOTAL * self.shots * self.observable.denominator

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        # Up to 2^20 values of up to 2^40: the sum fits.
        total = int(table(self.observable)[outcomes] @ counts)
        masks = [mask for mask, _ in self.observable.coefficients] if self.rule.bound == "parities" else []
        even = evens(outcomes, counts, masks)
        statistic = abs(TOTAL * total - int(self.shots * self.known.mean * TOTAL))
        accept_radius, reject_radius = (self._radius(level, even) for level in (self.accept_level, self.reject_level))
        accept = ceil(self.rule.delta * self._unit) - 1 - accept_radius
        reject = floor(self.rule.honest_delta * self._unit) + 1 + reject_radius
        return finding(
            EXPECTATION,
            statistic,
            Bound(Side.AT_MOST, accept) if accept >= 0 else None,
            Bound(Side.AT_LEAST, reject),
            {
                "accept_radius": accept_radius,
                "baseline": int(self.known.mean * TOTAL),
                "denominator": self.observable.denominator,
                "reject_radius": reject_radius,
                "sum": total,
            },
        )

    def _radius(self, level: Fraction, even: tuple[int, ...]) -> int:
        """r(level) as a statistic, rounded up; `even` are the shots of parity +1, by mask, where the bound asks."""
        if self.rule.bound == "mixed":
            return hoeffding_radius(self.shots, self.known.width, level)
        each = level / len(even)
        arms = zip(self.observable.coefficients, even, strict=True)
        total = sum(abs(coefficient) * parity_radius(seen, self.shots, each) for (_, coefficient), seen in arms)
        return total * (TOTAL // GRID)

    def _forecast_radius(self, level: Fraction, fidelity: Fraction) -> Fraction:
        """r(level) in units of 1/D, as most samples of a worker at `fidelity` show it."""
        means = spectrum(self.baseline)
        even = tuple(
            typical_evens(self.shots, (1 + fidelity * Fraction(int(means[mask]), TOTAL)) / 2)
            for mask, _ in self.observable.coefficients
        )
        return Fraction(self._radius(level, even), TOTAL * self.shots)

    @property
    def half_width(self) -> Fraction:
        """How far the interval reaches to either side at alpha, in units of the observable: a forecast."""
        return self._forecast_radius(self.accept_level, Fraction(1)) / self.observable.denominator

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        mean, variance = self.known.mixed(fidelity)
        room = self.rule.delta * self.observable.denominator - self._forecast_radius(self.accept_level, fidelity)
        bias = abs(mean - self.known.mean)
        near, far = (deviation(self.shots, side, self.known.width, variance) for side in (room - bias, room + bias))
        return max(Fraction(0), 1 - near - far)

    def rejects_uniform(self) -> Fraction:
        mean, variance = self.known.mixed(Fraction(0))
        honest = self.rule.honest_delta * self.observable.denominator
        room = abs(mean - self.known.mean) - honest - self._forecast_radius(self.reject_level, Fraction(0))
        return 1 - deviation(self.shots, room, self.known.width, variance)


def expectation_certifier(setting: Setting) -> ExpectationCertifier:
    """`expectation.ci/1` for the policy's observable, at alpha (false accept) and the setting's level (false reject).

    Raises MethodRefused for a policy without an observable, or one of another width than the baseline.
    """
    rule, baseline = setting.policy.observable, setting.baseline
    if rule is None:
        raise MethodRefused(EXPECTATION, "the policy names no observable")
    observable = Diagonal.of(rule.terms)
    if observable.bits != baseline.bits:
        raise MethodRefused(
            EXPECTATION, f"the observable is of {observable.bits} bits, the baseline of {baseline.bits}"
        )
    known = moments(observable, baseline)
    alpha, level = setting.policy.alpha, setting.level / 2
    return ExpectationCertifier(baseline, observable, rule, known, setting.shots, alpha, level)


def _units(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    return (Unit(StatisticKind.DEVIATION, Fraction(TOTAL * shots * finding.constants.get("denominator", 1))),)


def _rule(policy: ValidationPolicy) -> ExpectationRule:
    if policy.observable is None:
        raise ValueError(f"check_policy lets no policy without an observable name {EXPECTATION}")
    return policy.observable


METHOD = CertificateMethod(
    EXPECTATION,
    Judges.VALUES,
    asks=lambda policy: f"a mean within {format_rational(_rule(policy).delta)} of the baseline's",
    certain=lambda policy: f"with its mean within {number(_rule(policy).delta)} of the baseline's",
    make=expectation_certifier,
    units=_units,
    field="observable",
    field_example="{terms: [{letters: ZZ, coefficient: 0.5}], delta: 0.5}",
)

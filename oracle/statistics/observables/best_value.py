"""`best_value.exact/1`: an optimisation's best bitstring, re-evaluated, and the mean of its objective.

With e the objective (negated where it is maximised) in units of 1/D, B its exact mean under the baseline, C under
uniform outcomes, G = {x : e(x) <= target} and s = u + honest_f (p(G) - u), u = |G| / 2^bits:

    best    accepts iff some shot lies in G: a fact, without error
            rejects iff none does and (1 - s)^N <= level / 2: a worker of fidelity honest_f reaches it but that often
    mean    accepts iff S/N + r(alpha) < C + f_min (B - C), rejects iff S/N - r(level / 2) > C + honest_f (B - C)

with r(a) = (max e - min e) sqrt(ln(1/a) / 2N) (Hoeffding, J. Amer. Statist. Assoc. 58, 1963) and S the sum over the N
shots. A worker who delivers a share F of the circuit and noise for the rest has just the mean C + F (B - C), so that
f_min and honest_f mean here what they mean to the witness. Both parts must accept; either may reject.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from oracle.encoding import format_rational
from oracle.statistics.baseline import TOTAL
from oracle.statistics.certificate import (
    Bound,
    Certificate,
    Counts,
    MethodRefused,
    Outcomes,
    Setting,
    Side,
    finding,
    joined,
)
from oracle.statistics.exact.radius import UNIT
from oracle.statistics.exact.tails import lower_tail_at_most, upper_tail
from oracle.statistics.method import CertificateMethod, Judges, StatisticKind, Unit, counted, number, percent
from oracle.statistics.observables.bounds import deviation, hoeffding_radius
from oracle.statistics.observables.diagonal import Diagonal, Moments, moments, table
from oracle.statistics.policy import ValidationPolicy

BEST_VALUE = "best_value.exact/1"
BEST = "best"
MEAN = "mean"


@dataclass(frozen=True)
class BestValueCertifier:
    """Bounds on the best and on the mean value for one baseline, policy and number of shots; see the module's text."""

    energy: Diagonal
    """The objective, negated where it is maximised: less is better."""
    known: Moments
    shots: int
    target: int
    """The greatest value that reaches the target, in units of 1/D."""
    reached: Fraction
    """p(G), the share of an ideal worker's shots that reach the target."""
    by_chance: Fraction
    """u, the share of a uniform worker's."""
    miss_is_fault: bool
    """Whether a run without a shot in G is too unlikely for an honest worker."""
    accept_mean: Fraction
    """C + f_min (B - C)."""
    reject_mean: Fraction
    """C + honest_f (B - C)."""
    accept_radius: int
    """N r(alpha) in units of 2^-40."""
    reject_radius: int
    """N r(level / 2) in units of 2^-40."""

    method = BEST_VALUE

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        # As long as a run is: the sum of 2^20 values of up to 2^40 fits.
        values = table(self.energy)[outcomes]
        best = finding(
            BEST,
            int(values.min()),
            Bound(Side.AT_MOST, self.target),
            Bound(Side.AT_LEAST, self.target + 1) if self.miss_is_fault else None,
            {"denominator": self.energy.denominator, "reaching": int(counts[values <= self.target].sum())},
        )
        mean = finding(
            MEAN,
            int(values @ counts),
            Bound(Side.AT_MOST, ceil(self.shots * self.accept_mean - Fraction(self.accept_radius, UNIT)) - 1),
            Bound(Side.AT_LEAST, floor(self.shots * self.reject_mean + Fraction(self.reject_radius, UNIT)) + 1),
            {"accept_radius": self.accept_radius, "reject_radius": self.reject_radius},
        )
        return joined(BEST_VALUE, (best, mean))

    @property
    def half_width(self) -> Fraction:
        """How far the mean's interval reaches to either side at alpha, in units of the objective."""
        return Fraction(self.accept_radius, UNIT * self.shots * self.energy.denominator)

    def _reaching(self, fidelity: Fraction) -> Fraction:
        return self.by_chance + fidelity * (self.reached - self.by_chance)

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        mean, variance = self.known.mixed(fidelity)
        room = self.accept_mean - mean - Fraction(self.accept_radius, UNIT * self.shots)
        missed = 1 - upper_tail(1, self.shots, self._reaching(fidelity)).low
        return max(Fraction(0), 1 - missed - deviation(self.shots, room, self.known.width, variance))

    def rejects_uniform(self) -> Fraction:
        mean, variance = self.known.mixed(Fraction(0))
        room = mean - self.reject_mean - Fraction(self.reject_radius, UNIT * self.shots)
        by_mean = 1 - deviation(self.shots, room, self.known.width, variance)
        by_best = 1 - upper_tail(1, self.shots, self.by_chance).high if self.miss_is_fault else Fraction(0)
        return max(by_mean, by_best)


def best_value_certifier(setting: Setting) -> BestValueCertifier:
    """`best_value.exact/1` for the policy's objective, at alpha (false accept) and the setting's level (false reject).

    Raises MethodRefused for a policy without an objective, one of another width than the baseline, a target that no
    outcome reaches, or a circuit whose mean is no better than chance.
    """
    policy, baseline, shots, level = setting.policy, setting.baseline, setting.shots, setting.level
    rule = policy.objective
    if rule is None:
        raise MethodRefused(BEST_VALUE, "the policy names no objective")
    objective = Diagonal.of(rule.terms)
    if objective.bits != baseline.bits:
        raise MethodRefused(BEST_VALUE, f"the objective is of {objective.bits} bits, the baseline of {baseline.bits}")
    minimised = rule.direction == "minimise"
    energy = objective if minimised else objective.negated()
    known = moments(energy, baseline)
    target = floor((rule.target if minimised else -rule.target) * energy.denominator)
    if target < known.lowest:
        best = Fraction(known.lowest if minimised else -known.lowest, energy.denominator)
        raise MethodRefused(BEST_VALUE, f"no outcome reaches the target; the best value there is is {best}")
    if known.mean >= known.chance:
        raise MethodRefused(BEST_VALUE, "the circuit's mean value is no better than chance")
    good = table(energy) <= target
    reached = Fraction(int(baseline.weights[good].sum()), TOTAL)
    by_chance = Fraction(int(good.sum()), baseline.outcomes)
    step = known.mean - known.chance
    return BestValueCertifier(
        energy,
        known,
        shots,
        target,
        reached,
        by_chance,
        lower_tail_at_most(0, shots, by_chance + policy.honest_f * (reached - by_chance), level / 2),
        known.chance + policy.f_min * step,
        known.chance + policy.honest_f * step,
        hoeffding_radius(shots, known.width, policy.alpha),
        hoeffding_radius(shots, known.width, level / 2),
    )


def _units(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    count = Unit(StatisticKind.COUNT, Fraction(1))
    if [part.method for part in finding.parts] != [BEST, MEAN]:
        return counted(finding, policy, shots)
    sign = -1 if policy.objective is not None and policy.objective.direction == "maximise" else 1
    one = sign * finding.parts[0].constants.get("denominator", 1)
    return count, Unit(StatisticKind.VALUE, Fraction(one)), Unit(StatisticKind.MEAN, Fraction(one * shots))


def _certain(policy: ValidationPolicy) -> str:
    if policy.objective is None:
        raise ValueError(f"check_policy lets no policy without an objective name {BEST_VALUE}")
    return (
        f"with a shot that reaches {number(policy.objective.target)}, and its mean no more than "
        f"{percent(1 - policy.f_min)} of the way from the circuit's own to that of noise"
    )


METHOD = CertificateMethod(
    BEST_VALUE,
    Judges.VALUES,
    asks=lambda policy: f"a mean value of fidelity {format_rational(policy.f_min)}",
    certain=_certain,
    make=best_value_certifier,
    units=_units,
    field="objective",
    field_example="{direction: minimise, terms: [{letters: ZZ, coefficient: 0.5}], target: -0.5}",
)

"""What a number of shots decides of an honest worker and of one at chance, under a policy.

Forecasts are integers and correctly rounded arithmetic, so that machines agree on them, and rounded towards pessimism.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Certifier, MethodRefused
from oracle.statistics.laws.hull import NoiseHull
from oracle.statistics.planning.flat import flat_circuit
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.registry import LARGEST_SHOTS, METHOD_OF, certifier, reject_level, sampled

LEAST_POWER = Fraction(19, 20)
"""A plan is feasible if it accepts an honest worker and rejects one at chance at least this often."""
HONEST_FIDELITY = Fraction(9, 10)
"""The worker that is planned for, where the policy speaks of noise: the baseline mixed with a tenth of uniform."""
_RESOLUTION = 10_000
_FEWEST_SHOTS = 16


@dataclass(frozen=True)
class Forecast:
    """How often at least an honest worker is accepted, and one at chance rejected."""

    accept: Fraction
    reject: Fraction

    @property
    def works(self) -> bool:
        """Whether both are often enough."""
        return self.accept >= LEAST_POWER and self.reject >= LEAST_POWER


def down(probability: Fraction) -> Fraction:
    """`probability` rounded down to whole ten-thousandths, and up to zero."""
    return Fraction(max(0, floor(probability * _RESOLUTION)), _RESOLUTION)


@dataclass(frozen=True, eq=False)
class Planned:
    """What is planned for, but for the number of shots."""

    policy: ValidationPolicy
    baseline: Baseline
    hull: NoiseHull | None
    fidelity: Fraction

    def certifiers(self, shots: int) -> list[Certifier]:
        """The certificates made ready. Raises MethodRefused if one cannot judge the baseline at all."""
        methods = sampled(self.policy)
        if not methods:
            names, reason = (
                "+".join(self.policy.certificates),
                "it looks at the papers alone, and takes noise with papers",
            )
            raise MethodRefused(names, f"{reason} for a result")
        return [certifier(method, self.policy, self.baseline, shots, self.hull) for method in methods]


def guarded(policy: ValidationPolicy) -> Fraction:
    """The most often that the guards reject an honest worker."""
    return sum((reject_level(policy, name) for name in policy.guards), Fraction(0))


def accepts_depolarised(job: Planned, certifiers: Sequence[Certifier]) -> Fraction:
    return 1 - sum((1 - each.accepts_honest(job.fidelity) for each in certifiers), Fraction(0))


def forecast_of(job: Planned, certifiers: list[Certifier]) -> Forecast:
    # All must accept: their failures add up at worst. One suffices to reject: the best of them is a lower bound.
    accepted, flat = accepts_depolarised(job, certifiers), flat_circuit(job.baseline, certifiers)
    if flat is not None:
        accepted = min(accepted, flat.accepted_by(certifiers, job.fidelity))
    rejected = max(each.rejects_uniform() for each in certifiers)
    return Forecast(down(accepted - guarded(job.policy)), down(rejected))


def _three_digits_up(shots: int) -> int:
    step: int = 10 ** max(0, len(str(shots)) - 3)
    return -(-shots // step) * step


def works(job: Planned, shots: int) -> bool:
    return forecast_of(job, job.certifiers(shots)).works


def planned_fidelity(policy: ValidationPolicy) -> Fraction:
    """The fidelity of the honest worker that `policy` is planned for where nobody names another.

    HONEST_FIDELITY where it asks for a fidelity or declares noises; one, the ideal law itself, where it asks for
    nothing but a distance from that law, which has no place for noise.
    """
    asked = [METHOD_OF[name] for name in sampled(policy)]
    speaks_of_noise = policy.hull is not None or not asked or any(method.bears_noise for method in asked)
    return HONEST_FIDELITY if speaks_of_noise else Fraction(1)


def fewest_shots(job: Planned) -> int | None:
    high = _FEWEST_SHOTS
    while not works(job, high):
        if high == LARGEST_SHOTS:
            return None
        high *= 2
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if works(job, middle):
            high = middle
        else:
            low = middle
    # Exact tails rise in saw teeth: a few shots more can fall just short again, so the rounded number is checked.
    rounded = _three_digits_up(high)
    while rounded <= LARGEST_SHOTS and not works(job, rounded):
        rounded = _three_digits_up(rounded + 1)
    return rounded if rounded <= LARGEST_SHOTS else high

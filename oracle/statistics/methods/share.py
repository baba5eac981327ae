"""Two methods that count shots in a set of outcomes: `binomial.exact/1` and `witness.levelset/1`.

The number k of N independent shots in a fixed set is Bin(N, q). With s_min the largest share that is not good enough
and s_honest the least that an honest worker shows,

    accept iff P(Bin(N, s_min) >= k) <= alpha,    reject iff P(Bin(N, s_honest) <= k) <= level,

the one-sided bounds of Clopper and Pearson (Biometrika 26, 1934), exact at every N.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle.encoding import format_rational
from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Bound, Certificate, Counts, MethodRefused, Outcomes, Setting, Side, finding
from oracle.statistics.exact.tails import least_significant, most_significant, upper_tail
from oracle.statistics.laws.levelset import LEAST_CONTRAST, LevelSet, expected_set, witness_set
from oracle.statistics.method import CertificateMethod, Judges, percent, share_of_shots

BINOMIAL = "binomial.exact/1"
WITNESS = "witness.levelset/1"


@dataclass(frozen=True)
class ShareCertifier:
    """Counts the shots in one set; see the module's text."""

    method: str
    baseline: Baseline
    shots: int
    level_set: LevelSet
    accept_at: int | None
    """The least count that accepts; None if even `shots` does not."""
    reject_at: int | None
    """The greatest count that rejects; None if even zero does not."""

    def certify(self, outcomes: Outcomes, counts: Counts) -> Certificate:
        return finding(
            self.method,
            self.level_set.hits(self.baseline, outcomes, counts),
            None if self.accept_at is None else Bound(Side.AT_LEAST, self.accept_at),
            None if self.reject_at is None else Bound(Side.AT_MOST, self.reject_at),
            {"floor": self.level_set.floor, "size": self.level_set.size, "weight": self.level_set.weight},
        )

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        if self.accept_at is None:
            return Fraction(0)
        return upper_tail(self.accept_at, self.shots, self.level_set.share(fidelity)).low

    def accepts_law(self, law: Baseline) -> Fraction:
        if self.accept_at is None:
            return Fraction(0)
        return upper_tail(self.accept_at, self.shots, self.level_set.share_of(law, self.baseline)).low

    def rejects_uniform(self) -> Fraction:
        if self.reject_at is None:
            return Fraction(0)
        return 1 - upper_tail(self.reject_at + 1, self.shots, self.level_set.chance).high


def witness_certifier(setting: Setting) -> ShareCertifier:
    """`witness.levelset/1`: the fidelity F against uniform, accepted above f_min, rejected below honest_f.

    Raises MethodRefused if no level set has a contrast of 1/10, as for a baseline near uniform.
    """
    policy, shots = setting.policy, setting.shots
    level_set = witness_set(setting.baseline, policy.f_min)
    if level_set is None:
        raise MethodRefused(WITNESS, "no level set of the baseline differs from uniform by 1/10: it is too flat")
    return ShareCertifier(
        WITNESS,
        setting.baseline,
        shots,
        level_set,
        least_significant(shots, level_set.share(policy.f_min), policy.alpha),
        most_significant(shots, level_set.share(policy.honest_f), setting.level),
    )


def binomial_certifier(setting: Setting) -> ShareCertifier:
    """`binomial.exact/1`: the share of shots on outcomes that the circuit can show at all, accepted above f_min and
    rejected below honest_f; for stabilizer, mirror, GHZ and Bell circuits.

    Raises MethodRefused unless chance reaches at most f_min - 1/10 of those outcomes.
    """
    policy, shots = setting.policy, setting.shots
    level_set = expected_set(setting.baseline)
    if policy.f_min - level_set.chance < LEAST_CONTRAST:
        expected = f"{level_set.size} of {setting.baseline.outcomes} outcomes are expected ones"
        raise MethodRefused(BINOMIAL, f"{expected}: chance passes too easily")
    return ShareCertifier(
        BINOMIAL,
        setting.baseline,
        shots,
        level_set,
        least_significant(shots, policy.f_min, policy.alpha),
        most_significant(shots, policy.honest_f, setting.level),
    )


METHODS = (
    CertificateMethod(
        BINOMIAL,
        Judges.DISTRIBUTION,
        asks=lambda policy: f"share {format_rational(policy.f_min)}",
        certain=lambda policy: f"at least {percent(policy.f_min)} of its shots are outcomes that the circuit can show",
        make=binomial_certifier,
        units=share_of_shots,
        witness=True,
    ),
    CertificateMethod(
        WITNESS,
        Judges.DISTRIBUTION,
        asks=lambda policy: f"fidelity {format_rational(policy.f_min)}",
        certain=lambda policy: f"of a fidelity above {percent(policy.f_min)}",
        make=witness_certifier,
        units=share_of_shots,
        suits=range(1, 25),
        witness=True,
    ),
)

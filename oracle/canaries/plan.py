"""How many canaries make cheating on a share of a batch show, and what they cost.

A batch has t targets and m canaries in an order that the worker does not know. A worker that cheats on at least a
share c of the circuits cheats on j = ceil(c (t + m)) of them, and h of those are canaries: hypergeometric, since it
cannot tell which. Each of the h is taken for good with probability at most a = alpha + luck, given all others
(verdict.py), so that the batch is accepted with probability at most

    E a^h = sum_h C(m, h) C(t, j - h) / C(t + m, j) a^h,

which is at most (1 - c (1 - a))^m, the binomial law's, at any t (Hoeffding, JASA 58 (1963), theorem 4). Everything is
exact: integers and fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb, floor

from oracle.encoding import format_rational
from oracle.encoding.errors import OracleError
from oracle.statistics import LARGEST_SHOTS, LEAST_POWER
from oracle.statistics.exact.tails import least_significant, most_significant, upper_tail

MOST_CANARIES = 4096
MOST_TARGETS = 4096
_RESOLUTION = 10_000


class PlanRefused(OracleError, ValueError):
    """A policy or batch that nothing can be planned for; the message says what is wrong with it."""


@dataclass(frozen=True)
class CanaryPolicy:
    """The stated rates of a batch's verdict; every number is exact."""

    alpha: Fraction
    """The most often a batch is accepted whose worker cheated on `cheating_share` of it or more."""
    beta: Fraction
    """The most often an honest worker's batch is rejected."""
    cheating_share: Fraction
    """The share c of circuits from which on cheating must show."""
    floor: Fraction
    """The declared honest survival floor: each canary of an honest worker returns its outcome with at least this
    probability a shot; a circuit that was cheated on, with at most this."""
    luck: Fraction = Fraction(0)
    """The greatest probability with which an answer chosen without running the circuit is a canary's outcome."""

    @property
    def slip(self) -> Fraction:
        """The most often that a canary which was cheated on survives: alpha + luck, 1 at most."""
        return min(Fraction(1), self.alpha + self.luck)

    def check(self) -> None:
        """Raises PlanRefused unless all four lie where they mean something."""
        for name in ("alpha", "beta"):
            if not 0 < getattr(self, name) <= Fraction(1, 2):
                raise PlanRefused(f"{name} is {getattr(self, name)}; an error rate lies above 0 and up to 1/2")
        if not 0 < self.cheating_share <= 1:
            raise PlanRefused(f"a cheating share of {self.cheating_share}; write one above 0, up to 1")
        if not 0 < self.floor < 1:
            raise PlanRefused(f"a survival floor of {self.floor}; write one between 0 and 1")
        if not 0 <= self.luck <= 1:
            raise PlanRefused(f"a luck of {self.luck}; write one from 0 to 1")

    def to_json(self) -> dict[str, object]:
        """As it is digested: rationals in lowest terms."""
        return {
            "alpha": format_rational(self.alpha),
            "beta": format_rational(self.beta),
            "cheating_share": format_rational(self.cheating_share),
            "floor": format_rational(self.floor),
            "luck": format_rational(self.luck),
        }


@dataclass(frozen=True)
class Bounds:
    """How many of N shots must return a canary's outcome."""

    accept_at: int | None
    """The least number that certifies survival above the floor at level alpha; None if not even N does."""
    reject_at: int | None
    """The greatest number that no honest canary shows, but with probability beta / m; None if not even 0 is."""


def bounds(policy: CanaryPolicy, canaries: int, shots: int) -> Bounds:
    """The Clopper-Pearson bounds of one of `canaries` canaries of `shots` shots: P(Bin(N, floor) >= accept_at) <= alpha
    and P(Bin(N, floor) <= reject_at) <= beta / m. Raises PlanRefused."""
    policy.check()
    if not 1 <= canaries <= MOST_CANARIES:
        raise PlanRefused(f"{canaries} canaries; a batch has 1 to {MOST_CANARIES}")
    if not 1 <= shots <= LARGEST_SHOTS:
        raise PlanRefused(f"{shots} shots; a verdict counts 1 to {LARGEST_SHOTS:,}")
    return Bounds(
        least_significant(shots, policy.floor, policy.alpha),
        most_significant(shots, policy.floor, policy.beta / canaries),
    )


def missed(policy: CanaryPolicy, targets: int, canaries: int) -> Fraction:
    """The most often a worker that cheats on the share of `policy` is accepted, E slip^h, exactly."""
    batch = targets + canaries
    cheated = ceil(policy.cheating_share * batch)
    a, b = policy.slip.numerator, policy.slip.denominator
    most = min(canaries, cheated)
    total = sum(
        comb(canaries, h) * comb(targets, cheated - h) * a**h * b ** (most - h)
        for h in range(max(0, cheated - targets), most + 1)
    )
    return Fraction(total, comb(batch, cheated) * b**most)


def canaries_needed(policy: CanaryPolicy, targets: int) -> int | None:
    """The fewest canaries beside `targets` targets with which missed() is at most alpha, and stays so with more;
    None beyond MOST_CANARIES. Raises PlanRefused."""
    policy.check()
    if not 1 <= targets <= MOST_TARGETS:
        raise PlanRefused(f"{targets} targets; a batch has 1 to {MOST_TARGETS}")
    if not _binomial_suffices(policy, MOST_CANARIES):
        return None
    enough = 1
    while not _binomial_suffices(policy, enough):
        enough *= 2
    # The chance rises a little each time ceil(c (t + m)) does not rise with m: all from the last failure on will do.
    low = enough // 2
    while enough - low > 1:
        middle = (low + enough) // 2
        low, enough = (low, middle) if _binomial_suffices(policy, middle) else (middle, enough)
    needed = enough
    while needed > 1 and missed(policy, targets, needed - 1) <= policy.alpha:
        needed -= 1
    return needed


def _binomial_suffices(policy: CanaryPolicy, canaries: int) -> bool:
    kept: Fraction = (1 - policy.cheating_share * (1 - policy.slip)) ** canaries
    return kept <= policy.alpha


@dataclass(frozen=True)
class CanaryPlan:
    """What a batch's canaries buy. Probabilities are whole ten-thousandths, rounded towards pessimism."""

    feasible: bool
    targets: int
    canaries: int
    """As many as are needed, or as were asked for."""
    canaries_needed: int | None
    """None if more than MOST_CANARIES."""
    shots: int
    """Of each circuit."""
    shots_needed: int | None
    """The fewest shots, to within a thousandth, with which an honest worker is accepted often enough."""
    accept_at: int | None
    reject_at: int | None
    p_caught: Fraction
    """At least this often a worker that cheats on the policy's share is not accepted."""
    p_accept_honest: Fraction
    """At least this often a worker is accepted whose every canary survives with `expected_survival`."""
    expected_survival: Fraction
    canary_shots: int
    """Shots that the canaries take, all together."""
    overhead: Fraction
    """The canaries' share of the batch."""
    cost_usd: Fraction | None
    """What the canaries' shots cost; None without a price."""
    reasons: tuple[str, ...]
    """Why not, one sentence each; empty if feasible."""

    def to_json(self) -> dict[str, object]:
        """As JSON: probabilities and money as rationals."""
        return {
            "feasible": self.feasible,
            "targets": self.targets,
            "canaries": self.canaries,
            "canaries_needed": self.canaries_needed,
            "shots": self.shots,
            "shots_needed": self.shots_needed,
            "accept_at": self.accept_at,
            "reject_at": self.reject_at,
            "p_caught": format_rational(self.p_caught),
            "p_accept_honest": format_rational(self.p_accept_honest),
            "expected_survival": format_rational(self.expected_survival),
            "canary_shots": self.canary_shots,
            "overhead": format_rational(self.overhead),
            "cost_usd": None if self.cost_usd is None else format_rational(self.cost_usd),
            "reasons": list(self.reasons),
        }


def plan_canaries(
    policy: CanaryPolicy,
    *,
    targets: int,
    shots: int,
    expected_survival: Fraction,
    canaries: int | None = None,
    price_usd: Fraction | None = None,
) -> CanaryPlan:
    """What `canaries` (None: as many as are needed) buy beside `targets` targets of `shots` shots each.

    `price_usd`: US dollars a shot. Raises PlanRefused for numbers that nothing can be planned for.
    """
    if not 0 <= expected_survival <= 1:
        raise PlanRefused(f"an expected survival of {expected_survival}; write one from 0 to 1")
    needed = canaries_needed(policy, targets)
    count = canaries or needed or MOST_CANARIES
    found = bounds(policy, count, shots)
    caught = _down(1 - missed(policy, targets, count))
    honest = _down(_accepted(policy, count, shots, expected_survival))
    enough = _shots_needed(policy, count, expected_survival)
    reasons = _reasons(policy, count, needed, shots, enough, honest, expected_survival)
    return CanaryPlan(
        feasible=not reasons,
        targets=targets,
        canaries=count,
        canaries_needed=needed,
        shots=shots,
        shots_needed=enough,
        accept_at=found.accept_at,
        reject_at=found.reject_at,
        p_caught=caught,
        p_accept_honest=honest,
        expected_survival=expected_survival,
        canary_shots=count * shots,
        overhead=Fraction(count, targets + count),
        cost_usd=None if price_usd is None else price_usd * count * shots,
        reasons=reasons,
    )


def _reasons(
    policy: CanaryPolicy,
    canaries: int,
    needed: int | None,
    shots: int,
    enough: int | None,
    honest: Fraction,
    survival: Fraction,
) -> tuple[str, ...]:
    reasons = []
    share = format_rational(policy.cheating_share)
    if policy.slip == 1:
        reasons.append("an answer made up is as good as a canary's outcome: canaries of this shape show nothing")
    elif needed is None:
        reasons.append(f"cheating on {share} of a batch takes more than {MOST_CANARIES:,} canaries to show")
    elif canaries < needed:
        reasons.append(f"cheating on {share} of this batch takes {needed:,} canaries to show, not {canaries:,}")
    if honest < LEAST_POWER:
        above = f"survival {format_rational(survival)} above the floor {format_rational(policy.floor)}"
        what = "no number of shots shows" if enough is None else f"{enough:,} shots a canary show, not {shots:,},"
        reasons.append(f"{what} {above} on {canaries:,} canaries 19 times in 20")
    return tuple(reasons)


def _down(probability: Fraction) -> Fraction:
    return Fraction(max(0, floor(probability * _RESOLUTION)), _RESOLUTION)


def _accepted(policy: CanaryPolicy, canaries: int, shots: int, survival: Fraction) -> Fraction:
    """A lower bound of the chance that all of `canaries` survive."""
    accept_at = least_significant(shots, policy.floor, policy.alpha)
    if accept_at is None:
        return Fraction(0)
    # 1 - m (1 - P) by the union bound: the m-th power of P has m times its digits.
    return max(Fraction(0), 1 - canaries * (1 - upper_tail(accept_at, shots, survival).low))


def _shots_needed(policy: CanaryPolicy, canaries: int, survival: Fraction) -> int | None:
    def works(shots: int) -> bool:
        return _down(_accepted(policy, canaries, shots, survival)) >= LEAST_POWER

    if survival <= policy.floor:
        return None
    high = 1
    while not works(high):
        if high == LARGEST_SHOTS:
            return None
        high *= 2
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high

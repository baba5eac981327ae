"""What a number of shots buys, before anyone pays: would an honest worker pass, would a worker at chance fail?

A requester could otherwise choose a test that no honest worker passes. Plans are forecasts: integers and correctly
rounded arithmetic, so that machines agree on them, and rounded towards pessimism.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from oracle.encoding import format_rational
from oracle.spec.methods import TVD, WITNESS
from oracle.spec.policy import ValidationPolicy
from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Certifier, MethodRefused
from oracle.statistics.registry import LARGEST_SHOTS, certifier, check_policy, reject_level

LEAST_POWER = Fraction(19, 20)
"""A plan is feasible if it accepts an honest worker and rejects one at chance at least this often."""
HONEST_FIDELITY = Fraction(9, 10)
"""The worker that is planned for, where none declares another: the baseline mixed with a tenth of uniform."""
WIDEST_DISTANCE = 6
"""Up to this many bits the distance is planned beside a witness, which alone accepts a worker that returns only the
mode; beyond, the witness stands alone, for the distance needs too many shots."""

_RESOLUTION = 10_000
_FEWEST_SHOTS = 16


@dataclass(frozen=True)
class Suggestion:
    """What would work instead."""

    method: str
    """Ids of the certificates, joined by ``+``."""
    shots: int


@dataclass(frozen=True)
class Plan:
    """What the requested shots buy under a policy. Probabilities are whole ten-thousandths."""

    feasible: bool
    method: str
    """Ids of the certificates, joined by ``+``; the guards are in the policy."""
    shots: int
    """As requested."""
    shots_needed: int | None
    """The fewest shots, to three digits, with which this policy works; None if no number up to 2^20 does."""
    p_accept_honest: Fraction
    """At least this often an honest worker of `honest_fidelity` is accepted."""
    p_reject_uniform: Fraction
    """At least this often a worker at chance is rejected."""
    p_inconclusive: Fraction
    """At most this often an honest worker is left without acceptance."""
    honest_fidelity: Fraction
    reasons: tuple[str, ...]
    """Why not, one sentence each; empty if feasible."""
    suggestion: Suggestion | None


@dataclass(frozen=True)
class _Forecast:
    accept: Fraction
    reject: Fraction

    @property
    def works(self) -> bool:
        return self.accept >= LEAST_POWER and self.reject >= LEAST_POWER


def _down(probability: Fraction) -> Fraction:
    return Fraction(max(0, floor(probability * _RESOLUTION)), _RESOLUTION)


def _certifiers(policy: ValidationPolicy, baseline: Baseline, shots: int) -> list[Certifier]:
    return [certifier(method, policy, baseline, shots) for method in policy.certificates]


def _guarded(policy: ValidationPolicy) -> Fraction:
    """The most often that the guards reject an honest worker."""
    return len(policy.guards) * reject_level(policy)


def _forecast(policy: ValidationPolicy, certifiers: list[Certifier], fidelity: Fraction) -> _Forecast:
    # All must accept: their failures add up at worst. One suffices to reject: the best of them is a lower bound.
    missed = sum((1 - each.accepts_honest(fidelity) for each in certifiers), _guarded(policy))
    return _Forecast(_down(1 - missed), _down(max(each.rejects_uniform() for each in certifiers)))


def _three_digits_up(shots: int) -> int:
    step: int = 10 ** max(0, len(str(shots)) - 3)
    return -(-shots // step) * step


def _works(policy: ValidationPolicy, baseline: Baseline, shots: int, fidelity: Fraction) -> bool:
    return _forecast(policy, _certifiers(policy, baseline, shots), fidelity).works


def shots_needed(policy: ValidationPolicy, baseline: Baseline, fidelity: Fraction = HONEST_FIDELITY) -> int | None:
    """The fewest shots, rounded up to three digits, with which `policy` works; None if no number up to 2^20 does.

    Raises MethodRefused if a method cannot judge the baseline at all.
    """
    high = _FEWEST_SHOTS
    while not _works(policy, baseline, high, fidelity):
        if high == LARGEST_SHOTS:
            return None
        high *= 2
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if _works(policy, baseline, middle, fidelity):
            high = middle
        else:
            low = middle
    # Exact tails rise in saw teeth: a few shots more can fall just short again, so the rounded number is checked.
    rounded = _three_digits_up(high)
    while rounded <= LARGEST_SHOTS and not _works(policy, baseline, rounded, fidelity):
        rounded = _three_digits_up(rounded + 1)
    return rounded if rounded <= LARGEST_SHOTS else high


def _alternatives(policy: ValidationPolicy, bits: int) -> list[ValidationPolicy]:
    """The same thresholds with the certificates that this width calls for, if those are others."""
    certificates = (WITNESS,) if bits > WIDEST_DISTANCE else (TVD, WITNESS)
    return [] if certificates == policy.certificates else [replace(policy, certificates=certificates)]


def _fewest(policy: ValidationPolicy, baseline: Baseline, fidelity: Fraction) -> int | None:
    try:
        return shots_needed(policy, baseline, fidelity)
    except MethodRefused:
        return None


def plan_shots(
    policy: ValidationPolicy, baseline: Baseline, shots: int, *, honest_fidelity: Fraction = HONEST_FIDELITY
) -> Plan:
    """What `shots` buy under `policy` against `baseline`, for an honest worker at `honest_fidelity` in [0, 1].

    A plan that is not feasible says why and, if there is one, what would work: the same certificates with more
    shots, or others that need fewer. Raises PolicyRefused for a policy that no verdict can be made from.
    """
    check_policy(policy, shots)
    if not 0 <= honest_fidelity <= 1:
        raise ValueError(f"a fidelity of {honest_fidelity} lies outside [0, 1]")
    method = "+".join(policy.certificates)
    try:
        certifiers = _certifiers(policy, baseline, shots)
    except MethodRefused as refusal:
        forecast, needed, reasons = _Forecast(Fraction(0), Fraction(0)), None, [f"{refusal.method}: {refusal.reason}"]
    else:
        forecast = _forecast(policy, certifiers, honest_fidelity)
        needed = shots_needed(policy, baseline, honest_fidelity)
        reasons = [] if forecast.works else [_shortfall(policy, baseline, shots, needed)]
    suggestion = None
    if not forecast.works:
        suggestion = _suggest(policy, baseline, honest_fidelity, needed)
        if suggestion is not None and suggestion.method != method:
            reasons.append(f"use {suggestion.method}, which needs {suggestion.shots:,} shots")
    return Plan(
        feasible=forecast.works,
        method=method,
        shots=shots,
        shots_needed=needed,
        p_accept_honest=forecast.accept,
        p_reject_uniform=forecast.reject,
        p_inconclusive=1 - forecast.accept,
        honest_fidelity=honest_fidelity,
        reasons=tuple(reasons),
        suggestion=suggestion,
    )


def _shortfall(policy: ValidationPolicy, baseline: Baseline, shots: int, needed: int | None) -> str:
    what = " and ".join(
        f"TVD {format_rational(policy.eps)}" if name == TVD else f"fidelity {format_rational(policy.f_min)}"
        for name in policy.certificates
    )
    if 1 - _guarded(policy) < LEAST_POWER:
        beta = format_rational(policy.beta)
        return f"at beta {beta} the guards alone may reject an honest worker more often than one time in twenty"
    at = f"{what} at {baseline.bits} {'bit' if baseline.bits == 1 else 'bits'}"
    if needed is None:
        return f"{at} cannot be certified with any number of shots up to {LARGEST_SHOTS:,}"
    return f"{at} needs {needed:,} shots, not {shots:,}"


def _suggest(policy: ValidationPolicy, baseline: Baseline, fidelity: Fraction, needed: int | None) -> Suggestion | None:
    """The cheapest of what works; the policy's own certificates win a tie."""
    found = [] if needed is None else [Suggestion("+".join(policy.certificates), needed)]
    for other in _alternatives(policy, baseline.bits):
        fewest = _fewest(other, baseline, fidelity)
        if fewest is not None:
            found.append(Suggestion("+".join(other.certificates), fewest))
    return min(found, key=lambda suggestion: suggestion.shots, default=None)

"""What a number of shots buys, before anyone pays: would an honest worker pass, would a worker at chance fail?

A requester could otherwise choose a test that no honest worker passes. Plans are forecasts: integers and correctly
rounded arithmetic, so that machines agree on them, and rounded towards pessimism.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from oracle.encoding import format_rational
from oracle.spec.policy import ValidationPolicy
from oracle.spec.rounds import Round
from oracle.spec.validation.methods import (
    BEST_VALUE,
    BINOMIAL,
    EXPECTATION,
    HUBER,
    REPRODUCE,
    SCORES,
    TVD,
    WIDEST_HUBER,
    WIDEST_TVD,
    WITNESS,
)
from oracle.spec.validation.observables import Bound
from oracle.statistics.baseline import TOTAL, Baseline, baseline_tvd
from oracle.statistics.certificate import Certifier, MethodRefused
from oracle.statistics.flat import flat_circuit, lower_fidelity
from oracle.statistics.hull import Hull
from oracle.statistics.observables import BestValueCertifier, ExpectationCertifier
from oracle.statistics.registry import LARGEST_SHOTS, certifier, check_policy, committed_hull, reject_level, sampled

LEAST_POWER = Fraction(19, 20)
"""A plan is feasible if it accepts an honest worker and rejects one at chance at least this often."""
HONEST_FIDELITY = Fraction(9, 10)
"""The worker that is planned for, where the policy speaks of noise: the baseline mixed with a tenth of uniform."""
_RESOLUTION = 10_000
_FEWEST_SHOTS = 16


@dataclass(frozen=True)
class Suggestion:
    """What would work instead."""

    method: str
    """Ids of the certificates, joined by ``+``."""
    shots: int


@dataclass(frozen=True)
class Interval:
    """How well the shots will know a mean."""

    method: str
    half_width: Fraction
    """How far it reaches to either side at alpha, in units of the observable, to three digits upward."""


@dataclass(frozen=True)
class Plan:
    """What the requested shots buy under a policy. Probabilities are whole ten-thousandths."""

    feasible: bool
    method: str
    """Ids of the certificates, joined by ``+``; the guards are in the policy."""
    shots: int
    """As requested, of the first round."""
    shots_needed: int | None
    """The fewest shots, to three digits, with which this policy works in the first round alone; None if no number up
    to 2^20 does."""
    p_accept_honest: Fraction
    """At least this often an honest worker of `honest_fidelity`, who tops up when asked, is accepted in some round;
    of a nearly flat circuit also one with readout errors."""
    p_reject_uniform: Fraction
    """At least this often a worker at chance is rejected, in the first round: nobody has to top up."""
    p_inconclusive: Fraction
    """At most this often the last round leaves an honest worker's result undecided."""
    honest_fidelity: Fraction
    reasons: tuple[str, ...]
    """Why not, one sentence each; empty if feasible."""
    suggestion: Suggestion | None
    rounds: int = 1
    """Deliveries in all, top-ups included."""
    p_top_up: Fraction = Fraction(0)
    """At most this often an honest worker is asked for a second round."""
    shots_at_most: int | None = None
    """Shots of all rounds together; None for a plan of one round."""
    intervals: tuple[Interval, ...] = ()
    """Of the certificates on the mean of an observable."""


@dataclass(frozen=True)
class _Forecast:
    accept: Fraction
    reject: Fraction

    @property
    def works(self) -> bool:
        return self.accept >= LEAST_POWER and self.reject >= LEAST_POWER


def _down(probability: Fraction) -> Fraction:
    return Fraction(max(0, floor(probability * _RESOLUTION)), _RESOLUTION)


@dataclass(frozen=True, eq=False)
class _Job:
    """What is planned for, but for the number of shots."""

    policy: ValidationPolicy
    baseline: Baseline
    hull: Hull | None
    fidelity: Fraction

    def certifiers(self, shots: int) -> list[Certifier]:
        """The certificates made ready. Raises MethodRefused if one cannot judge the baseline at all."""
        methods = sampled(self.policy)
        if not methods:
            raise MethodRefused(REPRODUCE, "it looks at the papers alone, and takes noise with papers for a result")
        return [certifier(method, self.policy, self.baseline, shots, self.hull) for method in methods]


def _intervals(certifiers: list[Certifier]) -> tuple[Interval, ...]:
    means = (each for each in certifiers if isinstance(each, ExpectationCertifier | BestValueCertifier))
    return tuple(Interval(each.method, _short(each.half_width)) for each in means)


def _short(width: Fraction) -> Fraction:
    """`width`, above zero, rounded up to three significant digits."""
    scale = Fraction(1)
    while width * scale < 100:
        scale *= 10
    while width * scale >= 1000:
        scale /= 10
    return ceil(width * scale) / scale


def _guarded(policy: ValidationPolicy) -> Fraction:
    """The most often that the guards reject an honest worker."""
    return sum((reject_level(policy, name) for name in policy.guards), Fraction(0))


def _accepts_depolarised(job: _Job, certifiers: Sequence[Certifier]) -> Fraction:
    return 1 - sum((1 - each.accepts_honest(job.fidelity) for each in certifiers), Fraction(0))


def _forecast(job: _Job, certifiers: list[Certifier]) -> _Forecast:
    # All must accept: their failures add up at worst. One suffices to reject: the best of them is a lower bound.
    accepted, flat = _accepts_depolarised(job, certifiers), flat_circuit(job.baseline, certifiers)
    if flat is not None:
        accepted = min(accepted, flat.accepted_by(certifiers, job.fidelity))
    rejected = max(each.rejects_uniform() for each in certifiers)
    return _Forecast(_down(accepted - _guarded(job.policy)), _down(rejected))


def _three_digits_up(shots: int) -> int:
    step: int = 10 ** max(0, len(str(shots)) - 3)
    return -(-shots // step) * step


def _works(job: _Job, shots: int) -> bool:
    return _forecast(job, job.certifiers(shots)).works


def planned_fidelity(policy: ValidationPolicy) -> Fraction:
    """The fidelity of the honest worker that `policy` is planned for where nobody names another.

    HONEST_FIDELITY where it asks for a fidelity or declares noises; one, the ideal law itself, where it asks for
    nothing but a distance from that law, which has no place for noise.
    """
    speaks_of_noise = policy.hull is not None or set(sampled(policy)) != {TVD}
    return HONEST_FIDELITY if speaks_of_noise else Fraction(1)


def shots_needed(
    policy: ValidationPolicy,
    baseline: Baseline,
    fidelity: Fraction = HONEST_FIDELITY,
    *,
    vertices: Sequence[Baseline] = (),
) -> int | None:
    """The fewest shots, rounded up to three digits, with which `policy` works; None if no number up to 2^20 does.

    Raises MethodRefused if a method cannot judge the baseline at all, and PolicyRefused as committed_hull does.
    """
    return _fewest(_Job(policy, baseline, committed_hull(policy, baseline, vertices), fidelity))


def _fewest(job: _Job) -> int | None:
    high = _FEWEST_SHOTS
    while not _works(job, high):
        if high == LARGEST_SHOTS:
            return None
        high *= 2
    low = high // 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        if _works(job, middle):
            high = middle
        else:
            low = middle
    # Exact tails rise in saw teeth: a few shots more can fall just short again, so the rounded number is checked.
    rounded = _three_digits_up(high)
    while rounded <= LARGEST_SHOTS and not _works(job, rounded):
        rounded = _three_digits_up(rounded + 1)
    return rounded if rounded <= LARGEST_SHOTS else high


def _alternatives(policy: ValidationPolicy, bits: int) -> Iterator[ValidationPolicy]:
    """The same thresholds with the certificates that suit this width, if those are others.

    What judges anything but the distribution of the shots stays.
    """
    kept = {BEST_VALUE, EXPECTATION, REPRODUCE}.intersection(policy.certificates)
    suited: list[tuple[str, ...]] = [(TVD, WITNESS)] if bits <= WIDEST_TVD else [(WITNESS,)]
    if WIDEST_TVD < bits <= WIDEST_HUBER:
        suited.insert(0, (HUBER, WITNESS))
    for by_width in suited:
        certificates = tuple(sorted({*by_width, *kept}))
        if certificates == policy.certificates:
            continue
        # A witness without the distance has the scores' guard beside it, wherever there are guards.
        added = {SCORES} if policy.guards and TVD not in certificates else set()
        yield replace(policy, certificates=certificates, guards=tuple(sorted({*policy.guards, *added})))


def plan_shots(
    policy: ValidationPolicy,
    baseline: Baseline,
    shots: int,
    *,
    honest_fidelity: Fraction | None = None,
    vertices: Sequence[Baseline] = (),
) -> Plan:
    """What `shots` buy under `policy` against `baseline`, for an honest worker at `honest_fidelity` in [0, 1], or at
    the planned_fidelity.

    A plan that is not feasible says why and, if there is one, what would work: the same certificates with more
    shots, or others that need fewer. `vertices`: the laws that the policy's hull is committed to. Raises PolicyRefused
    for a policy that no verdict can be made from.
    """
    check_policy(policy, shots)
    fidelity = planned_fidelity(policy) if honest_fidelity is None else honest_fidelity
    if not 0 <= fidelity <= 1:
        raise ValueError(f"a fidelity of {fidelity} lies outside [0, 1]")
    job = _Job(policy, baseline, committed_hull(policy, baseline, vertices), fidelity)
    method = "+".join(policy.certificates)
    intervals: tuple[Interval, ...] = ()
    try:
        certifiers = job.certifiers(shots)
    except MethodRefused as refusal:
        forecast, needed, reasons = _Forecast(Fraction(0), Fraction(0)), None, [f"{refusal.method}: {refusal.reason}"]
    else:
        intervals = _intervals(certifiers)
        forecast, needed = _forecast(job, certifiers), _fewest(job)
        reasons = [] if forecast.works else [*_shortfall(job, shots, needed)]
    suggestion = None
    if not forecast.works:
        suggestion = _suggest(job, needed, honest_fidelity)
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
        honest_fidelity=fidelity,
        reasons=tuple(reasons),
        suggestion=suggestion,
        intervals=intervals,
    )


def plan_rounds(
    rounds: Sequence[Round],
    baseline: Baseline,
    *,
    honest_fidelity: Fraction | None = None,
    vertices: Sequence[Baseline] = (),
) -> Plan:
    """What `rounds` (as rounds_of gives them) buy together; of one round, as plan_shots, whose errors it raises.

    With a_r at most the chance that round r accepts an honest worker, and beta_r at least the chance that it rejects
    one, the chance from round r on is at least V_r = a_r + max(0, 1 - a_r - beta_r) V_(r+1), V = 0 after the last.
    """
    first, *later = rounds
    plan = plan_shots(first.policy, baseline, first.shots, honest_fidelity=honest_fidelity, vertices=vertices)
    if not later:
        return plan
    for each in later:
        check_policy(each.policy, each.shots)
    hull = committed_hull(first.policy, baseline, vertices)
    jobs = [_Job(each.policy, baseline, hull, plan.honest_fidelity) for each in rounds]
    try:
        forecasts = [_forecast(job, job.certifiers(each.shots)) for job, each in zip(jobs, rounds, strict=True)]
    except MethodRefused:
        # A baseline that a method cannot judge is no better judged with other shots; the plan says so.
        forecasts = [_Forecast(Fraction(0), Fraction(0))] * len(rounds)
    accepted, undecided = Fraction(0), Fraction(1)
    for job, each, forecast in zip(reversed(jobs), reversed(rounds), reversed(forecasts), strict=True):
        # beta holds for who is honest in the policy's sense; anybody else may be rejected whenever not accepted.
        lost = job.policy.beta if _is_honest(job, each.shots) else Fraction(1)
        accepted = forecast.accept + max(Fraction(0), 1 - forecast.accept - lost) * accepted
        undecided *= 1 - forecast.accept
    overall = _Forecast(_down(accepted), plan.p_reject_uniform)
    return replace(
        plan,
        feasible=overall.works,
        p_accept_honest=overall.accept,
        p_inconclusive=1 - _down(1 - undecided),
        reasons=() if overall.works else plan.reasons,
        suggestion=None if overall.works else plan.suggestion,
        rounds=len(rounds),
        p_top_up=1 - forecasts[0].accept,
        shots_at_most=sum(each.shots for each in rounds),
    )


def _is_honest(job: _Job, shots: int) -> bool:
    """Whether the worker that is planned for lies in the policy's honest set."""
    policy, f = job.policy, job.fidelity
    try:
        if flat_circuit(job.baseline, job.certifiers(shots)) is not None:
            return False  # one that misreads bits is planned for, too
    except MethodRefused:
        return False
    if EXPECTATION in policy.certificates or BEST_VALUE in policy.certificates:
        return False  # their honest sets are about means, which are not looked at here
    if f < policy.honest_f or (policy.f_max is not None and f > policy.f_max):
        return False
    if job.hull is None:
        return (1 - f) * baseline_tvd(job.baseline, Baseline.uniform(job.baseline.bits)) <= policy.honest_eps
    law = float(f) * job.baseline.weights / TOTAL + (1 - float(f)) / job.baseline.outcomes
    return job.hull.distance(Baseline.from_probabilities(law)) <= policy.honest_eps


def _shortfall(job: _Job, shots: int, needed: int | None) -> Iterator[str]:
    """Why the shots do not do, one sentence each."""
    policy, bits = job.policy, job.baseline.bits
    eps, f_min = format_rational(policy.eps), format_rational(policy.f_min)
    said: dict[str, str] = {
        TVD: f"TVD {eps}",
        HUBER: f"a missing part of {eps}",
        WITNESS: f"fidelity {f_min}",
        BINOMIAL: f"share {f_min}",
        BEST_VALUE: f"a mean value of fidelity {f_min}",
    }
    if policy.observable is not None:
        said[EXPECTATION] = f"a mean within {format_rational(policy.observable.delta)} of the baseline's"
    what = " and ".join(said.get(name, name) for name in sampled(policy))
    if 1 - _guarded(policy) < LEAST_POWER:
        beta = format_rational(policy.beta)
        yield f"at beta {beta} the guards alone may reject an honest worker more often than one time in twenty"
        return
    at = f"{what} at {bits} {'bit' if bits == 1 else 'bits'}"
    if needed is not None:
        yield f"{at} needs {needed:,} shots, not {shots:,}"
    else:
        yield f"{at} cannot be certified with any number of shots up to {LARGEST_SHOTS:,}"
        if _forecast(job, job.certifiers(LARGEST_SHOTS)).accept >= LEAST_POWER:
            yield "an honest worker would pass, but one that delivers noise would not be found out"
    yield from _flatness(job, shots)
    yield from _other_bound(job, needed)


def _flatness(job: _Job, shots: int) -> Iterator[str]:
    """Where it is readout errors on a nearly flat circuit that do not pass: that, and what would."""
    certifiers = job.certifiers(shots)
    flat = flat_circuit(job.baseline, certifiers)
    if flat is None or flat.accepted_by(certifiers, job.fidelity) >= _accepts_depolarised(job, certifiers):
        return

    def does(least: Fraction) -> bool:
        return _works(replace(job, policy=replace(job.policy, f_min=least, honest_f=least)), shots)

    yield flat.sentence()
    yield lower_fidelity(job.policy.f_min, shots, does)


def _other_bound(job: _Job, needed: int | None) -> Iterator[str]:
    """Whether the observable's other bound would need fewer shots; it is the spec that names one, not the result."""
    rule = job.policy.observable
    if rule is None:
        return
    other: Bound = "mixed" if rule.bound == "parities" else "parities"
    fewest = _fewest(replace(job, policy=replace(job.policy, observable=replace(rule, bound=other))))
    if fewest is not None and (needed is None or fewest < needed):
        yield f"with observable.bound: {other} it needs {fewest:,} shots"


def _suggest(job: _Job, needed: int | None, fidelity: Fraction | None) -> Suggestion | None:
    """The cheapest of what works; the policy's own certificates win a tie. Others are planned for `fidelity`, or for
    the worker that they are planned for themselves."""
    found = [] if needed is None else [Suggestion("+".join(job.policy.certificates), needed)]
    for other in _alternatives(job.policy, job.baseline.bits):
        try:
            fewest = _fewest(replace(job, policy=other, fidelity=fidelity or planned_fidelity(other)))
        except MethodRefused:
            continue
        if fewest is not None:
            found.append(Suggestion("+".join(other.certificates), fewest))
    return min(found, key=lambda suggestion: suggestion.shots, default=None)

"""What a number of shots buys, before anyone pays: would an honest worker pass, would a worker at chance fail?

A requester could otherwise choose a test that no honest worker passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from oracle.statistics.baseline import TOTAL, Baseline, baseline_tvd
from oracle.statistics.certificate import Certifier, MethodRefused
from oracle.statistics.method import Judges
from oracle.statistics.observables.best_value import BestValueCertifier
from oracle.statistics.observables.expectation import ExpectationCertifier
from oracle.statistics.planning.advice import Suggestion, shortfall, suggested
from oracle.statistics.planning.flat import flat_circuit
from oracle.statistics.planning.forecast import (
    HONEST_FIDELITY,
    Forecast,
    Planned,
    down,
    fewest_shots,
    forecast_of,
    planned_fidelity,
)
from oracle.statistics.policy import Round, ValidationPolicy
from oracle.statistics.registry import METHOD_OF, check_policy, committed_hull


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
    return fewest_shots(Planned(policy, baseline, committed_hull(policy, baseline, vertices), fidelity))


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
    job = Planned(policy, baseline, committed_hull(policy, baseline, vertices), fidelity)
    method = "+".join(policy.certificates)
    intervals: tuple[Interval, ...] = ()
    try:
        certifiers = job.certifiers(shots)
    except MethodRefused as refusal:
        forecast, needed, reasons = Forecast(Fraction(0), Fraction(0)), None, [f"{refusal.method}: {refusal.reason}"]
    else:
        intervals = _intervals(certifiers)
        forecast, needed = forecast_of(job, certifiers), fewest_shots(job)
        reasons = [] if forecast.works else [*shortfall(job, shots, needed)]
    suggestion = None
    if not forecast.works:
        suggestion = suggested(job, needed, honest_fidelity)
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
    jobs = [Planned(each.policy, baseline, hull, plan.honest_fidelity) for each in rounds]
    try:
        forecasts = [forecast_of(job, job.certifiers(each.shots)) for job, each in zip(jobs, rounds, strict=True)]
    except MethodRefused:
        # A baseline that a method cannot judge is no better judged with other shots; the plan says so.
        forecasts = [Forecast(Fraction(0), Fraction(0))] * len(rounds)
    accepted, undecided = Fraction(0), Fraction(1)
    for job, each, forecast in zip(reversed(jobs), reversed(rounds), reversed(forecasts), strict=True):
        # beta holds for who is honest in the policy's sense; anybody else may be rejected whenever not accepted.
        lost = job.policy.beta if _is_honest(job, each.shots) else Fraction(1)
        accepted = forecast.accept + max(Fraction(0), 1 - forecast.accept - lost) * accepted
        undecided *= 1 - forecast.accept
    overall = Forecast(down(accepted), plan.p_reject_uniform)
    return replace(
        plan,
        feasible=overall.works,
        p_accept_honest=overall.accept,
        p_inconclusive=1 - down(1 - undecided),
        reasons=() if overall.works else plan.reasons,
        suggestion=None if overall.works else plan.suggestion,
        rounds=len(rounds),
        p_top_up=1 - forecasts[0].accept,
        shots_at_most=sum(each.shots for each in rounds),
    )


def _is_honest(job: Planned, shots: int) -> bool:
    """Whether the worker that is planned for lies in the policy's honest set."""
    policy, f = job.policy, job.fidelity
    try:
        if flat_circuit(job.baseline, job.certifiers(shots)) is not None:
            return False  # one that misreads bits is planned for, too
    except MethodRefused:
        return False
    if any(METHOD_OF[name].judges is Judges.VALUES for name in policy.certificates):
        return False  # their honest sets are about means, which are not looked at here
    if f < policy.honest_f or (policy.f_max is not None and f > policy.f_max):
        return False
    if job.hull is None:
        return (1 - f) * baseline_tvd(job.baseline, Baseline.uniform(job.baseline.bits)) <= policy.honest_eps
    law = float(f) * job.baseline.weights / TOTAL + (1 - float(f)) / job.baseline.outcomes
    return job.hull.distance(Baseline.from_probabilities(law)) <= policy.honest_eps

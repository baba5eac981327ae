"""Why shots do not do, and what would instead, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from oracle.encoding import format_rational
from oracle.statistics.certificate import MethodRefused
from oracle.statistics.guards.scores import SCORES
from oracle.statistics.method import Judges
from oracle.statistics.methods.tvd import TVD
from oracle.statistics.planning.flat import flat_circuit, lower_fidelity
from oracle.statistics.planning.forecast import (
    LEAST_POWER,
    Planned,
    accepts_depolarised,
    fewest_shots,
    forecast_of,
    guarded,
    planned_fidelity,
    works,
)
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.registry import LARGEST_SHOTS, METHOD_OF, sampled
from oracle.statistics.rules import Bound


@dataclass(frozen=True)
class Suggestion:
    """What would work instead."""

    method: str
    """Ids of the certificates, joined by ``+``."""
    shots: int


def _alternatives(policy: ValidationPolicy, bits: int) -> Iterator[ValidationPolicy]:
    """The same thresholds with the certificates that suit this width, if those are others.

    What judges anything but the distribution of the shots stays.
    """
    kept = {name for name in policy.certificates if METHOD_OF[name].judges is not Judges.DISTRIBUTION}
    suited = [name for name, method in METHOD_OF.items() if bits in method.suits]
    alone = [name for name in suited if not METHOD_OF[name].beside_witness]
    for by_width in [suited] if alone == suited else [suited, alone]:
        certificates = tuple(sorted({*by_width, *kept}))
        if certificates == policy.certificates:
            continue
        # A witness without the distance has the scores' guard beside it, wherever there are guards.
        added = {SCORES} if policy.guards and TVD not in certificates else set()
        yield replace(policy, certificates=certificates, guards=tuple(sorted({*policy.guards, *added})))


def shortfall(job: Planned, shots: int, needed: int | None) -> Iterator[str]:
    """Why the shots do not do, one sentence each."""
    policy, bits = job.policy, job.baseline.bits
    what = " and ".join(METHOD_OF[name].asks(policy) for name in sampled(policy))
    if 1 - guarded(policy) < LEAST_POWER:
        beta = format_rational(policy.beta)
        yield f"at beta {beta} the guards alone may reject an honest worker more often than one time in twenty"
        return
    at = f"{what} at {bits} {'bit' if bits == 1 else 'bits'}"
    if needed is not None:
        yield f"{at} needs {needed:,} shots, not {shots:,}"
    else:
        yield f"{at} cannot be certified with any number of shots up to {LARGEST_SHOTS:,}"
        if forecast_of(job, job.certifiers(LARGEST_SHOTS)).accept >= LEAST_POWER:
            yield "an honest worker would pass, but one that delivers noise would not be found out"
    yield from _flatness(job, shots)
    yield from _other_bound(job, needed)


def _flatness(job: Planned, shots: int) -> Iterator[str]:
    """Where it is readout errors on a nearly flat circuit that do not pass: that, and what would."""
    certifiers = job.certifiers(shots)
    flat = flat_circuit(job.baseline, certifiers)
    if flat is None or flat.accepted_by(certifiers, job.fidelity) >= accepts_depolarised(job, certifiers):
        return

    def does(least: Fraction) -> bool:
        return works(replace(job, policy=replace(job.policy, f_min=least, honest_f=least)), shots)

    yield flat.sentence()
    yield lower_fidelity(job.policy.f_min, shots, does)


def _other_bound(job: Planned, needed: int | None) -> Iterator[str]:
    """Whether the observable's other bound would need fewer shots; it is the spec that names one, not the result."""
    rule = job.policy.observable
    if rule is None:
        return
    other: Bound = "mixed" if rule.bound == "parities" else "parities"
    fewest = fewest_shots(replace(job, policy=replace(job.policy, observable=replace(rule, bound=other))))
    if fewest is not None and (needed is None or fewest < needed):
        yield f"with observable.bound: {other} it needs {fewest:,} shots"


def suggested(job: Planned, needed: int | None, fidelity: Fraction | None) -> Suggestion | None:
    """The cheapest of what works; the policy's own certificates win a tie. Others are planned for `fidelity`, or for
    the worker that they are planned for themselves."""
    found = [] if needed is None else [Suggestion("+".join(job.policy.certificates), needed)]
    for other in _alternatives(job.policy, job.baseline.bits):
        try:
            fewest = fewest_shots(replace(job, policy=other, fidelity=fidelity or planned_fidelity(other)))
        except MethodRefused:
            continue
        if fewest is not None:
            found.append(Suggestion("+".join(other.certificates), fewest))
    return min(found, key=lambda suggestion: suggestion.shots, default=None)

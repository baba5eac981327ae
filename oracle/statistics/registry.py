"""The methods and guards by their ids, and how a policy's error rates are shared among them.

A new one is a module with its object (`oracle.statistics.method`), and a line in one of the two lists.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from oracle.encoding import format_rational
from oracle.encoding.errors import OracleError
from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Certifier, Setting
from oracle.statistics.guards import collisions, counts, order, scores
from oracle.statistics.laws.hull import HullRejected, NoiseHull
from oracle.statistics.method import CertificateMethod, GuardMethod, Judges
from oracle.statistics.methods import huber, reproduce, share, tvd
from oracle.statistics.observables import best_value, expectation
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.record import Guard

_CERTIFICATES: tuple[CertificateMethod, ...] = (
    best_value.METHOD,
    expectation.METHOD,
    huber.METHOD,
    reproduce.METHOD,
    *share.METHODS,
    tvd.METHOD,
)
_GUARDS: tuple[GuardMethod, ...] = (
    collisions.GUARD,
    *counts.GUARDS,
    *order.GUARDS,
    *scores.GUARDS,
)

METHOD_OF: Mapping[str, CertificateMethod] = {each.name: each for each in sorted(_CERTIFICATES, key=lambda m: m.name)}
"""The certificates there are, by id, ascending."""
GUARD_OF: Mapping[str, GuardMethod] = {each.name: each for each in sorted(_GUARDS, key=lambda g: g.name)}
"""The guards there are, by id, ascending."""
METHODS = tuple(METHOD_OF)
"""Ids of the methods there are."""
GUARDS = tuple(GUARD_OF)
"""Ids of the guards there are."""
GUARDS_PART = Fraction(1, 5)
"""Of beta, for all guards together."""
LARGEST_SHOTS = 1 << 20
"""The most shots that one verdict counts; the integers of a statistic are proved to fit up to here."""


class PolicyRefused(OracleError, ValueError):
    """A policy that no verdict can be made from; the message says what is wrong with it."""


def check_policy(policy: ValidationPolicy, shots: int) -> None:
    """Raises PolicyRefused unless rates, thresholds, method ids and the number of shots are in their ranges, and
    every reject bound lies on the honest side of its accept bound."""
    if not policy.certificates:
        raise PolicyRefused("a policy names at least one certificate")
    for method in policy.certificates:
        if method not in METHODS:
            raise PolicyRefused(f"{method} is not a method; there are {', '.join(METHODS)}")
    for method in without_witness(policy.certificates):
        raise PolicyRefused(f"{method} goes with a witness")
    for method in policy.certificates:
        field = METHOD_OF[method].field
        if field is not None and getattr(policy, field) is None:
            raise PolicyRefused(f"{method} judges an {field}, and the policy has none")
    if policy.observable is not None and not 0 < policy.observable.delta <= policy.observable.honest_delta:
        raise PolicyRefused("an observable's delta and honest_delta must be 0 < delta <= honest_delta")
    if len(set(policy.certificates)) != len(policy.certificates):
        raise PolicyRefused("a certificate is named twice")
    for name in policy.guards:
        if name not in GUARD_OF:
            raise PolicyRefused(f"{name} is not a guard; there are {', '.join(GUARDS)}")
    if len(set(policy.guards)) != len(policy.guards):
        raise PolicyRefused("a guard is named twice")
    for name, rate in (("alpha", policy.alpha), ("beta", policy.beta)):
        if not 0 < rate <= Fraction(1, 2):
            raise PolicyRefused(f"{name} is {rate}; an error rate lies above 0 and up to 1/2")
    if not 0 < policy.eps <= policy.honest_eps <= 1:
        raise PolicyRefused(f"eps {policy.eps} and honest_eps {policy.honest_eps} must be 0 < eps <= honest_eps <= 1")
    if not 0 < policy.honest_f <= policy.f_min < 1:
        raise PolicyRefused(f"honest_f {policy.honest_f} and f_min {policy.f_min} must be 0 < honest_f <= f_min < 1")
    for each in GUARD_OF.values():
        if each.field is not None and (each.name in policy.guards) != (getattr(policy, each.field) is not None):
            raise PolicyRefused(f"{each.name} and {each.field} go together")
    if policy.f_max is not None and not policy.f_min < policy.f_max < 1:
        raise PolicyRefused(f"f_max {policy.f_max} must be f_min < f_max < 1")
    if policy.hull is not None and not (0 < policy.hull.reach < 1 and policy.hull.vertices):
        raise PolicyRefused(f"a hull has vertices, and a reach above 0 and below 1, not {policy.hull.reach}")
    if not 1 <= shots <= LARGEST_SHOTS:
        raise PolicyRefused(f"{shots} shots; a verdict counts 1 to {LARGEST_SHOTS:,}")


def committed_hull(policy: ValidationPolicy, baseline: Baseline, vertices: Sequence[Baseline]) -> NoiseHull | None:
    """The hull that `policy` commits to, made of `vertices` in its order; None if it has none.

    Raises PolicyRefused if the vertices are others than the policy's, or if a mixture of them could lie further from
    the baseline than the policy's reach.
    """
    bounds = policy.hull
    roots = [] if bounds is None else [root for root, _ in bounds.vertices]
    if [vertex.root for vertex in vertices] != roots:
        raise PolicyRefused(f"{len(vertices)} vertices, which are not the hull that the policy commits to")
    if bounds is None:
        return None
    try:
        hull = NoiseHull(baseline, tuple(vertices), tuple(most for _, most in bounds.vertices))
    except HullRejected as error:
        raise PolicyRefused(str(error)) from error
    if hull.reach > bounds.reach:
        raise PolicyRefused(
            f"the hull's mixtures may lie up to {float(hull.reach):.3f} from the ideal law, and its reach is "
            f"{format_rational(bounds.reach)}: lower the most that its vertices may weigh"
        )
    return hull


def reject_level(policy: ValidationPolicy, name: str) -> Fraction:
    """The part of beta that the certificate or guard `name` of `policy` may spend; the parts sum to at most beta.

    Any of them may reject, so that they share the rate. Guards together have a fifth, in equal parts, for what they
    look for is seldom near their bounds; the certificates have the rest, in which one that counts shots weighs eight
    times one that bounds a distance or a mean: a smaller part costs the first power, the second a logarithm's root.
    What judges papers states facts, never in error, and takes none.
    """
    guarded = GUARDS_PART if policy.guards else Fraction(0)
    if name in policy.guards:
        return policy.beta * guarded / len(policy.guards)
    weights = {method: METHOD_OF[method].weight for method in sampled(policy)}
    return policy.beta * (1 - guarded) * weights[name] / sum(weights.values())


def sampled(policy: ValidationPolicy) -> tuple[str, ...]:
    """The policy's certificates on the shots: all but those that look at the papers that come with them."""
    return tuple(name for name in policy.certificates if METHOD_OF[name].judges is not Judges.PAPERS)


def without_witness(certificates: Collection[str]) -> tuple[str, ...]:
    """Those of `certificates` that take uniform noise for a device's, where no witness stands beside them."""
    if any(METHOD_OF[name].witness for name in certificates):
        return ()
    return tuple(name for name in certificates if METHOD_OF[name].beside_witness)


def certifier(
    method: str, policy: ValidationPolicy, baseline: Baseline, shots: int, hull: NoiseHull | None = None
) -> Certifier:
    """`method` made ready: accepts at alpha (acceptance needs every method, so none shares), rejects at its part of
    beta.

    Raises MethodRefused if it cannot judge this baseline, and ValueError if it judges papers. The policy is one that
    check_policy passed.
    """
    make = METHOD_OF[method].make
    if make is None:
        raise ValueError(f"{method} judges no shots")
    return make(Setting(policy, baseline, shots, reject_level(policy, method), hull))


def guard(name: str, policy: ValidationPolicy, baseline: Baseline, shots: int, hull: NoiseHull | None = None) -> Guard:
    """The guard `name` made ready: rejects at beta / M. Raises MethodRefused if it has nothing to say of this baseline.

    The policy is one that check_policy passed.
    """
    return GUARD_OF[name].make(Setting(policy, baseline, shots, reject_level(policy, name), hull))

"""The methods and guards by their ids, and how a policy's error rates are shared among them.

A new one is a maker, from `Setting` to what judges, and a line in one of the two tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from oracle.encoding import format_rational
from oracle.encoding.errors import OracleError
from oracle.spec.policy import ValidationPolicy
from oracle.spec.validation.methods import (
    BEST_VALUE,
    BINOMIAL,
    CEILING,
    EXPECTATION,
    HUBER,
    REPRODUCE,
    SCORES,
    TVD,
    WITNESS,
    WITNESSES,
)
from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Certifier, Setting
from oracle.statistics.guards.collisions import COLLISIONS, collision_guard
from oracle.statistics.guards.counts import DISPERSION, DUPLICATES, divisor_guard, window_guard
from oracle.statistics.guards.guard import Guard
from oracle.statistics.guards.order import BLOCKS, REPEATS, block_guard, repeat_guard
from oracle.statistics.guards.scores import ceiling_guard, score_guard
from oracle.statistics.hull import Hull, HullRejected
from oracle.statistics.methods.huber import huber_certifier
from oracle.statistics.methods.share import binomial_certifier, witness_certifier
from oracle.statistics.methods.tvd import distance_certifier
from oracle.statistics.observables.best_value import best_value_certifier
from oracle.statistics.observables.expectation import expectation_certifier

LARGEST_SHOTS = 1 << 20
"""The most shots that one verdict counts; the integers of a statistic are proved to fit up to here."""

_MAKERS: Mapping[str, Callable[[Setting], Certifier]] = {
    BEST_VALUE: best_value_certifier,
    BINOMIAL: binomial_certifier,
    EXPECTATION: expectation_certifier,
    HUBER: huber_certifier,
    TVD: distance_certifier,
    WITNESS: witness_certifier,
}
METHODS = tuple(sorted({*_MAKERS, REPRODUCE}))
"""Ids of the methods there are."""
_GUARD_MAKERS: Mapping[str, Callable[[Setting], Guard]] = {
    BLOCKS: block_guard,
    CEILING: ceiling_guard,
    COLLISIONS: collision_guard,
    DISPERSION: window_guard,
    DUPLICATES: divisor_guard,
    REPEATS: repeat_guard,
    SCORES: score_guard,
}
GUARDS = tuple(sorted(_GUARD_MAKERS))
"""Ids of the guards there are."""
GUARDS_PART = Fraction(1, 5)
"""Of beta, for all guards together."""
COUNTING_WEIGHT = 8
_COUNTING = (BINOMIAL, WITNESS)


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
    if HUBER in policy.certificates and not WITNESSES.intersection(policy.certificates):
        raise PolicyRefused(f"{HUBER} goes with a witness")
    if EXPECTATION in policy.certificates and policy.observable is None:
        raise PolicyRefused(f"{EXPECTATION} judges an observable, and the policy has none")
    if policy.observable is not None and not 0 < policy.observable.delta <= policy.observable.honest_delta:
        raise PolicyRefused("an observable's delta and honest_delta must be 0 < delta <= honest_delta")
    if BEST_VALUE in policy.certificates and policy.objective is None:
        raise PolicyRefused(f"{BEST_VALUE} judges an objective, and the policy has none")
    if len(set(policy.certificates)) != len(policy.certificates):
        raise PolicyRefused("a certificate is named twice")
    for name in policy.guards:
        if name not in _GUARD_MAKERS:
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
    if (CEILING in policy.guards) != (policy.f_max is not None):
        raise PolicyRefused(f"{CEILING} and f_max go together")
    if policy.f_max is not None and not policy.f_min < policy.f_max < 1:
        raise PolicyRefused(f"f_max {policy.f_max} must be f_min < f_max < 1")
    if policy.hull is not None and not (0 < policy.hull.reach < 1 and policy.hull.vertices):
        raise PolicyRefused(f"a hull has vertices, and a reach above 0 and below 1, not {policy.hull.reach}")
    if not 1 <= shots <= LARGEST_SHOTS:
        raise PolicyRefused(f"{shots} shots; a verdict counts 1 to {LARGEST_SHOTS:,}")


def committed_hull(policy: ValidationPolicy, baseline: Baseline, vertices: Sequence[Baseline]) -> Hull | None:
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
        hull = Hull(baseline, tuple(vertices), tuple(most for _, most in bounds.vertices))
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
    `reproduce/1` states facts, never in error, and takes none.
    """
    guarded = GUARDS_PART if policy.guards else Fraction(0)
    if name in policy.guards:
        return policy.beta * guarded / len(policy.guards)
    weights = {method: COUNTING_WEIGHT if method in _COUNTING else 1 for method in sampled(policy)}
    return policy.beta * (1 - guarded) * weights[name] / sum(weights.values())


def sampled(policy: ValidationPolicy) -> tuple[str, ...]:
    """The policy's certificates on the shots: all but `reproduce/1`, which looks at the papers that come with them."""
    return tuple(method for method in policy.certificates if method != REPRODUCE)


def certifier(
    method: str, policy: ValidationPolicy, baseline: Baseline, shots: int, hull: Hull | None = None
) -> Certifier:
    """`method` made ready: accepts at alpha (acceptance needs every method, so none shares), rejects at its part of
    beta.

    Raises MethodRefused if it cannot judge this baseline. The policy is one that check_policy passed.
    """
    return _MAKERS[method](Setting(policy, baseline, shots, reject_level(policy, method), hull))


def guard(name: str, policy: ValidationPolicy, baseline: Baseline, shots: int, hull: Hull | None = None) -> Guard:
    """The guard `name` made ready: rejects at beta / M. Raises MethodRefused if it has nothing to say of this baseline.

    The policy is one that check_policy passed.
    """
    return _GUARD_MAKERS[name](Setting(policy, baseline, shots, reject_level(policy, name), hull))

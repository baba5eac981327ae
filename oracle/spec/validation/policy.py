"""How the result of a spec is judged: its stated error rates and thresholds, as exact numbers."""

from __future__ import annotations

from oracle.encoding import parse_rational
from oracle.spec.sections.body import SpecBody
from oracle.spec.sections.hull import hull_bounds
from oracle.spec.sections.methods import resolve_certificates, resolve_guards
from oracle.spec.sections.observables import check_widths, expectation_rule, objective_rule
from oracle.statistics.policy import ValidationPolicy


def policy_of(spec: SpecBody, bits: int) -> ValidationPolicy:
    """The policy of `spec` for a circuit that measures `bits` bits.

    Raises InputRejected if the spec's certificates (see resolve_certificates) or observables do not fit the width, or
    if a vertex of its hull is not committed yet.
    """
    validation = spec.validation
    check_widths(validation.observable, validation.objective, bits)
    certificates = resolve_certificates(validation.certificates, bits, validation.job_class)
    return ValidationPolicy(
        alpha=parse_rational(validation.alpha),
        beta=parse_rational(validation.beta),
        eps=parse_rational(validation.eps),
        honest_eps=parse_rational(validation.honest_eps),
        f_min=parse_rational(validation.f_min),
        honest_f=parse_rational(validation.honest_f),
        certificates=certificates,
        guards=resolve_guards(validation.guards, certificates, fields=validation.set_fields),
        f_max=None if validation.f_max is None else parse_rational(validation.f_max),
        hull=None if validation.hull is None else hull_bounds(validation.hull),
        observable=None if validation.observable is None else expectation_rule(validation.observable),
        objective=None if validation.objective is None else objective_rule(validation.objective),
    )

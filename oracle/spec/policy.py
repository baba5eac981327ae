"""How the result of a spec is judged: its stated error rates and thresholds, as exact numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oracle.encoding import parse_rational
from oracle.spec.sections import SpecBody
from oracle.spec.validation.hull import HullBounds
from oracle.spec.validation.methods import resolve_certificates
from oracle.spec.validation.observables import ExpectationRule, ObjectiveRule, check_widths


@dataclass(frozen=True)
class ValidationPolicy:
    """The stated error rates and thresholds of one verdict; every number is exact."""

    alpha: Fraction
    """The most often a result at the accept bound may be accepted."""
    beta: Fraction
    """The most often a result at the honest bound may be rejected."""
    eps: Fraction
    """Accepted results lie certifiably nearer to the baseline than this, in total variation."""
    honest_eps: Fraction
    """An honest worker stays within this distance; never below `eps`."""
    f_min: Fraction
    """Accepted results have a certified fidelity above this."""
    honest_f: Fraction
    """An honest worker reaches this fidelity; never above `f_min`."""
    certificates: tuple[str, ...]
    """Ids of the certificates, ascending; acceptance needs all of them, rejection one."""
    guards: tuple[str, ...] = ()
    """Ids of the guards, ascending; each may reject, none accepts."""
    f_max: Fraction | None = None
    """No device reaches a fidelity above this; None: no upper bound. Above `f_min`."""
    hull: HullBounds | None = None
    """The noises that are honest; None: the ideal law alone is what distances are from."""
    observable: ExpectationRule | None = None
    """What `expectation.ci/1` judges."""
    objective: ObjectiveRule | None = None
    """What `best_value.exact/1` judges."""

    @classmethod
    def of(cls, spec: SpecBody, bits: int) -> ValidationPolicy:
        """The policy of `spec` for a circuit that measures `bits` bits.

        Raises InputRejected if the spec's certificates (see resolve_certificates) or observables do not fit the
        width, or if a vertex of its hull is not committed yet.
        """
        validation = spec.validation
        check_widths(validation.observable, validation.objective, bits)
        return cls(
            alpha=parse_rational(validation.alpha),
            beta=parse_rational(validation.beta),
            eps=parse_rational(validation.eps),
            honest_eps=parse_rational(validation.honest_eps),
            f_min=parse_rational(validation.f_min),
            honest_f=parse_rational(validation.honest_f),
            certificates=resolve_certificates(validation.certificates, bits, validation.job_class),
            # A spec that was normalised before there were guards has none, and its verdicts stay what they were.
            guards=validation.guards or (),
            f_max=None if validation.f_max is None else parse_rational(validation.f_max),
            hull=None if validation.hull is None else HullBounds.of(validation.hull),
            observable=None if validation.observable is None else ExpectationRule.of(validation.observable),
            objective=None if validation.objective is None else ObjectiveRule.of(validation.objective),
        )

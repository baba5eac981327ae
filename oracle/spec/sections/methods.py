"""The certificates, guards and job classes that a spec may name, and which of them it gets that names none.

What there is to know of one method or guard stands in its object (`oracle.statistics.method`); nothing here names one,
but for the job classes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from oracle.encoding import Finding, InputRejected
from oracle.spec.fields import OneOf
from oracle.statistics.method import Judges
from oracle.statistics.methods.reproduce import REPRODUCE
from oracle.statistics.methods.share import BINOMIAL, WITNESS
from oracle.statistics.methods.tvd import TVD
from oracle.statistics.observables.best_value import BEST_VALUE
from oracle.statistics.registry import GUARD_OF, GUARDS, METHOD_OF, METHODS, without_witness

Certificate = Annotated[str, OneOf(METHODS)]
Guard = Annotated[str, OneOf(GUARDS)]
JobClass = Literal["smoke_test", "optimisation", "research_benchmark", "marketplace_job"]

WIDEST_DISTANCE = METHOD_OF[TVD].suits[-1]
"""Up to this many measured bits a distance in variation is certified with a few thousand shots, and a spec that says
nothing is judged by one."""
WIDEST_BASELINE = 24
"""Wider circuits have no full table to be judged against."""


@dataclass(frozen=True)
class ClassDefaults:
    """What a job class stands for, and what it asks for beyond what its width does."""

    purpose: str
    certificates: tuple[str, ...] = ()


JOB_CLASSES: Mapping[JobClass, ClassDefaults] = {
    "smoke_test": ClassDefaults("does the circuit do what its simulation says?"),
    "optimisation": ClassDefaults(
        "is the best value that the run found the best value that is claimed?", (BEST_VALUE,)
    ),
    "research_benchmark": ClassDefaults("can somebody else judge the raw results again?", (REPRODUCE,)),
    "marketplace_job": ClassDefaults("may a stranger be paid for it?"),
}


def suited_to(bits: int) -> tuple[str, ...]:
    """The certificates that reach `bits` measured bits with a few thousand shots, ascending."""
    return tuple(name for name, method in METHOD_OF.items() if bits in method.suits)


DEFAULT_CERTIFICATES: tuple[str, ...] = suited_to(WIDEST_DISTANCE)
DEFAULT_GUARDS: tuple[str, ...] = tuple(name for name, guard in GUARD_OF.items() if guard.by_default((), False))
"""What normalisation writes into a spec that names no guards: those that say nothing of how far a device may drift."""


def asked(named: tuple[str, ...] | None, job_class: JobClass | None) -> frozenset[str]:
    """The certificates that a spec names, or that its job class adds."""
    if named is not None:
        return frozenset(named)
    return frozenset() if job_class is None else frozenset(JOB_CLASSES[job_class].certificates)


def papers_among(certificates: Collection[str]) -> tuple[str, ...]:
    """Those of `certificates` that look at the papers of the run."""
    return tuple(name for name in sorted(certificates) if METHOD_OF[name].judges is Judges.PAPERS)


def resolve_certificates(
    named: tuple[str, ...] | None, bits: int, job_class: JobClass | None = None
) -> tuple[str, ...]:
    """The certificates for `bits` measured bits: those named, else the job class's, else both up to WIDEST_DISTANCE.

    Raises InputRejected, with every finding, if none are named for a wider circuit of no class, if the circuit is
    beyond every baseline, or if those named do not go together at this width.
    """
    if named is None:
        findings = list(_undeclared(bits, job_class))
        chosen = DEFAULT_CERTIFICATES if job_class is None else class_certificates(job_class, bits)
    else:
        findings, chosen = list(_mismatched(named, bits)), named
    if findings:
        raise InputRejected("job spec", findings)
    return chosen


def class_certificates(job_class: JobClass, bits: int) -> tuple[str, ...]:
    """What a job class asks for at `bits` measured bits, ascending."""
    return tuple(sorted({*suited_to(bits), *JOB_CLASSES[job_class].certificates}))


def resolve_guards(
    named: tuple[str, ...] | None, certificates: tuple[str, ...], *, fields: Collection[str]
) -> tuple[str, ...]:
    """The guards beside `certificates`: those named, or the default.

    `fields`: the fields of the validation section that are set; a spec that sets a guard's own has that guard.
    """
    if named is not None:
        return named
    return tuple(name for name, guard in GUARD_OF.items() if guard.by_default(certificates, guard.field in fields))


def _undeclared(bits: int, job_class: JobClass | None) -> Iterator[Finding]:
    if bits > WIDEST_BASELINE:
        yield _too_wide(bits)
    elif job_class is None and bits > WIDEST_DISTANCE:
        yield Finding(
            "validation.certificates",
            None,
            f"the circuit measures {bits} bits; the default certificates reach {WIDEST_DISTANCE}",
            f"write certificates: [{WITNESS}], or job_class: {' or '.join(get_args(JobClass))}",
        )


def _mismatched(named: tuple[str, ...], bits: int) -> Iterator[Finding]:
    if bits > WIDEST_BASELINE:
        yield _too_wide(bits)
    for reason, remedy, by_width in alone(named, bits):
        yield Finding("validation.certificates", None, f"{bits} bits: {reason}" if by_width else reason, remedy)


def alone(named: tuple[str, ...], most_bits: int | None) -> Iterator[tuple[str, str, bool]]:
    """(reason, remedy, whether the width is why) of each certificate that decides nothing without another beside it.

    `most_bits`: how many bits the circuit measures at most; None if nobody knows.
    """
    for name in without_witness(named):
        reason = f"{name} alone takes uniform noise for a device's: it goes with a witness"
        yield reason, f"write certificates: [{', '.join(sorted({name, WITNESS}))}]", False
    narrow = most_bits is not None and most_bits <= WIDEST_DISTANCE
    if narrow and named and all(METHOD_OF[name].witness for name in named):
        first = named[0]
        reason = f"{first} alone decides nothing here: it accepts a worker that returns only the mode"
        yield reason, f"write certificates: [{', '.join(sorted({first, TVD}))}]", True


def _too_wide(bits: int) -> Finding:
    return Finding(
        "validation.certificates",
        None,
        f"the circuit measures {bits} bits, and a full baseline reaches {WIDEST_BASELINE}: nothing here can judge it",
        f"write it for at most {WIDEST_BASELINE} qubits, if it is a mirror or stabilizer circuit with certificates: "
        f"[{BINOMIAL}]; a wider device is tried with canaries of known outcome",
    )

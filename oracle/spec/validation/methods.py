"""The names of certificates, guards and job classes, and which of them a spec gets that names none.

A new method is added in four places: its id in `Certificate` or `Guard` here; its place in the sets below; for a job
class, in `JOB_CLASSES`; its maker in `oracle.statistics.registry`. What it needs of a spec beyond the thresholds is a
field of `Validation` that is left out of a spec's bytes while it is not set (`model.ADDED_LATER`), and a field of
`ValidationPolicy` that is left out of a document's bytes likewise (`oracle.verdict.document`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from oracle.encoding import Finding, InputRejected

Certificate = Literal[
    "best_value.exact/1",
    "binomial.exact/1",
    "expectation.ci/1",
    "huber.certified/1",
    "reproduce/1",
    "tvd.certified/1",
    "witness.levelset/1",
]
Guard = Literal[
    "ceiling.levelset/1",
    "collisions.distinct/1",
    "dispersion.window/1",
    "duplicates.divisor/1",
    "homogeneity.blocks/1",
    "repeats.lag1/1",
    "score_cdf/1",
]
JobClass = Literal["smoke_test", "optimisation", "research_benchmark", "marketplace_job"]

BEST_VALUE: Certificate = "best_value.exact/1"
BINOMIAL: Certificate = "binomial.exact/1"
EXPECTATION: Certificate = "expectation.ci/1"
HUBER: Certificate = "huber.certified/1"
REPRODUCE: Certificate = "reproduce/1"
TVD: Certificate = "tvd.certified/1"
WITNESS: Certificate = "witness.levelset/1"
CEILING: Guard = "ceiling.levelset/1"
SCORES: Guard = "score_cdf/1"

DISTANCES: frozenset[Certificate] = frozenset({HUBER, TVD})
"""Certificates that look at every outcome."""
WITNESSES: frozenset[Certificate] = frozenset({BINOMIAL, WITNESS})
"""Certificates that count the shots in one set of outcomes: one outcome of it, again and again, passes them."""

WIDEST_TVD = 6
"""Up to this many measured bits a distance in variation is certified with a few thousand shots."""
WIDEST_HUBER = 9
"""Up to this many the part of the baseline that is missing is."""
WIDEST_BASELINE = 24
"""Wider circuits have no full table to be judged against."""

DEFAULT_CERTIFICATES: tuple[Certificate, ...] = (TVD, WITNESS)
DEFAULT_GUARDS: tuple[Guard, ...] = (
    "collisions.distinct/1",
    "dispersion.window/1",
    "duplicates.divisor/1",
    "repeats.lag1/1",
)
"""What normalisation writes into a spec that names no guards: those that say nothing of how far a device may drift."""


@dataclass(frozen=True)
class ClassDefaults:
    """What a job class stands for, and what it asks for beyond what its width does."""

    purpose: str
    certificates: tuple[Certificate, ...] = ()


JOB_CLASSES: Mapping[JobClass, ClassDefaults] = {
    "smoke_test": ClassDefaults("does the circuit do what its simulation says?"),
    "optimisation": ClassDefaults(
        "is the best value that the run found the best value that is claimed?", (BEST_VALUE,)
    ),
    "research_benchmark": ClassDefaults("can somebody else judge the raw results again?", (REPRODUCE,)),
    "marketplace_job": ClassDefaults("may a stranger be paid for it?"),
}


def resolve_certificates(
    named: tuple[Certificate, ...] | None, bits: int, job_class: JobClass | None = None
) -> tuple[Certificate, ...]:
    """The certificates for `bits` measured bits: those named, else the job class's, else both up to WIDEST_TVD.

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


def class_certificates(job_class: JobClass, bits: int) -> tuple[Certificate, ...]:
    """What a job class asks for at `bits` measured bits, ascending."""
    if bits <= WIDEST_TVD:
        by_width = {TVD, WITNESS}
    elif bits <= WIDEST_HUBER:
        by_width = {HUBER, WITNESS}
    else:
        by_width = {WITNESS}
    return tuple(sorted(by_width | set(JOB_CLASSES[job_class].certificates)))


def resolve_guards(
    named: tuple[Guard, ...] | None, certificates: tuple[Certificate, ...], *, f_max: bool
) -> tuple[Guard, ...]:
    """The guards beside `certificates`: those named, or the default.

    By default a witness has `score_cdf/1` beside it, also where a distance goes with it: heavy outcomes alone can lie
    within the default distance. A spec with an upper bound on the fidelity has the guard that looks at it.
    """
    if named is not None:
        return named
    added: set[Guard] = {CEILING} if f_max else set()
    if WITNESS in certificates:
        added.add(SCORES)
    return tuple(sorted({*DEFAULT_GUARDS, *added}))


def _undeclared(bits: int, job_class: JobClass | None) -> Iterator[Finding]:
    if bits > WIDEST_BASELINE:
        yield _too_wide(bits)
    elif job_class is None and bits > WIDEST_TVD:
        yield Finding(
            "validation.certificates",
            None,
            f"the circuit measures {bits} bits; the default certificates reach {WIDEST_TVD}",
            f"write certificates: [{WITNESS}], or job_class: {' or '.join(get_args(JobClass))}",
        )


def _mismatched(named: tuple[Certificate, ...], bits: int) -> Iterator[Finding]:
    path = "validation.certificates"
    if bits > WIDEST_BASELINE:
        yield _too_wide(bits)
    if HUBER in named and not WITNESSES.intersection(named):
        yield Finding(path, None, *alone(HUBER))
    if bits <= WIDEST_TVD and WITNESSES.issuperset(named):
        yield Finding(path, None, f"{bits} bits: {alone(named[0])[0]}", alone(named[0])[1])


def alone(certificate: Certificate) -> tuple[str, str]:
    """Why `certificate` decides nothing by itself where another is to be had, and what to write."""
    pair = ", ".join(sorted({certificate, WITNESS if certificate == HUBER else TVD}))
    if certificate == HUBER:
        reason = f"{HUBER} alone takes uniform noise for a device's: it goes with a witness"
    else:
        reason = f"{certificate} alone decides nothing here: it accepts a worker that returns only the mode"
    return reason, f"write certificates: [{pair}]"


def _too_wide(bits: int) -> Finding:
    return Finding(
        "validation.certificates",
        None,
        f"the circuit measures {bits} bits, and a full baseline reaches {WIDEST_BASELINE}: nothing here can judge it",
        f"write it for at most {WIDEST_BASELINE} qubits, if it is a mirror or stabilizer circuit with certificates: "
        f"[{BINOMIAL}]; a wider device is tried with canaries of known outcome",
    )

"""A spec names certificates, guards and thresholds that go together, and what they look at."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from oracle.encoding import format_rational, parse_rational
from oracle.spec.faults import Fault
from oracle.spec.sections.course import ResultSchema
from oracle.spec.sections.hull import hull_faults
from oracle.spec.sections.job_types.quantum import Quantum
from oracle.spec.sections.methods import alone, asked, papers_among
from oracle.spec.sections.validation import Validation
from oracle.statistics.methods.reproduce import REPRODUCE
from oracle.statistics.registry import GUARD_OF, METHOD_OF


def judgement_faults(validation: Validation, result: ResultSchema, quantum: Quantum | None) -> Iterator[Fault]:
    """What is wrong with `validation`, of a job that delivers `result`."""
    eps, f_min = parse_rational(validation.eps), parse_rational(validation.f_min)
    if not _at_least(validation.honest_eps, eps):
        yield Fault(
            "validation.honest_eps",
            ("validation.eps",),
            f"the reject bound {validation.honest_eps} lies below the accept bound {validation.eps}: "
            "one result could be both",
            f"write honest_eps: {format_rational(eps)} or more",
        )
    if parse_rational(validation.honest_f) > f_min:
        yield Fault(
            "validation.honest_f",
            ("validation.f_min",),
            f"the reject bound {validation.honest_f} lies above the accept bound {validation.f_min}: "
            "one result could be both",
            f"write honest_f: {format_rational(f_min)} or less",
        )
    if validation.f_max is not None and parse_rational(validation.f_max) <= f_min:
        yield Fault(
            "validation.f_max",
            ("validation.f_min",),
            f"the upper bound {validation.f_max} does not lie above the accept bound {validation.f_min}: "
            "one result could be both",
            f"write f_max: {format_rational((1 + f_min) / 2)}, or leave it out",
        )
    if validation.hull is not None:
        for below, reason, remedy in hull_faults(validation.hull, validation.certificates, validation.guards):
            path = f"validation.hull.{below}" if below else "validation.hull"
            yield Fault(path, ("validation.certificates", "validation.guards"), reason, remedy)
    yield from _guards(validation)
    yield from _companions(validation, quantum)
    yield from _declared(validation)
    yield from _papers(validation, result, quantum)


def _at_least(text: str, bound: Fraction) -> bool:
    return parse_rational(text) >= bound


def _declared(validation: Validation) -> Iterator[Fault]:
    """A certificate has what it judges, and what is declared is judged."""
    names = asked(validation.certificates, validation.job_class)
    where = ("validation.certificates", "validation.job_class")
    for method in METHOD_OF.values():
        field = method.field
        if field is None:
            continue
        section = getattr(validation, field)
        if method.name in names and section is None:
            reason = f"{method.name} judges an {field}, and the spec has none"
            remedy = f"write {field}: {method.field_example}, with one letter for each measured bit"
            yield Fault(f"validation.{field}", where, reason, remedy)
        if method.name not in names and section is not None:
            named = ", ".join(sorted({*names, method.name}))
            reason = f"no certificate of the spec judges the {field}"
            yield Fault("validation.certificates", (f"validation.{field}",), reason, f"write certificates: [{named}]")
    observable = validation.observable
    honest = None if observable is None else observable.honest_delta
    if observable is not None and honest is not None and not _at_least(honest, parse_rational(observable.delta)):
        yield Fault(
            "validation.observable.honest_delta",
            ("validation.observable.delta",),
            f"the reject bound {honest} lies below the accept bound {observable.delta}: one result could be both",
            f"write honest_delta: {observable.delta} or more, or leave it out",
        )


def _papers(validation: Validation, result: ResultSchema, quantum: Quantum | None) -> Iterator[Fault]:
    """Who looks at the run's papers orders them, and who orders them looks at them."""
    objective, ordered = validation.objective, result.schema_id == "run-manifest/1"
    looking = papers_among(asked(validation.certificates, validation.job_class))
    convergence = objective is not None and objective.convergence
    if (looking or convergence) and not ordered:
        what = looking[0] if looking else "objective.convergence"
        yield Fault(
            "result.schema_id",
            ("validation.certificates", "validation.job_class", "validation.objective"),
            f"{what} looks at the papers of the run, which {result.schema_id} does not deliver",
            "write result: {schema_id: run-manifest/1}",
        )
    if ordered and quantum is not None and not looking and not convergence:
        yield Fault(
            "result.schema_id",
            ("validation.certificates", "validation.job_class", "validation.objective"),
            "nothing in the spec looks at the papers of the run",
            f"write schema_id: packed-shots/1, or add {REPRODUCE} to the certificates",
        )


def _guards(validation: Validation) -> Iterator[Fault]:
    """A guard that looks at a field of its own goes with it."""
    named = validation.guards
    for guard in GUARD_OF.values():
        if named is None or guard.field is None:
            continue
        there = getattr(validation, guard.field) is not None
        if (guard.name in named) != there:
            yield Fault(
                "validation.guards",
                (f"validation.{guard.field}",),
                f"{guard.name} and {guard.field} go together: the guard looks at that bound",
                f"write guards: [{', '.join(sorted({*named} ^ {guard.name}))}]"
                + ("" if there else f", or write {guard.field}: {guard.field_example}"),
            )


def _companions(validation: Validation, quantum: Quantum | None) -> Iterator[Fault]:
    """A certificate that decides nothing alone has another beside it."""
    most_bits = None if quantum is None else quantum.max_qubits
    for reason, remedy, by_width in alone(validation.certificates or (), most_bits):
        others = ("quantum.max_qubits",) if by_width else ()
        yield Fault("validation.certificates", others, reason, remedy)

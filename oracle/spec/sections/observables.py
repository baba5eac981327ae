"""Diagonal observables: what a spec may ask the mean, or the best value, of; see `oracle.statistics.rules`."""

from __future__ import annotations

from math import lcm
from typing import Annotated

from pydantic import field_validator

from oracle.encoding import Finding, InputRejected, format_rational, parse_rational
from oracle.spec.fields import Flag, PositiveRational, Reading, Section, documented, fault, shown
from oracle.statistics.rules import Bound, Direction, ExpectationRule, ObjectiveRule, Terms, parities

WIDEST_BITS = 24
MOST_TERMS = 512
MOST_PROJECTORS = 4
"""A term with p projectors is 2^p parities."""
LARGEST_SUM = 1 << 40
"""The sum of the absolute coefficients over their common denominator: 2^20 shots of it fit 64 bits."""


def _letters(value: object) -> str:
    remedy = 'write one letter I, Z, 0 or 1 per measured bit, in quotes, the last for bit 0, such as "ZZI"'
    if not isinstance(value, str) or not value:
        raise fault("letters", f"{shown(value)} is no string of letters", remedy)
    if set(value) & set("XYxy"):
        raise fault(
            "letters",
            f"{shown(value)} is not diagonal: X and Y are not in the measured bits",
            "end the circuit in the basis change (h for X; sdg, then h for Y), measure, and write Z in their places",
        )
    if set(value) - set("IZ01"):
        raise fault("letters", f"{shown(value)} has other letters than I, Z, 0 and 1", remedy)
    if len(value) > WIDEST_BITS:
        raise fault("letters", f"{len(value)} letters; baselines have up to {WIDEST_BITS} bits", remedy)
    if value.count("0") + value.count("1") > MOST_PROJECTORS:
        raise fault(
            "letters",
            f"{shown(value)} has more than {MOST_PROJECTORS} projectors",
            f"write it as a sum of terms with at most {MOST_PROJECTORS} letters 0 and 1",
        )
    return value


def _rational(value: object) -> str:
    try:
        return format_rational(parse_rational(value))  # type: ignore[arg-type]  # it refuses every other type itself
    except ValueError:
        raise fault("rational", f"{shown(value)} is not an exact number", "write -0.5, 3 or 1/3") from None


_NUMBER = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?[0-9]{1,30}(\.[0-9]{1,30}|/[0-9]{1,30})?$"}]
}
Letters = Annotated[str, Reading(_letters, {"type": "string", "pattern": f"^[IZ01]{{1,{WIDEST_BITS}}}$"})]
Rational = Annotated[str, Reading(_rational, _NUMBER)]
"""Any rational, in lowest terms."""


class Term(Section):
    """One product of letters with its coefficient."""

    letters: Letters = documented(
        "I, Z, 0 or 1 for each measured bit, the last letter for bit 0; 1 is the bit itself, Z its spin.",
        example="IIIZZ",
    )
    coefficient: Rational = documented("What it is multiplied with, exact.", example=1)


def _checked(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """`terms` in their one order. Raises a fault that names what keeps them from being one observable."""
    example = "write terms: [{letters: IIIZZ, coefficient: 0.5}, {letters: IIZZI, coefficient: 0.5}]"
    names = [term.letters for term in terms]
    if not terms or len(terms) > MOST_TERMS:
        raise fault("terms", f"{len(terms)} terms; there are 1 to {MOST_TERMS}", example)
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise fault("terms", f"{double} stands there twice", "add the two coefficients")
    if len({len(name) for name in names}) > 1:
        raise fault("terms", "terms are of different lengths", "write a letter for every measured bit, I where unused")
    found = parities((term.letters, parse_rational(term.coefficient)) for term in terms)
    if not any(found):
        raise fault("terms", "no bit has any effect on it", example)
    denominator = lcm(*(value.denominator for value in found.values()))
    if sum(abs(value) for value in found.values()) * denominator > LARGEST_SUM:
        raise fault(
            "terms",
            "the coefficients over their common denominator sum to more than 2^40",
            "round them to fewer digits, such as 0.5125",
        )
    return tuple(sorted(terms, key=lambda term: term.letters))


class Observable(Section):
    """The observable whose mean expectation.ci/1 certifies."""

    terms: tuple[Term, ...] = documented(
        "The sum that is meant; a circuit that measures X or Y ends in the basis change.",
        example=[{"letters": "IIIZZ", "coefficient": 1}],
    )
    delta: PositiveRational = documented(
        "Accepted results have their mean certifiably nearer to the baseline's than this.", example=1
    )
    honest_delta: PositiveRational | None = documented(
        "An honest worker's mean stays within this of the baseline's; not below delta, and delta if left out.",
        default=None,
        example=1,
    )
    bound: Bound = documented(
        "parities: Clopper-Pearson for each parity; mixed: Hoeffding for the sum. Chosen here, never after the result.",
        default="parities",
        example="mixed",
    )

    _one_order = field_validator("terms")(_checked)


class Objective(Section):
    """What an optimisation seeks, judged by best_value.exact/1."""

    direction: Direction = documented("minimise or maximise.", example="minimise")
    terms: tuple[Term, ...] = documented(
        "The objective; a QUBO's x_i x_j is a term with letters 1 at both bits.",
        example=[{"letters": "IIIZZ", "coefficient": 1}],
    )
    target: Rational = documented("The best delivered bitstring is at least this good.", example=-3)
    convergence: Flag = documented(
        "Whether the delivery shows how best and mean value came about over the run; needs run-manifest/1.",
        default=False,
        example=True,
    )

    _one_order = field_validator("terms")(_checked)


def check_widths(observable: Observable | None, objective: Objective | None, bits: int) -> None:
    """Raises InputRejected, with every finding, unless terms have a letter for each of the `bits` measured bits."""
    findings = []
    for name, section in (("observable", observable), ("objective", objective)):
        if section is not None and len(section.terms[0].letters) != bits:
            reason = f"the terms have {len(section.terms[0].letters)} letters, the circuit measures {bits} bits"
            remedy = f"write {bits} letters each, I for a bit without effect, such as {('I' * bits + 'ZZ')[-bits:]}"
            findings.append(Finding(f"validation.{name}.terms", None, reason, remedy))
    if findings:
        raise InputRejected("job spec", findings)


def _terms(terms: tuple[Term, ...]) -> Terms:
    return tuple((term.letters, parse_rational(term.coefficient)) for term in terms)


def expectation_rule(section: Observable) -> ExpectationRule:
    """The rule that `section` states."""
    honest = section.honest_delta or section.delta
    return ExpectationRule(_terms(section.terms), parse_rational(section.delta), parse_rational(honest), section.bound)


def objective_rule(section: Objective) -> ObjectiveRule:
    """The rule that `section` states."""
    target = parse_rational(section.target)
    return ObjectiveRule(_terms(section.terms), section.direction, target, section.convergence)

"""Diagonal observables as exact numbers, and the two rules that judge by one.

A term is a string over I, Z, 0 and 1 with a rational coefficient, one letter per measured bit and the last letter for
classical bit 0, as Qiskit writes its labels. Z is the spin of a bit (+1 for 0, -1 for 1); 0 and 1 are the projectors
(one if the bit is that, else zero), so that a QUBO's x_i x_j is a term with two letters 1 and an Ising coupling one
with two letters Z. Every such polynomial is a sum of parities, and that sum, over one denominator, is what is computed
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from oracle.encoding import format_rational, parse_rational

Bound = Literal["parities", "mixed"]
Direction = Literal["minimise", "maximise"]
Terms = tuple[tuple[str, Fraction], ...]
"""(letters, coefficient), ascending by letters."""


def parities(terms: Iterable[tuple[str, Fraction]]) -> dict[int, Fraction]:
    """The sum of `terms` as coefficients of parities (-1)^popcount(outcome & mask), by mask; mask 0 is the constant.

    A projector is (1 + Z) / 2 for 0 and (1 - Z) / 2 for 1.
    """
    found: dict[int, Fraction] = {0: Fraction(0)}
    for letters, coefficient in terms:
        parts = {0: coefficient}
        for bit, letter in enumerate(reversed(letters)):
            if letter == "Z":
                parts = {mask | 1 << bit: value for mask, value in parts.items()}
            elif letter in "01":
                sign = 1 if letter == "0" else -1
                halves = {mask: value / 2 for mask, value in parts.items()}
                parts = halves | {mask | 1 << bit: sign * value for mask, value in halves.items()}
        for mask, value in parts.items():
            found[mask] = found.get(mask, Fraction(0)) + value
    return {mask: value for mask, value in sorted(found.items()) if value or mask == 0}


def _terms_json(terms: Terms) -> dict[str, str]:
    return {letters: format_rational(coefficient) for letters, coefficient in terms}


def _read_terms(value: Mapping[str, str]) -> Terms:
    return tuple((letters, parse_rational(text)) for letters, text in value.items())


@dataclass(frozen=True)
class ExpectationRule:
    """An observable, how near its mean must come to the baseline's, and by which bound; every number exact."""

    terms: Terms
    delta: Fraction
    honest_delta: Fraction
    bound: Bound

    def to_json(self) -> dict[str, object]:
        """The rule as it is digested."""
        return {
            "bound": self.bound,
            "delta": format_rational(self.delta),
            "honest_delta": format_rational(self.honest_delta),
            "terms": _terms_json(self.terms),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ExpectationRule:
        """The rule that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        delta, honest = parse_rational(value["delta"]), parse_rational(value["honest_delta"])
        return cls(_read_terms(value["terms"]), delta, honest, value["bound"])


@dataclass(frozen=True)
class ObjectiveRule:
    """An objective, its direction and its target; every number exact."""

    terms: Terms
    direction: Direction
    target: Fraction
    convergence: bool

    def to_json(self) -> dict[str, object]:
        """The rule as it is digested."""
        return {
            "convergence": self.convergence,
            "direction": self.direction,
            "target": format_rational(self.target),
            "terms": _terms_json(self.terms),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ObjectiveRule:
        """The rule that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        target = parse_rational(value["target"])
        return cls(_read_terms(value["terms"]), value["direction"], target, value["convergence"])

"""The least sum of absolute residuals over a box of weights, exactly: how far is a result from a set of mixtures?

    minimise over 0 <= w_i <= most_i:    f(w) = sum_x |a_x - sum_i w_i d_ix|

with integers a and d. Its dual is to maximise over |h_x| <= 1

    g(h) = sum_x h_x a_x - sum_i most_i max(0, sum_x h_x d_ix),

and g(h) <= f(w) for any two of them: w proves that the least is at most f(w), and h that it is at least g(h). The
simplex method below only proposes a pair; what is returned has f(w) = g(h), checked in fractions, so that it is the
least. That number is the same whatever method finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm


@dataclass(frozen=True)
class Fit:
    """The least, with its two proofs."""

    least: Fraction
    weights: tuple[Fraction, ...]
    """w: f(w) is `least`. Where several are as good, which one depends on the method; the least does not."""
    signs: tuple[Fraction, ...]
    """h: g(h) is `least`."""


def upper_bound(a: Sequence[int], d: Sequence[Sequence[int]], weights: Sequence[Fraction]) -> Fraction:
    """f(weights): the least is at most this, if the weights lie in the box."""
    common = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * common) for weight in weights]
    total = sum(
        abs(each * common - sum(w * row[x] for w, row in zip(whole, d, strict=True))) for x, each in enumerate(a)
    )
    return Fraction(total, common)


def lower_bound(
    a: Sequence[int], d: Sequence[Sequence[int]], most: Sequence[Fraction], signs: Sequence[Fraction]
) -> Fraction:
    """g(signs): the least is at least this, if no sign exceeds one in size."""
    pulls = [sum((sign * each for sign, each in zip(signs, row, strict=True)), Fraction(0)) for row in d]
    along = sum((sign * each for sign, each in zip(signs, a, strict=True)), Fraction(0))
    return along - sum(bound * max(Fraction(0), pull) for bound, pull in zip(most, pulls, strict=True))


def least_residuals(a: Sequence[int], d: Sequence[Sequence[int]], most: Sequence[Fraction]) -> Fit:
    """The least of f over the box 0 <= w_i <= most[i]; `d[i][x]` is d_ix.

    Raises ArithmeticError if the pair that was found proves nothing, which would be a fault of this module.
    """
    weights, signs = _Simplex(a, d, most).solve()
    if any(not 0 <= weight <= bound for weight, bound in zip(weights, most, strict=True)):
        raise ArithmeticError(f"weights {weights} leave their box")
    if any(abs(sign) > 1 for sign in signs):
        raise ArithmeticError("a sign exceeds one")
    least = upper_bound(a, d, weights)
    if lower_bound(a, d, most, signs) != least:
        raise ArithmeticError("the weights and the signs do not prove the same least")
    return Fit(least, tuple(weights), tuple(signs))


class _Simplex:
    """The dual by the simplex method for bounded variables (Dantzig 1955), in fractions.

    Variables: h_x in -1..1 for each residual, then s_i >= 0 and t_i >= 0 for each weight, under
    sum_x h_x d_ix - s_i + t_i = 0. The multipliers of these rows are the weights, and the reduced costs of h the
    residuals. The variable that improves fastest enters; after a step of length zero the first that improves does
    (Bland 1977), until a step has a length again, so that it ends.
    """

    def __init__(self, a: Sequence[int], d: Sequence[Sequence[int]], most: Sequence[Fraction]) -> None:
        self.a, self.d, self.most = a, d, most
        self.residuals, self.rows = len(a), len(d)
        self.h = [1 if each >= 0 else -1 for each in a]
        """Of the variables outside the basis; what the others have is in `values`."""
        self.basis: list[int] = []
        self.values: list[Fraction] = []
        self.inverse: list[list[Fraction]] = []
        for i, row in enumerate(d):
            pull = sum(each if sign > 0 else -each for sign, each in zip(self.h, row, strict=True))
            # t_i - s_i = -pull: whichever of them is positive starts in the basis.
            self.basis.append(self.residuals + i + (self.rows if pull <= 0 else 0))
            self.values.append(Fraction(abs(pull)))
            unit = Fraction(1 if pull <= 0 else -1)
            self.inverse.append([unit if j == i else Fraction(0) for j in range(self.rows)])

    def solve(self) -> tuple[list[Fraction], list[Fraction]]:
        stalled = False
        while True:
            weights, residuals, scale = self._prices()
            improving = self._improving(weights, residuals, scale, in_order=stalled)
            # Moves to the other bound leave the prices as they are, so that the list holds until one pivots.
            for variable, up in improving:
                length, pivoted = self._step(variable, up=up)
                stalled = length == 0
                if pivoted:
                    break
            else:
                break
        signs = [Fraction(sign) for sign in self.h]
        for variable, value in zip(self.basis, self.values, strict=True):
            if variable < self.residuals:
                signs[variable] = value
        return weights, signs

    def _prices(self) -> tuple[list[Fraction], list[int], int]:
        """The weights, and the residuals times a common denominator, which is the third."""
        costs = [self._cost(variable) for variable in self.basis]
        weights = [
            sum((cost * row[i] for cost, row in zip(costs, self.inverse, strict=True)), Fraction(0))
            for i in range(self.rows)
        ]
        scale = lcm(*(weight.denominator for weight in weights))
        whole = [int(weight * scale) for weight in weights]
        residuals = [each * scale for each in self.a]
        for weight, row in zip(whole, self.d, strict=True):
            if weight:
                residuals = [residual - weight * each for residual, each in zip(residuals, row, strict=True)]
        return weights, residuals, scale

    def _cost(self, variable: int) -> Fraction:
        if variable < self.residuals:
            return Fraction(self.a[variable])
        i = variable - self.residuals
        return -self.most[i] if i < self.rows else Fraction(0)

    def _improving(
        self, weights: list[Fraction], residuals: list[int], scale: int, *, in_order: bool
    ) -> list[tuple[int, bool]]:
        """The variables outside the basis whose move improves, and whether they move up: fastest first, or in order."""
        gains: list[int | Fraction]
        gains = [residual if sign < 0 else -residual for residual, sign in zip(residuals, self.h, strict=True)]
        gains += [(weight - bound) * scale for weight, bound in zip(weights, self.most, strict=True)]
        gains += [-weight * scale for weight in weights]
        basic = set(self.basis)
        found = [variable for variable, gain in enumerate(gains) if gain > 0 and variable not in basic]
        if not in_order:
            found.sort(key=lambda variable: -gains[variable])
        return [(variable, variable >= self.residuals or self.h[variable] < 0) for variable in found]

    def _column(self, variable: int) -> list[Fraction]:
        """The basis' inverse times the variable's column."""
        if variable < self.residuals:
            column = [row[variable] for row in self.d]
            return [
                sum((each * part for each, part in zip(row, column, strict=True) if each), Fraction(0))
                for row in self.inverse
            ]
        i = variable - self.residuals
        sign, place = (-1, i) if i < self.rows else (1, i - self.rows)
        return [sign * row[place] for row in self.inverse]

    def _step(self, entering: int, *, up: bool) -> tuple[Fraction, bool]:
        """Move `entering` as far as it goes: the length, and whether it took another's place in the basis."""
        column = self._column(entering)
        rates = [-each if up else each for each in column]
        length = Fraction(2) if entering < self.residuals else None
        leaving: int | None = None
        for place, rate in enumerate(rates):
            variable, value = self.basis[place], self.values[place]
            bounded = variable < self.residuals
            if rate < 0:
                room = (value + 1 if bounded else value) / -rate
            elif rate > 0 and bounded:
                room = (1 - value) / rate
            else:
                continue
            if length is None or room < length or (room == length and leaving is not None and variable < leaving):
                length, leaving = room, variable
        if length is None:
            raise ArithmeticError("the dual is unbounded, which a sum of absolute values is not")
        self.values = [value + rate * length for value, rate in zip(self.values, rates, strict=True)]
        if leaving is None:
            self.h[entering] = 1 if up else -1
            return length, False
        place = self.basis.index(leaving)
        start = self.h[entering] if entering < self.residuals else 0
        if leaving < self.residuals:
            self.h[leaving] = int(self.values[place])
        self.basis[place] = entering
        self.values[place] = start + (length if up else -length)
        pivot = [each / column[place] for each in self.inverse[place]]
        self.inverse = [
            pivot if i == place else [each - column[i] * part for each, part in zip(row, pivot, strict=True)]
            for i, row in enumerate(self.inverse)
        ]
        return length, True

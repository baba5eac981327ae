"""The nearest mixture of a hull, by trying every corner: slow, exact, and unlike a simplex method."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import lcm

from independent.arithmetic import UNIT
from independent.results import Baseline, Hull

Row = tuple[list[Fraction], Fraction]
"""Coefficients of the weights, and what they must give."""


def reach(baseline: Baseline, hull: Hull) -> Fraction:
    """sum most_i TVD(V_i, ideal)."""
    return sum(
        (
            most * Fraction(sum(abs(v - p) for v, p in zip(vertex.weights, baseline.weights, strict=True)), 2 * UNIT)
            for vertex, most in zip(hull.vertices, hull.most, strict=True)
        ),
        Fraction(0),
    )


def least_distance(residuals: list[int], shots: int, baseline: Baseline, hull: Hull) -> Fraction:
    """min over 0 <= w_i <= most_i of sum_x |residual_x - N sum_i w_i (V_i - ideal)_x|.

    The sum is linear between the planes on which one of its terms is zero, so that it is least where as many of these
    planes, or of the box's sides, meet as there are weights.
    """
    slopes = [
        [shots * (v - p) for v, p in zip(vertex.weights, baseline.weights, strict=True)] for vertex in hull.vertices
    ]
    count = len(slopes)
    planes: list[Row] = []
    for i, most in enumerate(hull.most):
        unit = [Fraction(j == i) for j in range(count)]
        planes += [(unit, Fraction(0)), (unit, most)]
    for x, residual in enumerate(residuals):
        row = [Fraction(slope[x]) for slope in slopes]
        if any(row):
            planes.append((row, Fraction(residual)))
    best: Fraction | None = None
    for chosen in combinations(planes, count):
        weights = _meeting(list(chosen))
        if weights is None or any(not 0 <= w <= most for w, most in zip(weights, hull.most, strict=True)):
            continue
        value = _total(residuals, slopes, weights)
        best = value if best is None or value < best else best
    assert best is not None  # the box has corners
    return best


def _total(residuals: list[int], slopes: list[list[int]], weights: list[Fraction]) -> Fraction:
    common = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * common) for weight in weights]
    total = 0
    for x, residual in enumerate(residuals):
        total += abs(residual * common - sum(w * slope[x] for w, slope in zip(whole, slopes, strict=True)))
    return Fraction(total, common)


def _meeting(rows: list[Row]) -> list[Fraction] | None:
    """Where the planes meet, by elimination; None if not in one point."""
    count = len(rows)
    table = [[*coefficients, value] for coefficients, value in rows]
    for column in range(count):
        pivot = next((i for i in range(column, count) if table[i][column]), None)
        if pivot is None:
            return None
        table[column], table[pivot] = table[pivot], table[column]
        scale = table[column][column]
        table[column] = [each / scale for each in table[column]]
        for i in range(count):
            factor = table[i][column]
            if i != column and factor:
                table[i] = [each - factor * top for each, top in zip(table[i], table[column], strict=True)]
    return [row[-1] for row in table]

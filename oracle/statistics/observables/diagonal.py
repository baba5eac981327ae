"""A diagonal observable as integers: its value on every outcome, its range, its mean under a baseline; all exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
import numpy.typing as npt

from oracle.statistics.baseline import TOTAL, Baseline
from oracle.statistics.rules import Terms, parities

Values = npt.NDArray[np.int64]

_HALF_BITS = 20
_BLOCK = 1 << 20
_CACHED = 1 << 14
"""Outcomes that are worked on together, so that what is in between stays in a processor's cache."""
_ODD_NIBBLES = np.uint32(0b0110_1001_1001_0110)
"""Bit i is the parity of i."""


@dataclass(frozen=True)
class Diagonal:
    """A sum of parities in units of 1 / denominator; the absolute coefficients sum to at most 2^40."""

    bits: int
    denominator: int
    constant: int
    """The coefficient of no parity at all: the mean over uniform outcomes."""
    coefficients: tuple[tuple[int, int], ...]
    """(mask, coefficient), ascending; a parity is +1 where an even number of the mask's bits are set, else -1."""

    @classmethod
    def of(cls, terms: Terms) -> Diagonal:
        """The observable that `terms`, checked by the spec, add up to."""
        found = parities(terms)
        denominator = lcm(*(value.denominator for value in found.values()))
        scaled = {mask: int(value * denominator) for mask, value in found.items()}
        return cls(len(terms[0][0]), denominator, scaled.pop(0), tuple(scaled.items()))

    def negated(self) -> Diagonal:
        """The observable of which a minimum is this one's maximum."""
        turned = tuple((mask, -coefficient) for mask, coefficient in self.coefficients)
        return Diagonal(self.bits, self.denominator, -self.constant, turned)

    def at(self, outcomes: Values) -> Values:
        """int64[outcomes]: the value on each of `outcomes`."""
        values = np.full(outcomes.shape, self.constant, dtype=np.int64)
        narrow = outcomes.astype(np.uint32)
        for mask, coefficient in self.coefficients:
            values += np.where(_odd(narrow, mask), -coefficient, coefficient)
        return values

    @property
    def spread_at_chance(self) -> int:
        """The variance over uniform outcomes, in units of 1 / denominator^2: parities are uncorrelated there."""
        return sum(coefficient * coefficient for _, coefficient in self.coefficients)


def evens(outcomes: Values, counts: Values, masks: Iterable[int]) -> tuple[int, ...]:
    """For each of `masks`, how many of fewer than 2^32 shots have its parity +1; `counts` are at the `outcomes`."""
    narrow, shots = outcomes.astype(np.uint32), counts.astype(np.uint32)
    blocks = [slice(start, start + _CACHED) for start in range(0, outcomes.size, _CACHED)]
    whole = int(counts.sum())
    return tuple(whole - sum(int(shots[block] @ _odd(narrow[block], mask)) for block in blocks) for mask in masks)


def _odd(outcomes: npt.NDArray[np.uint32], mask: int) -> npt.NDArray[np.uint32]:
    """uint32[outcomes]: 1 where an odd number of the mask's bits are set, else 0."""
    odd = outcomes & np.uint32(mask)
    for shift in (16, 8, 4):
        odd ^= odd >> np.uint32(shift)
    return (_ODD_NIBBLES >> (odd & np.uint32(15))) & np.uint32(1)


# Few, for a table of 24 bits is 128 MiB.
@lru_cache(maxsize=2)
def table(observable: Diagonal) -> Values:
    """int64[2**bits], read-only: the value on every outcome, by a fast Walsh-Hadamard transform of the coefficients.

    No partial sum exceeds the sum of the absolute coefficients, so that nothing overflows.
    """
    values = np.zeros(1 << observable.bits, dtype=np.int64)
    values[0] = observable.constant
    for mask, coefficient in observable.coefficients:
        values[mask] = coefficient
    return _transformed(values)


@lru_cache(maxsize=2)
def spectrum(baseline: Baseline) -> Values:
    """int64[2**bits], read-only: 2^40 times the baseline's mean of every parity, by its mask."""
    return _transformed(baseline.weights.copy())


def _transformed(values: Values) -> Values:
    """The Walsh-Hadamard transform of `values`, in their place."""
    for bit in range(values.size.bit_length() - 1):
        pairs = values.reshape(-1, 2, 1 << bit)
        even, odd = pairs[:, 0].copy(), pairs[:, 1].copy()
        pairs[:, 0], pairs[:, 1] = even + odd, even - odd
    values.setflags(write=False)
    return values


def exact_dot(weights: Values, values: Values) -> int:
    """sum weights * values, exact, for weights in 0..2^40 that sum to 2^40 and values within +-2^41.

    Both are cut into halves of 20 bits and summed in blocks, so that no sum of products reaches 2^63.
    """
    total, low = 0, (1 << _HALF_BITS) - 1
    for start in range(0, weights.size, _BLOCK):
        w, v = weights[start : start + _BLOCK], values[start : start + _BLOCK]
        for w_part, w_shift in ((w >> _HALF_BITS, _HALF_BITS), (w & low, 0)):
            for v_part, v_shift in ((v >> _HALF_BITS, _HALF_BITS), (v & low, 0)):
                total += int(w_part @ v_part) << (w_shift + v_shift)
    return total


@dataclass(frozen=True)
class Moments:
    """What a baseline and chance say about an observable; energies in units of 1 / denominator, all exact."""

    lowest: int
    highest: int
    mean: Fraction
    """Under the baseline: sum P e / 2^40."""
    chance: int
    """Under uniform."""
    variance: Fraction
    """Under the baseline, to within a millionth of the range, for forecasts alone."""
    chance_variance: int
    """Under uniform."""

    @property
    def width(self) -> int:
        return self.highest - self.lowest

    def mixed(self, fidelity: Fraction) -> tuple[Fraction, Fraction]:
        """Mean and variance of the baseline mixed with a share 1 - `fidelity` of uniform."""
        step = self.mean - self.chance
        within = fidelity * self.variance + (1 - fidelity) * self.chance_variance
        return self.chance + fidelity * step, within + fidelity * (1 - fidelity) * step * step


@lru_cache(maxsize=8)
def moments(observable: Diagonal, baseline: Baseline) -> Moments:
    """The moments of `observable` under `baseline`, which has its width."""
    values = table(observable)
    lowest, highest = int(values.min()), int(values.max())
    mean = Fraction(exact_dot(baseline.weights, values), TOTAL)
    # In millionths of the range, so that a square keeps below 2^40.
    unit = -(-(highest - lowest) // _BLOCK)
    steps = (values - lowest) // unit
    first = Fraction(exact_dot(baseline.weights, steps), TOTAL)
    variance = (Fraction(exact_dot(baseline.weights, steps * steps), TOTAL) - first * first) * unit * unit
    return Moments(lowest, highest, mean, observable.constant, variance, observable.spread_at_chance)

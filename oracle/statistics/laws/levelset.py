"""Level sets of a baseline: the outcomes that are more likely than t times chance.

A worker's share of shots in such a set S rises with its fidelity F against uniform: q(S) = u + F (p(S) - u), with
u = |S| / 2^bits. The set is a function of the committed integers and the policy alone, so that nobody picks it after
seeing a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from oracle.statistics.baseline import TOTAL, TOTAL_BITS, Baseline

LEAST_CONTRAST = Fraction(1, 10)
"""A set whose share under the baseline exceeds its share under uniform by less than this tells too little."""
_FINEST_OCTAVE = -6


@dataclass(frozen=True)
class LevelSet:
    """S = {x : weights[x] > floor}, with its masses under the baseline and under uniform."""

    bits: int
    floor: int
    """Outcomes of more weight than this belong to the set."""
    size: int
    """How many they are."""
    weight: int
    """Their weights' sum: p(S) 2^40."""

    @property
    def mass(self) -> Fraction:
        """p(S), the share of an ideal worker's shots."""
        return Fraction(self.weight, TOTAL)

    @property
    def chance(self) -> Fraction:
        """|S| / 2^bits, the share of a uniform worker's shots."""
        return Fraction(self.size, 1 << self.bits)

    @property
    def contrast(self) -> Fraction:
        return self.mass - self.chance

    def share(self, fidelity: Fraction) -> Fraction:
        """The share of shots in the set at `fidelity` against uniform: chance + fidelity (mass - chance)."""
        return self.chance + fidelity * self.contrast

    def share_of(self, law: Baseline, baseline: Baseline) -> Fraction:
        """The share of shots in the set where they follow `law`; the set is one of `baseline`."""
        return Fraction(int(law.weights[baseline.weights > self.floor].sum()), TOTAL)

    def fidelity(self, share: Fraction) -> Fraction:
        """The fidelity against uniform that a share of shots in the set shows."""
        return (share - self.chance) / self.contrast

    def hits(self, baseline: Baseline, outcomes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> int:
        """How many shots fell in the set, of `counts` shots at distinct `outcomes`."""
        return int(counts[baseline.weights[outcomes] > self.floor].sum())


def thresholds(bits: int) -> tuple[int, ...]:
    """The floors that are tried: t = m 2^e times chance, m in 4..7 (four a doubling), from 1/16 to 2^bits."""
    # t times chance is m 2^e 2^40 / 2^bits; its exponent is at least 40 - 24 - 6 = 10, so the floors are integers.
    octaves = range(_FINEST_OCTAVE, bits - 2)
    return tuple(m << (octave + TOTAL_BITS - bits) for octave in octaves for m in (4, 5, 6, 7))


# Few, for an entry keeps its baseline alive: 128 MiB at 24 bits.
@lru_cache(maxsize=4)
def sizes_and_weights_below(baseline: Baseline) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For each of `thresholds`: how many outcomes have at most that weight, and their weights' sum."""
    ordered = np.sort(baseline.weights)
    sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(ordered)))
    sizes = np.searchsorted(ordered, thresholds(baseline.bits), side="right")
    return tuple(sizes.tolist()), tuple(sums[sizes].tolist())


@lru_cache(maxsize=4)
def ranks(baseline: Baseline) -> npt.NDArray[np.uint8]:
    """uint8[2**bits], read-only: how many of `thresholds` lie below each outcome's weight."""
    places = np.searchsorted(thresholds(baseline.bits), baseline.weights, side="left").astype(np.uint8)
    places.setflags(write=False)
    return places


def below_thresholds(baseline: Baseline) -> tuple[int, ...]:
    """For each of `thresholds`: 2^40 times the share of the baseline on outcomes of at most that weight."""
    return sizes_and_weights_below(baseline)[1]


@lru_cache(maxsize=4)
def witness_set(baseline: Baseline, fidelity: Fraction) -> LevelSet | None:
    """The level set that tells fidelities near `fidelity` apart with the fewest shots; None if none has a contrast
    of 1/10.

    The shots needed go as s (1 - s) / contrast^2 with s the share at `fidelity`; the least of these, compared as
    exact fractions, wins, and of equals the one with the lowest threshold. For dense Porter-Thomas outputs that is
    near t = 1/2, for peaked ones just their peaks.
    """
    best: tuple[Fraction, LevelSet] | None = None
    for floor, size, weight in zip(thresholds(baseline.bits), *sizes_and_weights_below(baseline), strict=True):
        candidate = LevelSet(baseline.bits, floor, baseline.outcomes - size, TOTAL - weight)
        if candidate.contrast < LEAST_CONTRAST:
            continue
        share = candidate.share(fidelity)
        cost = share * (1 - share) / candidate.contrast**2
        if best is None or cost < best[0]:
            best = (cost, candidate)
    return None if best is None else best[1]


def expected_set(baseline: Baseline) -> LevelSet:
    """The outcomes a stabilizer, mirror or GHZ-like circuit can show: all of probability above 2^-30.

    The floor is far above what floating-point simulation and rounding leave on impossible outcomes, and what it cuts
    off sums to less than 2^-6 even at 24 bits.
    """
    floor = 1 << (TOTAL_BITS - 30)
    members = baseline.weights > floor
    return LevelSet(baseline.bits, floor, int(members.sum()), int(baseline.weights[members].sum()))

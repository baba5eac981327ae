"""The committed baseline: the distribution that a result is judged against, as integers that sum to 2^40.

Its artifact is canonical JSON, readable and easy to write again in any language:

    {"bits":2,"schema":"baseline/1","weights":[549755813888,0,0,549755813888]}

with one weight per outcome, the outcome being the classical bits read as a number, classical bit 0 least significant.
`root`, the SHA-256 of those bytes, is what a job spec names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from oracle.encoding import CanonicalError, parse_json, sha256_hex
from oracle.encoding.errors import OracleError

SCHEMA = "baseline/1"
TOTAL_BITS = 40
TOTAL = 1 << TOTAL_BITS
"""The sum of a baseline's weights."""
WIDEST_BITS = 24
"""Widest full table: 16.8 million weights, 128 MiB."""
RECOMPUTATION_TOLERANCE = Fraction(1, 1 << 20)
"""The most that a validator's own baseline may lie from the committed one, in total variation: floating-point
simulators differ in the last digits, and the verdict uses the committed integers."""

_SUM_TOLERANCE = 1e-9

Weights = npt.NDArray[np.int64]


class BaselineRejected(OracleError, ValueError):
    """Bytes or numbers that are no baseline; the message says what is wrong with them."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """A distribution over the 2^bits values of a circuit's classical bits.

    Raises BaselineRejected unless the weights are 2^bits non-negative integers that sum to 2^40. Two baselines are
    equal if their roots are.
    """

    bits: int
    """Classical bits, 1..24."""
    weights: Weights
    """int64[2**bits], read-only; the probability of outcome x is weights[x] / 2^40."""

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= WIDEST_BITS:
            raise BaselineRejected(f"a baseline has 1..{WIDEST_BITS} bits, not {self.bits}")
        weights = np.array(self.weights, dtype=np.int64)
        if weights.shape != (1 << self.bits,):
            raise BaselineRejected(f"{self.bits} bits have {1 << self.bits} weights, not {weights.shape}")
        if int(weights.min()) < 0 or int(weights.max()) > TOTAL:
            raise BaselineRejected("a weight lies outside 0..2^40")
        # Such weights sum to at most 2^64, so that an int64 which wraps around cannot come out at 2^40.
        if int(weights.sum()) != TOTAL:
            raise BaselineRejected(f"the weights do not sum to 2^40 ({TOTAL})")
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Baseline) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)

    @classmethod
    def from_probabilities(cls, probabilities: npt.ArrayLike) -> Baseline:
        """The baseline nearest to `probabilities` (float64[2**bits]): floors of p 2^40, and what is left over goes to
        the largest remainders, ties to the lower outcome.

        Raises BaselineRejected for negative or non-finite numbers, a length that is no power of two, or a sum that
        is not one within 1e-9.
        """
        p = np.asarray(probabilities, dtype=np.float64)
        bits = p.size.bit_length() - 1
        if p.ndim != 1 or p.size != 1 << bits:
            raise BaselineRejected(f"probabilities of shape {p.shape} are not one per outcome of some bits")
        if not np.isfinite(p).all() or p.min() < 0:
            raise BaselineRejected("a probability is negative or not finite")
        # fsum is exact up to one rounding, whatever the order, so that every machine divides by the same number.
        total = math.fsum(p)
        if abs(total - 1) > _SUM_TOLERANCE:
            raise BaselineRejected(f"the probabilities sum to {total!r}, not to one")
        scaled = (p / total) * TOTAL
        floors = np.floor(scaled)
        weights = floors.astype(np.int64)
        missing = TOTAL - int(weights.sum())
        largest = np.argsort(-(scaled - floors), kind="stable")[:missing]
        weights[largest] += 1
        return cls(bits, weights)

    @classmethod
    def uniform(cls, bits: int) -> Baseline:
        """All outcomes alike: what a worker at chance delivers."""
        return cls(bits, np.full(1 << bits, TOTAL >> bits, dtype=np.int64))

    @classmethod
    def from_bytes(cls, data: bytes) -> Baseline:
        """The baseline whose artifact is exactly `data`. Raises BaselineRejected for any other bytes."""
        try:
            document = parse_json(data)
        except CanonicalError as error:
            raise BaselineRejected(str(error)) from error
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise BaselineRejected(f"not a document of schema {SCHEMA}")
        bits, weights = document.get("bits"), document.get("weights")
        if type(bits) is not int or not isinstance(weights, list) or any(type(w) is not int for w in weights):
            raise BaselineRejected("bits must be an integer and weights a list of integers")
        if any(not 0 <= weight <= TOTAL for weight in weights):
            raise BaselineRejected("a weight lies outside 0..2^40")
        baseline = cls(bits, np.array(weights, dtype=np.int64))
        if baseline.to_bytes() != data:
            raise BaselineRejected("not in canonical form (RFC 8785): other keys, key order or spacing")
        return baseline

    def to_bytes(self) -> bytes:
        """The artifact: canonical JSON, written directly for its millions of integers."""
        weights = ",".join(map(str, self.weights.tolist()))
        return f'{{"bits":{self.bits},"schema":"{SCHEMA}","weights":[{weights}]}}'.encode()

    @cached_property
    def root(self) -> str:
        """SHA-256 of the artifact, ``0x`` and 64 hexadecimal digits."""
        return sha256_hex(self.to_bytes())

    @property
    def outcomes(self) -> int:
        """How many outcomes there are: 2^bits."""
        return 1 << self.bits

    def probability(self, outcome: int) -> Fraction:
        return Fraction(int(self.weights[outcome]), TOTAL)

    @cached_property
    def collision(self) -> Fraction:
        """The probability that two draws coincide: sum p^2, exact."""
        # Split each weight into halves of 20 bits: all three sums stay below 2^61.
        high, low = self.weights >> 20, self.weights & 0xFFFFF
        squares = (int((high * high).sum()) << 40) + (int((high * low).sum()) << 21) + int((low * low).sum())
        return Fraction(squares, TOTAL * TOTAL)


def baseline_tvd(a: Baseline, b: Baseline) -> Fraction:
    """Total variation between two baselines, exact. Raises ValueError if they have different widths."""
    if a.bits != b.bits:
        raise ValueError(f"a baseline of {a.bits} bits has no distance to one of {b.bits}")
    return Fraction(int(np.abs(a.weights - b.weights).sum()), 2 * TOTAL)

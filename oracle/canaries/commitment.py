"""Which circuits of a batch are canaries: committed to before the run, revealed after it.

The commitment is the SHA-256 of the assignment's RFC 8785 JSON, which holds a salt of 32 bytes: nobody finds the
assignment by trying, and nobody finds another one for the same commitment. The policy is inside, so that no rate and no
floor is chosen after seeing a result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from oracle.artifacts.shots import WIDEST_BITS
from oracle.canaries.draws import Draws
from oracle.canaries.plan import MOST_CANARIES, MOST_TARGETS, CanaryPolicy, PlanRefused
from oracle.encoding import canonical_bytes, is_digest, parse_canonical, parse_rational, sha256_hex
from oracle.encoding.errors import OracleError
from oracle.statistics import LARGEST_SHOTS

BATCH_SCHEMA = "canary-batch/1"
ASSIGNMENT_SCHEMA = "canary-assignment/1"
_SALT_DOMAIN = "compute-escrow/canary-salt/1"


class CommitmentBroken(OracleError, ValueError):
    """Bytes that are no batch or assignment, or an assignment that is not the committed one; the message says what."""


@dataclass(frozen=True)
class Batch:
    """What the worker gets, in this order, and what it is judged by; it does not say which is which."""

    commitment: str
    circuits: tuple[str, ...]
    """SHA-256 of each circuit's OpenQASM 3."""
    bits: int
    """Classical bits of every circuit."""
    shots: int
    """Of every circuit."""
    policy: CanaryPolicy

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes that are handed out."""
        return canonical_bytes({"schema": BATCH_SCHEMA, "commitment": self.commitment, **_shared_json(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Batch:
        """The batch whose bytes are exactly `data`. Raises CommitmentBroken for any others."""
        try:
            value: Any = parse_canonical(data)
            batch = cls(value["commitment"], **_shared(value))
            if not is_digest(batch.commitment):
                raise ValueError("the commitment is no digest")
        except (ValueError, KeyError, TypeError) as error:
            raise CommitmentBroken(f"not a batch: {error!r}") from error
        if batch.to_bytes() != data:
            raise CommitmentBroken("not a batch: it says more, or otherwise, than its fields do")
        return batch


@dataclass(frozen=True)
class Canary:
    """One canary's place in the batch, and what it returns when run without a fault."""

    index: int
    """Position in the batch, from 0."""
    expected: str
    """Its outcome as bits, classical bit 0 rightmost."""


@dataclass(frozen=True)
class Assignment:
    """Which is which: secret until the results are in."""

    salt: str
    """64 hexadecimal digits."""
    circuits: tuple[str, ...]
    bits: int
    shots: int
    policy: CanaryPolicy
    canaries: tuple[Canary, ...]
    """By ascending position; all others are targets."""

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes that the commitment is the digest of."""
        return self._bytes

    @cached_property
    def _bytes(self) -> bytes:
        canaries = [{"index": each.index, "expected": each.expected} for each in self.canaries]
        return canonical_bytes(
            {"schema": ASSIGNMENT_SCHEMA, "salt": self.salt, "canaries": canaries, **_shared_json(self)}
        )

    @property
    def batch(self) -> Batch:
        """What is handed out, with the commitment."""
        return Batch(sha256_hex(self._bytes), self.circuits, self.bits, self.shots, self.policy)

    @classmethod
    def from_bytes(cls, data: bytes) -> Assignment:
        """The assignment whose bytes are exactly `data`. Raises CommitmentBroken for any others."""
        try:
            value: Any = parse_canonical(data)
            canaries = tuple(Canary(each["index"], each["expected"]) for each in value["canaries"])
            assignment = cls(salt=value["salt"], canaries=canaries, **_shared(value))
            assignment._check()
        except (ValueError, KeyError, TypeError) as error:
            raise CommitmentBroken(f"not an assignment: {error!r}") from error
        if assignment.to_bytes() != data:
            raise CommitmentBroken("not an assignment: it says more, or otherwise, than its fields do")
        return assignment

    def _check(self) -> None:
        places = [each.index for each in self.canaries]
        if any(type(place) is not int for place in places):
            raise ValueError("a position is no number")
        if not re.fullmatch(r"[0-9a-f]{64}", self.salt):
            raise ValueError("the salt is not 64 hexadecimal digits")
        if not places or places != sorted(set(places)) or not 0 <= places[0] <= places[-1] < len(self.circuits):
            raise ValueError("the canaries' positions are not ascending positions of the batch")
        if len(places) > MOST_CANARIES or len(self.circuits) - len(places) > MOST_TARGETS:
            raise ValueError(f"a batch has at most {MOST_CANARIES} canaries and {MOST_TARGETS} targets")
        if any(len(each.expected) != self.bits or set(each.expected) - {"0", "1"} for each in self.canaries):
            raise ValueError(f"an expected outcome is not {self.bits} bits")


def assign(
    seed: str, circuits: tuple[str, ...], bits: int, shots: int, policy: CanaryPolicy, canaries: tuple[Canary, ...]
) -> Assignment:
    """The assignment of a batch, its salt drawn from the secret `seed`. Raises ValueError for one that is none."""
    salt = Draws(_SALT_DOMAIN, seed).take(32).hex()
    assignment = Assignment(salt, circuits, bits, shots, policy, canaries)
    assignment._check()
    return assignment


def reveal(batch: Batch, data: bytes) -> Assignment:
    """The assignment `data`, after checking that it is what `batch` committed to. Raises CommitmentBroken."""
    if sha256_hex(data) != batch.commitment:
        raise CommitmentBroken(f"the assignment's digest is {sha256_hex(data)}, not the committed {batch.commitment}")
    assignment = Assignment.from_bytes(data)
    if assignment.batch != batch:
        raise CommitmentBroken("the assignment is of another batch than was handed out")
    return assignment


def _shared_json(of: Batch | Assignment) -> dict[str, object]:
    return {"circuits": list(of.circuits), "bits": of.bits, "shots": of.shots, "policy": of.policy.to_json()}


def _shared(value: Any) -> dict[str, Any]:
    rates = ("alpha", "beta", "cheating_share", "floor", "luck")
    policy = CanaryPolicy(**{name: parse_rational(value["policy"][name]) for name in rates})
    try:
        policy.check()
    except PlanRefused as error:
        raise ValueError(str(error)) from error
    circuits = tuple(value["circuits"])
    if not all(isinstance(each, str) and is_digest(each) for each in circuits):
        raise ValueError("a circuit is no digest")
    for name, most in (("bits", WIDEST_BITS), ("shots", LARGEST_SHOTS)):
        if type(value[name]) is not int or not 1 <= value[name] <= most:
            raise ValueError(f"{name} is no number from 1 to {most}")
    return {"circuits": circuits, "bits": value["bits"], "shots": value["shots"], "policy": policy}

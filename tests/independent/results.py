"""What is judged, read from bytes: the baseline, the shots, the policy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any


def digest(data: bytes) -> str:
    return "0x" + hashlib.sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    """RFC 8785, which for ASCII keys, strings and integers is this."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Baseline:
    bits: int
    weights: tuple[int, ...]

    @classmethod
    def read(cls, data: bytes) -> Baseline:
        document = json.loads(data)
        return cls(document["bits"], tuple(document["weights"]))


POLICY_MEMBERS = ("alpha", "beta", "certificates", "eps", "f_max", "f_min", "guards", "honest_eps", "honest_f")
COUNTING = ("binomial.exact/1", "witness.levelset/1")


@dataclass(frozen=True)
class Policy:
    """Thresholds and rates; `members` as they are digested."""

    members: dict[str, Any]
    reader: str = ""

    @classmethod
    def read(cls, data: bytes) -> Policy:
        return cls(json.loads(data))

    @classmethod
    def of_spec(cls, spec: bytes) -> Policy:
        """What a normalised spec says of its validation; what it leaves out or null is no part of the policy."""
        validation = json.loads(spec)["validation"]
        members = {name: validation[name] for name in POLICY_MEMBERS if validation.get(name)}
        if validation.get("hull"):
            vertices = [{"most": v["most"], "root": v["root"]} for v in validation["hull"]["vertices"]]
            members["hull"] = {"reach": validation["hull"]["reach"], "vertices": vertices}
        return cls(members)

    def rate(self, name: str) -> Fraction:
        return Fraction(self.members[name])

    @property
    def certificates(self) -> list[str]:
        return list(self.members["certificates"])

    @property
    def guards(self) -> list[str]:
        return list(self.members.get("guards", []))

    def of(self, name: str) -> Policy:
        """The same, as the certificate or guard `name` reads it: with its own part of beta."""
        return replace(self, reader=name)

    @property
    def level(self) -> Fraction:
        """The reader's part of beta. Guards have a fifth, each as much of it; certificates that draw on chance have
        what is left: one share each, and eight where shots are counted."""
        if self.reader in self.guards:
            return self.rate("beta") / (5 * len(self.guards))
        drawing = [name for name in self.certificates if name != "reproduce/1"]
        shares = {name: 8 if name in COUNTING else 1 for name in drawing}
        left = Fraction(4, 5) if self.guards else Fraction(1)
        return self.rate("beta") * left * shares[self.reader] / sum(shares.values())


@dataclass(frozen=True)
class Hull:
    """Mixtures of the ideal law with vertices, each of which weighs at most so much."""

    vertices: tuple[Baseline, ...]
    most: tuple[Fraction, ...]

    @classmethod
    def read(cls, policy: Policy, vertices: tuple[bytes, ...]) -> Hull | None:
        """The hull that `policy` commits to by roots, of the artifacts with those roots; None if it has none."""
        if "hull" not in policy.members:
            return None
        members = policy.members["hull"]["vertices"]
        assert [member["root"] for member in members] == [digest(vertex) for vertex in vertices]
        most = tuple(Fraction(member["most"]) for member in members)
        return cls(tuple(Baseline.read(vertex) for vertex in vertices), most)


@dataclass(frozen=True)
class Result:
    """Shots in their order; outcomes of a baseline of `bits` bits."""

    bits: int
    shots: tuple[int, ...]

    @property
    def n(self) -> int:
        return len(self.shots)

    @cached_property
    def counts(self) -> dict[int, int]:
        counts: dict[int, int] = {}
        for shot in self.shots:
            counts[shot] = counts.get(shot, 0) + 1
        return counts


def read_shots(data: bytes, bits: int) -> Result | str:
    """The result whose records are `data`, or the reason code of what is wrong with them."""
    size = 4 * -(-bits // 32)
    if not data:
        return "artifact_empty"
    if len(data) % size:
        return "artifact_wrong_size"
    shots = tuple(int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size))
    return "bits_above_register" if max(shots) >> bits else Result(bits, shots)

"""The commitment binds: what is revealed is what was committed to, to the bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from oracle.canaries import Assignment, Batch, Canary, CommitmentBroken, assign, reveal
from oracle.encoding import canonical_bytes, sha256_hex

Make = Callable[..., Assignment]


def test_the_commitment_is_the_digest_of_the_salted_assignment(assignment: Make) -> None:
    made = assignment()
    data = made.to_bytes()
    assert made.batch.commitment == sha256_hex(data)
    assert data == canonical_bytes(json.loads(data))
    assert len(json.loads(data)["salt"]) == 64
    assert reveal(Batch.from_bytes(made.batch.to_bytes()), data) == made


def test_changing_any_bit_breaks_it(assignment: Make) -> None:
    made = assignment(targets=2, canaries=2)
    data = made.to_bytes()
    for place in range(8 * len(data)):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << (place % 8)
        with pytest.raises(CommitmentBroken):
            reveal(made.batch, bytes(changed))


def test_another_assignment_is_none_however_well_formed(assignment: Make) -> None:
    made = assignment()
    others = (
        replace(made, canaries=made.canaries[1:]),
        replace(made, canaries=(replace(made.canaries[0], expected="00000000"), *made.canaries[1:])),
        replace(made, policy=replace(made.policy, floor=Fraction(1, 4))),
        replace(made, salt="00" * 32),
        assignment(seed="01" * 32),
    )
    for other in others:
        assert Assignment.from_bytes(other.to_bytes()) == other
        with pytest.raises(CommitmentBroken, match="not the committed"):
            reveal(made.batch, other.to_bytes())


def test_a_batch_handed_out_with_other_circuits_than_were_committed_to_is_told(assignment: Make) -> None:
    made = assignment()
    for batch in (
        replace(made.batch, circuits=made.batch.circuits[::-1]),
        replace(made.batch, shots=201),
        replace(made.batch, policy=replace(made.policy, alpha=Fraction(1, 10))),
    ):
        with pytest.raises(CommitmentBroken, match="another batch"):
            reveal(batch, made.to_bytes())


def test_the_batch_says_nothing_of_which_is_which(assignment: Make) -> None:
    made = assignment()
    moved = [Canary((each.index + 1) % 36, each.expected) for each in made.canaries]
    other = assign("02" * 32, made.circuits, 8, 200, made.policy, tuple(sorted(moved, key=lambda each: each.index)))
    assert replace(made.batch, commitment="") == replace(other.batch, commitment="")
    assert made.batch.commitment != other.batch.commitment


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(salt="5e" * 31),
        lambda value: value.update(salt=value["salt"].upper()),
        lambda value: value.update(more=1),
        lambda value: value.update(canaries=[]),
        lambda value: value.update(canaries=value["canaries"][::-1]),
        lambda value: value["canaries"][0].update(index=36),
        lambda value: value["canaries"][0].update(index=-1),
        lambda value: value["canaries"][0].update(expected="0"),
        lambda value: value["canaries"][0].update(expected="0000000\u0661"),
        lambda value: value.update(bits=True),
        lambda value: value.update(bits=0),
        lambda value: value.update(bits=4097),
        lambda value: value.update(shots=2**20 + 1),
        lambda value: value["canaries"][0].update(index=True),
        lambda value: value["canaries"][0].update(index="0"),
        lambda value: value["canaries"][0].update(expected=0),
        lambda value: value["policy"].update(floor=["1/2"]),
        lambda value: value.update(shots="200"),
        lambda value: value.update(shots=0),
        lambda value: value["policy"].update(floor="2"),
        lambda value: value["policy"].update(floor="0.5"),
        lambda value: value["circuits"].append("0x5e"),
        lambda value: value.pop("policy"),
    ],
)
def test_what_is_no_assignment_is_told(assignment: Make, change: Callable[[dict[str, object]], object]) -> None:
    value = json.loads(assignment().to_bytes())
    change(value)
    with pytest.raises(CommitmentBroken):
        Assignment.from_bytes(canonical_bytes(value))


@pytest.mark.parametrize("commitment", [5, None, "0x5e", ["0x" + "5e" * 32]])
def test_a_commitment_that_is_no_digest_makes_no_batch(assignment: Make, commitment: object) -> None:
    value = json.loads(assignment().batch.to_bytes())
    value["commitment"] = commitment
    with pytest.raises(CommitmentBroken):
        Batch.from_bytes(canonical_bytes(value))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"\xff", b'{"a":1.5}'])
def test_other_bytes_are_neither_batch_nor_assignment(data: bytes) -> None:
    for kind in (Batch, Assignment):
        with pytest.raises(CommitmentBroken):
            kind.from_bytes(data)

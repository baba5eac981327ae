"""Draws are a function of their names, by SHAKE-256 alone, and uniform."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest
from scipy import stats

from oracle.canaries import Draws


def test_the_stream_is_shake_256_over_the_names_and_the_blocks_number() -> None:
    blocks = [
        hashlib.shake_256(json.dumps(["purpose/1", "a", "b", block], separators=(",", ":")).encode()).digest(1088)
        for block in range(3)
    ]
    draws = Draws("purpose/1", "a", "b")
    assert draws.take(1000) + draws.take(2000) == b"".join(blocks)[:3000]


def test_integers_are_the_lowest_bits_rejected_when_too_large() -> None:
    stream, draws = Draws("x", "y"), Draws("x", "y")
    for bound in (1, 2, 3, 5, 255, 256, 257, 1000):
        bits = (bound - 1).bit_length()
        while (expected := int.from_bytes(stream.take(-(-bits // 8)), "big") % (1 << bits)) >= bound:
            pass
        assert draws.below(bound) == expected


@pytest.mark.parametrize("bound", [3, 6, 24, 100])
def test_every_integer_below_the_bound_is_as_likely(bound: int) -> None:
    draws = Draws("uniform", str(bound))
    seen = Counter(draws.below(bound) for _ in range(200 * bound))
    assert set(seen) == set(range(bound))
    assert stats.chisquare(list(seen.values())).pvalue > 1e-6


def test_every_order_comes_out_of_a_shuffle() -> None:
    draws, seen = Draws("orders"), Counter[tuple[int, ...]]()
    for _ in range(2400):
        items = [0, 1, 2, 3]
        draws.shuffle(items)
        seen[tuple(items)] += 1
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 1e-6


def test_another_purpose_or_input_is_another_stream() -> None:
    streams = {Draws(*names).take(32) for names in (("a",), ("b",), ("a", "b"), ("a", ""), ("a", "b", ""), ("ab",))}
    assert len(streams) == 6


@pytest.mark.parametrize("bound", [0, -1])
def test_there_is_nothing_to_draw_below_one(bound: int) -> None:
    with pytest.raises(ValueError, match="no integer"):
        Draws("x").below(bound)

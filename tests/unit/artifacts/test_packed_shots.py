"""Packed shots: the byte form that workers commit to."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from oracle.artifacts.shots import PackedShots, ShotsFault, ShotsRejected, pack, unpack, words_per_shot


def test_the_records_are_little_endian_words_with_classical_bit_0_first() -> None:
    assert pack([1, 6, 0], 3).data == bytes.fromhex("01000000 06000000 00000000")
    assert pack([1 << 32 | 5], 33).data == bytes.fromhex("05000000 01000000")
    assert pack([1 << 99], 100).data == bytes(12) + bytes.fromhex("08000000")


def test_the_hash_is_that_of_the_records_and_the_multiset_hash_that_of_their_sorted_order() -> None:
    shots = pack([3, 1, 2, 1], 2)
    assert shots.result_hash == "0x" + hashlib.sha256(shots.data).hexdigest()
    assert shots.multiset_hash == pack([1, 1, 2, 3], 2).result_hash
    wide = [5 << 40 | 1, 5 << 40, 7, 1 << 63]
    assert pack(wide, 64).multiset_hash == pack(sorted(wide), 64).result_hash


def test_counts_are_by_outcome_ascending() -> None:
    assert list(pack([9, 2, 9, 9], 5).counts().items()) == [(2, 1), (9, 3)]
    assert list(pack([1 << 70, 3, 1 << 70], 80).counts().items()) == [(3, 1), (1 << 70, 2)]


def test_words_are_one_row_per_shot() -> None:
    words = pack([1 << 32 | 5, 7], 33).words()
    assert words.tolist() == [[5, 1], [7, 0]]
    with pytest.raises(ValueError, match="read-only"):
        words[0, 0] = 1


@pytest.mark.parametrize(
    ("data", "bits", "fault"),
    [
        (b"", 5, ShotsFault.EMPTY),
        (b"\0\0\0", 5, ShotsFault.PARTIAL_RECORD),
        (b"\0" * 12, 33, ShotsFault.PARTIAL_RECORD),
        (b"\x20\0\0\0", 5, ShotsFault.BITS_ABOVE_REGISTER),
        (b"\0\0\0\0\x02\0\0\0", 33, ShotsFault.BITS_ABOVE_REGISTER),
    ],
)
def test_other_bytes_are_refused_with_their_fault(data: bytes, bits: int, fault: ShotsFault) -> None:
    with pytest.raises(ShotsRejected) as refused:
        unpack(data, bits)
    assert refused.value.fault is fault


def test_a_full_word_has_no_bits_above_it() -> None:
    assert unpack(b"\xff" * 8, 32).values().tolist() == [2**32 - 1] * 2


@pytest.mark.parametrize(
    "values", [[32], [-1], np.array([-1, 3]), np.array([1 << 40]), np.array([1 << 40], dtype=object)]
)
def test_values_outside_the_register_are_refused(values: object) -> None:
    with pytest.raises(ShotsRejected) as refused:
        pack(values, 5)
    assert refused.value.fault is ShotsFault.BITS_ABOVE_REGISTER


def test_no_shots_are_refused() -> None:
    with pytest.raises(ShotsRejected):
        pack([], 5)


@pytest.mark.parametrize("values", [[0.5], [["a"]], np.zeros((2, 2), dtype=np.uint32), np.array([None])])
def test_what_is_no_list_of_integers_is_a_mistake_of_the_caller(values: object) -> None:
    with pytest.raises(TypeError):
        pack(values, 5)


@pytest.mark.parametrize("bits", [0, -1, 4097])
def test_a_width_out_of_range_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="bits"):
        words_per_shot(bits)


def test_wide_shots_do_not_pretend_to_be_numbers_of_a_machine() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        pack([1], 63).values()
    assert isinstance(pack([1], 63), PackedShots)

"""Who posts when: exactly one at once, the next in line only if the one before it did not."""

from __future__ import annotations

import pytest

from oracle.validator.poster import turn_comes_after_s

# Ascending by value, which for mixed-case text is not ascending by character.
A, B, C = "0x" + "0a" * 20, "0x" + "0B" * 20, "0x" + "c0" * 20


@pytest.mark.parametrize(
    ("agreed", "me", "expected"),
    [
        ((A, B, C), A, 0),
        ((A, B, C), B, 3),
        ((A, B, C), C, 6),
        ((A, C), A, 3),
        ((A, C), C, 6),
        ((B, C), B, 3),
        ((C, B), C, 6),
        ((A, B), C, None),
        ((A,), A, None),
        ((), A, None),
    ],
)
def test_all_agreeing_post_at_once_a_quorum_after_the_wait_each_rank_later(agreed, me, expected):
    assert turn_comes_after_s(agreed, me, validators=3, quorum=2, wait_s=3) == expected


def test_a_single_validator_does_not_wait_for_itself():
    assert turn_comes_after_s((A,), A, validators=1, quorum=1, wait_s=3) == 0

"""Signatures one after the other, of keys and of contracts: what goes in comes out, and nothing shifts the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.terms import contract_record, join_signatures, split_signatures

KEY = bytes(range(1, 66))
keys = st.binary(min_size=65, max_size=65).filter(lambda piece: any(piece[32:64]))
records = st.binary(max_size=200).map(contract_record)


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(st.one_of(keys, records), max_size=6))
def test_joined_signatures_split_into_the_same_pieces(pieces: list[bytes]) -> None:
    assert list(split_signatures(join_signatures(pieces))) == pieces


def test_a_record_is_a_length_a_zero_word_a_zero_byte_and_the_bytes() -> None:
    assert contract_record(b"abc") == (3).to_bytes(32, "big") + bytes(33) + b"abc"


@pytest.mark.parametrize("piece", [b"", KEY[:-1], KEY + b"x", KEY + KEY, contract_record(b"abc")[:-1], b"abc"])
def test_what_is_no_signature_is_not_joined(piece: bytes) -> None:
    with pytest.raises(ValueError, match=r"signature 1 of 2|end inside"):
        join_signatures([KEY, piece])

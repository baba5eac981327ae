"""Canonical JSON: one form, no floats, no integers that readers lose, and no document that ends the process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.encoding import CanonicalError, canonical_bytes, digest_of, parse_canonical, parse_json, sha256_hex
from oracle.encoding.canonical import DEEPEST, LARGEST_INTEGER

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_what_is_read_back_is_what_was_written(document: object) -> None:
    assert parse_canonical(canonical_bytes(document)) == document


@given(documents)
def test_a_document_in_another_form_has_no_second_digest(document: object) -> None:
    spaced = json.dumps(document, indent=1, ensure_ascii=True).encode()
    if spaced != canonical_bytes(document):
        with pytest.raises(CanonicalError):
            parse_canonical(spaced)


def test_keys_are_sorted_by_utf_16_code_units_as_the_standard_says() -> None:
    # RFC 8785, 3.2.3: U+1F600 is the surrogate pair D83D DE00 and comes before U+FB33.
    assert canonical_bytes({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"a": {"b": [1, 0.5]}}, "a.b[1]"),
        ({"a": LARGEST_INTEGER + 1}, "a"),
        ([{"x": b"bytes"}], "[0].x"),
        ({1: 2}, ""),
    ],
)
def test_what_has_no_canonical_form_is_named_by_its_path(document: object, where: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical_bytes(document)
    assert caught.value.where == where


@pytest.fixture
def generous_recursion() -> Iterator[None]:
    """The recursion limit as a library of ours leaves it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("generous_recursion")
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_brackets_alone_do_not_end_the_process(text: str) -> None:
    with pytest.raises(CanonicalError, match="nested deeper"):
        parse_json(text)


def test_brackets_inside_strings_are_no_nesting() -> None:
    text = json.dumps(["[{" * 1_000, 'a " quote and \\ a backslash ['])
    assert parse_json(text) == json.loads(text)


def test_the_deepest_document_is_read_and_one_level_more_is_not() -> None:
    deepest = "[" * DEEPEST + "]" * DEEPEST
    assert parse_json(deepest) == json.loads(deepest)
    with pytest.raises(CanonicalError):
        parse_json("[" + deepest + "]")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{", b"", b'{"a":1}garbage'])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError, match="not JSON"):
        parse_json(data)


def test_a_digest_is_sha_256_of_the_canonical_bytes() -> None:
    assert digest_of({"b": 1, "a": []}) == sha256_hex(b'{"a":[],"b":1}')

"""YAML and JSON as plain data with lines; what can surprise in YAML is refused."""

from __future__ import annotations

import json
import time

import pytest

from oracle.spec.reading.document import DEEPEST, LARGEST_BYTES, read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25", 25),
        ("-3", -3),
        ("0.01", "0.01"),
        ("1e3", "1e3"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("2026-06", "2026-06"),
        ("2026-06-01", "2026-06-01"),
        ("12:30:00", "12:30:00"),
        ("no", "no"),
        ("true", True),
        ("~", None),
        ("", None),
        ("null", None),
        ('"25"', "25"),
        ("'true'", "true"),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, "9" * 19),
        (".inf", ".inf"),
    ],
)
def test_a_scalar_is_its_source_text_unless_it_is_a_plain_whole_number(text: str, value: object) -> None:
    document = read_document(f"key: {text}\n".encode())
    assert document.findings == []
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_every_key_and_item_has_its_line() -> None:
    text = "# a comment\na:\n  b: 1\n\n  c:\n    - x\n    - y\nd: {e: [1,\n  2]}\n"
    document = read_document(text.encode())
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 5,
        ("a", "c", 0): 6,
        ("a", "c", 1): 7,
        ("d",): 8,
        ("d", "e"): 8,
        ("d", "e", 0): 8,
        ("d", "e", 1): 9,
    }
    assert document.line_of(("a", "missing", "deep")) == 2


def test_json_is_read_as_the_yaml_it_is() -> None:
    value = {"a": [1, True, None, "0.25", {"b": 'ü 😀 \\ " / \n'}], "empty": {}, "none": []}
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value, ensure_ascii=False, indent=2)):
        document = read_document(text.encode())
        assert (document.data, document.findings) == (value, [])


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_a_billion_laughs_are_refused_in_no_time() -> None:
    begin = time.perf_counter()
    document = read_document(_bomb(200).encode())
    assert time.perf_counter() - begin < 5
    assert "write the value out" in document.findings[0].remedy
    assert {finding.reason for finding in document.findings} == {"anchors and aliases are not read"}


@pytest.mark.parametrize(
    ("text", "path", "line", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", 3, "here and on line 1"),
        ("s:\n  a: 1\n  a: 1\n", "s.a", 3, "here and on line 2"),
        ("a: !!python/object/apply:os.system [ls]\n", "a", 1, "python/object/apply"),
        ("a: !secret x\n", "a", 1, "!secret"),
        ("a: &x 1\n", "a", 1, "anchors"),
        ("a: 1\n---\nb: 2\n", "", 2, "second document"),
        ("? [a, b]\n: 1\n", "", 1, "key is not a text"),
        ("a: 1\n b: 2\n", "", 2, "not YAML"),
        ("a: [1, 2\nb: 3\n", "", 2, "not YAML"),
        ("a: 'x\n", "", 2, "not YAML"),
        ("a: \x07\n", "", None, "not YAML"),
        ('a: "\\ud83d"\n', "a", 1, "half of an escaped character"),
        ("", "", 1, "empty"),
        ("# only a comment\n", "", 2, "empty"),
        ("a: " + "[" * (DEEPEST + 1), "a" + "[0]" * DEEPEST, 1, "deeper"),
    ],
)
def test_what_is_not_read_is_told_with_its_line(text: str, path: str, line: int | None, reason: str) -> None:
    found = read_document(text.encode()).findings
    assert [(finding.path, finding.line) for finding in found] == [(path, line)]
    assert reason in found[0].reason
    assert found[0].remedy


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    (found,) = read_document(b"a: 1\nb: \xff\xfe\n").findings
    assert (found.line, found.reason) == (2, "not UTF-8 text")


def test_size_and_depth_are_bounded() -> None:
    assert read_document(b"a: " + b"x" * (LARGEST_BYTES - 3)).findings == []
    assert "more than" in read_document(b"a: " + b"x" * (LARGEST_BYTES - 2)).findings[0].reason
    begin = time.perf_counter()
    assert "deeper" in read_document(b"a: " + b"[" * 60_000).findings[0].reason
    assert time.perf_counter() - begin < 5


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read_document("\ufeffa: 1\n".encode()).data == {"a": 1}


def test_the_first_of_two_equal_keys_is_kept_and_reading_goes_on() -> None:
    document = read_document(b"a: 1\na: 2\nb: 3\na: 4\n")
    assert document.data == {"a": 1, "b": 3}
    assert [finding.line for finding in document.findings] == [2, 4]

"""Whatever a file holds, reading it ends in a spec or in findings that a person can act on."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.encoding import InputRejected
from oracle.spec import JobSpec, canonical_spec, load_source, parse_canonical_spec
from oracle.spec.reading.document import read_document

ARTICLE = (Path(__file__).parents[1] / "golden" / "article-job.yaml").read_text()
LINES = ARTICLE.splitlines()
KEYS = sorted({line.split(":")[0].strip() for line in LINES})

scalars = st.one_of(
    st.sampled_from(
        ["", "~", "true", "-1", "0", "1e9", "0.5", "[]", "{}", "[1, [2]]", "{a: {b: c}}", "twenty", "2/0", "*a", "&a 1"]
    ),
    st.sampled_from(
        ["!!binary aGk=", "|", ">-", "'", '"', "%", "@", "`", "../x", "/", "a: b", "? a", "- a", "\t", "#"]
    ),
    st.text(string.printable, max_size=20),
    st.text(max_size=8),
    st.integers().map(str),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("spec")
    (home / "circuits").mkdir()
    (home / "circuits" / "optimizer.py").write_text("")
    return home


def _read(folder: Path, raw: bytes) -> JobSpec | None:
    path = folder / "job.yaml"
    path.write_bytes(raw)
    try:
        return load_source(path).spec
    except InputRejected as rejected:
        lines = raw.count(b"\n") + raw.count(b"\r") + 2
        # NEL and the Unicode separators are line ends to YAML too.
        lines += sum(raw.count(mark.encode()) for mark in "\x85\u2028\u2029")
        for finding in rejected.findings:
            assert finding.reason
            assert finding.remedy
            assert finding.line is None or 1 <= finding.line <= lines, finding
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.sampled_from([*KEYS, "alpha", "timeouts", "x"]), scalars),
        min_size=1,
        max_size=4,
    )
)
def test_a_mangled_spec_is_read_or_told_what_is_wrong(folder: Path, changes: list[tuple[int, str, str]]) -> None:
    lines = list(LINES)
    for number, key, value in changes:
        depth = len(lines[number]) - len(lines[number].lstrip())
        lines[number] = " " * depth + f"{key}: {value}"
    spec = _read(folder, "\n".join(lines).encode("utf-8", "surrogatepass"))
    if spec is not None:
        assert parse_canonical_spec(canonical_spec(spec)) == spec


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.one_of(st.binary(max_size=200), st.text("{}[]:,-?&*!|>'\"#%@` \n\tab1", max_size=60).map(str.encode)))
def test_bytes_that_are_no_spec_are_told_so(folder: Path, raw: bytes) -> None:
    assert _read(folder, raw) is None


# NEL (U+0085) ends a line in YAML, also inside quotes; JSON writers that escape keep it.
texts = st.text(st.characters(exclude_characters="\x85"), max_size=12)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), texts),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(texts, below, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 2, "\t"]))
def test_json_means_what_json_says(value: object, ascii_only: bool, indent: int | str | None) -> None:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        raw = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which is no text
        return
    document = read_document(raw)
    if any(finding.reason.startswith(("not YAML", "half of")) for finding in document.findings):
        # YAML takes no control characters, not even in quotes, and half a character is none in JSON either.
        assert any(not (char.isprintable() or char in "\n\t") for char in text) or "\\ud" in text
        return
    assert document.findings == []
    assert document.data == value

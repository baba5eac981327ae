"""The bytes of verdict documents are pinned: validators on other versions must sign the same ones."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oracle.encoding import sha256_hex
from oracle.statistics import GUARDS, METHODS, Baseline
from oracle.verdict import DocumentRejected, Reason, VerdictDocument, decide, sentence

ROOT = Path(__file__).parents[3]
_FILES = [
    json.loads((ROOT / "tests" / "golden" / name).read_text())
    for name in ("verdict_documents.json", "verdict_observables.json", "verdict_collisions.json")
]
GOLDEN = {
    "baselines": {name: text for file in _FILES for name, text in file["baselines"].items()},
    "cases": [case for file in _FILES for case in file["cases"]],
}
_SPEC = importlib.util.spec_from_file_location("golden_verdicts", ROOT / "scripts" / "golden" / "golden_verdicts.py")
assert _SPEC is not None
assert _SPEC.loader is not None
golden_verdicts = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(golden_verdicts)

NOISES = json.loads((ROOT / "tests" / "golden" / "verdict_noises.json").read_text())
BASELINES = {
    name: Baseline.from_bytes(text.encode()) for name, text in (GOLDEN["baselines"] | NOISES["baselines"]).items()
}
CASES = pytest.mark.parametrize("case", GOLDEN["cases"] + NOISES["cases"], ids=lambda case: case["name"])


@CASES
def test_a_document_keeps_its_bytes(case: dict[str, Any]) -> None:
    document = decide(golden_verdicts.case_of(case, BASELINES))
    assert document.to_bytes().decode() == case["document"]
    assert document.digest == case["digest"] == sha256_hex(case["document"].encode())


@CASES
def test_a_document_is_read_back_whole(case: dict[str, Any]) -> None:
    document = VerdictDocument.from_bytes(case["document"].encode())
    assert document.to_bytes().decode() == case["document"]
    assert all(sentence(code) for code in document.reason_codes)


@CASES
def test_a_document_holds_no_float_and_no_large_integer(case: dict[str, Any]) -> None:
    def floats(text: str) -> float:
        raise AssertionError(f"a float: {text}")

    def numbers(text: str) -> int:
        assert abs(int(text)) <= 2**53
        return int(text)

    json.loads(case["document"], parse_float=floats, parse_int=numbers, parse_constant=floats)


def test_every_outcome_and_every_reason_is_pinned() -> None:
    documents = [json.loads(case["document"]) for case in GOLDEN["cases"]]
    assert {document["outcome"] for document in documents} == {"accept", "reject", "inconclusive"}
    codes = {code.partition(":")[0] for document in documents for code in document["reason_codes"]}
    assert codes == {reason.value for reason in Reason}


def test_every_method_and_guard_is_pinned_on_both_sides_of_its_bound() -> None:
    decided: dict[str, set[str]] = {}
    for case in GOLDEN["cases"] + NOISES["cases"]:
        document = json.loads(case["document"])
        for finding in document["certificates"] + document.get("guards", []):
            decided.setdefault(finding["method"], set()).add(finding["decision"])
    assert set(decided) == {*METHODS, *GUARDS}
    assert all(decided[name] >= {"accept", "reject"} for name in METHODS)
    assert all(decided[name] >= {"neither", "reject"} for name in GUARDS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"outcome":"reject"', '"outcome":"maybe"'),
        ('"outcome":"reject"', '"outcome":"silence","says":"more"'),
        ('"round":0', '"round":0.0'),
        ('"round":0', '"round":0,"surplus":1'),
        ('"schema":"verdict/1"', '"schema":"verdict/2"'),
        ('"seed":null', '"seed":7'),
        ('"alpha":"1/100"', '"alpha":"2/200"'),
        ('"policy_hash":"0x', '"policy_hash":"0X'),
        ('"at_least"', '"at_best"'),
        ('"decision":"reject"', '"decision":"perhaps"'),
        ('{"b', '{ "b'),
    ],
)
def test_a_document_with_one_change_is_no_document(before: str, after: str) -> None:
    text = next(case["document"] for case in GOLDEN["cases"] if case["name"].startswith("a uniform worker"))
    assert before in text
    with pytest.raises(DocumentRejected):
        VerdictDocument.from_bytes(text.replace(before, after, 1).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"schema":"verdict/1"}', b"\xff", b"{}"])
def test_other_bytes_are_no_document(data: bytes) -> None:
    with pytest.raises(DocumentRejected):
        VerdictDocument.from_bytes(data)


def test_deciding_again_in_another_process_and_hash_seed_changes_nothing() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "golden" / "golden_verdicts.py"), "--check"]
    done = subprocess.run(
        script, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "12345"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

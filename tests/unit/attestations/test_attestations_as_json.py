"""Attestations as they are exchanged: read back whole, and refused with one change."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from oracle.encoding import sha256_hex
from oracle.terms.typed_data import Outcome, Verdict
from oracle.verdict import Attestation, AttestationRejected

VERDICT = Verdict(sha256_hex(b"job"), 3, sha256_hex(b"result"), Outcome.ACCEPT, 2**100, sha256_hex(b"document"))
ATTESTATION = Attestation(
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", VERDICT, VERDICT.evidence_hash, "0x" + "ab" * 64 + "1b"
)


def test_an_attestation_is_read_back_whole() -> None:
    text = json.dumps(ATTESTATION.to_json())
    assert Attestation.from_json(json.loads(text)) == ATTESTATION


def changes() -> list[tuple[tuple[str, ...], Any]]:
    upper = sha256_hex(b"x").upper()
    return [
        (("schema",), "attestation/2"),
        (("validator",), ATTESTATION.validator.lower()),
        (("validator",), 5),
        (("document",), upper),
        (("document",), None),
        (("signature",), "0x" + "ab" * 64),
        (("signature",), "0x" + "AB" * 64 + "1b"),
        (("signature",), ["ab"]),
        (("surplus",), 1),
        (("verdict",), []),
        (("verdict", "surplus"), 1),
        (("verdict", "job"), "0x12"),
        (("verdict", "result_hash"), 7),
        (("verdict", "evidence_hash"), upper),
        (("verdict", "round"), 256),
        (("verdict", "round"), True),
        (("verdict", "round"), "3"),
        (("verdict", "outcome"), 4),
        (("verdict", "outcome"), 0),
        (("verdict", "outcome"), True),
        (("verdict", "worker_amount"), 5),
        (("verdict", "worker_amount"), "-5"),
        (("verdict", "worker_amount"), "05"),
        (("verdict", "worker_amount"), str(2**128)),
        (("verdict", "worker_amount"), "1" * 5000),
    ]


@pytest.mark.parametrize(("path", "value"), changes())
def test_an_attestation_with_one_change_is_refused(path: tuple[str, ...], value: Any) -> None:
    document: dict[str, Any] = copy.deepcopy(ATTESTATION.to_json())
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(AttestationRejected):
        Attestation.from_json(document)


@pytest.mark.parametrize("name", ["schema", "validator", "verdict", "document", "signature"])
def test_an_attestation_without_a_member_is_refused(name: str) -> None:
    document = ATTESTATION.to_json()
    del document[name]
    with pytest.raises(AttestationRejected):
        Attestation.from_json(document)


@pytest.mark.parametrize("value", [None, [], "text", 5, {}])
def test_other_json_is_refused(value: object) -> None:
    with pytest.raises(AttestationRejected):
        Attestation.from_json(value)

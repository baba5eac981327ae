"""The bundle of a job that has not ended, or of which something is lost: it is made all the same, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from forgeries import verified

from oracle.chain.errors import ChainDown
from oracle.evidence.checks import CheckResult
from router.control.operating.explaining.bundling import bundle_of

UNTOUCHED = {"terms", "receipts", "verdict", "signatures", "quorum", "payment", "causes"}
"""What a job that was simulated alone has nothing of."""


def results(data: bytes) -> dict[str, CheckResult]:
    return {check.name: check.result for check in verified(data).checks}


def test_a_simulated_job_has_evidence_of_its_simulation_and_of_nothing_else(desk: Any) -> None:
    data, missing = bundle_of(desk.opened, desk.simulated())
    assert missing == ()
    found = results(data)
    assert {name for name, result in found.items() if result is CheckResult.NOTHING} == UNTOUCHED
    assert {result for name, result in found.items() if name not in UNTOUCHED} == {CheckResult.HOLDS}


def test_the_same_record_gives_the_same_bytes(desk: Any) -> None:
    job = desk.promoted().job
    assert bundle_of(desk.opened, job) == bundle_of(desk.opened, job)


def test_a_promoted_job_has_terms_that_its_id_follows_from(desk: Any) -> None:
    data, missing = bundle_of(desk.opened, desk.promoted().job)
    found = results(data)
    assert missing == ()
    assert found["terms"] is found["spec"] is found["record"] is CheckResult.HOLDS
    assert CheckResult.FAILS not in found.values()


def test_a_damaged_and_a_lost_artifact_are_named_with_what_became_of_them(desk: Any) -> None:
    record = desk.promoted()
    objects = desk.opened.home.artifacts / "objects"
    (objects / record.baseline_root[2:4] / record.baseline_root[4:]).write_bytes(b"damaged")
    (objects / record.circuit[2:4] / record.circuit[4:]).unlink()
    data, missing = bundle_of(desk.opened, record.job)
    told = {each.name: each.reason for each in missing}
    assert told[record.circuit] == "it is not in the artifact store"
    assert told[record.baseline_root].startswith("it is damaged in the artifact store: it hashes to 0x")
    found = results(data)
    assert {name for name, result in found.items() if result is CheckResult.OPEN} == {"manifest", "baseline"}
    assert CheckResult.FAILS not in found.values()


def test_a_chain_that_cannot_be_asked_leaves_the_receipts_open(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record = desk.locked()

    def down(*_: object, **__: object) -> None:
        raise ChainDown("http://127.0.0.1:1", "it is not there")

    monkeypatch.setattr(desk.chain, "events", down)
    data, missing = bundle_of(desk.opened, record.job)
    assert {each.sort for each in missing} == {"transaction"}
    report = verified(data)
    assert not report.failed
    assert {check.name for check in report.open} == {"manifest", "receipts", "causes"}

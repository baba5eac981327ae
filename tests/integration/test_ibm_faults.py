"""The real IBM client against a server that misbehaves: what is lost, doubled, late, or wrong."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.ibm_emulator import CRN, DEVICE, Emulator, serving

from router.providers.ibm import IbmProvider
from router.providers.ibm_account import AccountFile
from router.providers.protocol import (
    JobState,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ResultUnusable,
    Work,
)

ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];'
SUBMIT = "/api/v1/jobs$"


def work(tag: str) -> Work:
    return Work(tag, ONE, 50, DEVICE)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with serving() as running:
        yield running


@pytest.fixture
def path(emulator: Emulator, tmp_path: Path) -> Path:
    file = tmp_path / "credentials" / "ibm.json"
    file.parent.mkdir()
    write_account(file, emulator, "good-token")
    return file


def write_account(path: Path, emulator: Emulator, token: str) -> None:
    urls = {"api_url": f"{emulator.base}/api/v1", "iam_url": emulator.base, "search_url": emulator.base}
    path.write_text(json.dumps({"token": token, "instance": CRN, "catalog_url": f"{emulator.base}/catalog", **urls}))
    path.chmod(0o600)


@pytest.fixture
def ibm(path: Path, tmp_path: Path) -> IbmProvider:
    return IbmProvider(AccountFile(path), tmp_path / "records", timeout_s=30)


def refused(call: Callable[[], object]) -> ProviderUnavailable:
    with pytest.raises(ProviderUnavailable) as caught:
        call()
    assert caught.value.retryable
    return caught.value


def test_an_answer_that_is_lost_leaves_one_job_and_its_reference(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.fault(SUBMIT, "POST", lose_answer=True)
    ref = ibm.submit(work("lost"))
    assert [job.id for job in emulator.jobs.values()] == [ref.provider_job]


def test_a_submission_that_the_client_doubles_is_settled_on_the_oldest(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.eager = False
    emulator.fault(SUBMIT, "POST", fail_after=True, status=500)
    ref = ibm.submit(work("doubled"))
    first, second = emulator.jobs.values()
    assert ref.provider_job == first.id
    assert (first.status, second.status) == ("Queued", "Cancelled")
    assert ibm.submit(work("doubled")) == ref
    assert len(emulator.jobs) == 2


def test_too_many_requests_is_not_a_job_and_may_be_tried_again(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.fault(SUBMIT, "POST", status=429)
    error = refused(lambda: ibm.submit(work("busy")))
    assert error.retry_after_s is not None
    assert not emulator.jobs
    ibm.submit(work("busy"))
    assert len(emulator.jobs) == 1


def test_a_submission_that_hangs_is_bounded_and_not_made_twice_meanwhile(
    path: Path, tmp_path: Path, emulator: Emulator
) -> None:
    ibm = IbmProvider(AccountFile(path), tmp_path / "records", timeout_s=30)
    ibm.capabilities()  # connected
    ibm.timeout_s = 3
    emulator.fault(SUBMIT, "POST", hang_s=8)
    begun = time.monotonic()
    assert "did not answer" in str(refused(lambda: ibm.submit(work("hangs"))))
    assert time.monotonic() - begun < 20
    assert "earlier submission" in str(refused(lambda: ibm.submit(work("hangs"))))
    deadline = time.monotonic() + 20
    while not emulator.jobs:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    found = ibm.find("hangs", DEVICE)
    assert found is not None
    assert ibm.submit(work("hangs")) == found
    assert len(emulator.jobs) == 1


def test_a_server_that_never_answers_the_first_question_is_bounded_too(
    path: Path, tmp_path: Path, emulator: Emulator
) -> None:
    emulator.fault("/backends$", hang_s=6)
    begun = time.monotonic()
    ibm = IbmProvider(AccountFile(path), tmp_path / "records", timeout_s=2)
    refused(ibm.capabilities)
    assert time.monotonic() - begun < 15


def test_an_answer_that_is_not_json_is_unavailability(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(work("garbage"))
    emulator.fault("/api/v1/jobs/[^/]+$", garbage=True)
    assert "not JSON" in str(refused(lambda: ibm.status(ref)))
    assert ibm.status(ref).state is JobState.COMPLETED


def test_a_request_that_ibm_rejects_is_not_tried_again(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(work("down"))
    emulator.fault("/api/v1/jobs/[^/]+$", status=400, message="no")
    with pytest.raises(ProviderRefused, match="400") as caught:
        ibm.status(ref)
    assert not caught.value.retryable


def test_a_failed_job_says_why_and_has_no_result(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.fail_reason = "Internal calibration error"
    ref = ibm.submit(work("fails"))
    status = ibm.status(ref)
    assert status.state is JobState.FAILED
    assert "calibration error" in status.reason
    with pytest.raises(ResultUnusable, match="calibration error"):
        ibm.result(ref)


def test_a_device_in_maintenance_gets_no_job(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.device_status = {"state": True, "status": "maintenance"}
    assert "maintenance" in str(refused(lambda: ibm.submit(work("closed"))))
    assert not emulator.jobs


def test_an_instance_without_time_left_gets_no_job(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.usage_limit_reached = True
    assert "used up" in str(refused(lambda: ibm.submit(work("spent"))))
    assert not emulator.jobs


def test_a_server_that_ignores_the_tag_lends_us_no_foreign_job(ibm: IbmProvider, emulator: Emulator) -> None:
    ibm.submit(work("mine"))
    emulator.ignore_tag_filter = True
    assert ibm.find("yours", DEVICE) is None


def test_a_token_that_is_not_accepted_is_not_repeated(path: Path, ibm: IbmProvider, emulator: Emulator) -> None:
    write_account(path, emulator, "a-revoked-and-secret-token")
    with pytest.raises(ProviderError) as caught:
        ibm.capabilities()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(ibm)
    assert "a-revoked-and-secret-token" not in shown
    assert "credentials" in str(caught.value)


def test_credentials_are_rotated_without_a_new_adapter(path: Path, ibm: IbmProvider, emulator: Emulator) -> None:
    ibm.submit(work("before"))
    emulator.api_keys = {"rotated-token"}
    write_account(path, emulator, "rotated-token")
    asked_before = emulator.requests.count("POST /identity/token")
    assert ibm.find("before", DEVICE) is not None
    assert emulator.requests.count("POST /identity/token") > asked_before


def test_a_credentials_file_that_others_may_read_is_not_used(path: Path, ibm: IbmProvider, emulator: Emulator) -> None:
    path.chmod(0o644)
    assert "chmod 600" in str(refused(ibm.capabilities))
    assert not emulator.requests


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "not json",
        '{"token": "t"}',
        '{"token": "t", "instance": "i", "surprise": "s"}',
        '{"token": 1, "instance": "i"}',
    ],
)
def test_a_credentials_file_that_is_none_says_what_belongs_there(path: Path, ibm: IbmProvider, content: str) -> None:
    path.write_text(content)
    assert str(path) in str(refused(ibm.capabilities))


def test_no_credentials_says_where_they_go(path: Path, ibm: IbmProvider) -> None:
    path.unlink()
    assert str(path) in str(refused(ibm.capabilities))


def test_a_job_submitted_elsewhere_still_has_a_result(path: Path, ibm: IbmProvider, tmp_path: Path) -> None:
    ref = ibm.submit(work("moved"))
    elsewhere = IbmProvider(AccountFile(path), tmp_path / "other", timeout_s=30)
    result = elsewhere.result(ref)
    assert result.shots.counts() == {1: 50}
    assert result.isa_qasm3 == ""
    assert "elsewhere" in result.transpilation

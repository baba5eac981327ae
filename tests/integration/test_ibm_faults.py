"""The real IBM client against a server that misbehaves: what is lost, doubled, late, or wrong."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from integration.ibm_emulator import CRN, DEVICE, Emulator, serving

from router.protocol.providing import (
    JobState,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ResultUnusable,
    Work,
)
from router.worker.credentials.ibm_account import AccountFile
from router.worker.providers.ibm import IbmProvider

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


def posts(emulator: Emulator) -> int:
    return emulator.requests.count("POST /api/v1/jobs")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_submission_that_was_served_and_answered_as_a_failure_is_one_job(
    ibm: IbmProvider, emulator: Emulator, status: int
) -> None:
    """The client repeats such a POST by itself, and both jobs may run before one can be cancelled."""
    emulator.fault(SUBMIT, "POST", fail_after=True, status=status)
    ref = ibm.submit(work("served"))
    assert [job.id for job in emulator.jobs.values()] == [ref.provider_job]
    assert posts(emulator) == 1
    assert ibm.submit(work("served")) == ref


def test_a_submission_that_may_have_been_served_is_not_made_again_before_it_can_be_listed(
    path: Path, ibm: IbmProvider, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.fault(SUBMIT, "POST", fail_after=True, status=500)
    emulator.unlisted = 3
    refused(lambda: ibm.submit(work("slow-index")))
    restarted = IbmProvider(AccountFile(path), tmp_path / "records", timeout_s=30)
    waits = refused(lambda: restarted.submit(work("slow-index")))
    assert "may have been served" in str(waits)
    assert waits.retry_after_s is not None
    assert 0 < waits.retry_after_s <= 5
    assert emulator.unlisted == 0
    assert restarted.submit(work("slow-index")).provider_job == next(iter(emulator.jobs))
    assert posts(emulator) == 1


def test_a_submission_that_was_not_served_is_made_again_once_it_would_be_listed(
    ibm: IbmProvider, emulator: Emulator
) -> None:
    ibm.unlisted_s = 1.0
    emulator.fault(SUBMIT, "POST", status=500)
    refused(lambda: ibm.submit(work("lost")))
    assert "may have been served" in str(refused(lambda: ibm.submit(work("lost"))))
    assert not emulator.jobs
    time.sleep(1.0)
    ibm.submit(work("lost"))
    assert len(emulator.jobs) == 1
    assert posts(emulator) == 2


def test_a_job_that_is_listed_after_it_was_made_again_is_cancelled(ibm: IbmProvider, emulator: Emulator) -> None:
    """The list of jobs lagged for longer than anybody waits: two jobs stand, and one runs."""
    emulator.eager, emulator.unlisted, ibm.unlisted_s = False, 99, 0.2
    emulator.fault(SUBMIT, "POST", fail_after=True, status=500)
    refused(lambda: ibm.submit(work("lagging")))
    time.sleep(0.3)
    ref = ibm.submit(work("lagging"))
    first, second = emulator.jobs.values()
    assert ref.provider_job == second.id
    emulator.unlisted = 0
    assert ibm.status(ref).state is JobState.QUEUED
    assert (first.status, second.status) == ("Cancelled", "Queued")


def test_of_two_jobs_with_one_tag_the_oldest_counts_and_the_other_is_cancelled(
    ibm: IbmProvider, emulator: Emulator
) -> None:
    emulator.eager = False
    ref = ibm.submit(work("doubled"))
    first = emulator.jobs[ref.provider_job]
    second = emulator.submit(first.raw)
    assert ibm.find("doubled", DEVICE) == ref
    assert (first.status, second.status) == ("Queued", "Cancelled")
    cancels = sum("/cancel" in request for request in emulator.requests)
    assert ibm.submit(work("doubled")) == ref
    assert sum("/cancel" in request for request in emulator.requests) == cancels, "what is cancelled is left alone"
    third = emulator.submit(first.raw)
    emulator.fault("/cancel$", "POST", status=403, message="not yours")
    assert ibm.find("doubled", DEVICE) == ref, "the job itself is none the worse"
    assert third.status == "Queued"


def test_a_job_that_is_listed_twice_is_not_cancelled_as_its_own_double(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.eager = False
    ref = ibm.submit(work("twice"))
    emulator.stated_count, emulator.ignores_offset = 2, True
    assert ibm.find("twice", DEVICE) == ref
    assert emulator.jobs[ref.provider_job].status == "Queued"


def test_too_many_requests_is_not_a_job_and_may_be_tried_again(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.fault(SUBMIT, "POST", status=429)
    error = refused(lambda: ibm.submit(work("busy")))
    assert error.retry_after_s is not None
    assert not emulator.jobs
    ibm.submit(work("busy"))
    assert len(emulator.jobs) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("37", 30, 37),
        ("http-date", 30, 40),
        ("a while", 0.1, 1),
        ("-5", 0.1, 1),
        ("99999999", 3500, 3600),
        (None, 0.1, 1),
    ],
)
def test_a_provider_that_asks_for_fewer_requests_gets_none_until_then(
    ibm: IbmProvider, emulator: Emulator, header: str | None, least: float, most: float
) -> None:
    ref = ibm.submit(work("busy"))
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    header = date if header == "http-date" else header
    emulator.fault("/api/v1/", times=99, status=429, headers={} if header is None else {"Retry-After": header})
    asked = len(emulator.requests)
    error = refused(lambda: ibm.status(ref))
    assert len(emulator.requests) == asked + 1, "the client does not repeat it either"
    assert error.retry_after_s is not None
    assert least <= error.retry_after_s <= most
    for call in (lambda: ibm.status(ref), lambda: ibm.find("busy", DEVICE), lambda: ibm.cancel(ref), ibm.capabilities):
        if most > 1:
            refused(call)
    assert len(emulator.requests) == asked + 1


def test_refusals_without_a_time_are_answered_by_longer_and_longer_pauses(ibm: IbmProvider, emulator: Emulator) -> None:
    """Looks every 20 ms for 4 s under 429: a pause of 1 s, one of 2 s, and so on, not a request a look."""
    ref = ibm.submit(work("busy"))
    emulator.fault("/api/v1/", times=999, status=429)
    asked, end = len(emulator.requests), time.monotonic() + 4
    while time.monotonic() < end:
        refused(lambda: ibm.status(ref))
        time.sleep(0.02)
    assert len(emulator.requests) - asked <= 3
    emulator.faults.clear()
    time.sleep(ibm._link.pace.left_s())
    assert ibm.status(ref).state is JobState.COMPLETED


def test_a_device_is_not_gone_because_the_server_is_busy(ibm: IbmProvider, emulator: Emulator) -> None:
    """The client tells every failure to read a device's configuration as a device that is not there."""
    assert not isinstance(refused(lambda: _with(emulator, ibm, 429)), ProviderRefused)
    time.sleep(ibm._link.pace.left_s())
    assert not isinstance(refused(lambda: _with(emulator, ibm, 503)), ProviderRefused)
    assert ibm.submit(work("patient")).target == DEVICE


def _with(emulator: Emulator, ibm: IbmProvider, status: int) -> object:
    emulator.faults.clear()
    emulator.fault("/configuration$|/backends$", times=3, status=status)
    return ibm.submit(work("patient"))


def test_a_list_whose_length_is_stated_wrongly_is_not_paged_for_ever(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(work("listed"))
    emulator.stated_count, emulator.ignores_offset = 3, True
    assert ibm.find("listed", DEVICE) == ref
    emulator.ignores_offset = False
    asked = len(emulator.requests)
    refused(lambda: ibm.find("listed", DEVICE))
    time.sleep(0.5)
    assert len(emulator.requests) - asked <= 65


def test_devices_and_queues_are_asked_for_once_for_many_gates(ibm: IbmProvider, emulator: Emulator) -> None:
    ibm.capabilities()
    ibm.estimate(work("first"))
    asked = len(emulator.requests)
    for _ in range(10):
        assert ibm.capabilities()
        assert ibm.estimate(work("again")).pending_jobs == 0
    assert len(emulator.requests) == asked


def test_the_time_on_the_device_is_bounded_and_the_receipt_says_so(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(replace(work("bounded"), max_seconds=17))
    assert emulator.jobs[ref.provider_job].raw["cost"] == 17, "the field of IBM's API for max_execution_time"
    receipt = ibm.result(ref).receipt
    assert receipt.max_seconds == 17
    assert receipt.to_json()["max_seconds"] == 17
    longest = ibm.submit(replace(work("longest"), max_seconds=10**6))
    assert emulator.jobs[longest.provider_job].raw["cost"] == 10_800, "IBM takes no more than three hours"
    with pytest.raises(ProviderRefused, match="no time"):
        replace(work("none"), max_seconds=0)


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


@pytest.mark.parametrize("status", [404, 503])
def test_a_device_whose_properties_cannot_be_had_gets_no_job_yet(
    ibm: IbmProvider, emulator: Emulator, status: int
) -> None:
    """The client fetches them in the middle of a transpilation."""
    emulator.fault("/properties$", times=3, status=status)
    refused(lambda: ibm.submit(work("unknown-device")))
    emulator.faults.clear()
    ibm.submit(work("unknown-device"))
    assert len(emulator.jobs) == 1


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


def test_a_token_that_is_replaced_while_it_is_refused_is_not_repeated(
    path: Path, ibm: IbmProvider, emulator: Emulator
) -> None:
    emulator.api_keys = {"old-and-secret-token", "rotated-token"}
    write_account(path, emulator, "old-and-secret-token")
    ref = ibm.submit(work("rotated"))
    emulator.fault("/api/v1/jobs/[^/]+$", hang_s=1, status=403, message="old-and-secret-token may not see this")
    asked = len(emulator.requests)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ibm.status, ref)
        while len(emulator.requests) == asked:
            time.sleep(0.01)
        write_account(path, emulator, "rotated-token")
        error = answer.exception(30)
    assert isinstance(error, ProviderRefused)
    assert "may not see this" in str(error)
    assert "old-and-secret-token" not in "".join(traceback.format_exception(error)) + repr(error)
    assert ibm.status(ref).state is JobState.COMPLETED, "the new one is used at once"


def test_a_look_that_hangs_keeps_nobody_waiting_for_long(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(work("looked-at"))
    ibm.look_s = 0.5
    emulator.fault("/api/v1/jobs/[^/]+$", times=99, hang_s=3)
    begun = time.monotonic()
    assert "did not answer" in str(refused(lambda: ibm.status(ref)))
    for _ in range(5):
        assert refused(lambda: ibm.status(ref)).retry_after_s is not None
    assert time.monotonic() - begun < 2, "the first look waited, and the others did not ask"


def test_a_server_that_is_down_says_when_to_ask_again(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = ibm.submit(work("down"))
    emulator.fault("/api/v1/jobs/[^/]+$", times=3, status=502)
    assert (refused(lambda: ibm.status(ref)).retry_after_s or 0) >= 5
    assert ibm.status(ref).state is JobState.COMPLETED


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

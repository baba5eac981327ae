"""How a run at IBM ends, through the real client: what is late is waited for, and not for ever; what is told is so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from integration.ibm_emulator import CRN, DEVICE, FINAL, PENDING, Emulator, serving

from router.protocol.providing import JobLost, JobState, ProviderUnavailable, Reference, ResultUnusable, Work
from router.worker.credentials.ibm_account import AccountFile
from router.worker.providers.ibm import IbmProvider

ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];'
RESULTS = "/results$"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, IbmProvider]]:
    root = tmp_path_factory.mktemp("ibm")
    with serving() as emulator:
        urls = {"api_url": f"{emulator.base}/api/v1", "iam_url": emulator.base, "search_url": emulator.base}
        account = {"token": "good-token", "instance": CRN, "catalog_url": f"{emulator.base}/catalog", **urls}
        path = root / "ibm.json"
        path.write_text(json.dumps(account))
        path.chmod(0o600)
        yield emulator, IbmProvider(AccountFile(path), root / "records", timeout_s=30)


@pytest.fixture
def emulator(bench: tuple[Emulator, IbmProvider]) -> Iterator[Emulator]:
    emulator = bench[0]
    yield emulator
    emulator.faults.clear()
    emulator.usage, emulator.eager, emulator.ends_as, emulator.stops_after = dict(FINAL), True, "Cancelled", 0


@pytest.fixture
def ibm(bench: tuple[Emulator, IbmProvider]) -> IbmProvider:
    bench[1].patience_s, bench[1].usage_wait_s = 300.0, 60.0
    return bench[1]


@pytest.fixture
def ref(ibm: IbmProvider, emulator: Emulator, request: pytest.FixtureRequest) -> Reference:
    """A run that has ended."""
    del emulator
    return ibm.submit(Work(f"t{abs(hash(request.node.name))}", ONE, 50, DEVICE))


def waits(call: Callable[[], object]) -> ProviderUnavailable:
    with pytest.raises(ProviderUnavailable) as caught:
        call()
    assert caught.value.retry_after_s is not None
    return caught.value


NOT_FINAL: list[Any] = [
    PENDING,
    {"qpu_charge_time_seconds": 0, "status": "pending"},
    {"qpu_charge_time_seconds": 1.5, "status": "pending"},
    {"quantum_seconds": 0},
    {"qpu_charge_time_seconds": None, "status": "final"},
    {"qpu_charge_time_seconds": "NaN", "status": "final"},
    {"qpu_charge_time_seconds": -1, "status": "final"},
    {},
    None,
    [],
]


@pytest.mark.parametrize("usage", NOT_FINAL, ids=str)
def test_a_usage_that_is_not_final_is_waited_for_and_never_zero(
    ibm: IbmProvider, emulator: Emulator, ref: Reference, usage: Any
) -> None:
    emulator.usage = usage
    assert ibm.status(ref).state is JobState.COMPLETED
    assert "usage" in str(waits(lambda: ibm.result(ref)))
    emulator.usage = dict(FINAL)
    receipt = ibm.result(ref).receipt
    assert (receipt.seconds, receipt.to_json()["usage"]) == ("2.5", "final")


def test_a_usage_that_stays_pending_is_told_as_pending(ibm: IbmProvider, emulator: Emulator, ref: Reference) -> None:
    emulator.usage = PENDING
    waits(lambda: ibm.result(ref))
    ibm.usage_wait_s = 0.0
    told = ibm.result(ref).receipt
    assert told.seconds is None
    assert told.to_json()["seconds"] is None
    assert told.to_json()["usage"] == "pending"


def test_a_delivery_that_is_nearly_due_does_not_wait_for_its_papers(ibm: IbmProvider, emulator: Emulator) -> None:
    now = int(time.time())
    patient = ibm.submit(Work("patient", ONE, 50, DEVICE, deliver_by=now + 3600))
    due = ibm.submit(Work("due", ONE, 50, DEVICE, deliver_by=now + 60))
    emulator.usage = PENDING
    emulator.fault("/properties$", times=99, status=404)
    waits(lambda: ibm.result(patient))
    result = ibm.result(due)
    assert (result.receipt.seconds, result.calibration) == (None, None)
    assert result.shots.count == 50


def test_a_final_usage_of_nothing_is_nothing(ibm: IbmProvider, emulator: Emulator, ref: Reference) -> None:
    emulator.usage = FINAL | {"qpu_charge_time_seconds": 0}
    assert ibm.result(ref).receipt.seconds == "0"


def test_metrics_that_cannot_be_had_do_not_hold_the_result_for_ever(
    ibm: IbmProvider, emulator: Emulator, ref: Reference
) -> None:
    emulator.fault("/metrics$", times=99, status=404)
    waits(lambda: ibm.result(ref))
    ibm.usage_wait_s = ibm.patience_s = 0.0
    result = ibm.result(ref)
    assert result.shots.count == 50
    assert result.receipt.seconds is None


@pytest.mark.parametrize(
    "how",
    [{"keep": 0.5}, {"keep": 0.0}, {"garbage": True}, {"body": "[]"}, {"body": "null"}, {"status": 404}],
    ids=["half", "nothing", "HTML", "a list", "null", "not there"],
)
def test_a_result_that_cannot_be_read_is_waited_for_and_then_of_no_use(
    ibm: IbmProvider, emulator: Emulator, ref: Reference, how: dict[str, Any]
) -> None:
    emulator.fault(RESULTS, times=1, **how)
    assert "given up" in str(waits(lambda: ibm.result(ref)))
    assert ibm.result(ref).shots.counts() == {1: 50}, "it was for a while"
    emulator.fault(RESULTS, times=99, **how)
    waits(lambda: ibm.result(ref))
    ibm.patience_s = 0.0
    with pytest.raises(ResultUnusable, match=ref.provider_job) as caught:
        ibm.result(ref)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_server_that_is_down_is_no_result_of_no_use(ibm: IbmProvider, emulator: Emulator, ref: Reference) -> None:
    ibm.patience_s = 0.0
    emulator.fault(RESULTS, times=6, status=503)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            ibm.result(ref)
    assert ibm.result(ref).shots.count == 50


def test_fewer_shots_than_were_ordered_are_not_delivered(ibm: IbmProvider, emulator: Emulator, ref: Reference) -> None:
    other = ibm.submit(Work("t-thirty", ONE, 30, DEVICE))
    emulator.jobs[ref.provider_job].result = emulator.jobs[other.provider_job].result
    assert "30 shots of 50" in str(waits(lambda: ibm.result(ref)))
    ibm.patience_s = 0.0
    with pytest.raises(ResultUnusable, match="30 shots of 50"):
        ibm.result(ref)


def test_a_job_that_vanished_is_looked_for_a_while_over_restarts_and_then_lost(
    ibm: IbmProvider, emulator: Emulator, ref: Reference
) -> None:
    job = emulator.jobs.pop(ref.provider_job)
    for call in (ibm.status, ibm.result, ibm.cancel):
        assert "has had no job" in str(waits(lambda call=call: call(ref)))  # type: ignore[misc]
    emulator.jobs[ref.provider_job] = job
    assert ibm.status(ref).state is JobState.COMPLETED, "it came back"
    del emulator.jobs[ref.provider_job]
    waits(lambda: ibm.status(ref))
    restarted = IbmProvider(ibm.credentials, ibm.records, timeout_s=30, patience_s=0.0)
    with pytest.raises(JobLost, match="vanished") as caught:
        restarted.status(ref)
    assert caught.value.remedy


def test_a_damaged_record_of_ours_costs_the_papers_and_not_the_result(
    ibm: IbmProvider, emulator: Emulator, ref: Reference
) -> None:
    del emulator
    for file in ibm.records.rglob("*.json"):
        file.write_bytes(b"\x00 no JSON")
    result = ibm.result(ref)
    assert result.shots.counts() == {1: 50}
    assert result.isa_qasm3 == ""
    for file in ibm.records.rglob("*.json"):
        file.write_bytes(b"[]")
    assert ibm.result(ref).shots.count == 50
    assert ibm.status(ref).state is JobState.COMPLETED


def running(ibm: IbmProvider, emulator: Emulator, tag: str) -> Reference:
    emulator.eager = False
    ref = ibm.submit(Work(tag, ONE, 50, DEVICE))
    emulator.start(emulator.jobs[ref.provider_job])
    return ref


@pytest.mark.parametrize(
    ("ends_as", "stopped", "state"),
    [
        ("Cancelled", True, JobState.CANCELLED),
        ("Completed", False, JobState.COMPLETED),
        ("Failed", False, JobState.FAILED),
    ],
)
def test_a_cancelled_run_is_told_as_it_ended(
    ibm: IbmProvider, emulator: Emulator, ends_as: str, stopped: bool, state: JobState
) -> None:
    ref = running(ibm, emulator, f"stop-{ends_as}")
    emulator.ends_as, emulator.stops_after = ends_as, 2
    assert "still running" in str(waits(lambda: ibm.cancel(ref)))
    assert ibm.status(ref).state in (JobState.RUNNING, state)
    for _ in range(5):
        if ibm.status(ref).state.ended:
            break
    assert ibm.cancel(ref) is stopped
    assert ibm.status(ref).state is state
    if state is JobState.COMPLETED:
        assert ibm.result(ref).shots.count == 50


def test_a_run_that_took_too_long_has_failed(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = running(ibm, emulator, "too-long")
    emulator.jobs[ref.provider_job].status = "Cancelled - Ran too long"
    assert ibm.status(ref).state is JobState.FAILED
    assert ibm.cancel(ref) is False


def test_a_status_that_nobody_knows_is_no_end(ibm: IbmProvider, emulator: Emulator) -> None:
    ref = running(ibm, emulator, "strange")
    emulator.jobs[ref.provider_job].status = "Meditating"
    with pytest.raises(ProviderUnavailable, match="MEDITATING"):
        ibm.status(ref)


def test_a_queue_is_not_polled_as_a_folder_is(ibm: IbmProvider, emulator: Emulator) -> None:
    emulator.eager = False
    queued = ibm.status(ibm.submit(Work("queued", ONE, 50, DEVICE)))
    assert queued.look_again_s is not None
    assert queued.look_again_s >= 10

"""The device's folder: what is damaged in it holds up nobody else, and what is done is not read again."""

from __future__ import annotations

import errno
import json
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from router.protocol.providing import (
    JobLost,
    JobState,
    ProviderError,
    ProviderUnavailable,
    Reference,
    ResultUnusable,
    Work,
)
from router.worker.providers.aer import DeviceProvider
from router.worker.providers.device import Device
from router.worker.providers.folder import DamagedFile, DeviceFolder, JobFolder, RunProgress
from router.worker.providers.worker import NO_ROOM, _reason

ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; h q[0]; c[0] = measure q[0];'
NO_STATUS = {
    "no-json": b"\x00\xff garbage",
    "empty": b"",
    "a-list": b"[]",
    "half": b'{"state": "running"',
    "no-such-state": b'{"state": "sleeping", "reason": "", "attempt": 1}',
    "without-attempt": b'{"state": "running", "reason": ""}',
    "attempt-no-number": b'{"state": "running", "reason": "", "attempt": "x"}',
}
NO_REQUEST = {
    "request-no-json": b"\x00\xff garbage",
    "request-list": b"[]",
    "request-half": b'{"tag": "request-half"}',
    "request-of-no-shots": json.dumps(
        {"tag": "t", "qasm3": ONE, "shots": 0, "target": "aer", "seed": "1", "seed_given": False}
    ).encode(),
}


@dataclass(frozen=True)
class Counting(DeviceFolder):
    asked: list[str] = field(default_factory=list)

    def job(self, tag: str) -> JobFolder:
        self.asked.append(tag)
        return super().job(tag)


@pytest.fixture
def aer(tmp_path: Path) -> DeviceProvider:
    return DeviceProvider("aer", DeviceFolder(tmp_path))


def work(tag: str) -> Work:
    return Work(tag, ONE, 20, "aer", seed=5)


def ended(folder: DeviceFolder, tag: str) -> bool:
    try:
        return folder.job(tag).status().state.ended
    except DamagedFile:
        return False


def run_until(device: Device, folder: DeviceFolder, tags: list[str]) -> None:
    deadline = time.monotonic() + 60
    while waiting := [tag for tag in tags if not ended(folder, tag)]:
        folder.beat()
        device.step()
        assert time.monotonic() < deadline, waiting


def test_a_damaged_job_holds_up_no_other_and_is_told(aer: DeviceProvider, capfd: pytest.CaptureFixture[str]) -> None:
    folder = aer.folder
    for tag, status in NO_STATUS.items():
        aer.submit(work(tag))
        (folder.job(tag).path / "status.json").write_bytes(status)
    for tag, request in NO_REQUEST.items():
        aer.submit(work(tag))
        (folder.job(tag).path / "request.json").write_bytes(request)
    aer.submit(work("status-is-a-folder"))
    (folder.job("status-is-a-folder").path / "status.json").mkdir()
    aer.submit(work("cancelled-then-damaged"))
    aer.cancel(Reference("aer", "aer", "cancelled-then-damaged"))
    (folder.job("cancelled-then-damaged").path / "status.json").write_bytes(b"?")
    with pytest.raises(ProviderUnavailable, match="damaged"):
        aer.status(Reference("aer", "aer", "cancelled-then-damaged"))
    aer.submit(work("cannot-be-locked"))
    (folder.job("cannot-be-locked").path / "lock").mkdir()
    healthy = aer.submit(work("zz-healthy"))
    device = Device(folder)
    try:
        run_until(device, folder, ["zz-healthy", *NO_STATUS, "status-is-a-folder", "cancelled-then-damaged"])
        for _ in range(3):
            device.step()
    finally:
        device.close()
    assert aer.status(healthy).state is JobState.COMPLETED
    assert not ended(folder, "cannot-be-locked")
    assert "cannot-be-locked: " in capfd.readouterr().err
    for tag in [*NO_STATUS, "status-is-a-folder"]:
        assert aer.status(Reference("aer", "aer", tag)).state is JobState.COMPLETED, "run anew with the same seed"
        assert aer.result(Reference("aer", "aer", tag)).receipt.seed == 5
    assert aer.status(Reference("aer", "aer", "cancelled-then-damaged")).state is JobState.CANCELLED
    for tag in NO_REQUEST:
        status = folder.job(tag).status()
        assert status.state is JobState.FAILED
        assert "request" in status.reason
        for call in (aer.status, aer.result, aer.cancel):
            with pytest.raises(JobLost, match=tag):
                call(Reference("aer", "aer", tag))
        with pytest.raises(JobLost, match=tag):
            aer.submit(work(tag))
    assert [job.tag for job in folder.pending()] == ["cannot-be-locked"], "what ended is not looked at again"


def test_a_finished_job_whose_status_is_damaged_is_not_run_again(aer: DeviceProvider) -> None:
    ref = aer.submit(work("done"))
    device = Device(aer.folder)
    try:
        run_until(device, aer.folder, ["done"])
        before = aer.result(ref)
        (aer.folder.job("done").path / "status.json").write_bytes(b"no JSON")
        with pytest.raises(ProviderUnavailable, match="damaged"):
            aer.status(ref)
        device.step()
    finally:
        device.close()
    assert aer.status(ref).state is JobState.COMPLETED
    assert aer.result(ref).receipt == before.receipt


@pytest.mark.parametrize("status", NO_STATUS.values(), ids=NO_STATUS)
def test_a_status_that_cannot_be_read_is_one_error_for_that_job(aer: DeviceProvider, status: bytes) -> None:
    ref, other = aer.submit(work("damaged")), aer.submit(work("other"))
    (aer.folder.job("damaged").path / "status.json").write_bytes(status)
    aer.folder.beat()
    for call in (aer.status, aer.result):
        with pytest.raises(ProviderUnavailable, match="damaged") as caught:
            call(ref)
        assert "\n" not in str(caught.value)
    assert aer.status(other).state is JobState.QUEUED
    assert aer.estimate(work("new")).pending_jobs == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("receipt.json", b"no JSON"),
        ("receipt.json", b"[]"),
        ("receipt.json", b'{"bits": 1, "receipt": {"seed": "1"}, "transpilation": ""}'),
        ("receipt.json", b'{"bits": "one", "receipt": {}, "transpilation": ""}'),
        ("receipt.json", None),
        ("shots.bin", b"\x02\x00"),
        ("isa.qasm", b"\xff\xfe"),
        ("isa.qasm", None),
    ],
)
def test_a_result_that_cannot_be_read_is_unusable(aer: DeviceProvider, name: str, content: bytes | None) -> None:
    ref = aer.submit(work("done"))
    job = aer.folder.job("done")
    job.result.mkdir()
    receipt = {
        "finished_at": "", "method": "statevector", "provider_job": "done", "seconds": "1", "seed": "5",
        "shots": 20, "started_at": "", "target": "aer",
    }  # fmt: skip
    papers = json.dumps({"bits": 1, "receipt": receipt, "transpilation": ""}).encode()
    for file, whole in {"receipt.json": papers, "shots.bin": bytes(80), "isa.qasm": b"OPENQASM 3.0;"}.items():
        (job.result / file).write_bytes(whole)
    job.advance(RunProgress(JobState.COMPLETED, "", 1))
    assert aer.result(ref).shots.count == 20
    (job.result / name).unlink() if content is None else (job.result / name).write_bytes(content)
    with pytest.raises(ResultUnusable, match="done") as caught:
        aer.result(ref)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b'{"host": 1}', b'{"host": "h", "pid": "x"}'])
def test_a_heartbeat_that_cannot_be_read_is_no_life(aer: DeviceProvider, content: bytes) -> None:
    aer.folder.prepare()
    (aer.folder.root / "heartbeat.json").write_bytes(content)
    assert not aer.folder.alive()


def test_what_is_done_is_not_read_again(tmp_path: Path) -> None:
    folder = Counting(tmp_path)
    for index in range(50):
        folder.submit(work(f"done-{index}")).advance(RunProgress(JobState.COMPLETED, "", 1))
    folder.submit(work("called-off")).cancel()
    folder.submit(work("waits"))
    folder.asked.clear()
    assert [job.tag for job in folder.pending()] == ["waits"]
    assert folder.asked == ["waits"]
    assert [job.tag for job in DeviceFolder(tmp_path).pending()] == ["waits"], "so it is for another process"


def test_jobs_wait_in_the_order_in_which_they_came(aer: DeviceProvider) -> None:
    for tag in ("m", "z", "a"):
        aer.submit(work(tag))
        time.sleep(0.01)
    assert [job.tag for job in aer.folder.pending()] == ["m", "z", "a"]


def test_a_job_without_a_name_among_those_that_wait_gets_one(tmp_path: Path) -> None:
    """An older release made no names, and a power cut may lose one."""
    folder = DeviceFolder(tmp_path)
    folder.submit(work("done")).advance(RunProgress(JobState.COMPLETED, "", 1))
    damaged = folder.submit(work("damaged"))
    folder.submit(work("waits"))
    (damaged.path / "status.json").write_text("no JSON")
    shutil.rmtree(folder.waiting)
    later = DeviceFolder(tmp_path)
    later.prepare()
    assert later.pending() == []
    later.mark_unmarked()
    assert [job.tag for job in later.pending()] == ["damaged", "waits"]


def test_a_submission_that_died_before_its_job_was_made_disturbs_nobody(aer: DeviceProvider) -> None:
    aer.folder.prepare()
    (aer.folder.waiting / "never-made").touch()
    aer.submit(work("waits"))
    assert [job.tag for job in aer.folder.pending()] == ["waits"]
    aer.submit(work("never-made"))
    assert {job.tag for job in aer.folder.pending()} == {"waits", "never-made"}


def test_an_error_of_the_folder_says_what_to_do(aer: DeviceProvider) -> None:
    ref = aer.submit(work("damaged"))
    (aer.folder.job("damaged").path / "request.json").write_bytes(b"?")
    with pytest.raises(ProviderError) as caught:
        aer.status(ref)
    assert caught.value.reason
    assert caught.value.remedy


def test_a_full_disk_is_no_attempt_of_the_job(aer: DeviceProvider) -> None:
    """A worker that found no room says so; the job runs again once there is room, however often that was."""
    assert _reason(OSError(errno.ENOSPC, "No space left on device")) == NO_ROOM
    aer.submit(work("no-room"))
    device = Device(aer.folder)
    device._worker.stop()
    device._worker = FullDisk()  # type: ignore[assignment]
    job = aer.folder.job("no-room")
    for _ in range(4):
        device.step()
        device._held.clear()
    assert job.progress() == RunProgress(JobState.QUEUED, NO_ROOM, 0)


def test_a_run_that_takes_too_long_is_ended_and_the_next_one_runs(
    aer: DeviceProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.worker.providers.device._START_S", 0.0)
    slow = aer.submit(replace(work("a-slow-one"), max_seconds=1))
    device = Device(aer.folder)
    device._worker.stop()
    device._worker = Endless()  # type: ignore[assignment]
    try:
        device.step()
        assert aer.folder.job("a-slow-one").progress().state is JobState.RUNNING
        after = aer.submit(work("after"))
        run_until(device, aer.folder, ["a-slow-one", "after"])
    finally:
        device.close()
    assert aer.status(slow).state is JobState.FAILED
    assert "longer than 1 s" in aer.status(slow).reason
    assert aer.status(after).state is JobState.COMPLETED


class Endless:
    """A simulating process that simulates for ever."""

    def assign(self, job: JobFolder, into: Path) -> None:
        del job, into

    def answer(self, wait_s: float) -> None:
        time.sleep(wait_s)

    def alive(self) -> bool:
        return True

    def stop(self) -> None:
        return None


class FullDisk:
    """A simulating process that finds no room for any result."""

    def assign(self, job: JobFolder, into: Path) -> None:
        del job, into

    def answer(self, wait_s: float) -> str:
        del wait_s
        return NO_ROOM

    def alive(self) -> bool:
        return True

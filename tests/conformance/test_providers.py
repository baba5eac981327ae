"""What every provider adapter does, whichever it is: simulation, ideal and noisy, and IBM's real client."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from integration.ibm_emulator import CRN, DEVICE, serving

from router.protocol.providing import (
    JobState,
    Provider,
    ProviderError,
    ProviderRefused,
    Reference,
    Result,
    ResultUnusable,
    Work,
    is_tag,
)
from router.worker.credentials.ibm_account import AccountFile
from router.worker.providers.aer import DeviceProvider
from router.worker.providers.device import Device
from router.worker.providers.folder import DeviceFolder
from router.worker.providers.ibm import IbmProvider

TOKEN = "the-good-token-that-nobody-sees"

# x on qubit 0 of 3, measured into two registers crosswise: bits in declaration order are a[0], a[1], b, so 0b100.
ASYMMETRIC = """OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[2] a;
bit[1] b;
x q[0];
b[0] = measure q[0];
a[0] = measure q[1];
a[1] = measure q[2];
"""
ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];'


@dataclass
class Bench:
    """A provider whose jobs stay queued while it is paused."""

    provider: Provider
    target: str
    after_crash: Callable[[], Provider]
    """Another adapter over the same provider, as a new process would make it."""
    pause: Callable[[], None]
    resume: Callable[[], None]
    count_jobs: Callable[[], int]

    def work(self, tag: str, qasm3: str = ONE, shots: int = 200) -> Work:
        return Work(tag, qasm3, shots, self.target)

    def finished(self, ref: Reference) -> Result:
        deadline = time.monotonic() + 60
        while not self.provider.status(ref).state.ended:
            assert time.monotonic() < deadline, self.provider.status(ref)
            time.sleep(0.02)
        return self.provider.result(ref)


class DeviceLoop:
    """The device process's loop, in a thread, so that it can be held between two steps; its worker is a process."""

    def __init__(self, root: Path) -> None:
        self.folder = DeviceFolder(root)
        self.folder.prepare()
        self.folder.beat()
        self._running = threading.Event()
        self._running.set()
        self._ended = False
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def _loop(self) -> None:
        device = Device(self.folder)
        while not self._ended:
            self.folder.beat()
            if self._running.is_set() or not device.idle():
                device.step()
            time.sleep(0.01)
        device.close()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def end(self) -> None:
        self._ended = True
        self._thread.join()


@pytest.fixture(scope="module", params=["aer", "fake", "ibm"])
def kept_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp(request.param)
    if request.param == "ibm":
        yield from _ibm_bench(root)
    else:
        yield from _device_bench(root, request.param)


@pytest.fixture
def bench(kept_bench: Bench) -> Iterator[Bench]:
    yield kept_bench
    kept_bench.resume()


def _device_bench(root: Path, name: str) -> Iterator[Bench]:
    loop = DeviceLoop(root)
    provider = DeviceProvider(name, loop.folder)
    target = {"aer": "aer", "fake": "fake_torino"}[name]
    yield Bench(
        provider,
        target,
        lambda: DeviceProvider(name, DeviceFolder(root)),
        loop.pause,
        loop.resume,
        lambda: sum(1 for _ in loop.folder.jobs.iterdir()),
    )
    loop.end()


def _ibm_bench(root: Path) -> Iterator[Bench]:
    with serving() as emulator:
        emulator.api_keys = {TOKEN}
        account = {
            "token": TOKEN,
            "instance": CRN,
            "api_url": f"{emulator.base}/api/v1",
            "iam_url": emulator.base,
            "search_url": emulator.base,
            "catalog_url": f"{emulator.base}/catalog",
        }
        path = root / "ibm.json"
        path.write_text(json.dumps(account))
        path.chmod(0o600)

        def make() -> IbmProvider:
            return IbmProvider(AccountFile(path), root / "records", timeout_s=30)

        def pause() -> None:
            emulator.eager = False

        def resume() -> None:
            emulator.eager = True
            emulator.run_jobs()

        yield Bench(make(), DEVICE, make, pause, resume, lambda: len(emulator.jobs))


def test_it_is_a_provider_and_names_its_targets(bench: Bench) -> None:
    assert isinstance(bench.provider, Provider)
    targets = {target.name: target for target in bench.provider.capabilities()}
    assert bench.target in targets
    assert {target.provider for target in targets.values()} == {bench.provider.name}
    assert all(target.qubits > 0 and target.label for target in targets.values())


def test_a_run_gives_shots_a_receipt_and_its_circuit(bench: Bench) -> None:
    ref = bench.provider.submit(bench.work("run-1", shots=321))
    result = bench.finished(ref)
    assert result.shots.count == 321
    assert result.shots.bits == 1
    assert (result.receipt.shots, result.receipt.target, result.receipt.provider_job) == (
        321,
        bench.target,
        ref.provider_job,
    )
    assert float(result.receipt.seconds) >= 0
    assert result.receipt.started_at <= result.receipt.finished_at
    assert result.receipt.started_at
    assert "measure" in result.isa_qasm3
    assert "\n" not in result.transpilation


def test_result_bits_are_the_source_circuits_in_declaration_order(bench: Bench) -> None:
    result = bench.finished(bench.provider.submit(bench.work("order-1", ASYMMETRIC, shots=400)))
    counts = result.shots.counts()
    assert max(counts, key=lambda outcome: counts[outcome]) == 0b100, counts
    assert counts[0b100] > 300


def test_noise_and_hardware_come_with_a_calibration_snapshot(bench: Bench) -> None:
    result = bench.finished(bench.provider.submit(bench.work("calibrated-1")))
    if bench.provider.name == "aer":
        assert result.calibration is None
    else:
        assert result.calibration is not None
        snapshot = json.loads(result.calibration, parse_float=lambda text: pytest.fail(f"a float: {text}"))
        assert snapshot["device"] == bench.target
        assert len(snapshot["qubits"]) == 1, "one qubit was used"
        assert snapshot["simulated"] is (bench.provider.name == "fake")


def test_one_tag_is_one_job(bench: Bench) -> None:
    before = bench.count_jobs()
    first = bench.provider.submit(bench.work("twice-1"))
    again = bench.provider.submit(bench.work("twice-1"))
    other = bench.after_crash().submit(bench.work("twice-1"))
    assert first == again == other
    assert bench.count_jobs() == before + 1
    bench.finished(first)
    assert bench.provider.submit(bench.work("twice-1")) == first, "not run again after it ended"
    assert bench.count_jobs() == before + 1


def test_a_tag_does_not_take_other_work(bench: Bench) -> None:
    bench.provider.submit(bench.work("taken-1"))
    with pytest.raises(ProviderRefused, match="taken-1"):
        bench.provider.submit(bench.work("taken-1", shots=7))


def test_a_submission_is_found_after_a_crash(bench: Bench) -> None:
    ref = bench.provider.submit(bench.work("crash-1"))
    found = bench.after_crash().find("crash-1", bench.target)
    assert found == ref
    assert bench.after_crash().find("never-made", bench.target) is None


def test_looking_for_something_that_is_no_tag_finds_nothing(bench: Bench) -> None:
    assert not is_tag("../run-1")
    assert bench.provider.find("../run-1", bench.target) is None


def test_a_queued_job_is_cancelled_and_stays_so(bench: Bench) -> None:
    bench.pause()
    ref = bench.provider.submit(bench.work("cancel-1"))
    assert bench.provider.status(ref).state is JobState.QUEUED
    assert bench.provider.cancel(ref) is True
    bench.resume()
    assert bench.provider.status(ref).state is JobState.CANCELLED
    assert bench.provider.cancel(ref) is True, "it is cancelled, however often one asks"
    with pytest.raises(ResultUnusable, match="cancelled"):
        bench.provider.result(ref)
    assert bench.provider.submit(bench.work("cancel-1")) == ref, "a cancelled run is not made again under its tag"


def test_a_finished_job_cannot_be_cancelled(bench: Bench) -> None:
    ref = bench.provider.submit(bench.work("late-1"))
    bench.finished(ref)
    assert bench.provider.cancel(ref) is False
    assert bench.provider.status(ref).state is JobState.COMPLETED


def test_a_result_is_not_given_before_it_is_there(bench: Bench) -> None:
    bench.pause()
    ref = bench.provider.submit(bench.work("early-1"))
    with pytest.raises(ResultUnusable, match="queued"):
        bench.provider.result(ref)


@pytest.mark.parametrize("ask", ["status", "result", "cancel"])
def test_an_unknown_reference_is_refused(bench: Bench, ask: str) -> None:
    for ref in (
        Reference(bench.provider.name, bench.target, "nobody"),
        Reference("elsewhere", bench.target, "nobody"),
        Reference(bench.provider.name, bench.target, "../../etc"),
    ):
        with pytest.raises(ProviderRefused, match="knows no job"):
            getattr(bench.provider, ask)(ref)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"qasm3": "this is no circuit"}, "OpenQASM 3"),
        ({"qasm3": "OPENQASM 3.0; qubit[1] q; bit[1] c;"}, "measures nothing"),
        ({"target": "nowhere"}, "target|device"),
        (
            {
                "qasm3": 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[2] c; c[0] = measure q[0]; '
                "if (c[0]) { x q[0]; } c[1] = measure q[0];"
            },
            "control flow|OpenQASM 3",
        ),
    ],
    ids=["no circuit", "no measurement", "no target", "control flow"],
)
def test_work_that_cannot_run_is_refused_before_anything_is_made(
    bench: Bench, change: dict[str, Any], words: str
) -> None:
    before = bench.count_jobs()
    with pytest.raises(ProviderRefused, match=words):
        bench.provider.submit(replace(bench.work("bad-1"), **change))
    assert bench.count_jobs() == before


def test_a_circuit_wider_than_the_target_is_refused(bench: Bench) -> None:
    wide = 'OPENQASM 3.0; include "stdgates.inc"; qubit[200] q; bit[200] c; t q; h q; t q; h q; cx q[0], q[199]; '
    wide += "".join(f"cx q[{a}], q[{199 - a}]; t q[{a}]; " for a in range(1, 60)) + "c = measure q;"
    with pytest.raises(ProviderRefused, match="200"):
        bench.provider.submit(bench.work("wide-1", wide))


def test_an_estimate_says_what_is_known_and_no_more(bench: Bench) -> None:
    estimate = bench.provider.estimate(bench.work("estimate-1"))
    assert estimate.seconds is None or 0 < estimate.seconds < 60
    assert estimate.queue_s is None or estimate.queue_s == 0
    assert estimate.pending_jobs is None or estimate.pending_jobs >= 0
    with pytest.raises(ProviderRefused):
        bench.provider.estimate(bench.work("estimate-2", "no circuit"))


def test_every_error_says_what_to_do_and_none_shows_a_secret(bench: Bench) -> None:
    seen: list[ProviderError] = []
    for call in (
        lambda: bench.provider.status(Reference(bench.provider.name, bench.target, "nobody")),
        lambda: bench.provider.submit(bench.work("secret-1", "no circuit")),
        lambda: bench.provider.submit(replace(bench.work("secret-1"), target="nowhere")),
    ):
        with pytest.raises(ProviderError) as caught:
            call()
        seen.append(caught.value)
    for error in seen:
        assert error.reason
        assert error.remedy
        assert "\n" not in str(error)
        assert TOKEN not in "".join(traceback.format_exception(error)) + repr(error)
    assert TOKEN not in repr(bench.provider)


def test_shots_must_be_asked_for() -> None:
    with pytest.raises(ProviderRefused, match="shot"):
        Work("t", ONE, 0, "aer")

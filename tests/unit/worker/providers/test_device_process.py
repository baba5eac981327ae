"""The device as the process it is: killed at any instruction, it loses nothing and runs nothing under two results."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from router.protocol.providing import JobState, ProviderRefused, ProviderUnavailable, Work
from router.settings import Home
from router.worker.providers.aer import DeviceProvider, make_aer, make_fake
from router.worker.providers.folder import DeviceFolder, RunProgress
from router.worker.providers.ibm import make_ibm
from router.worker.providers.registry import load_providers

ONE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] c; h q[0]; c[0] = measure q[0];'


def long_circuit(qubits: int = 24, layers: int = 30) -> str:
    """Some ten seconds of statevector; not Clifford, and entangled too far for anything else."""
    lines = [f'OPENQASM 3.0; include "stdgates.inc"; qubit[{qubits}] q; bit[{qubits}] c;']
    for layer in range(layers):
        lines += [f"rx(0.{layer + 1}) q[{qubit}];" for qubit in range(qubits)]
        far = 1 + layer % (qubits - 1)
        lines += [f"cx q[{qubit}], q[{(qubit + far) % qubits}];" for qubit in range(0, qubits, 2)]
    return "\n".join([*lines, "c = measure q;"])


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


class Process:
    def __init__(self, root: Path) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "router.worker.providers.device", "--root", str(root)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.popen.stdout is not None
        self.said = self.popen.stdout.readline()

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.popen.pid).children()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        code = self.popen.wait(30)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    begun: list[Process] = []

    def begin() -> Process:
        begun.append(Process(tmp_path))
        return begun[-1]

    yield begin
    for process in begun:
        if process.popen.poll() is None:
            process.end(signal.SIGKILL)


@pytest.fixture
def aer(tmp_path: Path) -> DeviceProvider:
    return DeviceProvider("aer", DeviceFolder(tmp_path))


def test_work_submitted_while_no_device_lives_runs_when_it_starts(
    aer: DeviceProvider, start: Callable[[], Process]
) -> None:
    ref = aer.submit(Work("early", ONE, 100, "aer"))
    with pytest.raises(ProviderUnavailable, match="compute up") as caught:
        aer.status(ref)
    assert caught.value.retryable
    start()
    until(aer.folder.alive)
    until(lambda: aer.status(ref).state is JobState.COMPLETED)
    assert aer.result(ref).shots.count == 100


@pytest.mark.slow
def test_a_run_cut_off_by_a_kill_is_run_again_with_the_same_seed(
    aer: DeviceProvider, start: Callable[[], Process], tmp_path: Path
) -> None:
    first = start()
    ref = aer.submit(Work("cut", long_circuit(21), 100, "aer"))
    job = aer.folder.job("cut")
    seed = job.request()[0].seed
    until(lambda: job.progress().state is JobState.RUNNING)
    orphans = first.workers()
    first.end(signal.SIGKILL)
    assert orphans
    psutil.wait_procs(orphans, timeout=20)
    assert not any(orphan.is_running() and orphan.status() != "zombie" for orphan in orphans), "it simulates for nobody"
    with pytest.raises(ProviderUnavailable, match="running"):
        aer.status(ref)
    start()
    until(lambda: job.progress().state is JobState.COMPLETED)
    assert job.progress().attempt == 2
    assert aer.result(ref).receipt.seed == seed
    assert [entry.name for entry in aer.folder.jobs.iterdir()] == ["cut"]


@pytest.mark.slow
def test_a_running_job_is_cancelled_by_ending_its_simulation(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    device = start()
    until(aer.folder.alive)
    ref = aer.submit(Work("long", long_circuit(26), 100, "aer"))
    until(lambda: aer.status(ref).state is JobState.RUNNING)
    simulating = device.workers()[0]
    assert aer.cancel(ref) is True
    until(lambda: aer.status(ref).state is JobState.CANCELLED, 10)
    assert not simulating.is_running()
    after = aer.submit(Work("after", ONE, 10, "aer"))
    until(lambda: aer.status(after).state is JobState.COMPLETED)


@pytest.mark.slow
def test_a_simulation_that_dies_fails_its_job_and_no_other(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    device = start()
    warm = aer.submit(Work("warm", ONE, 10, "aer"))
    until(lambda: aer.status(warm).state is JobState.COMPLETED)
    worker = device.workers()[0]
    spent = worker.cpu_times().user
    ref = aer.submit(Work("dies", long_circuit(26), 100, "aer"))
    until(lambda: worker.cpu_times().user > spent + 0.5)  # in the middle of it
    worker.kill()
    until(lambda: aer.status(ref).state is JobState.FAILED)
    assert "SIGKILL" in aer.status(ref).reason
    after = aer.submit(Work("next", ONE, 10, "aer"))
    until(lambda: aer.status(after).state is JobState.COMPLETED)


def test_a_job_that_takes_the_device_down_again_and_again_is_given_up(
    aer: DeviceProvider, start: Callable[[], Process]
) -> None:
    ref = aer.submit(Work("poison", ONE, 10, "aer"))
    assert aer.folder.job("poison").advance(RunProgress(JobState.RUNNING, "simulating", 3))
    start()
    until(aer.folder.alive)
    until(lambda: aer.status(ref).state is JobState.FAILED)
    assert "3 times" in aer.status(ref).reason


def test_a_result_written_before_the_status_was_is_not_run_again(
    aer: DeviceProvider, start: Callable[[], Process]
) -> None:
    ref = aer.submit(Work("between", ONE, 10, "aer"))
    first = start()
    job = aer.folder.job("between")
    until(lambda: job.progress().state is JobState.COMPLETED)
    before = aer.result(ref)
    first.end(signal.SIGKILL)
    (job.path / "status.json").write_text(json.dumps({"state": "running", "reason": "", "attempt": 1}))
    start()
    until(lambda: job.progress().state is JobState.COMPLETED)
    assert job.progress().attempt == 1
    assert aer.result(ref).receipt == before.receipt


def test_a_second_device_on_the_same_folder_gives_up(start: Callable[[], Process], tmp_path: Path) -> None:
    start()
    second = subprocess.run(
        [sys.executable, "-m", "router.worker.providers.device", "--root", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 5
    assert "another device process" in second.stderr


def test_it_stops_when_it_is_asked_to(start: Callable[[], Process], aer: DeviceProvider) -> None:
    device = start()
    until(aer.folder.alive)
    assert device.end(signal.SIGTERM) == 0
    assert not aer.folder.alive(), "a process that is gone is not alive, however fresh its heartbeat"


def test_a_device_outlives_what_strangers_do_to_its_folder(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    device = start()
    until(aer.folder.alive)
    shutil.rmtree(aer.folder.waiting)
    (aer.folder.root / "heartbeat.json").unlink()
    (aer.folder.root / "heartbeat.json").mkdir()
    time.sleep(1.5)
    assert device.popen.poll() is None
    (aer.folder.root / "heartbeat.json").rmdir()
    ref = aer.submit(Work("after", ONE, 10, "aer"))
    (aer.folder.waiting / "a-folder").mkdir()
    (aer.folder.waiting / "no tag at all \x01").touch()
    (aer.folder.jobs / "a-folder").mkdir()
    until(lambda: aer.folder.job("after").status().state is JobState.COMPLETED)
    assert aer.status(ref).state is JobState.COMPLETED


def test_an_old_heartbeat_is_no_life(aer: DeviceProvider) -> None:
    aer.folder.prepare()
    aer.folder.beat()
    assert aer.folder.alive()
    long_ago = time.time() - 3600
    os.utime(aer.folder.root / "heartbeat.json", (long_ago, long_ago))
    assert not aer.folder.alive()


def test_of_many_that_submit_at_once_one_makes_the_job(tmp_path: Path) -> None:
    work = Work("raced", ONE, 100, "aer")
    with ThreadPoolExecutor(16) as pool:
        jobs = list(pool.map(lambda _: DeviceFolder(tmp_path).submit(work), range(64)))
    assert len({job.request()[0].seed for job in jobs}) == 1
    assert [entry.name for entry in DeviceFolder(tmp_path).jobs.iterdir()] == ["raced"]
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_unavailability_not_a_lost_job(aer: DeviceProvider) -> None:
    aer.folder.prepare()
    (aer.folder.jobs / "blocked").write_text("a file where the job's directory belongs")
    with pytest.raises(ProviderUnavailable, match="cannot be written"):
        aer.submit(Work("blocked", ONE, 10, "aer"))
    assert aer.find("blocked", "aer") is None


def test_a_worker_that_died_between_two_jobs_is_replaced(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    device = start()
    first = aer.submit(Work("one", ONE, 10, "aer"))
    until(lambda: aer.folder.job("one").status().state is JobState.COMPLETED)
    worker = device.workers()[0]
    worker.kill()
    until(lambda: worker.status() == psutil.STATUS_ZOMBIE)
    second = aer.submit(Work("two", ONE, 10, "aer"))
    until(lambda: aer.folder.job("two").status().state.ended)
    assert {aer.status(ref).state for ref in (first, second)} <= {JobState.COMPLETED}


def test_a_worker_that_died_with_a_job_that_it_had_not_taken_is_replaced_and_the_job_runs(
    aer: DeviceProvider, start: Callable[[], Process]
) -> None:
    device = start()
    aer.submit(Work("one", ONE, 10, "aer"))
    until(lambda: aer.folder.job("one").status().state is JobState.COMPLETED)
    worker = device.workers()[0]
    worker.suspend()
    second = aer.submit(Work("two", ONE, 10, "aer"))
    until(lambda: aer.folder.job("two").status().state is JobState.RUNNING)
    worker.kill()
    until(lambda: aer.folder.job("two").status().state.ended)
    assert aer.status(second).state is JobState.COMPLETED


def test_a_given_seed_is_the_seed_and_gives_the_same_shots(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    start()
    until(aer.folder.alive)
    refs = [aer.submit(Work(f"seeded-{index}", ONE, 500, "aer", seed=2**63 - 1)) for index in range(2)]
    until(lambda: all(aer.status(ref).state.ended for ref in refs))
    results = [aer.result(ref) for ref in refs]
    assert [result.receipt.seed for result in results] == [2**63 - 1] * 2
    assert results[0].shots.result_hash == results[1].shots.result_hash


def test_drawn_seeds_differ(aer: DeviceProvider) -> None:
    seeds = {aer.folder.submit(Work(f"t{index}", ONE, 1, "aer")).request()[0].seed for index in range(20)}
    assert len(seeds) == 20


def test_a_tag_that_would_be_a_path_is_refused() -> None:
    for tag in ("../x", "", ".hidden", "a/b", "x" * 81, "a b"):
        with pytest.raises(ProviderRefused, match="tag"):
            Work(tag, ONE, 1, "aer")


def test_a_damaged_result_is_unusable_and_says_so(aer: DeviceProvider, start: Callable[[], Process]) -> None:
    from router.protocol.providing import ResultUnusable

    start()
    until(aer.folder.alive)
    ref = aer.submit(Work("damaged", ONE, 10, "aer"))
    until(lambda: aer.status(ref).state is JobState.COMPLETED)
    (aer.folder.job("damaged").result / "shots.bin").write_bytes(b"\x02\x00\x00\x00")
    with pytest.raises(ResultUnusable, match="damaged"):
        aer.result(ref)


def test_the_adapters_are_found_by_entry_point(tmp_path: Path) -> None:
    found = load_providers(Home(tmp_path))
    assert list(found) == ["aer", "fake", "ibm"]
    assert {name: provider.name for name, provider in found.items()} == {name: name for name in found}
    assert found["aer"] == make_aer(Home(tmp_path))
    assert found["fake"] == make_fake(Home(tmp_path))
    assert found["ibm"].name == make_ibm(Home(tmp_path)).name


def test_importing_the_protocol_and_loading_providers_imports_no_qiskit() -> None:
    code = (
        "import sys, pathlib\nfrom router.worker.providers import load_providers\nfrom router.settings import Home\n"
        "load_providers(Home(pathlib.Path('/nowhere')))\n"
        "print(sorted({'qiskit', 'qiskit_aer', 'qiskit_ibm_runtime', 'numpy'} & set(sys.modules)))"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[]"

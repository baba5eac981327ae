"""A batch from the command line to its verdict: made, run on a noisy device, revealed, judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from qiskit import QuantumCircuit, qasm3

from oracle.canaries import Assignment, judge_canaries
from oracle.cli import main
from oracle.terms import Outcome
from router.protocol.providing import Work
from router.worker.providers.simulation import simulate

SHOTS = 1000
SEED = "5e" * 32
BITS = 5
CANARIES = 5


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["canary", *(str(argument) for argument in arguments)])


def ring(angle: float) -> str:
    circuit = QuantumCircuit(BITS, BITS)
    circuit.h(range(BITS))
    for layer in range(2):
        for node in range(BITS):
            circuit.rzz(angle + layer, node, (node + 1) % BITS)
        circuit.rx(0.7, range(BITS))
    circuit.measure(range(BITS), range(BITS))
    return qasm3.dumps(circuit)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two circuits of a sweep with as many canaries as a third of cheating takes."""
    folder = tmp_path_factory.mktemp("canaries")
    for name, angle in (("a", 0.3), ("b", 0.4)):
        (folder / f"{name}.qasm").write_text(ring(angle))
    sources = folder / "a.qasm", folder / "b.qasm"
    rates = ("--cheating-share", "1/3", "--expected", "0.65")
    made = invoke("make", *sources, "--out", folder / "batch", "--seed", SEED, *rates, "--json")
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    assert said["commitment"] == json.loads((folder / "batch" / "batch.json").read_text())["commitment"]
    assert said["plan"]["canaries"] == CANARIES
    return folder / "batch"


def run(batch: Path, target: str, *, seed: int = 0) -> list[dict[str, int]]:
    """What a worker gets from `target` for the batch's circuits, in their order."""
    results = []
    for place, path in enumerate(sorted((batch / "circuits").iterdir())):
        work = Work(tag=path.stem, qasm3=path.read_text(), shots=SHOTS, target=target, seed=100 * seed + place)
        counts = simulate(work).shots.counts()
        results.append({f"{outcome:0{BITS}b}": count for outcome, count in counts.items()})
    return results


@pytest.fixture(scope="module")
def honest(batch: Path) -> list[dict[str, int]]:
    return run(batch, "fake_sherbrooke")


@pytest.fixture
def judged(batch: Path, tmp_path: Path) -> Callable[[Any], tuple[int, dict[str, Any]]]:
    def judge(results: Any) -> tuple[int, dict[str, Any]]:
        path = tmp_path / "results.json"
        path.write_text(json.dumps(results))
        told = invoke("judge", batch, "--results", path, "--json")
        return told.exit_code, json.loads(told.stdout)

    return judge


def test_mirrors_of_a_sweep_pass_on_a_noisy_device_and_show_what_is_made_up(tmp_path: Path) -> None:
    for name, angle in (("a", 0.3), ("b", 0.4)):
        (tmp_path / f"{name}.qasm").write_text(ring(angle))
    batch, results = tmp_path / "batch", tmp_path / "results.json"
    rates = ("--cheating-share", "1/3", "--expected", "0.65", "--kind", "mirror")
    made = invoke("make", tmp_path / "a.qasm", tmp_path / "b.qasm", "--out", batch, "--seed", SEED, *rates)
    assert made.exit_code == 0, made.output
    assert invoke("reveal", batch).stdout.count(".qasm returns ") == CANARIES
    counts = run(batch, "fake_sherbrooke")
    results.write_text(json.dumps(counts))
    told = invoke("judge", batch, "--results", results)
    assert (told.exit_code, told.stdout) == (0, "accept: canaries_survived\n")
    results.write_text(json.dumps(with_fakes(counts, np.random.default_rng(3), 3)))
    told = invoke("judge", batch, "--results", results)
    assert (told.exit_code, told.stdout.split(":")[0]) == (6, "reject")


def test_an_honest_run_on_a_noisy_device_passes_at_the_stated_floor(honest: list[Any], judged: Any) -> None:
    code, document = judged(honest)
    assert (code, document["outcome"]) == (0, "accept")
    survivals = [each["survived"] / SHOTS for each in document["canaries"]]
    assert len(survivals) == CANARIES
    assert min(survivals) > 0.55, "the floor is 1/2"
    assert max(survivals) < 0.9, "and this was no ideal device"


def with_fakes(honest: list[Any], rng: np.random.Generator, fakes: int) -> list[dict[str, int]]:
    """The honest results, but of `fakes` circuits at random places made up."""
    results = [dict(counts) for counts in honest]
    for place in rng.permutation(len(results))[:fakes]:
        values, counts = np.unique(rng.integers(0, 1 << BITS, SHOTS), return_counts=True)
        results[place] = {f"{v:0{BITS}b}": int(c) for v, c in zip(values, counts, strict=True)}
    return results


def test_a_worker_that_fakes_some_circuits_is_caught_as_often_as_planned(batch: Path, honest: list[Any]) -> None:
    assignment = Assignment.from_bytes((batch / "assignment.json").read_bytes())
    rng, runs = np.random.default_rng(17), 400
    for fakes in (1, 2, 3):
        outcomes = [judge_canaries(assignment, with_fakes(honest, rng, fakes)).outcome for _ in range(runs)]
        # Accepted if only targets were faked, of which there are two: a third of the batch is three.
        accepted, planned = outcomes.count(Outcome.ACCEPT), comb(2, fakes) / comb(2 + CANARIES, fakes)
        assert abs(accepted / runs - planned) <= 4 * (planned * (1 - planned) / runs) ** 0.5
        assert outcomes.count(Outcome.REJECT) == runs - accepted


def test_a_faked_canary_rejects_and_says_which(batch: Path, honest: list[Any], judged: Any) -> None:
    code, document = judged(with_fakes(honest, np.random.default_rng(3), 3))
    assert (code, document["outcome"]) == (6, "reject")
    failed = [each["index"] for each in document["canaries"] if each["decision"] == "reject"]
    assert document["reason_codes"] == [f"canary_failed:{index}" for index in failed]
    assert failed


def test_a_worker_that_runs_half_of_every_circuits_shots_and_makes_up_the_rest_is_not_accepted(
    honest: list[Any], judged: Any
) -> None:
    results = []
    for counts in honest:
        half = {outcome: count // 2 for outcome, count in counts.items()}
        left = SHOTS - sum(half.values())
        for place in range(left):
            outcome = f"{place % 32:05b}"
            half[outcome] = half.get(outcome, 0) + 1
        results.append(half)
    code, document = judged(results)
    assert (code, document["outcome"]) == (6, "reject")


def test_the_reveal_shows_what_was_committed_to_and_nothing_else_is_taken(batch: Path, tmp_path: Path) -> None:
    told = invoke("reveal", batch)
    assert told.exit_code == 0
    assert told.stdout.count(".qasm returns ") == CANARIES
    assert (batch / "assignment.json").stat().st_mode & 0o777 == 0o600
    secret = batch / "assignment.json"
    data = secret.read_bytes()
    try:
        secret.write_bytes(data.replace(b'"shots":1000', b'"shots":1001'))
        refused = invoke("reveal", batch)
    finally:
        secret.write_bytes(data)
    assert refused.exit_code == 2
    assert "not the committed" in refused.stderr


def test_results_that_are_none_are_input_errors(batch: Path, tmp_path: Path, honest: list[Any]) -> None:
    path = tmp_path / "results.json"
    for text, words in (
        ("{}", "no list of counts"),
        ("[", "not JSON"),
        (json.dumps(honest[:-1]), "6 results for the batch's 7 circuits"),
        (json.dumps([{"01": 1000}, *honest[1:]]), "result 0"),
        (json.dumps([{"00 000": 500, "00000": 500}, *honest[1:]]), "counted twice"),
    ):
        path.write_text(text)
        told = invoke("judge", batch, "--results", path)
        assert told.exit_code == 2, text
        assert words in told.stderr
        assert told.stderr.count("\n") == 1
    assert invoke("judge", batch, "--results", tmp_path / "nowhere.json").exit_code == 2


def test_spaces_between_registers_are_read_over(batch: Path, tmp_path: Path, honest: list[Any]) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{f"{o[:2]} {o[2:]}": count for o, count in counts.items()} for counts in honest]))
    told = invoke("judge", batch, "--results", path)
    assert (told.exit_code, told.stdout) == (0, "accept: canaries_survived\n")


def test_a_plan_that_cannot_work_exits_with_2_and_says_why(tmp_path: Path) -> None:
    told = invoke("plan", "--targets", 20, "--canaries", 3, "--json")
    assert told.exit_code == 2
    said = json.loads(told.stdout)
    assert (said["feasible"], said["canaries_needed"]) == (False, 16)
    assert "takes 16 canaries to show, not 3" in said["reasons"][0]
    assert invoke("plan", "--targets", 20, "--price", "0.001").output.count("16.00 US dollars") == 1
    assert "number" in invoke("plan", "--floor", "half").stderr
    assert "write one between 0 and 1" in invoke("plan", "--floor", "1").stderr


def test_a_batch_is_never_made_over_another(batch: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.qasm"
    source.write_text(ring(0.3))
    told = invoke("make", source, "--out", batch)
    assert told.exit_code == 2
    assert "exists" in told.stderr
    assert invoke("make", tmp_path / "none.qasm", "--out", tmp_path / "b").exit_code == 2
    assert invoke("make", source, "--out", tmp_path / "b", "--seed", "5e").exit_code == 2
    assert not (tmp_path / "b").exists()
    source.write_text("nonsense")
    refused = invoke("make", source, "--out", tmp_path / "b")
    assert refused.exit_code == 2
    assert "line 1" in refused.stderr


@pytest.mark.parametrize("command", [(), ("plan",), ("make",), ("reveal",), ("judge",)])
def test_every_help_has_an_example(command: tuple[str, ...]) -> None:
    told = invoke(*command, "--help")
    assert told.exit_code == 0
    assert "Example" in told.output
    assert f"compute-oracle canary {' '.join(command)}".strip() in told.output

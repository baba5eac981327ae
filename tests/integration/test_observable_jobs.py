"""Jobs that are judged by an observable, an objective or their papers, from spec to verdict as validators reach it.

The spec is read and simulated as `compute quantum simulate` does, the worker runs on Aer (with the noise of a device
where the test says so), and the verdict comes from the stored artifacts alone.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from parties import simulate

from oracle.artifacts import ArtifactMissing, PackedShots, pack
from oracle.artifacts.manifest import RunManifest
from oracle.cli import main as oracle_command
from oracle.encoding import InputRejected, canonical_bytes
from oracle.judging.recompute import Unjudgeable, recompute
from oracle.spec import Quote, canonical_spec, parse_canonical_spec, promoted
from oracle.terms import ZERO_ADDRESS, JobTerms, Outcome, pack_terms
from oracle.validator.judge import Judge, Judged, Question
from oracle.verdict import VerdictDocument
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.control.opening import OperatedHome, open_home
from router.protocol.providing import Work
from router.settings import Home
from router.worker.execution import second_word
from router.worker.providers.simulation import SimulatedRun
from router.worker.providers.simulation import simulate as run_on

ACCOUNT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
JOB = "0x" + "01" * 32
SEEDS = range(3)
# The weighted cut of the template's circuit: (edges of weight 4, 1, 3, 2, 3) less twice what is cut.
RING = "[{letters: IIIZZ, coefficient: 4}, {letters: IIZZI, coefficient: 1}, {letters: IZZII, coefficient: 3}, \
{letters: ZZIII, coefficient: 2}, {letters: ZIIIZ, coefficient: 3}]"
EXPECTATION = f"""validation:
  certificates: [expectation.ci/1]
  observable: {{terms: {RING}, delta: 3, bound: BOUND}}"""
OPTIMISATION = f"""result: {{schema_id: run-manifest/1}}
validation:
  certificates: [best_value.exact/1]
  objective: {{direction: minimise, terms: {RING}, target: -11, convergence: true}}
"""
BENCHMARK = """result: {schema_id: run-manifest/1}
validation:
  job_class: research_benchmark
"""


@cache
def ran(qasm3: str, shots: int, seed: int, target: str) -> SimulatedRun:
    """The run, once for all tests: each is the circuit of the template."""
    return run_on(Work(tag=f"seed-{seed}", qasm3=qasm3, shots=shots, target=target, seed=seed))


@dataclass(frozen=True)
class Job:
    """A simulated and promoted job, and a worker for it."""

    opened: OperatedHome
    spec_hash: str
    qasm3: str
    shots: int

    def runs(self, seed: int, target: str = "fake_torino") -> tuple[PackedShots, str]:
        """An honest run, its papers stored; the shots and the delivery's second word."""
        result = ran(self.qasm3, self.shots, seed, target)
        store = self.opened.artifacts
        receipt = store.put(canonical_bytes(result.receipt.to_json() | {"isa_qasm3": result.isa_qasm3}))
        calibration = None if result.calibration is None else store.put(result.calibration)
        return self.delivers(result.shots, target, receipt, calibration)

    def delivers(
        self, shots: PackedShots, target: str, receipt: str, calibration: str | None
    ) -> tuple[PackedShots, str]:
        store = self.opened.artifacts
        store.put(shots.data)
        return shots, second_word(store, self.spec_hash, shots, target, receipt, calibration)

    def judged(self, shots: PackedShots, second: str) -> VerdictDocument:
        document, _ = recompute(
            self.opened.artifacts, terms(self.spec_hash), JOB, shots.result_hash, second_word=second
        )
        assert VerdictDocument.from_bytes(document.to_bytes()) == document
        return document


def job(folder: Path, section: str) -> Job:
    path = write_job(folder / "job")[0]
    text = path.read_text()
    assert text.count("\nvalidation:\n") == 1
    path.write_text(text.replace("\nvalidation:\n", f"\n{section}\n"))
    opened = open_home(Home(folder / "home"))
    made = simulate(opened, path, lambda _what, _share: None)
    assert made.prepared.plan.feasible, made.prepared.plan.reasons
    quote = Quote(
        token="native", symbol="ETH", decimals=18, usd_per_token="3000", source="test",
        quoted_at="2026-06-01T12:00:00Z",
    )  # fmt: skip
    spec = promoted(made.prepared.spec, "fake_torino", "25", quote)
    spec_hash = opened.artifacts.put(canonical_spec(spec))
    assert parse_canonical_spec(opened.artifacts.get(spec_hash)) == spec
    assert spec.quantum is not None
    return Job(opened, spec_hash, made.prepared.qasm3, spec.quantum.shots)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return job(tmp_path_factory.mktemp("benchmark"), BENCHMARK)


@pytest.fixture(scope="module")
def optimisation(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return job(tmp_path_factory.mktemp("optimisation"), OPTIMISATION)


@pytest.fixture(scope="module")
def expectation(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return job(tmp_path_factory.mktemp("expectation"), EXPECTATION.replace("BOUND", "parities"))


def test_a_devices_runs_keep_the_mean_of_the_observable_and_noise_does_not(expectation: Job) -> None:
    for seed in SEEDS:
        assert expectation.judged(*expectation.runs(seed)).outcome is Outcome.ACCEPT
    noise = pack(np.random.default_rng(1).integers(0, 32, size=expectation.shots), 5)
    expectation.opened.artifacts.put(noise.data)
    document = expectation.judged(noise, noise.multiset_hash)
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, ("rejected_by:expectation.ci/1",))
    assert document.manifest_hash is None


def test_a_devices_runs_reach_the_optimum_and_show_how(optimisation: Job) -> None:
    for seed in SEEDS:
        shots, second = optimisation.runs(seed)
        document = optimisation.judged(shots, second)
        assert document.outcome is Outcome.ACCEPT
        best, _mean = document.certificates[0].parts
        assert best.statistic == -11
        store = optimisation.opened.artifacts
        manifest = RunManifest.from_bytes(store.get(second))
        assert manifest.convergence is not None
        shown = json.loads(store.get(manifest.convergence))
        assert int(f"0b{shown['best_outcome']}", 2) == shots.values()[shown["best_shot"]]
        assert [each["shots"] for each in shown["checkpoints"]] == [500 * eighth for eighth in range(1, 9)]
        assert shown["checkpoints"][-1]["best"] == "-11"


def test_the_optimum_put_among_coin_flips_is_not_paid(optimisation: Job) -> None:
    values = np.random.default_rng(2).integers(0, 32, size=optimisation.shots)
    values[17] = 0b01001
    _, honest = optimisation.runs(1)
    papers = RunManifest.from_bytes(optimisation.opened.artifacts.get(honest))
    document = optimisation.judged(
        *optimisation.delivers(pack(values, 5), "fake_torino", papers.receipt, papers.calibration)
    )
    assert document.reason_codes == ("rejected_by:best_value.exact/1",)
    assert document.certificates[0].parts[0].statistic == -11


def test_a_benchmark_with_its_papers_is_accepted_on_a_device_and_on_a_simulator(benchmark: Job) -> None:
    for seed in SEEDS:
        assert benchmark.judged(*benchmark.runs(seed)).outcome is Outcome.ACCEPT
    document = benchmark.judged(*benchmark.runs(1, target="aer_statevector"))
    assert document.outcome is Outcome.ACCEPT, document.reason_codes
    assert [each.method for each in document.certificates] == [
        "reproduce/1",
        "tvd.certified/1",
        "witness.levelset/1",
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"spec": "0x" + "05" * 32}, "paper_mismatch:spec"),
        ({"circuit": "0x" + "05" * 32}, "paper_mismatch:circuit"),
        ({"shots": "0x" + "05" * 32}, "paper_mismatch:shots"),
        ({"multiset": "0x" + "05" * 32}, "paper_mismatch:shots"),
        ({"backend": "ibm_torino"}, "paper_mismatch:receipt"),
        ({"convergence": "receipt"}, "paper_mismatch:convergence"),
        ({"calibration": "receipt"}, "paper_mismatch:calibration"),
        ({"receipt": "calibration"}, "paper_mismatch:receipt"),
    ],
)
def test_a_manifest_that_says_otherwise_rejects_with_the_papers_name(
    benchmark: Job, change: dict[str, str], code: str
) -> None:
    shots, second = benchmark.runs(1)
    store = benchmark.opened.artifacts
    manifest = RunManifest.from_bytes(store.get(second))
    values = {name: getattr(manifest, name) for name in RunManifest.__dataclass_fields__}
    forged = RunManifest(**values | {name: values.get(what, what) for name, what in change.items()})
    document = benchmark.judged(shots, store.put(forged.to_bytes()))
    assert document.outcome is Outcome.REJECT
    assert document.reason_codes[0] == "rejected_by:reproduce/1"
    assert code in document.reason_codes


def test_a_hardware_run_without_its_calibration_rejects(benchmark: Job) -> None:
    store = benchmark.opened.artifacts
    shots, _ = benchmark.runs(1)
    receipt = store.put(canonical_bytes({"method": "hardware", "shots": shots.count, "target": "ibm_torino"}))
    document = benchmark.judged(*benchmark.delivers(shots, "ibm_torino", receipt, None))
    assert document.reason_codes == ("rejected_by:reproduce/1", "paper_missing:calibration")


@pytest.mark.parametrize("lost", ["manifest", "receipt", "calibration"])
def test_a_paper_that_is_gone_is_waited_for_and_rejects_once_that_is_final(benchmark: Job, lost: str) -> None:
    shots, second = benchmark.runs(2)
    store = benchmark.opened.artifacts
    digest = second if lost == "manifest" else str(getattr(RunManifest.from_bytes(store.get(second)), lost))
    name = digest.removeprefix("0x")
    path = store.root / "objects" / name[:2] / name[2:]  # type: ignore[attr-defined]  # a directory's store
    kept = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(ArtifactMissing):
            recompute(store, terms(benchmark.spec_hash), JOB, shots.result_hash, second_word=second)
        document, verdict = recompute(
            store, terms(benchmark.spec_hash), JOB, shots.result_hash, second_word=second, missing_is_final=True
        )
    finally:
        store.put(kept)
    assert verdict.outcome is Outcome.REJECT
    assert document.reason_codes == ("rejected_by:reproduce/1", f"paper_unavailable:{lost}")


def test_a_manifest_names_the_same_shots_whatever_their_papers_so_that_replays_are_found(benchmark: Job) -> None:
    shots, second = benchmark.runs(1)
    document, _ = recompute(
        benchmark.opened.artifacts,
        terms(benchmark.spec_hash),
        JOB,
        shots.result_hash,
        second_word=second,
        replayed=True,
    )
    assert document.reason_codes == ("replayed_result",)


def test_the_judging_process_passes_the_second_word_on(optimisation: Job) -> None:
    shots, second = optimisation.runs(2)
    judge = Judge(optimisation.opened.home.artifacts.as_uri(), 60.0)
    try:
        judge.ask(
            Question(
                terms="0x" + pack_terms(terms(optimisation.spec_hash)).hex(),
                job=JOB,
                round=0,
                result_hash=shots.result_hash,
                second_word=second,
                replayed=False,
                missing_is_final=False,
            )
        )
        until = time.monotonic() + 60
        while (answer := judge.poll()) is None:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        judge.close()
    assert isinstance(answer, Judged), answer
    assert answer.verdict.outcome is Outcome.ACCEPT
    assert VerdictDocument.from_bytes(answer.document.encode()).manifest_hash == second


def test_a_stranger_judges_a_result_and_its_papers_in_one_command(optimisation: Job) -> None:
    shots, second = optimisation.runs(1)
    store = ["--artifacts", optimisation.opened.home.artifacts.as_uri()]
    command = ["judge", optimisation.spec_hash, shots.result_hash, *store]
    chain = ["--manifest", second, "--job", JOB, "--worker-amount", "9900"]
    told = CliRunner().invoke(oracle_command, [*command, *chain, "--json"])
    document, _ = recompute(
        optimisation.opened.artifacts, terms(optimisation.spec_hash), JOB, shots.result_hash, second_word=second
    )
    assert (told.exit_code, json.loads(told.stdout)["digest"]) == (0, document.digest)
    told = CliRunner().invoke(oracle_command, command)
    assert told.exit_code == 2
    assert "--manifest" in told.stderr
    told = CliRunner().invoke(oracle_command, [*command, *chain])
    assert "exactly: statistic -11" in told.stdout
    assert "best_value.exact/1: best: accepts (value " in told.stdout


def test_a_spec_whose_terms_do_not_fit_its_circuit_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match="4 letters, the circuit measures 5 bits"):
        job(tmp_path, EXPECTATION.replace("BOUND", "mixed").replace(RING, "[{letters: ZZZZ, coefficient: 1}]"))
    assert not any((tmp_path / "home" / "artifacts" / "objects").iterdir())


def test_a_stored_spec_whose_terms_do_not_fit_is_no_case(expectation: Job) -> None:
    store = expectation.opened.artifacts
    changed = json.loads(store.get(expectation.spec_hash))
    changed["validation"]["observable"]["terms"] = [{"coefficient": "1", "letters": "ZZ"}]
    shots, _ = expectation.runs(1)
    with pytest.raises(Unjudgeable, match="2 letters"):
        recompute(store, terms(store.put(canonical_bytes(changed))), JOB, shots.result_hash)


def test_the_plan_says_what_the_mean_will_be_known_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_job(tmp_path / "job")[0]
    path.write_text(path.read_text().replace("\nvalidation:\n", f"\n{EXPECTATION.replace('BOUND', 'mixed')}\n"))
    home = ["--home", str(tmp_path / "home")]
    assert run(["plan", str(path), "--json", *home]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["method"] == "expectation.ci/1"
    assert answer["intervals"] == [{"method": "expectation.ci/1", "half_width": "72/125"}]
    assert run(["plan", str(path), "--shots", "60", "--json", *home]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["feasible"] is False
    assert "needs" in answer["reasons"][0]
    assert answer["suggestion"]["shots"] > 60
    assert run(["plan", str(path), *home]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "will know the mean to 0.576 either way" in said
    assert "its mean within 3 of the baseline's" in said


def terms(spec_hash: str) -> JobTerms:
    return JobTerms(
        payer=ACCOUNT, requester=ACCOUNT, worker=ACCOUNT, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ACCOUNT,
        fee_bps=100, budget=10_000, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0,
        ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1,
        quorum=1, spec_hash=spec_hash, salt=0, validators=(ACCOUNT,),
    )  # fmt: skip

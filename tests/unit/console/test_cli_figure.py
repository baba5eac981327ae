"""`compute quantum inspect JOB --figure FILE`: a picture of a stored result, or one line that says why not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from parties import keep

from oracle.artifacts.shots import pack
from oracle.attestations.attestation import Attestation
from oracle.encoding import ZERO_DIGEST
from oracle.spec import parse_canonical_spec, policy_of
from oracle.statistics import Baseline
from oracle.statistics.baseline import TOTAL
from oracle.terms import Outcome, Verdict
from oracle.verdict import Case, decide
from router.console.main import run
from router.console.quantum import picturing
from router.console.quantum.scaffold import write_job
from router.console.screen.failures import CommandFailed
from router.control.opening import OperatedHome, open_home
from router.protocol.lifecycle import JobRecord
from router.requester.simulate import prepare, surroundings
from router.settings import Home


class Bench(NamedTuple):
    """A simulated job, and its record as it would be with a result and a verdict."""

    opened: OperatedHome
    simulated: JobRecord
    judged: JobRecord


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("figure")
    home = Home(folder / "home")
    found = prepare(write_job(folder / "job")[0], surroundings(home), lambda _what, _share: None)
    opened = open_home(home)
    record = keep(opened, found, lambda _what, _share: None).record
    spec = parse_canonical_spec(opened.artifacts.get(record.spec_hash))
    assert record.baseline_root is not None
    baseline = Baseline.from_bytes(opened.artifacts.get(record.baseline_root))
    p = baseline.weights / TOTAL
    shots = pack(np.random.default_rng(1).choice(p.size, size=4000, p=0.85 * p + 0.15 / p.size), baseline.bits)
    policy = policy_of(spec, baseline.bits)
    document = decide(
        Case(
            ZERO_DIGEST, 0, ZERO_DIGEST, policy, 4000, baseline, baseline.root, shots.result_hash, shots.data, False, 1
        )
    )
    opened.artifacts.put(shots.data)
    opened.artifacts.put(document.to_bytes())
    judged = dataclasses.replace(
        record, target="fake_torino", result_hash=shots.result_hash, evidence_hash=document.digest
    )
    return Bench(opened, record, judged)


def test_a_judged_job_is_drawn_with_its_verdict_and_thresholds(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "result.svg"
    assert picturing.draw(bench.opened, bench.judged, path, dark=False) == path
    svg = path.read_text()
    assert f'<title id="figure-title">{bench.judged.job} on fake_torino: verdict accept</title>' in svg
    assert "accept below 0.25" in svg
    assert "Heavy outputs" in svg


def test_a_result_without_a_verdict_is_drawn_without_thresholds(bench: Bench, tmp_path: Path) -> None:
    waiting = dataclasses.replace(bench.judged, evidence_hash=None)
    svg = picturing.draw(bench.opened, waiting, tmp_path / "result.svg", dark=True).read_text()
    assert "no verdict yet</title>" in svg
    assert "accept below" not in svg


def test_what_nobody_vouches_for_on_the_board_is_not_drawn_as_a_verdict(bench: Bench, tmp_path: Path) -> None:
    job, document = "0x" + "77" * 32, str(bench.judged.evidence_hash)
    verdict = Verdict(job, 0, str(bench.judged.result_hash), Outcome.ACCEPT, 5, document)
    folder = bench.opened.home.attestations / job / "0"
    folder.mkdir(parents=True)
    forged = Attestation("0x" + "00" * 20, verdict, document, "0x" + "11" * 65)
    (folder / "forged.json").write_text(json.dumps(forged.to_json()))
    waiting = dataclasses.replace(bench.judged, evidence_hash=None, escrow_id=job)
    for name in ("forged.svg", "torn.svg"):
        svg = picturing.draw(bench.opened, waiting, tmp_path / name, dark=False).read_text()
        assert "no verdict yet</title>" in svg
        (folder / "torn.json").write_text('{"verdict":')


@pytest.mark.parametrize(
    ("change", "name", "reason", "remedy"),
    [
        ({"result_hash": None}, "a.svg", "there is no result to draw yet", "compute quantum watch"),
        ({"result_hash": "0x" + "11" * 32}, "a.svg", "the result cannot be read", "--artifacts"),
        ({}, "a.pdf", "a.pdf ends in .pdf, which is no kind of picture", "name a .svg or a .png file"),
        ({}, "taken.svg", "taken.svg cannot be written", "name a file in a folder of yours"),
    ],
)
def test_what_cannot_be_drawn_says_why_and_leaves_nothing(
    bench: Bench, tmp_path: Path, change: dict[str, str | None], name: str, reason: str, remedy: str
) -> None:
    (tmp_path / "taken.svg").mkdir()
    with pytest.raises(CommandFailed) as caught:
        picturing.draw(bench.opened, dataclasses.replace(bench.judged, **change), tmp_path / name, dark=False)  # type: ignore[arg-type]
    (finding,) = caught.value.findings
    assert reason in finding.reason
    assert remedy in finding.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["taken.svg"]


def test_the_command_says_that_a_simulated_job_has_no_result(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantum", "inspect", bench.simulated.job, "--home", str(bench.opened.home.root), "--json"]
    assert run([*words, "--figure", str(tmp_path / "a.png")]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["reason"] == "there is no result to draw yet"
    assert f"compute quantum watch {bench.simulated.job}" in error["remedy"]
    assert run([*words, "--dark"]) == 2
    assert "--figure" in capsys.readouterr().out

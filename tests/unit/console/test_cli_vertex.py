"""A device's noise declared from the command line: a file that the spec can name, or nothing and every reason."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from oracle.encoding import parse_rational
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.requester.own_baseline import read_prediction
from router.requester.simulate import prepare, surroundings
from router.settings import Home

DEVICE = "fake_manila"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_job(tmp_path / "job")[0]


def vertex(spec: Path, *options: str) -> int:
    return run(["quantum", "vertex", str(spec), "--device", DEVICE, "--shots", "2000", "--json", *options])


def test_what_is_printed_is_a_hull_that_simulation_accepts(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vertex(spec, "--most", "1/3") == 0
    said = json.loads(capsys.readouterr().out)
    law = read_prediction(Path(said["file"]).read_bytes(), 5)
    assert law.root == said["root"]
    # No mixture with up to a third of it lies as far as the reach, which is no more than a hundredth above that.
    farthest = Fraction(1, 3) * parse_rational(said["distance"])
    assert 0 < parse_rational(said["hull"]["reach"]) - farthest <= Fraction(1, 100)
    text = spec.read_text()
    named = "\n".join(["validation:", "  certificates: [tvd.certified/1]", f"  hull: {json.dumps(said['hull'])}"])
    assert text.count("\nvalidation:\n") == 1
    spec.write_text(text.replace("\nvalidation:\n", f"\n{named}\n"))
    found = prepare(spec, surroundings(Home(spec.parent / "home")), lambda _what, _share: None)
    assert [each.root for each in found.vertices] == [law.root]


def test_the_same_seed_makes_the_same_law_and_another_one_another(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roots = []
    for number, seed in enumerate(("7", "7", "8")):
        assert vertex(spec, "--seed", seed, "--out", f"{number}.json") == 0
        roots.append(json.loads(capsys.readouterr().out)["root"])
    assert roots[0] == roots[1] != roots[2]


def test_a_file_that_is_there_stays_as_it_is(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = spec.parent / "mine.json"
    mine.write_text("mine")
    assert vertex(spec, "--out", "mine.json") == 2
    assert "exists already" in capsys.readouterr().out
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("out", ["../torino.json", "/tmp/torino.json", "."])
def test_a_file_that_no_spec_could_name_is_refused(spec: Path, out: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vertex(spec, "--out", out) == 2
    assert "not below the spec's folder" in capsys.readouterr().out


@pytest.mark.parametrize("device", ["aer", "fake_tokyo", "ibm"])
def test_what_is_no_device_with_a_snapshot_is_refused_with_those_that_are(
    spec: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quantum", "vertex", str(spec), "--device", device, "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert device in error["reason"]
    assert DEVICE in error["remedy"]
    assert not (spec.parent / "baselines").exists()


@pytest.mark.parametrize("most", ["0", "3", "half"])
def test_a_weight_that_is_no_share_is_refused(spec: Path, most: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vertex(spec, "--most", most) == 2
    assert "--most" in capsys.readouterr().out

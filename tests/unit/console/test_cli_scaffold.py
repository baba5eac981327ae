"""`compute quantum init` writes a job that works and never overwrites one."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from router.console.main import run
from router.console.quantum.scaffold import TEMPLATES


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_init_writes_the_templates_and_names_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["quantum", "init", "optimizer-demo"]) == 0
    assert set(_tree(tmp_path)) == {f"optimizer-demo/{name}" for name in TEMPLATES}
    assert "compute quantum simulate ./optimizer-demo/job.yaml" in capsys.readouterr().out


@pytest.mark.parametrize("present", TEMPLATES)
def test_init_overwrites_nothing_and_then_writes_nothing(
    tmp_path: Path, present: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine" / present
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = _tree(tmp_path)
    assert run(["quantum", "init", str(tmp_path / "mine"), "--json"]) == 2
    assert _tree(tmp_path) == before
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == str(mine)
    assert "mine-2" in error["remedy"]


def test_init_below_a_file_is_refused_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("a file")
    assert run(["quantum", "init", str(tmp_path / "taken" / "deeper")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "is a file where a folder is needed" in said.err


def test_a_name_with_a_space_is_quoted_in_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["quantum", "init", "my job", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["next"] == "compute quantum simulate './my job/job.yaml'"


@pytest.fixture
def optimiser(tmp_path: Path):  # type: ignore[no-untyped-def]  # a module that only exists once init has run
    run(["quantum", "init", str(tmp_path / "job"), "--json"])
    spec = importlib.util.spec_from_file_location("optimizer", tmp_path / "job/circuits/optimizer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_circuit_of_init_finds_the_cut_that_its_comments_promise(optimiser) -> None:  # type: ignore[no-untyped-def]
    from qiskit.quantum_info import Statevector

    circuit = optimiser.build()
    assert (circuit.num_qubits, circuit.num_clbits) == (5, 5)
    weights = optimiser.WEIGHTS

    def cut(bits: str) -> int:
        side = bits[::-1]
        return sum(weight for i, weight in enumerate(weights) if side[i] != side[(i + 1) % 5])

    probabilities = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities_dict()
    best = max(cut(format(outcome, "05b")) for outcome in range(32))
    assert best == 12
    assert {bits for bits in (format(o, "05b") for o in range(32)) if cut(bits) == best} == {"01001", "10110"}
    assert sum(p for bits, p in probabilities.items() if cut(bits) == best) == pytest.approx(0.42, abs=0.005)
    assert sum(p * cut(bits) for bits, p in probabilities.items()) / best == pytest.approx(0.92, abs=0.005)


def test_the_angles_of_init_are_a_minimum_of_the_cost(optimiser) -> None:  # type: ignore[no-untyped-def]
    """The comment says they were optimised: no small step in any of the four angles may improve the mean cut."""
    from qiskit.quantum_info import Statevector

    def mean_cut() -> float:
        circuit = optimiser.build().remove_final_measurements(inplace=False)
        total = 0.0
        for bits, p in Statevector(circuit).probabilities_dict().items():
            side = bits[::-1]
            total += p * sum(w for i, w in enumerate(optimiser.WEIGHTS) if side[i] != side[(i + 1) % 5])
        return total

    found = mean_cut()
    for name in ("GAMMAS", "BETAS"):
        angles = getattr(optimiser, name)
        for layer in range(2):
            for step in (-0.02, 0.02):
                moved = tuple(angle + (step if index == layer else 0.0) for index, angle in enumerate(angles))
                setattr(optimiser, name, moved)
                assert mean_cut() < found
        setattr(optimiser, name, angles)

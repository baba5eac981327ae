"""`import oracle` and `import router`: what they offer, that loading them loads nothing, and what they refuse."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from plain_install import ran
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorSampler

import oracle
import router
from oracle.artifacts import pack
from oracle.cli import main as oracle_cli
from router.control.gates.policy import OperatorPolicy
from router.requester.simulate import Surroundings, prepare

ROOT = Path(__file__).parents[3]
PACKAGES = pytest.mark.parametrize("package", [oracle, router], ids=lambda package: str(package.__name__))


def ghz(qubits: int = 3) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(0)
    for qubit in range(1, qubits):
        circuit.cx(0, qubit)
    circuit.measure(range(qubits), range(qubits))
    return circuit


@PACKAGES
def test_every_name_of_the_face_is_there_sorted_and_listed(package: ModuleType) -> None:
    names = package.__all__
    assert names == sorted(set(names))
    assert [name for name in names if getattr(package, name) is None] == []
    assert set(names) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'plam'"):
        package.plam  # noqa: B018


@PACKAGES
def test_the_face_that_type_checkers_see_is_the_one_that_runs(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text())
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for line in checked.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert seen == set(package.__all__)
    assert (Path(str(package.__file__)).parent / "py.typed").is_file()


def test_importing_both_loads_nothing_else() -> None:
    asked = "import sys; import __future__, importlib, typing; before = set(sys.modules); import oracle, router; "
    loaded = subprocess.run(
        [sys.executable, "-c", asked + "print(sorted(set(sys.modules) - before))"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    assert loaded.strip() == "['oracle', 'router']"


def test_without_the_control_plane_a_spec_can_be_written_and_the_client_names_its_extra(tmp_path: Path) -> None:
    text = 'OPENQASM 3.0; include \\"stdgates.inc\\"; qubit[1] q; bit[1] c; h q[0]; c[0] = measure q[0];'
    written = f'import router; print(router.spec_from_circuit("{text}", max_usd=5, shots=4000).plan.shots)'
    done = ran("-c", written, folder=tmp_path)
    assert done.stdout.strip() == "4000", done.stderr
    asked = "import router\ntry:\n    router.Client\nexcept router.RouterError as error:\n    print(error)"
    assert "pip install 'compute-escrow[router]'" in ran("-c", asked, folder=tmp_path).stdout


def test_a_draft_is_what_the_command_line_makes_of_it(tmp_path: Path) -> None:
    draft = router.spec_from_circuit(ghz(), max_usd="25", shots=4000, circuit_family="ghz")
    spec = draft.write(tmp_path / "job")
    prepared = prepare(spec, Surroundings(OperatorPolicy(), 31337, None), lambda _what, _done: None)
    assert prepared.source.spec == draft.spec
    assert (prepared.qasm3, prepared.baseline.root, prepared.distance) == (draft.qasm3, draft.baseline.root, 0)
    assert prepared.plan == draft.plan
    assert draft.write(tmp_path / "job") == spec, "the same again is no conflict"
    with pytest.raises(oracle.InputRejected, match="something else is there"):
        router.spec_from_circuit(ghz(4), max_usd="25", shots=4000).write(tmp_path / "job")
    assert "bit[3]" in (tmp_path / "job" / "circuits" / "circuit.qasm").read_text()


def test_shots_that_nobody_names_are_the_fewest_that_work() -> None:
    draft = router.spec_from_circuit(ghz(), max_usd=25)
    assert draft.plan.feasible
    assert draft.plan.shots == draft.plan.shots_needed
    assert not router.spec_from_circuit(ghz(), max_usd=25, shots=draft.plan.shots // 2).plan.feasible


def test_every_fault_of_the_arguments_is_told_at_once_by_their_names() -> None:
    with pytest.raises(oracle.InputRejected) as refused:
        router.spec_from_circuit(ghz(), max_usd="x", shots=-1, requester="me", validation={"alfa": 1})
    assert {each.path for each in refused.value.findings} == {"max_usd", "shots", "requester", "validation.alfa"}
    free = ghz()
    free.reset(0)
    with pytest.raises(oracle.InputRejected, match="reset"):
        router.spec_from_circuit(free, max_usd=25)


def test_judging_from_python_gives_the_document_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "docs" / "judging")
    given = ("--qasm", "circuit.qasm", "--counts-json", "counts.json", "--baseline", "baseline.json")
    printed = CliRunner().invoke(oracle_cli, ["judge", *given]).output.splitlines()[-1]
    counts = json.loads(Path("counts.json").read_text())
    committed = oracle.Baseline.from_bytes(Path("baseline.json").read_bytes())
    document = oracle.judge(Path("circuit.qasm").read_text(), counts, committed=committed)
    assert document.digest == printed


def test_what_a_sampler_returned_is_judged_and_a_policy_is_read_as_a_spec_reads_it() -> None:
    result = StatevectorSampler(seed=1).run([ghz()], shots=4000).result()
    assert oracle.judge(ghz(), result).outcome is oracle.Outcome.ACCEPT
    assert oracle.policy_of({"eps": "0.2"}, 3).eps == Fraction(1, 5)
    with pytest.raises(oracle.InputRejected, match="alfa"):
        oracle.plan(ghz(), 4000, {"alfa": "0.01"})
    with pytest.raises(oracle.InputRejected, match="2 bits, the circuit measures 3"):
        oracle.judge(ghz(), pack([0, 1, 2, 3], 2))
    assert not oracle.plan(ghz(), 20).feasible

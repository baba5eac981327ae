"""The circuits of tests/cases: what each means, that what is run means the same, and how the rest is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.providers.fake_provider import GenericBackendV2

from oracle.circuits import exact_probabilities, load_qasm3
from oracle.cli import main as oracle_main
from oracle.encoding import InputRejected
from oracle.spec import load_source
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.protocol.providing import ProviderRefused, Work
from router.requester.circuit_source import CircuitSource, circuit_of
from router.sandbox import SandboxViolation, ViolationKind
from router.worker.providers.simulation import simulate
from router.worker.providers.transpilation import read_circuit, to_basis, to_isa

CASES = Path(__file__).parents[3] / "cases" / "circuits"
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'

Given = Callable[[str], Path]


@pytest.fixture
def spec_of(tmp_path: Path) -> Given:
    """A spec whose circuit is a file of that name: a case, or whatever was written there before."""

    def make(name: str, text: str | None = None) -> Path:
        spec = write_job(tmp_path / "job")[0]
        (spec.parent / name).write_text((CASES / name).read_text() if text is None else text)
        spec.write_text(spec.read_text().replace("./circuits/optimizer.py", f"./{name}"))
        return spec

    return make


def source_of(spec: Path) -> CircuitSource:
    return circuit_of(load_source(spec))


SINE = math.sin(0.45) ** 2
LAWS = {
    "ecr_means_cx.qasm": [0, 0, 0, 1],
    "r_with_one_angle.qasm": [1 - SINE, SINE],
    "h_means_x.qasm": [0, 1, 0, 0],
    "u_permuted.qasm": [1 - SINE, SINE],
    "rzz_in_openqasm2.qasm": [1 - SINE, SINE, 0, 0],
    "cx_from_u.qasm": [1, 0, 0, 0],
    "ctrl_u_phase.qasm": [0, 1, 0, 0],
    "delay.qasm": [0, 0, 0, 1],
    "global_phase.py": [0.5, 0, 0, 0.5],
    "initialise.py": [0.36, 0, 0, 0.64],
    "controlled_unitary.py": [0, 1, 0, 0],
}


@pytest.mark.parametrize("name", LAWS)
def test_a_case_means_what_it_says_to_the_baseline_and_to_whoever_runs_it(spec_of: Given, name: str) -> None:
    qasm3, law = source_of(spec_of(name)).qasm3, np.array(LAWS[name])
    assert exact_probabilities(load_qasm3(qasm3)) == pytest.approx(law, abs=1e-12)
    # A generator's circuit is a text like another once it is written.
    for target in ("aer", "fake_manila", "fake_sherbrooke") if name.endswith(".qasm") else ():
        shots = simulate(Work("t", qasm3, 1000, target, seed=7)).shots
        seen = np.bincount(shots.values(), minlength=len(law)) / 1000
        assert np.abs(seen - law).sum() / 2 < 0.12, target


def test_a_register_that_nothing_is_measured_into_is_left_out_of_a_generators_circuit(spec_of: Given) -> None:
    circuit = load_qasm3(source_of(spec_of("unused_register.py")).qasm3)
    assert [(register.name, register.size) for register in circuit.cregs] == [("meas", 13)]
    assert exact_probabilities(circuit)[[0, -1]] == pytest.approx([0.5, 0.5])


def test_a_register_that_nothing_is_measured_into_is_named_in_a_text() -> None:
    text = HEAD + "bit[20] spare; bit[5] c; qubit[5] q; c = measure q;"
    with pytest.raises(InputRejected) as rejected:
        exact_probabilities(load_qasm3(text))
    (finding,) = rejected.value.findings
    assert "25 classical bits" in finding.reason
    assert finding.remedy == "leave out what nothing is measured into: 20 of the 20 bits of spare"


def test_bits_that_nothing_is_measured_into_are_told_with_a_simulation(
    spec_of: Given, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = spec_of("part.qasm", HEAD + "bit[3] c; qubit[2] q; h q; c[0] = measure q[0]; c[2] = measure q[1];")
    assert run(["quantum", "simulate", str(spec), "--home", str(tmp_path / "home")]) == 0
    assert "1 of the 3 bits of c" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("refused_*.qasm")))
def test_an_angle_that_is_no_finite_number_of_reasonable_size_is_refused_with_its_line(
    spec_of: Given, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = spec_of(name)
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(tmp_path / "home")]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["source"], error["line"]) == (f"./{name}", 3)
    assert "not a finite number" in error["reason"] or "beyond 1,000,000" in error["reason"]
    assert not (tmp_path / "home").exists()

    (tmp_path / "counts.json").write_text('{"0": 10}')
    with pytest.raises(SystemExit) as ended:
        oracle_main(["judge", "--qasm", str(spec.parent / name), "--counts-json", str(tmp_path / "counts.json")])
    assert ended.value.code == 2
    assert "line 3" in capsys.readouterr().err


@pytest.mark.parametrize("angle", ["1e999", "1e308*10", "1e7", "-1e999"])
def test_an_angle_of_openqasm_2_is_refused_with_its_line(spec_of: Given, angle: str) -> None:
    text = f'OPENQASM 2.0;\ninclude "qelib1.inc";\n// rx(1e999);\nqreg q[1]; creg c[1];\nh q[0];\nrx({angle}) q[0];\n'
    spec = spec_of("own.qasm", text + "h q[0];\nmeasure q -> c;\n")
    with pytest.raises(InputRejected) as rejected:
        source_of(spec)
    assert rejected.value.source == "./own.qasm"
    (finding,) = rejected.value.findings
    assert finding.line == 6
    assert "finite" in finding.reason or "beyond" in finding.reason


def test_openqasm_2_becomes_a_job_like_any_other(spec_of: Given, tmp_path: Path) -> None:
    text = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n'
    spec = spec_of("bell.qasm", text)
    assert source_of(spec).qasm3.startswith("OPENQASM 3.0;")
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(tmp_path / "home")]) == 0


@pytest.mark.parametrize(
    ("name", "line", "operation"),
    [("branch.py", 8, "if_else"), ("used_then_reset.py", 7, "reset"), ("infinite_angle.py", 7, "rx")],
)
def test_what_cannot_be_decomposed_is_named_with_the_generators_line(
    spec_of: Given, name: str, line: int, operation: str
) -> None:
    with pytest.raises(SandboxViolation) as stopped:
        source_of(spec_of(name))
    assert (stopped.value.kind, stopped.value.source, stopped.value.line) == (ViolationKind.CIRCUIT, name, line)
    assert operation in stopped.value.reason
    assert stopped.value.remedy


def test_a_line_of_a_text_that_the_requester_never_wrote_is_quoted() -> None:
    written = CircuitSource(HEAD + "qubit q;\nfoo q;", b"", "./make.py", "the OpenQASM 3 that build() stands for")
    with pytest.raises(InputRejected) as rejected, written.faults_told():
        load_qasm3(written.qasm3)
    (finding,) = rejected.value.findings
    assert rejected.value.source == "./make.py"
    assert finding.line is None
    assert finding.reason == ("gate foo is not defined, in line 4 of the OpenQASM 3 that build() stands for: foo q;")


def test_what_one_target_cannot_transpile_is_that_targets_refusal() -> None:
    backend = GenericBackendV2(2, basis_gates=["x"], seed=1)
    with pytest.raises(ProviderRefused, match="only_x: Qiskit cannot transpile"):
        to_isa(read_circuit(HEAD + "qubit[1] q; bit[1] c; h q[0]; c = measure q;"), backend, "only_x")


def test_a_panic_of_the_transpiler_is_a_refusal_too() -> None:
    # Not read from a text, and so not expanded: a gate of its own with a library's name and other parameters.
    circuit = QuantumCircuit(1, 1)
    circuit.append(Gate("r", 1, [0.9]), [0])
    circuit.data[0].operation.definition = QuantumCircuit(1)
    circuit.measure(0, 0)
    with pytest.raises(ProviderRefused, match="PanicException"):
        to_basis(circuit, ["cx", "rz", "sx"])

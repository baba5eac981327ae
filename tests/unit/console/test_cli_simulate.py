"""Simulation from the command line: everything stored or nothing, and every fault at once."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from parties import desk_of, simulate

from oracle.encoding import InputRejected, sha256_hex
from oracle.spec import canonical_spec, parse_canonical_spec, spec_hash
from oracle.statistics import Baseline
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.control.opening import open_home
from router.control.operating.offering.assess import plan_of
from router.requester.own_baseline import PredictionRejected, read_prediction
from router.requester.simulate import Prepared, prepare, surroundings
from router.sandbox import SandboxViolation
from router.settings import Home

FIVE_FAULTS = """\
job_type: quantum_experiment
version: 2026-06
requester: buyer123
quantum:
  circuit_ref: ./circuits/optimizer.py
  backend_policy: ibm_maybe
  shots: many
budget:
  max_usd_equivalent: -3
validation:
  method: distribution_threshold
  alpha: 1.5
"""


def _quiet(_what: str, _share: float) -> None:
    return None


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_job(tmp_path / "job")[0]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def _prepared(spec: Path, home: Home) -> Prepared:
    return prepare(spec, surroundings(home), _quiet)


def _edit(spec: Path, old: str, new: str) -> None:
    text = spec.read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the template"
    spec.write_text(text.replace(old, new))


def test_five_faults_are_all_told_and_nothing_is_left_behind(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    spec.write_text(FIVE_FAULTS)
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 2
    said = capsys.readouterr()
    errors = json.loads(said.out)["errors"]
    assert {error["path"] for error in errors} == {
        "requester",
        "quantum.backend_policy",
        "quantum.shots",
        "budget.max_usd_equivalent",
        "validation.alpha",
    }
    lines = FIVE_FAULTS.splitlines()
    for error in errors:
        assert lines[error["line"] - 1].strip().startswith(error["path"].rpartition(".")[2])
        assert error["reason"]
        assert error["remedy"]
    assert not home.root.exists()


def test_faults_for_people_name_line_and_remedy(spec: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(FIVE_FAULTS)
    assert run(["quantum", "simulate", str(spec), "--home", str(home.root)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "5 things are wrong; nothing was stored or spent" in said.err
    assert "line 7, quantum.shots" in said.err
    assert said.err.count("→") == 5


def test_the_job_of_init_simulates_as_it_stands(spec: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["state"] == "simulated"
    assert answer["plan"]["feasible"] is True
    assert answer["circuit"]["qubits"] == answer["circuit"]["bits"] == 5
    assert "no wallet stands behind did:example:buyer123" in said.err

    opened = open_home(home)
    record = opened.store.verify(answer["job"])
    stored = parse_canonical_spec(opened.artifacts.get(record.spec_hash))
    assert spec_hash(stored) == record.spec_hash == answer["spec_hash"]
    assert stored.simulation is not None
    assert stored.validation.baseline_root == stored.simulation.baseline_root == record.baseline_root
    assert opened.artifacts.get(record.source) == spec.read_bytes()
    assert stored.quantum is not None
    circuit = opened.artifacts.get(str(stored.quantum.circuit_hash))
    assert circuit.startswith(b"OPENQASM 3")
    Baseline.from_bytes(opened.artifacts.get(answer["baseline_root"]))


def test_inspect_lists_every_artifact_with_bytes_that_hash_to_its_digest(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)])
    job = json.loads(capsys.readouterr().out)["job"]
    assert (
        run(["quantum", "inspect", job.removeprefix("job_")[:8], "--artifacts", "--json", "--home", str(home.root)])
        == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["record"]["job"] == job
    assert [event["kind"] for event in answer["events"]] == ["created", "simulated"]
    kinds = [row["kind"] for row in answer["artifacts"]]
    assert kinds == [
        "original_spec",
        "normalised_spec",
        "code_version",
        "circuit",
        "baseline",
        "simulation_output",
        "normalised_spec",
    ]
    for row in answer["artifacts"]:
        data = Path(row["path"]).read_bytes()
        assert sha256_hex(data) == row["digest"]
        assert len(data) == row["size"]


def test_two_simulations_of_one_spec_commit_to_the_same_circuit_and_baseline(spec: Path, home: Home) -> None:
    first, second = _prepared(spec, home), _prepared(spec, home)
    assert canonical_spec(first.spec) == canonical_spec(second.spec)
    assert first.document == second.document


def test_preparing_writes_nothing(spec: Path, home: Home, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    _prepared(spec, home)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not home.root.exists()


def test_a_generator_that_reaches_out_is_stopped_and_stores_nothing(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec.parent / "circuits/optimizer.py").write_text(
        "import socket\n\ndef build():\n    socket.create_connection(('127.0.0.1', 9))\n"
    )
    assert run(["quantum", "simulate", str(spec), "--json", "--home", str(home.root)]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["path"] == "optimizer.py"
    assert not home.root.exists()
    with pytest.raises(SandboxViolation):
        _prepared(spec, home)


def test_a_circuit_may_be_openqasm(spec: Path, home: Home) -> None:
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
    (spec.parent / "circuits/bell.qasm").write_text(text)
    _edit(spec, "./circuits/optimizer.py", "./circuits/bell.qasm")
    found = _prepared(spec, home)
    assert found.generator is None
    assert found.facts.hash == sha256_hex(text.encode())
    assert found.baseline.probability(0) == found.baseline.probability(3) == Fraction(1, 2)


def test_a_circuit_hash_that_differs_is_told_with_the_right_one(spec: Path, home: Home) -> None:
    right = _prepared(spec, home).facts.hash
    _edit(spec, "  circuit_family:", f'  circuit_hash: "0x{"00" * 32}"\n  circuit_family:')
    with pytest.raises(InputRejected) as caught:
        _prepared(spec, home)
    (finding,) = caught.value.findings
    assert finding.path == "quantum.circuit_hash"
    assert right in finding.remedy
    assert spec.read_text().splitlines()[(finding.line or 0) - 1].strip().startswith("circuit_hash")


def test_a_circuit_wider_than_the_spec_allows_is_refused(spec: Path, home: Home) -> None:
    _edit(spec, "  shots: 4000", "  shots: 4000\n  max_qubits: 4")
    with pytest.raises(InputRejected, match="the circuit has 5 qubits"):
        _prepared(spec, home)


@pytest.mark.parametrize(
    ("requester", "reason"),
    [
        ("did:pkh:eip155:31337:0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "is not in this home"),
        ("did:pkh:eip155:1:0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "no account of chain 31337"),
        ("did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", "is not in this home"),
        ("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "Ed25519"),
        ("did:web:buyer.example", "nobody here can prove who controls a did:web"),
    ],
)
def test_nobody_signs_for_a_did_whose_controller_is_elsewhere_or_unproven(
    spec: Path, home: Home, requester: str, reason: str
) -> None:
    _edit(spec, "did:example:buyer123", requester)
    with pytest.raises(InputRejected, match=reason) as refused:
        _prepared(spec, home)
    (finding,) = refused.value.findings
    assert (finding.path, finding.line) == ("requester", 10)
    assert not home.root.exists()


def test_the_home_s_own_wallet_signs_without_a_notice(spec: Path, home: Home) -> None:
    address = desk_of(open_home(home), "requester").address
    _edit(spec, "did:example:buyer123", f"did:pkh:eip155:31337:{address}")
    assert not any("wallet" in notice for notice in _prepared(spec, home).notices)


def test_the_requester_s_own_baseline_is_compared_exactly(spec: Path, home: Home) -> None:
    ours = _prepared(spec, home).baseline
    counts = {format(outcome, "05b"): int(weight) for outcome, weight in enumerate(ours.weights)}
    moved = Fraction(1, 100)
    shift = int(moved * 2**40)
    counts["01001"] -= shift
    counts["00000"] += shift
    (spec.parent / "baselines").mkdir()
    (spec.parent / "baselines/simulated.json").write_text(json.dumps(counts))
    found = _prepared(spec, home)
    assert found.distance == Fraction(shift, 2**40)
    assert found.spec.simulation is not None
    assert found.prediction is not None
    assert not any("is not there" in notice for notice in found.notices)


def test_an_infeasible_plan_exits_with_2_and_suggests_shots(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["plan", str(spec), "--shots", "100", "--home", str(home.root)]
    assert run([*arguments, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["feasible"] is False
    assert {"feasible", "method", "shots_needed", "p_inconclusive", "suggestion"} <= set(answer)
    enough = answer["suggestion"]["shots"]
    assert run(["plan", str(spec), "--shots", str(enough), "--home", str(home.root)]) == 0
    assert "feasible" in capsys.readouterr().out
    assert not home.root.exists()


def wide_job(folder: Path, validation: str, budget: str = "{max_usd_equivalent: 25}") -> Path:
    """A spec with a dense circuit of twelve qubits and 4,000 shots."""
    rng = np.random.default_rng(12)
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', "qubit[12] q;", "bit[12] c;"]
    for layer in range(14):
        lines += [f"u3({a:.6f}, {b:.6f}, {c:.6f}) q[{q}];" for q, (a, b, c) in enumerate(rng.uniform(0, 6.28, (12, 3)))]
        lines += [f"cx q[{q}], q[{q + 1}];" for q in range(layer % 2, 11, 2)]
    folder.mkdir()
    (folder / "dense.qasm").write_text("\n".join([*lines, "c = measure q;", ""]))
    spec = folder / "job.yaml"
    spec.write_text(
        "job_type: quantum_experiment\nversion: 2026-06\nrequester: did:example:buyer123\n"
        "quantum: {circuit_ref: ./dense.qasm, shots: 4000}\n"
        f"budget: {budget}\nvalidation:\n  method: distribution_threshold\n{validation}"
        "settlement: {release_on: validated}\n"
    )
    return spec


def test_a_near_distance_at_twelve_qubits_is_refused_with_the_witness_and_its_shots(
    tmp_path: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    priced = "{max_usd_equivalent: 25, metering: {unit: shot, price_usd: 0.00125}}"
    near = "  certificates: [tvd.certified/1]\n  eps: 0.08\n  honest_eps: 0.08\n"
    spec = wide_job(tmp_path / "wide", near, priced)
    arguments = ["plan", str(spec), "--home", str(home.root)]
    assert run([*arguments, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["feasible"], answer["method"], answer["p_inconclusive"]) == (False, "tvd.certified/1", "1")
    assert 95_000 <= answer["shots_needed"] <= 105_000
    assert answer["suggestion"]["method"] == "witness.levelset/1"
    assert 300 <= answer["suggestion"]["shots"] <= 1000
    assert answer["cost"] == {
        "budget_usd": "25",
        "shots_usd": "5",
        "suggestion_usd": str(Decimal(answer["suggestion"]["shots"]) * Decimal("0.00125")),
        "within_budget": True,
    }
    assert run(arguments) == 2
    words = capsys.readouterr().out
    assert "TVD 2/25 at 12 bits needs" in words
    assert "left inconclusive" in words
    assert "4,000 shots cost $5, of a budget of $25" in words
    # What is suggested does it.
    spec.write_text(spec.read_text().replace("tvd.certified/1", "witness.levelset/1"))
    assert run([*arguments, "--shots", str(answer["suggestion"]["shots"]), "--json"]) == 0
    capsys.readouterr()


def test_a_wide_spec_that_names_no_certificates_is_planned_and_not_simulated(
    tmp_path: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = wide_job(tmp_path / "wide", "  eps: 0.08\n  honest_eps: 0.08\n")
    assert run(["plan", str(spec), "--home", str(home.root), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["method"] == "tvd.certified/1+witness.levelset/1"
    assert answer["suggestion"]["method"] == "witness.levelset/1"
    assert run(["quantum", "simulate", str(spec), "--home", str(home.root), "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert "job_class: smoke_test" in error["remedy"]


@pytest.mark.parametrize("share", ["1.5", "much"])
def test_a_fidelity_that_is_no_share_is_refused(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str], share: str
) -> None:
    assert run(["plan", str(spec), "--fidelity", share, "--home", str(home.root)]) == 2
    assert "write 0.95" in capsys.readouterr().err


def test_a_better_worker_needs_fewer_shots(spec: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    needed = []
    for fidelity in ("0.85", "1"):
        assert run(["plan", str(spec), "--fidelity", fidelity, "--home", str(home.root), "--json"]) == 0
        needed.append(json.loads(capsys.readouterr().out)["shots_needed"])
    assert needed[0] > needed[1]


def test_a_hull_is_committed_and_kept_with_the_job(spec: Path, home: Home) -> None:
    (spec.parent / "torino.json").write_text(json.dumps({format(x, "05b"): 1 + x for x in range(32)}))
    _edit(
        spec,
        "validation:\n",
        "validation:\n  hull:\n    reach: 0.5\n    vertices:\n      - {kind: uniform, most: 0.2}\n"
        "      - {kind: readout, most: 0.4, one_to_zero: 0.03}\n      - {kind: file, most: 0.3, ref: ./torino.json}\n",
    )
    opened = open_home(home)
    simulation = simulate(opened, spec, _quiet)
    hull = simulation.prepared.spec.validation.hull
    assert hull is not None
    assert [vertex.root for vertex in hull.vertices] == [vertex.root for vertex in simulation.prepared.vertices]
    for vertex in simulation.prepared.vertices:
        assert opened.artifacts.get(vertex.root) == vertex.to_bytes()
    assert plan_of(opened, simulation.prepared.spec) == simulation.prepared.plan


def test_a_hull_whose_reach_is_too_small_is_refused_before_anything_is_kept(
    spec: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    _edit(spec, "validation:\n", "validation:\n  hull: {reach: 0.05, vertices: [{kind: uniform, most: 0.3}]}\n")
    assert run(["quantum", "simulate", str(spec), "--home", str(home.root)]) == 2
    assert "its reach is 1/20" in capsys.readouterr().err
    assert not home.root.exists()


def test_every_line_of_the_template_s_policy_is_what_the_comment_says_the_default_is(spec: Path, home: Home) -> None:
    """The template documents defaults in a comment: they must be the model's."""
    validation = _prepared(spec, home).draft.validation
    line = next(line for line in spec.read_text().splitlines() if "alpha: 0.01" in line)
    words = line.replace("#", "").split()
    said = {name.rstrip(":"): Fraction(value) for name, value in zip(words[::2], words[1::2], strict=True)}
    assert set(said) == {"alpha", "beta", "eps", "honest_eps", "f_min", "honest_f"}
    for name, value in said.items():
        assert Fraction(getattr(validation, name)) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not JSON"),
        ("[1, 2]", "not a table"),
        ("{}", "not a table"),
        ('{"000": 1}', "not an outcome of 2 bits"),
        ('{"0a": 1}', "not an outcome of 2 bits"),
        ('{"00": -1}', "no count or probability"),
        ('{"00": true}', "no count or probability"),
        ('{"00": 0}', "every outcome has 0"),
        ('{"bits":3,"schema":"baseline/1","weights":[]}', "3 bits have 8 weights"),
    ],
)
def test_a_prediction_that_is_no_table_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(PredictionRejected, match=words):
        read_prediction(text.encode(), 2)


def test_a_prediction_reads_counts_and_decimals_exactly() -> None:
    assert read_prediction(b'{"00": 1, "11": 3}', 2) == read_prediction(b'{"00": 0.25, "11": 0.75}', 2)
    thirds = read_prediction(b'{"00": 1, "01": 1, "10": 1}', 2)
    assert thirds.weights.tolist() == [366503875926, 366503875925, 366503875925, 0]


def test_a_prediction_may_be_our_own_artifact() -> None:
    uniform = Baseline.uniform(2)
    assert read_prediction(uniform.to_bytes() + b"\n", 2) == uniform
    with pytest.raises(PredictionRejected, match="2 bits, the circuit measures 3"):
        read_prediction(uniform.to_bytes(), 3)

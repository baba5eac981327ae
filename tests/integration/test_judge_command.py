"""`compute-oracle judge`: a validator's verdict on files, published results included, and every fault at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from oracle.artifacts import DirectoryStore, pack
from oracle.cli import main
from oracle.encoding import ZERO_DIGEST, canonical_bytes, sha256_hex
from oracle.judging.recompute import recompute
from oracle.spec import canonical_spec
from oracle.statistics import Baseline
from oracle.terms import ZERO_ADDRESS, JobTerms, pack_terms
from oracle.verdict import VerdictDocument

JOB = "0x" + "01" * 32
ACCOUNT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DRAFT = """\
job_type: quantum_experiment
version: 2026-06
requester: did:example:buyer123
quantum:
  circuit_ref: ./circuit.qasm
  shots: 4000
budget:
  max_usd_equivalent: 25
validation:
  method: distribution_threshold
"""


def judged(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["judge", *map(str, words)])
    assert done.exit_code == code, f"{done.exit_code}\n{done.stdout}\n{done.stderr}\n{done.exception!r}"
    return done


def answer(*words: object, code: int = 0) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(judged(*words, "--json", code=code).stdout)
    return said


def errors(*words: object) -> list[tuple[str, str]]:
    told = answer(*words, code=2)["errors"]
    assert all(error["source"] and error["reason"] and error["remedy"] for error in told)
    return [(Path(error["source"]).name, error["path"]) for error in told]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


FOUR_ROUNDS = {
    "timeouts": {"verdict_s": 86_400},
    "settlement": {
        "max_rounds": 4,
        "challenge_window_s": 3600,
        "ruling_window_s": 3600,
        "arbiter": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    },
}


@pytest.fixture
def frozen(request: pytest.FixtureRequest, frozen_job: Any, store: DirectoryStore) -> Any:
    """A frozen job; a test may lay other sections over its spec's."""
    return frozen_job(store, **getattr(request, "param", {}))


@pytest.fixture
def files(tmp_path: Path, frozen: Any, store: DirectoryStore) -> Path:
    """A folder with the spec, its circuit and baseline, an honest result and what is published of it."""
    folder = tmp_path / "files"
    folder.mkdir()
    shots = frozen.honest(seed=1)
    bitstrings = [f"{value:05b}" for value in shots.values().tolist()]
    counts = {f"{outcome:05b}": count for outcome, count in shots.counts().items()}
    contents = {
        "spec.json": canonical_spec(frozen.spec),
        "circuit.qasm": store.get(frozen.spec.quantum.circuit_hash),
        "baseline.json": store.get(frozen.spec.validation.baseline_root),
        "shots.bin": shots.data,
        "shots.json": json.dumps(bitstrings).encode(),
        "counts.json": json.dumps(counts).encode(),
        "draft.yaml": DRAFT.encode(),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    store.put(shots.data)
    return folder


def terms_for(spec_hash: str) -> JobTerms:
    return JobTerms(
        payer=ACCOUNT, requester=ACCOUNT, worker=ACCOUNT, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ACCOUNT,
        fee_bps=100, budget=10_000, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0,
        ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1,
        quorum=1, spec_hash=spec_hash, salt=0, validators=(ACCOUNT,),
    )  # fmt: skip


# Results that a spec ordered


def test_a_spec_and_a_result_give_the_document_and_its_digest(files: Path, frozen: Any) -> None:
    arguments = (files / "spec.json", files / "shots.bin", "--qasm", files / "circuit.qasm", "--baseline",
                 files / "baseline.json")  # fmt: skip
    said = answer(*arguments)
    document = VerdictDocument.from_bytes(canonical_bytes(said["document"]))
    assert said["digest"] == document.digest
    assert (said["outcome"], said["reason_codes"]) == ("accept", ["certified"])
    assert said["certificates"] == said["document"]["certificates"]
    assert (document.spec_hash, document.job, document.worker_amount) == (frozen.spec_hash, ZERO_DIGEST, "0")
    assert document.notes == ("selection_unprotected", "replay_unchecked")
    assert said["result"]["registers"] == [{"name": "c", "first_bit": 0, "bits": 5}]
    *_, text, digest = judged(*arguments).stdout.splitlines()
    assert (text, digest) == (document.to_bytes().decode(), document.digest)


@pytest.mark.parametrize("frozen", [FOUR_ROUNDS], indirect=True)
@pytest.mark.parametrize("replayed", [False, True])
def test_what_the_chain_says_makes_it_the_validators_document(
    files: Path, frozen: Any, store: DirectoryStore, replayed: bool
) -> None:
    terms, result = terms_for(frozen.spec_hash), sha256_hex((files / "shots.bin").read_bytes())
    document, _ = recompute(store, terms, JOB, result, 3, replayed)
    code = 6 if replayed else 0
    told = ("--round", 3, "--replayed" if replayed else "--not-replayed")
    local = ("--qasm", files / "circuit.qasm", "--baseline", files / "baseline.json", "--job", JOB)
    by_file = answer(files / "spec.json", files / "shots.bin", *local, "--worker-amount", 9_900, *told, code=code)
    assert by_file["digest"] == document.digest
    stored = ("--artifacts", store.root.as_uri())
    by_digest = answer(frozen.spec_hash, result, *stored, "--job", JOB, "--worker-amount", 9_900, *told, code=code)
    assert by_digest["document"] == by_file["document"]
    store.put_terms(JOB, pack_terms(terms))
    assert answer(JOB, result, *stored, *told, code=code)["digest"] == document.digest
    assert by_file["document"]["policy"]["alpha"] == "1/400", "a fourth of the spec's"


def test_a_round_that_the_spec_does_not_have_is_told(files: Path) -> None:
    local = ("--qasm", files / "circuit.qasm", "--baseline", files / "baseline.json")
    assert errors(files / "spec.json", files / "shots.bin", *local, "--round", 1) == [("command line", "")]


def test_a_result_that_was_never_to_be_had_is_judged_by_its_digest(frozen: Any, store: DirectoryStore) -> None:
    terms, missing = terms_for(frozen.spec_hash), "0x" + "ab" * 32
    document, _ = recompute(store, terms, JOB, missing, missing_is_final=True)
    store.put_terms(JOB, pack_terms(terms))
    stored = ("--artifacts", store.root.as_uri())
    said = answer(JOB, missing, *stored, "--unavailable", code=6)
    assert (said["digest"], said["reason_codes"], said["result"]) == (document.digest, ["artifact_unavailable"], None)
    assert missing in judged(JOB, missing, *stored, code=5).stderr


def test_faults_of_the_result_are_the_workers_and_reject(files: Path) -> None:
    base = (files / "spec.json", "--qasm", files / "circuit.qasm", "--baseline", files / "baseline.json")
    data = (files / "shots.bin").read_bytes()
    for faulty, reason in (
        (data[:-4], "wrong_shot_count"),
        (data[:-1], "artifact_wrong_size"),
        (b"", "artifact_empty"),
        (b"\xff" * 4 + data[4:], "bits_above_register"),
    ):
        (files / "faulty.bin").write_bytes(faulty)
        assert answer(*base, files / "faulty.bin", code=6)["reason_codes"] == [reason]


def test_a_draft_is_filled_in_and_its_baseline_computed_and_that_is_said(files: Path) -> None:
    said = answer(files / "draft.yaml", files / "shots.bin")
    assert said["outcome"] == "accept"
    assert "baseline_uncommitted" in said["notes"]
    assert said["document"]["policy"]["guards"]
    assert any("draft" in notice for notice in said["notices"])
    assert any("computed here" in notice and "circuit.qasm" in notice for notice in said["notices"])
    given = answer(files / "draft.yaml", files / "shots.bin", "--baseline", files / "baseline.json")
    assert not any("computed here" in notice for notice in given["notices"])
    assert given["document"]["baseline_root"] == sha256_hex((files / "baseline.json").read_bytes())


def test_another_circuit_or_baseline_than_the_committed_ones_is_refused(files: Path) -> None:
    other = files / "other.qasm"
    other.write_bytes((files / "circuit.qasm").read_bytes() + b"\n")
    arguments = (files / "spec.json", files / "shots.bin")
    assert errors(*arguments, "--qasm", other) == [("other.qasm", "")]
    wrong = files / "wrong.json"
    for baseline in (Baseline.uniform(5), Baseline.uniform(4)):
        wrong.write_bytes(baseline.to_bytes())
        refused = errors(*arguments, "--qasm", files / "circuit.qasm", "--baseline", wrong)
        assert refused == [("wrong.json", "")]
    wrong.write_text("{}")
    assert errors(*arguments, "--qasm", files / "circuit.qasm", "--baseline", wrong) == [("wrong.json", "")]


def test_a_committed_baseline_that_is_near_but_not_ours_has_to_be_given(
    files: Path, frozen_job: Any, store: DirectoryStore
) -> None:
    ours = Baseline.from_bytes((files / "baseline.json").read_bytes())
    weights = np.array(ours.weights)
    weights[int(weights.argmax())] -= 1
    weights[0 if weights.argmax() else 1] += 1
    near = Baseline(5, weights)
    spec = files / "near.json"
    spec.write_bytes(canonical_spec(frozen_job(store, baseline=near).spec))
    arguments = (spec, files / "shots.bin", "--qasm", files / "circuit.qasm")
    assert errors(*arguments) == [("near.json", "")]
    (files / "near-baseline.json").write_bytes(near.to_bytes())
    assert answer(*arguments, "--baseline", files / "near-baseline.json")["document"]["baseline_root"] == near.root
    assert answer(*arguments, "--artifacts", store.root.as_uri())["document"]["baseline_root"] == near.root


def test_every_fault_of_spec_circuit_and_result_is_told_at_once(files: Path) -> None:
    (files / "draft.yaml").write_text(DRAFT.replace("4000", "many").replace("25", "none"))
    refused = errors(files / "draft.yaml", files / "none.bin", "--baseline", files / "none.json")
    assert set(refused) == {
        ("draft.yaml", "quantum.shots"),
        ("draft.yaml", "budget.max_usd_equivalent"),
        ("none.bin", ""),
        ("none.json", ""),
    }


# Results that no spec ordered


def test_bitstrings_and_counts_are_judged_alike_but_for_their_order(files: Path) -> None:
    base = ("--qasm", files / "circuit.qasm", "--baseline", files / "baseline.json")
    listed = answer(*base, "--shots-json", files / "shots.json")
    counted = answer(*base, "--counts-json", files / "counts.json")
    assert listed["certificates"] == counted["certificates"]
    assert (listed["outcome"], counted["outcome"]) == ("accept", "accept")
    assert listed["document"]["result_hash"] == sha256_hex((files / "shots.bin").read_bytes())
    decisions = {guard["method"]: guard["decision"] for guard in counted["guards"]}
    assert decisions["repeats.lag1/1"] == "refused"
    assert all(guard["decision"] == "neither" for guard in listed["guards"])
    assert set(counted["notes"]) - set(listed["notes"]) == {"order_unknown"}
    assert "not evaluated" in judged(*base, "--counts-json", files / "counts.json").stdout


def test_a_uniform_result_is_rejected_with_code_6(files: Path, frozen: Any) -> None:
    uniform = [f"{value:05b}" for value in frozen.uniform(seed=2).values().tolist()]
    (files / "uniform.json").write_text(json.dumps(uniform))
    said = answer("--qasm", files / "circuit.qasm", "--shots-json", files / "uniform.json", code=6)
    assert said["outcome"] == "reject"


def test_what_is_saved_is_judged_to_the_same_digest_anywhere(files: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    base = ("--qasm", files / "circuit.qasm", "--counts-json", files / "counts.json")
    said = answer(*base, "--save", saved)
    assert sha256_hex((saved / "verdict.json").read_bytes()) == said["digest"]
    assert sha256_hex((saved / "shots.bin").read_bytes()) == said["document"]["result_hash"]
    assert json.loads((saved / "shots.json").read_bytes()) == said["result"]
    assert answer(*base, "--baseline", saved / "baseline.json", "--save", saved)["digest"] == said["digest"]
    assert errors("--qasm", files / "circuit.qasm", "--shots-json", files / "shots.json", "--save", saved) == [
        ("verdict.json", ""),
        ("shots.bin", ""),
        ("shots.json", ""),
    ]


def test_the_policy_is_the_files(files: Path) -> None:
    (files / "policy.yaml").write_text("eps: 0.02\nhonest_eps: 0.3\nguards: []\n")
    base = ("--qasm", files / "circuit.qasm", "--shots-json", files / "shots.json")
    said = answer(*base, "--policy", files / "policy.yaml", code=6)
    assert (said["outcome"], said["document"]["policy"]["eps"]) == ("inconclusive", "1/50")
    (files / "policy.yaml").write_text("alpha: 0.6\n")
    assert errors(*base, "--policy", files / "policy.yaml") == [("policy.yaml", "")]


def test_every_fault_of_circuit_policy_and_result_is_told_at_once(files: Path) -> None:
    (files / "circuit.qasm").write_text("OPENQASM 2.0;\nqreg q[2]; creg c[2];\nreset q[0];\nif(c==1) U(0,0,0) q[0];\n")
    (files / "policy.yaml").write_text("alpha: often\nepsilon: 1\n")
    (files / "shots.json").write_text('["00", "0x", 7]')
    base = ("--qasm", files / "circuit.qasm", "--shots-json", files / "shots.json", "--policy", files / "policy.yaml")
    assert errors(*base, "--baseline", files / "none.json") == [
        ("circuit.qasm", ""),
        ("circuit.qasm", ""),
        ("shots.json", "[1]"),
        ("shots.json", "[2]"),
        ("policy.yaml", "alpha"),
        ("policy.yaml", "epsilon"),
        ("none.json", ""),
    ]
    lines = judged(*base, code=2).stderr.splitlines()
    assert f"error: {files / 'circuit.qasm'}, line 3: reset is not read here" in lines
    assert all(line.startswith(("error: ", "    → ")) for line in lines)


def test_a_circuit_that_measures_in_the_middle_or_too_much_is_refused_with_the_rest(files: Path) -> None:
    (files / "shots.json").write_text("[]")
    for text in (
        "OPENQASM 3.0; qubit[2] q; bit[2] c; c = measure q; U(0,0,0) q[0];",
        "OPENQASM 2.0; qreg q[30]; creg c[30]; measure q -> c;",
        "OPENQASM 2.0; qreg q[2]; creg c[2];",
    ):
        (files / "circuit.qasm").write_text(text)
        base = ("--qasm", files / "circuit.qasm", "--shots-json", files / "shots.json")
        assert {source for source, _ in errors(*base)} >= {"circuit.qasm", "shots.json"}


def test_a_wide_result_needs_a_witness_and_a_narrow_one_more_than_that(tmp_path: Path) -> None:
    (tmp_path / "wide.qasm").write_text(
        'OPENQASM 3.0; include "stdgates.inc"; qubit[8] q; bit[8] c; x q[2]; c = measure q;'
    )
    (tmp_path / "counts.json").write_text(json.dumps({"00000100": 400}))
    base = ("--qasm", tmp_path / "wide.qasm", "--counts-json", tmp_path / "counts.json")
    assert errors(*base) == [("the default policy", "certificates")]
    (tmp_path / "policy.json").write_text('{"certificates": ["witness.levelset/1"]}')
    assert answer(*base, "--policy", tmp_path / "policy.json")["outcome"] == "accept"


# The command line


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ((), {""}),
        (("job.yaml",), {"ARTIFACT"}),
        (("job.yaml", "0x" + "ab" * 32), {"--artifacts"}),
        (("job.yaml", "shots.bin", "--policy", "p.yaml", "--job", "0xAB"), {"--policy", "--job"}),
        (("job.yaml", "shots.bin", "--unavailable"), {"ARTIFACT"}),
        (("--shots-json", "s", "--counts-json", "c", "--job", JOB, "--round", "1", "--replayed"),
         {"--shots-json, --counts-json", "--qasm", "--job", "--round", "--replayed"}),
        (("job.yaml", "shots.bin", "--shots-json", "s", "--qasm", "q"), {"SPEC"}),
    ],
)  # fmt: skip
def test_options_that_contradict_one_another_are_all_told(words: tuple[str, ...], paths: set[str]) -> None:
    assert set(errors(*words)) == {("command line", path) for path in paths}


def test_a_store_that_is_none_and_a_job_with_its_amount_told_twice_are_input(
    files: Path, frozen: Any, store: DirectoryStore
) -> None:
    result = sha256_hex((files / "shots.bin").read_bytes())
    assert errors(frozen.spec_hash, result, "--artifacts", "ftp://host/x") == [("--artifacts", "")]
    store.put_terms(JOB, pack_terms(terms_for(frozen.spec_hash)))
    doubly = errors(JOB, result, "--artifacts", store.root.as_uri(), "--worker-amount", 1)
    assert doubly == [("command line", "")]


def test_something_that_is_not_in_the_store_is_a_dependency(store: DirectoryStore) -> None:
    digest = "0x" + "cd" * 32
    assert digest in judged(digest, digest, "--artifacts", store.root.as_uri(), code=5).stderr


def test_no_control_character_of_a_file_reaches_the_terminal(files: Path) -> None:
    (files / "circuit.qasm").write_text('OPENQASM 2.0;\ninclude "\x1b[31m\u202eevil";\n')
    said = judged("--qasm", files / "circuit.qasm", "--shots-json", files / "shots.json", code=2).stderr
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "x1b[31m" in said


def test_pack_is_what_the_command_reads(files: Path) -> None:
    values = [int(text, 2) for text in json.loads((files / "shots.json").read_text())]
    assert pack(values, 5).data == (files / "shots.bin").read_bytes()

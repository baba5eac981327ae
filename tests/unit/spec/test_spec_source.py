"""Reading a spec's file: the seed workflow's spec as it stands, and every fault of a bad one at once."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from oracle.encoding import Finding, InputRejected
from oracle.spec import JobSpec, ValidationPolicy, load_source, policy_of
from oracle.spec.reading.document import read_document

Load = Callable[[str], JobSpec]
FindingsIn = Callable[[str], dict[str, Finding]]


def line_of(text: str, key: str) -> int:
    """The 1-based line on which `key` stands."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(key))


def with_line(text: str, key: str, line: str) -> str:
    """`text` with the line of `key` replaced, at the same depth."""
    changed = re.sub(rf"^( *){re.escape(key)}:.*$", lambda m: m[1] + line, text, count=1, flags=re.MULTILINE)
    assert changed != text
    return changed


def with_added(text: str, section: str, *lines: str) -> str:
    """`text` with `lines` at the top of `section`."""
    below = f"{section}:\n"
    added = "".join(f"  {line}\n" for line in lines)
    return text.replace(below, below + added) if below in text else text + below + added


def test_the_seed_workflows_spec_loads_unchanged(load: Load, article: str, folder: Path) -> None:
    spec = load(article)
    assert spec.version == "2026-06"
    assert spec.requester == "did:example:buyer123"
    assert spec.budget.max_usd_equivalent == "25"
    assert spec.quantum is not None
    assert (spec.quantum.shots, spec.quantum.max_queue_minutes) == (4000, 120)
    assert spec.validation.baseline_ref == "./baselines/simulated.json"
    assert policy_of(spec, 5) == ValidationPolicy(
        alpha=Fraction(1, 100),
        beta=Fraction(1, 100),
        eps=Fraction(1, 4),
        honest_eps=Fraction(1, 4),
        f_min=Fraction(7, 10),
        honest_f=Fraction(7, 10),
        certificates=("tvd.certified/1", "witness.levelset/1"),
        guards=(
            "collisions.distinct/1",
            "dispersion.window/1",
            "duplicates.divisor/1",
            "repeats.lag1/1",
            "score_cdf/1",
        ),
    )
    assert load_source(folder / "job.yaml").raw == article.encode()


def test_the_same_spec_as_json_is_the_same_spec(load: Load, article: str) -> None:
    data = read_document(article.encode()).data
    assert load(json.dumps(data, indent=2)) == load(article)


def test_decimals_are_read_from_the_source_text(load: Load, article: str) -> None:
    spec = load(with_added(article, "validation", "alpha: 0.01", "beta: 0.1000000000000000055511151231"))
    assert spec.validation.alpha == "1/100"
    assert spec.validation.beta != "1/10", "a float rounded the value on its way"


BAD = """\
job_type: quantum_experiment
version: 2026-06
requester: buyer123
inputs:
  dataset_ref: ipfs://example-input-hash
quantum:
  circuit_ref: ./circuits/missing.py
  backend_polcy: ibm_only
  shots: 0
budget:
  max_usd_equivalent: twenty
validation:
  method: distribution_treshold
  baseline_ref: ../../etc/passwd
  alpha: 2
  eps: 0.3
  honest_eps: 0.2
  certificates: [tvd.certified/1, foo]
settlement:
  release_on: validated
  fee_bps: 2000
  challenge_window_s: 3600
  ruling_window_s: 86400
  quorum: 17
timeouts:
promotion_policy: 5
"""

BAD_FINDINGS = {
    "requester": (3, "not a DID"),
    "quantum.circuit_ref": (7, "not a file"),
    "quantum.backend_polcy": (8, "no key"),
    "quantum.shots": (9, "outside 1 to"),
    "budget.max_usd_equivalent": (11, "not an amount"),
    "validation.method": (13, "none of"),
    "validation.baseline_ref": (14, "leaves"),
    "validation.alpha": (15, "between 0 and 1"),
    "validation.honest_eps": (17, "below the accept bound"),
    "validation.certificates[1]": (18, "none of"),
    "settlement.fee_bps": (21, "outside 0 to 1000"),
    "settlement.arbiter": (19, "needs an arbiter"),
    "settlement.quorum": (24, "outside 1 to 16"),
    "timeouts": (25, "empty"),
    "promotion_policy": (26, "section"),
}


def test_every_fault_is_told_at_once_with_its_line(findings_in: FindingsIn) -> None:
    found = findings_in(BAD)
    assert {path: finding.line for path, finding in found.items()} == {p: line for p, (line, _) in BAD_FINDINGS.items()}
    for path, (_, words) in BAD_FINDINGS.items():
        assert words in found[path].reason, path
        assert found[path].remedy, path


def test_the_findings_come_in_the_order_of_the_lines(load: Load) -> None:
    with pytest.raises(InputRejected) as caught:
        load(BAD)
    lines = [finding.line for finding in caught.value.findings]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert "job.yaml" in caught.value.source


@pytest.mark.parametrize(
    ("key", "line", "path", "words"),
    [
        ("shots", "shots: 4000.5", "quantum.shots", "not a whole number"),
        ("shots", "shots: true", "quantum.shots", "not a whole number"),
        ("shots", 'shots: "4000"', "quantum.shots", "not a whole number"),
        ("shots", "shots: 4e3", "quantum.shots", "not a whole number"),
        ("shots", "shots: 99999999", "quantum.shots", "outside"),
        ("shots", "shots:", "quantum.shots", "not a whole number"),
        ("framework", "framework: cirq", "quantum.framework", "none of: qiskit"),
        ("max_usd_equivalent", "max_usd_equivalent: -1", "budget.max_usd_equivalent", "not above 0"),
        ("max_usd_equivalent", "max_usd_equivalent: 1/3", "budget.max_usd_equivalent", "not an amount"),
        ("max_usd_equivalent", "max_usd_equivalent: 1,000", "budget.max_usd_equivalent", "not an amount"),
        ("max_usd_equivalent", "max_usd_equivalent: [25]", "budget.max_usd_equivalent", "not an amount"),
        ("requester", "requester: did:pkh:eip155:1", "requester", "no chain and account"),
        ("requester", "requester: did:pkh:eip155:1:0x5B38", "requester", "no chain and account"),
        (
            "requester",
            "requester: did:pkh:eip155:1:0x70997970c51812dc3A010C7d01b50e0d17dc79C8",
            "requester",
            "checksum",
        ),
        ("job_type", "job_type: quantum_experiments", "job_type", "did you mean quantum_experiment?"),
        ("circuit_ref", "circuit_ref: /etc/passwd", "quantum.circuit_ref", "not a path relative"),
        ("circuit_ref", "circuit_ref: ~/optimizer.py", "quantum.circuit_ref", "not a path relative"),
        ("circuit_ref", "circuit_ref: https://example.org/a.py", "quantum.circuit_ref", "not a path relative"),
        ("circuit_ref", "circuit_ref: circuits/../../a.py", "quantum.circuit_ref", "leaves"),
        ("circuit_ref", "circuit_ref: ./circuits/", "quantum.circuit_ref", "folder"),
        ("circuit_ref", "circuit_ref: ./circuits/optimizer.qpy", "quantum.circuit_ref", "neither a Python generator"),
        ("circuit_ref", f"circuit_ref: ./{'a' * 300}.py", "quantum.circuit_ref", "not a file"),
        ("dataset_ref", "dataset_ref: ./missing.json", "inputs.dataset_ref", "neither a URI nor a file"),
        ("baseline_ref", "baseline_ref: ./circuits", "validation.baseline_ref", "not a file"),
        ("version", "version: [1]", "version", "not a text"),
        ("release_on", "release_on: delivery", "settlement.release_on", "none of: validated"),
    ],
)
def test_a_bad_value_is_the_only_finding(
    findings_in: FindingsIn, article: str, key: str, line: str, path: str, words: str
) -> None:
    text = with_line(article, key, line)
    found = findings_in(text)
    assert list(found) == [path]
    assert words in found[path].reason
    assert found[path].line == line_of(text, key)


@pytest.mark.parametrize(
    ("section", "lines", "path", "words"),
    [
        ("validation", ["eps: 0.3"], "validation.honest_eps", "below the accept bound"),
        ("validation", ["f_min: 0.6"], "validation.honest_f", "above the accept bound"),
        ("validation", ["certificates: []"], "validation.certificates", "at least one"),
        (
            "validation",
            ["guards: [repeats.lag1/1, repeats.lag1/1]"],
            "validation.guards",
            "once each",
        ),
        (
            "validation",
            ["certificates: [tvd.certified/1, tvd.certified/1]"],
            "validation.certificates",
            "once each",
        ),
        ("settlement", ["fee_bps: 100"], "settlement.fee_to", "needs a receiver"),
        (
            "settlement",
            [
                "ruling_window_s: 60",
                *(f'{role}: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"' for role in ("arbiter", "fee_to")),
            ],
            "settlement.fee_to",
            "is the arbiter too",
        ),
        ("settlement", ["max_rounds: 0"], "settlement.max_rounds", "outside 1 to 8"),
        (
            "settlement",
            ['arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"'],
            "settlement.ruling_window_s",
            "no time to rule",
        ),
        ("settlement", ['arbiter: "0x' + "00" * 20 + '"'], "settlement.arbiter", "nobody"),
        ("timeouts", ["verdict_s: 7199"], "timeouts.verdict_s", "outside 7200"),
        ("timeouts", ["total_s: 18899"], "timeouts.total_s", "18900"),
        ("timeouts", ["queue_s: 7201"], "timeouts.queue_s", "max_queue_minutes"),
        ("timeouts", ["execution_s: 31536000"], "timeouts", "at most a year"),
        ("budget", ["metering: {price_usd: 1}"], "budget.metering.price_usd", "no effect"),
        ("budget", ['amount: "5"'], "budget.quote", "quote is not"),
        ("budget", ["token: ether"], "budget.token", "no token"),
        ("quantum", ["circut_family: x"], "quantum.circut_family", "no key"),
        ("promotion_policy", ["require_simulation: yes"], "promotion_policy.require_simulation", "neither true"),
        (
            "promotion_policy",
            ["require_manual_approval_for: [budget_over_fifty]"],
            "promotion_policy.require_manual_approval_for",
            "not a reason",
        ),
        ("promotion", ["parent: 5"], "promotion.parent", "not a SHA-256"),
    ],
)
def test_contradictions_and_bad_additions_are_told(
    findings_in: FindingsIn, article: str, section: str, lines: list[str], path: str, words: str
) -> None:
    found = findings_in(with_added(article, section, *lines))
    assert path in found
    assert words in found[path].reason
    if section != "promotion":
        assert list(found) == [path]


def test_the_witness_alone_is_refused_for_a_narrow_circuit(findings_in: FindingsIn, article: str) -> None:
    text = with_added(article, "validation", "certificates: [witness.levelset/1]")
    assert findings_in(text) == {}
    assert list(findings_in(with_added(text, "quantum", "max_qubits: 6"))) == ["validation.certificates"]
    assert findings_in(with_added(text, "quantum", "max_qubits: 7")) == {}


def test_a_missing_section_and_a_missing_key_are_told_where_they_belong(findings_in: FindingsIn, article: str) -> None:
    text = article.replace("budget:\n  max_usd_equivalent: 25\n", "").replace("  shots: 4000\n", "")
    found = findings_in(text)
    assert {path: finding.line for path, finding in found.items()} == {"budget": 1, "quantum.shots": 7}
    assert found["budget"].remedy == "write budget: {max_usd_equivalent: 25}"


def test_a_misspelt_key_does_not_also_raise_a_contradiction(findings_in: FindingsIn, article: str) -> None:
    found = findings_in(with_added(article, "validation", "eps: 0.3", "honest_epz: 0.3"))
    assert list(found) == ["validation.honest_epz"]
    assert "did you mean honest_eps?" in found["validation.honest_epz"].remedy


def test_a_link_out_of_the_folder_is_an_escape(findings_in: FindingsIn, article: str, folder: Path) -> None:
    outside = folder.parent / "secret.py"
    outside.write_text("x = 1\n")
    for name in ("circuits/link.py", "baseline.json", "data.json"):
        (folder / name).symlink_to(outside)
    (folder / "loop.py").symlink_to(folder / "loop.py")
    text = with_line(article, "circuit_ref", "circuit_ref: ./circuits/link.py")
    text = with_line(text, "baseline_ref", "baseline_ref: ./baseline.json")
    text = with_line(text, "dataset_ref", "dataset_ref: ./data.json")
    found = findings_in(text)
    assert set(found) == {"quantum.circuit_ref", "validation.baseline_ref", "inputs.dataset_ref"}
    assert all("leads out" in finding.reason for finding in found.values())
    looped = findings_in(with_line(article, "circuit_ref", "circuit_ref: ./loop.py"))
    assert "not a file" in looped["quantum.circuit_ref"].reason


def test_a_link_inside_the_folder_is_fine(findings_in: FindingsIn, article: str, folder: Path) -> None:
    (folder / "circuits" / "link.py").symlink_to(folder / "circuits" / "optimizer.py")
    assert findings_in(with_line(article, "circuit_ref", "circuit_ref: ./circuits/link.py")) == {}


def test_a_pipe_is_not_opened(findings_in: FindingsIn, article: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    text = with_line(article, "circuit_ref", "circuit_ref: ./pipe.py")
    text = with_line(text, "dataset_ref", "dataset_ref: ./pipe.py")
    assert set(findings_in(text)) == {"quantum.circuit_ref", "inputs.dataset_ref"}


def test_local_data_is_digested_and_a_wrong_digest_is_told(load: Load, article: str, folder: Path) -> None:
    (folder / "input.json").write_bytes(b"[1, 2, 3]")
    digest = "0x" + hashlib.sha256(b"[1, 2, 3]").hexdigest()
    text = with_line(article, "dataset_ref", "dataset_ref: ./input.json")
    assert load(text).inputs.input_hash == digest
    assert load(with_added(text, "inputs", f'input_hash: "{digest}"')).inputs.input_hash == digest
    with pytest.raises(InputRejected, match=digest):
        load(with_added(text, "inputs", f'input_hash: "0x{"00" * 32}"'))


def test_other_job_classes_are_read_so_that_routing_can_answer(load: Load, findings_in: FindingsIn) -> None:
    head = "version: 1\nrequester: did:example:a\nbudget: {max_usd_equivalent: 5}\nresult: {schema_id: file/1}\n"
    media = head + "job_type: media_transcode\nvalidation: {method: media_checks}\n"
    assert load(media + "media: {input: ./talk.mov, profile: h264-1080p}\n").media is not None
    assert list(findings_in(media)) == ["media"]
    found = findings_in(
        media + "media: {input: a, profile: b}\nquantum: {circuit_hash: '0x" + "11" * 32 + "', shots: 1}\n"
    )
    assert list(found) == ["quantum"]
    script = head + "job_type: script\nvalidation: {method: distribution_threshold}\n"
    assert set(findings_in(script)) == {"script", "validation.method"}
    inference = head + "job_type: inference\nvalidation: {method: label_agreement}\n"
    assert load(inference + "inference: {model: a.onnx, input: b.json}\n").version == "1"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "25\n", "job_type quantum_experiment\n"])
def test_what_is_no_spec_at_all_is_one_finding(findings_in: FindingsIn, text: str) -> None:
    assert list(findings_in(text)) == [""]


def test_a_file_that_is_not_there_names_the_command_that_writes_one(tmp_path: Path) -> None:
    for path in (tmp_path / "job.yaml", tmp_path):
        with pytest.raises(InputRejected, match="compute quantum init NAME"):
            load_source(path)

"""A policy in a file of its own: the spec's fields, defaults, contradictions and remedies, and nothing besides."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from oracle.encoding import InputRejected
from oracle.spec import JobSpec, PromotionPolicy, load_policy, normalise, policy_of, resolve_policy


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def told(path: Path) -> list[tuple[str, int | None]]:
    with pytest.raises(InputRejected) as rejected:
        load_policy(path)
    assert rejected.value.source == str(path)
    assert all(finding.reason and finding.remedy for finding in rejected.value.findings)
    return [(finding.path, finding.line) for finding in rejected.value.findings]


def test_without_a_file_it_is_what_a_spec_that_says_nothing_asks_for() -> None:
    draft = JobSpec.model_validate(
        {
            "job_type": "quantum_experiment", "version": "2026-06", "requester": "did:example:buyer123",
            "quantum": {"circuit_ref": "./c.qasm", "shots": 10}, "budget": {"max_usd_equivalent": 25},
            "validation": {"method": "distribution_threshold"},
        }
    )  # fmt: skip
    asked = policy_of(normalise(draft, operator_policy=PromotionPolicy(), bits=5), 5)
    assert resolve_policy(load_policy(None), 5, "defaults") == asked
    assert asked.guards


@pytest.mark.parametrize("text", ["", "# nothing\n{}", "{}"])
def test_an_empty_object_is_every_default_and_an_empty_file_is_not(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    if text:
        assert load_policy(path) == load_policy(None)
    else:
        assert told(path) == [("", 1)]


def test_yaml_and_json_say_exact_numbers(tmp_path: Path) -> None:
    as_yaml = load_policy(written(tmp_path, "alpha: 0.001\neps: 1/5\nhonest_eps: 0.3\nguards: []\n"))
    as_json = load_policy(written(tmp_path, '{"alpha": 0.001, "eps": "1/5", "honest_eps": 0.3, "guards": []}'))
    assert as_yaml == as_json
    policy = resolve_policy(as_yaml, 5, "policy.yaml")
    assert (policy.alpha, policy.eps, policy.honest_eps) == (Fraction(1, 1000), Fraction(1, 5), Fraction(3, 10))
    assert policy.guards == ()


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "alpha: often\nbeta: 2\nepsilon: 0.1\nguards: [luck/1]\n")
    assert told(path) == [("alpha", 1), ("beta", 2), ("epsilon", 3), ("guards[0]", 4)]


def test_a_contradiction_is_told_at_the_field_to_change(tmp_path: Path) -> None:
    path = written(tmp_path, "eps: 0.3\nhonest_eps: 0.2\nf_min: 0.5\nhonest_f: 0.6\n")
    assert told(path) == [("honest_eps", 2), ("honest_f", 4)]


def test_what_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    root = "0x" + "ab" * 32
    assert told(written(tmp_path, f'baseline_root: "{root}"\nbaseline_ref: ./b.json\n')) == [
        ("baseline_root", 1),
        ("baseline_ref", 2),
    ]
    assert told(written(tmp_path, "method: output_digest\n")) == [("method", 1)]


@pytest.mark.parametrize("text", ["- alpha\n", "alpha\n", "alpha: 0.1\nalpha: 0.2\n", "a: &x 1\nb: *x\n", "\xff"])
def test_what_is_no_policy_is_a_finding(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(text.encode("latin-1"))
    assert told(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert told(tmp_path / "none.yaml") == [("", None)]


def test_a_wide_circuit_needs_a_witness_that_the_file_names(tmp_path: Path) -> None:
    with pytest.raises(InputRejected) as rejected:
        resolve_policy(load_policy(None), 12, "defaults")
    assert [finding.path for finding in rejected.value.findings] == ["certificates"]
    named = load_policy(written(tmp_path, "certificates: [witness.levelset/1]\n"))
    assert resolve_policy(named, 12, "policy.yaml").certificates == ("witness.levelset/1",)


@pytest.mark.parametrize(
    "text",
    [
        "certificates: [reproduce/1, tvd.certified/1]",
        "job_class: research_benchmark",
        "certificates: [best_value.exact/1]\nobjective: {direction: minimise, target: -1, convergence: true, "
        "terms: [{letters: ZZ, coefficient: 1}]}",
    ],
)
def test_published_results_have_no_papers_and_the_remedy_does_not_ask_to_order_them(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert told(path) == [("certificates", None)]
    with pytest.raises(InputRejected, match="without the papers") as rejected:
        load_policy(path)
    assert "result" not in rejected.value.findings[0].remedy


def test_an_observable_is_judged_by_a_policy_file_as_by_a_spec(tmp_path: Path) -> None:
    text = "certificates: [expectation.ci/1]\nobservable: {terms: [{letters: ZZ, coefficient: 1}], delta: 0.25}\n"
    rule = resolve_policy(load_policy(written(tmp_path, text)), 2, "policy.yaml").observable
    assert rule is not None
    assert (rule.terms, rule.honest_delta) == ((("ZZ", Fraction(1)),), Fraction(1, 4))
    with pytest.raises(InputRejected, match="measures 3 bits"):
        resolve_policy(load_policy(written(tmp_path, text)), 3, "policy.yaml")

"""Certificates, guards, job classes, hulls: what a spec may name together, and what it gets where it names none."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest

from oracle.encoding import Finding, InputRejected, canonical_bytes
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    canonical_spec,
    normalise,
    parse_canonical_spec,
    policy_of,
    with_vertices,
)
from oracle.spec.sections.methods import DEFAULT_GUARDS, JOB_CLASSES, JobClass
from oracle.statistics import BINOMIAL, CEILING, SCORES, Baseline, plan_shots
from oracle.statistics.baseline import TOTAL

Load = Callable[[str], JobSpec]
FindingsIn = Callable[[str], dict[str, Finding]]
OPERATOR = PromotionPolicy()
TVD, WITNESS, HUBER = "tvd.certified/1", "witness.levelset/1", "huber.certified/1"
HULL = "  hull:\n    reach: 0.2\n    vertices:\n      - {kind: uniform, most: 0.2}\n"
READOUT = "      - {kind: readout, most: 0.5, zero_to_one: 0.01, one_to_zero: 0.03}\n"


def judged(article: str, lines: str) -> str:
    """The article's spec with `lines` in its validation section."""
    return article.replace("validation:\n", f"validation:\n{lines}")


def test_every_job_class_that_a_spec_may_write_has_its_defaults() -> None:
    assert tuple(JOB_CLASSES) == get_args(JobClass)


@pytest.mark.parametrize("job_class", JOB_CLASSES)
@pytest.mark.parametrize(
    ("bits", "certificates"),
    [
        (1, {TVD, WITNESS}),
        (6, {TVD, WITNESS}),
        (7, {HUBER, WITNESS}),
        (9, {HUBER, WITNESS}),
        (10, {WITNESS}),
        (24, {WITNESS}),
    ],
)
def test_a_job_class_chooses_what_suits_the_width(
    load: Load, article: str, job_class: str, bits: int, certificates: set[str]
) -> None:
    text = judged(article, f"  job_class: {job_class}\n")
    if job_class == "optimisation":
        terms = f"[{{letters: {'Z' * bits}, coefficient: 1}}]"
        text = judged(text, f"  objective: {{direction: minimise, target: -1, terms: {terms}}}\n")
    if job_class == "research_benchmark":
        text += "result: {schema_id: run-manifest/1}\n"
    spec = normalise(load(text), operator_policy=OPERATOR, bits=bits)
    assert spec.validation.job_class == job_class
    assert set(spec.validation.certificates or ()) >= certificates
    assert SCORES in (spec.validation.guards or ())  # a witness is never alone
    assert parse_canonical_spec(canonical_spec(spec)) == spec


def test_what_a_spec_names_goes_before_its_class(load: Load, article: str) -> None:
    text = judged(article, f"  job_class: smoke_test\n  certificates: [{TVD}]\n  guards: []\n")
    spec = normalise(load(text), operator_policy=OPERATOR, bits=8)
    assert (spec.validation.certificates, spec.validation.guards) == ((TVD,), ())


@pytest.mark.parametrize("lines", ["", "  job_class: smoke_test\n", f"  certificates: [{WITNESS}]\n"])
def test_a_circuit_beyond_every_baseline_is_refused_with_what_to_do(load: Load, article: str, lines: str) -> None:
    with pytest.raises(InputRejected, match="reaches 24: nothing here can judge it") as caught:
        normalise(load(judged(article, lines)), operator_policy=OPERATOR, bits=30)
    (finding,) = caught.value.findings
    assert "binomial.exact/1" in finding.remedy


def test_the_remedy_for_a_ghz_state_of_thirty_qubits_leads_to_a_spec_that_can_be_judged(
    load: Load, article: str
) -> None:
    lines = f"  certificates: [{BINOMIAL}]\n"
    with pytest.raises(InputRejected) as caught:
        normalise(load(judged(article, lines)), operator_policy=OPERATOR, bits=30)
    remedy = caught.value.findings[0].remedy
    (qubits,) = map(int, re.findall(r"at most (\d+) qubits", remedy))
    assert lines.strip() in remedy
    spec = normalise(load(judged(article, lines)), operator_policy=OPERATOR, bits=qubits)
    # At any width a GHZ state has two outcomes; sixteen bits have the smaller table.
    weights = np.zeros(1 << 16, dtype=np.int64)
    weights[[0, -1]] = TOTAL // 2
    assert plan_shots(policy_of(spec, 16), Baseline(16, weights), 4000).feasible


def test_an_unknown_class_is_told_with_those_there_are(findings_in: FindingsIn, article: str) -> None:
    found = findings_in(judged(article, "  job_class: smoke-test\n"))
    assert list(found) == ["validation.job_class"]
    assert "research_benchmark" in found["validation.job_class"].reason


def test_a_witness_is_never_alone_by_default(load: Load, article: str) -> None:
    spec = normalise(load(judged(article, f"  certificates: [{WITNESS}]\n")), operator_policy=OPERATOR, bits=12)
    assert spec.validation.guards == (*DEFAULT_GUARDS, SCORES)
    # What a spec names is what it has: nothing is added to it.
    data = spec.model_dump(mode="json")
    data["validation"]["guards"] = list(DEFAULT_GUARDS)
    assert policy_of(parse_canonical_spec(canonical_bytes(data)), 12).guards == DEFAULT_GUARDS


def test_huber_alone_is_refused_by_the_schema(findings_in: FindingsIn, article: str) -> None:
    found = findings_in(judged(article, f"  certificates: [{HUBER}]\n"))
    assert found["validation.certificates"].remedy == f"write certificates: [{HUBER}, {WITNESS}]"


def test_an_upper_bound_brings_its_guard_and_lies_above_the_accept_bound(
    load: Load, findings_in: FindingsIn, article: str
) -> None:
    spec = normalise(load(judged(article, "  f_max: 0.97\n")), operator_policy=OPERATOR, bits=5)
    assert CEILING in (spec.validation.guards or ())
    assert policy_of(spec, 5).f_max == Fraction(97, 100)
    assert list(findings_in(judged(article, "  f_max: 0.7\n"))) == ["validation.f_max"]
    assert list(findings_in(judged(article, "  f_max: 0.97\n  guards: []\n"))) == ["validation.guards"]
    assert list(findings_in(judged(article, f"  guards: [{CEILING}]\n"))) == ["validation.guards"]


def test_a_spec_without_any_of_it_says_nothing_of_it(load: Load, article: str) -> None:
    data = canonical_spec(normalise(load(article), operator_policy=OPERATOR, bits=5))
    assert not any(name in data for name in (b"hull", b"job_class", b"f_max"))


def test_a_hull_is_committed_by_roots(load: Load, article: str) -> None:
    draft = load(judged(article, HULL + READOUT))
    spec = normalise(draft, operator_policy=OPERATOR, bits=5)
    with pytest.raises(InputRejected, match="simulate"):
        policy_of(spec, 5)
    roots = ("0x" + "a1" * 32, "0x" + "b2" * 32)
    bounds = policy_of(with_vertices(spec, roots), 5).hull
    assert bounds is not None
    assert bounds.reach == Fraction(1, 5)
    assert bounds.vertices == ((roots[0], Fraction(1, 5)), (roots[1], Fraction(1, 2)))


@pytest.mark.parametrize(
    ("lines", "path", "words"),
    [
        (HULL.replace("0.2}", "0.6}") + READOUT, "validation.hull.vertices", "together, more than one"),
        (HULL.replace("kind: uniform", "kind: file"), "validation.hull.vertices", "names its file"),
        (HULL.replace("kind: uniform", "kind: readout"), "validation.hull.vertices", "how often bits are read"),
        (HULL.replace("most", "ref: ./x.json, most"), "validation.hull.vertices", "has no ref"),
        (HULL.replace("most", "one_to_zero: 0.1, most"), "validation.hull.vertices", "has no one_to_zero"),
        (HULL.replace("0.2}", "2}"), "validation.hull.vertices[0].most", "does not lie between 0 and 1"),
        (HULL.replace("uniform", "thermal"), "validation.hull.vertices[0].kind", "none of"),
        (HULL.replace("    reach: 0.2\n", ""), "validation.hull.reach", "missing"),
        ("  hull: {reach: 0.2, vertices: []}\n", "validation.hull.vertices", "0 vertices"),
        (f"  certificates: [{WITNESS}]\n  guards: []\n{HULL}", "validation.hull", "nothing else looks at a hull"),
        (
            HULL.replace("kind: uniform", "kind: file, ref: ./none.json"),
            "validation.hull.vertices[0].ref",
            "not a file",
        ),
    ],
)
def test_what_is_wrong_with_a_hull_is_told_where_it_is(
    findings_in: FindingsIn, article: str, lines: str, path: str, words: str
) -> None:
    found: dict[str, Any] = findings_in(judged(article, lines))
    assert list(found) == [path]
    assert words in found[path].reason

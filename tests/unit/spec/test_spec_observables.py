"""Observables and objectives in a spec: what is read, what is refused, and what goes with what."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from fractions import Fraction

import pytest

from oracle.encoding import Finding, InputRejected
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    canonical_spec,
    normalise,
    parse_canonical_spec,
    policy_of,
    spec_hash,
)
from oracle.statistics import BEST_VALUE, EXPECTATION, REPRODUCE, TVD, WITNESS
from oracle.statistics.rules import parities

Load = Callable[[str], JobSpec]
FindingsIn = Callable[[str], dict[str, Finding]]

OBSERVABLE = """validation:
  certificates: [expectation.ci/1]
  observable:
    terms:
      - {letters: IIIZZ, coefficient: 0.5}
      - {letters: ZIIIZ, coefficient: -1/3}
    delta: 0.25"""
OBJECTIVE = """validation:
  certificates: [best_value.exact/1]
  objective:
    direction: maximise
    terms: [{letters: "11III", coefficient: 2}, {letters: "1IIII", coefficient: -1}]
    target: 1"""


def with_validation(article: str, section: str, *changes: tuple[str, str]) -> str:
    assert article.count("validation:") == 1
    for old, new in changes:
        assert section.count(old) == 1, old
        section = section.replace(old, new)
    return article.replace("validation:", section)


def test_an_observable_is_read_exactly_and_in_one_order(article: str, load: Load) -> None:
    spec = load(with_validation(article, OBSERVABLE))
    turned = load(
        with_validation(
            article,
            OBSERVABLE,
            ("      - {letters: IIIZZ, coefficient: 0.5}\n      - {letters: ZIIIZ, coefficient: -1/3}",
             "      - {letters: ZIIIZ, coefficient: -2/6}\n      - {letters: IIIZZ, coefficient: 1/2}"),
        )
    )  # fmt: skip
    assert spec == turned
    assert spec_hash(spec) == spec_hash(turned)
    rule = policy_of(spec, 5).observable
    assert rule is not None
    assert rule.terms == (("IIIZZ", Fraction(1, 2)), ("ZIIIZ", Fraction(-1, 3)))
    assert (rule.delta, rule.honest_delta, rule.bound) == (Fraction(1, 4), Fraction(1, 4), "parities")
    assert parse_canonical_spec(canonical_spec(spec)) == spec


def test_a_spec_that_names_neither_keeps_the_bytes_it_had(article: str, load: Load) -> None:
    validation = json.loads(canonical_spec(load(article)))["validation"]
    assert not {"observable", "objective"} & validation.keys()


def test_normalising_writes_the_honest_delta_out_and_changes_nothing_the_second_time(article: str, load: Load) -> None:
    once = normalise(load(with_validation(article, OBSERVABLE)), operator_policy=PromotionPolicy(), bits=5)
    assert once.validation.observable is not None
    assert once.validation.observable.honest_delta == once.validation.observable.delta == "1/4"
    assert normalise(once, operator_policy=PromotionPolicy(), bits=5) == once


@pytest.mark.parametrize("letter", ["X", "Y"])
def test_an_observable_off_the_diagonal_is_told_to_end_in_the_basis_change(
    article: str, findings_in: FindingsIn, letter: str
) -> None:
    found = findings_in(with_validation(article, OBSERVABLE, ("IIIZZ", f"III{letter}Z")))
    finding = found["validation.observable.terms[0].letters"]
    assert "not diagonal" in finding.reason
    assert "basis change" in finding.remedy
    assert finding.line is not None
    assert len(found) == 1


@pytest.mark.parametrize(
    ("change", "path", "told"),
    [
        (("IIIZZ", "IIAZZ"), "terms[0].letters", "other letters"),
        (("IIIZZ", "11"), "terms[0].letters", "no string"),
        (("IIIZZ", '"01010"'), "terms[0].letters", "more than 4 projectors"),
        (("IIIZZ", "I" * 25), "terms[0].letters", "25 letters"),
        (("IIIZZ", "IIZZ"), "terms", "different lengths"),
        (("ZIIIZ", "IIIZZ"), "terms", "twice"),
        (("coefficient: 0.5", "coefficient: a half"), "terms[0].coefficient", "not an exact number"),
        (("coefficient: 0.5", "coefficient: 0.1234567890123456789"), "terms", "2^40"),
        (("coefficient: 0.5", "weight: 0.5"), "terms[0].weight", "no key weight"),
        (("delta: 0.25", "delta: 0"), "delta", "above 0"),
        (("delta: 0.25", "delta: 0.25\n    honest_delta: 0.2"), "honest_delta", "one result could be both"),
        (("delta: 0.25", "delta: 0.25\n    bound: tightest"), "bound", "none of"),
    ],
)
def test_what_is_wrong_with_an_observable_is_told_where_it_stands(
    article: str, findings_in: FindingsIn, change: tuple[str, str], path: str, told: str
) -> None:
    found = findings_in(with_validation(article, OBSERVABLE, change))
    assert told in found[f"validation.observable.{path}"].reason
    assert found[f"validation.observable.{path}"].remedy


def test_an_observable_of_no_bit_is_refused(article: str, findings_in: FindingsIn) -> None:
    section = OBSERVABLE.replace("IIIZZ", "IIIII").replace("      - {letters: ZIIIZ, coefficient: -1/3}\n", "")
    assert "no bit" in findings_in(with_validation(article, section))["validation.observable.terms"].reason


@pytest.mark.parametrize(("section", "name"), [(OBSERVABLE, "observable"), (OBJECTIVE, "objective")])
def test_the_letters_must_be_as_many_as_the_circuit_measures_bits(
    article: str, load: Load, section: str, name: str
) -> None:
    spec = load(with_validation(article, section))
    for judge in (
        lambda: policy_of(spec, 6),
        lambda: normalise(spec, operator_policy=PromotionPolicy(), bits=6),
    ):
        with pytest.raises(InputRejected) as rejected:
            judge()
        (finding,) = rejected.value.findings
        assert finding.path == f"validation.{name}.terms"
        assert "5 letters" in finding.reason
        assert "6 letters" in finding.remedy


@pytest.mark.parametrize(
    ("section", "path", "told"),
    [
        (f"validation:\n  certificates: [{EXPECTATION}]", "validation.observable", "has none"),
        (f"validation:\n  certificates: [{BEST_VALUE}]", "validation.objective", "has none"),
        ("validation:\n  job_class: optimisation", "validation.objective", "has none"),
        (OBSERVABLE.replace(EXPECTATION, TVD), "validation.certificates", "no certificate"),
        (OBJECTIVE.replace(BEST_VALUE, TVD), "validation.certificates", "no certificate"),
        (f"validation:\n  certificates: [{REPRODUCE}, {TVD}, {WITNESS}]", "result.schema_id", "does not deliver"),
        ("validation:\n  job_class: research_benchmark", "result.schema_id", "does not deliver"),
        (OBJECTIVE + "\n    convergence: true", "result.schema_id", "does not deliver"),
        ("result: {schema_id: run-manifest/1}\nvalidation:", "result.schema_id", "nothing in the spec"),
    ],
)
def test_what_is_judged_is_declared_and_what_is_declared_is_judged(
    article: str, findings_in: FindingsIn, section: str, path: str, told: str
) -> None:
    found = findings_in(article.replace("validation:", section))
    assert list(found) == [path]
    assert told in found[path].reason
    assert "write" in found[path].remedy


def test_a_research_benchmark_with_its_papers_ordered_is_right(article: str, load: Load) -> None:
    text = article.replace(
        "validation:", "result: {schema_id: run-manifest/1}\nvalidation:\n  job_class: research_benchmark"
    )
    policy = policy_of(load(text), 5)
    assert policy.certificates == (REPRODUCE, TVD, WITNESS)


def test_terms_add_up_to_the_parities_that_they_are() -> None:
    terms = (("1Z0", Fraction(3, 7)), ("II1", Fraction(2)), ("ZZI", Fraction(-1, 2)), ("111", Fraction(5)))
    found = parities(terms)

    def value(letters: str, bits: str) -> int:
        factors = {"I": (1, 1), "Z": (1, -1), "0": (1, 0), "1": (0, 1)}
        product = 1
        for letter, bit in zip(letters, bits, strict=True):
            product *= factors[letter][int(bit)]
        return product

    for bits in map("".join, itertools.product("01", repeat=3)):
        by_terms = sum(coefficient * value(letters, bits) for letters, coefficient in terms)
        by_parities = sum(
            coefficient * (-1) ** (int(bits, 2) & mask).bit_count() for mask, coefficient in found.items()
        )
        assert by_terms == by_parities


def test_what_cancels_leaves_no_parity_behind() -> None:
    assert parities((("0", Fraction(1)), ("1", Fraction(1)))) == {0: Fraction(1)}

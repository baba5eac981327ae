"""What people are told that a certificate found: distances and shares, never the integers of fifteen digits."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from oracle.statistics import BINOMIAL, HUBER, TVD, WITNESS, Decision
from oracle.verdict import VerdictDocument
from oracle.verdict.measures import StatisticKind, measures

GOLDEN = Path(__file__).parents[2] / "golden"
DOCUMENTS = [
    VerdictDocument.from_bytes(case["document"].encode())
    for name in ("verdict_documents", "verdict_observables", "verdict_noises")
    for case in json.loads((GOLDEN / f"{name}.json").read_text())["cases"]
]


def test_every_golden_document_is_told_in_numbers_that_people_read() -> None:
    kinds = set()
    for document in DOCUMENTS:
        for measure in measures(document):
            bounds = (measure.finding.accept, measure.finding.reject)
            for text in (measure.found(), *(measure.bound(bound) for bound in bounds)):
                assert not re.search(r"[0-9]{7}", text.replace(",", "")), text
            kinds.add(measure.kind)
    assert kinds >= set(StatisticKind) - {StatisticKind.COUNT}


@pytest.mark.parametrize("method", [TVD, HUBER, WITNESS, BINOMIAL])
def test_distances_and_shares_lie_between_nothing_and_everything(method: str) -> None:
    values = [each.value for document in DOCUMENTS for each in measures(document) if each.finding.method == method]
    assert any(0 < value < 1 for value in values if value is not None)
    assert all(0 <= value <= 1 for value in values if value is not None)


def test_a_finding_accepts_exactly_where_its_measure_lies_on_the_told_side() -> None:
    looked = 0
    for document in DOCUMENTS:
        for measure in measures(document):
            accept = measure.finding.accept
            if measure.value is None or accept is None or measure.finding.parts:
                continue
            bound = Fraction(accept.value) / measure.one
            from_ = measure.bound(accept).startswith("from")
            inside = measure.value >= bound if from_ else measure.value <= bound
            assert inside == accept.holds(measure.finding.statistic or 0)
            assert inside or measure.finding.decision is not Decision.ACCEPT
            looked += 1
    assert looked > 50


def test_the_told_distance_is_the_one_that_the_shots_have() -> None:
    """Half the sum of the differences, from the counts and not from the statistic."""
    file = json.loads((GOLDEN / "verdict_documents.json").read_text())
    looked = 0
    for case in file["cases"]:
        document = VerdictDocument.from_bytes(case["document"].encode())
        told = [each for each in measures(document) if each.finding.method == TVD and each.value is not None]
        if not told or not case["counts"]:
            continue
        weights = json.loads(file["baselines"][case["baseline"]])["weights"]
        shots = sum(case["counts"].values())
        seen = [Fraction(case["counts"].get(str(outcome), 0), shots) for outcome in range(len(weights))]
        gaps = [abs(share - Fraction(weight, 2**40)) for share, weight in zip(seen, weights, strict=True)]
        assert told[0].value == sum(gaps) / 2
        looked += 1
    assert looked > 3

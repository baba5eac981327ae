"""The verdict documents again, by the second implementation in `tests/independent`: the same bytes."""

from __future__ import annotations

import ast
import json
import random
import shutil
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path

import pytest
from engine_cases import case_of
from independent import cases
from independent.arithmetic import greatest_count, least_count, logarithm, root
from independent.documents import Delivery, document, of_spec
from independent.results import digest

from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import PromotionPolicy, canonical_spec, load_source, normalise, policy_of, spec_hash
from oracle.statistics import GUARDS, METHODS, REPRODUCE, Baseline
from oracle.verdict import Case, decide

TESTS = Path(__file__).parents[2]
GENERATED = cases.generated(300)


@cache
def documents() -> list[bytes]:
    """By the second implementation, of `GENERATED`."""
    return [document(delivery) for delivery in GENERATED]


ALLOWED = {
    "__future__",
    "bisect",
    "collections",
    "dataclasses",
    "fractions",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "pathlib",
    "typing",
    "independent",
}


@pytest.mark.parametrize(("delivery", "kept"), cases.golden(), ids=lambda each: getattr(each, "name", ""))
def test_a_second_implementation_writes_the_golden_bytes(delivery: Delivery, kept: str) -> None:
    assert document(delivery).decode() == kept


def test_a_second_implementation_writes_the_engines_bytes_on_deliveries_of_all_kinds() -> None:
    for delivery, theirs in zip(GENERATED, documents(), strict=True):
        assert theirs == decide(case_of(delivery)).to_bytes(), delivery.name


def test_the_generated_deliveries_reach_every_decision_of_every_method_and_guard() -> None:
    seen, codes, outcomes = set(), set(), set()
    for theirs in documents():
        said = json.loads(theirs)
        outcomes.add(said["outcome"])
        codes |= {code.partition(":")[0] for code in said["reason_codes"]}
        seen |= {(each["method"], each["decision"]) for each in said["certificates"] + said.get("guards", [])}
    assert outcomes == {"accept", "reject", "inconclusive"}
    assert {"artifact_unavailable", "artifact_hash_mismatch", "artifact_wrong_size", "bits_above_register"} < codes
    assert {"replayed_result", "wrong_shot_count", "refused_by", "undecided_by", "certified"} < codes
    assert {(name, said) for name in cases.DRAWN for said in ("accept", "reject", "neither")} <= seen
    assert {(name, said) for name in GUARDS for said in ("reject", "neither")} <= seen


def test_it_reads_the_policy_out_of_the_bytes_of_a_spec(tmp_path: Path) -> None:
    circuit = tmp_path / "circuits" / "optimizer.py"
    circuit.parent.mkdir()
    circuit.write_text("# only its name is read here\n")
    source = shutil.copy(TESTS / "golden" / "article-job.yaml", tmp_path)
    spec = normalise(load_source(Path(source)), operator_policy=PromotionPolicy(), bits=5)
    assert spec.quantum is not None
    baseline = Baseline.from_bytes(json.loads(cases.GOLDEN.read_text())["baselines"]["ring5"].encode())
    drawn = random.Random(1).choices(range(32), weights=baseline.weights.tolist(), k=spec.quantum.shots)
    shots = pack(drawn, 5)
    ours = decide(
        Case(
            job=ZERO_DIGEST,
            round=0,
            spec_hash=spec_hash(spec),
            policy=policy_of(spec, 5),
            shots_required=spec.quantum.shots,
            baseline=baseline,
            baseline_root=baseline.root,
            result_hash=shots.result_hash,
            artifact=shots.data,
            replayed=False,
            worker_amount=0,
        )
    )
    theirs = document(of_spec(canonical_spec(spec), baseline.to_bytes(), shots.data))
    assert theirs == ours.to_bytes()
    assert json.loads(theirs)["outcome"] == "accept"


def test_it_has_every_method_and_guard() -> None:
    from independent.certificates import METHODS as METHODS_TOO
    from independent.guards import GUARDS as GUARDS_TOO

    assert tuple(sorted({*METHODS_TOO, REPRODUCE})) == METHODS
    assert tuple(sorted(GUARDS_TOO)) == GUARDS


def test_it_uses_the_standard_library_alone() -> None:
    modules = list((TESTS / "independent").glob("*.py"))
    assert len(modules) > 5
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= ALLOWED, module.name


def test_its_logarithms_are_the_true_ones_rounded_up() -> None:
    drawn = random.Random(1)
    with localcontext(prec=90):
        for _ in range(300):
            value = 1 + Fraction(drawn.randint(0, 10**6), drawn.randint(1, 10**9)) * 10 ** drawn.randint(0, 30)
            true = (Decimal(value.numerator) / Decimal(value.denominator)).ln() * 2**64
            assert logarithm(value) == Fraction(int(true.to_integral_value(ROUND_CEILING)), 2**64)
    assert logarithm(Fraction(1)) == 0


def test_its_roots_and_critical_values_are_what_they_say() -> None:
    drawn = random.Random(1)
    for _ in range(100):
        value = Fraction(drawn.randint(0, 10**12), drawn.randint(1, 10**3))
        assert (root(value) - 1) ** 2 < value <= root(value) ** 2 or root(value) == value == 0
        n, p = drawn.randint(1, 30), Fraction(drawn.randint(0, 20), 20)
        level = Fraction(drawn.randint(1, 50), 100)
        tails = [sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)) for k in range(n + 1)]
        assert least_count(n, p, level) == next((k for k in range(n + 1) if tails[k] <= level), None)
        below = [1 - tail for tail in tails[1:]] + [Fraction(1)]
        assert greatest_count(n, p, level) == max((k for k in range(n + 1) if below[k] <= level), default=None)


def test_it_depends_on_every_member_of_a_delivery() -> None:
    assert document(cases.generated(1)[0]) == documents()[0]
    assert len({digest(each) for each in documents()}) == len(GENERATED)

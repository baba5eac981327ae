"""Write the documents of tests/golden/verdict_*.json again, after a deliberate change of the rules.

    python scripts/golden/golden_verdicts.py [--check]

Each case is decided anew and its document and digest are put beside it; what changed is printed. A change that this
makes to a document needs a new ENGINE id: validators on the old one sign other bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oracle.artifacts.shots import pack
from oracle.encoding import parse_rational, sha256_hex
from oracle.spec import ValidationPolicy
from oracle.statistics import Baseline
from oracle.statistics.policy import HullBounds
from oracle.statistics.rules import ExpectationRule, ObjectiveRule
from oracle.verdict import Case, Papers, decide

FOLDER = Path(__file__).parents[2] / "tests" / "golden"
GOLDEN = tuple(FOLDER / f"verdict_{name}.json" for name in ("documents", "noises", "observables", "collisions"))
"""The first is as it was before there were hulls, score guards and `huber.certified/1`, which the second is about; the
third is about observables, objectives and papers, the fourth about `collisions.distinct/1`."""


def artifact_of(case: dict[str, Any], bits: int) -> bytes | None:
    """The bytes a golden case delivers: `artifact_hex`, or `counts` as records, or nothing.

    Records are in ascending order; of a case that is `shuffled`, the i-th of these comes in the order of SHA-256(i).
    """
    if case["artifact_hex"] is not None:
        return bytes.fromhex(case["artifact_hex"])
    if case["counts"] is None:
        return None
    outcomes = [int(outcome) for outcome in case["counts"]]
    records = np.repeat(outcomes, list(case["counts"].values()))
    if case.get("shuffled", False):
        records = records[sorted(range(records.size), key=lambda place: sha256_hex(str(place).encode()))]
    return pack(records, bits).data


def case_of(case: dict[str, Any], baselines: Mapping[str, Baseline]) -> Case:
    """A golden case as `decide` takes it; `baselines` by their names."""
    baseline = baselines[case["baseline"]]
    artifact = artifact_of(case, baseline.bits)
    policy = dict(case["policy"])
    certificates, guards = tuple(policy.pop("certificates")), tuple(policy.pop("guards", ()))
    hull = None
    vertices: tuple[Baseline, ...] = ()
    if (declared := policy.pop("hull", None)) is not None:
        by_root = {each.root: each for each in baselines.values()}
        hull = HullBounds(
            parse_rational(declared["reach"]),
            tuple((vertex["root"], parse_rational(vertex["most"])) for vertex in declared["vertices"]),
        )
        vertices = tuple(by_root[root] for root, _ in hull.vertices)
    observable, objective = policy.pop("observable", None), policy.pop("objective", None)
    papers = case.get("papers")
    return Case(
        job=sha256_hex(case["name"].encode()),
        round=case["round"],
        spec_hash=sha256_hex(b"spec"),
        policy=ValidationPolicy(
            **{name: parse_rational(text) for name, text in policy.items()},
            certificates=certificates,
            guards=guards,
            hull=hull,
            observable=observable and ExpectationRule.from_json(observable),
            objective=objective and ObjectiveRule.from_json(objective),
        ),
        shots_required=case["shots_required"],
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=case["result_hash"] or sha256_hex(artifact or b""),
        artifact=artifact,
        replayed=case["replayed"],
        worker_amount=int(case["worker_amount"]),
        vertices=vertices,
        papers=papers
        and Papers(
            manifest_hash=papers["manifest_hash"],
            contents={digest: text and text.encode() for digest, text in papers["contents"].items()},
            circuit=papers["circuit"],
            calibration_required=papers["calibration_required"],
        ),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a document would change")
    check = parser.parse_args().check
    changed = 0
    for path in GOLDEN:
        golden = json.loads(path.read_text())
        baselines = {name: Baseline.from_bytes(text.encode()) for name, text in golden["baselines"].items()}
        for case in golden["cases"]:
            document = decide(case_of(case, baselines))
            text = document.to_bytes().decode()
            if case.get("document") != text:
                changed += 1
                print(f"{case['name']}: {document.outcome.name} {', '.join(document.reason_codes)}")
            case["document"], case["digest"] = text, document.digest
        if not check:
            path.write_text(json.dumps(golden, indent=1) + "\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

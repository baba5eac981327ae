"""From the bytes that are committed to, to the bytes that are signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from independent.arithmetic import UNIT, logarithm
from independent.certificates import METHODS, Finding
from independent.guards import GUARDS
from independent.observables import paper_faults
from independent.results import Baseline, Hull, Policy, Result, canonical, digest, read_shots


@dataclass(frozen=True)
class Delivery:
    """All that a verdict depends on."""

    name: str
    job: str
    round: int
    spec_hash: str
    policy: bytes
    """Canonical JSON."""
    shots_required: int
    baseline: bytes
    """Its artifact."""
    result_hash: str
    """As submitted."""
    artifact: bytes | None
    replayed: bool
    worker_amount: str
    vertices: tuple[bytes, ...] = ()
    """The artifacts of the laws that the policy's hull names."""
    papers: dict[str, Any] | None = None
    """The run's papers, where the spec orders a manifest of them."""


def of_spec(spec: bytes, baseline: bytes, artifact: bytes, vertices: tuple[bytes, ...] = ()) -> Delivery:
    """The delivery of `artifact` under a normalised spec, with no job yet: job id and amount are zero."""
    return Delivery(
        name="of a spec",
        job="0x" + 64 * "0",
        round=0,
        spec_hash=digest(spec),
        policy=canonical(Policy.of_spec(spec).members),
        shots_required=json.loads(spec)["quantum"]["shots"],
        baseline=baseline,
        result_hash=digest(artifact),
        artifact=artifact,
        replayed=False,
        worker_amount="0",
        vertices=vertices,
    )


def document(delivery: Delivery) -> bytes:
    """The verdict document on `delivery`."""
    policy, baseline = Policy.read(delivery.policy), Baseline.read(delivery.baseline)
    hull = Hull.read(policy, delivery.vertices)
    result, reasons = _examined(delivery, baseline.bits)
    if delivery.replayed and not _likely_to_repeat(baseline, delivery.shots_required):
        reasons.append("replayed_result")
    certificates: list[dict[str, object]] = []
    guards: list[dict[str, object]] = []
    outcome = "reject"
    if result is not None and not reasons:
        faults: list[str] = []
        if delivery.papers is not None:
            artifact, shots = delivery.artifact or b"", list(result.shots)
            faults = paper_faults(delivery.papers, policy.members, delivery.spec_hash, artifact, baseline.bits, shots)
        for name in policy.certificates:
            if name == "reproduce/1":
                certificates.append(_found(name, Finding(len(faults), ("at_most", 0), ("at_least", 1))))
            else:
                certificates.append(_found(name, METHODS[name](policy.of(name), baseline, result, hull)))
        guards = [_found(name, GUARDS[name](policy.of(name), baseline, result, hull)) for name in policy.guards]
        outcome, reasons = _combined(certificates, guards, faults)
    return canonical(
        {
            "schema": "verdict/1",
            "engine": "compute-escrow/verdict/2",
            "job": delivery.job,
            "round": delivery.round,
            "spec_hash": delivery.spec_hash,
            "policy": policy.members,
            "policy_hash": digest(canonical(policy.members)),
            "baseline_root": digest(delivery.baseline),
            "result_hash": delivery.result_hash,
            **({} if delivery.papers is None else {"manifest_hash": delivery.papers["manifest_hash"]}),
            "bits": baseline.bits,
            "shots": {"required": delivery.shots_required, "received": None if result is None else result.n},
            "seed": None,
            "worker_amount": delivery.worker_amount if outcome == "accept" else "0",
            "certificates": certificates,
            **({"guards": guards} if policy.guards else {}),
            "outcome": outcome,
            "reason_codes": reasons,
            "notes": ["selection_unprotected"],
        }
    )


def _examined(delivery: Delivery, bits: int) -> tuple[Result | None, list[str]]:
    if delivery.artifact is None:
        return None, ["artifact_unavailable"]
    if digest(delivery.artifact) != delivery.result_hash:
        return None, ["artifact_hash_mismatch"]
    result = read_shots(delivery.artifact, bits)
    if isinstance(result, str):
        return None, [result]
    return result, [] if result.n == delivery.shots_required else ["wrong_shot_count"]


def _likely_to_repeat(baseline: Baseline, shots: int) -> bool:
    """Whether two ideal runs coincide with a probability above 2^-128."""
    coincide = Fraction(sum(weight * weight for weight in baseline.weights), UNIT * UNIT)
    return shots * logarithm(1 / coincide) < logarithm(Fraction(2**128))


def _found(name: str, finding: Finding | None) -> dict[str, object]:
    if finding is None:
        nothing = {"statistic": None, "accept": None, "reject": None, "constants": {}}
        return {"method": name, "decision": "refused", **nothing}
    return {
        "method": name,
        "decision": finding.decision,
        "statistic": str(finding.statistic),
        "accept": None if finding.accept is None else {finding.accept[0]: str(finding.accept[1])},
        "reject": None if finding.reject is None else {finding.reject[0]: str(finding.reject[1])},
        "constants": {key: str(value) for key, value in finding.constants.items()},
        **({"parts": [_found(part, each) for part, each in finding.parts]} if finding.parts else {}),
    }


def _combined(
    certificates: list[dict[str, object]], guards: list[dict[str, object]], faults: list[str]
) -> tuple[str, list[str]]:
    """Any may reject, and so does a fault of the papers; all certificates must accept."""
    rejecting = [f"rejected_by:{each['method']}" for each in certificates + guards if each["decision"] == "reject"]
    rejecting += faults
    if rejecting:
        return "reject", rejecting
    words = {"neither": "undecided_by", "refused": "refused_by"}
    open_ones = [
        f"{words[str(each['decision'])]}:{each['method']}" for each in certificates if each["decision"] != "accept"
    ]
    return ("inconclusive", open_ones) if open_ones else ("accept", ["certified"])

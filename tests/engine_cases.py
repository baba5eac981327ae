"""What the second implementation is given, as the engine takes it."""

from __future__ import annotations

import json
from typing import Any

from independent.documents import Delivery

from oracle.encoding import parse_rational
from oracle.spec import ValidationPolicy
from oracle.statistics import Baseline
from oracle.statistics.policy import HullBounds
from oracle.statistics.rules import ExpectationRule, ObjectiveRule
from oracle.verdict import Case, Papers


def case_of(delivery: Delivery) -> Case:
    """The engine's case of `delivery`."""
    baseline = Baseline.from_bytes(delivery.baseline)
    return Case(
        job=delivery.job,
        round=delivery.round,
        spec_hash=delivery.spec_hash,
        policy=_policy(json.loads(delivery.policy)),
        shots_required=delivery.shots_required,
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=delivery.result_hash,
        artifact=delivery.artifact,
        replayed=delivery.replayed,
        worker_amount=int(delivery.worker_amount),
        vertices=tuple(Baseline.from_bytes(vertex) for vertex in delivery.vertices),
        papers=None if delivery.papers is None else _papers(delivery.papers),
    )


def _policy(members: dict[str, Any]) -> ValidationPolicy:
    lists = {name: tuple(members.pop(name, ())) for name in ("certificates", "guards")}
    hull, observable, objective = (members.pop(name, None) for name in ("hull", "observable", "objective"))
    if hull is not None:
        vertices = tuple((vertex["root"], parse_rational(vertex["most"])) for vertex in hull["vertices"])
        hull = HullBounds(parse_rational(hull["reach"]), vertices)
    return ValidationPolicy(
        **{name: parse_rational(text) for name, text in members.items()},
        **lists,
        hull=hull,
        observable=observable and ExpectationRule.from_json(observable),
        objective=objective and ObjectiveRule.from_json(objective),
    )


def _papers(members: dict[str, Any]) -> Papers:
    return Papers(
        manifest_hash=members["manifest_hash"],
        contents={name: text and text.encode() for name, text in members["contents"].items()},
        circuit=members["circuit"],
        calibration_required=members["calibration_required"],
    )

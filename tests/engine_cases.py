"""What the second implementation is given, as the engine takes it."""

from __future__ import annotations

import json

from independent.documents import Delivery

from oracle.encoding import parse_rational
from oracle.spec import ValidationPolicy
from oracle.statistics import Baseline
from oracle.verdict import Case


def case_of(delivery: Delivery) -> Case:
    """The engine's case of `delivery`."""
    baseline = Baseline.from_bytes(delivery.baseline)
    members = json.loads(delivery.policy)
    lists = {name: tuple(members.pop(name, ())) for name in ("certificates", "guards")}
    return Case(
        job=delivery.job,
        round=delivery.round,
        spec_hash=delivery.spec_hash,
        policy=ValidationPolicy(**{name: parse_rational(text) for name, text in members.items()}, **lists),
        shots_required=delivery.shots_required,
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=delivery.result_hash,
        artifact=delivery.artifact,
        replayed=delivery.replayed,
        worker_amount=int(delivery.worker_amount),
    )

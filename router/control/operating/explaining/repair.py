"""What of one job is damaged: everything that is stored of it, looked at anew and believed only where it holds."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing
from router.control.opening import OperatedHome
from router.control.store import RowDamaged
from router.protocol.lifecycle import EventChainBroken, JobRecord


@dataclass(frozen=True)
class Damage:
    """Something that does not hold, and what to do about it."""

    reason: str
    remedy: str


def faults(opened: OperatedHome, job: str) -> tuple[Damage, ...]:
    """Everything of `job` that a person has to put back; empty if all holds. Writes nothing. Raises UnknownJob."""
    again = f"then `compute repair {job}` again"
    found: list[Damage] = []
    record: JobRecord | None = None
    try:
        record = opened.store.verify(job)
    except EventChainBroken as error:
        remedy = f"put the event back from a backup of the database, {again}"
        found.append(Damage(f"event {error.sequence}: {error.reason}", remedy))
    try:
        opened.store.intents(job)
    except RowDamaged as error:
        remedy = f"put the intent back from a backup of the database, {again}"
        found.append(Damage(f"{error.what}: {error.reason.partition(': ')[2]}", remedy))
    for name in () if record is None else _artifacts(record):
        try:
            opened.artifacts.get(name)
        except (ArtifactMissing, ArtifactCorrupt) as error:
            reason, _, remedy = str(error).partition("; ")
            found.append(Damage(reason, f"{remedy}, {again}"))
    return tuple(found)


def _artifacts(record: JobRecord) -> tuple[str, ...]:
    """Digests of the artifacts without which the job cannot go on."""
    named = (
        record.source,
        record.spec_hash,
        record.circuit,
        record.baseline_root,
        record.simulation,
        record.decision,
        record.gates,
        record.result_hash,
        record.receipt,
        record.calibration,
    )
    return tuple(dict.fromkeys(name for name in named if name is not None))

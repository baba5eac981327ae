"""What a job's record consists of: the artifacts that its events name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from oracle.artifacts import ArtifactError, ArtifactStore
from oracle.artifacts.kinds import ArtifactKind
from oracle.artifacts.manifest import ManifestRejected, RunManifest
from router.protocol.lifecycle import (
    FINAL_ESCROW,
    Approved,
    Completed,
    Created,
    EscrowMoved,
    Event,
    Promoted,
    Simulated,
    Validated,
    standing,
)

Named = tuple[ArtifactKind, str]
"""An artifact's kind and its digest."""


def named(events: Iterable[Event], store: ArtifactStore) -> Iterator[Named]:
    """Every artifact that `events` name, and what those in `store` name in turn, in the order of the job's life.

    One digest may come several times. The settlement receipts are not among them: see `receipts`.
    """
    for event in events:
        match event.payload:
            case Created(source=source, spec_hash=spec):
                yield ArtifactKind.ORIGINAL_SPEC, source
                yield ArtifactKind.NORMALISED_SPEC, spec
            case Simulated(spec_hash=spec, circuit=circuit, baseline_root=root, simulation=simulation):
                document = _object(store, simulation)
                if isinstance(generator := document.get("generator"), str):
                    yield ArtifactKind.CODE_VERSION, generator
                yield ArtifactKind.CIRCUIT, circuit
                yield ArtifactKind.BASELINE, root
                if isinstance(prediction := document.get("prediction"), str):
                    yield ArtifactKind.REQUESTER_BASELINE, prediction
                yield ArtifactKind.SIMULATION_OUTPUT, simulation
                yield ArtifactKind.NORMALISED_SPEC, spec
            case Promoted(spec_hash=spec):
                yield ArtifactKind.NORMALISED_SPEC, spec
            case Approved(decision=decision, gates=gates):
                yield ArtifactKind.ROUTING_DECISION, decision
                yield ArtifactKind.GATE_REPORT, gates
            case Completed(result_hash=result, multiset_hash=second, receipt=receipt, calibration=calibration):
                yield ArtifactKind.RAW_RESULT, result
                yield from _papers(store, second)
                if receipt is not None:
                    yield ArtifactKind.PROVIDER_JOB, receipt
                if calibration is not None:
                    yield ArtifactKind.CALIBRATION_SNAPSHOT, calibration
            case Validated(evidence_hash=evidence):
                yield ArtifactKind.VERDICT_DOCUMENT, evidence
            case _:
                continue


def receipts(events: Iterable[Event]) -> tuple[Event, ...]:
    """The settlement receipts among a job's events: of each log that emptied the escrow, the last event it caused.

    That is the job's end, or the escrow's where the job had ended before. The receipt itself is the event's payload in
    canonical JSON, stored under the event's payload digest.
    """
    caused: dict[tuple[str, int], Event] = {}
    emptied = set()
    for event in standing(events):
        if (cause := event.payload.chain_cause) is None:
            continue
        caused[cause.tx_hash, cause.log_index] = event
        if isinstance(event.payload, EscrowMoved) and event.payload.escrow in FINAL_ESCROW:
            emptied.add((cause.tx_hash, cause.log_index))
    return tuple(event for place, event in caused.items() if place in emptied)


def _object(store: ArtifactStore, digest: str) -> dict[str, object]:
    """The JSON object under `digest`; an empty one where it is not there or not intact, which is told elsewhere."""
    try:
        value = json.loads(store.get(digest))
    except (ArtifactError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _papers(store: ArtifactStore, second_word: str) -> Iterator[Named]:
    """The manifest that a delivery's second word names, and what only it names; nothing for a hash of sorted shots."""
    try:
        manifest = RunManifest.from_bytes(store.get(second_word))
    except (ArtifactError, ManifestRejected):
        return  # sorted shots, which may be somebody's result: the spec ordered no manifest
    yield ArtifactKind.RUN_MANIFEST, second_word
    if manifest.convergence is not None:
        yield ArtifactKind.CONVERGENCE, manifest.convergence

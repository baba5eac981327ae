"""The bundle of a job that no router ever knew: what is on the chain, the board and in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from live_chain import Deployed

from oracle.artifacts import ArtifactStore
from oracle.artifacts.kinds import ArtifactKind
from oracle.attestations.board import AttestationBoard
from oracle.chain.events import Proposed, Submitted
from oracle.chain.following import dossier
from oracle.encoding import canonical_bytes
from oracle.evidence.checks import CheckResult
from oracle.evidence.inclusion.node import mined
from oracle.evidence.packing.bundle import (
    CHAIN,
    TERMS,
    Piece,
    artifact_path,
    attestation_path,
    transaction_path,
    write_bundle,
)
from oracle.evidence.packing.manifest import Sort
from oracle.evidence.shown import EscrowAt
from oracle.evidence.verifying import verify
from oracle.spec import parse_canonical_spec
from oracle.terms import JobTerms, pack_terms

NAME = "job_000000000x"
SALT = int.from_bytes(hashlib.sha256(NAME.encode()).digest(), "big")
"""Of the terms of a job with that name."""


def bundle_without_a_router(
    deployed: Deployed, store: ArtifactStore, board: AttestationBoard, terms: JobTerms, job: str
) -> bytes:
    """The bundle of `job`, whose terms have SALT."""
    told = dossier.read(deployed.client, job)
    spec = parse_canonical_spec(store.get(terms.spec_hash))
    assert spec.quantum is not None
    named: list[tuple[ArtifactKind, str]] = [
        (ArtifactKind.NORMALISED_SPEC, terms.spec_hash),
        (ArtifactKind.CIRCUIT, str(spec.quantum.circuit_hash)),
        (ArtifactKind.BASELINE, str(spec.validation.baseline_root)),
    ]
    for event in told.events:
        if isinstance(event.args, Submitted):
            named.append((ArtifactKind.RAW_RESULT, event.args.result_hash))
        elif isinstance(event.args, Proposed):
            named.append((ArtifactKind.VERDICT_DOCUMENT, event.args.evidence_hash))
    at = EscrowAt(deployed.deployment.chain_id, deployed.deployment.escrow)
    pieces = [Piece(TERMS, Sort.TERMS, pack_terms(terms)), Piece(CHAIN, Sort.CHAIN, at.to_bytes())]
    pieces += [Piece(artifact_path(digest), kind, store.get(digest)) for kind, digest in named]
    for number in range(terms.max_rounds):
        for each in board.read(job, number)[0]:
            path = attestation_path(number, each.validator)
            pieces.append(Piece(path, ArtifactKind.ATTESTATIONS, canonical_bytes(each.to_json())))
    for tx_hash in dict.fromkeys(event.tx_hash for event in told.events):
        found = mined(deployed.client.node, tx_hash)
        assert found is not None
        pieces.append(Piece(transaction_path(tx_hash), Sort.TRANSACTION, found.to_bytes()))
    return write_bundle(NAME, job, "2026-06-01T12:00:00.000000Z", pieces, ())


def not_holding(data: bytes) -> Sequence[str]:
    """The checks that do not hold, but for the event log's, which only a router keeps; each with what it found."""
    report, _ = verify(data)
    return [
        f"{check.name}: {check.finding}"
        for check in report.checks
        if check.result is not CheckResult.HOLDS and check.name != "events"
    ]

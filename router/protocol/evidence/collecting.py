"""The bundle of a job, of any state: everything that its record names and that is there, and what is not, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore
from oracle.artifacts.kinds import ArtifactKind
from oracle.encoding import canonical_bytes
from oracle.evidence.packing.bundle import (
    ALL,
    CHAIN,
    EVENTS,
    TERMS,
    Piece,
    artifact_path,
    attestation_path,
    transaction_path,
    write_bundle,
)
from oracle.evidence.packing.manifest import Missing, Sort
from oracle.evidence.shown import EscrowAt
from router.protocol.evidence.contents import named, receipts
from router.protocol.lifecycle import Completed, Event, fold, standing

if TYPE_CHECKING:
    from oracle.attestations.attestation import Attestation
    from oracle.evidence.inclusion.transactions import MinedTransaction

_UNASKED = "the chain could not be asked for it when the bundle was made"
_UNPROVEN = "the node gave no block that hashes to its own name, so that nothing proves this receipt"


@dataclass(frozen=True)
class ChainSide:
    """Where the chain's part of a bundle comes from."""

    at: EscrowAt
    transactions: Callable[[], Sequence[str]]
    """Hashes of all transactions in which the escrow said something of the job. Raises ChainError."""
    mined: Callable[[str], MinedTransaction | None]
    """What the node has of a transaction; None if it is not mined. Raises ChainError."""


def collect(
    events: Sequence[Event], store: ArtifactStore, attestations: Sequence[Attestation], chain: ChainSide | None
) -> tuple[bytes, tuple[Missing, ...]]:
    """The bundle's file, and what is missing in it.

    `events` are the job's whole log and `attestations` were verified. `chain` is None for a home without a chain.
    The same record, and the same chain, give the same bytes.
    """
    record, gathered = fold(events), _Gathering(store)
    for kind, digest in named(events, store):
        gathered.artifact(kind, digest)
    for attestation in sorted(attestations, key=lambda each: (each.verdict.round, each.validator.lower())):
        gathered.artifact(ArtifactKind.VERDICT_DOCUMENT, attestation.document)
        path = attestation_path(attestation.verdict.round, attestation.validator)
        gathered.add(path, ArtifactKind.ATTESTATIONS, canonical_bytes(attestation.to_json()))
    for event in receipts(events):
        gathered.artifact(ArtifactKind.SETTLEMENT_RECEIPT, event.payload_digest)
    gathered.add(EVENTS, Sort.EVENT_LOG, b"".join(canonical_bytes(event.to_json()) + b"\n" for event in events))
    if record.terms is not None:
        gathered.add(TERMS, Sort.TERMS, bytes.fromhex(record.terms.removeprefix("0x")))
    if record.escrow_id is not None:
        if chain is not None:
            gathered.add(CHAIN, Sort.CHAIN, chain.at.to_bytes())
        else:
            gathered.lack(Sort.CHAIN, CHAIN, "no chain was known where the bundle was made")
        _transactions(gathered, events, chain)
    made = write_bundle(record.job, record.escrow_id, record.updated_at, gathered.pieces, gathered.missing)
    return made, tuple(gathered.missing)


class _Gathering:
    """Pieces as they are found, and what is missing."""

    def __init__(self, store: ArtifactStore) -> None:
        self.pieces: list[Piece] = []
        self.missing: list[Missing] = []
        self._store = store
        self._seen: set[str] = set()

    def add(self, path: str, sort: str, data: bytes) -> None:
        self.pieces.append(Piece(path, str(sort), data))

    def lack(self, sort: str, name: str, reason: str) -> None:
        self.missing.append(Missing(str(sort), name, reason))

    def artifact(self, kind: ArtifactKind, digest: str) -> None:
        """The artifact if it is there and intact; once."""
        if digest in self._seen:
            return
        self._seen.add(digest)
        try:
            self.add(artifact_path(digest), kind, self._store.get(digest))
        except ArtifactMissing:
            self.lack(kind, digest, "it is not in the artifact store")
        except ArtifactCorrupt as error:
            self.lack(kind, digest, f"it is damaged in the artifact store: it hashes to {error.found}")


def _transactions(gathered: _Gathering, events: Sequence[Event], chain: ChainSide | None) -> None:
    from oracle.chain.errors import ChainError

    known = tuple(dict.fromkeys(_told(events)))
    if chain is None:
        for tx_hash in known:
            gathered.lack(Sort.TRANSACTION, tx_hash, "no chain was known where the bundle was made")
        return
    try:
        hashes = tuple(dict.fromkeys((*chain.transactions(), *known)))
    except ChainError:
        for tx_hash in known or (ALL,):
            gathered.lack(Sort.TRANSACTION, tx_hash, _UNASKED)
        return
    for tx_hash in hashes:
        try:
            transaction = chain.mined(tx_hash)
        except ChainError:
            gathered.lack(Sort.TRANSACTION, tx_hash, _UNASKED)
            continue
        if transaction is None:
            gathered.lack(Sort.TRANSACTION, tx_hash, "the chain does not have it")
            continue
        gathered.add(transaction_path(tx_hash), Sort.TRANSACTION, transaction.to_bytes())
        if transaction.proof is None:
            gathered.lack(Sort.TRANSACTION, tx_hash, _UNPROVEN)


def _told(events: Sequence[Event]) -> Iterator[str]:
    """Hashes of the transactions that the events which hold name."""
    for event in standing(events):
        if (cause := event.payload.chain_cause) is not None:
            yield cause.tx_hash
        elif isinstance(event.payload, Completed):
            yield event.payload.tx_hash

"""A job's bundle as this home has it: its record and artifacts, the board, and the chain's receipts."""

from __future__ import annotations

from oracle.evidence.packing.manifest import Missing
from oracle.evidence.shown import EscrowAt
from router.control.opening import OperatedHome
from router.control.operating.following.attestations import board_of
from router.protocol.evidence.collecting import ChainSide, collect


def bundle_of(opened: OperatedHome, job: str) -> tuple[bytes, tuple[Missing, ...]]:
    """The bundle of `job` as this home has it, and what is missing in it."""
    record, events = opened.store.history(job)
    shown, _ = board_of(opened, record)
    chain = None if opened.stack is None else _chain(opened, record.escrow_id)
    return collect(events, opened.artifacts, [each.attestation for each in shown], chain)


def _chain(opened: OperatedHome, escrow_id: str | None) -> ChainSide:
    from oracle.chain.following import dossier
    from oracle.evidence.inclusion.node import mined

    client = opened.client()

    def transactions() -> list[str]:
        client.check_network()
        return [] if escrow_id is None else [event.tx_hash for event in dossier.read(client, escrow_id).events]

    at = EscrowAt(client.deployment.chain_id, client.deployment.escrow)
    return ChainSide(at, transactions, lambda tx_hash: mined(client.node, tx_hash))

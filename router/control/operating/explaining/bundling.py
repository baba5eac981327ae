"""A job's bundle as this home has it: its record and artifacts, the board, and the chain's receipts."""

from __future__ import annotations

from oracle.evidence import Missing
from oracle.evidence.shown import EscrowAt
from router.control.operating.following.attestations import board_of
from router.control.workspace import Workspace
from router.protocol.evidence import collect
from router.protocol.evidence.collecting import ChainSide


def bundle_of(workspace: Workspace, job: str) -> tuple[bytes, tuple[Missing, ...]]:
    """The bundle of `job` as this home has it, and what is missing in it."""
    record, events = workspace.store.history(job)
    shown, _ = board_of(workspace, record)
    chain = None if workspace.stack is None else _chain(workspace, record.escrow_id)
    return collect(events, workspace.artifacts, [each.attestation for each in shown], chain)


def _chain(workspace: Workspace, escrow_id: str | None) -> ChainSide:
    from oracle.chain.following import dossier
    from oracle.evidence.node import mined

    client = workspace.client()

    def transactions() -> list[str]:
        client.check_network()
        return [] if escrow_id is None else [event.tx_hash for event in dossier.read(client, escrow_id).events]

    at = EscrowAt(client.deployment.chain_id, client.deployment.escrow)
    return ChainSide(at, transactions, lambda tx_hash: mined(client.node, tx_hash))

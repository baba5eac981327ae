"""A cancellation that both parties sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_typing import Hash32

from oracle.terms import Cancel, cancel_digest
from router.protocol.lifecycle import JobRecord

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from oracle.chain.client import EscrowClient

CANCEL_VALID_S = 3_600
"""How long a signed cancellation stays good, in seconds of block time."""


def sign_cancellation(client: EscrowClient, record: JobRecord, account: LocalAccount, expiry: int) -> str:
    """The account's signature over calling the job off as it stands, to its slot's last bit; 0x + 130 hex digits."""
    if record.escrow_id is None:
        raise ValueError(f"{record.job} was never promoted: there is nothing to call off on-chain")
    slot = client.status(record.escrow_id)
    agreement = Cancel(record.escrow_id, int(slot.status), slot.round, slot.clock, slot.commit, expiry)
    digest = cancel_digest(agreement, client.deployment.chain_id, client.deployment.escrow)
    signed = account.unsafe_sign_hash(Hash32(bytes.fromhex(digest.removeprefix("0x"))))
    return "0x" + bytes(signed.signature).hex()

"""The one key of this validator, and the rule that it never signs two verdicts about one delivery."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from oracle.attestations.attestation import Attestation
from oracle.terms import Verdict, verdict_digest
from oracle.validator.ledger import Ledger


class Signer:
    """Signs verdicts for one escrow on one chain."""

    def __init__(self, account: LocalAccount, ledger: Ledger, *, chain_id: int, escrow: str) -> None:
        self._account = account
        self._ledger = ledger
        self._chain_id = chain_id
        self._escrow = escrow

    @property
    def address(self) -> str:
        """The validator's checksum address."""
        return str(self._account.address)

    def sign(self, verdict: Verdict) -> Attestation:
        """Our attestation to `verdict`, once the ledger has it on disk.

        Nonces are deterministic (RFC 6979), so the same verdict gives the same signature after a crash.
        Raises SignedOtherwise if this validator ever signed another verdict about the same delivery.
        """
        digest = bytes.fromhex(verdict_digest(verdict, self._chain_id, self._escrow)[2:])
        self._ledger.record(verdict)
        signed = self._account.unsafe_sign_hash(Hash32(digest))
        return Attestation(
            validator=self.address,
            verdict=verdict,
            document=verdict.evidence_hash,
            signature="0x" + bytes(signed.signature).hex(),
        )

"""What of the chain a bundle shows: where, under which terms, and what the escrow said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from eth_utils.address import is_checksum_address

from oracle.chain.events import EscrowEvent
from oracle.chain.following.dossier import A, Dossier
from oracle.encoding import canonical_bytes, parse_canonical
from oracle.evidence.inclusion.transactions import MinedTransaction
from oracle.evidence.packing.bundle import transaction_path
from oracle.terms import JobTerms

SCHEMA = "chain/1"


@dataclass(frozen=True)
class EscrowAt:
    """One escrow on one chain: with the terms, all that a JobId is made of."""

    chain_id: int
    escrow: str
    """EIP-55."""

    def to_bytes(self) -> bytes:
        """The member."""
        return canonical_bytes({"schema": SCHEMA, "chain_id": self.chain_id, "escrow": self.escrow})

    @classmethod
    def from_bytes(cls, data: bytes) -> EscrowAt:
        """The value whose `to_bytes` is `data`. Raises ValueError for anything else."""
        value = parse_canonical(data)
        if not isinstance(value, dict) or value.keys() != {"schema", "chain_id", "escrow"} or value["schema"] != SCHEMA:
            raise ValueError(f"it is no {SCHEMA} with chain_id and escrow")
        chain_id, escrow = value["chain_id"], value["escrow"]
        if type(chain_id) is not int or chain_id < 1 or not isinstance(escrow, str) or not is_checksum_address(escrow):
            raise ValueError("chain_id is a positive number, and escrow an address with its EIP-55 checksum")
        return cls(chain_id, escrow)


@dataclass(frozen=True)
class ShownOnChain:
    """Terms are here only where the JobId follows from them; transactions only where none of them fails."""

    job_id: str | None
    at: EscrowAt | None
    terms: JobTerms | None
    transactions: Sequence[MinedTransaction]
    """In chain order."""

    @cached_property
    def dossier(self) -> Dossier:
        """What the escrow said of the job; empty where nothing says which escrow."""
        if self.at is None or self.job_id is None:
            return Dossier("", ())
        escrow = self.at.escrow
        return Dossier.of(self.job_id, (event for each in self.transactions for event in each.events(escrow)))

    def all(self, kind: type[A]) -> tuple[tuple[A, EscrowEvent], ...]:
        """What each event of `kind` says of the job, and the event, in chain order."""
        return tuple((event.args, event) for event in self.dossier.events if isinstance(event.args, kind))


def path_of(event: EscrowEvent) -> str:
    """The member in which an escrow's event is."""
    return transaction_path(event.tx_hash)

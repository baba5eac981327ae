"""Whose turn it is to bring a verdict to the chain, and bringing it there.

Whoever holds k attestations could post; if all did, all but one would pay for a revert. So the agreeing validators take
turns, the lowest address first, and each looks at the chain before it posts. Losing the race is fine.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from eth_account.signers.local import LocalAccount

from oracle.attestations.attestation import Attestation
from oracle.chain.client import EscrowClient
from oracle.chain.errors import NonceTaken, TransactionRefused
from oracle.chain.transactions.sender import SignedTransaction, find_receipt, hand_over, prepare, priced_out, replace
from oracle.terms import JobTerms
from oracle.validator.docket import Delivery, Docket, Posting

REPLACE_AFTER_S = 60.0
"""A transaction without a receipt for this long is sent again with a higher fee."""


class Progress(Enum):
    """What one look at a delivery's posting came to."""

    WAITING = "not our turn yet, or fewer than k agree"
    SENT = "our transaction was handed to the node"
    MINED = "our transaction is in a block"
    LOST = "our transaction can no longer take effect; another one may have"


def turn_comes_after_s(agreed: Sequence[str], me: str, *, validators: int, quorum: int, wait_s: float) -> float | None:
    """Seconds from the moment the agreeing set became as it is until validator `me` should post; None for never.

    `agreed` are the addresses that attest to the same verdict. With all of the job's `validators` agreed, the lowest
    address posts at once; with at least `quorum`, after `wait_s`, in which the others may still agree; every further
    rank waits another `wait_s`.
    """
    if me not in agreed or len(agreed) < quorum:
        return None
    rank = sorted(agreed, key=lambda address: int(address, 16)).index(me)
    return wait_s * (rank if len(agreed) >= validators else rank + 1)


class Poster:
    """Sends proposals from the validator's own wallet, one written-down transaction per delivery."""

    def __init__(self, client: EscrowClient, account: LocalAccount, docket: Docket) -> None:
        self._client = client
        self._account = account
        self._docket = docket

    def post(self, delivery: Delivery, terms: JobTerms, agreed: Sequence[Attestation], now: float) -> Progress:
        """Send the proposal with the first k of `agreed`, whose order is by address.

        Raises what prepare raises: CallReverted if the contract would refuse, in which case nothing was spent.
        """
        chosen = agreed[: terms.quorum]
        call = self._client.propose(terms, chosen[0].verdict, chosen, claimer=delivery.worker)
        signed = prepare(self._client, call, self._account)
        # Written down first: after a crash between the two lines the same bytes are sent, never a second transaction.
        self._docket.write_posting(delivery, Posting(raw=signed.raw, sent_at=now))
        return self._send(delivery, [signed], now)

    def follow(self, delivery: Delivery, posting: Posting, now: float) -> Progress:
        """See what became of a transaction that was written down: send it again, replace it, or let it go."""
        signed = SignedTransaction.of_raw(posting.raw)
        receipt = find_receipt(self._client, signed.hash)
        if receipt is not None:
            if receipt.status == 1:
                return Progress.MINED
            self._docket.drop_posting(delivery)
            return Progress.LOST
        sent = [signed]
        if now - posting.sent_at > REPLACE_AFTER_S or priced_out(self._client, signed):
            sent.append(replace(self._client, signed, self._account))
            self._docket.write_posting(delivery, Posting(raw=sent[-1].raw, sent_at=now))
        return self._send(delivery, sent, now)

    def _send(self, delivery: Delivery, sent: Sequence[SignedTransaction], now: float) -> Progress:
        def write_down(better: SignedTransaction) -> None:
            self._docket.write_posting(delivery, Posting(raw=better.raw, sent_at=now))

        try:
            hand_over(self._client, sent, self._account, write_down)
        except NonceTaken:
            self._docket.drop_posting(delivery)
            return Progress.LOST
        except TransactionRefused:
            # The node will never take these bytes (a fee below its floor, say): the next look prepares others.
            self._docket.drop_posting(delivery)
            raise
        return Progress.SENT

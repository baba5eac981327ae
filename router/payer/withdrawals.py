"""Credits: money that the escrow could not push, because its receiver or the token refused it, and taking it out.

A credit is the chain's own record and is sent whole, once: doing it again finds nothing left. So nothing is written
down here before the transaction, and after a crash the credit itself says whether it took effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.address import is_checksum_address
from filelock import FileLock

from oracle.chain.errors import NonceTaken
from oracle.chain.transactions import sender
from oracle.chain.transactions.effects import WAIT_S, EffectUncertain
from oracle.encoding import Finding, InputRejected
from oracle.terms import ZERO_ADDRESS
from router.protocol.desks.desk import RoleDesk
from router.protocol.desks.opened import OpenedHome

if TYPE_CHECKING:
    from oracle.chain.client import EscrowClient

ROLES = ("requester", "worker", "operator")
"""Whose keys a home may hold, and whom the escrow may therefore owe something here. The requester's pays."""
_ATTEMPTS = 5


@dataclass(frozen=True)
class Credit:
    """What the escrow owes one account in one token."""

    role: str
    account: str
    token: str
    """The zero address for native coin."""
    amount: int
    """Base units."""


@dataclass(frozen=True)
class Withdrawal:
    """A credit that was sent out, whole."""

    token: str
    to: str
    amount: int
    """Base units, as the contract says it."""
    tx_hash: str
    block: int
    gas_used: int


def tokens_of(opened: OpenedHome, others: Sequence[str] = ()) -> tuple[str, ...]:
    """Native coin, the deployment's token, and `others`. Raises InputRejected for what is no address, StackDown."""
    faults = [_misspelt("--token", other) for other in others if not is_checksum_address(other)]
    if faults:
        raise InputRejected("tokens", faults)
    return tuple(dict.fromkeys((ZERO_ADDRESS, opened.deployment.token, *others)))


def owed(opened: OpenedHome, tokens: Sequence[str]) -> tuple[Credit, ...]:
    """What the escrow owes the accounts of this home in `tokens`, but for zeros. Raises StackDown, ChainError."""
    client = opened.client()
    client.check_network()
    found = (
        Credit(role, account, token, client.credit(account, token))
        for role, account in _accounts(opened).items()
        for token in tokens
    )
    return tuple(credit for credit in found if credit.amount)


def withdraw(desk: RoleDesk, tokens: Sequence[str], to: str | None = None) -> Iterator[Withdrawal]:
    """Send every credit of the desk's account in `tokens` to `to`, by default itself, and tell of each as it is mined.

    Raises InputRejected for a receiver that could never move the money, before anything is sent; StackDown;
    CallReverted where the transfer fails again, in which case the credit stands; ChainError; EffectUncertain.
    """
    opened = desk.opened
    client = opened.client()
    client.check_network()
    receiver = desk.address if to is None else to
    _check_receiver(opened, receiver, tokens)
    # The payer's key also funds jobs: one transaction at a time.
    with FileLock(desk.folder.lock):
        for token in tokens:
            if made := _withdraw(desk, client, token, receiver):
                yield made


def _withdraw(desk: RoleDesk, client: EscrowClient, token: str, to: str) -> Withdrawal | None:
    owner = desk.address
    for _ in range(_ATTEMPTS):
        if not client.credit(owner, token):
            return None
        try:
            receipt = sender.transact(client, client.withdraw(token, to), desk.account, WAIT_S)
        except NonceTaken:
            continue  # a running router signs with the worker's key too
        if receipt.status == 1:
            amount = client.withdrawn(receipt.hash)
            return Withdrawal(token, to, amount, receipt.hash, receipt.block, receipt.gas_used)
    raise EffectUncertain(f"the credit in {token}", "withdraw", owner)


def _accounts(opened: OpenedHome) -> dict[str, str]:
    """The accounts of this home by role; raises StackDown."""
    roles = opened.need_stack("a credit").roles
    return dict(zip(ROLES, (roles.payer, roles.worker, roles.operator), strict=True))


def _check_receiver(opened: OpenedHome, to: str, tokens: Sequence[str]) -> None:
    lost = {
        ZERO_ADDRESS: "the zero address, of which nobody has the key",
        opened.deployment.escrow: "the escrow itself, which could never send it again",
        **{token: "a token's own contract, where it would be lost" for token in tokens if token != ZERO_ADDRESS},
    }
    if not is_checksum_address(to):
        raise InputRejected("withdraw", [_misspelt("--to", to)])
    if to in lost:
        remedy = "name an account whose key you hold, or leave --to out"
        raise InputRejected("withdraw", [Finding("--to", None, f"{to} is {lost[to]}", remedy)])


def _misspelt(option: str, text: str) -> Finding:
    reason = f"{text} is not a checksum address (EIP-55)"
    return Finding(option, None, reason, "copy it from the wallet, capitals included")

"""What can go wrong between us and a chain. Each message is one line and ends in what to do next.

ChainError
├── ChainDown            the node does not answer; transient, try again later
│   └── TooSlow          not in time
├── NodeError            the node refuses a request, in its own words
│   ├── NodeBehind       it has not yet what the chain has; transient
│   └── HistoryPruned    it has no longer what the chain had; another node is needed
├── WrongNetwork         the node answers, for another chain, or without our contract
├── CallReverted         the contract refuses the call; nothing was sent
├── InsufficientFunds    the sender cannot pay for the call
├── TransactionRefused   the node will not take the transaction
│   ├── NonceTaken       another transaction of this sender was mined with the nonce; prepare anew
│   └── PricedOut        its fees are too low by now; replace it
├── NotConfirmed         no receipt, or too few blocks on top of it, before the timeout
└── KeystoreRejected     a keystore or its password file cannot be used
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from oracle.encoding.errors import OracleError


class ChainError(OracleError):
    """Base of every error in oracle.chain."""


def shown_url(url: str) -> str:
    """`url` without what may be a secret: user, password, path (providers put API keys there) and query."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"


class ChainDown(ChainError):
    """The node at `url` does not answer, or answers with something that is not JSON-RPC.

    `status` is the HTTP status where that was an error; `retry_after_s` how long the node asks to be left alone.
    """

    def __init__(self, url: str, reason: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        self.url = shown_url(url)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(f"the chain at {self.url} does not answer ({reason}); `compute up` starts a local one")


class TooSlow(ChainDown):
    """The node does not answer in time; it may answer a smaller request."""


class NodeError(ChainError):
    """The node answered a request with an error; `message` is in the node's words."""

    remedy = "try again, or another node"

    def __init__(self, doing: str, message: str) -> None:
        self.message = message
        super().__init__(f"{doing}: the node says {message!r}; {self.remedy}")


class NodeBehind(NodeError):
    """The node has not yet what the chain has: it syncs, indexes, or is the slower one behind a load balancer."""

    remedy = "it is behind the chain, try again in a moment"


class HistoryPruned(NodeError):
    """The node has no longer what the chain had: it would say of old blocks that nothing happened in them."""

    remedy = "use a node that keeps the logs since the escrow was deployed"


class WrongNetwork(ChainError):
    """The node serves another chain than the deployment file says, or no contract lives at its escrow address."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = shown_url(url)
        self.reason = reason
        super().__init__(
            f"{self.url} is not the deployment's network: {reason}; "
            "`compute doctor` shows what was expected, check the node's URL and the deployment file"
        )


class CallReverted(ChainError):
    """The contract refuses the call.

    `error_name` is the custom error's name from the ABI, ``Error`` for a reason string, ``Panic`` for a Solidity
    panic, or the four selector bytes in hexadecimal where the ABI does not know them; `arguments` are its decoded
    arguments by name.
    """

    def __init__(self, error_name: str, arguments: Mapping[str, object], doing: str = "call") -> None:
        self.error_name = error_name
        self.arguments = dict(arguments)
        self.doing = doing
        listed = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        super().__init__(
            f"{doing} would revert: {error_name}({listed}); nothing was sent, `compute quantum inspect JOB` says where "
            "the job stands"
        )


class InsufficientFunds(ChainError):
    """`address` cannot pay the value and the fees of a transaction. Amounts are in wei, None where unknown."""

    def __init__(self, address: str, balance_wei: int | None, needed_wei: int | None) -> None:
        self.address = address
        self.balance_wei = balance_wei
        self.needed_wei = needed_wei
        figures = f" (has {balance_wei} wei, needs {needed_wei} wei)" if None not in (balance_wei, needed_wei) else ""
        super().__init__(
            f"{address} cannot pay for the transaction{figures}; send it native coin and run the command again"
        )


class TransactionRefused(ChainError):
    """The node does not accept a signed transaction, for `reason` (the node's words)."""

    def __init__(self, transaction: str, reason: str) -> None:
        self.transaction = transaction
        self.reason = reason
        super().__init__(f"the node refused transaction {transaction}: {reason}; prepare it again")


class NonceTaken(TransactionRefused):
    """Another transaction of the same sender was mined with this nonce, so this one can never be."""


class PricedOut(TransactionRefused):
    """The chain asks more for gas than this transaction offers. Until it is replaced it can still be mined later."""


class NotConfirmed(ChainError):
    """A transaction has no receipt with enough confirmations yet; it may still get them."""

    def __init__(self, transaction: str, timeout_s: float, confirmations: int) -> None:
        self.transaction = transaction
        super().__init__(
            f"transaction {transaction} has not {confirmations} confirmation(s) after {timeout_s:g} s; it is not lost, "
            "wait again or replace it with a higher fee"
        )


class KeystoreRejected(ChainError):
    """A keystore or password file is missing, readable by others, or does not open."""

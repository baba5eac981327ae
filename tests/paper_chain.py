"""A chain that lives in memory, for tests of what the router makes of one: the test says what happened.

`PaperChain` stands where an EscrowClient stands. `PaperNode`, its `web3.eth`, takes signed transactions as a node does:
one per nonce, known ones again, mined when the test says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import TransactionNotFound, Web3RPCError

from oracle.chain.calls import Call
from oracle.chain.deployment import Deployment
from oracle.chain.errors import CallReverted
from oracle.chain.events import Args, BlockRef, EscrowEvent, EscrowStatus, Status
from oracle.encoding import sha256_hex
from oracle.terms import JobTerms

DEPLOYMENT = Deployment(
    chain_id=31337,
    escrow="0x5FbDB2315678afecb367f032d93F642f64180aa3",
    token="0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9",
    token_symbol="lUSD",
    token_decimals=6,
    block=1,
)


class PaperNode:
    """What `sender` asks of a node."""

    max_priority_fee = 1

    def __init__(self) -> None:
        self.block_number = 10
        self.sent: list[str] = []
        """Hashes in the order in which they arrived, repetitions too."""
        self.mined: dict[str, tuple[int, int]] = {}
        """Hash -> (block, status)."""
        self.mines = True
        """Whether a transaction that arrives is mined at once."""
        self.status = 1
        """Of what is mined next."""
        self.taken: set[tuple[str, int]] = set()
        """(sender, nonce) that are used up."""
        self.cut: BaseException | None = None
        """Raised in place of the next sendings, which do not arrive."""
        self.refusal: Exception | None = None
        """Raised by the next simulations."""
        self._held: dict[str, tuple[str, int]] = {}

    def get_block(self, number: Any) -> dict[str, Any]:
        del number
        return {"baseFeePerGas": 7}

    def get_balance(self, address: str) -> int:
        del address
        return 10**18

    def get_transaction_count(self, address: str, state: str) -> int:
        del state
        return sum(owner == address for owner, _ in self.taken | set(self._held.values()))

    def estimate_gas(self, request: Any) -> int:
        del request
        if self.refusal is not None:
            raise self.refusal
        return 50_000

    def send_raw_transaction(self, raw: bytes) -> None:
        digest = "0x" + keccak(raw).hex()
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        place = (Account.recover_transaction(raw), int(fields["nonce"]))
        if self.cut is not None:
            raise self.cut
        self.sent.append(digest)
        if digest in self.mined or digest in self._held:
            raise _said("already known")
        if place in self.taken:
            raise _said("nonce too low: next nonce is higher")
        self._held[digest] = place
        if self.mines:
            self.mine(digest)

    def mine(self, digest: str) -> None:
        """Mine a transaction that arrived."""
        self.taken.add(self._held[digest])
        self.block_number += 1
        self.mined[digest] = (self.block_number, self.status)

    def forget(self, digest: str) -> None:
        """Lose a transaction that arrived, as a node does whose chain was replaced."""
        del self._held[digest]

    def get_transaction(self, digest: HexBytes) -> object:
        if "0x" + digest.hex() not in self._held:
            raise TransactionNotFound(digest.hex())
        return {}

    def get_transaction_receipt(self, digest: HexBytes) -> dict[str, Any]:
        name = "0x" + digest.hex()
        if name not in self.mined:
            raise TransactionNotFound(name)
        block, status = self.mined[name]
        return {"blockNumber": block, "blockHash": HexBytes(bytes(32)), "gasUsed": 40_000, "status": status}


def _said(message: str) -> Web3RPCError:
    return Web3RPCError(message, rpc_response={"error": {"code": -32000, "message": message}})  # type: ignore[typeddict-item]


class PaperChain:
    """An escrow's client whose chain says what the test wrote down."""

    rpc_url = "http://127.0.0.1:1"

    def __init__(self, *, now: int = 1_780_000_000) -> None:
        self.deployment = DEPLOYMENT
        self.node = PaperNode()
        self.web3 = SimpleNamespace(eth=self.node)
        self.log: list[EscrowEvent] = []
        self.slots: dict[str, EscrowStatus] = {}
        self.now = now
        self.held = 10**12
        """Base units of the token that anybody asked about has."""
        self.allowed = 0
        """What the escrow may take."""

    @contextmanager
    def speaking(self, doing: str) -> Iterator[None]:
        del doing
        yield

    @staticmethod
    def checked(address: str) -> str:
        return address

    def check_network(self) -> None:
        """It is the one."""

    def head(self) -> BlockRef:
        block = self.block(self.node.block_number)
        assert block is not None
        return block

    def block(self, number: int) -> BlockRef | None:
        if number > self.node.block_number:
            return None
        return BlockRef(number, sha256_hex(f"block {number}".encode()), self.now + number)

    def status(self, job_id: str) -> EscrowStatus:
        return self.slots.get(job_id, EscrowStatus(Status.NONE, 0, 0, 0))

    def events(self, from_block: int, to_block: int, job_id: str | None = None) -> tuple[EscrowEvent, ...]:
        return tuple(
            event for event in self.log if from_block <= event.block <= to_block and job_id in (None, event.job_id)
        )

    def says(self, job_id: str, args: Args, status: Status) -> EscrowEvent:
        """Mine a block with one event of the job, after which its slot is in `status`."""
        self.node.block_number += 1
        number = self.node.block_number
        tx_hash = sha256_hex(f"transaction {number}".encode())
        event = EscrowEvent(job_id, number, sha256_hex(f"block {number}".encode()), tx_hash, 0, args)
        self.log.append(event)
        self.slots[job_id] = replace(self.status(job_id), status=status)
        return event

    # Money, as far as funding asks: what is called has happened.

    def balance(self, address: str, token: str) -> int:
        del address, token
        return self.held

    def allowance(self, owner: str, token: str) -> int:
        del owner, token
        return self.allowed

    def approve(self, token: str, amount: int) -> Call:
        self.allowed = amount
        return Call(token, "0x", doing="approve")

    def fund(self, terms: JobTerms) -> Call:
        if self.allowed < terms.budget:
            raise CallReverted("ERC20InsufficientAllowance", {"allowance": self.allowed}, "fund")
        self.allowed -= terms.budget
        return Call(self.deployment.escrow, "0x", doing="fund")

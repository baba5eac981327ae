"""A chain that lives in memory, for tests of what the router makes of one: the test says what happened.

`PaperChain` stands where an EscrowClient stands. `PaperNode`, its `node`, takes signed transactions as a node does:
one per nonce, known ones again, mined when the test says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from oracle.chain.calls import Call
from oracle.chain.deployment import Deployment
from oracle.chain.errors import CallReverted, NodeError
from oracle.chain.events import Args, BlockRef, EscrowEvent, EscrowStatus, Status
from oracle.chain.node import Block, Mined, RpcError
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

    outages = 0

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
        self.base_fee: int | None = 7
        self._held: dict[str, tuple[str, int]] = {}

    def head(self) -> Block:
        return Block(self.block_number, "0x" + "00" * 32, 0, "0x" + "00" * 32, self.base_fee, None, ())

    def next_base_fee(self) -> int | None:
        return self.base_fee

    def priority_fee(self, base_fee: int) -> int:
        del base_fee
        return 1

    def balance(self, address: str) -> int:
        del address
        return 10**18

    def count(self, address: str, state: str = "latest") -> int:
        waiting = set(self._held.values()) if state == "pending" else set()
        return sum(owner == address for owner, _ in self.taken | waiting)

    def estimate_gas(self, request: Any, doing: str) -> int:
        del request, doing
        if self.refusal is not None:
            raise self.refusal
        return 50_000

    def meaning_of(self, doing: str, fault: RpcError) -> NodeError:
        return NodeError(doing, fault.message)

    def send(self, raw: str) -> RpcError | None:
        digest = "0x" + keccak(HexBytes(raw)).hex()
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        place = (Account.recover_transaction(raw), int(fields["nonce"]))
        if self.cut is not None:
            raise self.cut
        self.sent.append(digest)
        if digest in self.mined or digest in self._held:
            return RpcError(-32000, "already known")
        if place in self.taken:
            return RpcError(-32000, "nonce too low: next nonce is higher")
        if self.base_fee is not None and int(fields["maxFeePerGas"]) < self.base_fee:
            return RpcError(-32000, "max fee per gas less than block base fee")
        self._held[digest] = place
        if self.mines:
            self.mine(digest)
        return None

    def mine(self, digest: str) -> None:
        """Mine a transaction that arrived."""
        self.taken.add(self._held[digest])
        self.block_number += 1
        self.mined[digest] = (self.block_number, self.status)

    def forget(self, digest: str) -> None:
        """Lose a transaction that arrived, as a node does whose chain was replaced."""
        del self._held[digest]

    def knows(self, transaction: str) -> bool:
        return transaction in self._held

    def receipt(self, transaction: str) -> Mined | None:
        if transaction not in self.mined:
            return None
        block, status = self.mined[transaction]
        return Mined(block, "0x" + "00" * 32, 40_000, status, ())


class PaperChain:
    """An escrow's client whose chain says what the test wrote down."""

    rpc_url = "http://127.0.0.1:1"

    def __init__(self, *, now: int = 1_780_000_000) -> None:
        self.deployment = DEPLOYMENT
        self.node = PaperNode()
        self.log: list[EscrowEvent] = []
        self.slots: dict[str, EscrowStatus] = {}
        self.now = now
        self.held = 10**12
        """Base units of the token that anybody asked about has."""
        self.forks: list[int] = []
        """The first block of each chain that replaced the one before it."""
        self.allowed = 0
        """What the escrow may take."""

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
        return BlockRef(number, self._hash(number), self.now + number, self._hash(number - 1))

    def _hash(self, number: int) -> str:
        fork = max((index for index, start in enumerate(self.forks) if start <= number), default=None)
        return sha256_hex(f"block {number}{'' if fork is None else f' of fork {fork}'}".encode())

    def reorg(self, depth: int) -> tuple[EscrowEvent, ...]:
        """Replace the newest `depth` blocks by empty ones; what they said, which the caller may say again."""
        start = self.node.block_number - depth + 1
        self.forks.append(start)
        lost = tuple(event for event in self.log if event.block >= start)
        self.log = [event for event in self.log if event.block < start]
        for event in lost:
            self.node.mined.pop(event.tx_hash, None)
        return lost

    def status(self, job_id: str) -> EscrowStatus:
        return self.slots.get(job_id, EscrowStatus(Status.NONE, 0, 0, 0))

    def events(self, from_block: int, to_block: int, job_id: str | None = None) -> tuple[EscrowEvent, ...]:
        return tuple(
            event for event in self.log if from_block <= event.block <= to_block and job_id in (None, event.job_id)
        )

    def events_of(self, block: BlockRef) -> tuple[EscrowEvent, ...]:
        return tuple(event for event in self.log if event.block_hash == block.hash)

    def says(self, job_id: str, args: Args, status: Status) -> EscrowEvent:
        """Mine a block with one event of the job, after which its slot is in `status`."""
        number = self.node.block_number + 1
        tx_hash = sha256_hex(f"transaction {number}".encode())
        event = EscrowEvent(job_id, number, self._hash(number), tx_hash, 0, args)
        self.log.append(event)
        self.slots[job_id] = replace(self.status(job_id), status=status)
        self.node.block_number = number  # last: who reads meanwhile must not read this block without its event
        return event

    # Money, as far as funding asks: what is called has happened.

    def balance(self, address: str, token: str) -> int:
        del address, token
        return self.held

    def allowance(self, owner: str, token: str) -> int:
        del owner, token
        return self.allowed

    def next_allowance(self, owner: str, token: str, amount: int) -> Call | None:
        del owner
        if self.allowed >= amount:
            return None
        self.allowed = 0 if self.allowed else amount
        return Call(token, "0x", doing="approve")

    def fund(self, terms: JobTerms) -> Call:
        if self.allowed < terms.budget:
            raise CallReverted("ERC20InsufficientAllowance", {"allowance": self.allowed}, "fund")
        self.allowed -= terms.budget
        return Call(self.deployment.escrow, "0x", doing="fund")

    def submit(self, terms: JobTerms, result_hash: str, multiset_hash: str) -> Call:
        del terms, result_hash, multiset_hash
        return Call(self.deployment.escrow, "0x", doing="submit")

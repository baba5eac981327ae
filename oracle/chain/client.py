"""The escrow as its callers see it: reads over a node, and calls for the sender to sign. It sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import Web3Exception

from oracle.chain.bytecode import code_hash
from oracle.chain.calls import Call, EscrowCalls, abi_of
from oracle.chain.deployment import Deployment
from oracle.chain.errors import (
    CallReverted,
    ChainDown,
    ChainError,
    HistoryPruned,
    NodeBehind,
    NodeError,
    TooSlow,
    WrongNetwork,
)
from oracle.chain.events import (
    BlockRef,
    Disputer,
    EscrowEvent,
    EscrowStatus,
    Funded,
    Status,
    args_of,
)
from oracle.chain.node import DEFAULT_TIMEOUT_S, FIRST_BLOCKS, Block, Log, Node
from oracle.terms import ZERO_ADDRESS, Domain

_TOO_MUCH = (400, 413, 414, 422, 504)
"""HTTP status of proxies that find a request for logs too large, without saying so in JSON-RPC."""
_WIDEN_AFTER = 16
"""So many answers of a range's width, and twice the width is tried again."""


class EscrowClient(EscrowCalls):
    """One escrow on one chain, over one node: reads, and the calls of EscrowCalls. Threads may share it.

    Every request is bounded by `timeout_s` seconds.

    Every method that asks the node raises ChainDown if it does not answer and NodeError if it answers with an error.
    """

    def __init__(self, rpc_url: str, deployment: Deployment, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.rpc_url = rpc_url
        self.deployment = deployment
        # Whatever is sent through this client may meet the registry too: at funding, or by its own verbs.
        both = (*abi_of("JobEscrow"), *abi_of("ValidatorRegistry"))
        self.node = Node(rpc_url, timeout_s, [entry for entry in both if entry["type"] == "error"])
        super().__init__(deployment.escrow)
        self._names = {kind().topic: kind().event_name for kind in self._escrow.events}
        self._outages: int | None = None
        """How often the node had been down when its network was last checked; None: never checked."""
        self._oldest: int | None = None
        """The oldest block that the node was seen to remember, and all after it."""
        self._width: int | None = None
        """Of the widest range of blocks that the node gave logs of after it had refused a wider one."""

    # ------------------------------------------------------------------ the node

    def check_network(self) -> None:
        """Raise WrongNetwork unless the node serves the deployment's chain and a contract lives at its escrow: with
        the code that the deployment says, where it says one.

        It is asked once, and again after it was down: what answers then may be another.
        """
        outages = self.node.outages
        if self._outages == outages:
            return
        chain_id = self.node.chain_id()
        if chain_id != self.deployment.chain_id:
            raise WrongNetwork(self.rpc_url, f"it is chain {chain_id}, the deployment is on {self.deployment.chain_id}")
        code = self.node.code(self.checked(self.deployment.escrow))
        if not code:
            raise WrongNetwork(self.rpc_url, f"there is no contract at {self.deployment.escrow} on chain {chain_id}")
        wanted = self.deployment.code_hashes.get("JobEscrow")
        if wanted is not None and code_hash(code) != wanted:
            raise WrongNetwork(
                self.rpc_url, f"the code at {self.deployment.escrow} has the hash {code_hash(code)}, not {wanted}"
            )
        self._outages = outages

    def head(self) -> BlockRef:
        """The newest block."""
        return _block(self.node.head())

    def block(self, number: int) -> BlockRef | None:
        """Block `number` of the chain as it is now, or None if the node has none, yet or any more."""
        found = self.node.block(number)
        return None if found is None else _block(found)

    # ------------------------------------------------------------------ reads

    def status(self, job_id: str, block: int | None = None) -> EscrowStatus:
        """The job's slot, at `block` or the head."""
        (found,) = self.statuses([job_id], block)
        if isinstance(found, ChainError):
            raise found
        return found

    def statuses(
        self, job_ids: Sequence[str], block: int | None = None
    ) -> tuple[EscrowStatus | NodeError | CallReverted, ...]:
        """The slots of several jobs, in their order, in as few requests as the node takes.

        What goes wrong with one stands in its place, for the caller to raise or to pass over.
        """
        datas = [self._escrow.encode_abi("jobs", [HexBytes(job_id)]) for job_id in job_ids]
        found = self.node.calls(str(self._escrow.address), datas, "read a job's status", block)
        return tuple(self._status(each) if isinstance(each, bytes) else each for each in found)

    def events(self, from_block: int, to_block: int, job_id: str | None = None) -> tuple[EscrowEvent, ...]:
        """Events of `job_id`, or of all jobs, in blocks from_block..to_block, both included, in chain order.

        Raises NodeBehind where the node does not have them all yet, and HistoryPruned where not any more.
        """
        topics = () if job_id is None else (None, job_id)
        found = self._events(from_block, to_block, topics)
        if job_id is not None and from_block <= self.deployment.block <= to_block:
            self._check_whole(job_id, found, to_block)
        return found

    def events_of(self, block: BlockRef) -> tuple[EscrowEvent, ...]:
        """Events of all jobs in exactly this block, in chain order.

        It is asked for by hash: a node that does not have it (it lags, or a reorg replaced it) answers with NodeError,
        where a range of numbers would be answered with nothing.
        """
        return self._told(self.node.logs_of(self.deployment.escrow, block.hash))

    def balance(self, address: str, token: str | None = None) -> int:
        """What `address` holds: base units of `token`, or wei for None and the zero address."""
        if token is None or token == ZERO_ADDRESS:
            return self.node.balance(self.checked(address))
        return int(self.read(self._token(token), "balanceOf", self.checked(address), doing="read a balance"))

    def allowance(self, owner: str, token: str, spender: str | None = None) -> int:
        """How many base units of `token` the spender, by default the escrow, may take from `owner`."""
        both = (self.checked(owner), self.checked(spender or self.deployment.escrow))
        return int(self.read(self._token(token), "allowance", *both, doing="read an allowance"))

    def next_allowance(self, owner: str, token: str, amount: int, spender: str | None = None) -> Call | None:
        """What `owner` has to send so that the spender, by default the escrow, may take `amount`; None for nothing.

        Some tokens change no allowance but from or to zero: one that is neither zero nor enough is set to zero first,
        and asking again gives the rest. What is allowed is exactly `amount`.
        """
        allowed = self.allowance(owner, token, spender)
        return None if allowed >= amount else self.allow(token, 0 if allowed else amount, spender)

    def token_domain(self, token: str) -> Domain:
        """The EIP-712 domain of a token that moves by authorization (ERC-3009), as the token itself says it.

        Raises CallReverted for a token that does not say it, and ValueError for one whose parts do not make the whole.
        """
        contract, doing = self._token(token), "read a token's domain"
        name, version = (str(self.read(contract, part, doing=doing)) for part in ("name", "version"))
        separator = bytes(self.read(contract, "DOMAIN_SEPARATOR", doing=doing))
        domain = Domain(name, version, self.deployment.chain_id, token)
        if domain.separator != separator:
            raise ValueError(f"the token at {token} signs in another domain than its name, version and this chain make")
        return domain

    def credit(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """What `account` may withdraw of `token` from the escrow."""
        both = (self.checked(token), self.checked(account))
        return int(self.read(self._escrow, "credit", *both, doing="read a credit"))

    def withdrawn(self, transaction: str) -> int:
        """How many base units `transaction` withdrew, as the contract says it; 0 if it withdrew nothing."""
        receipt = self.node.receipt(transaction)
        event, escrow = self._escrow.events.Withdrawn(), self.deployment.escrow.lower()
        logs = () if receipt is None else receipt.logs
        own = [log for log in logs if log.address == escrow and log.topics[:1] == (event.topic,)]
        return sum(int(self._arguments(event, log)["amount"]) for log in own)

    def read(self, contract: Any, function: str, *arguments: object, doing: str) -> Any:
        """What a function of `contract`, one of `EscrowCalls.contract`, returns at the head."""
        found = self.node.call(str(contract.address), contract.encode_abi(function, list(arguments)), doing)
        return self._decoded(function, found, contract)

    # ------------------------------------------------------------------ inside

    def _decoded(self, function: str, found: bytes, contract: Any = None) -> Any:
        called = self._escrow if contract is None else contract
        if not found:
            # Of a node that is behind, the code may be there a moment later, or at its neighbour.
            if self.node.code(called.address):
                raise NodeBehind(f"ask {called.address} for {function}", "0x")
            raise WrongNetwork(self.rpc_url, f"no contract of the deployment answers at {called.address}")
        (entry,) = (each for each in called.abi if each["type"] == "function" and each["name"] == function)
        types = [collapse_if_tuple(output) for output in entry["outputs"]]
        try:
            decoded = decode(types, found)
        except (DecodingError, UnicodeDecodeError) as error:
            raise NodeError(f"ask {called.address} for {function}", "0x" + found[:64].hex()) from error
        both = zip(types, decoded, strict=True)
        values = [to_checksum_address(value) if kind == "address" else value for kind, value in both]
        return values[0] if len(values) == 1 else values

    def _status(self, found: bytes) -> EscrowStatus | NodeError:
        try:
            status, round_, disputer, clock, commit = self._decoded("jobs", found)
            return EscrowStatus(Status(status), int(round_), int(clock), int(commit), Disputer(disputer))
        except NodeError as error:
            return error
        except ValueError:
            return NodeError("read a job's status", f"0x{found.hex()}")

    def _check_whole(self, job_id: str, found: Sequence[EscrowEvent], to_block: int) -> None:
        """Raise HistoryPruned where a job of the escrow has no beginning in what the node told of it."""
        if any(isinstance(event.args, Funded) for event in found):
            return
        try:
            funded = self.status(job_id, to_block).status is not Status.NONE
        except NodeError:
            return  # the state of that block is not kept; what the deployment's own block says was asked before
        if funded:
            raise HistoryPruned("read events", f"nothing of how job {job_id} was funded")

    def _events(self, first: int, last: int, topics: Sequence[str | None]) -> tuple[EscrowEvent, ...]:
        """Providers limit the range, the number of logs or the time of one request, each in words and under an HTTP
        status of its own: the range is halved until it is answered. A single block that is refused is a real error."""
        self._check_remembered(max(first, self.deployment.block), last)
        found: list[Log] = []
        width, answered = self._width or last - first + 1, 0
        while first <= last:
            end = min(first + width - 1, last)
            try:
                found += self.node.logs(self.deployment.escrow, topics, first, end, to_the_end=end == last)
            except (NodeBehind, HistoryPruned):
                raise
            except (NodeError, ChainDown) as error:
                slow = isinstance(error, TooSlow)
                if first == end or (isinstance(error, ChainDown) and not slow and error.status not in _TOO_MUCH):
                    raise
                width = self._width = max(1, (end - first + 1) // 2)
                answered = 0
                if slow:
                    raise  # the next reading begins with the half; this one has kept its caller waiting for long enough
                continue
            first, answered = end + 1, answered + 1
            if self._width is not None and answered % _WIDEN_AFTER == 0:
                width = self._width = 2 * width
        return self._told(found)

    def _check_remembered(self, first: int, last: int) -> None:
        """Raise HistoryPruned where the node has forgotten an old block: it would say that nothing happened there.

        That is the escrow's first block, or the one after a cursor that stood still for long.
        """
        if last < first or (self._oldest is not None and self._oldest <= first):
            return
        if first > self.deployment.block and last - first < FIRST_BLOCKS:
            return
        if not self.node.remembers(first):
            which = ", the escrow's first" if first == self.deployment.block else ""
            raise HistoryPruned("read events", f"nothing of block {first}{which}")
        self._oldest = first

    def _told(self, logs: Sequence[Log]) -> tuple[EscrowEvent, ...]:
        events = (self._event(log) for log in logs)
        return tuple(sorted((event for event in events if event is not None), key=lambda event: event.place))

    def _event(self, log: Log) -> EscrowEvent | None:
        name = self._names.get(log.topics[0]) if log.topics else None
        if name is None:
            return None
        values = self._arguments(self._escrow.events[name](), log)
        args = args_of(name, values)
        if args is None:
            return None
        return EscrowEvent(
            job_id="0x" + bytes(values["job"]).hex(),
            block=log.block,
            block_hash=log.block_hash,
            tx_hash=log.tx_hash,
            log_index=log.index,
            args=args,
        )

    def _arguments(self, event: Any, log: Log) -> Any:
        entry = {
            "address": log.address,
            "topics": [HexBytes(topic) for topic in log.topics],
            "data": HexBytes(log.data),
            "blockNumber": log.block,
            "blockHash": HexBytes(log.block_hash),
            "transactionHash": HexBytes(log.tx_hash),
            "transactionIndex": 0,
            "logIndex": log.index,
        }
        try:
            return event.process_log(entry)["args"]
        except (Web3Exception, DecodingError, UnicodeDecodeError) as error:
            raise ChainDown(
                self.rpc_url, f"log {log.index} of block {log.block} is not what the escrow emits"
            ) from error


def _block(found: Block) -> BlockRef:
    return BlockRef(found.number, found.hash, found.timestamp, found.parent)

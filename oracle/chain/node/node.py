"""One node, asked for what the escrow's parties need to know, and its words turned into ours.

Whatever a node says becomes one of: a value of the right form; None where the chain has no such thing; CallReverted;
InsufficientFunds; NodeBehind or HistoryPruned where the node does not have what the chain has; NodeError in its own
words; ChainDown where nothing can be understood. Null where a value must be is ChainDown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from oracle.chain.errors import CallReverted, ChainDown, HistoryPruned, InsufficientFunds, NodeBehind, NodeError
from oracle.chain.node import answers
from oracle.chain.node.answers import Block, Log, Mined
from oracle.chain.node.reverts import Abi, revert_of
from oracle.chain.node.rpc import DEFAULT_TIMEOUT_S, Answer, Asked, JsonRpc, RpcError

T = TypeVar("T")

FIRST_BLOCKS = 32
"""Among so many from the escrow's first, a block with logs is looked for to see whether the node still has them."""
YOUNG_BLOCKS = 8
"""How many blocks at the end of a range are looked at for logs that the node has not indexed yet."""
_INSUFFICIENT = re.compile(
    r"insufficient funds|insufficient balance|insufficient maxfeepergas for sender|insufficient_funds", re.IGNORECASE
)
_PRUNED = re.compile(
    r"\bprun|missing trie node|histor\w* .*(not available|unavailable|expired)|state .*(not available|unavailable)"
    r"|archive node|old data not available",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"index\w* .*progress|(header|block)\w* .*(not found|cannot be found|could not be found|not available)"
    r"|unknown block|(beyond|after|exceeds|greater than) .*(head|latest|current) block|still syncing",
    re.IGNORECASE,
)


class Node:
    """The node at `url`. `errors` decodes what contracts refuse with.

    Every method raises ChainDown and NodeError; those that run a contract CallReverted as well.
    """

    def __init__(self, url: str, timeout_s: float = DEFAULT_TIMEOUT_S, errors: Abi = ()) -> None:
        self.url = url
        self._rpc = JsonRpc(url, timeout_s)
        self._errors = errors

    @property
    def outages(self) -> int:
        """How often the node did not answer so far."""
        return self._rpc.outages

    # ------------------------------------------------------------------ the chain

    def chain_id(self) -> int:
        """The chain that the node serves."""
        return self._ask("read the chain id", "eth_chainId", (), answers.integer)

    def block(self, number: int | str) -> Block | None:
        """Block `number`, or ``latest``; None where this node has none, yet or any more."""
        try:
            return self._ask("read a block", *_block_at(number), answers.or_none(answers.block))
        except NodeBehind:
            return None

    def head(self) -> Block:
        """The newest block."""
        found = self.block("latest")
        if found is None:
            raise ChainDown(self.url, "it has no newest block")
        return found

    def code(self, address: str) -> bytes:
        """The contract's code at `address`; empty where none is."""
        return self._ask("read a contract's code", "eth_getCode", (address, "latest"), answers.octets)

    def balance(self, address: str) -> int:
        """Wei that `address` holds."""
        return self._ask("read a balance", "eth_getBalance", (address, "latest"), answers.integer)

    def call(self, to: str, data: str, doing: str, block: int | None = None) -> bytes:
        """What the contract at `to` answers to `data`, at `block` or the head."""
        return self._ask(doing, *_call(to, data, block), answers.octets)

    def calls(
        self, to: str, datas: Sequence[str], doing: str, block: int | None = None
    ) -> list[bytes | NodeError | CallReverted]:
        """The answers to several calls, in their order; the trouble of one stands in its place and is nobody else's."""
        found: list[bytes | NodeError | CallReverted] = []
        for answer in self._rpc.ask_all([_call(to, data, block) for data in datas]):
            try:
                found.append(self._read(doing, "eth_call", answer, answers.octets))
            except (NodeError, CallReverted) as error:
                found.append(error)
            except ChainDown as error:
                found.append(NodeError(doing, error.reason))
        return found

    def logs(
        self, address: str, topics: Sequence[str | None], first: int, last: int, *, to_the_end: bool = True
    ) -> tuple[Log, ...]:
        """Logs of `address` with `topics` in blocks first..last, both included, in chain order.

        What was not asked for, or comes twice, is left out. With `to_the_end`, for where `last` may
        be the chain's newest block, raises NodeBehind if the node does not have it yet, or not yet the logs of the last
        few blocks: either way it would say that nothing happened there.
        """
        where: dict[str, object] = {"address": address, "fromBlock": hex(first), "toBlock": hex(last)}
        query = where | ({"topics": list(topics)} if topics else {})
        young = range(max(first, last - YOUNG_BLOCKS + 1), last + 1) if to_the_end else range(0)
        # In one request, because behind a load balancer the next one may be answered by another node.
        found, *said = self._rpc.ask_all([("eth_getLogs", [query]), *(_block_at(number) for number in young)])
        logs = self._read("read events", "eth_getLogs", found, answers.logs)
        placed = {
            (log.block, log.index): log
            for log in logs
            if log.address == address.lower() and first <= log.block <= last and log.matches(topics)
        }
        blocks = [
            self._read("read a block", "eth_getBlockByNumber", each, answers.or_none(answers.block)) for each in said
        ]
        held = {log.block for log in placed.values()}
        for number, block in zip(young, blocks, strict=True):
            if block is None:
                raise NodeBehind("read events", f"no block {number} here yet")
            if number not in held:
                self._check_indexed(block, address, topics)
        return tuple(placed[place] for place in sorted(placed))

    def logs_of(self, address: str, block_hash: str) -> tuple[Log, ...]:
        """Logs of `address` in exactly this block, in their order; NodeError where the node has no such block."""
        query = {"address": address, "blockHash": block_hash}
        asked: list[Asked] = [("eth_getLogs", [query]), ("eth_getBlockByHash", [block_hash, False])]
        said, header = self._rpc.ask_all(asked)
        logs = self._read("read a block's events", "eth_getLogs", said, answers.logs)
        block = self._read("read a block", "eth_getBlockByHash", header, answers.or_none(answers.block))
        if block is None:
            raise NodeBehind("read a block's events", f"no block {block_hash} here")
        placed = {log.index: log for log in logs if log.address == address.lower() and log.block_hash == block_hash}
        if not placed:
            self._check_indexed(block, address, ())
        return tuple(placed[index] for index in sorted(placed))

    def _check_indexed(self, block: Block, address: str, topics: Sequence[str | None]) -> None:
        """Raise NodeBehind if `block` holds logs of `address` with `topics`, none of which the node has given.

        The header's bits say that there may be some, and then the block's receipts, which need no index, whether.
        """
        if not block.may_hold([address, *(topic for topic in topics if topic is not None)]):
            return
        form = answers.or_none(answers.each(answers.mined))
        try:
            receipts = self._ask("read receipts", "eth_getBlockReceipts", [hex(block.number)], form)
        except (NodeBehind, HistoryPruned):
            raise
        except NodeError:
            return  # it does not offer them, and bits alone are no ground for holding everybody up
        logs = [log for receipt in receipts or () if receipt is not None for log in receipt.logs]
        if any(log.address == address.lower() and log.matches(topics) for log in logs):
            raise NodeBehind("read events", f"the logs of block {block.number} are not indexed yet")

    def whole_block(self, block_hash: str) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
        """A block's header and the receipts of all its transactions in their order, both as the node words them.

        Receipts come at once where the node offers that, else one by one. Raises NodeBehind where one is not there.
        """
        header = self._ask("read a block", "eth_getBlockByHash", [block_hash, False], answers.members)
        hashes = answers.block(header).transactions
        try:
            form = answers.each(answers.members)
            found = self._ask("read receipts", "eth_getBlockReceipts", [header["number"]], form)
        except NodeError:
            asked = [("eth_getTransactionReceipt", [each]) for each in hashes]
            said = self._rpc.ask_all(asked)
            found = tuple(
                self._read("read a receipt", "eth_getTransactionReceipt", each, answers.members) for each in said
            )
        placed = {str(each.get("transactionHash")).lower(): each for each in found}
        if any(placed.get(each, {}).get("blockHash") != block_hash for each in hashes):
            raise NodeBehind("read receipts", f"not all of block {block_hash}")
        return header, tuple(placed[each] for each in hashes)

    def remembers(self, number: int) -> bool:
        """Whether the node still has what happened in block `number` and after it: headers, receipts and logs.

        It is asked for a receipt of that block, and for the logs of the first block that must have some.
        """
        try:
            said = self._rpc.ask_all([_block_at(each) for each in range(number, number + FIRST_BLOCKS)])
            first, *later = map(self._block_of, said)
            if first is None or any(self.receipt(each) is None for each in first.transactions[:1]):
                return False
            telling = next((each for each in (first, *later) if each is not None and each.has_logs), None)
            if telling is None:
                return True
            at = hex(telling.number)
            return bool(self._ask("read events", "eth_getLogs", [{"fromBlock": at, "toBlock": at}], answers.logs))
        except HistoryPruned:
            return False

    def _block_of(self, answer: Answer) -> Block | None:
        """The block that an answer tells; None where the node has none."""
        try:
            return self._read("read a block", "eth_getBlockByNumber", answer, answers.or_none(answers.block))
        except NodeBehind:
            return None

    # ------------------------------------------------------------------ transactions

    def count(self, address: str, state: str = "latest") -> int:
        """How many transactions of `address` were mined; with ``pending`` those that wait too: its next nonce."""
        try:
            return self._ask("read a nonce", "eth_getTransactionCount", (address, state), answers.integer)
        except NodeError:
            if state == "latest":
                raise
            return self.count(address)  # some nodes know no pending state

    def gas_price(self) -> int:
        """Wei per gas that the node suggests, all in all."""
        return self._ask("read the gas price", "eth_gasPrice", (), answers.integer)

    def priority_fee(self, base_fee: int) -> int:
        """Wei per gas above the base fee that the node suggests; from its gas price where it suggests none."""
        try:
            found = self._ask("read a tip", "eth_maxPriorityFeePerGas", (), answers.or_none(answers.integer))
        except NodeError:
            found = None
        return max(self.gas_price() - base_fee, 0) if found is None else found

    def next_base_fee(self) -> int | None:
        """Wei per gas that the next block will ask for; the head's where the node does not say. None: there is none."""
        try:
            found = self._ask("read the base fee", "eth_feeHistory", ("0x1", "latest", []), answers.next_base_fee)
        except NodeError:
            found = None
        return found or self.head().base_fee

    def estimate_gas(self, call: dict[str, object], doing: str) -> int:
        """The gas that a call takes on the head block."""
        return self._ask(doing, "eth_estimateGas", [call], answers.integer)

    def send(self, raw: str) -> RpcError | None:
        """Hand over a signed transaction; what the node has against it, which may be that it has it already."""
        answer = self._rpc.ask("eth_sendRawTransaction", [raw])
        return answer if isinstance(answer, RpcError) else None

    def receipt(self, transaction: str) -> Mined | None:
        """The receipt of `transaction`; None while it is not mined.

        Raises NodeBehind while the node indexes transactions: then it cannot tell.
        """
        return self._ask("read a receipt", "eth_getTransactionReceipt", [transaction], _receipt)

    def knows(self, transaction: str) -> bool:
        """Whether the node has `transaction`, mined or not. Raises NodeBehind as `receipt` does."""
        return self._ask("look for a transaction", "eth_getTransactionByHash", [transaction], bool)

    # ------------------------------------------------------------------ inside

    def meaning_of(self, doing: str, fault: RpcError) -> NodeError | CallReverted | InsufficientFunds:
        """What a fault is in our words."""
        if (reverted := revert_of(fault, self._errors, doing)) is not None:
            return reverted
        if _INSUFFICIENT.search(fault.message):
            return InsufficientFunds("the sender", None, None)
        if _PRUNED.search(fault.message):
            return HistoryPruned(doing, fault.message)
        if _BEHIND.search(fault.message):
            return NodeBehind(doing, fault.message)
        return NodeError(doing, fault.message)

    def _ask(self, doing: str, method: str, parameters: Sequence[object], form: Callable[[object], T]) -> T:
        return self._read(doing, method, self._rpc.ask(method, parameters), form)

    def _read(self, doing: str, method: str, answer: Answer, form: Callable[[object], T]) -> T:
        if isinstance(answer, RpcError):
            self._refuse(doing, answer)
        try:
            return form(answer.value)
        except (ValueError, TypeError, KeyError) as error:
            what = "null" if answer.value is None else "what is none"
            raise ChainDown(self.url, f"it answers {method} with {what}") from error

    def _refuse(self, doing: str, fault: RpcError) -> NoReturn:
        raise self.meaning_of(doing, fault)


def _receipt(value: object) -> Mined | None:
    return None if value is None else answers.mined(value)


def _block_at(number: int | str) -> Asked:
    return "eth_getBlockByNumber", (hex(number) if isinstance(number, int) else number, False)


def _call(to: str, data: str, block: int | None) -> Asked:
    return "eth_call", ({"to": to, "data": data}, "latest" if block is None else hex(block))

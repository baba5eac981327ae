"""The escrow as its callers see it: reads over a node, and calls for the sender to sign. It sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

from hexbytes import HexBytes
from web3.exceptions import BlockNotFound
from web3.logs import DISCARD
from web3.types import FilterParams, LogReceipt

from oracle.chain.calls import EscrowCalls, abi_of
from oracle.chain.deployment import Deployment
from oracle.chain.errors import NodeError, WrongNetwork
from oracle.chain.events import BlockRef, Disputer, EscrowEvent, EscrowStatus, Status, Submitted, args_of, hex_of
from oracle.chain.rpc import DEFAULT_TIMEOUT_S, connect, spoken
from oracle.terms import ZERO_ADDRESS, Domain


class EscrowClient(EscrowCalls):
    """One escrow on one chain, over one node: reads, and the calls of EscrowCalls.

    Every request is bounded by `timeout_s` seconds.

    Every method that asks the node raises ChainDown if it does not answer and NodeError if it answers with an error.
    """

    def __init__(self, rpc_url: str, deployment: Deployment, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.rpc_url = rpc_url
        self.deployment = deployment
        self.web3 = connect(rpc_url, timeout_s)
        # Whatever is sent through this client may meet the registry too: at funding, or by its own verbs.
        both = (*abi_of("JobEscrow"), *abi_of("ValidatorRegistry"))
        self._errors = [entry for entry in both if entry["type"] == "error"]
        super().__init__(self.web3, deployment.escrow)
        self._names = {kind().topic: kind().event_name for kind in self._escrow.events}

    # ------------------------------------------------------------------ the node

    def speaking(self, doing: str) -> AbstractContextManager[None]:
        """A block in which web3's errors become oracle.chain's."""
        return spoken(self.rpc_url, doing, self._errors)

    def check_network(self) -> None:
        """Raise WrongNetwork unless the node serves the deployment's chain and a contract lives at its escrow."""
        with self.speaking("read the chain id"):
            chain_id = self.web3.eth.chain_id
            code = self.web3.eth.get_code(self.checked(self.deployment.escrow))
        if chain_id != self.deployment.chain_id:
            raise WrongNetwork(self.rpc_url, f"it is chain {chain_id}, the deployment is on {self.deployment.chain_id}")
        if not code:
            raise WrongNetwork(self.rpc_url, f"there is no contract at {self.deployment.escrow} on chain {chain_id}")

    def head(self) -> BlockRef:
        """The newest block."""
        with self.speaking("read the head"):
            return _block(self.web3.eth.get_block("latest"))

    def block(self, number: int) -> BlockRef | None:
        """Block `number` of the chain as it is now, or None if it has none yet."""
        with self.speaking("read a block"):
            try:
                return _block(self.web3.eth.get_block(number))
            except BlockNotFound:
                return None

    # ------------------------------------------------------------------ reads

    def status(self, job_id: str, block: int | None = None) -> EscrowStatus:
        """The job's slot, at `block` or the head."""
        return self.statuses([job_id], block)[0]

    def statuses(self, job_ids: Sequence[str], block: int | None = None) -> tuple[EscrowStatus, ...]:
        """The slots of several jobs, in their order, in one request."""
        if not job_ids:
            return ()
        at = "latest" if block is None else block
        with self.speaking("read a job's status"):
            if len(job_ids) == 1:
                found = [self._escrow.functions.jobs(HexBytes(job_ids[0])).call(block_identifier=at)]
            else:
                with self.web3.batch_requests() as batch:
                    for job_id in job_ids:
                        batch.add(self._escrow.functions.jobs(HexBytes(job_id)).call(block_identifier=at))
                    found = cast(list[Any], batch.execute())
        return tuple(_status(slot) for slot in found)

    def events(self, from_block: int, to_block: int, job_id: str | None = None) -> tuple[EscrowEvent, ...]:
        """Events of `job_id`, or of all jobs, in blocks from_block..to_block, both included, in chain order."""
        topics = None if job_id is None else [None, HexBytes(job_id)]
        return self._events(from_block, to_block, topics)

    def prior_deliveries(self, worker: str, result_hash: str, before: tuple[int, int]) -> tuple[EscrowEvent, ...]:
        """Submitted events of `worker` with `result_hash`, of any job, placed before (block, log_index) `before`.

        A result is replayed iff there is one: the chain's prefix decides, nothing that a validator remembers.
        """
        submitted = self._escrow.events.Submitted().topic
        topics = [submitted, None, HexBytes(bytes(12) + HexBytes(self.checked(worker))), HexBytes(result_hash)]
        found = self._events(self.deployment.block, before[0], topics)
        return tuple(event for event in found if event.place < before)

    def second_word(self, job_id: str, place: tuple[int, int]) -> str:
        """What the delivery of `job_id` at `place` (block, log_index) said beside the result's hash.

        Raises LookupError if there is no delivery at that place any more.
        """
        for event in self.events(place[0], place[0], job_id):
            if event.place == place and isinstance(event.args, Submitted):
                return event.args.multiset_hash
        raise LookupError(f"job {job_id} has no delivery at block {place[0]}, log {place[1]}")

    def balance(self, address: str, token: str | None = None) -> int:
        """What `address` holds: base units of `token`, or wei for None and the zero address."""
        with self.speaking("read a balance"):
            if token is None or token == ZERO_ADDRESS:
                return self.web3.eth.get_balance(self.checked(address))
            return int(self._token(token).functions.balanceOf(self.checked(address)).call())

    def allowance(self, owner: str, token: str, spender: str | None = None) -> int:
        """How many base units of `token` the spender, by default the escrow, may take from `owner`."""
        with self.speaking("read an allowance"):
            function = self._token(token).functions.allowance
            return int(function(self.checked(owner), self.checked(spender or self.deployment.escrow)).call())

    def token_domain(self, token: str) -> Domain:
        """The EIP-712 domain of a token that moves by authorization (ERC-3009), as the token itself says it.

        Raises CallReverted for a token that does not say it, and ValueError for one whose parts do not make the whole.
        """
        contract = self._token(token)
        with self.speaking("read a token's domain"):
            name, version = (str(contract.functions[part]().call()) for part in ("name", "version"))
            separator = bytes(contract.functions.DOMAIN_SEPARATOR().call())
        domain = Domain(name, version, self.deployment.chain_id, token)
        if domain.separator != separator:
            raise ValueError(f"the token at {token} signs in another domain than its name, version and this chain make")
        return domain

    def credit(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """What `account` may withdraw of `token` from the escrow."""
        with self.speaking("read a credit"):
            return int(self._escrow.functions.credit(self.checked(token), self.checked(account)).call())

    def withdrawn(self, transaction: str) -> int:
        """How many base units `transaction` withdrew, as the contract says it; 0 if it withdrew nothing."""
        with self.speaking("read a withdrawal"):
            receipt = self.web3.eth.get_transaction_receipt(HexBytes(transaction))
            events = self._escrow.events.Withdrawn().process_receipt(receipt, errors=DISCARD)
        return sum(int(event["args"]["amount"]) for event in events)

    # ------------------------------------------------------------------ inside

    def _events(self, from_block: int, to_block: int, topics: list[Any] | None) -> tuple[EscrowEvent, ...]:
        if from_block > to_block:
            return ()
        query: FilterParams = {
            "address": self.checked(self.deployment.escrow),
            "fromBlock": from_block,
            "toBlock": to_block,
        }
        if topics is not None:
            query["topics"] = topics
        try:
            with self.speaking("read events"):
                logs = self.web3.eth.get_logs(query)
        except NodeError:
            # Providers limit the range or the number of logs of one request, each with an error of its own: halve
            # until it fits. A single block that still fails is a real error.
            if from_block == to_block:
                raise
            middle = (from_block + to_block) // 2
            return self._events(from_block, middle, topics) + self._events(middle + 1, to_block, topics)
        events = (self._event(log) for log in logs if not log.get("removed", False))
        return tuple(sorted((event for event in events if event is not None), key=lambda event: event.place))

    def _event(self, log: LogReceipt) -> EscrowEvent | None:
        name = self._names.get(hex_of(log["topics"][0]))
        if name is None:
            return None
        values = self._escrow.events[name]().process_log(log)["args"]
        args = args_of(name, values)
        if args is None:
            return None
        return EscrowEvent(
            job_id=hex_of(values["job"]),
            block=log["blockNumber"],
            block_hash=hex_of(log["blockHash"]),
            tx_hash=hex_of(log["transactionHash"]),
            log_index=log["logIndex"],
            args=args,
        )


def _block(found: Any) -> BlockRef:
    return BlockRef(number=int(found["number"]), hash=hex_of(found["hash"]), timestamp=int(found["timestamp"]))


def _status(slot: Any) -> EscrowStatus:
    status, round_, disputer, clock, commit = slot
    return EscrowStatus(Status(status), int(round_), int(clock), int(commit), Disputer(disputer))

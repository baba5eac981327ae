"""The escrow as its callers see it: reads, and calls for the sender to sign. It holds no key and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address
from hexbytes import HexBytes
from web3.exceptions import BlockNotFound
from web3.types import FilterParams, LogReceipt

from oracle.chain.deployment import Deployment
from oracle.chain.errors import NodeError, WrongNetwork
from oracle.chain.events import BlockRef, EscrowEvent, EscrowStatus, Proposed, Status, args_of, hex_of
from oracle.chain.rpc import DEFAULT_TIMEOUT_S, Abi, connect, spoken
from oracle.terms import ZERO_ADDRESS, JobTerms, Verdict, pack_brief, pack_terms

if TYPE_CHECKING:  # a name in a signature only: reading a chain needs no statistics
    from oracle.verdict.signed import Attestation

_TOKEN_ABI: Abi = [
    {
        "type": "function",
        "name": name,
        "stateMutability": mutability,
        "inputs": [{"name": key, "type": kind} for key, kind in inputs],
        "outputs": [{"name": "", "type": output}],
    }
    for name, mutability, inputs, output in (
        ("approve", "nonpayable", (("spender", "address"), ("amount", "uint256")), "bool"),
        ("balanceOf", "view", (("account", "address"),), "uint256"),
        ("allowance", "view", (("owner", "address"), ("spender", "address")), "uint256"),
    )
]


@dataclass(frozen=True)
class Call:
    """A transaction that nobody has signed yet."""

    to: str
    data: str
    """0x-hexadecimal calldata."""
    value: int = 0
    """Wei."""
    doing: str = "call"
    """The verb, for messages."""


def escrow_abi() -> Abi:
    """The JSON ABI of JobEscrow, as committed with the contract."""
    text = resources.files("oracle.chain").joinpath("abi", "JobEscrow.json").read_text()
    return cast(Abi, json.loads(text)["abi"])


class EscrowClient:
    """One escrow on one chain, over one node. Every request is bounded by `timeout_s` seconds.

    Every method that asks the node raises ChainDown if it does not answer and NodeError if it answers with an error.
    """

    def __init__(self, rpc_url: str, deployment: Deployment, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.rpc_url = rpc_url
        self.deployment = deployment
        self.web3 = connect(rpc_url, timeout_s)
        self._abi = escrow_abi()
        # web3 builds functions and events at run time, so to the type checker the contract is Any.
        contract = self.web3.eth.contract(address=self.checked(deployment.escrow), abi=cast(Any, self._abi))
        self._escrow = cast(Any, contract)
        self._names = {kind().topic: kind().event_name for kind in self._escrow.events}

    # ------------------------------------------------------------------ the node

    def speaking(self, doing: str) -> AbstractContextManager[None]:
        """A block in which web3's errors become oracle.chain's."""
        return spoken(self.rpc_url, doing, self._abi)

    @staticmethod
    def checked(address: str) -> ChecksumAddress:
        """`address` itself if it is in EIP-55 form, which shields against typing errors; else ValueError."""
        if not is_checksum_address(address):
            raise ValueError(f"{address!r} is not a checksum address (EIP-55)")
        return cast(ChecksumAddress, address)

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

    def credit(self, account: str, token: str = ZERO_ADDRESS) -> int:
        """What `account` may withdraw of `token` from the escrow."""
        with self.speaking("read a credit"):
            return int(self._escrow.functions.credit(self.checked(token), self.checked(account)).call())

    # ------------------------------------------------------------------ calls

    def approve(self, token: str, amount: int, spender: str | None = None) -> Call:
        """Let the spender, by default the escrow, take `amount` base units of the sender's `token`."""
        data = self._token(token).encode_abi("approve", [self.checked(spender or self.deployment.escrow), amount])
        return Call(to=token, data=data, doing="approve")

    def fund(self, terms: JobTerms) -> Call:
        """Lock the budget; by the payer. A token needs an allowance first."""
        value = terms.budget if terms.token == ZERO_ADDRESS else 0
        return self._call("fund", [pack_terms(terms)], value)

    def submit(self, terms: JobTerms, result_hash: str, multiset_hash: str) -> Call:
        """Deliver; by the worker, until submit_by."""
        return self._call("submit", [pack_brief(terms), HexBytes(result_hash), HexBytes(multiset_hash)])

    def submit_for(
        self, terms: JobTerms, result_hash: str, multiset_hash: str, signature: str, worker: str | None = None
    ) -> Call:
        """Deliver in the worker's name, with its signature over the submission digest."""
        claimer = ZERO_ADDRESS if worker is None else self.checked(worker)
        arguments = [pack_brief(terms), HexBytes(result_hash), HexBytes(multiset_hash), HexBytes(signature), claimer]
        return self._call("submitFor", arguments)

    def propose(
        self,
        terms: JobTerms,
        verdict: Verdict,
        attestations: Sequence[Attestation],
        cosignatures: Sequence[str] = (),
    ) -> Call:
        """Bring a verdict with the attestations of k validators; by anyone, until verdict_by.

        `cosignatures`, if any, are the payer's and the worker's over the same verdict, in that order: it then settles
        at once in spite of a challenge window. Raises ValueError for an attestation to another verdict, by somebody
        who is not pinned in the terms, or a second one by the same validator.
        """
        signatures: dict[int, bytes] = {}
        for attestation in attestations:
            if attestation.verdict != verdict:
                raise ValueError(f"the attestation of {attestation.validator} is about another verdict")
            if attestation.validator not in terms.validators:
                raise ValueError(f"{attestation.validator} is not a validator of this job")
            index = terms.validators.index(attestation.validator)
            if index in signatures:
                raise ValueError(f"{attestation.validator} attests twice")
            signatures[index] = bytes(HexBytes(attestation.signature))
        if len(cosignatures) not in (0, 2):
            raise ValueError("co-signatures come in pairs: the payer's and the worker's")
        signed = (
            self.checked(terms.worker),
            HexBytes(verdict.result_hash),
            int(verdict.outcome),
            verdict.worker_amount,
            HexBytes(verdict.evidence_hash),
            sum(1 << index for index in signatures),
        )
        ordered = [signatures[index] for index in sorted(signatures)]
        ordered += [bytes(HexBytes(signature)) for signature in cosignatures]
        return self._call("propose", [pack_terms(terms), signed, b"".join(ordered)])

    def finalize(self, terms: JobTerms, proposal: Proposed) -> Call:
        """Pay what was proposed; by anyone, after the window."""
        standing = (
            self.checked(proposal.worker),
            HexBytes(proposal.result_hash),
            proposal.outcome,
            proposal.worker_amount,
            proposal.signers,
        )
        return self._call("finalize", [pack_brief(terms), standing])

    def refund(self, terms: JobTerms) -> Call:
        """Return the budget of a job without a submission; by anyone, after submit_by."""
        return self._call("refund", [pack_brief(terms)])

    def settle_silence(self, terms: JobTerms, result_hash: str, worker: str | None = None) -> Call:
        """Propose the silence share; by anyone, after verdict_by."""
        submitter = self.checked(worker or terms.worker)
        return self._call("settleSilence", [pack_brief(terms), submitter, HexBytes(result_hash)])

    def cancel(self, terms: JobTerms, expiry: int, payer_signature: str, worker_signature: str) -> Call:
        """Return the budget by agreement: both signatures are over the cancel digest of the job's status and round."""
        signatures = bytes(HexBytes(payer_signature)) + bytes(HexBytes(worker_signature))
        nothing_standing = (ZERO_ADDRESS, bytes(32), 0, 0, 0)
        return self._call("cancel", [pack_brief(terms), nothing_standing, expiry, signatures])

    def withdraw(self, token: str, to: str) -> Call:
        """Send the sender's whole credit in `token` to `to`."""
        return self._call("withdraw", [self.checked(token), self.checked(to)])

    # ------------------------------------------------------------------ inside

    def _call(self, verb: str, arguments: list[Any], value: int = 0) -> Call:
        return Call(self.deployment.escrow, self._escrow.encode_abi(verb, arguments), value, verb)

    def _token(self, token: str) -> Any:
        return self.web3.eth.contract(address=self.checked(token), abi=_TOKEN_ABI)

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
    status, round_, _disputer, clock, commit = slot
    return EscrowStatus(Status(status), int(round_), int(clock), int(commit))

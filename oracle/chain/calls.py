"""Everything that can be asked of the escrow, as calls that nobody has signed yet. Needs no node and holds no key.

Terms travel whole where the contract reads the validators (funding, `claim`, `propose`, the first of a batch), and in
brief everywhere else. A signature is a key's 65 bytes or a contract's record (`oracle.terms.contract_record`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address
from hexbytes import HexBytes
from web3 import Web3

from oracle.chain.events import Proposal, Proposed
from oracle.chain.node import Abi
from oracle.terms import (
    PERMIT2,
    ZERO_ADDRESS,
    Authorization,
    JobTerms,
    Permit,
    Verdict,
    claim_bond_of,
    dispute_bond_of,
    join_signatures,
    pack_brief,
    pack_terms,
    verdict_leaf,
)

if TYPE_CHECKING:  # a name in a signature only: the chain needs no statistics
    from oracle.attestations.attestation import Attestation

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
        ("name", "view", (), "string"),
        ("version", "view", (), "string"),
        ("DOMAIN_SEPARATOR", "view", (), "bytes32"),
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


@dataclass(frozen=True)
class BatchedJob:
    """One job's part of a batch."""

    terms: JobTerms
    verdict: Verdict
    claimer: str | None = None
    """Open jobs: who claimed and submitted."""


def abi_of(contract: str) -> Abi:
    """The JSON ABI of `contract`, as committed with its source."""
    text = resources.files("oracle.chain").joinpath("abi", f"{contract}.json").read_text()
    return cast(Abi, json.loads(text)["abi"])


class EscrowCalls:
    """The verbs of the escrow at `escrow`."""

    def __init__(self, escrow: str) -> None:
        self._codec = Web3()  # it encodes and decodes, and speaks to nobody
        self._escrow = self.contract(escrow, abi_of("JobEscrow"))

    def contract(self, address: str, abi: Abi) -> Any:
        """Encodes and decodes for the contract at `address`. web3 builds its functions and events at run time, so to
        the type checker it is Any."""
        return self._codec.eth.contract(address=self.checked(address), abi=cast(Any, abi))

    @staticmethod
    def checked(address: str) -> ChecksumAddress:
        """`address` itself if it is in EIP-55 form, which shields against typing errors; else ValueError."""
        if not is_checksum_address(address):
            raise ValueError(f"{address!r} is not a checksum address (EIP-55)")
        return cast(ChecksumAddress, address)

    # ------------------------------------------------------------------ funding

    def allow(self, token: str, amount: int, spender: str | None = None) -> Call:
        """Let the spender, by default the escrow, take `amount` base units of the sender's `token`."""
        data = self._token(token).encode_abi("approve", [self.checked(spender or self._escrow.address), amount])
        return Call(to=token, data=data, doing="approve")

    def allow_permit2(self, token: str, amount: int = 2**256 - 1) -> Call:
        """Let Permit2 take `token` from the sender, once for all jobs to come; each still needs a signature."""
        return self.allow(token, amount, PERMIT2)

    def fund(self, terms: JobTerms) -> Call:
        """Lock the budget; by the payer. A token needs an allowance first."""
        return self._call("fund", [pack_terms(terms)], _native(terms, terms.budget))

    def fund_with_permit2(self, terms: JobTerms, permit: Permit, signature: str) -> Call:
        """Lock the budget with the payer's signature over `permit2_message`; by anyone, until the permit's deadline."""
        arguments = [pack_terms(terms), permit.nonce, permit.deadline, HexBytes(signature)]
        return self._call("fundWithPermit2", arguments)

    def fund_with_authorization(self, terms: JobTerms, authorization: Authorization, signature: str) -> Call:
        """Lock the budget with the payer's signature over `authorization_message`; by anyone, while that is valid.

        A signature of 65 bytes goes to the token as a key's, of any other length as a contract's.
        """
        valid = [authorization.valid_after, authorization.valid_before]
        return self._call("fundWithAuthorization", [pack_terms(terms), *valid, HexBytes(signature)])

    # ------------------------------------------------------------------ delivery

    def claim(self, terms: JobTerms) -> Call:
        """Take an open job, until claim_by; by a worker in no other role, with the bond.

        In native coin the bond goes along; a token needs an allowance of `claim_bond_of(terms)` first.
        """
        return self._call("claim", [pack_terms(terms)], _native(terms, claim_bond_of(terms)))

    def submit(self, terms: JobTerms, result_hash: str, multiset_hash: str) -> Call:
        """Deliver; by the worker, until submit_by, or by who claimed, until the claim lapses."""
        return self._call("submit", [pack_brief(terms), HexBytes(result_hash), HexBytes(multiset_hash)])

    def submit_for(
        self, terms: JobTerms, result_hash: str, multiset_hash: str, signature: str, claimer: str | None = None
    ) -> Call:
        """Deliver in the worker's name, with its signature over the submission digest; by anyone, as `submit`.

        `claimer`: of an open job, who claimed it.
        """
        return self._call(
            "submitFor",
            [
                pack_brief(terms),
                HexBytes(result_hash),
                HexBytes(multiset_hash),
                _joined([signature]),
                self._claimer(terms, claimer),
            ],
        )

    def top_up(self, terms: JobTerms, proposal: Proposed, result_hash: str, multiset_hash: str) -> Call:
        """Deliver once more after an inconclusive verdict; by the worker, inside the challenge window."""
        arguments = [pack_brief(terms), self._standing(proposal.proposal), HexBytes(result_hash)]
        return self._call("topUp", [*arguments, HexBytes(multiset_hash)])

    # ------------------------------------------------------------------ outcome

    def propose(
        self,
        terms: JobTerms,
        verdict: Verdict,
        attestations: Sequence[Attestation],
        cosignatures: Sequence[str] = (),
        claimer: str | None = None,
    ) -> Call:
        """Bring a verdict with the attestations of k validators; by anyone, until verdict_by.

        `cosignatures`, if any, are the payer's and the worker's over the same verdict, in that order: it then settles
        at once in spite of a challenge window, and also where somebody has proposed it without them. `claimer`: of an
        open job, who claimed it. Raises ValueError for an attestation to another verdict, by somebody who is not pinned
        in the terms, or a second one by the same validator.
        """
        signatures: dict[str, str] = {}
        for attestation in attestations:
            if attestation.verdict != verdict:
                raise ValueError(f"the attestation of {attestation.validator} is about another verdict")
            if attestation.validator in signatures:
                raise ValueError(f"{attestation.validator} attests twice")
            signatures[attestation.validator] = attestation.signature
        if len(cosignatures) not in (0, 2):
            raise ValueError("co-signatures come in pairs: the payer's and the worker's")
        signers, ordered = _by_validator(terms, signatures)
        signed = (
            self._claimer(terms, claimer),
            HexBytes(verdict.result_hash),
            int(verdict.outcome),
            verdict.worker_amount,
            HexBytes(verdict.evidence_hash),
            signers,
        )
        return self._call("propose", [pack_terms(terms), signed, _joined([*ordered, *cosignatures])])

    def settle_batch(self, batch: Sequence[BatchedJob | Verdict], signatures: Mapping[str, str]) -> Call:
        """Settle many jobs with one signature per validator over `batch_digest` of their `verdict_root`.

        By anyone, until their verdict_by. All have the same validators and token and no challenge window. A job that no
        longer waits for its verdict is left out, and so is one of which, but for the first, the verdict alone is given;
        the same signatures may settle them later. `signatures` are by the validator's address. Raises ValueError for an
        empty batch, one without its first job's terms, or a signer who is not a validator of it.
        """
        if not batch or isinstance(batch[0], Verdict):
            raise ValueError("a batch begins with a job's terms: its validators are those who signed")
        signers, ordered = _by_validator(batch[0].terms, signatures)
        rest = [
            bytes(HexBytes(verdict_leaf(member))) if isinstance(member, Verdict) else pack_brief(member.terms)
            for member in batch[1:]
        ]
        terms = [pack_terms(batch[0].terms), *rest]
        verdicts = [self._batched(member) for member in batch]
        return self._call("settleBatch", [terms, verdicts, signers, _joined(ordered)])

    def _batched(self, member: BatchedJob | Verdict) -> tuple[str, HexBytes, int, int, HexBytes]:
        """A `BatchedVerdict`; nobody reads the one of a job that is left out."""
        if isinstance(member, Verdict):
            return ZERO_ADDRESS, HexBytes(bytes(32)), 0, 0, HexBytes(bytes(32))
        verdict = member.verdict
        return (
            self._claimer(member.terms, member.claimer),
            HexBytes(verdict.result_hash),
            int(verdict.outcome),
            verdict.worker_amount,
            HexBytes(verdict.evidence_hash),
        )

    def settle_silence(self, terms: JobTerms, result_hash: str, claimer: str | None = None) -> Call:
        """Propose the silence share; by anyone, after verdict_by. `claimer`: of an open job, who claimed it."""
        return self._call("settleSilence", [pack_brief(terms), self._claimer(terms, claimer), HexBytes(result_hash)])

    def finalize(self, terms: JobTerms, proposal: Proposed) -> Call:
        """Pay what was proposed; by anyone, after the window, or, of a dispute, after the ruling window."""
        return self._call("finalize", [pack_brief(terms), self._standing(proposal.proposal)])

    # ------------------------------------------------------------------ dispute

    def dispute(self, terms: JobTerms, proposal: Proposed) -> Call:
        """Call on the arbiter; by the payer or the worker, inside the window, with the bond.

        In native coin the bond goes along; a token needs an allowance of `dispute_bond_of(terms)` first.
        """
        value = _native(terms, dispute_bond_of(terms))
        return self._call("dispute", [pack_brief(terms), self._standing(proposal.proposal)], value)

    def rule(self, terms: JobTerms, proposal: Proposed, worker_amount: int, *, disputer_wins: bool) -> Call:
        """Decide a dispute; by the arbiter, inside the ruling window.

        `worker_amount` is anything up to the budget. A bond that is lost goes half to the other party, and the rest is
        burnt.
        """
        arguments = [pack_brief(terms), worker_amount, disputer_wins, self._standing(proposal.proposal)]
        return self._call("rule", arguments)

    # ------------------------------------------------------------------ return

    def refund(self, terms: JobTerms) -> Call:
        """Return the budget of a job without a submission; by anyone, after submit_by.

        Of an open job after claim_by, once no claim stands; a lapsed claim's bond goes to the payer too.
        """
        return self._call("refund", [pack_brief(terms)])

    def cancel(
        self,
        terms: JobTerms,
        expiry: int,
        payer_signature: str | None,
        worker_signature: str | None = None,
        standing: Proposal | None = None,
    ) -> Call:
        """Return the budget by agreement; by anyone, until `expiry`.

        The signatures are over the cancel digest of the job's slot as it is. None for a party that sends the call
        itself; and for the worker of an open job while no claim stands. `standing`: of an open job, who claimed and
        what stands, as far as it goes.
        """
        found = Proposal(ZERO_ADDRESS) if standing is None or terms.worker != ZERO_ADDRESS else standing
        signatures = [signature for signature in (payer_signature, worker_signature) if signature is not None]
        return self._call("cancel", [pack_brief(terms), self._standing(found), expiry, _joined(signatures)])

    def withdraw(self, token: str, to: str) -> Call:
        """Send the sender's whole credit in `token` to `to`."""
        return self._call("withdraw", [self.checked(token), self.checked(to)])

    # ------------------------------------------------------------------ inside

    def _call(self, verb: str, arguments: list[Any], value: int = 0) -> Call:
        return Call(str(self._escrow.address), self._escrow.encode_abi(verb, arguments), value, verb)

    def _token(self, token: str) -> Any:
        return self.contract(token, _TOKEN_ABI)

    def _claimer(self, terms: JobTerms, claimer: str | None) -> ChecksumAddress:
        """Who claimed, where the terms name nobody; zero bytes, which are cheap, where they do."""
        if terms.worker != ZERO_ADDRESS:
            return self.checked(ZERO_ADDRESS)
        if claimer is None:
            raise ValueError("an open job: say who claimed it, as its Claimed event does")
        return self.checked(claimer)

    def _standing(self, proposal: Proposal) -> tuple[Any, ...]:
        return (
            self.checked(proposal.worker),
            HexBytes(proposal.result_hash),
            proposal.outcome,
            proposal.worker_amount,
            proposal.signers,
        )


def _native(terms: JobTerms, amount: int) -> int:
    return amount if terms.token == ZERO_ADDRESS else 0


def _joined(signatures: Sequence[str]) -> bytes:
    return join_signatures(bytes(HexBytes(signature)) for signature in signatures)


def _by_validator(terms: JobTerms, signatures: Mapping[str, str]) -> tuple[int, list[str]]:
    """The bitmap of who signed, and their signatures, the lowest bit first."""
    for validator in signatures:
        if validator not in terms.validators:
            raise ValueError(f"{validator} is not a validator of this job")
    indices = [index for index, validator in enumerate(terms.validators) if validator in signatures]
    return sum(1 << index for index in indices), [signatures[terms.validators[index]] for index in indices]

"""A validator registry as its callers see it: bonds, sets, and evidence of two verdicts on one result.

As in `oracle.chain.calls`, every verb is a call that nobody has signed yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_utils.crypto import keccak
from hexbytes import HexBytes

from oracle.chain.calls import Call, abi_of
from oracle.chain.client import EscrowClient
from oracle.terms import ZERO_ADDRESS, Inclusion, JobTerms, Verdict


class Standing(IntEnum):
    """Where an account stands with the registry."""

    NONE = 0
    """No bond; also after `exit`."""
    BONDED = 1
    """The bond is held; may join sets."""
    EXITING = 2
    """Has left every set for good; the bond is held, and can be slashed, until `exit`."""
    SLASHED = 3
    """Terminal: the bond is gone and the key is never bonded again."""


@dataclass(frozen=True)
class Parameters:
    """What a registry asks of all validators alike; it never changes."""

    token: str
    """The token of all bonds; the zero address is the native coin."""
    bond: int
    """Base units, of each validator."""
    exit_delay: int
    """Seconds ahead of now for which a bond is sure to be held: the longest life of a job that is admitted."""
    report_time: int
    """Seconds beyond that in which a verdict of the last second can still be reported."""


@dataclass(frozen=True)
class Member:
    """What the registry keeps of an account."""

    standing: Standing
    exits_at: int
    """Exiting: the last second, Unix seconds, in which the bond is still held; else 0."""
    sets: int
    """How many sets it is in."""


@dataclass(frozen=True)
class ValidatorSet:
    """What the registry keeps of a set."""

    size: int
    """How many validators it names; 0 where nobody ever joined."""
    joined: int
    """How many of them are in it; jobs may name it while that is all of them."""
    epoch: int
    """The epoch that began when it was last registered or suspended."""


@dataclass(frozen=True)
class Statement:
    """A verdict that a validator signed: alone, or as a leaf of a batch."""

    verdict: Verdict
    signature: str
    """A key's 65 bytes over the verdict's digest, or, in a batch, over the digest of its root."""
    inclusion: Inclusion | None = None
    """That the verdict is in the batch whose root was signed; None: signed alone."""


def set_of(validators: Sequence[str]) -> str:
    """The name of a set: the Keccak-256 of its validators as terms have them."""
    return "0x" + keccak(_packed(validators)).hex()


def outlives(terms: JobTerms) -> int:
    """The last second in which a verdict on the job can matter; the registry must hold all bonds until then."""
    return terms.verdict_by + terms.challenge_window + terms.ruling_window


class RegistryClient:
    """The registry at `registry`, over the node and chain of `client`; its calls are sent as the escrow's are.

    Every method that asks the node raises ChainDown if it does not answer and NodeError if it answers with an error.
    """

    def __init__(self, client: EscrowClient, registry: str) -> None:
        self.address = client.checked(registry)
        self._client = client
        self._registry = client.contract(self.address, abi_of("ValidatorRegistry"))

    # ------------------------------------------------------------------ reads

    def is_deployed(self) -> bool:
        """Whether a contract stands at the address; what it is nobody can tell."""
        return bool(self._client.node.code(self.address))

    def parameters(self) -> Parameters:
        """What the registry was made with."""
        token, bond, delay, report = (self._read(name) for name in ("TOKEN", "BOND", "EXIT_DELAY", "REPORT_TIME"))
        return Parameters(str(token), int(bond), int(delay), int(report))

    def member(self, account: str) -> Member:
        """What is kept of an account."""
        standing, exits_at, sets = self._read("members", self._client.checked(account))
        return Member(Standing(standing), int(exits_at), int(sets))

    def validator_set(self, validators: Sequence[str]) -> ValidatorSet:
        """What is kept of the set of these validators, ascending."""
        size, joined, epoch = self._read("sets", HexBytes(set_of(validators)))
        return ValidatorSet(int(size), int(joined), int(epoch))

    def sets_of(self, account: str) -> tuple[str, ...]:
        """The names of the sets that an account is in, in no order."""
        return tuple("0x" + bytes(found).hex() for found in self._read("setsOf", self._client.checked(account)))

    def epoch(self) -> int:
        """How many times a set was registered or suspended."""
        return int(self._read("epoch"))

    def admits(self, terms: JobTerms) -> bool:
        """Whether the escrow would fund `terms` as far as this registry is asked: at funding, and never again."""
        return bool(self._read("admits", HexBytes(set_of(terms.validators)), outlives(terms)))

    def credit(self, account: str) -> int:
        """What `account` may withdraw: a reporter's half of a bond."""
        return int(self._read("credit", self._client.checked(account)))

    # ------------------------------------------------------------------ calls

    def next_allowance(self, owner: str, parameters: Parameters) -> Call | None:
        """What `owner` has to send, before `deposit`, so that the registry may take the bond; None for nothing."""
        if parameters.token == ZERO_ADDRESS:
            return None
        return self._client.next_allowance(owner, parameters.token, parameters.bond, str(self.address))

    def deposit(self, parameters: Parameters) -> Call:
        """Post the bond; by whoever wants to be a validator. In native coin it goes along."""
        return self._call("deposit", [], parameters.bond if parameters.token == ZERO_ADDRESS else 0)

    def join(self, validators: Sequence[str]) -> Call:
        """Agree to be in the set of these validators; by a bonded one of them. The last to join registers it."""
        return self._call("join", [_packed(validators)])

    def leave(self, validators: Sequence[str]) -> Call:
        """Leave a set; by a validator in it. Funded jobs do not change; new ones are not admitted."""
        return self._call("leave", [HexBytes(set_of(validators))])

    def request_exit(self) -> Call:
        """Leave every set for good; by a bonded validator. The bond is held for the exit delay and the report time."""
        return self._call("requestExit", [])

    def exit(self, to: str) -> Call:
        """Send the bond to `to`; by an exiting validator, after its `exits_at`."""
        return self._call("exit", [self._client.checked(to)])

    def slash(self, member: str, one: Statement, other: Statement) -> Call:
        """Take the bond of a validator that signed two different verdicts on one result; by anyone.

        Half is burnt, half is the sender's credit. Raises ValueError where these two are no evidence: about different
        results, or the same verdict twice.
        """
        about = {(said.verdict.job, said.verdict.round, said.verdict.result_hash) for said in (one, other)}
        if len(about) != 1:
            raise ValueError("the two verdicts are about different results: nobody is slashed for that")
        if one.verdict == other.verdict:
            raise ValueError("the two verdicts are the same: nobody is slashed for saying it twice")
        job, round_, result_hash = about.pop()
        escrow = self._client.checked(self._client.deployment.escrow)
        subject = (self._client.checked(member), escrow, HexBytes(job), round_, HexBytes(result_hash))
        return self._call("slash", [subject, _statement(one), _statement(other)])

    def withdraw(self, to: str) -> Call:
        """Send the sender's whole credit to `to`; by a reporter."""
        return self._call("withdraw", [self._client.checked(to)])

    # ------------------------------------------------------------------ inside

    def _read(self, name: str, *arguments: object) -> Any:
        return self._client.read(self._registry, name, *arguments, doing="ask the registry")

    def _call(self, verb: str, arguments: list[Any], value: int = 0) -> Call:
        return Call(str(self.address), self._registry.encode_abi(verb, arguments), value, verb)


def _packed(validators: Sequence[str]) -> bytes:
    return b"".join(bytes.fromhex(validator[2:]) for validator in validators)


def _statement(said: Statement) -> tuple[Any, ...]:
    verdict, inclusion = said.verdict, said.inclusion
    place = (0, 0, bytes(32), []) if inclusion is None else _place(inclusion)
    found = (int(verdict.outcome), verdict.worker_amount, HexBytes(verdict.evidence_hash), HexBytes(said.signature))
    return (*found, *place)


def _place(inclusion: Inclusion) -> tuple[int, int, HexBytes, list[HexBytes]]:
    proof = [HexBytes(sibling) for sibling in inclusion.proof]
    return inclusion.count, inclusion.index, HexBytes(inclusion.root), proof

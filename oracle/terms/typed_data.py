"""EIP-712: what parties and validators sign, each type declared once, as data.

A type is a table of (name, Solidity type); its encodeType text, its typehash and its encoding all come from that table.
Source of the formulas: EIP-712 (https://eips.ethereum.org/EIPS/eip-712), sections "Definition of hashStruct" and
"Definition of domainSeparator".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from oracle.encoding import is_digest

DOMAIN_NAME = "ComputeEscrow"
DOMAIN_VERSION = "1"


@dataclass(frozen=True)
class StructType:
    """A flat EIP-712 struct: its name and its members in order."""

    name: str
    members: tuple[tuple[str, str], ...]
    """(member name, Solidity type) pairs."""

    @property
    def encoded_type(self) -> str:
        """encodeType: ``Name(type1 name1,type2 name2,…)``."""
        return f"{self.name}({','.join(f'{kind} {name}' for name, kind in self.members)})"

    @property
    def typehash(self) -> bytes:
        """keccak256 of encodeType, 32 bytes."""
        return keccak(text=self.encoded_type)

    def hash_struct(self, values: Mapping[str, object]) -> bytes:
        """hashStruct, 32 bytes: keccak256 of the typehash and one 32-byte word per member.

        Raises ValueError for a value that does not fit its type.
        """
        words = [encode_member(kind, values[name], where=f"{self.name}.{name}") for name, kind in self.members]
        return keccak(self.typehash + b"".join(words))


def encode_member(kind: str, value: object, *, where: str) -> bytes:
    """The 32-byte word of one member in hashStruct; dynamic types (string, bytes) are hashed."""
    if kind == "string" and isinstance(value, str):
        return keccak(text=value)
    if kind == "bytes" and isinstance(value, bytes):
        return keccak(value)
    return encode_packed(kind, value, where=where).rjust(32, b"\x00")


def encode_packed(kind: str, value: object, *, where: str) -> bytes:
    """The tight big-endian form of a value of type address, bytes32 or uintN. Raises ValueError if it does not fit."""
    if kind == "address":
        if isinstance(value, str) and is_checksum_address(value):
            return bytes.fromhex(value[2:])
        raise ValueError(f"{where}: {value!r} is not an address with its EIP-55 checksum")
    if kind == "bytes32":
        if isinstance(value, str) and is_digest(value):
            return bytes.fromhex(value[2:])
        raise ValueError(f"{where}: {value!r} is not 0x and 64 lower-case hexadecimal digits")
    if kind.startswith("uint"):
        bits = int(kind.removeprefix("uint"))
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**bits:
            return value.to_bytes(bits // 8, "big")
        raise ValueError(f"{where}: {value!r} does not fit {kind}")
    raise ValueError(f"{where}: {value!r} is no {kind}")


DOMAIN = StructType(
    "EIP712Domain",
    (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")),
)
JOB_TERMS = StructType(
    "JobTerms",
    (
        ("payer", "address"),
        ("requester", "address"),
        ("worker", "address"),
        ("arbiter", "address"),
        ("token", "address"),
        ("feeTo", "address"),
        ("registry", "address"),
        ("feeBps", "uint16"),
        ("budget", "uint128"),
        ("claimBy", "uint40"),
        ("deliverWindow", "uint32"),
        ("submitBy", "uint40"),
        ("verdictBy", "uint40"),
        ("challengeWindow", "uint32"),
        ("rulingWindow", "uint32"),
        ("silenceBps", "uint16"),
        ("inconclusiveBps", "uint16"),
        ("disputeBondBps", "uint16"),
        ("claimBondBps", "uint16"),
        ("maxRounds", "uint8"),
        ("quorum", "uint8"),
        ("specHash", "bytes32"),
        ("salt", "uint256"),
        ("validators", "bytes"),
    ),
)
VERDICT = StructType(
    "Verdict",
    (
        ("job", "bytes32"),
        ("round", "uint8"),
        ("resultHash", "bytes32"),
        ("outcome", "uint8"),
        ("workerAmount", "uint128"),
        ("evidenceHash", "bytes32"),
    ),
)
CANCEL = StructType("Cancel", (("job", "bytes32"), ("status", "uint8"), ("round", "uint8"), ("expiry", "uint40")))
SUBMISSION = StructType(
    "Submission", (("job", "bytes32"), ("round", "uint8"), ("resultHash", "bytes32"), ("multisetHash", "bytes32"))
)


class Outcome(IntEnum):
    """What a verdict says, as the contract numbers it."""

    ACCEPT = 1
    REJECT = 2
    INCONCLUSIVE = 3
    SILENCE = 4
    """No verdict in time; the contract proposes the silence share itself, no validator signs this."""
    RULING = 5
    """What an arbiter put in the place of a disputed proposal; no validator signs this either."""


@dataclass(frozen=True)
class Verdict:
    """What each validator signs, and what the two parties co-sign to be paid at once."""

    job: str
    """JobId: the EIP-712 digest of the terms."""
    round: int
    """0 for the first submission; one more for each top-up."""
    result_hash: str
    """SHA-256 of the packed shots, as the worker submitted it."""
    outcome: Outcome
    worker_amount: int
    """Base units of the token; read by the contract for ACCEPT only."""
    evidence_hash: str
    """SHA-256 of the verdict document."""


@dataclass(frozen=True)
class Cancel:
    """What both parties sign to return the budget to the payer."""

    job: str
    status: int
    """The contract's status number at signing, so that a signature dies with the state it was given in."""
    round: int
    expiry: int
    """Unix seconds after which the signature is void."""


@dataclass(frozen=True)
class Submission:
    """What a worker signs for a relayer to submit its result."""

    job: str
    round: int
    result_hash: str
    multiset_hash: str


def domain_separator(chain_id: int, escrow: str) -> bytes:
    """The 32-byte domain separator of the escrow at `escrow` on `chain_id`."""
    return DOMAIN.hash_struct(
        {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": chain_id, "verifyingContract": escrow}
    )


def typed_digest(struct: StructType, values: Mapping[str, object], chain_id: int, escrow: str) -> str:
    """keccak256(0x19 0x01 || domain separator || hashStruct): what is signed, as ``0x`` + 64 hexadecimal digits."""
    return "0x" + keccak(b"\x19\x01" + domain_separator(chain_id, escrow) + struct.hash_struct(values)).hex()


def verdict_digest(verdict: Verdict, chain_id: int, escrow: str) -> str:
    """The digest that validators, and for payment at once both parties, sign."""
    values = {
        "job": verdict.job,
        "round": verdict.round,
        "resultHash": verdict.result_hash,
        "outcome": int(verdict.outcome),
        "workerAmount": verdict.worker_amount,
        "evidenceHash": verdict.evidence_hash,
    }
    return typed_digest(VERDICT, values, chain_id, escrow)


def cancel_digest(cancel: Cancel, chain_id: int, escrow: str) -> str:
    """The digest that both parties sign to cancel."""
    values = {"job": cancel.job, "status": cancel.status, "round": cancel.round, "expiry": cancel.expiry}
    return typed_digest(CANCEL, values, chain_id, escrow)


def submission_digest(submission: Submission, chain_id: int, escrow: str) -> str:
    """The digest that a worker signs for a relayer."""
    values = {
        "job": submission.job,
        "round": submission.round,
        "resultHash": submission.result_hash,
        "multisetHash": submission.multiset_hash,
    }
    return typed_digest(SUBMISSION, values, chain_id, escrow)

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
    """An EIP-712 struct: its name and its members in order."""

    name: str
    members: tuple[tuple[str, str], ...]
    """(member name, Solidity type or name of a struct) pairs."""
    structs: tuple[StructType, ...] = ()
    """The structs that members are of, flat themselves, by name ascending."""

    @property
    def encoded_type(self) -> str:
        """encodeType: ``Name(type1 name1,type2 name2,…)``, the structs that members are of behind it."""
        own = f"{self.name}({','.join(f'{kind} {name}' for name, kind in self.members)})"
        return own + "".join(struct.encoded_type for struct in self.structs)

    @property
    def typehash(self) -> bytes:
        """keccak256 of encodeType, 32 bytes."""
        return keccak(text=self.encoded_type)

    def hash_struct(self, values: Mapping[str, object]) -> bytes:
        """hashStruct, 32 bytes: keccak256 of the typehash and one 32-byte word per member.

        Raises ValueError for a value that does not fit its type.
        """
        structs = {struct.name: struct for struct in self.structs}
        words = [self._word(structs.get(kind), kind, name, values[name]) for name, kind in self.members]
        return keccak(self.typehash + b"".join(words))

    def _word(self, struct: StructType | None, kind: str, name: str, value: object) -> bytes:
        if struct is None:
            return encode_member(kind, value, where=f"{self.name}.{name}")
        if not isinstance(value, Mapping):
            raise ValueError(f"{self.name}.{name}: {value!r} is no {kind}")
        return struct.hash_struct(value)


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


@dataclass(frozen=True)
class Domain:
    """What a signature is good for: one contract on one chain."""

    name: str
    version: str | None
    """None: the contract's domain has none."""
    chain_id: int
    contract: str

    @property
    def values(self) -> dict[str, object]:
        """The members that this domain has, in order."""
        version = {} if self.version is None else {"version": self.version}
        return {"name": self.name, **version, "chainId": self.chain_id, "verifyingContract": self.contract}

    @property
    def struct(self) -> StructType:
        """The type of this domain."""
        return StructType("EIP712Domain", tuple((name, _DOMAIN_MEMBERS[name]) for name in self.values))

    @property
    def separator(self) -> bytes:
        """The 32-byte domain separator."""
        return self.struct.hash_struct(self.values)

    def digest(self, struct: StructType, values: Mapping[str, object]) -> str:
        """keccak256(0x19 0x01 || separator || hashStruct): what is signed, as ``0x`` + 64 hexadecimal digits."""
        return "0x" + keccak(b"\x19\x01" + self.separator + struct.hash_struct(values)).hex()


_DOMAIN_MEMBERS = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}


def escrow_domain(chain_id: int, escrow: str) -> Domain:
    """The domain of the escrow at `escrow` on `chain_id`."""
    return Domain(DOMAIN_NAME, DOMAIN_VERSION, chain_id, escrow)


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
CANCEL = StructType(
    "Cancel",
    (
        ("job", "bytes32"),
        ("status", "uint8"),
        ("round", "uint8"),
        ("clock", "uint40"),
        ("commit", "uint256"),
        ("expiry", "uint40"),
    ),
)
SUBMISSION = StructType(
    "Submission", (("job", "bytes32"), ("clock", "uint40"), ("resultHash", "bytes32"), ("multisetHash", "bytes32"))
)
BATCH_VERDICT = StructType("BatchVerdict", (("root", "bytes32"),))


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
    """What both parties sign to return the budget to the payer.

    Status, round, clock and commit are those of the job's slot at signing, so that a signature dies with the state,
    and the claim, that it was given in.
    """

    job: str
    status: int
    """The contract's status number."""
    round: int
    clock: int
    commit: int
    expiry: int
    """Unix seconds after which the signature is void."""


@dataclass(frozen=True)
class Submission:
    """What a worker signs for a relayer to submit its result."""

    job: str
    clock: int
    """Of the job's slot: when it was funded, or the last second of the claim. No two claims of a job have the same."""
    result_hash: str
    multiset_hash: str


def typed_digest(struct: StructType, values: Mapping[str, object], chain_id: int, escrow: str) -> str:
    """What is signed in the escrow's domain, as ``0x`` + 64 hexadecimal digits."""
    return escrow_domain(chain_id, escrow).digest(struct, values)


def verdict_struct_hash(verdict: Verdict) -> bytes:
    """hashStruct of the verdict, 32 bytes, without a domain: what a leaf of a batch is made of."""
    return VERDICT.hash_struct(_verdict_values(verdict))


def verdict_digest(verdict: Verdict, chain_id: int, escrow: str) -> str:
    """The digest that validators, and for payment at once both parties, sign."""
    return typed_digest(VERDICT, _verdict_values(verdict), chain_id, escrow)


def batch_digest(root: str, chain_id: int, escrow: str) -> str:
    """The digest that validators sign for many verdicts at once; `root` is `verdict_root` over them."""
    return typed_digest(BATCH_VERDICT, {"root": root}, chain_id, escrow)


def _verdict_values(verdict: Verdict) -> dict[str, object]:
    return {
        "job": verdict.job,
        "round": verdict.round,
        "resultHash": verdict.result_hash,
        "outcome": int(verdict.outcome),
        "workerAmount": verdict.worker_amount,
        "evidenceHash": verdict.evidence_hash,
    }


def cancel_digest(cancel: Cancel, chain_id: int, escrow: str) -> str:
    """The digest that both parties sign to cancel."""
    values = {
        "job": cancel.job,
        "status": cancel.status,
        "round": cancel.round,
        "clock": cancel.clock,
        "commit": cancel.commit,
        "expiry": cancel.expiry,
    }
    return typed_digest(CANCEL, values, chain_id, escrow)


def submission_digest(submission: Submission, chain_id: int, escrow: str) -> str:
    """The digest that a worker signs for a relayer."""
    values = {
        "job": submission.job,
        "clock": submission.clock,
        "resultHash": submission.result_hash,
        "multisetHash": submission.multiset_hash,
    }
    return typed_digest(SUBMISSION, values, chain_id, escrow)

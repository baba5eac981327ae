"""What a payer of a token signs instead of sending a transaction: anybody may then fund the job with it.

Two ways. Permit2: one approval of a token to Permit2 for good, then a signature per job over the transfer and, as its
witness, the terms. ERC-3009: no approval at all, in tokens that know it, a signature over a transfer to the escrow
whose nonce is the JobId. Both bind the signature to these terms: no relayer can fund another job with it.

Sources: Permit2's `src/libraries/PermitHash.sol` and `src/EIP712.sol`; EIP-3009, section "Specification".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oracle.terms.job_terms import ZERO_ADDRESS, JobTerms, job_id_of, terms_values
from oracle.terms.typed_data import JOB_TERMS, Domain, StructType

PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
"""Where Permit2 lies on every chain."""

TOKEN_PERMISSIONS = StructType("TokenPermissions", (("token", "address"), ("amount", "uint256")))
PERMIT_WITNESS_TRANSFER = StructType(
    "PermitWitnessTransferFrom",
    (
        ("permitted", "TokenPermissions"),
        ("spender", "address"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
        ("witness", "JobTerms"),
    ),
    (JOB_TERMS, TOKEN_PERMISSIONS),
)
RECEIVE_WITH_AUTHORIZATION = StructType(
    "ReceiveWithAuthorization",
    (
        ("from", "address"),
        ("to", "address"),
        ("value", "uint256"),
        ("validAfter", "uint256"),
        ("validBefore", "uint256"),
        ("nonce", "bytes32"),
    ),
)


@dataclass(frozen=True)
class TypedMessage:
    """A message of EIP-712 with its domain: what a wallet shows, and what it signs."""

    domain: Domain
    struct: StructType
    values: Mapping[str, object]

    @property
    def digest(self) -> str:
        """What is signed, as ``0x`` + 64 hexadecimal digits. Raises ValueError for a value that does not fit."""
        return self.domain.digest(self.struct, self.values)

    @property
    def document(self) -> dict[str, object]:
        """What `eth_signTypedData_v4` takes: JSON with integers as decimal text and bytes in hexadecimal."""
        structs = (self.domain.struct, self.struct, *self.struct.structs)
        types = {struct.name: [{"name": name, "type": kind} for name, kind in struct.members] for struct in structs}
        return {
            "types": types,
            "primaryType": self.struct.name,
            "domain": self.domain.values,
            "message": _shown(self.values),
        }


@dataclass(frozen=True)
class Permit:
    """The free members of a Permit2 transfer."""

    nonce: int
    """Any 256-bit number that the payer has not used with Permit2; in no order."""
    deadline: int
    """Unix seconds after which Permit2 refuses the signature."""


@dataclass(frozen=True)
class Authorization:
    """The free members of an ERC-3009 authorization: the token takes it when valid_after < now < valid_before."""

    valid_after: int
    """Unix seconds."""
    valid_before: int
    """Unix seconds."""


def permit2_message(terms: JobTerms, permit: Permit, chain_id: int, escrow: str) -> TypedMessage:
    """What the payer signs for `fundWithPermit2`: a transfer of the budget to the escrow, its witness the terms.

    The payer must have approved PERMIT2 for the token. Raises ValueError for terms in native coin.
    """
    _expect_token(terms)
    values = {
        "permitted": {"token": terms.token, "amount": terms.budget},
        "spender": escrow,
        "nonce": permit.nonce,
        "deadline": permit.deadline,
        "witness": terms_values(terms),
    }
    return TypedMessage(Domain("Permit2", None, chain_id, PERMIT2), PERMIT_WITNESS_TRANSFER, values)


def authorization_message(terms: JobTerms, authorization: Authorization, token: Domain, escrow: str) -> TypedMessage:
    """What the payer signs for `fundWithAuthorization`: `ReceiveWithAuthorization` of the budget to the escrow.

    `token` is the EIP-712 domain of the token itself, whose name and version only the token knows (the chain client
    asks it). Raises ValueError for terms in native coin or in another token.
    """
    _expect_token(terms)
    if token.contract != terms.token:
        raise ValueError(f"the terms are in {terms.token}, the domain is of {token.contract}")
    values = {
        "from": terms.payer,
        "to": escrow,
        "value": terms.budget,
        "validAfter": authorization.valid_after,
        "validBefore": authorization.valid_before,
        "nonce": job_id_of(terms, token.chain_id, escrow),
    }
    return TypedMessage(token, RECEIVE_WITH_AUTHORIZATION, values)


def _expect_token(terms: JobTerms) -> None:
    if terms.token == ZERO_ADDRESS:
        raise ValueError("native coin moves by no signature: the payer sends `fund` itself")


def _shown(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _shown(member) for name, member in value.items()}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)

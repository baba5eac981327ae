"""One validator's signature over a verdict, as validators exchange it. Signing and recovery live elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eth_utils.address import is_checksum_address

from oracle.encoding import is_digest
from oracle.encoding.errors import OracleError
from oracle.terms.typed_data import Outcome, Verdict

SCHEMA = "attestation/1"
_SIGNATURE = re.compile(r"0x[0-9a-f]{130}")
_AMOUNT = re.compile(r"0|[1-9][0-9]{0,38}")
_MEMBERS = {"schema", "validator", "verdict", "document", "signature"}
_VERDICT_MEMBERS = {"job", "round", "result_hash", "outcome", "worker_amount", "evidence_hash"}


class AttestationRejected(OracleError, ValueError):
    """JSON that is no attestation, by its members and their forms; the message says what is wrong with it."""


@dataclass(frozen=True)
class Attestation:
    """A signed verdict. Nothing is checked here: whether the signature is the validator's, and the validator one of the
    job's, is for whoever knows the chain, the escrow and the terms.
    """

    validator: str
    """Checksum address."""
    verdict: Verdict
    document: str
    """Digest of the verdict document; the verdict's evidence hash."""
    signature: str
    """65 bytes r, s, v as ``0x`` and 130 lower-case hexadecimal digits."""

    def to_json(self) -> dict[str, object]:
        """The attestation as JSON values; the amount, which may exceed 2^53, as decimal text."""
        verdict = self.verdict
        return {
            "schema": SCHEMA,
            "validator": self.validator,
            "verdict": {
                "job": verdict.job,
                "round": verdict.round,
                "result_hash": verdict.result_hash,
                "outcome": verdict.outcome.value,
                "worker_amount": str(verdict.worker_amount),
                "evidence_hash": verdict.evidence_hash,
            },
            "document": self.document,
            "signature": self.signature,
        }

    @classmethod
    def from_json(cls, value: object) -> Attestation:
        """The attestation that `to_json` wrote. Raises AttestationRejected for anything else."""
        if not isinstance(value, dict) or value.keys() != _MEMBERS or value["schema"] != SCHEMA:
            raise AttestationRejected(f"not an {SCHEMA} with the members {', '.join(sorted(_MEMBERS))}")
        validator, signature = value["validator"], value["signature"]
        if not isinstance(validator, str) or not is_checksum_address(validator):
            raise AttestationRejected(f"validator {validator!r} is not an address with its EIP-55 checksum")
        if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
            raise AttestationRejected("signature is not 0x and 130 lower-case hexadecimal digits")
        return cls(validator, _read_verdict(value["verdict"]), _digest("document", value["document"]), signature)


def _digest(name: str, value: object) -> str:
    if not isinstance(value, str) or not is_digest(value):
        raise AttestationRejected(f"{name} {value!r} is not 0x and 64 lower-case hexadecimal digits")
    return value


def _read_verdict(value: object) -> Verdict:
    if not isinstance(value, dict) or value.keys() != _VERDICT_MEMBERS:
        raise AttestationRejected(f"verdict has not just the members {', '.join(sorted(_VERDICT_MEMBERS))}")
    amount, number, outcome = value["worker_amount"], value["round"], value["outcome"]
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount) or int(amount) >= 1 << 128:
        raise AttestationRejected(f"verdict.worker_amount {amount!r} is not a decimal number below 2^128, as text")
    if type(number) is not int or not 0 <= number < 256:
        raise AttestationRejected(f"verdict.round {number!r} is not a number below 256")
    if type(outcome) is not int or outcome not in (Outcome.ACCEPT, Outcome.REJECT, Outcome.INCONCLUSIVE):
        raise AttestationRejected(f"verdict.outcome {outcome!r} is none that validators sign: 1, 2 or 3")
    return Verdict(
        job=_digest("verdict.job", value["job"]),
        round=number,
        result_hash=_digest("verdict.result_hash", value["result_hash"]),
        outcome=Outcome(outcome),
        worker_amount=int(amount),
        evidence_hash=_digest("verdict.evidence_hash", value["evidence_hash"]),
    )

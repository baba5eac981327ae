"""The verdict document: everything a verdict was decided on, as canonical JSON without floats, times or hosts.

Its SHA-256 is the `evidenceHash` that validators sign. Integers of a certificate may exceed 2^53 and are written as
decimal strings, rates and thresholds as rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from oracle.encoding import canonical_bytes, digest_of, format_rational, parse_canonical, parse_rational, sha256_hex
from oracle.encoding.errors import OracleError
from oracle.statistics import Bound, Certificate, Decision, Side
from oracle.statistics.policy import HullBounds, ValidationPolicy
from oracle.statistics.rules import ExpectationRule, ObjectiveRule
from oracle.terms.typed_data import Outcome

SCHEMA = "verdict/1"
_RATES = ("alpha", "beta", "eps", "f_min", "honest_eps", "honest_f")


class DocumentRejected(OracleError, ValueError):
    """Bytes that are no verdict document; the message says what is wrong with them."""


def policy_json(policy: ValidationPolicy) -> dict[str, object]:
    """`policy` as it is digested: rationals in lowest terms, certificates and guards in the policy's order.

    A policy without guards, an upper bound on the fidelity or a hull says nothing of it.
    """
    rates: dict[str, Fraction] = {name: getattr(policy, name) for name in _RATES}
    later: dict[str, object] = {"guards": list(policy.guards)} if policy.guards else {}
    if policy.f_max is not None:
        later["f_max"] = format_rational(policy.f_max)
    if policy.hull is not None:
        vertices = [{"most": format_rational(most), "root": root} for root, most in policy.hull.vertices]
        later["hull"] = {"reach": format_rational(policy.hull.reach), "vertices": vertices}
    if policy.observable is not None:
        later["observable"] = policy.observable.to_json()
    if policy.objective is not None:
        later["objective"] = policy.objective.to_json()
    return {
        **{name: format_rational(rate) for name, rate in rates.items()},
        "certificates": list(policy.certificates),
        **later,
    }


def policy_hash(policy: ValidationPolicy) -> str:
    """SHA-256 of the policy's canonical JSON."""
    return digest_of(policy_json(policy))


@dataclass(frozen=True)
class VerdictDocument:
    """One verdict, complete; made by `decide` and read back by `from_bytes`."""

    engine: str
    """Id of the rules that were applied; another id may decide otherwise."""
    job: str
    """JobId: the EIP-712 digest of the terms."""
    round: int
    spec_hash: str
    policy: ValidationPolicy
    baseline_root: str
    result_hash: str
    bits: int
    """Classical bits per shot."""
    shots_required: int
    shots_received: int | None
    """None if there was no artifact that could be counted."""
    worker_amount: str
    """Base units of the token, decimal; ``"0"`` unless accepted, since the contract itself computes the others."""
    certificates: tuple[Certificate, ...]
    """In the policy's order; none if the artifact itself was at fault."""
    outcome: Outcome
    reason_codes: tuple[str, ...]
    notes: tuple[str, ...]
    """What the verdict does not protect from, as ``selection_unprotected``."""
    guards: tuple[Certificate, ...] = ()
    """In the policy's order; none if the artifact itself was at fault."""
    manifest_hash: str | None = None
    """The delivery's second word, where the spec orders a manifest of the run's papers."""

    def to_json(self) -> dict[str, object]:
        """The document as JSON values; `to_bytes` is its canonical form."""
        return {
            "schema": SCHEMA,
            "engine": self.engine,
            "job": self.job,
            "round": self.round,
            "spec_hash": self.spec_hash,
            "policy": policy_json(self.policy),
            "policy_hash": policy_hash(self.policy),
            "baseline_root": self.baseline_root,
            "result_hash": self.result_hash,
            **({} if self.manifest_hash is None else {"manifest_hash": self.manifest_hash}),
            "bits": self.bits,
            "shots": {"required": self.shots_required, "received": self.shots_received},
            # No method here draws random numbers; a sampling one names its seed's derivation.
            "seed": None,
            "worker_amount": self.worker_amount,
            "certificates": [_certificate_json(certificate) for certificate in self.certificates],
            **({"guards": [_certificate_json(guard) for guard in self.guards]} if self.policy.guards else {}),
            "outcome": self.outcome.name.lower(),
            "reason_codes": list(self.reason_codes),
            "notes": list(self.notes),
        }

    def findings(self) -> Iterator[Certificate]:
        """Certificates, each followed by its parts (named ``method: part``), and guards; for people."""
        for certificate in (*self.certificates, *self.guards):
            yield certificate
            for part in certificate.parts:
                yield replace(part, method=f"{certificate.method}: {part.method}")

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes that are stored and digested."""
        return self._bytes

    @cached_property
    def _bytes(self) -> bytes:
        return canonical_bytes(self.to_json())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes: the `evidenceHash`."""
        return sha256_hex(self._bytes)

    @classmethod
    def from_bytes(cls, data: bytes) -> VerdictDocument:
        """The document whose bytes are exactly `data`. Raises DocumentRejected for any other bytes."""
        try:
            document = _read(parse_canonical(data))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DocumentRejected(f"not a verdict document: {error!r}") from error
        # Whatever the reading above let pass, a document has one form: unknown members or types show here.
        if document.to_bytes() != data:
            raise DocumentRejected("not a verdict document: it says more, or otherwise, than its fields do")
        return document


def _certificate_json(certificate: Certificate) -> dict[str, object]:
    return {
        "method": certificate.method,
        "decision": certificate.decision.value,
        "statistic": None if certificate.statistic is None else str(certificate.statistic),
        "accept": _bound_json(certificate.accept),
        "reject": _bound_json(certificate.reject),
        "constants": {name: str(value) for name, value in sorted(certificate.constants.items())},
        **({"parts": [_certificate_json(part) for part in certificate.parts]} if certificate.parts else {}),
    }


def _bound_json(bound: Bound | None) -> dict[str, str] | None:
    return None if bound is None else {bound.side.value: str(bound.value)}


def _read(value: Any) -> VerdictDocument:
    policy = value["policy"]
    if value["schema"] != SCHEMA:
        raise ValueError(f"schema {value['schema']!r} is not {SCHEMA}")
    return VerdictDocument(
        engine=value["engine"],
        job=value["job"],
        round=value["round"],
        spec_hash=value["spec_hash"],
        policy=ValidationPolicy(
            alpha=parse_rational(policy["alpha"]),
            beta=parse_rational(policy["beta"]),
            eps=parse_rational(policy["eps"]),
            honest_eps=parse_rational(policy["honest_eps"]),
            f_min=parse_rational(policy["f_min"]),
            honest_f=parse_rational(policy["honest_f"]),
            certificates=tuple(policy["certificates"]),
            guards=tuple(policy.get("guards", ())),
            f_max=parse_rational(policy["f_max"]) if "f_max" in policy else None,
            hull=_read_hull(policy["hull"]) if "hull" in policy else None,
            observable=ExpectationRule.from_json(policy["observable"]) if "observable" in policy else None,
            objective=ObjectiveRule.from_json(policy["objective"]) if "objective" in policy else None,
        ),
        baseline_root=value["baseline_root"],
        result_hash=value["result_hash"],
        manifest_hash=value.get("manifest_hash"),
        bits=value["bits"],
        shots_required=value["shots"]["required"],
        shots_received=value["shots"]["received"],
        worker_amount=value["worker_amount"],
        certificates=tuple(_read_certificate(item) for item in value["certificates"]),
        guards=tuple(_read_certificate(item) for item in value.get("guards", ())),
        outcome=Outcome[value["outcome"].upper()],
        reason_codes=tuple(value["reason_codes"]),
        notes=tuple(value["notes"]),
    )


def _read_hull(value: Any) -> HullBounds:
    vertices = tuple((vertex["root"], parse_rational(vertex["most"])) for vertex in value["vertices"])
    return HullBounds(parse_rational(value["reach"]), vertices)


def _read_certificate(value: Any) -> Certificate:
    return Certificate(
        method=value["method"],
        decision=Decision(value["decision"]),
        statistic=None if value["statistic"] is None else int(value["statistic"]),
        accept=_read_bound(value["accept"]),
        reject=_read_bound(value["reject"]),
        constants={name: int(text) for name, text in value["constants"].items()},
        parts=tuple(_read_certificate(item) for item in value.get("parts", ())),
    )


def _read_bound(value: Mapping[str, str] | None) -> Bound | None:
    if value is None:
        return None
    ((side, text),) = value.items()
    return Bound(Side(side), int(text))

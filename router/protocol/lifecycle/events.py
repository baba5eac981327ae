"""Events: what happened, signed by whoever did it, each naming the digest of the one before.

The signature is EIP-712 over the job, the position, the kind, the actor, the time, the payload's digest and the
previous event's digest, so that no event can be altered, moved, dropped from the middle or grafted onto another job.
An event's own digest covers its signature too. Nothing here reads a clock or holds a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eth_utils.address import is_checksum_address

from oracle.encoding import ZERO_DIGEST, digest_of, is_digest
from router.errors import RouterError
from router.protocol.lifecycle.fields import PayloadInvalid
from router.protocol.lifecycle.job_ids import is_job_id
from router.protocol.lifecycle.payloads import Payload, payload_from_json
from router.protocol.lifecycle.states import EventKind, Role

if TYPE_CHECKING:
    from eth_account.messages import SignableMessage
    from eth_account.signers.local import LocalAccount

DOMAIN_NAME = "ComputeEscrow Lifecycle"
DOMAIN_VERSION = "1"
FIRST_SEQUENCE = 1

_TYPES = {
    "LifecycleEvent": [
        {"name": "job", "type": "string"},
        {"name": "sequence", "type": "uint64"},
        {"name": "kind", "type": "string"},
        {"name": "actor", "type": "string"},
        {"name": "at", "type": "string"},
        {"name": "payload", "type": "bytes32"},
        {"name": "previous", "type": "bytes32"},
    ]
}
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DID = re.compile(r"did:pkh:eip155:([1-9][0-9]{0,18}):(0x[0-9a-fA-F]{40})")
_SIGNATURE = re.compile(r"0x[0-9a-f]{130}")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half of secp256k1's group order: a signature with a larger s is the same signature written twice."""


class EventMalformed(RouterError, ValueError):
    """An event's text is not one that `Event.to_json` writes."""


def format_at(at: datetime) -> str:
    """`at` in UTC as ``2026-06-01T12:00:00.000000Z``, which sorts as it reads; refuses a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone says nothing; pass an aware datetime, such as datetime.now(UTC)")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_at(text: str) -> datetime:
    """The aware UTC datetime that `format_at` wrote as `text`; raises EventMalformed."""
    if not _AT.fullmatch(text):
        raise EventMalformed(f"{text!r} is not a time such as 2026-06-01T12:00:00.000000Z")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise EventMalformed(f"{text!r} is not a time: {error}") from error


def did_of(address: str, chain_id: int) -> str:
    """``did:pkh:eip155:<chain>:<address>``, of a checksummed address."""
    return f"did:pkh:eip155:{chain_id}:{address}"


@lru_cache(maxsize=1024)
def parse_did(did: str) -> tuple[int, str]:
    """(chain id, EIP-55 address) of `did`; raises EventMalformed for another method or a wrong checksum.

    A checksum is a Keccak hash, and the same few actors sign all events of a job: it is remembered.
    """
    matched = _DID.fullmatch(did)
    if not matched or not is_checksum_address(matched[2]):
        raise EventMalformed(f"{did!r} is not did:pkh:eip155:<chain>:<EIP-55 address>")
    return int(matched[1]), matched[2]


@dataclass(frozen=True)
class Event:
    """One step of one job. Its fields are what is stored, and all of them are covered by `digest`."""

    job: str
    sequence: int
    """From 1, without gaps."""
    kind: EventKind
    actor: str
    """did:pkh of the signer."""
    role: Role
    """In which the actor signs; the transition table and the expected addresses say whether it may."""
    at: str
    """As `format_at` writes it. Clocks of different actors need not agree, so times are no order; `sequence` is."""
    payload: Payload
    payload_digest: str
    previous: str
    """Digest of the event before; zero for the first."""
    signature: str
    """65 bytes r, s, v in hex, v of 27 or 28, low s."""

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: what the next event's `previous` says."""
        return digest_of(self.to_json())

    @property
    def chain_id(self) -> int:
        return parse_did(self.actor)[0]

    @property
    def address(self) -> str:
        """The actor's EIP-55 address."""
        return parse_did(self.actor)[1]

    def to_json(self) -> dict[str, object]:
        return {
            "job": self.job,
            "sequence": self.sequence,
            "kind": self.kind.value,
            "actor": self.actor,
            "role": self.role.value,
            "at": self.at,
            "payload": self.payload.to_json(),
            "payload_digest": self.payload_digest,
            "previous": self.previous,
            "signature": self.signature,
        }

    @classmethod
    def from_json(cls, value: object) -> Event:
        """The event whose `to_json` is `value`; raises EventMalformed. Says nothing of signature or link."""
        names = {"job", "sequence", "kind", "actor", "role", "at", "payload", "payload_digest", "previous", "signature"}
        if not isinstance(value, Mapping) or set(value) != names:
            raise EventMalformed(f"an event is an object of exactly: {', '.join(sorted(names))}")
        texts = names - {"sequence", "payload"}
        if odd := sorted(name for name in texts if not isinstance(value[name], str)):
            raise EventMalformed(f"not text: {', '.join(odd)}")
        sequence = value["sequence"]
        if not isinstance(sequence, int) or isinstance(sequence, bool) or not FIRST_SEQUENCE <= sequence < 2**53:
            raise EventMalformed(f"sequence {sequence!r} is not a whole number from {FIRST_SEQUENCE}")
        for name in ("payload_digest", "previous"):
            if not is_digest(value[name]):
                raise EventMalformed(f"{name} {value[name]!r} is not a digest")
        if not is_job_id(value["job"]):
            raise EventMalformed(f"{value['job']!r} is not a job id")
        parse_at(value["at"])
        parse_did(value["actor"])
        try:
            kind = EventKind(value["kind"])
            role = Role(value["role"])
            payload = payload_from_json(kind, value["payload"])
        except (PayloadInvalid, ValueError) as error:
            raise EventMalformed(str(error)) from error
        return cls(
            job=value["job"],
            sequence=sequence,
            kind=kind,
            actor=value["actor"],
            role=role,
            at=value["at"],
            payload=payload,
            payload_digest=value["payload_digest"],
            previous=value["previous"],
            signature=value["signature"],
        )


def _message(
    *, job: str, sequence: int, kind: EventKind, actor: str, at: str, payload_digest: str, previous: str
) -> SignableMessage:
    domain: dict[str, Any] = {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": parse_did(actor)[0]}
    from eth_account.messages import encode_typed_data

    return encode_typed_data(
        domain_data=domain,
        message_types=_TYPES,
        message_data={
            "job": job,
            "sequence": sequence,
            "kind": kind.value,
            "actor": actor,
            "at": at,
            "payload": payload_digest,
            "previous": previous,
        },
    )


def sign_unchecked(
    account: LocalAccount,
    *,
    job: str,
    chain_id: int,
    role: Role,
    payload: Payload,
    at: datetime,
    sequence: int = FIRST_SEQUENCE,
    previous: str = ZERO_DIGEST,
) -> Event:
    """An event signed by `account`, whatever the record says; `record.sign_event` is the one that checks."""
    actor = did_of(account.address, chain_id)
    said_at = format_at(at)
    payload_digest = payload.digest
    signed = account.sign_message(
        _message(
            job=job,
            sequence=sequence,
            kind=payload.kind,
            actor=actor,
            at=said_at,
            payload_digest=payload_digest,
            previous=previous,
        )
    )
    return Event(
        job=job,
        sequence=sequence,
        kind=payload.kind,
        actor=actor,
        role=role,
        at=said_at,
        payload=payload,
        payload_digest=payload_digest,
        previous=previous,
        signature="0x" + bytes(signed.signature).hex(),
    )


def signature_fault(event: Event) -> str | None:
    """What is wrong with the event's payload digest or signature, or None.

    A high s or a v other than 27 and 28 is refused: the same signature in other bytes would change the digest.
    """
    if event.payload.kind is not event.kind:
        return f"the payload is of a {event.payload.kind.value} event, the event says {event.kind.value}"
    if event.payload.digest != event.payload_digest:
        return "the payload does not have the digest that was signed"
    if not is_digest(event.previous) or not FIRST_SEQUENCE <= event.sequence < 2**53:
        return "the sequence or the previous digest is malformed"
    if not _SIGNATURE.fullmatch(event.signature):
        return "the signature is not 65 bytes in hex"
    raw = bytes.fromhex(event.signature[2:])
    if raw[64] not in (27, 28) or int.from_bytes(raw[32:64]) > _HALF_ORDER:
        return "the signature is not in its one canonical form (low s, v of 27 or 28)"
    message = _message(
        job=event.job,
        sequence=event.sequence,
        kind=event.kind,
        actor=event.actor,
        at=event.at,
        payload_digest=event.payload_digest,
        previous=event.previous,
    )
    # Half a second of imports, which reading a log does not need.
    from eth_account import Account

    try:
        signer = Account.recover_message(message, signature=raw)
    except Exception as error:  # noqa: BLE001  # eth_keys raises several unrelated classes for points off the curve
        return f"the signature recovers no key ({type(error).__name__})"
    return None if signer == event.address else f"signed by {signer}, not by {event.address}"

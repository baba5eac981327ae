"""Signing the next event, and verifying a log that somebody hands over: nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from oracle.encoding import ZERO_DIGEST
from router.protocol.lifecycle.events import FIRST_SEQUENCE, Event, EventMalformed, sign_unchecked, signature_fault
from router.protocol.lifecycle.folding import apply
from router.protocol.lifecycle.payloads import Payload
from router.protocol.lifecycle.record import EventChainBroken, JobRecord
from router.protocol.lifecycle.states import Role
from router.protocol.lifecycle.transitions import TransitionRefused

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class RoleAddresses:
    """Whose signatures are expected, as configured; addresses are EIP-55."""

    chain_id: int
    operator: frozenset[str]
    worker: frozenset[str]
    requester: frozenset[str] | None = None
    """None: whoever signed `created` is the requester, and signs all that a requester signs."""

    @classmethod
    def of(cls, chain_id: int, *, operator: str, worker: str, requester: str | None = None) -> RoleAddresses:
        """The usual case: one address a role."""
        return cls(
            chain_id, frozenset({operator}), frozenset({worker}), None if requester is None else frozenset({requester})
        )

    def expected(self, role: Role) -> frozenset[str] | None:
        return {Role.REQUESTER: self.requester, Role.OPERATOR: self.operator, Role.WORKER: self.worker}[role]


def verify_event(
    record: JobRecord | None, event: Event, roles: RoleAddresses | None, before: Sequence[Event] = ()
) -> JobRecord:
    """`apply`, and the signature, and the actor's address against `roles` (None: only against the record)."""
    if fault := signature_fault(event):
        raise EventChainBroken(event.job, event.sequence, fault)
    after = apply(record, event, before)
    if roles is not None:
        if event.chain_id != roles.chain_id:
            raise EventChainBroken(
                event.job, event.sequence, f"signed for chain {event.chain_id}, not {roles.chain_id}"
            )
        allowed = roles.expected(event.role)
        if allowed is not None and event.address not in allowed:
            known = ", ".join(sorted(allowed)) or "nobody"
            raise EventChainBroken(
                event.job, event.sequence, f"{event.address} signs as {event.role.value}, who is {known}"
            )
    return after


def verify_chain(events: Iterable[Event], roles: RoleAddresses | None = None) -> JobRecord:
    """The record of `events`, every link, signature, address and transition checked.

    Raises EventChainBroken at the first fault, an impossible transition included (its cause is TransitionRefused).
    With `roles` None the signers are only checked to be who the events say they are.
    """
    record: JobRecord | None = None
    told: list[Event] = []
    for event in events:
        try:
            record = verify_event(record, event, roles, told)
        except TransitionRefused as error:
            raise EventChainBroken(event.job, event.sequence, str(error)) from error
        except EventMalformed as error:
            raise EventChainBroken(event.job, event.sequence, str(error)) from error
        told.append(event)
    if record is None:
        raise EventChainBroken("(no job)", 0, "there are no events")
    return record


def sign_event(
    account: LocalAccount,
    *,
    after: JobRecord | None,
    role: Role,
    payload: Payload,
    at: datetime,
    job: str | None = None,
    chain_id: int | None = None,
    before: Sequence[Event] = (),
) -> Event:
    """The next event of a job, signed by `account` as `role`; raises TransitionRefused before anything is signed.

    `after` is the record that the event follows. For the first event it is None and `job` and `chain_id` are given.
    `before` is its whole log, which an event that undoes others needs.
    """
    if after is None:
        if job is None or chain_id is None:
            raise ValueError("the first event of a job is signed with `job` and `chain_id`")
    else:
        job, chain_id = after.job, after.chain_id
    event = sign_unchecked(
        account,
        job=job,
        chain_id=chain_id,
        role=role,
        payload=payload,
        at=at,
        sequence=FIRST_SEQUENCE if after is None else after.sequence + 1,
        previous=ZERO_DIGEST if after is None else after.head,
    )
    apply(after, event, before)
    return event

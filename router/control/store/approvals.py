"""Approvals: what the operator allowed by hand, for one job, one circuit family or one requester."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from router.control.store.database import upserting
from router.control.store.schema import approvals
from router.protocol.lifecycle import format_at


class ApprovalScope(Enum):
    """What an approval speaks of."""

    JOB = "job"
    """One job, by its id."""
    CIRCUIT_FAMILY = "circuit_family"
    """Every job of a family, by its name."""
    REQUESTER = "requester"
    """Every job of a requester, by its EIP-55 address."""


@dataclass(frozen=True)
class Approval:
    """One thing that the operator allowed."""

    id: int
    scope: ApprovalScope
    subject: str
    """The job id, family or address that `scope` says."""
    kind: str
    """What was asked for, as the promotion policy names it: ``new_circuit_family``, ``budget_over_50``."""
    granted_by: str
    note: str
    at: str


def _approval(row: Row[Any]) -> Approval:
    named = dict(row._mapping)
    named["scope"] = ApprovalScope(named["scope"])
    return Approval(**named)


def grant(
    connection: Connection,
    scope: ApprovalScope,
    subject: str,
    kind: str,
    granted_by: str,
    note: str,
    now: datetime,
) -> Approval:
    """A new approval, or the one that is there already: the first one's name and note stand."""
    same = (approvals.c.scope == scope.value) & (approvals.c.subject == subject) & (approvals.c.kind == kind)
    values = {
        "scope": scope.value,
        "subject": subject,
        "kind": kind,
        "granted_by": granted_by,
        "note": note,
        "at": format_at(now),
    }
    connection.execute(upserting(connection, approvals).values(values).on_conflict_do_nothing())
    return _approval(connection.execute(select(approvals).where(same)).one())


def concerning(connection: Connection, job: str, circuit_family: str | None, requester: str) -> tuple[Approval, ...]:
    """Every approval that speaks of the job, of its family or of its requester."""
    about = [
        (approvals.c.scope == ApprovalScope.JOB.value) & (approvals.c.subject == job),
        (approvals.c.scope == ApprovalScope.REQUESTER.value) & (approvals.c.subject == requester),
    ]
    if circuit_family is not None:
        about.append(
            (approvals.c.scope == ApprovalScope.CIRCUIT_FAMILY.value) & (approvals.c.subject == circuit_family)
        )
    rows = connection.execute(select(approvals).where(or_(*about)).order_by(approvals.c.id))
    return tuple(_approval(row) for row in rows)

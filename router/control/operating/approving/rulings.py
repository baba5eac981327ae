"""What the operator decides by hand: approvals that the promotion policy asks for, and denials."""

from __future__ import annotations

from datetime import UTC, datetime

from router.control.desk import OperatorDesk
from router.control.gates import NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER
from router.control.operating.approving.separation import ApprovalRefused, check_approver
from router.control.store import ApprovalScope
from router.protocol.lifecycle import EventKind, JobRecord, Rejected, TransitionRefused
from router.protocol.papers import spec_of


def grant(desk: OperatorDesk, job: str, note: str) -> str:
    """As the operator, grant `job` every approval that its promotion policy can ask for.

    Returns what the approval says of itself, which is recorded with the note; empty where operator and requester are
    apart. Raises ApprovalRefused where they are not, but for a local chain, and of a job that is over.
    """
    opened = desk.opened
    record = opened.store.job(job)
    if record.terminal:
        raise ApprovalRefused(job, _over(record), "simulate its spec again for a fresh job")
    remark = check_approver(desk, record)
    note = "; ".join(text for text in (note, remark) if text)
    spec = spec_of(opened.artifacts, record)
    kinds = () if spec.promotion_policy is None else spec.promotion_policy.require_manual_approval_for
    operator = desk.address
    for kind in kinds:
        # A family and a requester are new once; a budget is looked at each time.
        if kind == NEW_CIRCUIT_FAMILY and record.family is not None:
            scope, subject = ApprovalScope.CIRCUIT_FAMILY, record.family
        elif kind == UNKNOWN_REQUESTER:
            scope, subject = ApprovalScope.REQUESTER, record.requester
        else:
            scope, subject = ApprovalScope.JOB, job
        opened.store.grant(scope, subject, kind, granted_by=operator, note=note)
    opened.store.set_next_look(job, datetime.now(UTC))
    return remark


def deny(desk: OperatorDesk, job: str, note: str) -> None:
    """As the operator, reject `job` for good.

    Raises TransitionRefused once something was delivered for it, and of a job that is over.
    """
    record = desk.opened.store.job(job)
    if record.terminal:
        remedy = f"`compute quantum inspect {job}` shows it"
        raise TransitionRefused(job, record.state, EventKind.REJECTED, _over(record), remedy)
    desk.write(job, lambda _record: [Rejected(f"denied by the operator: {note}")])


def _over(record: JobRecord) -> str:
    return f"it is {record.state.value} already{f', {record.reason}' if record.reason else ''}"

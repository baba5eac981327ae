"""Whether the operator who approves a job is somebody else than who asked and pays for it.

Until requester and operator each have a home of their own, one shell holds every key, and an approval proves little.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.control.gates.approvals import ONE_PERSON
from router.control.workspace import Workspace
from router.errors import RouterError
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of
from router.protocol.stack import LOCAL_CHAIN_ID


class ApprovalRefused(RouterError, RuntimeError):
    """The operator of this home asked or pays for the job itself; nothing was recorded."""

    def __init__(self, job: str, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{job} is not approved: {reason}; {remedy}")


def shared_keys(workspace: Workspace, record: JobRecord) -> tuple[str, ...]:
    """How this home's operator is also requester or payer of the job, a sentence each; empty if it is neither."""
    return tuple(_shared(workspace, record))


def _shared(workspace: Workspace, record: JobRecord) -> Iterator[str]:
    from oracle.chain.transactions import keystore

    operator = workspace.account("operator").address
    path = workspace.home.keystore("requester")
    held = keystore.address_of(path, workspace.home.password("requester")) if path.is_file() else None
    parties = {"requester": record.requester}
    if record.terms is not None:
        parties["payer"] = terms_of(record).payer
    elif workspace.stack is not None:
        parties["payer"] = workspace.stack.roles.payer
    for role, address in parties.items():
        if address == operator:
            yield f"the operator's key is the {role}'s too ({address})"
        elif address == held:
            yield f"this home holds the {role}'s key ({address}) beside the operator's"


def check_approver(workspace: Workspace, record: JobRecord) -> str:
    """What an approval of the job has to say of itself; empty if the operator is nobody else in it.

    Raises ApprovalRefused where the operator would approve its own job, but for a local chain, which has one person.
    """
    shared = shared_keys(workspace, record)
    if not shared:
        return ""
    if workspace.chain_id == LOCAL_CHAIN_ID:
        return ONE_PERSON
    remedy = (
        "approve from a home that holds the operator's key and not these; COMPUTE_DATABASE_URL lets both see the job"
    )
    raise ApprovalRefused(record.job, f"nobody approves their own job: {'; '.join(shared)}", remedy)

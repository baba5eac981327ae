"""Whether the operator who approves a job is somebody else than who asked and pays for it.

Where one shell can read the folders of both, an approval proves little: so it looks whose keys lie here, and opens none
but the operator's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.control.desk import OperatorDesk
from router.control.gates.approvals import ONE_PERSON
from router.errors import RouterError
from router.protocol.desks import keys
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of
from router.protocol.stack import LOCAL_CHAIN_ID


class ApprovalRefused(RouterError, RuntimeError):
    """The operator of this home asked or pays for the job itself; nothing was recorded."""

    def __init__(self, job: str, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{job} is not approved: {reason}; {remedy}")


def shared_keys(desk: OperatorDesk, record: JobRecord) -> tuple[str, ...]:
    """How this home's operator is also requester or payer of the job, a sentence each; empty if it is neither."""
    return tuple(_shared(desk, record))


def _shared(desk: OperatorDesk, record: JobRecord) -> Iterator[str]:
    opened, operator = desk.opened, desk.address
    held = {keys.address(folder) for folder in (opened.home.requester, opened.home.payer)}
    parties = {"requester": record.requester}
    if record.terms is not None:
        parties["payer"] = terms_of(record).payer
    elif opened.stack is not None:
        parties["payer"] = opened.stack.roles.payer
    for role, address in parties.items():
        if address == operator:
            yield f"the operator's key is the {role}'s too ({address})"
        elif address in held:
            yield f"this home holds the {role}'s key ({address}) beside the operator's"


def check_approver(desk: OperatorDesk, record: JobRecord) -> str:
    """What an approval of the job has to say of itself; empty if the operator is nobody else in it.

    Raises ApprovalRefused where the operator would approve its own job, but for a local chain, which has one person.
    """
    shared = shared_keys(desk, record)
    if not shared:
        return ""
    if desk.opened.chain_id == LOCAL_CHAIN_ID:
        return ONE_PERSON
    remedy = (
        "approve from a home that holds the operator's key and not these; COMPUTE_DATABASE_URL lets both see the job"
    )
    raise ApprovalRefused(record.job, f"nobody approves their own job: {'; '.join(shared)}", remedy)

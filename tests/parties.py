"""The parties of one home, for tests in which one process plays them all: each act is done at its own party's desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from router.control.desk import OperatorDesk
from router.control.opening import OperatedHome
from router.control.operating.acts import Bench
from router.control.operating.approving import rulings
from router.control.operating.following import chain_events
from router.control.operating.intake import admit
from router.control.operating.offering.offers import Offer
from router.payer import funding
from router.payer.desk import PayerDesk
from router.protocol.lifecycle import JobRecord, Payload, Role
from router.protocol.providing import Provider
from router.requester import promote as promoting
from router.requester import simulate as simulating
from router.requester.desk import RequesterDesk
from router.requester.simulate import OnProgress, Prepared, Simulation
from router.worker.desk import WorkerDesk
from router.worker.loopback import LoopbackWorker

DESKS = {"requester": RequesterDesk, "payer": PayerDesk, "operator": OperatorDesk, "worker": WorkerDesk}
KEYS = ("requester", "operator", "worker")
"""Of a home whose requester pays."""


def desk_of(opened: OperatedHome, role: str) -> Any:
    """The desk of `role`."""
    return DESKS[role](opened)


def addresses(opened: OperatedHome) -> dict[str, str]:
    """The accounts of a home whose requester pays, by role; their keys are made."""
    return {role: desk_of(opened, role).address for role in KEYS}


def keep(opened: OperatedHome, prepared: Prepared, on_progress: OnProgress) -> Simulation:
    """The requester hands a simulated job in, and the operator takes it."""
    return simulating.keep(RequesterDesk(opened), partial(admit, OperatorDesk(opened)), prepared, on_progress)


def simulate(opened: OperatedHome, path: Path, on_progress: OnProgress) -> Simulation:
    """The requester simulates a spec and hands the job in."""
    return simulating.simulate(RequesterDesk(opened), partial(admit, OperatorDesk(opened)), path, on_progress)


def grant(opened: OperatedHome, job: str, note: str) -> str:
    """The operator approves by hand."""
    return rulings.grant(OperatorDesk(opened), job, note)


def promote(opened: OperatedHome, offered: Offer) -> JobRecord:
    """The requester signs."""
    return promoting.promote(RequesterDesk(opened), offered)


def fund(opened: OperatedHome, job: str) -> funding.Funding:
    """The payer locks the budget."""
    return funding.fund(PayerDesk(opened), job)


def reconcile(opened: OperatedHome, client: Any, job: str, *, to_block: int) -> JobRecord:
    """The operator tells of the chain."""
    return chain_events.reconcile(OperatorDesk(opened), client, job, to_block=to_block)


def write(
    opened: OperatedHome, job: str, following: Callable[[JobRecord], Sequence[tuple[Role, Payload]]]
) -> JobRecord:
    """Each payload is written by its own role, one after the other."""
    record = opened.store.job(job)
    for role, payload in following(record):
        record = desk_of(opened, role.value).write(job, lambda _record, payload=payload: [payload])
    return record


def bench(opened: OperatedHome, providers: Mapping[str, Provider], **settings: Any) -> Bench:
    """A router at work in `opened`, with a worker in its process."""
    worker = LoopbackWorker(WorkerDesk(opened), providers, opened.policy.rates.usd_per_hardware_second)
    return Bench(OperatorDesk(opened), providers, worker, **settings)

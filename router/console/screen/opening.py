"""Opening a home for a command, without making one just to say that nothing is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.console.screen.commands import Session

if TYPE_CHECKING:
    from router.control.opening import OperatedHome
    from router.protocol.desks.desk import RoleDesk
    from router.protocol.lifecycle import JobRecord

job_argument = click.argument("job", metavar="JOB")
"""A job's id, or as much of its beginning as is unique; ``job_`` may be left out."""


def router_runs(session: Session) -> bool:
    """Whether the router of the session's home lives; looks at the processes and starts none."""
    from router.console.stack.processes import alive
    from router.console.stack.recorded import read

    if not session.home.stack.is_file():
        return False
    return any(alive(record) for record in read(session.home).processes if record.name == "router")


def desk_of(opened: OperatedHome, role: str) -> RoleDesk:
    """The desk of the one whom an option names: the requester's side by its payer, the worker, the operator."""
    if role == "worker":
        from router.worker.desk import WorkerDesk

        return WorkerDesk(opened)
    if role == "operator":
        from router.control.desk import OperatorDesk

        return OperatorDesk(opened)
    from router.payer.desk import PayerDesk

    return PayerDesk(opened)


def existing(session: Session) -> OperatedHome | None:
    """The session's home, opened; None if it holds no jobs yet."""
    from router.control.opening import open_home
    from router.settings import database_url

    if database_url(session.home).startswith("sqlite:") and not session.home.database.is_file():
        return None
    return open_home(session.home)


def job_of(session: Session, text: str) -> tuple[OperatedHome, JobRecord]:
    """The home and the one job whose id begins with `text`; raises UnknownJob, AmbiguousJob."""
    from router.control.store import UnknownJob

    opened = existing(session)
    if opened is None:
        raise UnknownJob(text)
    return opened, opened.store.find_job(text)

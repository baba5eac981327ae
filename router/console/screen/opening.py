"""Opening a home for a command, without making one just to say that nothing is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.console.screen.commands import Session

if TYPE_CHECKING:
    from router.control.workspace import Workspace
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


def existing(session: Session) -> Workspace | None:
    """The session's home, opened; None if it holds no jobs yet."""
    from router.control.workspace import open_workspace
    from router.settings import database_url

    if database_url(session.home).startswith("sqlite:") and not session.home.database.is_file():
        return None
    return open_workspace(session.home)


def job_of(session: Session, text: str) -> tuple[Workspace, JobRecord]:
    """The home and the one job whose id begins with `text`; raises UnknownJob, AmbiguousJob."""
    from router.control.store import UnknownJob

    workspace = existing(session)
    if workspace is None:
        raise UnknownJob(text)
    return workspace, workspace.store.find_job(text)

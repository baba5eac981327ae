"""What the store says when it cannot.

StoreError
├── UnknownJob        no job has that id or prefix
├── AmbiguousJob      several jobs have that prefix
├── EventConflict     another process appended first (router.protocol.ports, with StoreError)
├── TermsTaken        another job was promoted with the same terms
├── IntentConflict    an intent was finished otherwise, or never planned
├── UnknownRequest    no request has that number
├── RowDamaged        a row of one job cannot be read
├── DatabaseUnavailable the database cannot be reached, stays locked, or its disk is full
└── StoreTooNew       the database was migrated by a newer release
"""

from __future__ import annotations

from collections.abc import Sequence

from router.protocol.ports import StoreError

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)
"""What reading a value raises that this store did not write; text that is no UTF-8 is a ValueError."""


class UnknownJob(StoreError):
    """No job has that id or prefix."""

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job}", "`compute jobs` lists them")
        self.job = job


class AmbiguousJob(StoreError):
    """Several jobs have that prefix."""

    def __init__(self, prefix: str, candidates: Sequence[str]) -> None:
        super().__init__(f"{prefix} could be any of {', '.join(candidates)}", "write more of the id")
        self.prefix = prefix
        self.candidates = tuple(candidates)


class TermsTaken(StoreError):
    """Another job was promoted with the same terms; nothing was written."""

    def __init__(self, job: str, escrow_id: str) -> None:
        super().__init__(
            f"{job} names the escrow {escrow_id}, which another job has",
            "terms are salted with their job's id; build them for this job",
        )
        self.job = job
        self.escrow_id = escrow_id


class IntentConflict(StoreError):
    """An intent was finished otherwise, or never planned; nothing was written."""

    def __init__(self, job: str, name: str, reason: str) -> None:
        super().__init__(f"{job}, intent {name}: {reason}", "read the intent and act on what it says")
        self.job = job
        self.name = name


class UnknownRequest(StoreError):
    """No request has that number."""

    def __init__(self, request: int) -> None:
        super().__init__(f"there is no request {request}", "put it again")
        self.request = request


class RowDamaged(StoreError):
    """A row of one job is not one that this store wrote; what is stored of other jobs is not touched by it."""

    def __init__(self, job: str, what: str, reason: str) -> None:
        super().__init__(
            f"{job}, {what}: {reason}",
            f"restore it from a backup, then `compute repair {job}` puts the job back to work",
        )
        self.job = job
        self.what = what


class DatabaseUnavailable(StoreError):
    """The database cannot be reached, stays locked, or its disk is full; the same call may succeed later."""


class StoreTooNew(StoreError):
    """The database was migrated by a newer release than this one."""

    def __init__(self, revision: str, known: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, this release knows {known}", "install the newer release"
        )
        self.revision = revision

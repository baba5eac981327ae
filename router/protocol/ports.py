"""What the protocol asks of whoever keeps a job's record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from router.errors import RouterError
from router.protocol.lifecycle import Event, JobRecord


class StoreError(RouterError):
    """Base of the errors of a record's keeper: a reason and what to do next."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} — {remedy}")
        self.reason = reason
        self.remedy = remedy


class EventConflict(StoreError):
    """Another process appended to the job first; nothing was written."""

    def __init__(self, job: str, sequence: int) -> None:
        super().__init__(f"{job} has another event {sequence} already", "read the job again and decide anew")
        self.job = job
        self.sequence = sequence


class EventStore(Protocol):
    """Where a job's events are."""

    def job(self, job: str) -> JobRecord:
        """The record that the events of `job` fold to."""
        ...

    def events(self, job: str) -> Sequence[Event]:
        """Every event of `job`, in order."""
        ...

    def append_many(self, events: Sequence[Event]) -> JobRecord:
        """Add all of `events` or none; EventConflict where the place of one is taken."""
        ...

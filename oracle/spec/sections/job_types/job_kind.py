"""What sets one job type apart from the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobKind:
    """One job type."""

    name: str
    """As `job_type` writes it."""
    section: str
    """The key of its own section, which every job of it has, and no other job."""
    method: str
    """The validation method that judges it."""
    forms: tuple[str, ...]
    """Ids of the result schemas that it may deliver; the first is the ordinary one."""
    example: str
    """A right section, in one line of YAML."""

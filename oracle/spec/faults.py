"""A contradiction between fields of a spec."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A contradiction between fields, told at the field to change."""

    path: str
    others: tuple[str, ...]
    """The other fields it follows from; if one of them is itself wrong, the contradiction may not be one."""
    reason: str
    remedy: str

"""What went wrong with a job, as people read it: one remark beside the record, and whether the job is quarantined.

A job is quarantined where something of it is damaged, so that trying again helps nobody: it is looked at seldom, holds
no other job up, and goes on by itself once what is damaged was put back, or at once by `compute repair JOB`.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing
from oracle.chain.errors import ChainError
from router.control.store import DatabaseUnavailable, RowDamaged
from router.protocol.lifecycle import EventChainBroken, EventMalformed, TransitionRefused
from router.protocol.providing import ProviderError

QUARANTINED = "quarantined: "
"""How the remark of a quarantined job begins; nothing else begins so."""
STUMBLED = "the router stumbled over it and tries again; its log, router.log, says why"
_FULL = (errno.ENOSPC, errno.EDQUOT)

DAMAGED = (EventChainBroken, EventMalformed, TransitionRefused, RowDamaged, ArtifactCorrupt, ArtifactMissing)
"""Errors that say that something stored of one job is missing, altered, or contradicts what the chain says."""


@dataclass(frozen=True)
class Remark:
    """What a job waits for."""

    text: str
    quarantined: bool = False
    unexpected: bool = False
    """Whether nobody foresaw the error: its traceback belongs into the log."""


def of(job: str, error: Exception) -> Remark:
    """The remark for `job` after `error`."""
    if isinstance(error, DAMAGED):
        return Remark(f"{QUARANTINED}{_damage(error)} — `compute repair {job}` checks it and lets it go on", True)
    if isinstance(error, OSError) and error.errno in _FULL:
        where = f" ({error.filename})" if error.filename else ""
        return Remark(f"disk full{where}; it goes on by itself once there is room")
    if isinstance(error, ProviderError | ChainError | DatabaseUnavailable):
        return Remark(str(error))
    return Remark(STUMBLED, unexpected=True)


def is_quarantine(text: str | None) -> bool:
    """Whether the remark `text` is that of a quarantined job."""
    return text is not None and text.startswith(QUARANTINED)


def _damage(error: Exception) -> str:
    match error:
        case EventChainBroken():
            return f"event {error.sequence}: {error.reason}"
        case RowDamaged():
            return f"{error.what}: {error.reason}"
        case _:
            return " ".join(str(error).split())


def is_passing_fault(text: str | None) -> bool:
    """Whether the remark `text` says that a look went wrong, which a look that goes well takes back."""
    return text is not None and (text == STUMBLED or text.startswith((QUARANTINED, "disk full")))

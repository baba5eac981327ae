"""What the adapter keeps on disk of its submissions, and since when something has been wrong with a job at IBM.

    <root>/<tag>.json          the work, its ISA circuit, and when a POST was sent whose answer is not known
    <root>/jobs/<job>.json     a job that IBM is known to have had: {<trouble>: <seconds since 1970>}

A trouble is waited out for a bounded time, over restarts as well. A file that cannot be read is one that is not there.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from router.protocol.providing import ProviderUnavailable, is_tag
from router.worker.providers.folder import write_own

log = logging.getLogger("router")


class Trouble(Enum):
    """What may right itself, or not."""

    VANISHED = "vanished"  # IBM has no such job, and had it
    UNREADABLE = "unreadable"  # its result is there, and is no result
    UNSETTLED = "unsettled"  # its usage is not final
    UNCALIBRATED = "uncalibrated"  # the device's properties at its time cannot be had


@dataclass(frozen=True)
class Records:
    root: Path

    def keep(self, tag: str, record: dict[str, Any]) -> None:
        """Raises ProviderUnavailable where it cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            write_own(self.root / f"{tag}.json", json.dumps(record, sort_keys=True).encode())
        except OSError as error:
            raise ProviderUnavailable(
                f"the record of {tag} cannot be written below {self.root} ({error.strerror})",
                "look at the disk, and try again",
            ) from error

    def kept(self, tag: str) -> dict[str, Any] | None:
        """The record of `tag`; None if there is none that can be read."""
        return _read(self.root / f"{tag}.json") if is_tag(tag) else None

    def knows(self, job: str) -> bool:
        """Whether IBM is known to have had `job`."""
        return is_tag(job) and self._path(job).exists()

    def know(self, job: str) -> None:
        """IBM has `job`: it has not vanished."""
        if is_tag(job) and (not self._path(job).exists() or Trouble.VANISHED.value in self._troubles(job)):
            self.over(job, Trouble.VANISHED)

    def lasts_s(self, job: str, trouble: Trouble) -> float:
        """Seconds for which `trouble` has been seen with `job`; its first sight is noted, and is 0."""
        troubles, now = self._troubles(job), time.time()
        since = troubles.get(trouble.value)
        if not isinstance(since, int | float) or since > now:  # new, or the clock was put back
            self._write(job, troubles | {trouble.value: now})
            return 0.0
        return now - since

    def over(self, job: str, trouble: Trouble) -> None:
        """`trouble` is no more."""
        troubles = self._troubles(job)
        if trouble.value in troubles or not self._path(job).exists():
            troubles.pop(trouble.value, None)
            self._write(job, troubles)

    def _path(self, job: str) -> Path:
        return self.root / "jobs" / f"{job}.json"

    def _troubles(self, job: str) -> dict[str, Any]:
        return _read(self._path(job)) or {}

    def _write(self, job: str, troubles: dict[str, Any]) -> None:
        if not is_tag(job):
            return
        try:
            self._path(job).parent.mkdir(parents=True, exist_ok=True)
            write_own(self._path(job), json.dumps(troubles).encode())
        except OSError as error:  # the look goes on; what is wrong is then waited for anew
            log.warning("%s: its troubles cannot be noted (%s)", job, error)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s)", path, type(error).__name__)
        return None
    return raw if isinstance(raw, dict) else None

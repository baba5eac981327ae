"""When a provider may be asked again: as long as it asks for, or twice as long after each refusal."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from router.protocol.providing import ProviderUnavailable

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
"""Of the pauses that the server did not name."""
_LONGEST_ASKED_S = 3600.0
"""Of those that it did: a clock that is wrong by a day must not silence us for a day."""


def retry_after_s(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or an HTTP date (RFC 9110, 10.2.3); None if neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_ASKED_S)


class Pace:
    """Shared by all calls to one provider."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._pause_s = 0.0
        self._why = ""

    def left_s(self) -> float:
        """Seconds to wait; 0 when it may be asked."""
        return max(self._until - time.monotonic(), 0.0)

    def check(self) -> None:
        """Raise ProviderUnavailable, with the seconds that are left, while it must not be asked."""
        if (left_s := self.left_s()) > 0:
            raise ProviderUnavailable(
                f"IBM is left alone for {max(left_s, 1):.0f} s more: {self._why}",
                "wait; nothing is submitted twice",
                retry_after_s=left_s,
            )

    def wait(self, at_most_s: float) -> None:
        """Wait out a pause that is no longer than `at_most_s`; a longer one is for `check` to tell."""
        if (left_s := self.left_s()) <= at_most_s:
            time.sleep(left_s)

    def refused(self, why: str, asked_s: float | None = None) -> None:
        """Leave it alone because of `why`, for `asked_s` seconds if it said so."""
        with self._lock:
            if asked_s is None:
                if self.left_s() > 0:
                    return  # one of several requests that were under way: the first of them counts
                self._pause_s = asked_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            self._why = why
            self._until = max(self._until, time.monotonic() + asked_s)

    def served(self) -> None:
        """It answered as it should: the next refusal is a first one."""
        with self._lock:
            self._pause_s = 0.0

    def forget(self) -> None:
        """Ask at once, as with other credentials."""
        with self._lock:
            self._until = self._pause_s = 0.0

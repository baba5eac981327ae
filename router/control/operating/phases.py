"""The parts of the router's loop: each waits for its own trouble, and what is dear goes in slices."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from oracle.chain.errors import ChainDown, ChainError
from router.control.store import DatabaseUnavailable

log = logging.getLogger("router")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
"""Between two tries of a part that fails; what waits for it goes on this long after the trouble at the latest."""
LONGEST_REST_S = 600.0
"""A node that asks to be left alone for longer is asked again all the same."""
SLICE = 8
SLICE_S = 2.0

T = TypeVar("T")


class Phase:
    """One part of the loop. What it raises is said once, and it alone is left out until its pause is over."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._pause_s = 0.0
        self._not_before = 0.0
        self._said = ""

    def run(self, act: Callable[[], T]) -> T | None:
        """What `act` returns; None where it failed, or failed lately. Raises nothing."""
        if self._clock() < self._not_before:
            return None
        try:
            done = act()
        except (ChainError, DatabaseUnavailable, OSError) as error:
            asked = error.retry_after_s if isinstance(error, ChainDown) else None
            self._failed(" ".join(str(error).split()), at_least_s=min(asked or 0.0, LONGEST_REST_S))
            return None
        except Exception as error:  # noqa: BLE001  # whatever it is, the other parts go on, and it is said
            self._failed(f"{type(error).__name__}: {' '.join(str(error).split())}", unexpected=True)
            return None
        if self._said:
            log.info("%s: goes on", self._name)
        self._pause_s, self._said = 0.0, ""
        return done

    def _failed(self, why: str, *, unexpected: bool = False, at_least_s: float = 0.0) -> None:
        # The pause counts from now, not from the beginning: a database may have kept us waiting for long.
        self._pause_s = min(max(FIRST_PAUSE_S, self._pause_s * 2), LONGEST_PAUSE_S)
        self._not_before = self._clock() + max(self._pause_s, at_least_s)
        if why != self._said:
            log.warning("%s: %s; tried again until it goes on", self._name, why, exc_info=unexpected)
        self._said = why


class Slices:
    """Lets a few through, then waits until a delivery was begun, or a moment has passed.

    For approvals, which cost processor time that a delivery, for which somebody's budget is locked, needs more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken = 0
        self._since = clock()

    def take(self) -> bool:
        """Whether one more may begin now; if so, it counts."""
        if self._taken >= SLICE and self._clock() - self._since < SLICE_S:
            return False
        if self._taken >= SLICE:
            self._begin()
        self._taken += 1
        return True

    def delivered(self) -> None:
        """A delivery was begun: the next slice may."""
        self._begin()

    def _begin(self) -> None:
        self._taken, self._since = 0, self._clock()

"""Calls that end in time. IBM's client sets no read timeout, and has its first conversations inside a constructor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from router.errors import RouterError

T = TypeVar("T")


class TookTooLong(RouterError):
    """The call goes on in its thread, and may yet have its effect."""


class BoundedCall(Generic[T]):
    """One call in a daemon thread, so that one that hangs for ever keeps no process from its end."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="bounded-call")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            self._error = error

    def going_on(self) -> bool:
        return self._thread.is_alive()

    def wait(self, timeout_s: float) -> T:
        """Its value, or its exception; TookTooLong after `timeout_s` seconds."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TookTooLong
        if self._error is not None:
            raise self._error
        return self._value[0]

"""What the service says while it runs: one JSON object per line on stderr, for people with `jq` and for collectors."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Literal, Protocol, TextIO

Level = Literal["info", "warning", "error"]


class Logger(Protocol):
    """Something that takes log lines."""

    def __call__(self, event: str, *, level: Level = "info", **fields: object) -> None:
        """Say that `event` (two or three words, always the same for the same thing) happened, with its particulars."""
        ...


class JsonLog:
    """Writes each line at once, its time in UTC."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def __call__(self, event: str, *, level: Level = "info", **fields: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "level": level, "event": event, **fields}, default=str, ensure_ascii=False)
        self._stream.write(line + "\n")
        self._stream.flush()

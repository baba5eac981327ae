"""Times as text, in UTC and to the second: one form for documents, one for people."""

from __future__ import annotations

from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """An aware time as documents have it: ``2026-06-01T12:00:00Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_told(seconds: int) -> str:
    """Unix seconds as people read them: ``2026-06-01 12:00:00 UTC``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"

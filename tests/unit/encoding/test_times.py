"""A time is one text, whatever zone it came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from oracle.encoding.times import time_text, time_told


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    at = datetime(2026, 6, 1, 14, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert time_text(at) == "2026-06-01T12:00:00Z"
    assert time_text(at) == time_text(at.astimezone(UTC))
    assert time_told(int(at.timestamp())) == "2026-06-01 12:00:00 UTC"

"""The job's record as rows for the page: time since the first event, and where the time went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.encoding.times import time_text
from router.control.report.svg import LETTER, Panel, box, text
from router.control.report.view import TimelineEntry
from router.control.report.wording import duration

_WIDTH, _BAR = 960.0, 26.0


@dataclass(frozen=True)
class Row:
    """One entry, ready to print."""

    entry: TimelineEntry
    offset: str
    """Time since the first entry, ``+12 s``."""
    clock: str
    """UTC, ISO 8601 to the second."""
    entered: bool
    """Whether this entry changed the job's state."""


@dataclass(frozen=True)
class Span:
    """One uninterrupted stay in a state."""

    state: str
    seconds: float


def rows(timeline: Sequence[TimelineEntry]) -> tuple[Row, ...]:
    """The entries in the order given, which is the order of the record, with offsets from the first."""
    made = []
    before = ""
    for entry in timeline:
        made.append(
            Row(
                entry=entry,
                offset="+" + duration((entry.at - timeline[0].at).total_seconds()),
                clock=time_text(entry.at),
                entered=entry.state != before,
            )
        )
        before = entry.state
    return tuple(made)


def spans(timeline: Sequence[TimelineEntry]) -> tuple[Span, ...]:
    """How long the job stayed in each state, in order; the last state has no end and is left out."""
    made: list[Span] = []
    for entry, following in itertools.pairwise(timeline):
        seconds = max(0.0, (following.at - entry.at).total_seconds())  # two clocks may disagree by a little
        if made and made[-1].state == entry.state:
            made[-1] = Span(entry.state, made[-1].seconds + seconds)
        else:
            made.append(Span(entry.state, seconds))
    return tuple(made)


def spans_svg(timeline: Sequence[TimelineEntry]) -> str:
    """A bar of the job's whole time, divided by state; empty for a record without duration."""
    stays = spans(timeline)
    total = sum(stay.seconds for stay in stays)
    if total <= 0:
        return ""
    parts = []
    x = 0.0
    for index, stay in enumerate(stays):
        width = _WIDTH * stay.seconds / total
        label = f"{stay.state} {duration(stay.seconds)}"
        parts.append(box(x, 0, max(0.0, width - 2), _BAR, f"span shade{index % 3}", label))
        if width > LETTER * len(label) + 12:
            parts.append(text(label, x + 8, 17, "span-name"))
        elif width > LETTER * len(stay.state) + 12:
            parts.append(text(stay.state, x + 8, 17, "span-name"))
        x += width
    told = ", ".join(f"{stay.state} {duration(stay.seconds)}" for stay in stays)
    return Panel(_WIDTH, _BAR, "Where the time went", f"{told}.", tuple(parts), "spans").svg()

"""Text pictures: distributions as bars, a job's timeline, gates and routes as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from router.console.screen.output import coloured, plain, table
from router.control.report.wording import duration

BAR = 36
"""Width of the longest bar, in columns."""
LIMIT = 16
"""Outcomes drawn one by one; the rest are summed in a line."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(share: float, longest: float, *, blocks: bool, width: int = BAR) -> str:
    """`share` as a bar, `longest` being `width` columns: eighths of a block, or ``#`` where there are no blocks."""
    columns = width * share / longest if longest > 0 else 0.0
    if not blocks:
        return "#" * round(columns)
    eighths = round(columns * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _blocks(screen: Console) -> bool:
    return screen.encoding.lower().startswith("utf")


def histogram(
    screen: Console, bits: int, baseline: Sequence[float], result: Sequence[float] | None = None, limit: int = LIMIT
) -> None:
    """The distribution `baseline`, heaviest outcome first, and `result` below each bar where there is one.

    Both have shape (2**bits,) and sum to 1; index = the outcome as an integer, classical bit 0 least significant, and
    bitstrings are written as Qiskit writes them, bit 0 on the right. An outcome is drawn if it is among the `limit`
    heaviest of either, so that a result which has mass where the baseline has none shows.
    """
    blocks = _blocks(screen)
    seen = result if result is not None else baseline
    weight = [max(expected, found) for expected, found in zip(baseline, seen, strict=True)]
    kept = sorted(range(len(baseline)), key=lambda outcome: (-weight[outcome], outcome))[:limit]
    kept.sort(key=lambda outcome: (-baseline[outcome], outcome))
    longest = max(weight)
    label = max(bits, len("outcome"))
    legend = "baseline" if result is None else "baseline, and the result below it"
    screen.print(f"[dim]{'outcome':>{label}}  {legend}[/]")
    for outcome in kept:
        name = format(outcome, f"0{bits}b")
        drawn = bar(baseline[outcome], longest, blocks=blocks)
        screen.print(f"{name:>{label}}  [cyan]{drawn:<{BAR}}[/] {baseline[outcome]:6.1%}")
        if result is not None:
            drawn = bar(result[outcome], longest, blocks=blocks)
            screen.print(f"{'':>{label}}  [magenta]{drawn:<{BAR}}[/] {result[outcome]:6.1%}")
    if left := len(baseline) - len(kept):
        rest = 1 - sum(baseline[outcome] for outcome in kept)
        others = f"{left:,} other outcome{'s' if left > 1 else ''}: {max(0.0, rest):.1%}"
        if result is not None:
            others += f" of the baseline, {max(0.0, 1 - sum(result[outcome] for outcome in kept)):.1%} of the result"
        screen.print(f"[dim]{'':>{label}}  {others}[/]")


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    kind: str
    by: str
    said: str = ""


def moment_line(moment: Moment, start: datetime) -> Table:
    """``+  12 s  approved    operator  every gate allowed``; what is said goes on below itself."""
    since = duration(max(0.0, (moment.at - start).total_seconds()))
    line = Table.grid(padding=0)
    for width in (14, 12, 11):
        line.add_column(width=width, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(f"[dim]{'+' + since:>12}[/]", coloured(moment.kind), f"[dim]{moment.by}[/]", plain(moment.said))
    return line


def timeline(screen: Console, moments: Sequence[Moment]) -> None:
    """Every moment on a line, with the time since the first."""
    for moment in moments:
        screen.print(moment_line(moment, moments[0].at))


@dataclass(frozen=True)
class GateLine:
    """One gate's answer."""

    name: str
    allowed: bool
    reason: str = ""
    remedy: str = ""


def gates(screen: Console, lines: Iterable[GateLine]) -> None:
    """Every gate: whether it allows, else why not and what to do."""
    grid = table("", "gate", "why")
    for line in lines:
        mark = "[green]allow[/]" if line.allowed else "[bold red]deny[/]"
        grid.add_row(mark, plain(line.name), plain(line.reason))
        if line.remedy and not line.allowed:
            grid.add_row("", "", f"[dim]→[/] {plain(line.remedy)}")
    screen.print(grid)


@dataclass(frozen=True)
class RouteLine:
    """One candidate of a routing decision."""

    name: str
    chosen: bool
    eligible: bool
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]


def routes(screen: Console, lines: Iterable[RouteLine]) -> None:
    """Every candidate with every reason for and against it."""
    grid = table("", "route", "", "why")
    for line in lines:
        mark = "[bold green]chosen[/]" if line.chosen else ("eligible" if line.eligible else "[dim]not eligible[/]")
        reasons = [("[green]+[/]", reason) for reason in line.reasons_for]
        reasons += [("[red]-[/]", reason) for reason in line.reasons_against]
        for index, (sign, reason) in enumerate(reasons or [("", "")]):
            first = index == 0
            grid.add_row(mark if first else "", plain(line.name) if first else "", sign, plain(reason))
    screen.print(grid)

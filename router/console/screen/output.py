"""What people and programs read: results on stdout, everything else on stderr.

With ``--json`` stdout carries JSON and nothing else. Colour, bars and boxes appear only on a terminal and only if
NO_COLOR is unset (rich reads it); a pipe gets plain, wide lines.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from router.console.screen.failures import Failure

_PIPE_WIDTH = 1000
"""Columns of a table that no terminal wraps: wide enough for digests and paths in full."""

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of all the work is done, 0 to 1."""


def console(stream: IO[str]) -> Console:
    """A console on `stream`, as wide as the terminal, or wide enough for a pipe."""
    terminal = stream.isatty()
    width = None if terminal else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, soft_wrap=not terminal)


def show(draw: Callable[[Console], None], stream: IO[str]) -> None:
    """What `draw` prints, on `stream`; without the blanks that end a table's lines where no terminal needs them."""
    if stream.isatty():
        draw(console(stream))
        return
    held = io.StringIO()
    draw(console(held))
    stream.write("".join(line.rstrip() + "\n" for line in held.getvalue().splitlines()))


def plain(text: object) -> str:
    """Text from a spec, a chain or a file, safe to print: no markup, no control or direction characters."""
    from router.control.report.wording import visible  # its package brings a template engine, which help does not need

    return escape(visible(str(text)))


@dataclass(frozen=True)
class Output:
    """Where one command writes. `as_json` is its ``--json``."""

    as_json: bool

    def result(self, payload: object, draw: Callable[[Console], None]) -> None:
        """The command's answer: `payload` as JSON, or whatever `draw` prints for people."""
        if self.as_json:
            self.json_document(payload)
        else:
            show(draw, sys.stdout)

    def show_aside(self, draw: Callable[[Console], None]) -> None:
        """What `draw` prints, on stderr: for people, beside an answer that did not come about."""
        show(draw, sys.stderr)

    def json_document(self, payload: object) -> None:
        """`payload`, indented, on stdout."""
        sys.stdout.write(json.dumps(payload, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def json_line(self, payload: object) -> None:
        """`payload` as one line, at once: the form of a stream."""
        sys.stdout.write(json.dumps(payload, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line on stderr, for people: what is happening, or what they should know. May carry rich markup."""
        console(sys.stderr).print(text)

    def log(self, text: str) -> None:
        """A line on stderr from elsewhere, printed as it is."""
        console(sys.stderr).print(plain(text))

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Progress on stderr: a bar on a terminal, nothing in a pipe."""
        if not sys.stderr.isatty():
            yield lambda _what, _done: None
            return
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
        with Bar(*columns, console=console(sys.stderr), transient=True) as bar:
            task = bar.add_task("starting", total=1.0)

            def moved(what: str, done: float) -> None:
                bar.update(task, description=plain(what), completed=max(0.0, min(1.0, done)))

            yield moved

    def failed(self, failure: Failure) -> None:
        """Report `failure`: every finding with where, what and what to do; with ``--json`` on stdout as ``errors``."""
        if self.as_json:
            # One line, so that it ends a stream of JSON lines as well as it stands alone.
            of = {"source": failure.title} if failure.title else {}
            self.json_line({"errors": [{**of, **each.to_json()} for each in failure.findings]})
            return
        screen = console(sys.stderr)
        title = f"{plain(failure.title)}: " if failure.title else ""
        lead = f"[bold red]error[/] {title}"
        if (count := len(failure.findings)) > 1:
            screen.print(f"{lead}{count} things are wrong; nothing was stored or spent")
            lead = "  "
        for finding in failure.findings:
            where = f"line {finding.line}, " if finding.line is not None else ""
            where = f"{where}{finding.path}: " if finding.path else where
            screen.print(f"{lead}[bold]{plain(where)}[/]{plain(finding.reason)}")
            screen.print(f"    [dim]→[/] {plain(finding.remedy)}")


def table(*columns: str, numbers: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """A plain table; the columns in `numbers` are aligned right, and what is in those of `whole` is never broken."""
    grid = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        side: Literal["left", "right"] = "right" if column in numbers else "left"
        grid.add_column(column, justify=side, overflow="fold", no_wrap=column in whole)
    return grid


def facts(screen: Console, pairs: Sequence[tuple[str, object]]) -> None:
    """Label and value, one pair a line, values aligned."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(label, value if isinstance(value, Text) else plain(value))
    screen.print(grid)


def next_step(screen: Console, command: str) -> None:
    """The command to run next, on a line of its own, to be copied."""
    # Not wrapped: a terminal that breaks the line itself still copies it as one.
    screen.print(f"\nNext: [bold]{plain(command)}[/]", soft_wrap=True)


STYLES = {
    "settled": "green", "validated": "green", "completed": "green", "accept": "green", "released": "green",
    "rejected": "red", "failed": "red", "reject": "red", "deny": "red",
    "expired": "yellow", "cancelled": "yellow", "refunded": "yellow", "split": "yellow", "inconclusive": "yellow",
}  # fmt: skip


def coloured(word: str) -> str:
    """A state or an outcome in its colour, as markup."""
    style = STYLES.get(word.lower())
    return f"[{style}]{plain(word)}[/]" if style else plain(word)

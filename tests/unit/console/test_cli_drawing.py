"""Pictures in text: bars in proportion, nothing hidden, no markup from strangers."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from router.console.screen import drawing
from router.console.screen.output import Output, console, facts, plain, table


def _screen(**options: object) -> tuple[Console, io.StringIO]:
    held = io.StringIO()
    return Console(file=held, width=120, highlight=False, **options), held  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "drawn"), [(0.5, "█████"), (1.0, "██████████"), (0.0, ""), (0.26, "██▋")])
def test_bars_are_in_proportion_to_an_eighth_of_a_column(share: float, drawn: str) -> None:
    assert drawing.bar(share, 1.0, blocks=True, width=10) == drawn


def test_bars_without_blocks_are_ascii() -> None:
    assert drawing.bar(0.5, 1.0, blocks=False, width=10) == "#####"


def test_a_histogram_shows_result_mass_where_the_baseline_has_none() -> None:
    screen, held = _screen()
    baseline = [0.5, 0.3, 0.2, 0.0]
    drawing.histogram(screen, 2, baseline, [0.1, 0.1, 0.1, 0.7], limit=2)
    lines = held.getvalue().splitlines()
    assert any(line.strip().startswith("11") and "0.0%" in line for line in lines)
    assert "70.0%" in held.getvalue()
    assert "2 other outcomes: 50.0% of the baseline, 20.0% of the result" in held.getvalue()


def test_a_histogram_stands_by_baseline_heaviest_first() -> None:
    screen, held = _screen()
    drawing.histogram(screen, 2, [0.1, 0.2, 0.3, 0.4])
    drawn = [line.split()[0] for line in held.getvalue().splitlines()[1:]]
    assert drawn == ["11", "10", "01", "00"]


def test_text_from_a_spec_is_neither_markup_nor_control() -> None:
    screen, held = _screen()
    facts(screen, [("family", "[red]x[/]\x1b[2J‮")])
    assert "[red]x[/]" in held.getvalue()
    assert "\x1b" not in held.getvalue()
    assert "\\u202e" in held.getvalue()
    assert plain("[b]") == "\\[b]"


def test_a_timeline_counts_from_the_first_moment() -> None:
    screen, held = _screen()
    start = datetime(2026, 6, 1, tzinfo=UTC)
    moments = [
        drawing.Moment(start, "created", "requester"),
        drawing.Moment(start + timedelta(seconds=75), "settled", "operator", "paid"),
    ]
    drawing.timeline(screen, moments)
    first, second = held.getvalue().splitlines()
    assert "+0.0 s" in first
    assert "+1 min 15 s" in second
    assert second.endswith("paid")


def test_a_denial_shows_its_remedy_and_an_allowance_does_not() -> None:
    screen, held = _screen()
    drawing.gates(
        screen,
        [
            drawing.GateLine("simulation", True, "passed", "never shown"),
            drawing.GateLine("budget", False, "not locked", "compute fund JOB"),
        ],
    )
    assert "→ compute fund JOB" in held.getvalue()
    assert "never shown" not in held.getvalue()


def test_every_candidate_shows_every_reason() -> None:
    screen, held = _screen()
    line = drawing.RouteLine("local_simulator", False, True, ("fits in memory", "free"), ("not asked for",))
    drawing.routes(screen, [line, drawing.RouteLine("ibm", True, True, (), ())])
    for words in ("fits in memory", "free", "not asked for", "chosen"):
        assert words in held.getvalue()


def test_a_pipe_gets_whole_digests_without_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    digest = "0x" + "ab" * 32

    def draw(screen: Console) -> None:
        grid = table("kind", "digest", "path")
        grid.add_row("baseline", digest, "/a/long/path" * 8)
        screen.print(grid)

    Output(as_json=False).result({}, draw)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert digest in lines[1]
    assert lines[1] == lines[1].rstrip()


def test_a_console_without_a_terminal_has_no_colour() -> None:
    held = io.StringIO()
    console(held).print("[red]plain[/]")
    assert held.getvalue() == "plain\n"

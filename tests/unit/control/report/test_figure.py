"""The picture to pass on: what it holds, how it looks on either ground, and that a hostile title is text."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from router.control.report import (
    EvidenceView,
    PictureUnavailable,
    ReportView,
    Theme,
    figure_png,
    figure_svg,
    render_report,
    write_figure,
)
from router.control.report.drawings import DRAWINGS
from router.control.report.figure import has_font, style
from router.control.report.svg import LETTER
from router.control.report.wording import interval

SVG = "{http://www.w3.org/2000/svg}"
_ROWS = 240  # enough for the title and a legend; undoing the filters takes its time
TITLE = "job_7f3k9m2qxa on fake_torino: verdict accept"


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and first rows of an 8-bit RGBA picture, with its filters undone (PNG 1.2, chapter 6)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, data, width, height = 8, b"", 0, 0
    while place < len(png):
        (length,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 6)
        if kind == b"IDAT":
            data += body
        place += 12 + length
    raw, rows, above = zlib.decompress(data), [], bytes(4 * width)
    stride = 4 * width
    for y in range(_ROWS):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride):
            left, up = line[x - 4] if x >= 4 else 0, above[x]
            corner = above[x - 4] if x >= 4 else 0
            line[x] = (line[x] + _predicted(kind, left, up, corner)) & 255
        above = bytes(line)
        rows.append(above)
    return width, height, rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda value: abs(guess - value))
    return (0, left, up, (left + up) // 2)[kind]


def test_it_holds_bounds_outcomes_scores_and_figures_in_that_order(seen: EvidenceView) -> None:
    root = ET.fromstring(figure_svg(seen, title=TITLE))
    headings = [str(t.text) for t in root.iter(f"{SVG}text") if t.get("class") == "t heading"]
    assert headings == [
        "Certified distance from the baseline",
        "Outcome by outcome",
        "Score by score",
        "Figures beside the verdict, which decide nothing",
    ]
    words = [str(t.text) for t in root.iter(f"{SVG}text")]
    for figure in seen.figures:
        assert {figure.name, f"{figure.value:.4f}", interval(figure.low, figure.high), figure.by} <= set(words)


def test_a_screen_reader_hears_the_title_and_every_picture_in_words(seen: EvidenceView) -> None:
    root = ET.fromstring(figure_svg(seen, title=TITLE))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "figure-title figure-desc"
    title, description = (str(root.findtext(f"{SVG}{name}")) for name in ("title", "desc"))
    assert title == TITLE
    for start in ("Distance from the baseline. Total", "Histogram of outcomes. 32", "Distribution of scores. Shots"):
        assert start in description


def test_it_needs_nothing_and_no_variables(seen: EvidenceView) -> None:
    for theme in Theme:
        svg = figure_svg(seen, title=TITLE, theme=theme)
        assert not re.search(r"var\(|url\(|@import|href|<script|<image|foreignObject", svg)
        assert ("prefers-color-scheme: dark" in svg) == (theme is Theme.READER)


def test_nothing_leaves_the_canvas(seen: EvidenceView, sample: ModuleType) -> None:
    for evidence in (seen, sample.evidence(bits=10), sample.witnessed().evidence):
        root = ET.fromstring(figure_svg(evidence, title=TITLE))
        width, height = (float(root.get(name, "")) for name in ("width", "height"))
        for group in root.iter(f"{SVG}g"):
            right, down = map(float, re.findall(r"[\d.]+", group.get("transform", "")))
            for label in group.iter(f"{SVG}text"):
                assert right + float(label.get("x", "")) <= width
                assert down + float(label.get("y", "")) <= height
        for label in root.findall(f"{SVG}text"):
            reach = LETTER * len(str(label.text)) if label.get("text-anchor") == "start" else 0
            assert float(label.get("x", "")) + reach <= width, label.text
            assert float(label.get("y", "")) <= height - 8


@pytest.mark.parametrize(
    ("attack", "shown"),
    [
        ("</title></svg><script>alert(1)</script>", "</title></svg><script>alert(1)</script>"),
        ("a\u202eb ]]> &amp;", "a\\u202eb ]]> &amp;"),
        ("\x00\x1b", "\\u0000\\u001b"),
    ],
)
def test_a_title_is_text_whatever_it_says(seen: EvidenceView, attack: str, shown: str) -> None:
    root = ET.fromstring(figure_svg(seen, title=attack))
    assert root.findtext(f"{SVG}title") == shown
    assert next(root.iter(f"{SVG}text")).text == shown
    assert not [element.tag for element in root.iter() if element.tag.endswith("script")]


def test_a_png_has_the_page_s_colours_where_the_drawing_has_them(sample: ModuleType) -> None:
    seen = sample.witnessed().evidence
    for theme, paper, result in ((Theme.LIGHT, "fcfbf8", "2b6a9b"), (Theme.DARK, "15171a", "68a9dc")):
        svg = ET.fromstring(figure_svg(seen, title=TITLE, theme=theme))
        if not has_font(style(theme)):
            with pytest.raises(PictureUnavailable, match="no font for a PNG"):
                figure_png(seen, title=TITLE, theme=theme)
            continue
        width, height, rows = pixels(figure_png(seen, title=TITLE, theme=theme))
        assert width == 2 * round(float(svg.get("width", "")))
        assert height == pytest.approx(2 * float(svg.get("height", "")), abs=1)
        assert rows[4][16:19].hex() == paper
        (group,) = svg.iter(f"{SVG}g")
        right, down = map(float, re.findall(r"[\d.]+", group.get("transform", "")))
        key = next(group.iter(f"{SVG}line"))
        x, y = right + float(key.get("x1", "")) + 5, down + float(key.get("y1", ""))
        assert rows[round(2 * y)][8 * round(x) : 8 * round(x) + 3].hex() == result
        title = b"".join(row[4 * 56 : 4 * 500] for row in rows[56:92])
        assert len({title[i : i + 3] for i in range(0, len(title), 4)}) > 10, "letters, with soft edges"


WITHOUT_FONTS = """
import sys
from pathlib import Path
import sample
from router.control.report import PictureUnavailable, write_figure
try:
    write_figure(sample.evidence(), Path("result.png"), title="a job")
except PictureUnavailable as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file says where fonts are")
def test_a_machine_without_fonts_draws_no_empty_picture_but_says_what_to_do(tmp_path: Path) -> None:
    nowhere = tmp_path / "fonts.conf"
    nowhere.write_text(f'<?xml version="1.0"?><fontconfig><dir>{tmp_path}</dir></fontconfig>')
    own = {"FONTCONFIG_FILE": str(nowhere), "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    words = [sys.executable, "-c", WITHOUT_FONTS]
    said = subprocess.run(words, cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "there is no font for a PNG on this machine; install one (Debian: apt-get install" in said.stderr
    assert "or name a .svg file" in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["fonts.conf"]


def test_the_ending_of_the_file_says_what_is_written(seen: EvidenceView, tmp_path: Path) -> None:
    svg = write_figure(seen, tmp_path / "new" / "result.svg", title=TITLE)
    assert svg.read_text() == figure_svg(seen, title=TITLE, theme=Theme.READER)
    dark = write_figure(seen, tmp_path / "dark.SVG", title=TITLE, dark=True)
    assert dark.read_text() == figure_svg(seen, title=TITLE, theme=Theme.DARK)
    for name, says in (("result.pdf", "ends in .pdf"), ("result", "has no ending")):
        with pytest.raises(PictureUnavailable, match=says) as caught:
            write_figure(seen, tmp_path / name, title=TITLE)
        assert caught.value.remedy == "name a .svg or a .png file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dark.SVG", "new"]


def test_every_drawing_of_the_list_is_in_the_picture_and_on_the_page(accepted: ReportView) -> None:
    assert accepted.evidence is not None
    svg, page = figure_svg(accepted.evidence, title="a job"), render_report(accepted)
    for drawing in DRAWINGS:
        panel = drawing.panel(accepted.evidence, 960)
        assert panel is not None
        assert drawing.heading in svg
        assert panel.svg() in page

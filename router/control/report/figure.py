"""One picture of a result, to be put into a paper, a chat or an issue: an SVG that needs nothing, or a PNG of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib import resources
from pathlib import Path

from oracle.encoding.files import write_whole
from router.control.report.drawings import DRAWINGS
from router.control.report.svg import Panel, box, element, line, number, text, written
from router.control.report.view import EvidenceView
from router.control.report.wording import count, interval, often
from router.errors import RouterError

_WIDTH, _MARGIN = 1016.0, 28.0
_HEADING, _GAP, _ROW = 22.0, 26.0, 21.0
_COLUMNS = (300.0, 480.0, 620.0)
"""Right edges of the columns of numbers, from the left margin."""
_PIXELS = 2.0
"""A PNG's pixels per user unit."""


class Theme(Enum):
    """On which ground a figure is drawn."""

    READER = "reader"
    """As whoever opens the file has set their screen; light where nothing is said."""
    LIGHT = "light"
    DARK = "dark"


class PictureUnavailable(RouterError, RuntimeError):
    """This machine cannot draw a PNG, or not under this name."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def write_figure(view: EvidenceView, path: Path, *, title: str, dark: bool = False) -> Path:
    """Write the figure to `path`, whole or not at all, as its ending says, ``.svg`` or ``.png``; return `path`.

    A light SVG follows its reader's screen. Raises PictureUnavailable for another ending or without a font, OSError
    where the file cannot be written.
    """
    match path.suffix.lower():
        case ".svg":
            data = figure_svg(view, title=title, theme=Theme.DARK if dark else Theme.READER).encode()
        case ".png":
            data = figure_png(view, title=title, theme=Theme.DARK if dark else Theme.LIGHT)
        case other:
            named = f"{path.name} ends in {other}" if other else f"{path.name} has no ending"
            raise PictureUnavailable(f"{named}, which is no kind of picture", "name a .svg or a .png file")
    write_whole(path, data)
    return path


def figure_svg(view: EvidenceView, *, title: str, theme: Theme = Theme.READER) -> str:
    """The whole figure as an SVG document, headed by `title`: bounds, outcomes, scores and figures."""
    shots, bits = view.distribution.shots, view.distribution.bits
    under = f"{count(shots, 'shot')} of {count(bits, 'bit')}. Bands and intervals hold at least {often(view.coverage)}"
    under += "." if view.bound is None else "; the certified distance at the rates of its policy."
    y = _MARGIN + 40
    parts = [text(title, _MARGIN, _MARGIN + 14, "title"), text(under, _MARGIN, _MARGIN + 34, "note")]
    told = []
    for heading, panel in _panels(view):
        y += _GAP
        parts.append(text(heading, _MARGIN, y, "heading"))
        y += _HEADING - 10
        parts.append(panel.placed(_MARGIN, y))
        told.append(f"{panel.label}. {panel.description}")
        y += panel.height
    table, height = _table(view, y + _GAP)
    y += _GAP + height + _MARGIN / 2
    named = [
        element("title", {"id": "figure-title"}, written(title)),
        element("desc", {"id": "figure-desc"}, written(" ".join([under, *told]))),
        element("style", {}, style(theme)),
        box(0, 0, _WIDTH, y, "ground"),
    ]
    attributes: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": _WIDTH,
        "height": y,
        "viewBox": f"0 0 {number(_WIDTH)} {number(y)}",
        "role": "img",
        "aria_labelledby": "figure-title figure-desc",
        "class_": "chart alone",
    }
    return element("svg", attributes, "".join([*named, *parts, *table])) + "\n"


def figure_png(view: EvidenceView, *, title: str, theme: Theme = Theme.LIGHT) -> bytes:
    """The same figure as a PNG, two pixels to a user unit. Raises PictureUnavailable where there is no font for it."""
    import resvg_py

    fixed = Theme.LIGHT if theme is Theme.READER else theme
    if not has_font(style(fixed)):
        remedy = "install one (Debian: apt-get install fonts-dejavu-core), or name a .svg file"
        raise PictureUnavailable("there is no font for a PNG on this machine", remedy)
    return bytes(resvg_py.svg_to_bytes(svg_string=figure_svg(view, title=title, theme=fixed), zoom=_PIXELS))


def has_font(rules: str) -> bool:
    """Whether a letter under the style sheet `rules` leaves a trace: without a font, text is left out silently."""
    import resvg_py

    def drawn(content: str) -> bytes:
        letter = element("style", {}, rules) + text(content, 4, 24)
        attributes: dict[str, str | float] = {"xmlns": "http://www.w3.org/2000/svg", "width": 32.0, "height": 32.0}
        return bytes(resvg_py.svg_to_bytes(svg_string=element("svg", attributes | {"class_": "chart"}, letter)))

    return drawn("8") != drawn(" ")


def _panels(view: EvidenceView) -> list[tuple[str, Panel]]:
    drawn = ((each.heading, each.panel(view, _WIDTH - 2 * _MARGIN)) for each in DRAWINGS)
    return [(heading, panel) for heading, panel in drawn if panel is not None]


def _table(view: EvidenceView, y: float) -> tuple[list[str], float]:
    """The descriptive figures as rows from `y` on, and how high they are."""
    if not view.figures:
        return [], 0.0
    right = [_MARGIN + column for column in _COLUMNS]
    parts = [text("Figures beside the verdict, which decide nothing", _MARGIN, y, "heading")]
    row = y + _ROW
    for label, x in zip(("result", "interval", "ideal worker"), right, strict=True):
        parts.append(text(label, x, row, "note", "end"))
    parts.append(line(_MARGIN, row + 6, _WIDTH - _MARGIN, row + 6, "grid"))
    for figure in view.figures:
        row += _ROW
        parts.append(text(figure.name, _MARGIN, row, "cell"))
        shown = (f"{figure.value:.4f}", interval(figure.low, figure.high), f"{figure.ideal:.4f}")
        parts += [text(words, x, row, "cell", "end") for words, x in zip(shown, right, strict=True)]
        parts.append(text(figure.by, right[-1] + 24, row, "note"))
    return parts, row - y + 8


@cache
def style(theme: Theme) -> str:
    """The style sheet of the drawings with its colours filled in, since few but browsers know variables."""
    templates = resources.files("router.control.report").joinpath("templates")
    light, dark = _palettes(templates.joinpath("palette.css").read_text())
    rules = templates.joinpath("drawing.css").read_text()
    match theme:
        case Theme.LIGHT:
            return _filled(rules, light)
        case Theme.DARK:
            return _filled(rules, light | dark)
        case Theme.READER:
            at_night = _filled(rules, light | dark)
            return f"{_filled(rules, light)}@media (prefers-color-scheme: dark) {{\n{at_night}}}\n"


def _palettes(sheet: str) -> tuple[dict[str, str], dict[str, str]]:
    """The variables of the light and of the dark `:root`."""
    _, light, dark = sheet.split(":root {")
    by_day, at_night = (dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for block in (light, dark))
    return by_day, at_night


def _filled(rules: str, palette: Mapping[str, str]) -> str:
    return re.sub(r"var\(--([\w-]+)\)", lambda found: palette[found[1]], rules)

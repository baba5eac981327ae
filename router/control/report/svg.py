"""A few SVG elements as text. Every text and attribute goes through `escape`; there is no other way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape

from router.control.report.wording import visible

LETTER = 6.6
"""Width of an average letter of a label, user units, rounded up."""


def number(value: float) -> str:
    """A coordinate in user units, to a tenth of a unit, without a needless ``.0``."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, attributes: dict[str, str | float], content: str = "") -> str:
    """``<name …>content</name>``; `content` is markup made here. Attribute ``class_`` becomes ``class``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def written(content: str) -> str:
    """`content` as the text of an element: escaped, and without characters that do not show."""
    return escape(visible(content))


def text(content: str, x: float, y: float, css: str = "", anchor: str = "start", turned: float = 0) -> str:
    """A line of text with its baseline at (x, y), turned by `turned` degrees about that point."""
    attributes: dict[str, str | float] = {"x": x, "y": y, "text_anchor": anchor, "class_": f"t {css}".strip()}
    if turned:
        attributes["transform"] = f"rotate({number(turned)} {number(x)} {number(y)})"
    return element("text", attributes, written(content))


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class_": css})


def box(x: float, y: float, width: float, height: float, css: str, title: str = "", radius: float = 0) -> str:
    """A rectangle, with `title` shown on hover."""
    attributes: dict[str, str | float] = {"x": x, "y": y, "width": width, "height": height, "class_": css}
    if radius:
        attributes["rx"] = radius
    return element("rect", attributes, element("title", {}, written(title)) if title else "")


def steps(points: Sequence[tuple[float, float]], css: str) -> str:
    """A staircase through `points`, left to right: each height holds until the next point."""
    return element("path", {"d": _stairs(points), "class_": css})


def steps_between(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], css: str) -> str:
    """The area between two staircases that step at the same places."""
    back = f"V{number(lower[-1][1])}"
    for x, y in reversed(lower[:-1]):
        back += f"V{number(y)}H{number(x)}"
    return element("path", {"d": f"{_stairs(upper)}{back}Z", "class_": css})


def _stairs(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *following = points
    return f"M{number(x)} {number(y)}" + "".join(f"H{number(x)}V{number(y)}" for x, y in following)


class Mark(Enum):
    """What the sample of a legend's entry looks like."""

    AREA = "area"
    LINE = "line"
    DOT = "dot"


@dataclass(frozen=True)
class Key:
    """One entry of a legend: a sample of a mark, and what it stands for."""

    label: str
    css: str
    """Class of the sample."""
    mark: Mark = Mark.AREA

    @property
    def width(self) -> float:
        return 36 + LETTER * len(self.label)

    def at(self, x: float, y: float) -> list[str]:
        """The entry from `x` on, its words on the line of text at `y`."""
        match self.mark:
            case Mark.AREA:
                sample = box(x + 1, y - 10, 12, 11, self.css)
            case Mark.LINE:
                sample = line(x, y - 4, x + 14, y - 4, self.css)
            case Mark.DOT:
                sample = element("circle", {"cx": x + 7, "cy": y - 4, "r": 6.0, "class_": self.css})
        return [sample, text(self.label, x + 19, y, "note")]


LEGEND_ROW = 20.0
"""Height of a row of a legend, user units."""


def legend(keys: Sequence[Key], left: float, right: float) -> tuple[list[str], float]:
    """The entries from `left` on, in as many rows as they take up to `right`; and how high that is."""
    parts: list[str] = []
    x, y = left, 12.0
    for key in keys:
        if x > left and x + key.width - 10 > right:
            x, y = left, y + LEGEND_ROW
        parts += key.at(x, y)
        x += key.width
    return parts, y + LEGEND_ROW - 12


@dataclass(frozen=True)
class Panel:
    """A picture: what is in it, and what it says to whoever cannot see it."""

    width: float
    """User units, as `height`."""
    height: float
    label: str
    description: str
    parts: tuple[str, ...]
    """Elements made here."""
    css: str = ""

    def svg(self) -> str:
        """An ``<svg>`` for a page: scales to its container, and reads as one image to a screen reader."""
        attributes: dict[str, str | float] = {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {number(self.width)} {number(self.height)}",
            "role": "img",
            "aria_label": visible(f"{self.label}. {self.description}"),
            "class_": f"chart {self.css}".strip(),
        }
        return element("svg", attributes, "".join(self.parts))

    def placed(self, x: float, y: float) -> str:
        """The picture as a group with its upper left corner at (x, y) of a larger one."""
        attributes: dict[str, str | float] = {"transform": f"translate({number(x)} {number(y)})", "class_": self.css}
        return element("g", attributes, "".join(self.parts))

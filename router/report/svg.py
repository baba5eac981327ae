"""A few SVG elements as text. Every text and attribute goes through `escape`; there is no other way in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from router.report.wording import visible


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


def text(content: str, x: float, y: float, css: str = "", anchor: str = "start", turned: float = 0) -> str:
    """A line of text with its baseline at (x, y), turned by `turned` degrees about that point."""
    attributes: dict[str, str | float] = {"x": x, "y": y, "text_anchor": anchor, "class_": f"t {css}".strip()}
    if turned:
        attributes["transform"] = f"rotate({number(turned)} {number(x)} {number(y)})"
    return element("text", attributes, escape(visible(content)))


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class_": css})


def box(x: float, y: float, width: float, height: float, css: str, title: str = "", radius: float = 0) -> str:
    """A rectangle, with `title` shown on hover."""
    attributes: dict[str, str | float] = {"x": x, "y": y, "width": width, "height": height, "class_": css}
    if radius:
        attributes["rx"] = radius
    return element("rect", attributes, element("title", {}, escape(visible(title))) if title else "")


def drawing(width: float, height: float, label: str, description: str, parts: Iterable[str], css: str = "") -> str:
    """The whole ``<svg>``: scales to its container, and reads as one image called `label` to a screen reader."""
    attributes: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "role": "img",
        "aria_label": visible(f"{label}. {description}"),
        "class_": f"chart {css}".strip(),
    }
    return element("svg", attributes, "".join(parts))

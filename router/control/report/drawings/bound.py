"""The certified bounds against the thresholds, on one scale: what the verdict compared, and why it came out so."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from router.control.report.drawings.drawing import NARROW_WIDTH, Drawing, markup
from router.control.report.svg import LETTER, Panel, box, element, line, text
from router.control.report.view import BoundView, EvidenceView
from router.control.report.wording import at_least, at_most

_SIDE = 14.0
_ZONES, _BAND, _AXIS = 40.0, 67.0, 110.0  # y of the zones' top, of the interval and of the axis
_HEIGHT = 132.0


def bound_panel(view: BoundView, *, width: float = 960) -> Panel:
    """T with its certified bounds over the zones of acceptance and rejection, `width` user units wide."""
    scale = _Scale(view, width)
    low, point, high = scale.at(view.lower), scale.at(view.distance), scale.at(view.upper)
    parts = (
        *_zones(view, scale),
        *_ticks(scale),
        *_chance(view, scale),
        box(low, _BAND - 5, max(2.0, high - low), 10, "interval", radius=3),
        element("circle", {"cx": point, "cy": _BAND, "r": 6.0, "class_": "point"}),
        scale.label(f"T {view.distance:.3f}", point, _BAND - 13, "value", "middle"),
        *_bounds(view, scale, low, high),
    )
    return Panel(width, _HEIGHT, "Distance from the baseline", describe_bounds(view), parts, "bound")


def describe_bounds(view: BoundView) -> str:
    """The drawing in words: bounds, thresholds, and which of them decide."""
    facts = (
        f"Total variation distance {view.distance:.3f}, certified between {at_least(view.lower)}"
        f" and {at_most(view.upper)}."
    )
    if view.upper < view.accept_below:
        return f"{facts} The upper bound is below the accept threshold {view.accept_below:g}: this certificate accepts."
    if view.lower > view.reject_above:
        return f"{facts} The lower bound is above the reject threshold {view.reject_above:g}: this certificate rejects."
    return (
        f"{facts} The upper bound is not below the accept threshold {view.accept_below:g}, and the lower bound"
        f" is not above the reject threshold {view.reject_above:g}: this certificate decides nothing."
    )


class _Scale:
    """Distances to x, and labels that stay inside the drawing."""

    def __init__(self, view: BoundView, width: float) -> None:
        furthest = max(view.upper, view.reject_above, view.accept_below, view.chance)
        self.end = min(1.0, 1.12 * furthest)
        self.right = width - _SIDE

    def at(self, value: float) -> float:
        """The x of `value`; a value outside the scale stands at its end."""
        return _SIDE + (self.right - _SIDE) * min(self.end, max(0.0, value)) / self.end

    def reach(self, label: str, x: float, anchor: str) -> tuple[float, float]:
        """Where `label` would begin and end."""
        length = LETTER * len(label)
        start = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * length
        return start, start + length

    def fits(self, label: str, x: float, anchor: str) -> bool:
        start, end = self.reach(label, x, anchor)
        return start >= _SIDE and end <= self.right

    def label(self, label: str, x: float, y: float, css: str, anchor: str) -> str:
        """`label` at x, or pushed inwards as far as it must be."""
        start, end = self.reach(label, x, anchor)
        if start < _SIDE:
            return text(label, _SIDE, y, css)
        return text(label, self.right, y, css, "end") if end > self.right else text(label, x, y, css, anchor)


def _zones(view: BoundView, scale: _Scale) -> list[str]:
    accept, reject = scale.at(view.accept_below), scale.at(view.reject_above)
    depth = _AXIS - _ZONES
    parts = [box(_SIDE, _ZONES, accept - _SIDE, depth, "zone accept")]
    if reject > accept:
        parts.append(box(accept, _ZONES, reject - accept, depth, "zone open"))
    parts.append(box(reject, _ZONES, scale.right - reject, depth, "zone reject"))
    below, above = f"accept below {view.accept_below:g}", f"reject above {view.reject_above:g}"
    roomy = scale.fits(below, accept - 6, "end") and scale.fits(above, reject + 6, "start")
    row = 31.0 if roomy else 14.0  # two rows where one is too short for both
    parts.append(line(accept, row - 9, accept, _AXIS, "threshold accept"))
    parts.append(line(reject, 22, reject, _AXIS, "threshold reject"))
    parts.append(scale.label(below, accept - 6, row, "zone-name accept", "end"))
    parts.append(scale.label(above, reject + 6, 31, "zone-name reject", "start"))
    return parts


def _bounds(view: BoundView, scale: _Scale, low: float, high: float) -> list[str]:
    """The two bounds at the interval's ends, or under it where a border or a threshold is too near."""
    lower, upper = at_least(view.lower), at_most(view.upper)
    start, end = scale.reach(f"≥ {lower}", low - 8, "end")[0], scale.reach(f"≤ {upper}", high + 8, "start")[1]
    lines = (scale.at(view.accept_below), scale.at(view.reject_above))
    if start < _SIDE or end > scale.right or any(start < x < low or high < x < end for x in lines):
        return [scale.label(f"{lower} to {upper}", (low + high) / 2, _BAND + 21, "value", "middle")]
    return [
        text(f"≥ {lower}", low - 8, _BAND + 4, "value", "end"),
        text(f"≤ {upper}", high + 8, _BAND + 4, "value"),
    ]


def _ticks(scale: _Scale) -> list[str]:
    room = 9 if scale.right > 600 else 5
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if scale.end / step <= room)
    parts = [line(_SIDE, _AXIS, scale.right, _AXIS, "axis")]
    for index in range(math.floor(scale.end / step + 1e-9) + 1):
        x = scale.at(index * step)
        parts.append(line(x, _AXIS, x, _AXIS + 4, "axis"))
        parts.append(scale.label(f"{index * step:g}" if index else "0", x, _AXIS + 17, "tick", "middle"))
    return parts


def _chance(view: BoundView, scale: _Scale) -> list[str]:
    distance = view.chance
    x, label = scale.at(distance), f"random guessing {distance:.2f}"
    side = -6 if scale.fits(label, x - 6, "end") else 6
    return [
        line(x, _ZONES, x, _AXIS, "chance"),
        scale.label(label, x + side, _AXIS - 7, "note", "end" if side < 0 else "start"),
    ]


@dataclass(frozen=True)
class BoundShown:
    """The bounds on the page."""

    wide: Markup
    narrow: Markup
    why: str


def _shown(seen: EvidenceView) -> BoundShown | None:
    if seen.bound is None:
        return None
    narrow = bound_panel(seen.bound, width=NARROW_WIDTH)
    return BoundShown(markup(bound_panel(seen.bound)), markup(narrow), describe_bounds(seen.bound))


def _panel(seen: EvidenceView, width: float) -> Panel | None:
    return None if seen.bound is None else bound_panel(seen.bound, width=width)


BOUND = Drawing("bound", "Certified distance from the baseline", _panel, _shown)

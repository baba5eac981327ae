"""Baseline against result, outcome by outcome, as inline SVG: the baseline hollow, the result solid inside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from router.report.svg import box, drawing, line, text
from router.report.view import DistributionView

LIMIT = 64
"""Outcomes drawn one by one at full width; the rest become one sum."""

_LEFT, _RIGHT, _TOP = 44.0, 8.0, 14.0
_PLOT = 210.0  # height of the plot, user units
_STRIP = 64.0  # height of the strip that sums the outcomes that are not drawn


class Order(Enum):
    """How outcomes stand along the axis."""

    BASELINE = "by baseline probability"
    NATURAL = "in natural order"


@dataclass(frozen=True)
class Selection:
    """The outcomes to draw, in drawing order, and the mass of those left out."""

    drawn: tuple[int, ...]
    left_out: int
    baseline_left: float
    frequency_left: float


def select(view: DistributionView, order: Order = Order.BASELINE, limit: int = LIMIT) -> Selection:
    """At most `limit` outcomes: the ones that weigh most in either distribution, so that no surprise is hidden."""
    outcomes = range(len(view.baseline))
    weight = [max(view.baseline[outcome], view.frequency(outcome)) for outcome in outcomes]
    kept = sorted(outcomes, key=lambda outcome: (-weight[outcome], outcome))[:limit]
    if order is Order.BASELINE:
        kept.sort(key=lambda outcome: (-view.baseline[outcome], outcome))
    else:
        kept.sort()
    if len(kept) == len(outcomes):
        return Selection(tuple(kept), 0, 0.0, 0.0)
    return Selection(
        drawn=tuple(kept),
        left_out=len(outcomes) - len(kept),
        baseline_left=max(0.0, 1 - math.fsum(view.baseline[outcome] for outcome in kept)),
        frequency_left=1 - sum(view.counts[outcome] for outcome in kept) / view.shots,
    )


def histogram_svg(
    view: DistributionView, *, order: Order = Order.BASELINE, limit: int = LIMIT, width: float = 960
) -> str:
    """The histogram as one ``<svg>`` element, `width` user units wide; colours come from the page's style sheet."""
    selection = select(view, order, limit)
    top, step = _scale(view, selection)
    slot = (width - _LEFT - _RIGHT) / len(selection.drawn)
    floor = _TOP + _PLOT
    turned = slot < 7.2 * view.bits + 4
    size = "label" if slot >= 10 else "label tiny"
    labels = (6.4 * view.bits + 14 if turned else 20) if selection.drawn else 0

    def height(share: float) -> float:
        return _PLOT * share / top

    parts = []
    for index in range(round(top / step) + 1):
        y = floor - height(index * step)
        parts.append(line(_LEFT, y, width - _RIGHT, y, "grid" if index else "axis"))
        parts.append(text(_percent(index * step, step), _LEFT - 7, y + 3.5, "tick", "end"))
    for place, outcome in enumerate(selection.drawn):
        x = _LEFT + place * slot
        expected, seen = view.baseline[outcome], view.frequency(outcome)
        name = view.bitstring(outcome)
        title = f"{name}: baseline {expected:.2%}, result {seen:.2%} ({view.counts[outcome]:,} of {view.shots:,})"
        parts.append(box(x, _TOP, slot, _PLOT, "hover", title))
        parts.append(box(x + slot * 0.12, floor - height(expected), slot * 0.76, height(expected), "baseline"))
        parts.append(box(x + slot * 0.3, floor - height(seen), slot * 0.4, height(seen), "result"))
        if turned:
            parts.append(text(name, x + slot / 2 + 3.2, floor + 8, size, "end", turned=-90))
        else:
            parts.append(text(name, x + slot / 2, floor + 15, size, "middle"))
    bottom = floor + labels
    if selection.left_out:
        parts.extend(_strip(view, selection, bottom + 6, width))
        bottom += _STRIP
    return drawing(width, bottom + 2, "Histogram of outcomes", _describe(view, selection, order), parts, "histogram")


def _scale(view: DistributionView, selection: Selection) -> tuple[float, float]:
    """The top of the axis and the distance of its lines: 3 to 6 lines at 1, 2 or 5 times a power of ten."""
    highest = max(max(view.baseline[outcome], view.frequency(outcome)) for outcome in selection.drawn)
    magnitude = 10.0 ** math.floor(math.log10(highest))
    for factor in (0.1, 0.2, 0.5, 1, 2):
        step = factor * magnitude
        lines = math.ceil(highest / step - 1e-9)
        if lines <= 5:
            return lines * step, step
    raise AssertionError(f"{highest} is below ten times its own power of ten")


def _percent(share: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    return f"{share * 100:.{digits}f}%"


def _strip(view: DistributionView, selection: Selection, y: float, width: float) -> list[str]:
    """Two bars of the whole probability: what is drawn above, and what is not."""
    left, span = _LEFT + 58, width - _LEFT - 58 - _RIGHT
    of = f"{selection.left_out:,} other outcome{'s' if selection.left_out > 1 else ''} together"
    parts = [text(of, _LEFT, y + 10, "note")]
    rows = (("baseline", "baseline", selection.baseline_left), ("result", "result", selection.frequency_left))
    for row, (name, css, rest) in enumerate(rows):
        middle = y + 22 + row * 18
        parts.append(text(name, _LEFT, middle + 9, "tick"))
        parts.append(box(left, middle, span, 11, "rest"))
        parts.append(box(left, middle, span * rest, 11, css))
        inside = rest > 0.85
        x = left + span * rest + (-6 if inside else 6)
        css = "tick on" if inside and name == "result" else "tick"
        parts.append(text(f"{rest:.1%}", x, middle + 9, css, "end" if inside else "start"))
    return parts


def _describe(view: DistributionView, selection: Selection, order: Order) -> str:
    heaviest = sorted(selection.drawn, key=lambda outcome: (-view.baseline[outcome], outcome))[:3]
    named = "; ".join(
        f"{view.bitstring(outcome)} baseline {view.baseline[outcome]:.1%}, result {view.frequency(outcome):.1%}"
        for outcome in heaviest
    )
    rest = f" {selection.left_out:,} more outcomes are summed." if selection.left_out else ""
    return (
        f"{len(selection.drawn)} outcomes {order.value}, {view.shots:,} shots."
        f" Heaviest in the baseline: {named}.{rest} The table below has the numbers."
    )

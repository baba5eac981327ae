"""Baseline against result, outcome by outcome: the baseline hollow, the result solid inside it with its band."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from markupsafe import Markup

from router.control.report.drawings.drawing import NARROW_WIDTH, Drawing, markup
from router.control.report.svg import Key, Mark, Panel, box, legend, line, text
from router.control.report.view import DistributionView, EvidenceView, OutcomeView

LIMIT = 64
"""Outcomes drawn one by one at full width; the rest become one sum."""
NARROW_LIMIT = 16
"""Likewise on a telephone."""
FEWEST = 16
"""So many are drawn even if their bars are too low to be seen."""
LOWEST = 1 / 250
"""Of the highest bar: what is lower is less than a pixel, and is summed where not every outcome can be drawn."""
LEAST_DRAWN = 0.1
"""A histogram whose outcomes hold less than this of either distribution shows noise, and is not drawn."""

_LEFT, _RIGHT = 44.0, 8.0
_PLOT = 210.0  # height of the plot, user units
_STRIP = 64.0  # height of the strip that sums the outcomes that are not drawn
_KEYS = (Key("baseline", "baseline"), Key("result", "result"), Key("its band", "band", Mark.LINE))


class AxisOrder(Enum):
    """How outcomes stand along the axis."""

    BASELINE = "by baseline probability"
    NATURAL = "in natural order"


@dataclass(frozen=True)
class Selection:
    """The outcomes to draw, in drawing order, and the mass of those left out."""

    drawn: tuple[OutcomeView, ...]
    left_out: int
    baseline_left: float
    frequency_left: float

    @property
    def tells(self) -> bool:
        """Whether enough of a distribution is drawn for the bars to mean something."""
        return min(self.baseline_left, self.frequency_left) <= 1 - LEAST_DRAWN


def select(view: DistributionView, order: AxisOrder = AxisOrder.BASELINE, limit: int = LIMIT) -> Selection:
    """At most `limit` outcomes: the ones that weigh most in either distribution, so that no surprise is hidden."""

    def weight(row: OutcomeView) -> float:
        return max(row.baseline, view.frequency(row))

    kept = sorted(view.rows, key=lambda row: (-weight(row), row.outcome))[:limit]
    if len(kept) < view.outcomes:
        least = LOWEST * weight(kept[0])
        kept = [row for place, row in enumerate(kept) if place < FEWEST or weight(row) >= least]
    if order is AxisOrder.BASELINE:
        kept.sort(key=lambda row: (-row.baseline, row.outcome))
    else:
        kept.sort(key=lambda row: row.outcome)
    if len(kept) == view.outcomes:
        return Selection(tuple(kept), 0, 0.0, 0.0)
    return Selection(
        drawn=tuple(kept),
        left_out=view.outcomes - len(kept),
        baseline_left=max(0.0, 1 - math.fsum(row.baseline for row in kept)),
        frequency_left=1 - sum(row.count for row in kept) / view.shots,
    )


def histogram_panel(
    view: DistributionView, *, order: AxisOrder = AxisOrder.BASELINE, limit: int = LIMIT, width: float = 960
) -> Panel:
    """The histogram, `width` user units wide."""
    selection = select(view, order, limit)
    top, step = _scale(selection)
    slot = (width - _LEFT - _RIGHT) / len(selection.drawn)
    parts, head = legend(_KEYS, _LEFT, width - _RIGHT)
    ceiling = head + 14
    floor = ceiling + _PLOT
    turned = slot < 7.2 * view.bits + 4
    size = "label" if slot >= 10 else "label tiny"
    labels = 6.4 * view.bits + 14 if turned else 20

    def height(share: float) -> float:
        return _PLOT * share / top

    for index in range(round(top / step) + 1):
        y = floor - height(index * step)
        parts.append(line(_LEFT, y, width - _RIGHT, y, "grid" if index else "axis"))
        parts.append(text(_percent(index * step, step), _LEFT - 7, y + 3.5, "tick", "end"))
    for place, row in enumerate(selection.drawn):
        x = _LEFT + place * slot
        seen, name = view.frequency(row), view.bitstring(row)
        title = f"{name}: baseline {row.baseline:.2%}, result {seen:.2%} ({row.count:,} of {view.shots:,})"
        title += f", band {row.low:.2%} to {row.high:.2%}"
        parts.append(box(x, ceiling, slot, _PLOT, "hover", title))
        parts.append(box(x + slot * 0.12, floor - height(row.baseline), slot * 0.76, height(row.baseline), "baseline"))
        parts.append(box(x + slot * 0.3, floor - height(seen), slot * 0.4, height(seen), "result"))
        parts.extend(_whisker(x + slot / 2, min(8.0, slot * 0.3), floor - height(row.low), floor - height(row.high)))
        if turned:
            parts.append(text(name, x + slot / 2 + 3.2, floor + 8, size, "end", turned=-90))
        else:
            parts.append(text(name, x + slot / 2, floor + 15, size, "middle"))
    bottom = floor + labels
    if selection.left_out:
        parts.extend(_strip(selection, bottom + 6, width))
        bottom += _STRIP
    description = _describe(view, selection, order)
    return Panel(width, bottom + 2, "Histogram of outcomes", description, tuple(parts), "histogram")


def _whisker(x: float, width: float, low: float, high: float) -> list[str]:
    """From the y of the lower end to that of the upper one."""
    ends = [line(x - width / 2, y, x + width / 2, y, "band") for y in (low, high)]
    return [line(x, low, x, high, "band"), *ends]


def _scale(selection: Selection) -> tuple[float, float]:
    """The top of the axis and the distance of its lines: 3 to 6 lines at 1, 2 or 5 times a power of ten."""
    highest = max(max(row.baseline, row.high) for row in selection.drawn)
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


def _strip(selection: Selection, y: float, width: float) -> list[str]:
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


def _describe(view: DistributionView, selection: Selection, order: AxisOrder) -> str:
    heaviest = sorted(selection.drawn, key=lambda row: (-row.baseline, row.outcome))[:3]
    named = "; ".join(
        f"{view.bitstring(row)} baseline {row.baseline:.1%}, result {view.frequency(row):.1%}" for row in heaviest
    )
    rest = f" {selection.left_out:,} more outcomes are summed." if selection.left_out else ""
    return (
        f"{len(selection.drawn)} outcomes {order.value}, {view.shots:,} shots. Heaviest in the baseline: {named}.{rest}"
    )


@dataclass(frozen=True)
class OutcomesShown:
    """The histogram on the page, in both orders."""

    by_baseline: Markup | None
    """None, as the two below, if the heaviest outcomes are too light to show anything."""
    natural: Markup | None
    narrow: Markup | None
    drawn: int
    drawn_narrow: int
    baseline_drawn: float
    result_drawn: float


def _shown(seen: EvidenceView) -> OutcomesShown:
    outcomes = seen.distribution
    selection = select(outcomes)
    bars = selection.tells
    return OutcomesShown(
        by_baseline=markup(histogram_panel(outcomes)) if bars else None,
        natural=markup(histogram_panel(outcomes, order=AxisOrder.NATURAL)) if bars else None,
        narrow=markup(histogram_panel(outcomes, limit=NARROW_LIMIT, width=NARROW_WIDTH)) if bars else None,
        drawn=len(selection.drawn),
        drawn_narrow=min(len(selection.drawn), NARROW_LIMIT),
        baseline_drawn=1 - selection.baseline_left,
        result_drawn=1 - selection.frequency_left,
    )


def _panel(seen: EvidenceView, width: float) -> Panel | None:
    outcomes = seen.distribution
    return histogram_panel(outcomes, width=width) if select(outcomes).tells else None


OUTCOMES = Drawing("outcomes", "Outcome by outcome", _panel, _shown)

"""The drawings: bars as long as their numbers, labels inside the frame, and colours that can be read."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from importlib import resources
from itertools import pairwise
from types import ModuleType

import pytest

from router.report import DistributionView, Order, ReportView, bound_svg, histogram_svg
from router.report.bound import chance_distance, describe_bounds
from router.report.histogram import select
from router.report.timeline import rows, spans, spans_svg

SVG = "{http://www.w3.org/2000/svg}"


def bars(svg: str, css: str) -> list[ET.Element]:
    return [box for box in ET.fromstring(svg).iter(f"{SVG}rect") if box.get("class") == css]


def labels(svg: str, css: str) -> list[str]:
    return [str(t.text) for t in ET.fromstring(svg).iter(f"{SVG}text") if css in str(t.get("class")).split()]


def test_bars_are_as_high_as_the_numbers_they_stand_for(seen: DistributionView) -> None:
    svg = histogram_svg(seen, order=Order.NATURAL)
    results, baselines = bars(svg, "result"), bars(svg, "baseline")
    unit = float(baselines[9].get("height", "")) / seen.baseline[9]
    for outcome in range(32):
        assert float(results[outcome].get("height", "")) == pytest.approx(unit * seen.frequency(outcome), abs=0.1)
        assert float(baselines[outcome].get("height", "")) == pytest.approx(unit * seen.baseline[outcome], abs=0.1)
        foot = float(results[outcome].get("y", "")) + float(results[outcome].get("height", ""))
        assert foot == pytest.approx(float(baselines[0].get("y", "")) + float(baselines[0].get("height", "")), abs=0.11)


def test_outcomes_are_named_in_the_order_asked_for(seen: DistributionView) -> None:
    assert labels(histogram_svg(seen, order=Order.NATURAL), "label") == [format(i, "05b") for i in range(32)]
    falling = labels(histogram_svg(seen), "label")
    assert sorted(falling) == [format(i, "05b") for i in range(32)]
    assert all(seen.baseline[int(a, 2)] >= seen.baseline[int(b, 2)] for a, b in pairwise(falling))


def test_what_is_not_drawn_is_summed_and_not_lost(sample: ModuleType) -> None:
    wide = sample.distribution(bits=10, noise=0.15)
    selection = select(wide)
    assert len(selection.drawn) == 64
    assert selection.left_out == 960
    drawn = sum(wide.frequency(outcome) for outcome in selection.drawn)
    assert drawn + selection.frequency_left == pytest.approx(1)
    assert selection.baseline_left == pytest.approx(1 - sum(wide.baseline[o] for o in selection.drawn))
    assert "960 other outcomes together" in histogram_svg(wide)


def test_an_outcome_that_only_the_result_has_is_drawn(sample: ModuleType) -> None:
    outcomes = 1 << 10
    baseline = (0.0, *[1 / (outcomes - 1)] * (outcomes - 1))
    view = DistributionView(10, baseline, (100, *[0] * (outcomes - 1)), 100, 1.0, 0.9, 1.0, 0.25, 0.25)
    assert 0 in select(view, limit=16).drawn


def place(value: float, svg: str) -> float:
    """Where `value` stands, by the axis's own ticks."""
    ticks = [t for t in ET.fromstring(svg).iter(f"{SVG}text") if "tick" in str(t.get("class"))]
    (x0, v0), (x1, v1) = ((float(t.get("x", "")), float(str(t.text))) for t in ticks[1:3])
    return x0 + (value - v0) * (x1 - x0) / (v1 - v0)


@pytest.mark.parametrize("width", [400, 960])
@pytest.mark.parametrize("noise", [0.05, 0.19, 0.37, 0.9])
def test_the_interval_the_dot_and_the_thresholds_stand_at_their_values(
    sample: ModuleType, noise: float, width: float
) -> None:
    seen = sample.distribution(noise=noise)
    svg = bound_svg(seen, width=width)
    (interval,) = bars(svg, "interval")
    (point,) = ET.fromstring(svg).iter(f"{SVG}circle")
    (accept,), (reject,) = bars(svg, "zone accept"), bars(svg, "zone reject")
    left = float(interval.get("x", ""))
    assert left == pytest.approx(place(max(0.0, seen.lower), svg), abs=0.6)
    assert left + float(interval.get("width", "")) == pytest.approx(place(seen.upper, svg), abs=0.6)
    assert float(point.get("cx", "")) == pytest.approx(place(seen.distance, svg), abs=0.6)
    end = float(accept.get("x", "")) + float(accept.get("width", ""))
    assert end == pytest.approx(place(seen.accept_below, svg), abs=0.6)
    assert float(reject.get("x", "")) == pytest.approx(place(seen.reject_above, svg), abs=0.6)


@pytest.mark.parametrize("width", [400, 960])
@pytest.mark.parametrize("noise", [0.0, 0.19, 0.37, 0.97])
@pytest.mark.parametrize("thresholds", [(0.02, 0.02), (0.25, 0.25), (0.25, 0.4), (0.9, 0.95)])
def test_labels_stay_inside_the_drawing(
    sample: ModuleType, thresholds: tuple[float, float], noise: float, width: float
) -> None:
    seen = sample.distribution(noise=noise)
    seen = dataclasses.replace(seen, accept_below=thresholds[0], reject_above=thresholds[1])
    for label in ET.fromstring(bound_svg(seen, width=width)).iter(f"{SVG}text"):
        length = 6.6 * len(str(label.text))
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.get("text-anchor", "")]
        start = float(label.get("x", "")) - share * length
        assert start >= -1, label.text
        assert start + length <= width + 1, label.text


def test_the_words_say_what_the_bounds_decide(seen: DistributionView) -> None:
    assert describe_bounds(seen).endswith("this certificate accepts.")
    assert describe_bounds(dataclasses.replace(seen, accept_below=0.1)).endswith("this certificate decides nothing.")
    refused = dataclasses.replace(seen, accept_below=0.01, reject_above=0.05)
    assert describe_bounds(refused).endswith("this certificate rejects.")


def test_bounds_are_rounded_outwards(seen: DistributionView) -> None:
    near = dataclasses.replace(seen, upper=0.24999, lower=0.0691)
    assert "certified between 0.069 and 0.250" in describe_bounds(near)
    assert "certified between 0.000 and 1.000" in describe_bounds(dataclasses.replace(seen, lower=-0.2, upper=1.0))


def test_random_guessing_stands_where_uniform_does(seen: DistributionView) -> None:
    uniform = dataclasses.replace(seen, baseline=(1 / 32,) * 32)
    assert chance_distance(uniform) == 0
    certain = dataclasses.replace(seen, baseline=(1.0, *[0.0] * 31))
    assert chance_distance(certain) == pytest.approx(31 / 32)


def test_the_bar_of_time_adds_up_and_offsets_count_from_the_first_event(accepted: ReportView) -> None:
    stays = spans(accepted.timeline)
    assert sum(stay.seconds for stay in stays) == pytest.approx(26.2)
    assert [stay.state for stay in stays][:3] == ["created", "simulated", "approved"]
    assert stays[1].seconds == pytest.approx(6.5)
    assert [row.offset for row in rows(accepted.timeline)][:3] == ["+0.0 s", "+1.9 s", "+3.2 s"]
    assert [row.entered for row in rows(accepted.timeline)][:5] == [True, True, False, False, True]
    assert spans_svg(accepted.timeline[:1]) == ""


def _luminance(colour: str) -> float:
    colour = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        *((ink, paper) for ink in ("ink", "soft", "link") for paper in ("paper", "raised")),
        *((tone, f"{tone}-wash") for tone in ("good", "bad", "warn", "calm")),
        *((ink, wash) for ink in ("ink", "soft") for wash in ("good-wash", "bad-wash", "warn-wash", "calm-wash")),
        ("ink", "baseline-wash"),
        ("good", "paper"),
        ("bad", "paper"),
    ],
)
def test_text_contrasts_with_its_ground(ink: str, paper: str, mode: int) -> None:
    """WCAG 2.2 AA: at least 4.5 to 1."""
    css = resources.files("router.report").joinpath("templates/report.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css.split(":root {")[mode + 1].split("}")[0]))
    bright, dim = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5

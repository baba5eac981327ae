"""The drawings: bars as long as their numbers, labels inside the frame, and colours that can be read."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from importlib import resources
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from oracle.statistics import BINOMIAL, WITNESS, Baseline
from router.control.report import (
    AxisOrder,
    BoundView,
    DistributionView,
    EvidenceView,
    OutcomeView,
    ReportView,
    ScoresView,
    bound_panel,
    histogram_panel,
    scores_panel,
)
from router.control.report.drawings.bound import describe_bounds
from router.control.report.drawings.histogram import FEWEST, select
from router.control.report.drawings.scores import describe_scores
from router.control.report.timeline import rows, spans, spans_svg

SVG = "{http://www.w3.org/2000/svg}"


def bars(svg: str, css: str) -> list[ET.Element]:
    return [box for box in ET.fromstring(svg).iter(f"{SVG}rect") if box.get("class") == css]


def lines(svg: str, css: str) -> list[ET.Element]:
    return [line for line in ET.fromstring(svg).iter(f"{SVG}line") if line.get("class") == css]


def labels(svg: str, css: str) -> list[str]:
    return [str(t.text) for t in ET.fromstring(svg).iter(f"{SVG}text") if css in str(t.get("class")).split()]


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name, ""))


def bound_of(evidence: EvidenceView) -> BoundView:
    assert evidence.bound is not None
    return evidence.bound


def test_bars_and_whiskers_are_as_high_as_the_numbers_they_stand_for(seen: EvidenceView) -> None:
    view = seen.distribution
    svg = histogram_panel(view, order=AxisOrder.NATURAL).svg()
    key, *baselines = bars(svg, "baseline")
    _, *results = bars(svg, "result")
    assert number(key, "y") < number(baselines[0], "y")
    floor = number(baselines[0], "y") + number(baselines[0], "height")
    unit = number(baselines[9], "height") / view.rows[9].baseline
    whiskers = [line for line in lines(svg, "band") if line.get("x1") == line.get("x2")]
    assert len(whiskers) == len(results) == len(view.rows) == 32
    for row, baseline, result, whisker in zip(view.rows, baselines, results, whiskers, strict=True):
        assert number(baseline, "height") == pytest.approx(unit * row.baseline, abs=0.1)
        assert number(result, "height") == pytest.approx(unit * view.frequency(row), abs=0.1)
        assert number(result, "y") + number(result, "height") == pytest.approx(floor, abs=0.11)
        assert floor - number(whisker, "y1") == pytest.approx(unit * row.low, abs=0.15)
        assert floor - number(whisker, "y2") == pytest.approx(unit * row.high, abs=0.15)


def test_outcomes_are_named_in_the_order_asked_for(seen: EvidenceView) -> None:
    view = seen.distribution
    natural = labels(histogram_panel(view, order=AxisOrder.NATURAL).svg(), "label")
    assert natural == [format(i, "05b") for i in range(32)]
    falling = labels(histogram_panel(view).svg(), "label")
    assert sorted(falling) == natural
    assert all(view.rows[int(a, 2)].baseline >= view.rows[int(b, 2)].baseline for a, b in pairwise(falling))


def test_what_is_not_drawn_is_summed_and_not_lost(sample: ModuleType) -> None:
    wide = sample.evidence(bits=10, noise=0.15).distribution
    selection = select(wide)
    assert len(selection.drawn) == 64
    assert selection.left_out == 960
    drawn = sum(wide.frequency(row) for row in selection.drawn)
    assert drawn + selection.frequency_left == pytest.approx(1)
    assert selection.baseline_left == pytest.approx(1 - sum(row.baseline for row in selection.drawn))
    assert "960 other outcomes together" in histogram_panel(wide).svg()


def ghz(sample: ModuleType, bits: int = 20, noise: float = 0.15) -> EvidenceView:
    rng = np.random.default_rng(1)
    ideal = np.zeros(1 << bits)
    ideal[0] = ideal[-1] = 0.5
    clean = rng.choice([0, (1 << bits) - 1], 4000)
    values = np.where(rng.random(4000) < noise, rng.integers(0, 1 << bits, 4000), clean)
    made: EvidenceView = sample.evidence_of_values(Baseline.from_probabilities(ideal), values, (BINOMIAL,))
    return made


def test_a_million_outcomes_are_drawn_as_the_few_that_count(sample: ModuleType) -> None:
    evidence = ghz(sample)
    selection = select(evidence.distribution)
    assert {row.outcome for row in selection.drawn} >= {0, (1 << 20) - 1}
    assert len(selection.drawn) == FEWEST, "bars of a single shot are too low to be seen"
    panel = histogram_panel(evidence.distribution)
    assert len(panel.svg()) < 20_000
    assert f"{(1 << 20) - FEWEST:,} other outcomes together" in panel.svg()
    assert selection.tells


def test_a_million_outcomes_of_which_none_stands_out_are_not_drawn_as_bars(sample: ModuleType) -> None:
    rng = np.random.default_rng(2)
    ideal = rng.dirichlet(np.ones(1 << 20))
    values = rng.choice(ideal.size, 4000, p=ideal)
    evidence = sample.evidence_of_values(Baseline.from_probabilities(ideal), values, (WITNESS,))
    assert not select(evidence.distribution).tells
    assert len(scores_panel(evidence.scores).svg()) < 60_000


def test_an_outcome_that_only_the_result_has_is_drawn() -> None:
    row = OutcomeView(0, 0.0, 100, 0.9, 1.0)
    others = tuple(OutcomeView(outcome, 0.01, 0, 0.0, 0.1) for outcome in range(1, 90))
    view = DistributionView(10, 100, (row, *others))
    assert row in select(view, limit=16).drawn


@pytest.mark.parametrize("width", [400, 960])
def test_no_bar_whisker_or_label_leaves_a_drawing(sample: ModuleType, seen: EvidenceView, width: float) -> None:
    for evidence in (seen, ghz(sample), sample.evidence(shots=1), sample.evidence(noise=0.9, bits=10)):
        for panel in (
            histogram_panel(evidence.distribution, width=width, limit=16 if width < 960 else 64),
            scores_panel(evidence.scores, width=width),
        ):
            root = ET.fromstring(panel.svg())
            for box in root.iter(f"{SVG}rect"):
                assert number(box, "x") >= 0
                assert number(box, "x") + number(box, "width") <= width + 0.1
                assert number(box, "y") >= 0
                assert number(box, "y") + number(box, "height") <= panel.height + 0.1
            for line in root.iter(f"{SVG}line"):
                assert all(0 <= number(line, name) <= width + 0.1 for name in ("x1", "x2"))
                assert all(0 <= number(line, name) <= panel.height + 0.1 for name in ("y1", "y2"))
            for label in root.iter(f"{SVG}text"):
                if label.get("transform"):
                    continue
                length = 6.6 * len(str(label.text))
                start = (
                    number(label, "x")
                    - {"start": 0.0, "middle": 0.5, "end": 1.0}[label.get("text-anchor", "")] * length
                )
                assert start >= -1, label.text
                assert start + length <= width + 1, label.text


def corners(path: str) -> list[tuple[float, float]]:
    """Where a staircase of moves, H and V stands after each pair of them."""
    start, *rest = re.findall(r"M[^HV]+|H[-\d.]+V[-\d.]+", path)
    x, y = map(float, start[1:].split())
    return [(x, y), *(tuple(map(float, step[1:].split("V"))) for step in rest)]  # type: ignore[misc]


def curve(svg: str, css: str) -> list[tuple[float, float]]:
    (path,) = (p for p in ET.fromstring(svg).iter(f"{SVG}path") if p.get("class") == css)
    return corners(path.get("d", ""))


@pytest.mark.parametrize("bits", [5, 10])
@pytest.mark.parametrize("width", [400, 960])
def test_curves_stand_at_their_shares_and_the_band_at_its_radius(sample: ModuleType, bits: int, width: float) -> None:
    view: ScoresView = sample.evidence(bits=bits).scores
    svg = scores_panel(view, width=width).svg()
    ticks = [t for t in ET.fromstring(svg).iter(f"{SVG}text") if t.get("class") == "t tick"]
    levels = {str(t.text): number(t, "y") - 3.5 for t in ticks if str(t.text).endswith("%")}
    floor, ceiling = levels["0%"], levels["100%"]
    places = {float(str(t.text).replace(",", "")): number(t, "x") for t in ticks if not str(t.text).endswith("%")}
    for name, shares in (("result", view.result), ("ideal", view.ideal), ("uniform", view.uniform)):
        drawn = curve(svg, f"curve {name}-curve")[1:-1]
        assert [floor - (floor - ceiling) * share for share in shares] == pytest.approx([y for _, y in drawn], abs=0.11)
        assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    unit = (places[1.0] - places[0.0]) / np.log2(2)
    assert places[2.0] == pytest.approx(places[0.0] + unit * np.log2(3), abs=0.2)
    drawn = curve(svg, "curve result-curve")[1:-1]
    expected = [places[0.0] + unit * np.log2(1 + score) for score in view.scores]
    assert [x for x, _ in drawn] == pytest.approx(expected, abs=0.3)
    (band,) = (p for p in ET.fromstring(svg).iter(f"{SVG}path") if p.get("class") == "curve-band")
    upper = corners(band.get("d", ""))[1 : len(drawn) + 1]
    ends = [floor - (floor - ceiling) * min(1.0, share + view.radius) for share in view.result]
    assert [y for _, y in upper] == pytest.approx(ends, abs=0.11)


def test_the_witness_stands_at_its_threshold_with_what_it_saw_and_asked(seen: EvidenceView) -> None:
    view = seen.scores
    assert view.witness is not None
    assert view.witness.accept_from is not None
    assert view.witness.reject_to is not None
    svg = scores_panel(view).svg()
    (dot,) = (c for c in ET.fromstring(svg).iter(f"{SVG}circle") if number(c, "cy") > 20)
    _, accept = lines(svg, "gate accept")
    _, reject = lines(svg, "gate reject")
    floor, ceiling = number(accept, "y2"), number(reject, "y1")
    assert dot.get("cx") == accept.get("x1") == reject.get("x1")
    for drawn, share in (
        (number(dot, "cy"), view.witness.share),
        (number(accept, "y1"), view.witness.accept_from),
        (number(reject, "y2"), view.witness.reject_to),
    ):
        assert drawn == pytest.approx(ceiling + (floor - ceiling) * share, abs=0.11)
    notes = labels(svg, "note")
    assert f"accepted to {1 - view.witness.accept_from:.1%}" in notes
    assert f"rejected from {1 - view.witness.reject_to:.1%}" in notes


def test_the_words_say_what_the_witness_decides(seen: EvidenceView) -> None:
    view = seen.scores
    assert view.witness is not None
    assert describe_scores(view).endswith("this certificate accepts.")
    poor = dataclasses.replace(view, witness=dataclasses.replace(view.witness, share=0.1))
    assert describe_scores(poor).endswith("this certificate rejects.")
    torn = dataclasses.replace(view, witness=dataclasses.replace(view.witness, accept_from=None, reject_to=None))
    assert describe_scores(torn).endswith("This certificate decides nothing.")
    assert "The band is ±2.4%." in describe_scores(dataclasses.replace(view, witness=None))


def place(value: float, svg: str) -> float:
    """Where `value` stands, by the axis's own ticks."""
    ticks = [t for t in ET.fromstring(svg).iter(f"{SVG}text") if "tick" in str(t.get("class"))]
    (x0, v0), (x1, v1) = ((number(t, "x"), float(str(t.text))) for t in ticks[1:3])
    return x0 + (value - v0) * (x1 - x0) / (v1 - v0)


@pytest.mark.parametrize("width", [400, 960])
@pytest.mark.parametrize("noise", [0.05, 0.19, 0.37, 0.9])
def test_the_interval_the_dot_and_the_thresholds_stand_at_their_values(
    sample: ModuleType, noise: float, width: float
) -> None:
    seen = bound_of(sample.evidence(noise=noise))
    svg = bound_panel(seen, width=width).svg()
    (interval,) = bars(svg, "interval")
    (point,) = ET.fromstring(svg).iter(f"{SVG}circle")
    (accept,), (reject,) = bars(svg, "zone accept"), bars(svg, "zone reject")
    left = number(interval, "x")
    assert left == pytest.approx(place(max(0.0, seen.lower), svg), abs=0.6)
    assert left + number(interval, "width") == pytest.approx(place(seen.upper, svg), abs=0.6)
    assert number(point, "cx") == pytest.approx(place(seen.distance, svg), abs=0.6)
    end = number(accept, "x") + number(accept, "width")
    assert end == pytest.approx(place(seen.accept_below, svg), abs=0.6)
    assert number(reject, "x") == pytest.approx(place(seen.reject_above, svg), abs=0.6)


@pytest.mark.parametrize("width", [400, 960])
@pytest.mark.parametrize("noise", [0.0, 0.19, 0.37, 0.97])
@pytest.mark.parametrize("thresholds", [(0.02, 0.02), (0.25, 0.25), (0.25, 0.4), (0.9, 0.95)])
def test_labels_of_the_bounds_stay_inside_the_drawing(
    sample: ModuleType, thresholds: tuple[float, float], noise: float, width: float
) -> None:
    seen = bound_of(sample.evidence(noise=noise))
    seen = dataclasses.replace(seen, accept_below=thresholds[0], reject_above=thresholds[1])
    for label in ET.fromstring(bound_panel(seen, width=width).svg()).iter(f"{SVG}text"):
        length = 6.6 * len(str(label.text))
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.get("text-anchor", "")]
        start = number(label, "x") - share * length
        assert start >= -1, label.text
        assert start + length <= width + 1, label.text


def test_the_words_say_what_the_bounds_decide(seen: EvidenceView) -> None:
    view = bound_of(seen)
    assert describe_bounds(view).endswith("this certificate accepts.")
    assert describe_bounds(dataclasses.replace(view, accept_below=0.1)).endswith("this certificate decides nothing.")
    refused = dataclasses.replace(view, accept_below=0.01, reject_above=0.03)
    assert describe_bounds(refused).endswith("this certificate rejects.")


def test_bounds_are_rounded_outwards(seen: EvidenceView) -> None:
    near = dataclasses.replace(bound_of(seen), upper=0.24999, lower=0.0691)
    assert "certified between 0.069 and 0.250" in describe_bounds(near)
    assert "certified between 0.000 and 1.000" in describe_bounds(dataclasses.replace(near, lower=-0.2, upper=1.0))


def test_the_bounds_are_those_that_the_verdict_compared(seen: EvidenceView, sample: ModuleType) -> None:
    view = bound_of(seen)
    ideal = sample.qaoa_probabilities()
    counts = np.array([row.count for row in seen.distribution.rows])
    assert view.distance == pytest.approx(np.abs(counts / 4000 - ideal).sum() / 2, abs=1e-9)
    assert view.upper == pytest.approx(view.distance + np.sqrt(np.log(100) / 8000), abs=1e-9)
    assert view.lower == pytest.approx(view.distance - np.sqrt(31 / 16000) - np.sqrt(np.log(900) / 8000), abs=1e-9)
    assert view.chance == pytest.approx(np.abs(1 / 32 - ideal).sum() / 2, abs=1e-9)


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


def _palette(mode: int) -> dict[str, str]:
    css = resources.files("router.control.report").joinpath("templates/palette.css").read_text()
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css.split(":root {")[mode + 1].split("}")[0]))


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
        ("warn", "paper"),
    ],
)
def test_text_contrasts_with_its_ground(ink: str, paper: str, mode: int) -> None:
    """WCAG 2.2 AA: at least 4.5 to 1."""
    colours = _palette(mode)
    bright, dim = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("mark", "ground"),
    [
        ("result", "baseline-wash"),  # a result's bar inside a baseline's
        *((mark, "paper") for mark in ("result", "baseline", "soft", "ink", "good", "bad")),
        ("result", "good-wash"),
        ("result", "bad-wash"),
    ],
)
def test_marks_stand_out_by_brightness_alone(mark: str, ground: str, mode: int) -> None:
    """WCAG 2.2, non-text contrast: at least 3 to 1, which no colour blindness takes away."""
    colours = _palette(mode)
    bright, dim = sorted((_luminance(colours[mark]), _luminance(colours[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 3


def test_what_colour_tells_is_told_by_shape_or_words_as_well(seen: EvidenceView) -> None:
    rules = resources.files("router.control.report").joinpath("templates/drawing.css").read_text()
    dashed = {css for css in ("uniform-curve", "gate.reject", "gate.accept", "ideal-curve") if re.search(
        rf"\.{re.escape(css)} {{[^}}]*dasharray", rules)}  # fmt: skip
    assert dashed == {"uniform-curve", "gate.reject"}
    words = labels(bound_panel(bound_of(seen)).svg(), "zone-name")
    assert words == ["accept below 0.25", "reject above 0.25"]

"""The report as a browser sees it: nothing fetched, nothing cut off, nothing on top of something else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from router.control.report import write_figure, write_report

ENDINGS = ("accepted", "rejected", "inconclusive", "silent", "cancelled", "denied", "bare", "wide", "witnessed")

OVERLAPS = """
const drawings = [...document.querySelectorAll('svg.bound, svg.scores, svg.histogram, svg.alone')];
drawings.filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const frame = svg.getBoundingClientRect();
  const outside = boxes.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1);
  const found = outside.map(([t]) => t + ' leaves');
  boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 0 && high > 3) found.push(a + ' / ' + b);
  }));
  return found;
})
"""


@pytest.mark.parametrize("name", ENDINGS)
def test_nothing_is_fetched_and_nothing_is_complained_about(
    tab: Any, report_sample: ModuleType, tmp_path: Path, name: str
) -> None:
    tab.show(write_report(report_sample.ENDINGS[name](), tmp_path / "page.html"), width=1280)
    assert len(tab.seen("Network.requestWillBeSent")) == 1
    assert tab.seen("Log.entryAdded") == []
    assert tab.seen("Runtime.consoleAPICalled") == []


@pytest.mark.parametrize("width", [320, 420, 650, 780, 1280])
@pytest.mark.parametrize("name", ENDINGS)
def test_no_width_makes_the_page_scroll_sideways(
    tab: Any, report_sample: ModuleType, tmp_path: Path, name: str, width: int
) -> None:
    tab.show(write_report(report_sample.ENDINGS[name](), tmp_path / "page.html"), width=width)
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.evaluate("innerWidth") == width
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 420, 1280])
@pytest.mark.parametrize("name", ["accepted", "rejected", "inconclusive", "wide", "witnessed"])
def test_no_label_of_a_drawing_covers_another(
    tab: Any, report_sample: ModuleType, tmp_path: Path, name: str, width: int
) -> None:
    tab.show(write_report(report_sample.ENDINGS[name](), tmp_path / "page.html"), width=width)
    assert tab.evaluate(OVERLAPS) == []


def test_the_page_follows_the_readers_colour_scheme(tab: Any, report_sample: ModuleType, tmp_path: Path) -> None:
    page = write_report(report_sample.accepted(), tmp_path / "page.html")
    grounds = []
    for dark in (False, True):
        tab.show(page, width=1280, dark=dark)
        grounds.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(252, 251, 248)", "rgb(21, 23, 26)"]


def test_the_order_of_the_histogram_can_be_chosen_without_a_script(
    tab: Any, report_sample: ModuleType, tmp_path: Path
) -> None:
    tab.show(write_report(report_sample.accepted(), tmp_path / "page.html"), width=1280)
    shown = "['.by-baseline', '.by-natural'].map(s => document.querySelector(s).getBoundingClientRect().height > 0)"
    assert tab.evaluate(shown) == [True, False]
    tab.evaluate("document.querySelector('[for=order-natural]').click()")
    assert tab.evaluate(shown) == [False, True]


def test_a_telephone_gets_the_drawings_made_for_it(tab: Any, report_sample: ModuleType, tmp_path: Path) -> None:
    page = write_report(report_sample.accepted(), tmp_path / "page.html")
    for width, viewbox in ((1280, "0 0 960"), (420, "0 0 400")):
        tab.show(page, width=width)
        boxes = tab.evaluate(
            "[...document.querySelectorAll('#story svg')].filter(s => s.getBoundingClientRect().width)"
            ".map(s => s.getAttribute('viewBox'))"
        )
        assert len(boxes) == 3
        assert all(box.startswith(viewbox) for box in boxes)


def test_a_screen_reader_hears_headings_and_pictures(tab: Any, report_sample: ModuleType, tmp_path: Path) -> None:
    tab.show(write_report(report_sample.accepted(), tmp_path / "page.html"), width=1280)
    nodes = [node for node in tab.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    names = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
    assert ("heading", "Why it was accepted") in names
    assert any(role == "image" and name.startswith("Distance from the baseline.") for role, name in names), names
    assert any(role == "image" and name.startswith("Histogram of outcomes.") for role, name in names)
    assert any(role == "image" and name.startswith("Distribution of scores.") for role, name in names)
    assert all(name for role, name in names if role in {"image", "link", "region", "radio", "heading"})


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["accepted", "inconclusive", "wide", "witnessed"])
def test_the_picture_to_pass_on_follows_its_reader_and_covers_nothing(
    tab: Any, report_sample: ModuleType, tmp_path: Path, name: str, dark: bool
) -> None:
    evidence = report_sample.ENDINGS[name]().evidence
    picture = write_figure(evidence, tmp_path / "result.svg", title="job_7f3k9m2qxa on fake_torino: verdict accept")
    tab.show(picture, width=1040, dark=dark)
    assert len(tab.seen("Network.requestWillBeSent")) == 1
    assert tab.evaluate("getComputedStyle(document.querySelector('.ground')).fill") == (
        "rgb(21, 23, 26)" if dark else "rgb(252, 251, 248)"
    )
    assert tab.evaluate(OVERLAPS) == []
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    assert any(node.get("name", {}).get("value", "").startswith("job_7f3k9m2qxa on fake") for node in nodes)


def test_a_hostile_spec_runs_nothing(tab: Any, report_sample: ModuleType, tmp_path: Path) -> None:
    attack = "</pre></style><script>window.taken = 1</script><img src=x onerror='window.taken = 1'>"
    view = dataclasses.replace(report_sample.accepted(), title=attack, spec_yaml=attack, notes=(attack,))
    tab.show(write_report(view, tmp_path / "page.html"), width=1280)
    assert tab.evaluate("window.taken") is None
    assert tab.evaluate("document.querySelectorAll('script, img').length") == 0
    assert tab.evaluate("document.querySelector('h1').textContent") == attack

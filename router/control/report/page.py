"""The page: one self-contained HTML file, a pure function of its view. No script, no request, no clock."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from oracle.encoding import CanonicalError, digest_of, units
from oracle.encoding.files import write_whole
from router.control.report.drawings.bound import bound_panel, describe_bounds
from router.control.report.drawings.histogram import AxisOrder, histogram_panel, select
from router.control.report.drawings.scores import describe_scores, scores_panel
from router.control.report.svg import Panel
from router.control.report.timeline import rows, spans_svg
from router.control.report.view import CheckView, EvidenceView, ReportView
from router.control.report.wording import SETTLED, count, gain, headline, interval, often, short, visible

_NARROW_LIMIT = 16  # outcomes drawn on a telephone
_NARROW_WIDTH = 400.0

_TONES = {
    "released": "good",
    "refunded": "calm",
    "split": "warn",
    "disputed": "bad",
    "settled": "good",
    "rejected": "bad",
    "failed": "bad",
    "expired": "warn",
    "cancelled": "calm",
    "accept": "good",
    "reject": "bad",
    "inconclusive": "warn",
    "silence": "warn",
    "ruling": "warn",
}


@dataclass(frozen=True)
class ShownDocument:
    """A JSON document as shown, and whether its text has the digest that is claimed for it."""

    pretty: str
    digest: str
    """What the text's canonical form hashes to; empty if it has no canonical form."""
    matches: bool


def render_report(view: ReportView) -> str:
    """The whole HTML document for `view`, without anything that a browser would have to fetch."""
    return _template().render(
        view=view,
        headline=headline(view),
        checks=view.checks or _usual_checks(view),
        rows=rows(view.timeline),
        spans=Markup(spans_svg(view.timeline)),  # noqa: S704  # svg.py escapes every text it is given
        chart=_chart(view.evidence) if view.evidence else None,
        coverage=often(view.evidence.coverage) if view.evidence else "",
        verdict=_document(view.verdict.document_json, view.verdict.digest) if view.verdict else None,
        spec=_document(view.normalised_json, view.spec_hash) if view.normalised_json else None,
        paid=gain(view, "worker"),
        gas=sum(transaction.gas_used for transaction in view.transactions),
        settled=view.escrow in SETTLED,
    )


def write_report(view: ReportView, path: Path) -> Path:
    """Write the page to `path`, whole or not at all, and return `path`. Raises OSError where that is not possible."""
    write_whole(path, render_report(view).encode())
    return path


@dataclass(frozen=True)
class _Chart:
    """Everything the page draws of a result."""

    bound: Markup | None
    bound_narrow: Markup | None
    why: str
    scores: Markup
    scores_narrow: Markup
    told: str
    by_baseline: Markup | None
    """None, as the two below, if the heaviest outcomes are too light to show anything."""
    natural: Markup | None
    narrow: Markup | None
    drawn: int
    drawn_narrow: int
    baseline_drawn: float
    result_drawn: float


def _chart(seen: EvidenceView) -> _Chart:
    bound, scores, outcomes = seen.bound, seen.scores, seen.distribution
    selection = select(outcomes)
    bars = selection.tells
    return _Chart(
        bound=None if bound is None else _markup(bound_panel(bound)),
        bound_narrow=None if bound is None else _markup(bound_panel(bound, width=_NARROW_WIDTH)),
        why="" if bound is None else describe_bounds(bound),
        scores=_markup(scores_panel(scores)),
        scores_narrow=_markup(scores_panel(scores, width=_NARROW_WIDTH)),
        told=describe_scores(scores),
        by_baseline=_markup(histogram_panel(outcomes)) if bars else None,
        natural=_markup(histogram_panel(outcomes, order=AxisOrder.NATURAL)) if bars else None,
        narrow=_markup(histogram_panel(outcomes, limit=_NARROW_LIMIT, width=_NARROW_WIDTH)) if bars else None,
        drawn=len(selection.drawn),
        drawn_narrow=min(len(selection.drawn), _NARROW_LIMIT),
        baseline_drawn=1 - selection.baseline_left,
        result_drawn=1 - selection.frequency_left,
    )


def _markup(panel: Panel) -> Markup:
    return Markup(panel.svg())  # noqa: S704  # svg.py escapes every text it is given


def _document(text: str, claimed: str) -> ShownDocument:
    try:
        value = json.loads(text)
    except ValueError:
        return ShownDocument(text, "", matches=False)
    pretty = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    try:
        digest = digest_of(value)
    except CanonicalError:
        return ShownDocument(pretty, "", matches=False)
    return ShownDocument(pretty, digest, digest == claimed)


def _usual_checks(view: ReportView) -> tuple[CheckView, ...]:
    return (
        CheckView(
            f"compute quantum inspect {view.job} --artifacts",
            "lists every artifact of this job with its digest, and reads each one again to check it",
        ),
        CheckView(
            f"compute quantum validate {view.job}",
            "recomputes the verdict from the stored shots and the baseline, and compares it with the one signed",
        ),
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("router.control.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "short": short,
        "units": units,
        "count": count,
        "interval": interval,
        "tone": lambda name: _TONES.get(name.lower(), "calm"),
    }
    return environment.get_template("report.html")

"""The page: one self-contained HTML file, a pure function of its view. No script, no request, no clock."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from oracle.encoding import CanonicalError, digest_of
from router.report.bound import bound_svg, describe_bounds
from router.report.histogram import LIMIT, Order, histogram_svg, select
from router.report.timeline import rows, spans_svg
from router.report.view import CheckView, DistributionView, ReportView
from router.report.wording import SETTLED, count, gain, headline, short, units, visible

_NARROW_LIMIT = 16  # outcomes drawn on a telephone
_NARROW_WIDTH = 400.0
_TABLE_LIMIT = 1024  # rows of the outcome table: one for each of 10 bits

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
class Document:
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
        chart=_chart(view.distribution) if view.distribution else None,
        verdict=_document(view.verdict.document_json, view.verdict.digest) if view.verdict else None,
        spec=_document(view.normalised_json, view.spec_hash) if view.normalised_json else None,
        paid=gain(view, "worker"),
        gas=sum(transaction.gas_used for transaction in view.transactions),
        settled=view.escrow in SETTLED,
    )


def write_report(view: ReportView, path: Path) -> Path:
    """Write the page to `path`, whole or not at all, and return `path`. Raises OSError where that is not possible."""
    page = render_report(view).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(page)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return path


@dataclass(frozen=True)
class _Chart:
    """Everything the page draws of a distribution."""

    by_baseline: Markup
    natural: Markup
    narrow: Markup
    bound: Markup
    bound_narrow: Markup
    why: str
    outcomes: int
    drawn: int
    drawn_narrow: int
    table: tuple[int, ...]
    table_left_out: int


def _chart(seen: DistributionView) -> _Chart:
    outcomes = len(seen.baseline)
    table = tuple(range(outcomes)) if outcomes <= _TABLE_LIMIT else select(seen, limit=_TABLE_LIMIT).drawn
    return _Chart(
        by_baseline=Markup(histogram_svg(seen)),  # noqa: S704  # as above, for all five
        natural=Markup(histogram_svg(seen, order=Order.NATURAL)),  # noqa: S704
        narrow=Markup(histogram_svg(seen, limit=_NARROW_LIMIT, width=_NARROW_WIDTH)),  # noqa: S704
        bound=Markup(bound_svg(seen)),  # noqa: S704
        bound_narrow=Markup(bound_svg(seen, width=_NARROW_WIDTH)),  # noqa: S704
        why=describe_bounds(seen),
        outcomes=outcomes,
        drawn=min(outcomes, LIMIT),
        drawn_narrow=min(outcomes, _NARROW_LIMIT),
        table=table,
        table_left_out=outcomes - len(table),
    )


def _document(text: str, claimed: str) -> Document:
    try:
        value = json.loads(text)
    except ValueError:
        return Document(text, "", matches=False)
    pretty = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    try:
        digest = digest_of(value)
    except CanonicalError:
        return Document(pretty, "", matches=False)
    return Document(pretty, digest, digest == claimed)


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
        loader=jinja2.PackageLoader("router.report"),
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
        "tone": lambda name: _TONES.get(name.lower(), "calm"),
    }
    return environment.get_template("report.html")

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
from router.control.report.drawings import DRAWINGS
from router.control.report.timeline import rows, spans_svg
from router.control.report.view import CheckView, EvidenceView, ReportView
from router.control.report.wording import SETTLED, count, gain, headline, interval, often, short, visible

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
        drawings=_drawings(view.evidence) if view.evidence else (),
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


def _drawings(seen: EvidenceView) -> list[tuple[str, object]]:
    """Of each drawing its part of the page, and what that shows."""
    return [(f"drawings/{each.name}.html", each.shown(seen)) for each in DRAWINGS]


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

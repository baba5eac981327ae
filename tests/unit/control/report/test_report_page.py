"""The page's structure, its story, and what a hostile spec can do to it (nothing)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from router.control.report import (
    BalanceView,
    EvidenceView,
    OutcomeView,
    ReportView,
    VerdictView,
    ViewInconsistent,
    render_report,
    write_report,
)
from router.control.report.wording import interval

VOID = {"meta", "input", "link", "img", "br", "hr", "base", "source", "embed"}
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-->]]></style></svg><iframe src=https://evil.example>",
    "{{ 7 * 7 }}{% include 'report.css' %}",
)


class Page(HTMLParser):
    """A parser that is stricter than a browser: every element that opens must close, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute of <{tag}> is written twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_of(view: ReportView) -> Page:
    return Page(render_report(view))


def test_every_ending_gives_a_well_formed_page(ending: ReportView) -> None:
    page = page_of(ending)
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert ending.job in page.words
    assert "None" not in page.words
    assert "Undefined" not in page.words


def test_headings_never_skip_a_level(ending: ReportView) -> None:
    levels = [int(tag[1]) for tag, _ in page_of(ending).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def test_every_reference_inside_the_page_resolves(ending: ReportView) -> None:
    elements = page_of(ending).elements
    ids = [value for _, attrs in elements if (value := attrs.get("id"))]
    assert len(ids) == len(set(ids))
    wanted = [attrs["href"] for tag, attrs in elements if tag == "a"]
    wanted += ["#" + value for _, attrs in elements for key in ("aria-labelledby", "for") if (value := attrs.get(key))]
    assert {str(link).removeprefix("#") for link in wanted} <= set(ids)


def test_the_page_loads_and_runs_nothing(ending: ReportView) -> None:
    html = render_report(ending)
    page = Page(html)
    for tag, attrs in page.elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "form", "foreignobject"}
        for name, value in attrs.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"src", "srcset", "action", "style", "xlink:href"}, (tag, name)
            if name == "href":
                assert str(value).startswith("#"), value
    assert "url(" not in html
    assert "@import" not in html
    policy = next(a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    assert str(policy).startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_pictures_have_names_and_descriptions(ending: ReportView) -> None:
    for tag, attrs in page_of(ending).elements:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert len(str(attrs["aria-label"])) > 20


def hostile(value: Any, text: str) -> Any:
    """`value` with `text` in place of every string inside it, however deep."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(hostile(item, text) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return dataclasses.replace(value, **{name: hostile(getattr(value, name), text) for name in names})
    return value


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from strings(getattr(value, field.name))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_view_becomes_markup(accepted: ReportView, payload: str) -> None:
    view = hostile(accepted, payload)
    assert set(strings(view)) == {payload}
    html = render_report(view)
    assert payload not in html
    page = Page(html)
    plain = {tag for tag, _ in page_of(accepted).elements}
    assert {tag for tag, _ in page.elements} <= plain | {"b"}
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    assert page.words.count(" ".join(payload.split())) > 20
    assert " 49 " not in page.words


@pytest.mark.parametrize(
    ("text", "shown"),
    [("abc\u202ecba", "abc\\u202ecba"), ("a\u200bb", "a\\u200bb"), ("a\x00b", "a\\u0000b"), ("a\udc80b", "a\\udc80b")],
)
def test_characters_that_do_not_show_are_written_out(
    accepted: ReportView, tmp_path: Path, text: str, shown: str
) -> None:
    view = dataclasses.replace(accepted, title=text, spec_yaml=text)
    written = write_report(view, tmp_path / "page.html").read_text()
    assert text not in written
    assert written.count(shown) >= 3


def test_the_page_is_a_function_of_its_view(accepted: ReportView, sample: ModuleType) -> None:
    assert render_report(accepted) == render_report(sample.accepted())


def test_writing_leaves_one_whole_file(accepted: ReportView, tmp_path: Path) -> None:
    target = tmp_path / "reports" / "job.html"
    assert write_report(accepted, target) == target
    assert write_report(accepted, target).read_text() == render_report(accepted)
    assert [entry.name for entry in target.parent.iterdir()] == ["job.html"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(accepted: ReportView, tmp_path: Path) -> None:
    (tmp_path / "job.html").mkdir()
    with pytest.raises(OSError, match=r"job\.html"):
        write_report(accepted, tmp_path / "job.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["job.html"]


def test_a_fake_device_is_announced_and_hardware_is_not(accepted: ReportView) -> None:
    assert "Simulated, not hardware." in page_of(accepted).words
    real = page_of(dataclasses.replace(accepted, hardware=True, device_label="ibm_torino")).words
    assert "Simulated" not in real
    assert "Ran on quantum hardware: ibm_torino" in real


def test_a_document_that_does_not_have_its_digest_raises_an_alarm(accepted: ReportView) -> None:
    assert "does not agree" not in page_of(accepted).words
    assert accepted.verdict is not None
    other = dataclasses.replace(accepted.verdict, document_json='{"outcome":"REJECT"}')
    page = page_of(dataclasses.replace(accepted, verdict=other))
    assert "The digest does not agree." in page.words
    assert [attrs for _, attrs in page.elements if attrs.get("role") == "alert"]


@pytest.mark.parametrize("text", ["{", '{"eps": 0.25}', '{"n": 36028797018963968}'])
def test_a_document_without_a_canonical_form_raises_an_alarm(accepted: ReportView, text: str) -> None:
    verdict = VerdictView("ACCEPT", "0x" + "00" * 32, (), text)
    assert "could not be checked" in page_of(dataclasses.replace(accepted, verdict=verdict)).words


def test_a_changed_spec_raises_an_alarm(accepted: ReportView) -> None:
    page = page_of(dataclasses.replace(accepted, normalised_json='{"budget":"1"}'))
    assert "The digest does not agree." in page.words


def test_every_reason_remedy_transaction_and_balance_is_on_the_page(accepted: ReportView, sample: ModuleType) -> None:
    words = page_of(accepted).words
    assert accepted.route is not None
    for candidate in accepted.route.candidates:
        for reason in (candidate.name, *candidate.for_, *candidate.against):
            assert reason in words
    for transaction in accepted.transactions:
        assert transaction.hash in words
        assert f"{transaction.gas_used:,}" in words
    assert f"{sum(t.gas_used for t in accepted.transactions):,}" in words
    for attestation in accepted.attestations:
        assert attestation.signature in words
    assert "975,000,000,000,000,000,000" in words
    assert "+25.00 tUSD" in words
    assert "−25.00 tUSD" in words
    refused = page_of(sample.denied()).words
    assert "1 of 2 gates refused." in refused
    assert "raise the policy's bound" in refused


def test_a_job_without_distribution_or_verdict_says_so(sample: ModuleType) -> None:
    words = page_of(sample.cancelled()).words
    assert "There is no result to show" in words
    assert "There is no verdict: the escrow ended without one." in words
    assert "Nothing was paid and nothing was locked." in page_of(sample.denied()).words


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "accepted",
            "Paid: 25.00 tUSD to the worker because 3 of 3 validators accepted the result: its distance from the"
            " baseline is certified to be below 0.136, and below 0.25 was asked.",
        ),
        (
            "rejected",
            "Refunded: the budget went back to the payer because 3 of 3 validators rejected the result: its distance"
            " from the baseline is certified to be above 0.561, and an honest worker's stays below 0.25.",
        ),
        (
            "inconclusive",
            "Split: 12.50 tUSD to the worker, the rest to the payer because 3 of 3 validators found the result"
            " inconclusive: its distance from the baseline lies between 0.161 and 0.259.",
        ),
        (
            "witnessed",
            "Paid: 25.00 tUSD to the worker because 3 of 3 validators accepted the result: 83.8% of its shots are"
            " outcomes that the circuit favours, and 78.5% was asked.",
        ),
        ("silent", "Split: 12.50 tUSD to the worker, the rest to the payer without a verdict."),
        (
            "cancelled",
            "Refunded: the budget went back to the payer because the job was cancelled before a verdict.",
        ),
        ("denied", "No money was locked: the job was rejected because the baseline is 0.31 away."),
        ("bare", "No money is locked yet: the job is created."),
    ],
)
def test_the_ending_is_told_in_one_sentence(sample: ModuleType, name: str, sentence: str) -> None:
    assert sentence in page_of(sample.ENDINGS[name]()).words


def test_an_unsigned_verdict_is_never_told_as_the_validators_word(accepted: ReportView) -> None:
    words = page_of(dataclasses.replace(accepted, attestations=())).words
    assert "with a verdict of accept that nobody has signed." in words
    assert "validators accepted" not in words


def test_a_validator_that_signed_twice_counts_once(accepted: ReportView) -> None:
    twice = dataclasses.replace(accepted, attestations=(accepted.attestations[0],) * 2)
    assert "1 of 3 validators accepted" in page_of(twice).words


def test_money_is_exact_and_has_no_decimals_where_the_token_has_none(accepted: ReportView) -> None:
    view = dataclasses.replace(accepted, balances=(BalanceView("worker", "", 0, 10**18 + 1),))
    assert "1.000000000000000001 tUSD" in page_of(view).words
    view = dataclasses.replace(accepted, token_decimals=0, balances=(BalanceView("worker", "", 0, 1_234),))
    assert "+1,234 tUSD" in page_of(view).words


def test_times_are_shown_in_utc(accepted: ReportView) -> None:
    moved = dataclasses.replace(accepted.timeline[0], at=datetime.fromisoformat("2026-06-03T11:14:02+02:00"))
    view = dataclasses.replace(accepted, timeline=(moved, *accepted.timeline[1:]))
    assert render_report(view) == render_report(accepted)


def changed(seen: EvidenceView, part: str, change: dict[str, Any]) -> None:
    dataclasses.replace(getattr(seen, part), **change)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("distribution", {"shots": 3_999}, "counts sum to 4000"),
        ("distribution", {"shots": 4_001}, "counts sum to 4000"),
        ("distribution", {"shots": 0}, "at least one shot"),
        ("distribution", {"bits": 4}, "ascending outcomes of 4 bits"),
        ("distribution", {"rows": ()}, "ascending outcomes of 5 bits"),
        ("distribution", {"rows": (OutcomeView(1, 0.5, 4_000, 0.2, 0.9),)}, "does not hold 4000 of 4000"),
        ("distribution", {"rows": (OutcomeView(1, 1.1, 4_000, 0.9, 1.0),)}, "baseline sums to 1.1"),
        ("bound", {"upper": 0.1}, "do not enclose"),
        ("scores", {"result": (0.5,)}, "result is empty, falls, or has another length"),
        ("scores", {"scores": (2.0, 1.0)}, "scores is empty, falls, or has another length"),
    ],
)
def test_what_contradicts_itself_is_refused(
    seen: EvidenceView, part: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ViewInconsistent, match=message):
        changed(seen, part, change)


def test_outcomes_out_of_order_or_twice_are_refused(seen: EvidenceView) -> None:
    rows = seen.distribution.rows
    for other in (rows[::-1], (*rows[:-1], rows[0])):
        with pytest.raises(ViewInconsistent, match="distinct, ascending"):
            changed(seen, "distribution", {"rows": other})


def test_every_figure_is_shown_with_its_interval_and_what_it_rests_on(accepted: ReportView) -> None:
    assert accepted.evidence is not None
    words = page_of(accepted).words
    assert "Descriptive; none of them decides anything." in words
    assert "at least 98 times in 100" in words
    assert len(accepted.evidence.figures) == 5
    for figure in accepted.evidence.figures:
        told = f"{figure.name} {figure.by} {figure.value:.4f} {interval(figure.low, figure.high)} {figure.ideal:.4f}"
        assert told in words


def test_the_ends_of_an_interval_are_rounded_outwards() -> None:
    assert interval(0.12349, 0.56781) == "0.1234 to 0.5679"
    assert interval(-0.00001, 1.00001) == "-0.0001 to 1.0001"
    assert interval(0.25, 0.75) == "0.2500 to 0.7500"


def test_a_witness_s_report_shows_scores_and_says_why_there_are_no_bars(sample: ModuleType) -> None:
    page = page_of(sample.witnessed())
    assert "No outcome stands out of 4,096 outcomes" in page.words
    assert "this certificate accepts." in page.words
    assert "by bitstring" not in page.words
    names = [str(attrs["aria-label"]).partition(".")[0] for tag, attrs in page.elements if tag == "svg"]
    assert names.count("Distribution of scores") == 2
    assert "Histogram of outcomes" not in names


def test_the_reason_told_is_the_one_that_ended_the_job_and_not_a_later_event(sample: ModuleType) -> None:
    denied = sample.denied()
    later = dataclasses.replace(denied.timeline[-1], kind="Refunded", reason="money came back")
    view = dataclasses.replace(denied, timeline=(*denied.timeline, later))
    assert "the job was rejected because the baseline is 0.31 away." in page_of(view).words


def test_the_case_of_an_outcome_changes_nothing_but_its_own_letters(accepted: ReportView) -> None:
    assert accepted.verdict is not None
    lower = dataclasses.replace(accepted, verdict=dataclasses.replace(accepted.verdict, outcome="accept"))
    assert render_report(lower) == render_report(accepted).replace("</span> ACCEPT</span>", "</span> accept</span>", 2)

"""A report for people, on a terminal of 80 columns. What is left out of it, whole digests and paths, is in the JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from oracle.evidence.checks import CheckResult, EvidenceCheck, EvidenceReport

WIDTH = 80
_WORD = 10
"""Columns of the result."""
_NAME = 15
_DIGEST = re.compile(r"(0x)?\b[0-9a-f]{64}\b|0x[0-9a-f]{64}")
VERDICTS = {
    CheckResult.HOLDS: "All of it holds.",
    CheckResult.OPEN: "Nothing fails, and not all of it can be derived from this file.",
    CheckResult.FAILS: "This is not the evidence of that job.",
}


def verdict_of(report: EvidenceReport) -> CheckResult:
    """FAILS if a check does, else OPEN if one is, else HOLDS."""
    if report.failed:
        return CheckResult.FAILS
    return CheckResult.OPEN if report.open else CheckResult.HOLDS


def lines(report: EvidenceReport) -> Iterator[tuple[CheckResult | None, str, str]]:
    """(result, its word, the rest of the line) of each line; result and word are empty on all but a check's first."""
    yield None, "", f"Evidence of {report.job or 'an unknown job'}"
    yield None, "", f"sha256 {report.sha256.removeprefix('0x')}"
    yield None, "", ""
    for check in report.checks:
        first, *rest = _told(check)
        yield check.result, check.result.value.ljust(_WORD), f"{check.name:<{_NAME}}{first}"
        for line in rest:
            yield None, "", f"{'':{_WORD + _NAME}}{line}"
    yield None, "", ""
    result = verdict_of(report)
    unchecked = [check.name for check in report.checks if check.result is CheckResult.ELSEWHERE]
    if result is CheckResult.HOLDS and unchecked:
        yield None, "", f"All that is checked here holds; {', '.join(unchecked)}: not checked."
    else:
        yield None, "", VERDICTS[result]


def _told(check: EvidenceCheck) -> list[str]:
    width = WIDTH - _WORD - _NAME
    told = wrap(_short(check.finding), width) or [""]
    at = [] if check.member is None else [_short(check.member)]
    at += [] if check.byte is None else [f"byte {check.byte:,}"]
    told += wrap(f"at {', '.join(at)}", width) if at else []
    if check.inputs:
        told += wrap(f"from {_inputs(check.inputs)}", width)
    return told


def _inputs(paths: Sequence[str]) -> str:
    """`paths`, those of one folder counted where they are several."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0] or path, []).append(path)
    return ", ".join(_short(each[0]) if len(each) == 1 else f"{len(each)} in {name}/" for name, each in folders.items())


def _short(text: str | None) -> str:
    """`text` on one line, without control characters, its digests to their first ten digits."""
    line = " ".join((text or "").split())
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return _DIGEST.sub(lambda found: f"{found[0][: 12 if found[0].startswith('0x') else 10]}…", plain)

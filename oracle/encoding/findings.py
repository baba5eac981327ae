"""What is wrong with an input, for people and for machines: where, what, and what to do.

InputRejected carries every finding of one reading, so that nobody has to fix a document one error at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from oracle.encoding.errors import OracleError

_MOST_LINES = 8
"""Further lines that a collapsed finding names."""


@dataclass(frozen=True, order=True)
class Finding:
    """One fault of an input document."""

    path: str
    """Where in the document, as ``quantum.shots``; empty for the document as a whole."""
    line: int | None
    """1-based line in the source text; None where the source has no lines."""
    reason: str
    """What is wrong."""
    remedy: str
    """What to write instead, with an example."""
    exact: tuple[tuple[str, str], ...] = ()
    """Figures that the reason shows rounded, by name, as exact rationals; for programs."""

    def __str__(self) -> str:
        at = [f"line {self.line}"] * (self.line is not None) + [self.path] * bool(self.path)
        return f"{', '.join(at)}{': ' * bool(at)}{self.reason} — {self.remedy}"

    def to_json(self) -> dict[str, object]:
        told = asdict(self)
        del told["exact"]
        return told | ({"exact": dict(self.exact)} if self.exact else {})


class InputRejected(OracleError, ValueError):
    """An input has faults; nothing was stored and nothing was spent."""

    def __init__(self, source: str, findings: Iterable[Finding]) -> None:
        self.source = source
        self.findings = tuple(sorted(findings, key=lambda f: (f.line is None, f.line or 0, f.path)))
        if not self.findings:
            raise AssertionError("an input is rejected for at least one finding")
        super().__init__(f"{source}: " + "; ".join(str(finding) for finding in self.findings))


def collapsed(findings: Iterable[Finding]) -> list[Finding]:
    """`findings`, those that say the same of several lines told once, at the first, with the other lines named."""
    lines: dict[Finding, list[int | None]] = {}
    for finding in findings:
        lines.setdefault(replace(finding, line=None), []).append(finding.line)
    return [
        replace(
            finding,
            line=first,
            reason=f"{finding.reason}{_also([line for line in dict.fromkeys(others) if line != first])}",
        )
        for finding, (first, *others) in lines.items()
    ]


def _also(lines: list[int | None]) -> str:
    numbers = [str(line) for line in lines if line is not None]
    if not numbers:
        return ""
    more = len(numbers) - _MOST_LINES
    named = ", ".join(numbers[:_MOST_LINES]) + (f" and {more} more" if more > 0 else "")
    return f" (and on {'line' if len(numbers) == 1 else 'lines'} {named})"

"""What a verification finds: one check after the other, each with what it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class CheckResult(Enum):
    """How one check ended."""

    HOLDS = "holds"
    """Derived again, and the same."""
    FAILS = "fails"
    """Derived again, and not the same."""
    OPEN = "open"
    """The job has it and the bundle has not all that it follows from."""
    NOTHING = "nothing"
    """The job did not come so far: there is nothing of the kind."""
    ELSEWHERE = "elsewhere"
    """Another command looks at it."""


@dataclass(frozen=True)
class EvidenceCheck:
    """One check."""

    name: str
    result: CheckResult
    finding: str
    """What was found, in a sentence without a full stop."""
    inputs: tuple[str, ...] = ()
    """Members that it was derived from, by path."""
    member: str | None = None
    """Where it fails or is open: the member that does not fit, or the name of what is missing."""
    byte: int | None = None
    """Of that member (of the file, where no member is named): the first byte that does not fit, from 0."""

    def to_json(self) -> dict[str, object]:
        return {
            "check": self.name,
            "result": self.result.value,
            "finding": self.finding,
            "inputs": list(self.inputs),
            "member": self.member,
            "byte": self.byte,
        }


@dataclass(frozen=True)
class EvidenceReport:
    """All checks of one bundle, in their order."""

    job: str | None
    """The job's id, as far as the bundle could be read."""
    escrow_id: str | None
    sha256: str
    """Of the bundle's file."""
    checks: tuple[EvidenceCheck, ...]

    @property
    def failed(self) -> tuple[EvidenceCheck, ...]:
        return self._of(CheckResult.FAILS)

    @property
    def open(self) -> tuple[EvidenceCheck, ...]:
        return self._of(CheckResult.OPEN)

    @property
    def holds(self) -> bool:
        """Whether nothing fails and nothing is open."""
        return not self.failed and not self.open

    def with_checks(self, more: Iterable[EvidenceCheck]) -> EvidenceReport:
        """The same report with further checks behind."""
        return EvidenceReport(self.job, self.escrow_id, self.sha256, (*self.checks, *more))

    def _of(self, result: CheckResult) -> tuple[EvidenceCheck, ...]:
        return tuple(check for check in self.checks if check.result is result)

    def to_json(self) -> dict[str, object]:
        return {
            "job": self.job,
            "escrow_id": self.escrow_id,
            "sha256": self.sha256,
            "holds": self.holds,
            "failed": [check.name for check in self.failed],
            "open": [check.name for check in self.open],
            "checks": [check.to_json() for check in self.checks],
        }

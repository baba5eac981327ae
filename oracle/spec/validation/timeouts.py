"""The stages of a job fit into its total, and into the year that the escrow holds it for."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.spec.faults import Fault
from oracle.spec.sections.course import Timeouts
from oracle.spec.sections.job_types.quantum import Quantum

LONGEST_TOTAL_S = 365 * 86_400 - 86_400
"""The contract's year, less a day between writing the terms and funding them."""


def queue_seconds(timeouts: Timeouts, quantum: Quantum | None) -> int:
    """Seconds a job may wait in a provider's queue: as written, else quantum.max_queue_minutes, else none."""
    if timeouts.queue_s is not None:
        return timeouts.queue_s
    return 60 * quantum.max_queue_minutes if quantum is not None else 0


def timeout_faults(timeouts: Timeouts, quantum: Quantum | None) -> Iterator[Fault]:
    """What is wrong with `timeouts`."""
    queue_s = queue_seconds(timeouts, quantum)
    needed = queue_s + timeouts.execution_s + timeouts.result_s + timeouts.verdict_s
    stages = ("timeouts.queue_s", "timeouts.execution_s", "timeouts.result_s", "timeouts.verdict_s")
    if timeouts.total_s is not None and timeouts.total_s < needed:
        yield Fault(
            "timeouts.total_s",
            (*stages, "quantum.max_queue_minutes"),
            f"the stages take up to {needed} seconds, more than {timeouts.total_s}",
            f"write total_s: {needed}, or leave it out",
        )
    if quantum is not None and queue_s > 60 * quantum.max_queue_minutes:
        minutes = -(-queue_s // 60)
        yield Fault(
            "timeouts.queue_s",
            ("quantum.max_queue_minutes",),
            f"{queue_s} seconds are longer than max_queue_minutes: {quantum.max_queue_minutes}",
            f"leave queue_s out, or write max_queue_minutes: {minutes}",
        )
    if needed > LONGEST_TOTAL_S:
        yield Fault(
            "timeouts",
            (*stages, "quantum.max_queue_minutes"),
            f"the stages take up to {needed} seconds; the escrow holds a job for at most a year",
            f"lower them to {LONGEST_TOTAL_S} in all, for example execution_s: 3600",
        )

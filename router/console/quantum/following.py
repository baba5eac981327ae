"""Following a job: its events as they come, until it ends or nothing can move it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oracle.encoding import Finding
from router.console.screen.commands import Session
from router.console.screen.failures import CommandFailed, Exit

if TYPE_CHECKING:
    from router.control.opening import OperatedHome
    from router.control.report.telling import Money
    from router.protocol.lifecycle import Event, JobRecord

_LOOK_S = 0.25
_STACK_EVERY = 8
"""Looks between two looks at whether the router still runs."""


def follow(session: Session, opened: OperatedHome, job: str, timeout_s: float | None) -> JobRecord:
    """Print every event of `job`, past and coming; returns its record once it has ended.

    Raises CommandFailed for a job that waits for its requester, for a router that does not run, and on timeout.
    """
    from router.console.screen import views
    from router.protocol.lifecycle import apply

    store = opened.store
    printer = Printer(session, views.money_of(opened, store.job(job)))
    record: JobRecord | None = None
    told: str | None = None
    end = None if timeout_s is None else time.monotonic() + timeout_s
    looks = 0
    while True:
        events = store.events(job)
        for event in events[0 if record is None else record.sequence :]:
            record = apply(record, event, events[: event.sequence - 1])
            printer.event(event, record)
        if record is None:
            raise AssertionError("a job has at least one event")
        if record.terminal:
            printer.ended(record)
            return record
        waits = store.waiting_for((job,)).get(job)
        if waits is not None and waits != told:
            printer.waits(record, waits)
        told = waits
        if looks % _STACK_EVERY == 0:
            _check_movable(opened, record)
        if not record.promoted:
            raise AssertionError("an unpromoted job waits for its requester")
        if end is not None and time.monotonic() >= end:
            waiting = "" if waits is None else f" and waits: {waits}"
            reason = f"{job} is {record.state.value} after {timeout_s:g} s{waiting}"
            raise CommandFailed(Exit.DEPENDENCY, Finding("", None, reason, f"`compute quantum watch {job}` goes on"))
        looks += 1
        time.sleep(_LOOK_S)


def _check_movable(opened: OperatedHome, record: JobRecord) -> None:
    """Raise unless something can still happen to the job by itself."""
    from router.console.stack.local import status
    from router.control.operating.explaining import advice

    if not record.promoted:
        following = f"`{advice.promotion(opened, record.job)}`"
        raise CommandFailed(Exit.INPUT, Finding("", None, f"{record.job} waits for its promotion", following))
    alive = {process.name: lives for process, lives in status(opened.home).processes}
    supervised = "router" in alive and alive.get("supervisor", False)  # it is started again, if it does not run
    missing = [name for name in ("anvil", "router") if not alive.get(name) and not (supervised and name == "router")]
    if missing:
        reason = f"{record.job} is {record.state.value}, and {' and '.join(missing)} of this home does not run"
        raise CommandFailed(
            Exit.DEPENDENCY, Finding("", None, reason, "`compute up` starts it; the job goes on from there")
        )


def exit_of(record: JobRecord) -> Exit:
    """OK for a job that was accepted and paid for, else NOT_ACCEPTED."""
    from router.protocol.lifecycle import State, VerdictOutcome

    accepted = record.state is State.SETTLED and record.outcome is VerdictOutcome.ACCEPT
    return Exit.OK if accepted else Exit.NOT_ACCEPTED


class Printer:
    """Events on stdout as they come, as lines for people or as JSON lines."""

    def __init__(self, session: Session, money: Money) -> None:
        import sys

        from router.console.screen.output import console

        self._output = session.output
        self._money = money
        self._screen = console(sys.stdout)
        self._start: Event | None = None

    def line(self, event: Event) -> None:
        """`event` as a line for people."""
        from router.console.screen import views
        from router.console.screen.drawing import moment_line

        self._start = self._start or event
        start = views.moment(self._start, self._money).at
        self._screen.print(moment_line(views.moment(event, self._money), start))

    def event(self, event: Event, record: JobRecord) -> None:
        """`event`, after which the job's record is `record`."""
        if not self._output.as_json:
            self.line(event)
            return
        from router.control.report.telling import said

        line = event.to_json() | {"state": record.state.value, "escrow": record.escrow.value}
        self._output.json_line(line | {"said": said(event, self._money)})

    def waits(self, record: JobRecord, reason: str) -> None:
        """What holds the job back just now; no event, so nobody signed it."""
        if self._output.as_json:
            self._output.json_line({"kind": "waits", "job": record.job, "waiting_for": reason})
            return
        from router.console.screen.output import plain

        self._screen.print(f"{'':>12}  [yellow]waits:[/] {plain(reason)}")

    def ended(self, record: JobRecord) -> None:
        """The last words about a job that has ended."""
        if self._output.as_json:
            return
        from router.console.screen.output import coloured, next_step

        self._screen.print(f"\n{record.job} is {coloured(record.state.value)}; escrow {coloured(record.escrow.value)}")
        if record.promoted and not record.closed:
            self._output.note("[yellow]note[/] the budget is still locked; it returns once submitBy has passed")
        if record.outcome is not None:
            next_step(self._screen, f"compute quantum validate {record.job}")

"""`compute jobs`, `approve`, `deny`, `cancel`, `dispute`, `repair`: the list of jobs, and what people do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oracle.encoding.options import Decimal, Whole
from router.console.screen.commands import Session, command
from router.console.screen.failures import CommandFailed, Exit
from router.console.screen.opening import desk_of, existing, job_argument, job_of, router_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from router.control.opening import OperatedHome
    from router.protocol.lifecycle import JobRecord, State

PARTIES = ("requester", "worker")
"""Who may dispute: the requester's side by its payer, as on-chain."""

_note = click.option("--note", default="", metavar="TEXT", help="Why, in a line; it is recorded with the decision.")


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "jobs", "compute jobs", "compute jobs --state settled --limit 5")
    @click.option("--state", metavar="STATE", default=None, help="Only jobs in this state, such as running or settled.")
    @click.option("--limit", type=Whole(1, 10_000), default=20, show_default=True, help="At most so many.")
    def jobs(session: Session, state: str | None, limit: int) -> None:
        """List jobs, the newest first.

        A job whose stored events are damaged is named below the list, and hides no other.
        """
        wanted = None if state is None else (_state(state),)
        opened = existing(session)
        listing = None if opened is None else opened.store.listing(states=wanted, limit=limit)
        found, damaged = ((), ()) if listing is None else (listing.records, listing.damaged)
        waits = {} if opened is None else _waits(session, opened, found)
        rows = [_row(record, waits.get(record.job)) for record in found]
        bad = [{"job": each.job, "reason": each.reason, "next": f"compute repair {each.job}"} for each in damaged]

        def draw(screen: Console) -> None:
            from router.console.screen.output import plain

            if found or not damaged:
                _draw(screen, found, waits)
            for each in damaged:
                remedy = f"`compute repair {each.job}`"
                screen.print(f"{plain(each.job)} [bold red]damaged:[/] {plain(each.reason)}; {plain(remedy)}")

        for notice in _restarts(session):
            session.output.note(f"[yellow]note[/] {notice}")
        session.output.result({"jobs": rows, "damaged": bad}, draw)

    @command(root, "approve", "compute approve job_8f31 --note 'reviewed the circuit'")
    @job_argument
    @_note
    def approve(session: Session, job: str, note: str) -> None:
        """As the operator, give JOB the approval that a gate asked for.

        JOB may be the beginning of an id. What was missing is recorded as granted, with your note; the job is not
        changed otherwise, and every other gate still holds. Refused where this home also holds the key of the job's
        requester or payer; on a local stack of one person it is given, and says so.
        """
        from router.control.desk import OperatorDesk
        from router.control.operating.approving.rulings import grant
        from router.control.operating.explaining import advice

        opened, record = job_of(session, job)
        remark = grant(OperatorDesk(opened), record.job, note)
        following = advice.following(opened, record) or f"compute quantum inspect {record.job}"
        _said(session, record, "approved", following, remark)

    @command(root, "deny", "compute deny job_8f31 --note 'the budget is too high'")
    @job_argument
    @_note
    def deny(session: Session, job: str, note: str) -> None:
        """As the operator, reject JOB for good.

        JOB may be the beginning of an id. Only a job that nothing was delivered for can be denied.
        """
        from router.control.desk import OperatorDesk
        from router.control.operating.approving.rulings import deny as reject

        opened, record = job_of(session, job)
        reject(OperatorDesk(opened), record.job, note or "no reason given")
        _said(session, record, "denied", f"compute quantum inspect {record.job}")

    @command(root, "cancel", "compute cancel job_8f31")
    @job_argument
    @click.option(
        "--timeout", "timeout_s", type=Decimal(min=0), default=60, show_default=True, metavar="SECONDS",
        help="Wait so long for the worker's answer.",
    )  # fmt: skip
    def cancel(session: Session, job: str, timeout_s: float) -> None:
        """As the requester, call JOB off.

        JOB may be the beginning of an id. Once the budget is locked this takes the worker's signature too, which it
        gives as long as the spec's cancellation policy allows; the budget then goes back to the payer. Exits with 3
        if the worker refuses.
        """
        from router.payer.cancellation import request_cancellation
        from router.payer.desk import PayerDesk
        from router.requester.cancellation import call_off
        from router.requester.desk import RequesterDesk

        opened, record = job_of(session, job)
        session.begun.append(f"the cancellation was asked for and stands: `compute quantum watch {record.job}`")
        if not call_off(RequesterDesk(opened), record.job):
            request_cancellation(PayerDesk(opened), record.job)
        _await_answer(opened, record.job, timeout_s)
        _said(session, record, "called off", f"compute quantum inspect {record.job}")

    @command(root, "dispute", "compute dispute job_8f31", "compute dispute job_8f31 --as worker")
    @job_argument
    @click.option(
        "--as",
        "role",
        type=click.Choice(PARTIES),
        default=PARTIES[0],
        show_default=True,
        help="Who does not accept it.",
    )
    def dispute(session: Session, job: str, role: str) -> None:
        """Dispute what was proposed for JOB, and call on its arbiter.

        JOB may be the beginning of an id. Takes the bond that the terms ask for, 5 % of the budget or more: you have it
        back if the arbiter finds for you or does not rule in time; else half goes to the other party and half is burnt.
        Possible while the challenge window is open, for a job whose spec names an arbiter. Doing it again changes
        nothing.
        """
        from router.console.screen.views import money_of
        from router.payer.dispute import dispute as call_arbiter

        opened, record = job_of(session, job)
        session.begun.append(
            f"the dispute had begun: `compute dispute {record.job}` again ends it, and is made only once"
        )
        made = call_arbiter(desk_of(opened, role), record.job)
        following = f"compute quantum watch {record.job}"
        money = money_of(opened, record)

        def draw(screen: Console) -> None:
            from oracle.encoding.times import time_told
            from router.console.screen.output import next_step, plain

            did = "was disputed already" if made.already else "is disputed"
            screen.print(f"{plain(record.job)} {did}: block {made.block}, {made.tx_hash}, gas {made.gas_used:,}")
            screen.print(f"bond {money(made.bond)}; {made.arbiter} may rule until {time_told(made.open_until)}:")
            screen.print(f"  compute-oracle arbiter show {record.escrow_id}")
            next_step(screen, following)

        payload = {
            "job": record.job,
            "escrow_id": record.escrow_id,
            "tx_hash": made.tx_hash,
            "block": made.block,
            "gas_used": made.gas_used,
            "arbiter": made.arbiter,
            "bond": str(made.bond),
            "open_until": made.open_until,
            "already": made.already,
            "next": following,
        }
        session.output.result(payload, draw)

    @command(root, "repair", "compute repair job_8f31")
    @job_argument
    def repair(session: Session, job: str) -> None:
        """Check what is stored of JOB, and put it back to work.

        JOB may be the beginning of an id. Verifies every event, signatures included, writes the job's row anew from
        them, and lets a quarantined job go on. Exits with 5, changing nothing, if an event or an artifact is damaged
        or missing, and names it: put it back from a backup, then repair again.
        """
        from oracle.encoding import Finding
        from router.console.screen.opening import existing
        from router.control.operating.explaining.repair import faults
        from router.control.store import UnknownJob

        opened = existing(session)
        if opened is None:
            raise UnknownJob(job)
        name = opened.store.find_name(job)
        if found := faults(opened, name):
            raise CommandFailed(Exit.DEPENDENCY, *(Finding("", None, fault.reason, fault.remedy) for fault in found))
        done = opened.store.repair(name)
        following = f"compute quantum inspect {name}" if done.record.closed else f"compute quantum watch {name}"

        def draw(screen: Console) -> None:
            from router.console.screen.output import next_step, plain

            screen.print(f"{plain(name)}: {done.record.sequence} events hold; it is {done.record.state.value}")
            if done.row_differed:
                screen.print("its row differed from its events, and was written anew")
            if done.requests_discarded:
                screen.print(f"{done.requests_discarded} requests that cannot be read were discarded")
            next_step(screen, following)

        payload = {
            "job": name,
            "events": done.record.sequence,
            "row_differed": done.row_differed,
            "requests_discarded": done.requests_discarded,
            "next": following,
        }
        session.output.result(payload, draw)


def _restarts(session: Session) -> Iterator[str]:
    """What of the stack ended by itself and was started again."""
    from router.console.stack.processes import times
    from router.console.stack.recorded import read

    for record in read(session.home).processes:
        if record.restarts:
            again = f"the {record.name} ended and was started again {times(record.restarts)}"
            yield f"{again}, last at {record.restarted_at}; its log {record.log} says why"


def _await_answer(opened: OperatedHome, job: str, timeout_s: float) -> None:
    """Return once the job is called off; raises CommandFailed with the worker's refusal, or without an answer."""
    import json
    import time

    from oracle.encoding import Finding
    from router.protocol.lifecycle import State
    from router.protocol.requests import RequestKind

    end = time.monotonic() + timeout_s
    while opened.store.job(job).state is not State.CANCELLED:
        asked = [request for request in opened.store.requests(job) if request.kind is RequestKind.CANCEL]
        answer = json.loads(asked[-1].answer) if asked and asked[-1].answer else {}
        if "refused" in answer:
            remedy = f"`compute quantum watch {job}` follows it to its end"
            raise CommandFailed(Exit.DENIED, Finding("", None, str(answer["refused"]), remedy))
        if "cancelled" in answer:
            return
        if time.monotonic() >= end:
            reason = f"no answer after {timeout_s:g} s; the request stands, and a running router takes it up"
            raise CommandFailed(
                Exit.DEPENDENCY, Finding("", None, reason, f"`compute up`, then `compute quantum watch {job}`")
            )
        time.sleep(0.2)


def _said(session: Session, record: JobRecord, what: str, following: str, remark: str = "") -> None:
    def draw(screen: Console) -> None:
        from router.console.screen.output import next_step, plain

        screen.print(f"{plain(record.job)}: {what}{', ' if remark else ''}{plain(remark)}")
        next_step(screen, following)

    payload = {"job": record.job, "did": what, "next": following}
    session.output.result(payload | ({"remark": remark} if remark else {}), draw)


def _state(text: str) -> State:
    from oracle.encoding import Finding
    from router.protocol.lifecycle import State

    try:
        return State(text)
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise CommandFailed(Exit.INPUT, Finding("--state", None, f"{text} is no state", f"one of: {known}")) from None


def _waits(session: Session, opened: OperatedHome, found: tuple[JobRecord, ...]) -> dict[str, str]:
    """What each of `found` waits for; those that nothing holds back are left out."""
    from router.control.operating.explaining import advice

    noted = opened.store.waiting_for([record.job for record in found])
    runs = router_runs(session)
    told = {record.job: advice.waits(opened, record, noted.get(record.job), router_runs=runs) for record in found}
    return {job: reason for job, reason in told.items() if reason is not None}


def _row(record: JobRecord, waits: str | None) -> dict[str, object]:
    from router.control.operating.explaining.remarks import is_quarantine

    return {
        "job": record.job,
        "state": record.state.value,
        "waiting_for": waits,
        "quarantined": is_quarantine(waits),
        "escrow": record.escrow.value,
        "outcome": None if record.outcome is None else record.outcome.value,
        "target": record.target or record.requested_target,
        "family": record.family,
        "requester": record.requester,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _draw(screen: Console, found: tuple[JobRecord, ...], waits: Mapping[str, str]) -> None:
    from datetime import UTC, datetime

    from router.console.screen.output import coloured, next_step, plain, table
    from router.control.report.wording import duration
    from router.protocol.lifecycle import parse_at

    if not found:
        screen.print("No jobs.")
        next_step(screen, "compute quantum init optimizer-demo")
        return
    now = datetime.now(UTC)
    grid = table("job", "state", "escrow", "verdict", "target", "family", "updated", whole=("job", "state", "escrow"))
    for record in found:
        grid.add_row(
            plain(record.job),
            coloured(record.state.value),
            coloured(record.escrow.value),
            coloured(record.outcome.value) if record.outcome else "",
            plain(record.target or record.requested_target or ""),
            plain(record.family or ""),
            f"{duration(max(0.0, (now - parse_at(record.updated_at)).total_seconds()))} ago",
        )
    screen.print(grid)
    for record in found:
        if record.job in waits:
            screen.print(f"{plain(record.job)} [yellow]waits:[/] {plain(waits[record.job])}")

"""`compute up`, `compute down`, `compute demo`: the local stack, and one whole job on a throw-away one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oracle.encoding.options import Whole
from router.console.quantum.following import Printer
from router.console.screen.commands import Session, command
from router.extras import require

if TYPE_CHECKING:
    from rich.console import Console

    from router.console.stack.demo import DemoResult
    from router.console.stack.local import StackStatus

ENDINGS = ("accepted", "rejected", "refunded", "silence", "cancelled")
"""The values of router.console.stack.endings.Ending, which a test compares: importing it here would make help slow."""

DEMO = "demo"
"""Folder below the home in which the demonstration's own home lies."""


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "demo", "compute demo", "compute demo --ending rejected")
    @click.option(
        "--ending", type=click.Choice(ENDINGS), default=ENDINGS[0], show_default=True, help="How the job is to end."
    )
    @click.option("--seed", type=Whole(0, 2**31 - 1), default=None, help="Of the simulated device; drawn if left out.")
    def demo(session: Session, ending: str, seed: int | None) -> None:
        """Run one job from spec to payment, on a stack of its own.

        Real parts except the quantum device, which is simulated with the noise of one: a local chain, the contracts,
        a router, three validators, and a verdict that decides the payment. Your own stack is not touched, and
        nothing keeps running. Leaves a report to open in a browser, and the job's evidence in one file.
        """
        require("router", "worker", "ibm")
        from router.console.quantum.scaffold import write_job
        from router.console.screen.views import money_of_home
        from router.console.stack.demo import run_demo
        from router.console.stack.endings import Ending
        from router.settings import Home

        home = Home(session.home.root / DEMO)
        session.begun.append("the demonstration and its stack were ended; your own stack was not touched")
        printer = Printer(session, money_of_home(home))
        result = run_demo(
            home,
            Ending(ending),
            lambda folder: write_job(folder)[0],
            session.output.log,
            (lambda _event: None) if session.output.as_json else printer.line,
            seed=seed,
        )
        session.output.result(result.to_json(), lambda screen: _draw_demo(screen, result))

    @command(root, "up", "compute up", "compute up --home ./elsewhere")
    def up(session: Session) -> None:
        """Start the local stack: chain, contracts, router, validators.

        It runs until `compute down`, keeps its state, and belongs to this home alone. Repeating it starts what does
        not run.
        """
        require("router", "worker")
        from router.console.stack.local import up as start

        session.begun.append("what was started runs on: `compute up` starts the rest, `compute down` ends it")
        status = start(session.home, session.output.log)
        session.output.result(_status_json(session, status), lambda screen: _draw_status(screen, session, status))

    @command(root, "down", "compute down")
    def down(session: Session) -> None:
        """Stop the local stack. Jobs, keys and the chain's state stay."""
        from router.console.stack.local import down as stop
        from router.console.stack.local import status

        session.begun.append("some processes may still run: `compute down` ends the rest")
        ended = stop(session.home, session.output.log) if session.home.stack.is_file() else 0
        payload = {"stopped": ended, **_status_json(session, status(session.home))}

        def draw(screen: Console) -> None:
            from router.console.screen.output import next_step, plain

            screen.print(f"{ended} stopped in {plain(session.home.root)}" if ended else "Nothing was running.")
            next_step(screen, "compute up")

        session.output.result(payload, draw)


def _status_json(session: Session, status: StackStatus) -> dict[str, object]:
    return {
        "home": str(session.home.root),
        "running": status.running,
        "rpc_url": status.rpc_url,
        "processes": [
            {"name": process.name, "pid": process.pid, "alive": lives} for process, lives in status.processes
        ],
    }


def _draw_status(screen: Console, session: Session, status: StackStatus) -> None:
    from router.console.screen.output import next_step, plain, table

    grid = table("process", "pid", "", numbers=("pid",))
    for process, lives in status.processes:
        grid.add_row(plain(process.name), str(process.pid), "[green]runs[/]" if lives else "[bold red]gone[/]")
    screen.print(grid)
    screen.print(f"\nchain {plain(status.rpc_url or '')}, home {plain(session.home.root)}")
    next_step(screen, "compute quantum init optimizer-demo")


def _draw_demo(screen: Console, result: DemoResult) -> None:
    from router.console.screen.output import coloured, facts, plain, table
    from router.control.report.telling import in_token

    money = in_token(result.token_symbol, result.token_decimals)
    record = result.record
    screen.print()
    grid = table("transaction", "block", "gas", "hash", numbers=("block", "gas"))
    for transaction in result.transactions:
        grid.add_row(plain(transaction.name), f"{transaction.block:,}", f"{transaction.gas_used:,}", transaction.hash)
    screen.print(grid)
    screen.print()
    grid = table("balance", "before", "after", numbers=("before", "after"))
    for role, balance in result.balances.items():
        grid.add_row(plain(role), money(balance.before), money(balance.after))
    screen.print(grid)
    screen.print()
    verdict = "none" if result.verdict is None else f"{result.verdict['outcome']}, document {result.verdict['digest']}"
    facts(
        screen,
        [
            ("job", record.job),
            ("verdict", verdict),
            ("attested by", f"{len(result.attestations)} validators"),
            ("report", result.report),
            ("evidence", f"{result.evidence}, checked by `compute verify`"),
        ],
    )
    screen.print(f"\n{plain(record.job)} is {coloured(record.state.value)}; escrow {coloured(record.escrow.value)}")

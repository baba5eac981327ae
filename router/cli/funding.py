"""`compute fund`: lock a job's budget in the escrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.cli.commands import Session, command
from router.cli.opening import job_argument, job_of

if TYPE_CHECKING:
    from rich.console import Console

    from router.report.telling import Money
    from router.workflows.promote import Funding


def register(root: click.Group) -> None:
    """Add the command to `root`."""

    @command(root, "fund", "compute fund job_8f31")
    @job_argument
    def fund(session: Session, job: str) -> None:
        """Lock the budget of JOB in the escrow contract.

        JOB may be the beginning of an id. The payer's key of this home signs; `compute quantum promote` does the same
        on a local chain. Doing it again changes nothing: the money is locked once.
        """
        from router.cli.views import money_of
        from router.workflows.promote import fund as lock

        workspace, record = job_of(session, job)
        funding = lock(workspace, record.job)
        money = money_of(workspace)
        following = f"compute quantum watch {record.job}"

        def draw(screen: Console) -> None:
            from router.cli.output import next_step

            draw_funding(screen, funding, money)
            next_step(screen, following)

        session.output.result({"job": record.job, **funding_json(funding), "next": following}, draw)


def funding_json(funding: Funding) -> dict[str, object]:
    """The funding as JSON; the amount is text, in base units."""
    return {
        "tx_hash": funding.tx_hash,
        "block": funding.block,
        "gas_used": funding.gas_used,
        "amount": str(funding.amount),
        "already": funding.already,
    }


def draw_funding(screen: Console, funding: Funding, money: Money) -> None:
    """One line: what was locked, and where anybody can see it."""
    did = "was locked already" if funding.already else "locked in the escrow"
    screen.print(f"{money(funding.amount)} {did}: block {funding.block}, {funding.tx_hash}, gas {funding.gas_used:,}")

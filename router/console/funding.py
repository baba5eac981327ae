"""`compute fund`, `credits`, `withdraw`: a job's budget into the escrow, and out of it what it could not push."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.console.screen.commands import Session, command
from router.console.screen.opening import desk_of, job_argument, job_of

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.chain.deployment import Deployment
    from router.control.opening import OperatedHome
    from router.control.report.telling import Money
    from router.payer.funding import Funding
    from router.payer.withdrawals import Withdrawal

ROLES = ("requester", "worker", "operator")
"""Those of router.payer.withdrawals, which a test compares: importing it here would make help slow."""

_other_tokens = click.option(
    "--token", "others", multiple=True, metavar="ADDRESS",
    help="Look at this token too; native coin and the deployment's token are always looked at. May be repeated.",
)  # fmt: skip


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "fund", "compute fund job_8f31")
    @job_argument
    def fund(session: Session, job: str) -> None:
        """Lock the budget of JOB in the escrow contract.

        JOB may be the beginning of an id. The payer's key of this home signs; `compute quantum promote` does the same
        on a local chain. Doing it again changes nothing: the money is locked once.
        """
        from router.console.screen.views import money_of
        from router.payer.desk import PayerDesk
        from router.payer.funding import fund as lock

        opened, record = job_of(session, job)
        session.begun.append(f"the funding had begun: `compute fund {record.job}` again ends it, and locks only once")
        funding = lock(PayerDesk(opened), record.job)
        money = money_of(opened, record)
        following = f"compute quantum watch {record.job}"

        def draw(screen: Console) -> None:
            from router.console.screen.output import next_step

            draw_funding(screen, funding, money)
            next_step(screen, following)

        session.output.result({"job": record.job, **funding_json(funding), "next": following}, draw)

    @command(root, "credits", "compute credits")
    @_other_tokens
    def show_credits(session: Session, others: tuple[str, ...]) -> None:
        """Show what the escrow owes the accounts of this home.

        A payment that its receiver or the token refused is no reason to hold a settlement up: the escrow keeps it as
        a credit, for `compute withdraw` to take out.
        """
        from router.console.screen.output import next_step, plain, table
        from router.console.screen.views import money_in
        from router.payer import withdrawals

        opened = _with_stack(session)
        found = withdrawals.owed(opened, withdrawals.tokens_of(opened, others))
        following = f"compute withdraw --as {found[0].role}" if found else "compute jobs"
        rows = [
            {"role": each.role, "account": each.account, "token": each.token, "amount": str(each.amount)}
            for each in found
        ]

        def draw(screen: Console) -> None:
            if not found:
                screen.print("The escrow owes nobody here anything.")
            else:
                grid = table("role", "account", "credit", numbers=("credit",))
                for each in found:
                    grid.add_row(
                        plain(each.role),
                        plain(each.account),
                        plain(money_in(opened.deployment, each.token)(each.amount)),
                    )
                screen.print(grid)
            next_step(screen, following)

        session.output.result({"credits": rows, "next": following}, draw)

    @command(
        root,
        "withdraw",
        "compute withdraw",
        "compute withdraw --as worker --to 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    )
    @click.option(
        "--as", "role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="Whose credit it is."
    )
    @click.option("--to", metavar="ADDRESS", default=None, help="Who receives it. [default: the account itself]")
    @_other_tokens
    def withdraw(session: Session, role: str, to: str | None, others: tuple[str, ...]) -> None:
        """Take out what the escrow could not pay an account of this home.

        All of it, in each token. Where the account itself cannot receive, name another with --to: an address typed
        wrongly is refused, and so is one where nobody could move the money. Doing it again finds nothing left.
        """
        from router.console.screen.output import next_step, plain
        from router.payer import withdrawals

        opened = _with_stack(session)
        deployment = opened.deployment
        made: list[Withdrawal] = []
        session.begun.append("a withdrawal may have been sent: `compute credits` says what is left")
        try:
            for each in withdrawals.withdraw(desk_of(opened, role), withdrawals.tokens_of(opened, others), to):
                made.append(each)  # one by one: an error must not take those before it along
        except BaseException:
            for each in made:  # in one token, before another failed, or before the user had enough
                session.output.log(_withdrawn(each, deployment))
            raise
        rows = [
            {
                "token": each.token,
                "to": each.to,
                "amount": str(each.amount),
                "tx_hash": each.tx_hash,
                "block": each.block,
                "gas_used": each.gas_used,
            }
            for each in made
        ]

        def draw(screen: Console) -> None:
            if not made:
                screen.print(f"The escrow owes the {role} nothing.")
            for each in made:
                screen.print(plain(_withdrawn(each, deployment)))
            next_step(screen, "compute credits")

        session.output.result({"withdrawn": rows, "next": "compute credits"}, draw)


def _with_stack(session: Session) -> OperatedHome:
    """The session's home, opened; raises StackDown where no stack says which chain it is about."""
    from router.console.screen.opening import existing
    from router.protocol.stack import StackDown

    opened = existing(session)
    if opened is None:
        raise StackDown(session.home, "a credit")
    return opened


def _withdrawn(made: Withdrawal, deployment: Deployment) -> str:
    from router.console.screen.views import money_in

    amount = money_in(deployment, made.token)(made.amount)
    return f"{amount} withdrawn to {made.to}: block {made.block}, {made.tx_hash}, gas {made.gas_used:,}"


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

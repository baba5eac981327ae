"""`compute deploy`: the contracts onto any chain, from a keystore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.encoding import Finding
from oracle.encoding.options import Whole
from router.console.screen.commands import Session, command

if TYPE_CHECKING:
    from rich.console import Console

_FILE = click.Path(path_type=Path, dir_okay=False)
LONGEST_DELAY_DAYS = 730
USUAL_DELAY_DAYS = 60


def register(root: click.Group) -> None:
    """Add the command to `root`."""

    @command(
        root,
        "deploy",
        "compute deploy --rpc http://127.0.0.1:8545 --unlocked",
        "compute deploy --rpc https://node.example --keystore key.json --password-file key.password --native",
    )
    @click.option("--rpc", required=True, metavar="URL", help="A node of the chain.")
    @click.option("--keystore", type=_FILE, help="Encrypted key of the account that pays for gas.")
    @click.option("--password-file", type=_FILE, help="Its password, in a file of mode 0600.")
    @click.option("--unlocked", is_flag=True, help="A development node's own first account pays instead.")
    @click.option("--token", metavar="ADDRESS", help="The ERC-20 that jobs are settled in.")
    @click.option("--native", is_flag=True, help="Jobs are settled in the chain's own coin.")
    @click.option("--symbol", default="ETH", show_default=True, help="What the chain's own coin is called.")
    @click.option(
        "--registry-bond",
        type=Whole(1, 2**128 - 1),
        metavar="AMOUNT",
        help="Deploy a registry of validators too, with this bond, in base units of the token.",
    )
    @click.option(
        "--exit-delay-days",
        type=Whole(1, LONGEST_DELAY_DAYS),
        metavar="DAYS",
        help=f"How long the registry holds a bond after an exit; {USUAL_DELAY_DAYS} if not given.",
    )
    @click.option("--output", type=_FILE, help="The deployment file. [default: deployments/<chain id>.json]")
    @click.option("--replace", is_flag=True, help="Set a file aside that names another deployment.")
    @click.option(
        "--from-block",
        type=Whole(0),
        metavar="BLOCK",
        help="A block not after the escrow's, for a node that has forgotten when it was made.",
    )
    @click.option("--dry-run", is_flag=True, help="Say what stands and what would be sent, and send nothing.")
    def deploy(
        session: Session,
        rpc: str,
        keystore: Path | None,
        password_file: Path | None,
        unlocked: bool,
        token: str | None,
        native: bool,
        symbol: str,
        registry_bond: int | None,
        exit_delay_days: int | None,
        output: Path | None,
        replace: bool,
        from_block: int | None,
        dry_run: bool,
    ) -> None:
        """Put the contracts on a chain and write its deployment file.

        They have the same addresses on every chain. What stands already is checked and kept, so a run that was cut off
        is simply run again. On a local chain, without --token and --native, play money is made too.
        """
        from router.console.deploying.contracts import DAY_S, Bond
        from router.console.deploying.node import opened
        from router.console.deploying.order import Order, place, planned
        from router.console.deploying.refusal import DeployRefused
        from router.console.screen.failures import CommandFailed, Exit
        from router.console.screen.output import next_step, plain

        if findings := _contradictions(
            keystore, password_file, unlocked, token, native, registry_bond, exit_delay_days
        ):
            raise CommandFailed(Exit.INPUT, *findings)
        delay_s = (exit_delay_days or USUAL_DELAY_DAYS) * DAY_S
        try:
            node = opened(rpc, keystore, password_file)
            order = Order(
                file=output or Path("deployments") / f"{node.chain_id}.json",
                token=token,
                native=native,
                symbol=symbol,
                bond=None if registry_bond is None else Bond(registry_bond, delay_s),
                replace=replace,
                from_block=from_block,
            )
            if dry_run:
                plan = planned(node.web3, node.deployer, order)
                session.output.result(
                    {
                        "chain_id": node.chain_id,
                        "deployer": node.deployer,
                        "contracts": {part.name: {"address": part.address, "stands": stands} for part, stands in plan},
                        "file": str(order.file),
                    },
                    lambda screen: _draw_plan(screen, [(part.name, part.address, stands) for part, stands in plan]),
                )
                return
            placed = place(node.web3, node.send, node.deployer, order, session.output.log)
        except DeployRefused as error:
            raise CommandFailed(Exit.DEPENDENCY if error.outside else Exit.INPUT, error.finding()) from error
        deployment = placed.deployment
        following = f"compute-oracle registry status --rpc {rpc} --deployment {order.file}"
        if deployment.registry is None:
            following = "compute-oracle run --help (validators need this file, and so do routers)"

        def draw(screen: Console) -> None:
            screen.print(plain(f"chain {deployment.chain_id}, since block {deployment.block}: {order.file}"))
            next_step(screen, following)

        session.output.result(
            {
                "file": str(order.file),
                "written": placed.written,
                "set_aside": None if placed.set_aside is None else str(placed.set_aside),
                "made": [each.part.name for each in placed.standing if each.made],
                "deployment": deployment.to_json(),
                "next": following,
            },
            draw,
        )


def _contradictions(
    keystore: Path | None,
    password_file: Path | None,
    unlocked: bool,
    token: str | None,
    native: bool,
    registry_bond: int | None,
    exit_delay_days: int | None,
) -> list[Finding]:
    found = []
    if unlocked and keystore is not None:
        found.append(Finding("--unlocked", None, "excludes --keystore", "name one account that pays for gas"))
    if not unlocked and keystore is None:
        remedy = "--keystore FILE --password-file FILE or, on a development node, --unlocked"
        found.append(Finding("--keystore", None, "nothing says which account pays for gas", remedy))
    if keystore is not None and password_file is None:
        found.append(Finding("--password-file", None, "missing", "name the file with the keystore's password"))
    if token is not None and native:
        found.append(Finding("--native", None, "excludes --token", "name one: what jobs are settled in"))
    if exit_delay_days is not None and registry_bond is None:
        found.append(Finding("--exit-delay-days", None, "is about a registry", "give --registry-bond too"))
    return found


def _draw_plan(screen: Console, rows: list[tuple[str, str, bool]]) -> None:
    from router.console.screen.output import plain, table

    grid = table("contract", "address", "now")
    for name, address, stands in rows:
        grid.add_row(plain(name), plain(address), plain("stands" if stands else "would be made"))
    screen.print(grid)
    screen.print("Nothing was sent.")

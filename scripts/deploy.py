"""Deploy the contracts from an ape account, and write deployments/<chain id>.json, which oracle and router read.

    ape run deploy --network ethereum:local:foundry
    ape run deploy --network ethereum:sepolia:node --account NAME --token 0x…
    ape run deploy … --registry-bond 5000000000 --exit-delay-days 60

`compute deploy` does the same from a keystore, on any node; both call router/console/deploying, which makes every
contract at the same address on every chain. On a local network a development account deploys, and LocalUSD with it:
play money, refused anywhere else. On any other network name the ape account that pays for gas, and the token that jobs
are settled in (`--native` for the chain's own coin). With --registry-bond a ValidatorRegistry is deployed too, with
bonds in that token; specs name it under settlement, and `compute-oracle registry` is for its validators. The bytecode
is the committed one, oracle/chain/abi/, so that what runs can be compared.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from ape import accounts, networks
from ape.cli import ConnectedProviderCommand, network_option

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # ape's environment does not hold this package

from oracle.encoding import InputRejected  # noqa: E402
from router.console.deploying.contracts import DAY_S, Bond  # noqa: E402
from router.console.deploying.order import Order, place  # noqa: E402
from router.console.deploying.refusal import DeployRefused  # noqa: E402


@click.command(cls=ConnectedProviderCommand, help=(__doc__ or "").splitlines()[0])
@network_option()
@click.option("--account", "alias", help="the ape account that deploys; not needed on a local network")
@click.option("--token", help="address of the ERC-20 that jobs are settled in")
@click.option("--native", is_flag=True, help="jobs are settled in the chain's own coin")
@click.option(
    "--registry-bond", type=click.IntRange(1, 2**128 - 1), help="base units; deploys a registry of validators"
)
@click.option(
    "--exit-delay-days",
    type=click.IntRange(1, 730),
    help="how long a validator's bond is held after it leaves: no job that lives longer is admitted; 60 without it",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="the deployment file, if another")
@click.option("--replace", is_flag=True, help="set a deployment file aside that says otherwise")
def cli(
    alias: str | None,
    token: str | None,
    native: bool,
    registry_bond: int | None,
    exit_delay_days: int | None,
    output: Path | None,
    replace: bool,
) -> None:
    provider = networks.provider
    if not provider.network.is_local and not alias:
        raise click.UsageError("name the account that deploys: --account NAME (`ape accounts list` has them)")
    if exit_delay_days is not None and registry_bond is None:
        raise click.UsageError("--exit-delay-days is about a registry: give --registry-bond too")
    deployer = accounts.load(alias) if alias else accounts.test_accounts[0]

    def send(to: str, data: bytes, value: int) -> str:
        transaction = provider.network.ecosystem.create_transaction(
            receiver=to, data=data, value=value, required_confirmations=0
        )
        return str(deployer.call(transaction).txn_hash)

    order = Order(
        token=token,
        native=native,
        symbol=provider.network.ecosystem.fee_token_symbol,
        bond=None if registry_bond is None else Bond(registry_bond, (exit_delay_days or 60) * DAY_S),
        file=output or ROOT / "deployments" / f"{provider.chain_id}.json",
        replace=replace,
    )
    try:
        placed = place(provider.web3, send, deployer.address, order, click.echo)
    except DeployRefused as error:
        raise click.ClickException(f"{error.reason}\n  {error.remedy}") from error
    except InputRejected as error:
        raise click.ClickException(str(error)) from error
    if placed.deployment.registry is not None:
        click.echo(f"validators join the registry with `compute-oracle registry deposit --deployment {order.file}`")

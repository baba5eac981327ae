"""Deploy JobEscrow and write deployments/<chain id>.json, which the oracle and the router read.

    ape run deploy --network ethereum:local:foundry
    ape run deploy --network ethereum:sepolia:node --account NAME --token 0x…
    ape run deploy … --registry-bond 5000000000 --exit-delay-days 60

On a local network a development account deploys, and LocalUSD with it: play money, refused anywhere else. On any
other network name the ape account that pays for gas, and the token that jobs are settled in (`--native` for the
chain's own coin). With --registry-bond a ValidatorRegistry is deployed too, with bonds in that token; specs name it
under settlement, and `compute-oracle registry` is for its validators. The bytecode is the committed one,
oracle/chain/abi/, so that what runs can be compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from ape import Contract, accounts, networks
from ape.cli import ConnectedProviderCommand, network_option
from ape.contracts import ContractContainer
from ethpm_types import ContractType

ROOT = Path(__file__).resolve().parent.parent
ZERO = "0x" + 40 * "0"
LOCAL_SUPPLY = 10**15
"""A thousand million play dollars, in base units."""


def container(name: str) -> ContractContainer:
    """A contract of oracle/chain/abi/, ready to deploy."""
    committed = json.loads((ROOT / "oracle" / "chain" / "abi" / f"{name}.json").read_text())
    fields = {
        "contractName": name,
        "abi": committed["abi"],
        "deploymentBytecode": {"bytecode": committed["bytecode"]},
    }
    return ContractContainer(ContractType.model_validate(fields))


def chosen_token(local: bool, deployer: Any, token: str | None, native: bool) -> dict[str, object]:
    """The deployment's token members: an ERC-20 that is there, the chain's coin, or a play dollar made now."""
    if token:
        found = Contract(token, abi=container("LocalUSD").contract_type.abi)
        return {"token": found.address, "token_symbol": found.symbol(), "token_decimals": found.decimals()}
    if native or not local:
        ecosystem = networks.provider.network.ecosystem
        return {
            "token": ZERO,
            "token_symbol": ecosystem.fee_token_symbol,
            "token_decimals": ecosystem.fee_token_decimals,
        }
    made = deployer.deploy(container("LocalUSD"), deployer.address, LOCAL_SUPPLY)
    return {"token": made.address, "token_symbol": made.symbol(), "token_decimals": made.decimals()}


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
    default=60,
    show_default=True,
    help="how long a validator's bond is held after it leaves: no job that lives longer is admitted",
)
def cli(alias: str | None, token: str | None, native: bool, registry_bond: int | None, exit_delay_days: int) -> None:
    provider = networks.provider
    local = provider.network.is_local
    if token and native:
        raise click.UsageError("--token and --native exclude each other: name one")
    if not local and not alias:
        raise click.UsageError("name the account that deploys: --account NAME (`ape accounts list` has them)")
    if not local and not (token or native):
        raise click.UsageError("say what jobs are settled in: --token ADDRESS, or --native")
    deployer = accounts.load(alias) if alias else accounts.test_accounts[0]

    # The token first: it is the part that an argument can get wrong.
    members = chosen_token(local, deployer, token, native)
    escrow = deployer.deploy(container("JobEscrow"))
    deployment = {
        "schema": "deployment/1",
        "chain_id": provider.chain_id,
        "escrow": escrow.address,
        **members,
        "block": provider.get_receipt(escrow.txn_hash).block_number,
    }
    path = ROOT / "deployments" / f"{provider.chain_id}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(deployment, indent=2) + "\n")
    click.echo(f"JobEscrow is at {escrow.address} on chain {provider.chain_id}; wrote {path}")
    if registry_bond is not None:
        delay_s = exit_delay_days * 24 * 3600
        registry = deployer.deploy(container("ValidatorRegistry"), members["token"], registry_bond, delay_s)
        click.echo(f"ValidatorRegistry is at {registry.address}; validators: `compute-oracle registry deposit`")

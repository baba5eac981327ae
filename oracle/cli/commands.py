"""``compute-oracle``: the command and its validator's side, `init` and `run`."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import click

from oracle.cli.arbiter import arbiter
from oracle.cli.canary import canary
from oracle.cli.endings import Exit, fail
from oracle.cli.judging.judge import judge
from oracle.cli.registry import registry
from oracle.cli.verify import verify
from oracle.encoding.options import Decimal, Whole

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="compute-escrow", prog_name="compute-oracle")
def main() -> None:
    """Run a validator: judge what workers deliver, sign verdicts, bring them to the chain.

    \b
    Example, from nothing to a running validator:
      compute-oracle init --keystore v1.json --password-file v1.password
      compute-oracle run --rpc http://127.0.0.1:8545 --deployment deployments/31337.json \\
        --keystore v1.json --password-file v1.password \\
        --artifacts file:///srv/artifacts --attestations file:///srv/attestations --state v1-state

    \b
    Or judge a stored result, with no chain and no key:
      compute-oracle judge job.yaml shots.bin
    """


main.add_command(canary)


@main.command()
@click.option("--keystore", required=True, type=_FILE, help="Where to write the encrypted key; never overwritten.")
@click.option(
    "--password-file",
    required=True,
    type=_FILE,
    help="Read if it exists; else written with a random password. Mode 0600.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(keystore: Path, password_file: Path, as_json: bool) -> None:
    """Make a validator's key and print its address.

    \b
    Example:
      compute-oracle init --keystore v1.json --password-file v1.password
    """
    from oracle.chain.errors import KeystoreRejected
    from oracle.chain.transactions import keystore as keys

    try:
        address = keys.create(keystore, password_file)
    except (KeystoreRejected, OSError) as error:
        fail(Exit.INPUT, str(error))
    if as_json:
        click.echo(json.dumps({"address": address, "keystore": str(keystore), "password_file": str(password_file)}))
    else:
        click.echo(address)
        click.echo(
            "Fund it with a little native coin for fees, and give its address to whoever writes terms.", err=True
        )


@main.command()
@click.option("--rpc", required=True, help="URL of a node, for example http://127.0.0.1:8545.")
@click.option("--deployment", required=True, type=_FILE, help="Deployment file of the chain.")
@click.option("--keystore", required=True, type=_FILE, help="This validator's key.")
@click.option("--password-file", required=True, type=_FILE, help="The keystore's password, in a file of mode 0600.")
@click.option(
    "--artifacts",
    required=True,
    multiple=True,
    help="Artifact store, file:///absolute/directory. Given again: a source that lost artifacts are put back from.",
)
@click.option("--attestations", required=True, help="Attestation board, file:///absolute/directory.")
@click.option("--state", required=True, type=_FOLDER, help="Folder of this validator alone; made if need be.")
@click.option(
    "--confirmations",
    default=1,
    show_default=True,
    type=Whole(1, 10_000),
    help="Blocks until an event counts.",
)
@click.option(
    "--finality",
    default=64,
    show_default=True,
    type=Whole(1, 1_000_000),
    help="Blocks until none is expected to be replaced.",
)
@click.option(
    "--poll-s",
    default=0.5,
    show_default=True,
    type=Decimal(0, 60, min_open=True),
    help="Seconds between looks at the chain.",
)
def run(
    rpc: str,
    deployment: Path,
    keystore: Path,
    password_file: Path,
    artifacts: tuple[str, ...],
    attestations: str,
    state: Path,
    confirmations: int,
    finality: int,
    poll_s: float,
) -> None:
    """Watch, judge, sign and post until stopped (SIGTERM or Ctrl-C). Logs JSON lines on stderr.

    \b
    Example:
      compute-oracle run --rpc http://127.0.0.1:8545 --deployment deployments/31337.json \\
        --keystore v1.json --password-file v1.password \\
        --artifacts file:///srv/artifacts --attestations file:///srv/attestations --state v1-state
    """
    # Handlers first: a stop during the imports must be a stop, too.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    from oracle.artifacts import ArtifactError, open_sources
    from oracle.attestations.board import open_board
    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment
    from oracle.chain.errors import KeystoreRejected, WrongNetwork
    from oracle.chain.transactions import keystore as keys
    from oracle.encoding import InputRejected
    from oracle.validator.config import ValidatorConfig
    from oracle.validator.log import JsonLog
    from oracle.validator.service import Validator
    from oracle.validator.state import StateRejected, ValidatorState

    try:
        config = ValidatorConfig(
            rpc_url=rpc,
            deployment_file=deployment,
            keystore=keystore,
            password_file=password_file,
            artifacts_url=artifacts[0],
            artifact_sources=artifacts[1:],
            attestations_url=attestations,
            state=state,
            poll_s=poll_s,
            confirmations=confirmations,
            finality=finality,
        )
        where = Deployment.load(config.deployment_file)
        account = keys.load(config.keystore, config.password_file)
        store = open_sources(config.artifacts_url, config.artifact_sources, config.artifact_cache)
        board = open_board(config.attestations_url)
        client = EscrowClient(config.rpc_url, where)
        held = ValidatorState(config.state, validator=account.address, chain_id=where.chain_id, escrow=where.escrow)
    except (InputRejected, KeystoreRejected, ArtifactError, StateRejected, ValueError) as error:
        fail(Exit.INPUT, str(error))
    with held:
        validator = Validator(
            config, client=client, store=store, board=board, account=account, state=held, log=JsonLog()
        )
        try:
            validator.run(stop)
        except WrongNetwork as error:
            fail(Exit.DEPENDENCY, str(error))


main.add_command(judge)
main.add_command(verify)
main.add_command(registry)
main.add_command(arbiter)

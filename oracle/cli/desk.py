"""Where a command that speaks to a chain starts, with its node, its contract and its key, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from oracle.cli.endings import Exit, Gathering, InputsRejected, fail, fail_inputs

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from oracle.chain.calls import Call
    from oracle.chain.client import EscrowClient
    from oracle.chain.registry import RegistryClient

_FILE = click.Path(path_type=Path, dir_okay=False)
_COPY = "copy it, capitals included"


@dataclass(frozen=True)
class Desk:
    """An escrow, spoken to over one node; with the key of whoever acts, where the command needs one."""

    client: EscrowClient
    key: LocalAccount | None
    as_json: bool

    @property
    def account(self) -> LocalAccount:
        """The key of whoever acts."""
        if self.key is None:
            raise AssertionError("a command that signs asks for a keystore")
        return self.key

    def send(self, call: Call) -> dict[str, object]:
        """Sign, send and await `call`; raises ChainError, CallReverted before anything is sent."""
        from oracle.chain.transactions.sender import transact

        receipt = transact(self.client, call, self.account)
        if receipt.status != 1:
            self.refuse(Exit.DEPENDENCY, f"{receipt.hash} was mined without effect", "run the command again")
        return {"tx_hash": receipt.hash, "block": receipt.block, "gas_used": receipt.gas_used}

    def told(self, did: str, line: str, facts: Mapping[str, object], following: str = "") -> None:
        """The command's answer: what was done, or is so already, and what comes next."""
        if self.as_json:
            click.echo(json.dumps({"did": did, **facts, "next": following}, indent=2))
            return
        click.echo(line)
        if "tx_hash" in facts:
            click.echo(f"  block {facts['block']}, {facts['tx_hash']}, gas {facts['gas_used']:,}")
        if following:
            click.echo(f"\nNext: {following}")

    def refuse(self, code: Exit, reason: str, remedy: str) -> NoReturn:
        """End without having done anything."""
        _end(code, reason, remedy, self.as_json)


@dataclass(frozen=True)
class RegistryDesk(Desk):
    """A registry beside the escrow."""

    registry: RegistryClient


def connected(*, signs: bool = True, registry: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command a Desk, or a RegistryDesk, in place of the options that lead to it, and ends what goes wrong with
    one line."""
    asks_registry = registry
    look = "registry status ADDRESS" if registry else "arbiter show JOB"

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def call(
            rpc: str,
            deployment: Path,
            as_json: bool,
            registry: str | None = None,
            keystore: Path | None = None,
            password_file: Path | None = None,
            **own: Any,
        ) -> None:
            from oracle.chain.errors import CallReverted, ChainError

            try:
                function(_open(rpc, deployment, asks_registry, registry, keystore, password_file, as_json), **own)
            except InputsRejected as error:
                fail_inputs(error, as_json=as_json)
            except CallReverted as error:
                listed = ", ".join(f"{name}={value}" for name, value in error.arguments.items())
                reason = f"the contract refuses {error.doing}: {error.error_name}({listed})"
                _end(Exit.INPUT, reason, f"it was not sent; `compute-oracle {look}` says what stands", as_json)
            except ChainError as error:
                reason, _, remedy = str(error).rpartition("; ")
                _end(Exit.DEPENDENCY, reason, remedy, as_json)

        options = [
            click.option("--rpc", required=True, help="URL of a node, for example http://127.0.0.1:8545."),
            click.option("--deployment", required=True, type=_FILE, help="Deployment file of the chain."),
        ]
        if asks_registry:
            named = "The registry, as specs name it. [default: the deployment file's]"
            options.append(click.option("--registry", metavar="ADDRESS", help=named))
        if signs:
            held = "The keystore's password, in a file of mode 0600."
            options += [
                click.option("--keystore", required=True, type=_FILE, help="The key of whoever acts."),
                click.option("--password-file", required=True, type=_FILE, help=held),
            ]
        options.append(click.option("--json", "as_json", is_flag=True, help="Print one JSON object."))
        for option in reversed(options):
            call = option(call)
        return call

    return decorate


def ascending(addresses: Sequence[str], source: str = "ADDRESS") -> tuple[str, ...]:
    """The addresses as terms have validators; raises InputsRejected, naming `source`, for what is no address, and for
    one named twice."""
    gathering = Gathering()
    for address in dict.fromkeys(addresses):
        if not _is_address(address):
            gathering.reject(source, f"{address} is not a checksum address (EIP-55)", _COPY)
        elif addresses.count(address) > 1:
            gathering.reject(source, f"{address} is named {addresses.count(address)} times", "name each once")
    gathering.settle()
    return tuple(sorted(addresses, key=lambda address: int(address, 16)))


def receiver_of(desk: Desk, to: str | None) -> str:
    """Who receives money: `to`, else the account that acts. Raises InputsRejected for what is no address."""
    if to is None:
        return str(desk.account.address)
    return ascending([to], "--to")[0]


def _open(
    rpc: str,
    deployment: Path,
    asks_registry: bool,
    registry: str | None,
    keystore: Path | None,
    password_file: Path | None,
    as_json: bool,
) -> Desk:
    """Raises InputsRejected with every fault of the options, ChainError."""
    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment
    from oracle.chain.errors import KeystoreRejected
    from oracle.chain.registry import RegistryClient
    from oracle.chain.transactions import keystore as keys

    gathering, key = Gathering(), None
    where = gathering.read(lambda: Deployment.load(deployment))
    if asks_registry and registry is None and where is not None:
        registry = where.registry
        if registry is None:
            gathering.reject("--registry", f"missing, and {deployment} names none", "name the one that specs name")
    if registry is not None and not _is_address(registry):
        gathering.reject("--registry", f"{registry} is not a checksum address (EIP-55)", _COPY)
    if keystore is not None and password_file is not None:
        try:
            key = keys.load(keystore, password_file)
        except KeystoreRejected as error:
            gathering.reject("--keystore", str(error), "name the files that `compute-oracle init` wrote")
    gathering.settle()
    if where is None:
        raise AssertionError("what could not be read was gathered")
    client = EscrowClient(rpc, where)
    client.check_network()
    if registry is None:
        return Desk(client, key, as_json)
    found = RegistryClient(client, registry)
    if not found.is_deployed():
        remedy = "name the address that specs have under settlement, on the chain of the deployment file"
        gathering.reject("--registry", f"there is no contract at {registry} on chain {where.chain_id}", remedy)
    gathering.settle()
    return RegistryDesk(client, key, as_json, found)


def money(desk: Desk, token: str, amount: int) -> str:
    """An amount where the token's decimals are known: of native coin, or of the deployment's token; else base units."""
    from oracle.encoding import units
    from oracle.terms import ZERO_ADDRESS

    where = desk.client.deployment
    if token == ZERO_ADDRESS:
        return f"{units(amount, 18)} ETH"
    if token == where.token:
        return f"{units(amount, where.token_decimals)} {where.token_symbol}"
    return f"{amount:,} base units of {token}"


def _is_address(text: str) -> bool:
    from eth_utils.address import is_checksum_address

    return is_checksum_address(text)


def _end(code: Exit, reason: str, remedy: str, as_json: bool) -> NoReturn:
    """End with one line on stderr, or with the same as JSON on stdout."""
    if not as_json:
        fail(code, f"{reason}; {remedy}" if reason else remedy)
    error = {"source": "", "path": "", "line": None, "reason": reason or remedy, "remedy": remedy}
    click.echo(json.dumps({"errors": [error]}, indent=2, ensure_ascii=False))
    raise SystemExit(code)

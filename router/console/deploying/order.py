"""One deployment from an order to its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from web3 import Web3
from web3.exceptions import Web3Exception

from oracle.chain.deployment import Deployment
from router.console.deploying.contracts import (
    VIEWS,
    Bond,
    Part,
    Send,
    StandingPart,
    creation_block,
    deploy,
    missing,
    parts,
    play_money,
)
from router.console.deploying.refusal import DeployRefused
from router.console.deploying.settlement import NATIVE, SettlementToken, settlement_in

LOCAL_CHAINS = (31337, 1337)
"""Ids of development chains, on which money is play money."""


@dataclass(frozen=True)
class Order:
    """What somebody wants deployed."""

    file: Path
    """The deployment file to write."""
    token: str | None = None
    """The ERC-20 that jobs are settled in."""
    native: bool = False
    """Jobs are settled in the chain's own coin. With neither, play money is made, on a local chain."""
    symbol: str = "ETH"
    """What the chain's own coin is called."""
    bond: Bond | None = None
    """With one, a ValidatorRegistry is deployed too."""
    views: bool = True
    replace: bool = False
    """Set a deployment file aside that says otherwise, instead of refusing."""
    from_block: int | None = None
    """A block not after the escrow's, for a node that cannot be asked when it was made."""


@dataclass(frozen=True)
class Placed:
    """A deployment, as it is on its chain and in its file."""

    deployment: Deployment
    standing: tuple[StandingPart, ...]
    written: bool
    """False where the file said so already."""
    set_aside: Path | None
    """Where the file is that said otherwise."""


def planned(web3: Web3, deployer: str, order: Order) -> tuple[tuple[Part, bool], ...]:
    """The contracts that `order` means, each with whether it stands already. Sends nothing. Raises DeployRefused."""
    settlement, money = _settlement(web3, order, web3.eth.chain_id, deployer)
    wanted = (*money, *parts(settlement, order.bond, views=order.views))
    absent = missing(web3, wanted)
    return tuple((part, part not in absent) for part in wanted)


def place(web3: Web3, send: Send, deployer: str, order: Order, say: Callable[[str], None]) -> Placed:
    """Deploy what `order` asks for and write its file. What stands already is checked and kept.

    Raises DeployRefused; before anything is sent where the order contradicts itself, the chain or the file.
    """
    chain_id = web3.eth.chain_id
    settlement, money = _settlement(web3, order, chain_id, deployer)
    wanted = (*money, *parts(settlement, order.bond, views=order.views))
    before = _file_before(order)
    if before is not None and not order.replace:
        _refuse_another(before, chain_id, settlement, wanted, order.file)
    standing = deploy(web3, send, wanted, say)
    escrow = next(each for each in standing if each.part.name == "JobEscrow")
    block = order.from_block if escrow.block is None else escrow.block
    if block is None and before is not None and before.escrow == escrow.part.address and before.chain_id == chain_id:
        block = before.block
    if block is None or not _is_since(web3, escrow.part.address, block):
        block = creation_block(web3, escrow.part.address)
    deployment = described(chain_id, settlement, standing, block)
    if before == deployment:
        say(f"{order.file} says so already")
        return Placed(deployment, standing, False, None)
    aside = None
    if before is not None:
        aside = _free_name(order.file)
        order.file.rename(aside)
        say(f"{order.file} said otherwise: it is {aside} now")
    deployment.dump(order.file)
    say(f"wrote {order.file}")
    return Placed(deployment, standing, True, aside)


def _file_before(order: Order) -> Deployment | None:
    return Deployment.load(order.file) if order.file.exists() else None


def _refuse_another(
    before: Deployment, chain_id: int, settlement: SettlementToken, wanted: tuple[Part, ...], file: Path
) -> None:
    """Raise DeployRefused where the file speaks of other contracts than `wanted`."""
    at = {part.name: part.address for part in wanted}
    said = {
        "chain_id": (before.chain_id, chain_id),
        "escrow": (before.escrow, at["JobEscrow"]),
        "token": (before.token, settlement.token),
        "registry": (before.registry, at.get("ValidatorRegistry")),
    }
    others = [f"{name} {old}, not {new}" for name, (old, new) in said.items() if old != new]
    if others:
        raise DeployRefused(
            f"{file} names another deployment: {'; '.join(others)}; nothing was sent",
            "give it another name with --output, or --replace to set that file aside",
        )


def _settlement(web3: Web3, order: Order, chain_id: int, deployer: str) -> tuple[SettlementToken, tuple[Part, ...]]:
    """What jobs are settled in, and the play money to make for it, if any."""
    if order.token is not None and order.native:
        raise DeployRefused("--token and --native exclude each other", "name one")
    if order.token is not None:
        return settlement_in(web3, order.token), ()
    if order.native:
        return SettlementToken(NATIVE, order.symbol, 18), ()
    if chain_id not in LOCAL_CHAINS:
        raise DeployRefused(
            f"chain {chain_id} is no local one, and nothing says what its jobs are settled in",
            "give --token ADDRESS, or --native",
        )
    made = play_money(deployer)
    return SettlementToken(made.address, "lUSD", 6), (made,)


def _free_name(file: Path) -> Path:
    names = (file.with_name(f"{file.name}.{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _is_since(web3: Web3, address: str, block: int) -> bool:
    """Whether nothing stood at `address` before `block`, as far as the node knows."""
    if block == 0 or block > web3.eth.block_number:
        return block == 0
    try:
        return not web3.eth.get_code(Web3.to_checksum_address(address), block - 1)
    except Web3Exception:
        return True  # it has forgotten that state: what the file or the caller says counts


def described(chain_id: int, settlement: SettlementToken, standing: tuple[StandingPart, ...], block: int) -> Deployment:
    """The deployment file's content; `block` is the escrow's, or an earlier one."""
    at = {each.part.name: each.part.address for each in standing}
    return Deployment(
        chain_id=chain_id,
        escrow=at["JobEscrow"],
        token=settlement.token,
        token_symbol=settlement.symbol,
        token_decimals=settlement.decimals,
        block=block,
        registry=at.get("ValidatorRegistry"),
        views={name: at[name] for name in VIEWS if name in at},
        code_hashes={each.part.name: each.code_hash for each in standing},
    )

"""The contracts of a deployment, and making those that a chain lacks.

Each is made by the deterministic deployer (oracle.chain.bytecode), so that it has the same address on every chain.
What stands there already is checked and left as it is: whoever was cut off runs the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TimeExhausted, Web3Exception

from oracle.chain.bytecode import (
    DEPLOYER,
    DEPLOYER_CODE,
    DEPLOYER_COST_WEI,
    DEPLOYER_SIGNER,
    DEPLOYER_TRANSACTION,
    SALT,
    Artifact,
    artifact,
    code_hash,
)
from router.console.deploying.refusal import DeployRefused
from router.console.deploying.settlement import SettlementToken

LOCAL_SUPPLY = 10**15
"""A thousand million play dollars, in base units."""
VIEWS = ("JobDigests", "Erc8183View", "Reputation")
DAY_S = 24 * 3600
RECEIPT_WITHIN_S = 300.0

Send = Callable[[str, bytes, int], str]
"""Sends (to, data, value in wei) from the account that pays for gas, and returns the transaction's hash; waits for
nothing. Raises whatever its wallet raises."""


@dataclass(frozen=True)
class Bond:
    """What a ValidatorRegistry asks of a validator, in the deployment's token."""

    amount: int
    """Base units, at least 1."""
    exit_delay_s: int
    """How long a bond is held after it leaves, 1 to 730 days."""


@dataclass(frozen=True)
class Part:
    """One contract of a deployment."""

    name: str
    artifact: Artifact
    arguments: tuple[object, ...] = ()

    @property
    def address(self) -> str:
        """Where it stands, or will."""
        return self.artifact.address(*self.arguments)


@dataclass(frozen=True)
class StandingPart:
    """A part on its chain."""

    part: Part
    made: bool
    """Whether this run made it; else it stood there."""
    block: int | None
    """The block that it was made in, where this run made it."""
    code_hash: str


def parts(settlement: SettlementToken, bond: Bond | None, *, views: bool = True) -> tuple[Part, ...]:
    """The contracts of a deployment in the order in which they are made; the escrow first."""
    escrow = Part("JobEscrow", artifact("JobEscrow"))
    found = [escrow]
    if bond is not None:
        arguments = (settlement.token, bond.amount, bond.exit_delay_s)
        found.append(Part("ValidatorRegistry", artifact("ValidatorRegistry"), arguments))
    if views:
        digests = Part("JobDigests", artifact("JobDigests"), (escrow.address,))
        found.append(digests)
        found += [Part(name, artifact(name), (escrow.address, digests.address)) for name in VIEWS[1:]]
    return tuple(found)


def play_money(holder: str) -> Part:
    """LocalUSD, whose whole supply `holder` has. For local chains only."""
    return Part("LocalUSD", artifact("LocalUSD"), (holder, LOCAL_SUPPLY))


def missing(web3: Web3, wanted: tuple[Part, ...]) -> tuple[Part, ...]:
    """Those of `wanted` that do not stand on the chain yet. Raises DeployRefused where something else stands there."""
    return tuple(part for part in wanted if _code_of(web3, part) is None)


def deploy(
    web3: Web3, send: Send, wanted: tuple[Part, ...], say: Callable[[str], None] = lambda line: None
) -> tuple[StandingPart, ...]:
    """Make what is missing of `wanted`, check the code of all, and return where each stands, in the order given.

    All transactions are sent before the first is waited for. Raises DeployRefused.
    """
    absent = missing(web3, wanted)
    if absent:
        _ensure_deployer(web3, send, say)
    sent: Mapping[str, str] = {
        part.address: send(DEPLOYER, SALT + part.artifact.init_code_with(*part.arguments), 0) for part in absent
    }
    return tuple(_standing(web3, part, sent.get(part.address), say) for part in wanted)


def creation_block(web3: Web3, address: str) -> int:
    """The block in which the code at `address` appeared, by bisection over what the node knows of earlier states.

    Raises DeployRefused where the node has forgotten them.
    """
    low, high = 0, int(web3.eth.block_number)
    try:
        while low < high:
            middle = (low + high) // 2
            if web3.eth.get_code(Web3.to_checksum_address(address), middle):
                high = middle
            else:
                low = middle + 1
    except Web3Exception as error:
        raise DeployRefused(
            f"{address} stood there before, and this node no longer knows since which block",
            "name that block, or an earlier one, with --from-block",
        ) from error
    return low


def _code_of(web3: Web3, part: Part) -> bytes | None:
    """The code at the part's address, None where there is none. Raises DeployRefused where it is not the part's."""
    code = bytes(web3.eth.get_code(Web3.to_checksum_address(part.address)))
    if not code:
        return None
    if not part.artifact.is_made_of(code):
        raise DeployRefused(
            f"the code at {part.address}, {code_hash(code)}, is not {part.name}'s",
            "do not use this chain: it makes other contracts of the same bytecode",
        )
    return code


def _standing(web3: Web3, part: Part, transaction: str | None, say: Callable[[str], None]) -> StandingPart:
    block = None if transaction is None else _mined(web3, transaction)
    code = _code_of(web3, part)
    if code is None:
        raise DeployRefused(
            f"{part.name} was not made: {transaction} reverted, or ran out of gas",
            "run the same again: what stands already is left as it is",
        )
    say(f"{part.name} {'stands already' if transaction is None else 'is'} at {part.address}")
    return StandingPart(part, transaction is not None, block, code_hash(code))


def _ensure_deployer(web3: Web3, send: Send, say: Callable[[str], None]) -> None:
    """Put the deterministic deployer on a chain that has none, by its one signed transaction."""
    code = bytes(web3.eth.get_code(Web3.to_checksum_address(DEPLOYER)))
    if code == DEPLOYER_CODE:
        return
    if code:
        raise DeployRefused(
            f"the code at {DEPLOYER}, {code_hash(code)}, is not the deterministic deployer's",
            "our addresses cannot be had on this chain",
        )
    lacks = DEPLOYER_COST_WEI - web3.eth.get_balance(Web3.to_checksum_address(DEPLOYER_SIGNER))
    if lacks > 0:
        _mined(web3, send(DEPLOYER_SIGNER, b"", lacks))
    try:
        _mined(web3, web3.eth.send_raw_transaction(DEPLOYER_TRANSACTION).to_0x_hex())  # type: ignore[arg-type]
    except Web3Exception as error:
        raise DeployRefused(
            f"the node refuses the deterministic deployer's transaction: {error}",
            "ask the chain's operators to put it there (its signature names no chain, and its gas price is 100 gwei)",
        ) from error
    say(f"the deterministic deployer is at {DEPLOYER}")


def _mined(web3: Web3, transaction: str) -> int:
    """The block of a transaction that was sent, once it has one."""
    try:
        receipt = web3.eth.wait_for_transaction_receipt(
            HexBytes(transaction), timeout=RECEIPT_WITHIN_S, poll_latency=0.1
        )
    except TimeExhausted as error:
        raise DeployRefused(
            f"{transaction} was not mined within {RECEIPT_WITHIN_S:.0f} s",
            "run the same again: what stands by then is left as it is",
        ) from error
    return int(receipt["blockNumber"])

"""What jobs of a deployment are settled in."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.address import is_checksum_address
from web3 import Web3
from web3.exceptions import Web3Exception

from router.console.deploying.refusal import DeployRefused

NATIVE = "0x" + 40 * "0"


@dataclass(frozen=True)
class SettlementToken:
    """What jobs are settled in by default."""

    token: str
    """EIP-55; the zero address is the chain's own coin."""
    symbol: str
    decimals: int


def settlement_in(web3: Web3, token: str) -> SettlementToken:
    """The ERC-20 at `token`, as it describes itself. Raises DeployRefused where that is no token."""
    if not is_checksum_address(token):
        raise DeployRefused(f"{token!r} is not an address with its checksum", "copy it, capitals included")
    if not web3.eth.get_code(Web3.to_checksum_address(token)):
        raise DeployRefused(f"there is no contract at {token} on chain {web3.eth.chain_id}", "name the token's address")
    contract = web3.eth.contract(address=Web3.to_checksum_address(token), abi=_described(symbol="string"))
    try:
        decimals = int(contract.functions.decimals().call())
        try:
            symbol = str(contract.functions.symbol().call())
        except (Web3Exception, OverflowError):  # tokens of 2017 return bytes32
            early = web3.eth.contract(address=Web3.to_checksum_address(token), abi=_described(symbol="bytes32"))
            symbol = bytes(early.functions.symbol().call()).rstrip(b"\0").decode()
    except (Web3Exception, OverflowError, UnicodeDecodeError) as error:
        raise DeployRefused(
            f"the contract at {token} does not say its symbol and decimals", "name an ERC-20 that does"
        ) from error
    if not 1 <= len(symbol) <= 16 or not symbol.isprintable() or decimals > 36:
        raise DeployRefused(
            f"the token at {token} calls itself {symbol!r} with {decimals} decimals",
            "name one with a symbol of 1 to 16 characters and at most 36 decimals",
        )
    return SettlementToken(token, symbol, decimals)


def _described(*, symbol: str) -> list[dict[str, object]]:
    return [
        {
            "type": "function",
            "name": name,
            "stateMutability": "view",
            "inputs": [],
            "outputs": [{"name": "", "type": kind}],
        }
        for name, kind in (("symbol", symbol), ("decimals", "uint8"))
    ]

"""A node and the account that pays for gas on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import requests
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.middleware import ExtraDataToPOAMiddleware, SignAndSendRawMiddlewareBuilder
from web3.types import TxParams, Wei

from router.console.deploying.refusal import DeployRefused

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class SendingNode:
    """A node that answers, and an account."""

    web3: Web3
    chain_id: int
    deployer: str
    """Pays for gas; EIP-55."""

    def send(self, to: str, data: bytes, value: int) -> str:
        """Price, sign and send; the transaction's hash. Raises DeployRefused with the node's words."""
        transaction: TxParams = {
            "from": Web3.to_checksum_address(self.deployer),
            "to": Web3.to_checksum_address(to),
            "data": HexBytes(data),
            "value": Wei(value),
        }
        try:
            if "baseFeePerGas" not in self.web3.eth.get_block("latest"):
                # A chain whose transactions name one price; web3 would look for a base fee.
                transaction["gasPrice"] = Wei(self.web3.eth.gas_price * 5 // 4)
            return self.web3.eth.send_transaction(transaction).to_0x_hex()
        except (Web3Exception, ValueError, requests.RequestException) as error:
            raise DeployRefused(
                f"the node does not take a transaction of {self.deployer}: {error}",
                "see that the account can pay for gas, and run the same again: what stands is kept",
                outside=True,
            ) from error


def opened(rpc_url: str, keystore: Path | None, password_file: Path | None) -> SendingNode:
    """The node at `rpc_url` with the key in `keystore` or, without one, the node's own first account.

    Raises DeployRefused where the node does not answer or has no account, and what the keystore raises.
    """
    web3 = Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": TIMEOUT_S}, exception_retry_configuration=None))
    # Blocks of proof of authority keep signatures where others keep 32 octets at most, which web3 refuses to read.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    try:
        chain_id = web3.eth.chain_id
        unlocked = [] if keystore is not None else list(web3.eth.accounts)
    except (Web3Exception, ValueError, requests.RequestException) as error:
        raise DeployRefused(
            f"no node answers at {rpc_url}",
            "name a node's HTTP address, for example http://127.0.0.1:8545",
            outside=True,
        ) from error
    if keystore is not None and password_file is not None:
        from oracle.chain.transactions import keystore as keystores

        account = keystores.load(keystore, password_file)
        web3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
        return SendingNode(web3, chain_id, account.address)
    if not unlocked:
        raise DeployRefused(f"the node at {rpc_url} has no account of its own", "name a key with --keystore")
    return SendingNode(web3, chain_id, str(unlocked[0]))

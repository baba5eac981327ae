"""Contracts and balances of a local stack, from Anvil's own unlocked account, which holds no secret.

Only for a chain that this stack started. Any other network is deployed to with the ape script, by its operator's key.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from web3 import HTTPProvider, Web3

from oracle.chain.deployment import Deployment

GAS_MONEY_WEI = 10**19
"""What each role gets for gas on the local chain: 10 of its coin."""


class LocalChain:
    """A local Anvil, spoken to over JSON-RPC with its development methods."""

    def __init__(self, rpc_url: str) -> None:
        self._web3 = Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": 10}))
        self.rpc_url = rpc_url

    def answers(self) -> bool:
        """Whether the chain answers yet."""
        return bool(self._web3.is_connected())

    def has_code(self, address: str) -> bool:
        """Whether a contract stands at `address`."""
        return len(self._web3.eth.get_code(Web3.to_checksum_address(address))) > 0

    def call(self, method: str, *params: object) -> Any:
        """One raw JSON-RPC request; raises RuntimeError with the node's message."""
        answer = self._web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer["result"]

    def warp(self, seconds: int) -> None:
        """Move block time forward and mine a block, so that deadlines pass; the demo alone does this."""
        self.call("evm_increaseTime", seconds)
        self.call("evm_mine")

    def give_gas_money(self, address: str) -> None:
        """Set the balance of `address` in the chain's own coin."""
        self.call("anvil_setBalance", address, hex(GAS_MONEY_WEI))

    def mint(self, token: str, to: str, amount: int) -> None:
        """Hand `amount` base units of the local token, which the development account holds, to `to`."""
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(token), abi=_artifact("LocalUSD")["abi"])
        self._send(contract.functions.transfer(Web3.to_checksum_address(to), amount))

    def balance(self, token: str, of: str) -> int:
        """Base units of the local token that `of` holds."""
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(token), abi=_artifact("LocalUSD")["abi"])
        return int(contract.functions.balanceOf(Web3.to_checksum_address(of)).call())

    def deploy(self) -> Deployment:
        """Deploy the token and the escrow, and say where they stand."""
        holder = self._web3.eth.accounts[0]
        supply = 10**15
        token = self._deploy("LocalUSD", holder, supply)
        escrow = self._deploy("JobEscrow")
        contract = self._web3.eth.contract(
            address=Web3.to_checksum_address(token["address"]), abi=_artifact("LocalUSD")["abi"]
        )
        return Deployment(
            chain_id=self._web3.eth.chain_id,
            escrow=escrow["address"],
            token=token["address"],
            token_symbol=contract.functions.symbol().call(),
            token_decimals=contract.functions.decimals().call(),
            block=escrow["block"],
        )

    def _deploy(self, name: str, *arguments: object) -> dict[str, Any]:
        artifact = _artifact(name)
        factory = self._web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        receipt = self._send(factory.constructor(*arguments))
        return {"address": receipt["contractAddress"], "block": receipt["blockNumber"]}

    def _send(self, function: Any) -> Any:
        sent = function.transact({"from": self._web3.eth.accounts[0]})
        receipt = self._web3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.1)
        if receipt["status"] != 1:
            raise RuntimeError(f"a set-up transaction failed on {self.rpc_url}: {sent.hex()}")
        return receipt


def _artifact(name: str) -> Any:
    return json.loads(resources.files("oracle.chain").joinpath("abi", f"{name}.json").read_text())

"""Contracts and balances of a local stack, from Anvil's own unlocked account, which holds no secret.

Only for a chain that this stack started: `compute deploy` and the ape script deploy anywhere, by an operator's key.
"""

from __future__ import annotations

from typing import Any

from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.types import TxParams, Wei

from oracle.chain.bytecode import artifact
from oracle.chain.deployment import Deployment
from router.console.deploying.contracts import Send, creation_block, deploy, parts, play_money
from router.console.deploying.order import described
from router.console.deploying.settlement import SettlementToken

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
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(token), abi=artifact("LocalUSD").abi)
        self._send(contract.functions.transfer(Web3.to_checksum_address(to), amount))

    def balance(self, token: str, of: str) -> int:
        """Base units of the local token that `of` holds."""
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(token), abi=artifact("LocalUSD").abi)
        return int(contract.functions.balanceOf(Web3.to_checksum_address(of)).call())

    def deploy(self) -> Deployment:
        """Put the token and the escrow on the chain, and say where they stand."""
        holder = self._web3.eth.accounts[0]
        money = play_money(holder)
        settlement = SettlementToken(money.address, "lUSD", 6)
        standing = deploy(self._web3, self._send_from(holder), (money, *parts(settlement, None, views=False)))
        at = {each.part.name: each for each in standing}
        escrow = at["JobEscrow"]
        made = escrow.block if escrow.block is not None else creation_block(self._web3, escrow.part.address)
        return described(self._web3.eth.chain_id, settlement, standing, made)

    def _send_from(self, account: str) -> Send:
        def send(to: str, data: bytes, value: int) -> str:
            transaction: TxParams = {
                "from": Web3.to_checksum_address(account),
                "to": Web3.to_checksum_address(to),
                "data": HexBytes(data),
                "value": Wei(value),
            }
            return self._web3.eth.send_transaction(transaction).to_0x_hex()

        return send

    def _send(self, function: Any) -> Any:
        sent = function.transact({"from": self._web3.eth.accounts[0]})
        receipt = self._web3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.1)
        if receipt["status"] != 1:
            raise RuntimeError(f"a set-up transaction failed on {self.rpc_url}: {sent.hex()}")
        return receipt

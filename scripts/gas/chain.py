"""The chain of the gas benchmark: a fresh Anvil whose blocks are one second apart, accounts, contracts.

Everything is derived from labels and block times from block numbers, so that each figure is exact and comes again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from gas.permit2 import published_runtime
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.deployment import Deployment
from oracle.terms import PERMIT2, ZERO_ADDRESS, JobTerms
from router.console.stack.anvil import find_anvil, free_port

ROOT = Path(__file__).resolve().parents[2]
NATIVE, ERC20 = "native", "ERC-20"
GENESIS = 1_800_000_000
DAY_S = 86_400
GAS_LIMIT = 15_000_000
PEOPLE = ("payer", "worker", "arbiter", "fee receiver", "anyone")


class Chain:
    """An Anvil that mines each transaction as it comes."""

    def __init__(self, url: str) -> None:
        self.web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 30}))
        self._until_it_answers()
        self.chain_id = int(self.web3.eth.chain_id)
        self._rpc("anvil_setBlockTimestampInterval", 1)
        self.people = {name: account(name) for name in PEOPLE}
        self.validators = sorted((account(f"validator {i}") for i in range(5)), key=lambda found: found.address.lower())
        self._nonces: dict[str, int] = {}
        for person in self.people.values():
            self.give_gas_money(person.address)
        self.set_code(PERMIT2, published_runtime())
        self.token = self.deploy("LocalUSD", self.people["payer"].address, 10**15)
        self.escrow = str(self.deploy("JobEscrow").address)
        self.calls = EscrowClient(url, Deployment(self.chain_id, self.escrow, self.token.address, "lUSD", 6, 0))
        self.send("payer", self.calls.allow_permit2(self.token.address))
        for name in PEOPLE:
            self.send(name, self.calls.allow(self.token.address, 2**256 - 1))
            if name != "payer":
                give = self.token.encode_abi("transfer", [self.people[name].address, 10**9])
                self.send("payer", Call(self.token.address, give))

    def _until_it_answers(self) -> None:
        for _ in range(400):
            if self.web3.is_connected():
                return
            time.sleep(0.05)
        raise RuntimeError("anvil did not answer within twenty seconds")

    def _rpc(self, method: str, *params: object) -> Any:
        answer = self.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def deploy(self, name: str, *arguments: object) -> Any:
        """The contract `name`, from its committed bytecode."""
        found = json.loads((ROOT / "oracle" / "chain" / "abi" / f"{name}.json").read_text())
        factory = self.web3.eth.contract(abi=found["abi"], bytecode=found["bytecode"])
        made = self._send(self.people["anyone"], {"data": factory.constructor(*arguments).data_in_transaction})
        return self.web3.eth.contract(address=made["contractAddress"], abi=found["abi"])

    def give_gas_money(self, address: str) -> None:
        """More coin than any story spends."""
        self._rpc("anvil_setBalance", address, hex(10**24))

    def set_code(self, address: str, code: str) -> None:
        """Put code where nothing was deployed."""
        self._rpc("anvil_setCode", address, code)

    def send(self, sender: str | LocalAccount, call: Call) -> int:
        """Sign, send and wait; the gas of the whole transaction. Raises RuntimeError if it reverts.

        `sender` is one of PEOPLE, or an account with gas money.
        """
        account = self.people[sender] if isinstance(sender, str) else sender
        return int(self._send(account, {"to": call.to, "data": call.data, "value": call.value})["gasUsed"])

    def _send(self, person: LocalAccount, fields: dict[str, Any]) -> Any:
        nonce = self._nonces.get(person.address, 0)
        self._nonces[person.address] = nonce + 1
        draft = {"value": 0, **fields, "chainId": self.chain_id, "gas": GAS_LIMIT, "nonce": nonce}
        fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 1}
        sent = self.web3.eth.send_raw_transaction(person.sign_transaction(draft | fees).raw_transaction)
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.01)
        if receipt["status"] != 1:
            raise RuntimeError(f"reverted: the call {fields['data'][:10]} in block {receipt['blockNumber']}")
        return receipt

    def now(self) -> int:
        """The head's timestamp, Unix seconds."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def warp(self, timestamp: int) -> None:
        """Let the next block be later than `timestamp`."""
        self._rpc("evm_setNextBlockTimestamp", timestamp + 1)
        self._rpc("evm_mine")

    def terms(self, label: str, token: str, **changes: Any) -> JobTerms:
        """A job of the kind that the ceilings are stated for; with a window it names an arbiter, as it must."""
        now = self.now()
        payer = self.people["payer"].address
        window = changes.get("challenge_window", 0)
        plain = JobTerms(
            payer=payer,
            requester=payer,
            worker=self.people["worker"].address,
            arbiter=self.people["arbiter"].address if window else ZERO_ADDRESS,
            token=self.token.address if token == ERC20 else ZERO_ADDRESS,
            fee_to=ZERO_ADDRESS,
            fee_bps=0,
            budget=25_000_000 if token == ERC20 else 5 * 10**16,
            claim_by=0,
            deliver_window=0,
            submit_by=now + DAY_S,
            verdict_by=now + 2 * DAY_S,
            challenge_window=0,
            ruling_window=window,
            silence_bps=5000,
            inconclusive_bps=5000,
            dispute_bond_bps=500 if window else 0,
            claim_bond_bps=0,
            max_rounds=1,
            quorum=3,
            spec_hash=word(f"{label} spec"),
            salt=int(word(f"{label} {token} salt"), 16),
            validators=tuple(validator.address for validator in self.validators),
        )
        return replace(plain, **changes)


def word(label: str) -> str:
    """32 bytes out of a label, as 0x and hexadecimal digits."""
    return "0x" + hashlib.sha256(label.encode()).hexdigest()


def account(label: str) -> LocalAccount:
    """An account out of a label."""
    return Account.from_key(hashlib.sha256(f"benchmark: {label}".encode()).digest())


def signature(signer: LocalAccount, digest: str) -> str:
    """65 bytes r, s, v over a digest, as 0x and hexadecimal digits."""
    return "0x" + bytes(signer.unsafe_sign_hash(HexBytes(digest)).signature).hex()


@contextmanager
def chain() -> Iterator[Chain]:
    """A fresh Anvil under Prague rules on a free port of loopback; it ends with the block."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--hardfork", "prague", "--quiet"]
        process = subprocess.Popen([*command, "--timestamp", str(GENESIS)], cwd=folder)
        try:
            yield Chain(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=10)

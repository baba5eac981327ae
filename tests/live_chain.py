"""A real chain for tests: Anvil or Hardhat's node on a free port of loopback, our contracts on it, accounts with money.

`running_anvil` and `running_hardhat` each end the process that they started; `deploy_on` puts the contracts there.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from oracle.chain.client import EscrowClient
from oracle.chain.deployment import Deployment
from oracle.chain.transactions.sender import TransactionReceipt, transact
from oracle.terms import ZERO_ADDRESS, JobTerms

ROOT = Path(__file__).resolve().parents[1]
GAS_MONEY_WEI = 10**19
TOKENS = 1_000_000_000
"""What the payer gets of the local dollar, base units."""


def find_anvil() -> Path:
    named = os.environ.get("COMPUTE_ANVIL")
    found = [Path(named)] if named else sorted(ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if not found or not found[0].is_file():
        pytest.fail("no anvil binary; run `make setup`, or name one in COMPUTE_ANVIL")
    return found[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def role(name: str) -> LocalAccount:
    """The same account under the same name in every run."""
    return Account.from_key(keccak(text=f"compute-escrow test {name}"))


@dataclass
class Anvil:
    """A chain that mines a block per transaction, or when told to. Hardhat's node does as well in its place."""

    url: str
    process: subprocess.Popen[bytes]
    web3: Web3 = field(init=False)

    def __post_init__(self) -> None:
        self.web3 = Web3(HTTPProvider(self.url, request_kwargs={"timeout": 10}))

    def call(self, method: str, *params: object) -> Any:
        answer = self.web3.provider.make_request(method, list(params))
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.call("hardhat_mine", hex(blocks))  # both nodes know it by this name

    def warp(self, seconds: int) -> None:
        """Let block time pass."""
        self.call("evm_increaseTime", seconds)
        self.mine()

    def now(self) -> int:
        """The head's timestamp."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def give_gas_money(self, address: str) -> None:
        self.call("hardhat_setBalance", address, hex(GAS_MONEY_WEI))


@dataclass
class Deployed:
    """Contracts on an Anvil, their client, and accounts with gas money; the payer has tokens too."""

    anvil: Anvil
    deployment: Deployment
    client: EscrowClient
    payer: LocalAccount
    worker: LocalAccount
    validators: tuple[LocalAccount, ...]
    """Three, by address ascending."""

    def terms(self, **changes: Any) -> JobTerms:
        """Valid terms of a token job of 1,000 units, paid at once; override what a test is about."""
        now = self.anvil.now()
        terms = JobTerms(
            payer=self.payer.address,
            requester=self.payer.address,
            worker=self.worker.address,
            arbiter=ZERO_ADDRESS,
            token=self.deployment.token,
            fee_to=ZERO_ADDRESS,
            fee_bps=0,
            budget=1_000,
            claim_by=0,
            deliver_window=0,
            submit_by=now + 3_600,
            verdict_by=now + 4 * 3_600,
            challenge_window=0,
            ruling_window=0,
            silence_bps=5_000,
            inconclusive_bps=5_000,
            dispute_bond_bps=0,
            claim_bond_bps=0,
            max_rounds=1,
            quorum=2,
            spec_hash="0x" + "5e" * 32,
            salt=1,
            validators=tuple(validator.address for validator in self.validators),
        )
        return replace(terms, **changes)

    def fund(self, terms: JobTerms) -> TransactionReceipt:
        """Approve, if it is a token job, and fund, as the payer."""
        if terms.token != ZERO_ADDRESS:
            transact(self.client, self.client.allow(terms.token, terms.budget), self.payer)
        return transact(self.client, self.client.fund(terms), self.payer)

    def submit(self, terms: JobTerms, result_hash: str, multiset_hash: str | None = None) -> TransactionReceipt:
        """Deliver as the worker."""
        return transact(self.client, self.client.submit(terms, result_hash, multiset_hash or result_hash), self.worker)


@contextmanager
def running_anvil() -> Iterator[Anvil]:
    port = free_port()
    command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--accounts", "1", "--hardfork", "prague"]
    with _running([*command, "--quiet"], port) as chain:
        yield chain


@contextmanager
def running_hardhat() -> Iterator[Anvil]:
    """Hardhat's node, from the packages that tests compare with (tests/node)."""
    cli = ROOT / "tests" / "node" / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    own = ROOT / ".build" / "node" / "bin" / "node"
    program = str(own) if own.is_file() else shutil.which("node")
    if not cli.is_file() or program is None:
        pytest.fail("no Hardhat; run `sh scripts/setup.sh test`")
    port = free_port()
    command = [program, str(cli), "node", "--hostname", "127.0.0.1", "--port", str(port)]
    with _running(command, port, cwd=ROOT / "tests" / "node") as chain:
        yield chain


@contextmanager
def _running(command: list[str], port: int, cwd: Path | None = None) -> Iterator[Anvil]:
    environment = os.environ | {"HARDHAT_DISABLE_TELEMETRY": "true"}
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    chain = Anvil(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + 60
        while not chain.web3.is_connected():
            assert process.poll() is None, f"{command[0]} ended with code {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} did not answer within 60 s"
            time.sleep(0.05)
        yield chain
    finally:
        process.kill()
        process.wait()


def deploy_contract(anvil: Anvil, name: str, *arguments: object) -> tuple[Any, int]:
    """The contract `name` from its committed bytecode, by the node's first account, and the block it is in."""
    artifact = json.loads(resources.files("oracle.chain").joinpath("abi", f"{name}.json").read_text())
    factory = anvil.web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    sent = factory.constructor(*arguments).transact({"from": anvil.web3.eth.accounts[0]})
    receipt = anvil.web3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.05)
    return anvil.web3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"]), receipt["blockNumber"]


def deploy_on(anvil: Anvil) -> Deployed:
    holder = anvil.web3.eth.accounts[0]
    token, _ = deploy_contract(anvil, "LocalUSD", holder, 10**15)
    escrow, block = deploy_contract(anvil, "JobEscrow")
    deployment = Deployment(
        chain_id=anvil.web3.eth.chain_id,
        escrow=escrow.address,
        token=token.address,
        token_symbol=token.functions.symbol().call(),
        token_decimals=token.functions.decimals().call(),
        block=block,
    )
    payer, worker = role("payer"), role("worker")
    validators = tuple(sorted((role(f"validator {n}") for n in range(3)), key=lambda account: int(account.address, 16)))
    for account in (payer, worker, *validators):
        anvil.give_gas_money(account.address)
    token.functions.transfer(payer.address, TOKENS).transact({"from": holder})
    return Deployed(anvil, deployment, EscrowClient(anvil.url, deployment), payer, worker, validators)


def deploy_source(anvil: Anvil, source: str, *arguments: object) -> Any:
    """The contract of the Solidity file `source` of the tests, created by the node's first account.

    The file imports nothing and defines one contract, of its own name.
    """
    abi, bytecode = compiled(source)
    factory = anvil.web3.eth.contract(abi=abi, bytecode=bytecode)
    sent = factory.constructor(*arguments).transact({"from": anvil.web3.eth.accounts[0]})
    receipt = anvil.web3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.05)
    return anvil.web3.eth.contract(address=receipt["contractAddress"], abi=abi)


@cache
def compiled(source: str) -> tuple[list[Any], str]:
    """ABI and bytecode, from the project's own compiler."""
    path = ROOT / "tests" / "contracts" / "support" / f"{source}.sol"
    asked = {
        "language": "Solidity",
        "sources": {source: {"content": path.read_text()}},
        "settings": {"evmVersion": "prague", "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
    }
    (solc,) = (ROOT / ".solcx").glob("solc-v*")
    ran = subprocess.run([solc, "--standard-json"], input=json.dumps(asked), capture_output=True, text=True, check=True)
    made = json.loads(ran.stdout)["contracts"][source][source]
    return made["abi"], made["evm"]["bytecode"]["object"]

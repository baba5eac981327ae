"""A real chain for integration tests: Anvil on a free port of loopback, our contracts on it, and accounts with money.

Fixtures: `anvil`, a fresh chain; `deployed`, the same with LocalUSD and JobEscrow; both end with the test.
`shared_deployed` lives as long as its module. `frozen_job` puts a small simulated and promoted job into a store.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from oracle.artifacts import ArtifactStore
from oracle.artifacts.shots import PackedShots, pack
from oracle.chain.client import EscrowClient
from oracle.chain.deployment import Deployment
from oracle.chain.sender import Receipt, transact
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    Quote,
    SimulationRecord,
    canonical_spec,
    normalise,
    promoted,
    simulated,
)
from oracle.statistics import Baseline
from oracle.terms import ZERO_ADDRESS, JobTerms

ROOT = Path(__file__).resolve().parents[2]
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
    """A chain that mines a block per transaction, or when told to."""

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
        self.call("anvil_mine", hex(blocks))

    def warp(self, seconds: int) -> None:
        """Let block time pass."""
        self.call("evm_increaseTime", seconds)
        self.mine()

    def now(self) -> int:
        """The head's timestamp."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def give_gas_money(self, address: str) -> None:
        self.call("anvil_setBalance", address, hex(GAS_MONEY_WEI))


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

    def fund(self, terms: JobTerms) -> Receipt:
        """Approve, if it is a token job, and fund, as the payer."""
        if terms.token != ZERO_ADDRESS:
            transact(self.client, self.client.approve(terms.token, terms.budget), self.payer)
        return transact(self.client, self.client.fund(terms), self.payer)

    def submit(self, terms: JobTerms, result_hash: str, multiset_hash: str | None = None) -> Receipt:
        """Deliver as the worker."""
        return transact(self.client, self.client.submit(terms, result_hash, multiset_hash or result_hash), self.worker)


ANGLES = (0.6, 2.5, 0.4, 2.8, 0.9)
CIRCUIT = """OPENQASM 3.0;
include "stdgates.inc";
qubit[5] q;
bit[5] c;
ry(0.6) q[0];
ry(2.5) q[1];
ry(0.4) q[2];
ry(2.8) q[3];
ry(0.9) q[4];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
cx q[3], q[4];
c = measure q;
"""


def circuit_probabilities() -> np.ndarray:
    """The circuit's distribution worked out by hand, float64[32]: independent bits, then XORed down the chain."""
    probabilities = np.zeros(32)
    for outcome in range(32):
        bits = [(outcome >> index) & 1 for index in range(5)]
        weight = 1.0
        for bit, angle in zip(bits, ANGLES, strict=True):
            weight *= math.sin(angle / 2) ** 2 if bit else math.cos(angle / 2) ** 2
        for index in range(1, 5):
            bits[index] ^= bits[index - 1]
        probabilities[sum(bit << index for index, bit in enumerate(bits))] += weight
    return probabilities


@dataclass(frozen=True)
class FrozenJob:
    """A spec in a store, and shots to deliver for it."""

    spec_hash: str
    spec: JobSpec
    shots: int = 4000

    def honest(self, seed: int, shots: int | None = None) -> PackedShots:
        """Shots from the circuit's own distribution."""
        drawn = np.random.default_rng(seed).choice(32, size=shots or self.shots, p=circuit_probabilities())
        return pack(drawn, 5)

    def uniform(self, seed: int) -> PackedShots:
        """What a worker at chance delivers."""
        return pack(np.random.default_rng(seed).integers(0, 32, size=self.shots), 5)


@pytest.fixture(scope="session")
def frozen_job() -> Callable[..., FrozenJob]:
    """freeze(store, baseline, version): simulate and promote by hand, and store what validators fetch.

    `sections` are laid over the draft's.
    """

    def freeze(
        store: ArtifactStore, baseline: Baseline | None = None, version: str = "2026-06", **sections: Any
    ) -> FrozenJob:
        committed = baseline or Baseline.from_probabilities(circuit_probabilities())
        draft = JobSpec.model_validate(
            {
                "job_type": "quantum_experiment",
                "version": version,
                "requester": "did:example:buyer123",
                "quantum": {"circuit_ref": "./circuits/chain.qasm", "shots": 4000},
                "budget": {"max_usd_equivalent": "25"},
                "validation": {"method": "distribution_threshold"},
            }
            | sections
        )
        record = SimulationRecord(
            circuit_hash=store.put(CIRCUIT.encode()),
            baseline_root=store.put(committed.to_bytes()),
            simulation_digest=store.put(b"simulated by hand"),
            baseline_distance="0",
            qubits=5,
            depth=6,
            two_qubit_gates=4,
        )
        quote = Quote(
            token="native", symbol="ETH", decimals=18, usd_per_token="3000", source="test",
            quoted_at="2026-06-01T12:00:00Z",
        )  # fmt: skip
        frozen = simulated(normalise(draft, operator_policy=PromotionPolicy(), bits=5), record)
        spec = promoted(frozen, "local", "25", quote)
        return FrozenJob(store.put(canonical_spec(spec)), spec)

    return freeze


@contextmanager
def running_anvil() -> Iterator[Anvil]:
    port = free_port()
    command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--accounts", "1", "--hardfork", "prague"]
    process = subprocess.Popen([*command, "--quiet"], stdin=subprocess.DEVNULL)
    chain = Anvil(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + 20
        while not chain.web3.is_connected():
            assert process.poll() is None, f"anvil ended with code {process.returncode}"
            assert time.monotonic() < deadline, "anvil did not answer within 20 s"
            time.sleep(0.05)
        yield chain
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
def deployed(anvil: Anvil) -> Deployed:
    return deploy_on(anvil)


@pytest.fixture(scope="module")
def shared_deployed() -> Iterator[Deployed]:
    """As `deployed`, one for all tests of a module: for tests that start processes, which take seconds."""
    with running_anvil() as chain:
        yield deploy_on(chain)


def deploy_on(anvil: Anvil) -> Deployed:
    holder = anvil.web3.eth.accounts[0]

    def deploy(name: str, *arguments: object) -> Any:
        artifact = json.loads(resources.files("oracle.chain").joinpath("abi", f"{name}.json").read_text())
        factory = anvil.web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        sent = factory.constructor(*arguments).transact({"from": holder})
        receipt = anvil.web3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.05)
        return anvil.web3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"]), receipt["blockNumber"]

    token, _ = deploy("LocalUSD", holder, 10**15)
    escrow, block = deploy("JobEscrow")
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

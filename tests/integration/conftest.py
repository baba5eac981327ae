"""A real chain for integration tests: Anvil on a free port of loopback, our contracts on it, and accounts with money.

Fixtures: `anvil`, a fresh chain; `deployed`, the same with LocalUSD and JobEscrow; both end with the test.
`shared_deployed` lives as long as its module. `frozen_job` puts a small simulated and promoted job into a store.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from live_chain import Anvil, Deployed, deploy_on, running_anvil

from oracle.artifacts import ArtifactStore
from oracle.artifacts.shots import PackedShots, pack
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

"""How a demonstrated job may end, and the worker that cheats in one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from oracle.artifacts.shots import pack
from router.protocol.providing import Estimate, Provider, Reference, Result, RunStatus, Target, Work


class Ending(Enum):
    """How a demonstration ends."""

    ACCEPTED = "accepted"
    """An honest run, accepted and paid."""
    REJECTED = "rejected"
    """A worker that delivers coin flips; the payer gets the budget back."""
    REFUNDED = "refunded"
    """Nobody delivers; the budget goes back after the deadline."""
    SILENCE = "silence"
    """The validators stay silent; the worker gets the silence share."""
    CANCELLED = "cancelled"
    """Payer and worker call the job off; all returns."""


@dataclass(frozen=True)
class UniformWorker:
    """A provider seen through a worker that delivers coin flips instead of what the provider returned."""

    honest: Provider

    @property
    def name(self) -> str:
        return self.honest.name

    def capabilities(self) -> tuple[Target, ...]:
        return self.honest.capabilities()

    def estimate(self, work: Work) -> Estimate:
        return self.honest.estimate(work)

    def submit(self, work: Work) -> Reference:
        return self.honest.submit(work)

    def find(self, tag: str, target: str) -> Reference | None:
        return self.honest.find(tag, target)

    def status(self, ref: Reference) -> RunStatus:
        return self.honest.status(ref)

    def cancel(self, ref: Reference) -> bool:
        return self.honest.cancel(ref)

    def result(self, ref: Reference) -> Result:
        """Uniform bits in place of the shots; the same ones each time, so that even a crash changes nothing."""
        genuine = self.honest.result(ref)
        seed = int.from_bytes(hashlib.sha256(ref.provider_job.encode()).digest()[:8], "big")
        flips = np.random.default_rng(seed).integers(0, 2**genuine.shots.bits, genuine.shots.count)
        return replace(genuine, shots=pack(flips, genuine.shots.bits))


def uniform_workers(providers: Mapping[str, Provider]) -> dict[str, Provider]:
    """Every provider as a cheating worker shows it."""
    return {name: UniformWorker(provider) for name, provider in providers.items()}

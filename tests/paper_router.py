"""A router on a chain on paper, driven tick by tick, and a provider that says what the test tells it to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from oracle.artifacts.shots import pack
from router.control.operating.engine import Engine
from router.protocol.lifecycle import JobRecord
from router.protocol.providing import (
    Estimate,
    JobState,
    ProviderError,
    Reference,
    Result,
    RunReceipt,
    RunStatus,
    Target,
    Work,
)
from router.worker.providers.simulation import ideal_targets

PATIENCE_S = 30.0
BUSY_S = 0.2
"""How long the router's store waits for a database that another process has locked."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class PaperProvider:
    """A provider that says what the test tells it to."""

    name = "aer"

    def __init__(self) -> None:
        self.state = JobState.QUEUED
        self.look_again_s: float | None = None
        self.error: ProviderError | None = None
        """Raised by every call."""
        self.refuses: ProviderError | None = None
        """Raised by submissions."""
        self.unusable: ProviderError | None = None
        """Raised for results."""
        self.bits = 5
        """Of its results' shots."""
        self.runs: list[str] = []
        self.stopped: list[str] = []

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error

    def capabilities(self) -> tuple[Target, ...]:
        return ideal_targets()

    def estimate(self, work: Work) -> Estimate:
        del work
        return Estimate(0.0, 1.0, 0)

    def submit(self, work: Work) -> Reference:
        self._answer()
        if self.refuses is not None:
            raise self.refuses
        self.runs.append(work.tag)
        return Reference(self.name, work.target, work.tag)

    def find(self, tag: str, target: str) -> Reference | None:
        self._answer()
        return Reference(self.name, target, tag) if tag in self.runs else None

    def status(self, ref: Reference) -> RunStatus:
        del ref
        self._answer()
        return RunStatus(self.state, look_again_s=self.look_again_s)

    def result(self, ref: Reference) -> Result:
        self._answer()
        if self.unusable is not None:
            raise self.unusable
        receipt = RunReceipt(ref.provider_job, ref.target, 4000, "1", "", "", "statevector", 7)
        return Result(pack(np.zeros(4000, dtype=np.int64), self.bits), receipt, None, "OPENQASM 3.0;", "as it was")

    def cancel(self, ref: Reference) -> bool:
        self._answer()
        self.stopped.append(ref.provider_job)
        return True


@dataclass(frozen=True)
class Router:
    """An engine at a desk, with its provider."""

    desk: Any
    provider: PaperProvider
    engine: Engine
    connections: list[Any]
    """What the engine's store has open to its database."""

    def ticks(self, job: str, reached: Callable[[JobRecord], object]) -> JobRecord:
        """Tick until the record of `job` is as wanted, making it due each time."""
        store = self.desk.opened.store
        end = time.monotonic() + PATIENCE_S
        while True:
            record = store.job(job)
            if reached(record):
                return record
            assert time.monotonic() < end, f"{job} is {record.state.value}, waits for {self.desk.waits_for(job)}"
            store.set_next_look(job, LONG_AGO)
            self.engine.tick()
            time.sleep(0.02)

    def tick(self, job: str) -> None:
        """One look at `job`."""
        self.desk.opened.store.set_next_look(job, LONG_AGO)
        self.engine.tick()

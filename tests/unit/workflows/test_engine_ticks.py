"""The router's loop on a chain on paper, with DBOS for real: what it does with a job that cannot go on just now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle.artifacts.shots import pack
from oracle.chain import events as chain
from oracle.terms import pack_terms
from router.lifecycle import JobRecord, State
from router.providers.protocol import (
    Estimate,
    JobState,
    ProviderError,
    ProviderUnavailable,
    Receipt,
    Reference,
    Result,
    Status,
    Target,
    Work,
)
from router.providers.simulation import ideal_targets
from router.settings import workflows_url
from router.workflows.close import terms_of
from router.workflows.engine import STUMBLED, Bench, Engine, configure

PATIENCE_S = 30.0
DOWN = ProviderUnavailable("the provider does not answer", "try again later")


class PaperProvider:
    """A provider that says what the test tells it to."""

    name = "aer"

    def __init__(self) -> None:
        self.state = JobState.QUEUED
        self.error: ProviderError | None = None
        self.runs: list[str] = []

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
        self.runs.append(work.tag)
        return Reference(self.name, work.target, work.tag)

    def find(self, tag: str, target: str) -> Reference | None:
        self._answer()
        return Reference(self.name, target, tag) if tag in self.runs else None

    def status(self, ref: Reference) -> Status:
        del ref
        self._answer()
        return Status(self.state)

    def result(self, ref: Reference) -> Result:
        self._answer()
        receipt = Receipt(ref.provider_job, ref.target, 4000, "1", "", "", "statevector", 7)
        return Result(pack(np.zeros(4000, dtype=np.int64), 5), receipt, None, "OPENQASM 3.0;", "as it was")

    def cancel(self, ref: Reference) -> bool:
        del ref
        self._answer()
        return True


@dataclass(frozen=True)
class Router:
    """An engine at a desk, with its provider."""

    desk: Any
    provider: PaperProvider
    engine: Engine

    def ticks(self, job: str, reached: Callable[[JobRecord], object]) -> JobRecord:
        """Tick until the record of `job` is as wanted, making it due each time."""
        store = self.desk.workspace.store
        end = time.monotonic() + PATIENCE_S
        while True:
            record = store.job(job)
            if reached(record):
                return record
            assert time.monotonic() < end, f"{job} is {record.state.value}, waits for {self.desk.waits_for(job)}"
            store.set_next_look(job, self.long_ago)
            self.engine.tick()
            time.sleep(0.02)

    @property
    def long_ago(self) -> Any:
        from datetime import UTC, datetime

        return datetime(2026, 1, 1, tzinfo=UTC)

    def tick(self, job: str) -> None:
        """One look at `job`."""
        self.desk.workspace.store.set_next_look(job, self.long_ago)
        self.engine.tick()


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory, make_desk: Callable[[Path], Any]) -> Iterator[Router]:
    """One for the module: DBOS is one in a process."""
    desk, provider = make_desk(tmp_path_factory.mktemp("router") / "home"), PaperProvider()
    configure(workflows_url(desk.workspace.home))
    engine = Engine(Bench(desk.workspace, {"aer": provider}))
    engine.start()
    yield Router(desk, provider, engine)
    engine.close()


@pytest.fixture(autouse=True)
def provider_as_new(router: Router) -> None:
    router.provider.state, router.provider.error = JobState.QUEUED, None


def test_a_job_that_a_gate_holds_back_says_which_and_what_to_do(router: Router) -> None:
    desk = router.desk
    record = desk.promoted()
    terms = terms_of(record)
    other = "0x" + pack_terms(replace(terms, budget=1)).hex()
    desk.chain.says(record.escrow_id, chain.Funded(terms.payer, terms.worker, other), chain.Status.FUNDED)
    desk.chain.node.block_number += 1
    router.tick(record.job)
    assert desk.waits_for(record.job) == (
        f"budget: 1 base units are locked, the terms say {terms.budget} — "
        "fund the job of these terms; the other lock returns by refund"
    )
    assert desk.workspace.store.job(record.job).state is State.SIMULATED


def test_a_provider_that_does_not_answer_is_what_the_job_waits_for_until_it_does(router: Router) -> None:
    desk, provider = router.desk, router.provider
    job = desk.locked().job
    router.ticks(job, lambda record: record.state is State.QUEUED)
    assert desk.waits_for(job) is None
    provider.error = DOWN
    router.tick(job)
    assert desk.waits_for(job) == str(DOWN)
    provider.error = None
    router.tick(job)
    assert desk.waits_for(job) is None, "it answers, though nothing has happened"
    provider.error = DOWN
    router.tick(job)
    provider.error, provider.state = None, JobState.RUNNING
    router.ticks(job, lambda record: record.state is State.RUNNING)
    assert desk.waits_for(job) is None


def test_a_job_that_the_router_stumbles_over_says_so_and_holds_no_other_up(router: Router) -> None:
    desk = router.desk
    broken, sound = desk.locked(), desk.locked()
    spec = desk.workspace.home.artifacts / "objects" / broken.spec_hash[2:4] / broken.spec_hash[4:]
    kept = spec.read_bytes()
    spec.unlink()
    router.tick(broken.job)
    assert desk.waits_for(broken.job) == STUMBLED
    router.ticks(sound.job, lambda record: record.state is State.QUEUED)
    spec.write_bytes(kept)
    router.ticks(broken.job, lambda record: record.state is State.QUEUED)
    assert desk.waits_for(broken.job) is None

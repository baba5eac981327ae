"""The worker within the router's process: what is asked of it is a call, and what signs is the worker's desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from oracle.chain.client import EscrowClient
from router.protocol.cancellation import sign_cancellation
from router.protocol.lifecycle import JobRecord
from router.protocol.ports import NoResult
from router.protocol.providing import Provider, RunStatus
from router.worker import cancelling, execution, mending
from router.worker.desk import WorkerDesk


@dataclass(frozen=True)
class LoopbackWorker:
    """A `router.protocol.ports.WorkerPort` that works where it is asked."""

    desk: WorkerDesk
    providers: Mapping[str, Provider]
    price: str | None = None
    """Of a second of hardware, in US dollars; None bounds a run by its spec alone."""
    seed: int | None = None
    """For simulated devices, so that a demonstration can be repeated; None in earnest."""

    @cached_property
    def _client(self) -> EscrowClient:
        return self.desk.opened.client()

    def submit(self, job: str, provider: str, target: str) -> NoResult | None:
        """See `execution.submit`."""
        return execution.submit(self.desk, self.providers, job, provider, target, self.seed, self.price)

    def status(self, job: str) -> RunStatus:
        """See `execution.status_of`."""
        return execution.status_of(self.desk.opened, self.providers, job)

    def deliver(self, job: str) -> NoResult | None:
        """See `execution.deliver`."""
        return execution.deliver(self.desk, self._client, self.providers, job)

    def delivered_before(self, job: str) -> bool:
        """See `execution.delivered_before`."""
        return execution.delivered_before(self.desk.opened, job)

    def mend(self, record: JobRecord) -> tuple[str, ...]:
        """See `mending.mend`."""
        return mending.mend(self.desk.opened, self.providers, record)

    def call_off(self, record: JobRecord) -> None:
        """See `execution.call_off`."""
        execution.call_off(self.desk.opened, self.providers, record)

    def refuses_cancellation(self, record: JobRecord) -> str | None:
        """See `cancelling.refuses`."""
        return cancelling.refuses(self.desk.opened, record)

    def sign_cancellation(self, record: JobRecord, expiry: int) -> str:
        """See `router.protocol.cancellation.sign_cancellation`."""
        return sign_cancellation(self._client, record, self.desk.account, expiry)

"""The durable acts on one job: DBOS workflows, each named by the act, the job and the try.

Asking twice is asking once, and a crash resumes what was begun. DBOS runs a step at least once, so every step looks
for its effect before it makes it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance, DBOSPortableJSONSerializer, SetWorkflowID

from oracle.chain.client import EscrowClient
from oracle.chain.errors import ChainError
from router.control.desk import OperatorDesk
from router.control.opening import OperatedHome
from router.control.operating.explaining import remarks
from router.control.operating.following import close, deadlines, runs
from router.control.store import DatabaseUnavailable
from router.control.store.database import speaking
from router.protocol.lifecycle import State
from router.protocol.ports import WITH_PROVIDER, WorkerPort
from router.protocol.providing import Provider, ProviderError

log = logging.getLogger("router")

QUEUE: Final = "jobs"
POLL_AGAIN_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Between two tries of an act that keeps failing."""
_UNDER_WAY = ("PENDING", "ENQUEUED", "DELAYED")
_STEP_ATTEMPTS = 4


@dataclass(frozen=True)
class Bench:
    """What the workflows of this process work with."""

    desk: OperatorDesk
    providers: Mapping[str, Provider]
    """What routing and gates ask; no job is submitted to one here."""
    worker: WorkerPort
    takes_work: bool = True
    """Whether this router's worker executes jobs; one that does not still co-signs a cancellation."""
    warm_up: Callable[[], None] = lambda: None
    """Imports what asking the gates takes; called once, in their thread."""

    @property
    def opened(self) -> OperatedHome:
        """The home of the desk."""
        return self.desk.opened

    @cached_property
    def client(self) -> EscrowClient:
        """One for the process: its node is asked once which chain it serves. Threads may share it."""
        return self.opened.client()


def _passing(error: BaseException) -> bool:
    """Whether trying the step again may help."""
    return isinstance(error, ChainError | DatabaseUnavailable) or (isinstance(error, ProviderError) and error.retryable)


_step = DBOS.step(
    retries_allowed=True, interval_seconds=0.5, max_attempts=_STEP_ATTEMPTS, backoff_rate=2.0, should_retry=_passing
)


@DBOS.dbos_class()
class JobWorkflows(DBOSConfiguredInstance):
    """The durable acts on one job."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        super().__init__(config_name="router")

    @DBOS.workflow()
    def execute(self, job: str, provider: str, target: str) -> str:
        """The submission of an approved job to a provider."""
        return self.submit(job, provider, target)

    @DBOS.workflow()
    def deliver(self, job: str) -> str:
        """The provider's result, stored and delivered on-chain."""
        return self.deliver_result(job)

    @DBOS.workflow()
    def close(self, job: str, verb: str) -> str:
        """The call that a passed deadline allows."""
        return self.close_on_chain(job, verb)

    @_step
    def submit(self, job: str, provider: str, target: str) -> str:
        bench = self._bench
        with self._telling(job):
            refused = bench.worker.submit(job, provider, target)
            if refused is not None:
                runs.fail(bench.desk, job, refused.reason, (State.APPROVED,))
            return bench.opened.store.job(job).state.value

    @_step
    def deliver_result(self, job: str) -> str:
        bench = self._bench
        with self._telling(job):
            nothing = bench.worker.deliver(job)
            if nothing is not None:
                runs.fail(bench.desk, job, nothing.reason, WITH_PROVIDER)
            return bench.opened.store.job(job).state.value

    @_step
    def close_on_chain(self, job: str, verb: str) -> str:
        bench = self._bench
        with self._telling(job):
            record = bench.opened.store.job(job)
            return close.close(bench.desk, bench.client, record, deadlines.Verb(verb)).hash

    @contextmanager
    def _telling(self, job: str) -> Iterator[None]:
        """What goes wrong inside is what `job` waits for: the act is tried again."""
        try:
            yield
        except Exception as error:
            said = remarks.of(job, error)
            log.warning("%s: %s", job, said.text, exc_info=said.unexpected)
            try:
                self._bench.opened.store.set_waiting_for(job, said.text)
            except DatabaseUnavailable as deaf:
                log.warning("%s: what it waits for cannot be written down: %s", job, deaf.reason)
            raise


class Acts:
    """Asks for workflows, one of an act on a job at a time.

    The identifier numbers the tries: an act that changed nothing, or failed, may be tried again, each time later. The
    numbers are kept in memory and found again by identifier, never by listing what there ever was.
    """

    def __init__(self) -> None:
        self._tries: dict[tuple[str, str], int] = {}
        self._asking = threading.Lock()

    def ask(self, workflow: Callable[..., str], act: str, job: str, *arguments: str) -> float:
        """Ask for `workflow`, unless one of the same act on the same job is under way; the seconds after which to look.

        Raises DatabaseUnavailable where DBOS cannot reach its database.
        """
        with self._asking, speaking("of the workflows"):
            done = self._tries.get((act, job))
            if done is None:
                done = _tries_so_far(act, job)
            if done and _status(act, job, done) in _UNDER_WAY:
                self._tries[act, job] = done
                return POLL_AGAIN_S
            with SetWorkflowID(_name(act, job, done + 1)):
                DBOS.enqueue_workflow(QUEUE, workflow, job, *arguments)
            self._tries[act, job] = done + 1
        return float(min(POLL_AGAIN_S * 2 ** min(done, 10), LONGEST_PAUSE_S))

    def forget(self, job: str) -> None:
        """`job` is over: nothing will be asked for it."""
        for key in [key for key in self._tries if key[1] == job]:
            del self._tries[key]


def _name(act: str, job: str, number: int) -> str:
    return f"{act}:{job}:{number}"


def _status(act: str, job: str, number: int) -> str | None:
    found = DBOS.get_workflow_status(_name(act, job, number))
    return None if found is None else found.status


def _tries_so_far(act: str, job: str) -> int:
    """The number of the last try, 0 for none: tries are numbered without gaps, so it is found by halving."""
    above = 1
    while _status(act, job, above) is not None:
        above *= 2
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        below, above = (middle, above) if _status(act, job, middle) is not None else (below, middle)
    return below


def configure(database_url: str) -> None:
    """Tell DBOS where its state is. One fixed application version and executor, so that an upgraded router resumes
    what its predecessor began; arguments and results are plain JSON, never pickles."""
    config: DBOSConfig = {
        "name": "compute-escrow",
        "system_database_url": database_url,
        "application_version": "1",
        "executor_id": "router",
        "enable_otlp": False,
        "console_log_level": "WARNING",
        "serializer": DBOSPortableJSONSerializer(),
        "max_executor_threads": 8,
    }
    DBOS(config=config)

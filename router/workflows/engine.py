"""The router daemon's engine: one loop that looks, and durable workflows that act.

The loop reads the chain, the requests and the jobs that are due, in batches; a job that waits costs a row. Whatever
takes effect outside runs as a DBOS workflow, whose identifier names the job and the act, so that asking twice is
asking once, and whose steps resume after a crash. Every step looks for its effect before it makes it.

Only this module launches DBOS, and only the daemon, under a lock, calls it: two launches on one database would each
resume the other's workflows.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance, DBOSPortableJSONSerializer, SetWorkflowID

from oracle.chain.client import EscrowClient
from oracle.chain.errors import CallReverted, ChainError
from oracle.chain.events import BlockRef, Status
from oracle.terms import JobTerms
from router.lifecycle import EscrowState, Expired, JobRecord, Payload, Role, State
from router.providers.protocol import JobState, Provider, ProviderError, ProviderUnavailable
from router.store import Request
from router.workflows import approval, chain_events, close, deadlines, execute, journal
from router.workflows.workspace import Workspace

log = logging.getLogger("router")

QUEUE: Final = "jobs"
BATCH = 200
CURSOR = "escrow"
TICK_S = 0.3
POLL_AGAIN_S = 0.5
WAIT_FOR_CHAIN_S = 2.0
WAIT_FOR_FUNDING_S = 30.0
"""A funding wakes its job through the chain's events; this is for the event that was missed."""
LONGEST_PAUSE_S = 60.0
"""Between two tries of an act that keeps failing."""
ASK_GATES_AGAIN_S = 10.0
"""A gate that denies now, such as a long queue, may allow later; until submitBy the job waits for it."""
STUMBLED = "the router stumbled over it and tries again; its log, router.log, says why"
_UNDER_WAY = ["PENDING", "ENQUEUED"]
_STEP_ATTEMPTS = 4


@dataclass(frozen=True)
class Bench:
    """What the workflows of this process work with."""

    workspace: Workspace
    providers: Mapping[str, Provider]
    takes_work: bool = True
    """Whether this router's worker executes jobs; one that does not still co-signs a cancellation."""
    seed: int | None = None
    """For simulated devices, so that a demonstration can be repeated; None in earnest."""

    def client(self) -> EscrowClient:
        return self.workspace.client()


def _passing(error: BaseException) -> bool:
    """Whether trying the step again may help."""
    return isinstance(error, ChainError) or (isinstance(error, ProviderError) and error.retryable)


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
            return execute.submit(bench.workspace, bench.providers, job, provider, target, bench.seed).state.value

    @_step
    def deliver_result(self, job: str) -> str:
        bench = self._bench
        with self._telling(job):
            return execute.deliver(bench.workspace, bench.client(), bench.providers, job).state.value

    @_step
    def close_on_chain(self, job: str, verb: str) -> str:
        bench = self._bench
        with self._telling(job):
            record = bench.workspace.store.job(job)
            return close.close(bench.workspace, bench.client(), record, deadlines.Verb(verb)).hash

    @contextmanager
    def _telling(self, job: str) -> Iterator[None]:
        """What goes wrong inside is what `job` waits for: the act is tried again."""
        try:
            yield
        except (ProviderError, ChainError) as error:
            log.warning("%s: %s", job, error)
            self._bench.workspace.store.set_waiting_for(job, str(error))
            raise
        except Exception:
            log.exception("%s: an act failed", job)
            self._bench.workspace.store.set_waiting_for(job, STUMBLED)
            raise


class Engine:
    """The loop and its workflows in one process. `start`, then `run` until `stop`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._client = bench.client()
        self._workflows = JobWorkflows(bench)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Launch DBOS: workflows that a dead process left are resumed at once."""
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=4, polling_interval_sec=0.1)

    def run(self) -> None:
        """Look and act until `stop`; an error of one tick is logged and the next tick tries again."""
        while not self._stopping.is_set():
            try:
                self.tick()
            except ChainError as error:
                log.warning("chain: %s", error)
                self._stopping.wait(WAIT_FOR_CHAIN_S)
            self._stopping.wait(TICK_S)

    def stop(self) -> None:
        """Let `run` return after its tick; workflows under way resume at the next start."""
        self._stopping.set()

    def close(self) -> None:
        """End DBOS's threads."""
        DBOS.destroy(workflow_completion_timeout_sec=5)

    def tick(self) -> None:
        """One look at the chain, the requests and the jobs that are due. Raises ChainError."""
        head = self._client.head()
        self._wake(head)
        for request in self._bench.workspace.store.take_requests(limit=BATCH):
            self._guarded(request.job, partial(self._serve, request))
        now = datetime.now(UTC)
        for record in self._bench.workspace.store.due(tuple(State), now, limit=BATCH):
            self._guarded(record.job, partial(self._advance, record, head))

    def _guarded(self, job: str, act: Callable[[], None]) -> None:
        """Run `act`; whatever goes wrong with one job is logged, put off, and does not touch the others."""
        try:
            act()
        except ProviderError as error:
            log.warning("%s: %s", job, error)
            self._waits(job, str(error))
            asked_s = error.retry_after_s if isinstance(error, ProviderUnavailable) else None
            self._later(job, max(WAIT_FOR_CHAIN_S, asked_s or 0.0))
        except ChainError:
            raise
        except Exception:
            log.exception("%s: could not be advanced", job)
            self._waits(job, STUMBLED)
            self._later(job, WAIT_FOR_CHAIN_S * 5)

    def _waits(self, job: str, reason: str | None) -> None:
        """Say to people what holds `job` back, None for nothing; written where it differs, since polls are many."""
        store = self._bench.workspace.store
        if store.waiting_for((job,)).get(job) != reason:
            store.set_waiting_for(job, reason)

    def _later(self, job: str, seconds: float) -> None:
        self._bench.workspace.store.set_next_look(job, datetime.now(UTC) + timedelta(seconds=seconds))

    # ------------------------------------------------------------------ the chain

    def _settled_block(self, head: BlockRef) -> int:
        """The newest block that counts: it has the stack's number of confirmations."""
        return head.number - self._bench.workspace.need_stack("the router").confirmations + 1

    def _wake(self, head: BlockRef) -> None:
        """Make every job due that the chain says something new about."""
        store, to_block = self._bench.workspace.store, self._settled_block(head)
        cursor = store.cursor(CURSOR)
        start = self._client.deployment.block if cursor is None else cursor.block_number + 1
        if (
            cursor is not None
            and (known := self._client.block(cursor.block_number))
            and known.hash != cursor.block_hash
        ):
            log.warning("block %d was replaced; reading the chain again from the escrow's first", cursor.block_number)
            start = self._client.deployment.block
        if start > to_block:
            return
        for event in self._client.events(start, to_block):
            if (record := store.job_by_escrow_id(event.job_id)) is not None:
                store.set_next_look(record.job, datetime.now(UTC))
        block = self._client.block(to_block)
        if block is not None:
            store.set_cursor(CURSOR, block.number, block.hash)

    # ------------------------------------------------------------------ requests

    def _serve(self, request: Request) -> None:
        workspace = self._bench.workspace
        record = workspace.store.job(request.job)
        refusal = approval.refuses_cancellation(workspace, record)
        if refusal is not None:
            workspace.store.answer_request(request.id, json.dumps({"refused": refusal}))
            return
        try:
            receipt = close.cancel(workspace, self._client, record, request.body)
        except CallReverted as error:
            workspace.store.answer_request(request.id, json.dumps({"refused": str(error)}))
            return
        workspace.store.answer_request(request.id, json.dumps({"cancelled": receipt.hash}))

    # ------------------------------------------------------------------ jobs

    def _advance(self, record: JobRecord, head: BlockRef) -> None:
        record = chain_events.reconcile(
            self._bench.workspace, self._client, record.job, to_block=self._settled_block(head)
        )
        self._proceed(record, head)
        if record.terminal:
            # Last: the money moves whether or not the provider can be asked.
            execute.call_off(self._bench.workspace, self._bench.providers, record)

    def _proceed(self, record: JobRecord, head: BlockRef) -> None:
        if record.closed or record.escrow_id is None:
            self._waits(record.job, None)
            self._bench.workspace.store.set_next_look(record.job, None)
            return
        slot = self._client.status(record.escrow_id)
        terms = close.terms_of(record)
        verb = deadlines.due(slot, terms, head.timestamp)
        if verb is not None:
            pause = self._enqueue(self._workflows.close, f"{verb.value}", record.job, verb.value)
            self._later(record.job, max(pause, WAIT_FOR_CHAIN_S))
        elif slot.status is Status.NONE:
            self._await_funding(record, terms, head)
        elif self._bench.takes_work and (slot.status is Status.FUNDED or record.state in execute.WITH_PROVIDER):
            # The latter also with a delivery on-chain that is not told yet: the act that told it may have failed.
            self._work(record)
        else:
            self._later(record.job, WAIT_FOR_CHAIN_S)

    def _await_funding(self, record: JobRecord, terms: JobTerms, head: BlockRef) -> None:
        """Wait for the payer, up to submitBy: the contract locks nothing afterwards."""
        if head.timestamp <= terms.submit_by:
            self._waits(record.job, None if record.terminal else f"its budget: `compute fund {record.job}` locks it")
            self._later(record.job, WAIT_FOR_FUNDING_S)
            return

        def following(current: JobRecord) -> Sequence[tuple[Role, Payload]]:
            return () if current.terminal else [(Role.OPERATOR, Expired("nobody locked the budget by submitBy"))]

        journal.write(self._bench.workspace, record.job, following)
        self._bench.workspace.store.set_next_look(record.job, None)

    def _work(self, record: JobRecord) -> None:
        """Bring a funded job nearer to its delivery."""
        match record.state:
            case State.SIMULATED | State.APPROVED if record.escrow is EscrowState.LOCKED:
                choice = approval.approve(self._bench.workspace, self._client, self._bench.providers, record.job)
                if isinstance(choice, approval.NotNow):
                    log.warning("%s: not approved: %s", record.job, choice.reason)
                    self._waits(record.job, choice.reason)
                    self._later(record.job, ASK_GATES_AGAIN_S)
                    return
                pause = self._enqueue(self._workflows.execute, "execute", record.job, choice.provider, choice.target)
                self._later(record.job, pause)
            case State.SIMULATED:
                needed = self._bench.workspace.need_stack("the router").confirmations
                self._waits(record.job, f"its budget: locked, with fewer than {needed} confirmations")
                self._later(record.job, WAIT_FOR_CHAIN_S)
            case State.SUBMITTED | State.QUEUED | State.RUNNING:
                status = execute.follow(self._bench.workspace, self._bench.providers, record.job)
                pause = status.look_again_s or POLL_AGAIN_S
                if status.state is JobState.COMPLETED:
                    pause = self._enqueue(self._workflows.deliver, "deliver", record.job)
                else:
                    self._waits(record.job, None)
                self._later(record.job, pause)
            case _:
                self._later(record.job, WAIT_FOR_CHAIN_S)

    def _enqueue(self, workflow: Callable[..., str], act: str, job: str, *arguments: str) -> float:
        """Ask for a workflow, unless one of the same act on the same job is under way; the seconds after which to look.

        The identifier numbers the tries: an act that changed nothing, or failed, may be tried again, each time later.
        """
        prefix = f"{act}:{job}:"
        if DBOS.list_workflows(workflow_id_prefix=prefix, status=_UNDER_WAY, load_input=False, load_output=False):
            return POLL_AGAIN_S
        done = len(DBOS.list_workflows(workflow_id_prefix=prefix, load_input=False, load_output=False))
        with SetWorkflowID(f"{prefix}{done + 1}"):
            DBOS.enqueue_workflow(QUEUE, workflow, job, *arguments)
        return float(min(POLL_AGAIN_S * 2 ** min(done, 10), LONGEST_PAUSE_S))


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

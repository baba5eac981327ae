"""The router daemon's engine: one loop that looks, and durable workflows that act.

The loop reads the chain, the requests and the jobs that are due, in batches; a job that waits costs a row. Whatever
takes effect outside runs as a workflow (`acts`). Gates are asked in a thread of their own, a few jobs at a time, so
that no delivery waits for them. Each part of the loop fails by itself: what one cannot do just now, or for one job,
holds nothing else up.

Only this module launches DBOS, and only the daemon, under a lock, calls it: two launches on one database would each
resume the other's workflows.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dbos import DBOS

from oracle.chain.errors import CallReverted, ChainDown, ChainError
from oracle.chain.events import BlockRef, Status
from oracle.chain.transactions import effects
from oracle.terms import JobTerms
from router.control.operating.acts import POLL_AGAIN_S, QUEUE, Acts, Bench, JobWorkflows
from router.control.operating.approving import approval
from router.control.operating.explaining import remarks
from router.control.operating.following import chain_events, close, deadlines, runs
from router.control.operating.phases import Phase, Slices
from router.control.store import DatabaseUnavailable, Due
from router.protocol.lifecycle import EscrowState, Expired, JobRecord, Payload, State
from router.protocol.papers import terms_of
from router.protocol.ports import WITH_PROVIDER
from router.protocol.providing import JobState, ProviderUnavailable
from router.protocol.requests import Request

log = logging.getLogger("router")

BATCH = 200
TICK_S = 0.3
UNTIL_FINAL_S = 15.0
"""A reorg wakes the jobs that it touches; this is for what it might have missed, until a job is final."""
WAIT_FOR_CHAIN_S = 2.0
WAIT_FOR_FUNDING_S = 30.0
"""A funding wakes its job through the chain's events; this is for the event that was missed."""
WAIT_FOR_GATES_S = 5.0
"""Whoever asked the gates makes the job due; this is for the case that it could not."""
ASK_GATES_AGAIN_S = 10.0
"""A gate that denies now, such as a long queue, may allow later; until submitBy the job waits for it."""
LONGEST_ASKED_PAUSE_S = 300.0
"""Of those that a provider asks for."""
STUMBLED_S = 10.0
QUARANTINE_S = 30.0
"""Between two looks at a job of which something is damaged: it may have been put back."""
_WITH_PROVIDER: Final = frozenset(state.value for state in WITH_PROVIDER)


class Engine:
    """The loop and its workflows in one process. `start`, then `run` until `stop`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._store = bench.opened.store
        self._client = bench.client
        self._workflows = JobWorkflows(bench)
        self._acts = Acts()
        self._follower = bench.opened.reader(self._client).follower
        self._stopping = threading.Event()
        self._reading_head, self._waking = Phase("the chain's head"), Phase("the chain's events")
        self._serving, self._advancing = Phase("requests"), Phase("jobs")
        self._gates = ThreadPoolExecutor(1, "gates")
        self._asked: set[str] = set()
        """Jobs for which the gates are being asked, or wait to be."""
        self._slices = Slices()

    def start(self) -> None:
        """Launch DBOS: workflows that a dead process left are resumed at once."""
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=4, polling_interval_sec=0.1)
        self._gates.submit(self._bench.warm_up)

    def run(self) -> None:
        """Look and act until `stop`; whatever goes wrong is said, waited for, and tried again."""
        while not self._stopping.is_set():
            self.tick()
            self._stopping.wait(TICK_S)

    def stop(self) -> None:
        """Let `run` return after its tick; workflows under way resume at the next start."""
        self._stopping.set()

    def close(self) -> None:
        """End the threads; what the gates were asked is asked again at the next start."""
        self._stopping.set()
        self._gates.shutdown(cancel_futures=True)
        DBOS.destroy(workflow_completion_timeout_sec=5)

    def tick(self) -> None:
        """One look at the chain, the requests and the jobs that are due; raises nothing that waiting may mend."""
        if (head := self._reading_head.run(self._client.head)) is None:
            return
        # With it, the jobs are made due that the chain says something new about.
        self._waking.run(partial(self._follower.catch_up, head))
        self._serving.run(self._serve_requests)
        self._advancing.run(partial(self._advance_due, head))

    def _serve_requests(self) -> None:
        for request in self._store.take_requests(limit=BATCH):
            self._guarded(Due(request.job, "", None, None), partial(self._serve, request))

    def _advance_due(self, head: BlockRef) -> None:
        found = self._store.due(datetime.now(UTC), limit=BATCH)
        # Deliveries first: what ran is owed for, what waits for its approval is not yet.
        for due in sorted(found, key=lambda due: due.state not in _WITH_PROVIDER):
            self._guarded(due, partial(self._advance, due, head))

    def _guarded(self, due: Due, act: Callable[[], None]) -> bool:
        """Run `act`, and say whether it went well; what goes wrong with one job is its remark, and touches no other.

        Raises ChainDown and DatabaseUnavailable, which are no job's own.
        """
        try:
            act()
        except (ChainDown, DatabaseUnavailable):
            raise
        except Exception as error:
            said = remarks.of(due.job, error)
            if said.unexpected or said.text != due.waiting_for:
                log.warning("%s: %s", due.job, said.text, exc_info=said.unexpected)
            self._waits(due, said.text)
            pause = QUARANTINE_S if said.quarantined else STUMBLED_S if said.unexpected else WAIT_FOR_CHAIN_S
            if isinstance(error, ProviderUnavailable):
                # Not longer than this: the chain's deadlines are looked at with the job.
                pause = max(pause, min(error.retry_after_s or 0.0, LONGEST_ASKED_PAUSE_S))
            self._store.set_next_look(due.job, datetime.now(UTC) + timedelta(seconds=pause))
            return False
        return True

    def _waits(self, due: Due, reason: str | None) -> None:
        """Say to people what holds a job back, None for nothing; written where it differs, since looks are many."""
        if self._store.waiting_for((due.job,)).get(due.job) != reason:
            self._store.set_waiting_for(due.job, reason)

    def _later(self, due: Due, seconds: float) -> None:
        """Look again in `seconds`, unless something has made the job due since this look began."""
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._store.set_next_look(due.job, at, instead_of=due.next_look_at)

    # ------------------------------------------------------------------ the chain

    def _settled_block(self, head: BlockRef) -> int:
        """The newest block that counts: it has the stack's number of confirmations."""
        return head.number - self._bench.opened.need_stack("the router").confirmations + 1

    # ------------------------------------------------------------------ requests

    def _serve(self, request: Request) -> None:
        opened = self._bench.opened
        record = opened.store.job(request.job)
        refusal = self._bench.worker.refuses_cancellation(record)
        if refusal is not None:
            opened.store.answer_request(request.id, json.dumps({"refused": refusal}))
            return
        try:
            receipt = close.cancel(
                self._bench.desk, self._client, record, request.body, self._bench.worker.sign_cancellation
            )
        except CallReverted as error:
            opened.store.answer_request(request.id, json.dumps({"refused": str(error)}))
            return
        opened.store.answer_request(request.id, json.dumps({"cancelled": receipt.hash}))

    # ------------------------------------------------------------------ jobs

    def _advance(self, due: Due, head: BlockRef) -> None:
        settled = self._settled_block(head)
        record = chain_events.reconcile(self._bench.desk, self._client, due.job, to_block=settled)
        kept, _ = self._bench.opened.chain_log().kept(record.escrow_id or "")
        self._proceed(due, record, head, frozenset(event.tx_hash for event in kept))
        if any(event.block > settled for event in kept):
            # Soon it counts; whatever was found to wait for, this comes first.
            self._store.set_next_look(due.job, datetime.now(UTC) + timedelta(seconds=POLL_AGAIN_S))
        # Last, and each by itself: the money moves whether or not these can be done.
        well = True
        if record.result_hash is not None and not record.closed and self._bench.takes_work:
            well = self._guarded(due, partial(self._mend, record))
        if record.terminal:
            call_off = partial(self._bench.worker.call_off, record)
            well = self._guarded(due, call_off) and well
        if well and remarks.is_passing_fault(due.waiting_for):
            self._waits(due, None)  # it went well this time

    def _proceed(self, due: Due, record: JobRecord, head: BlockRef, known: frozenset[str]) -> None:
        """What is next for the job; `known` are the transactions that the chain says made something of it."""
        if record.closed or record.escrow_id is None:
            self._waits(due, None)
            self._follow_to_finality(due, record, head)
            return
        slot = self._client.status(record.escrow_id)
        terms = terms_of(record)
        verb = deadlines.due(slot, terms, head.timestamp)
        if verb is not None:
            pause = self._acts.ask(self._workflows.close, f"{verb.value}", record.job, verb.value)
            self._later(due, max(pause, WAIT_FOR_CHAIN_S))
        elif effects.send_again(self._store, self._client, record.job, known):
            self._later(due, POLL_AGAIN_S)  # what vanished from the chain comes first
        elif slot.status is Status.NONE:
            self._await_funding(due, record, terms, head)
        elif self._bench.takes_work and (slot.status is Status.FUNDED or record.state in WITH_PROVIDER):
            # The latter also with a delivery on-chain that is not told yet: the act that told it may have failed.
            self._work(due, record)
        elif self._owes_papers(record):
            self._later(due, self._acts.ask(self._workflows.deliver, "deliver", record.job))
        else:
            self._later(due, WAIT_FOR_CHAIN_S)

    def _owes_papers(self, record: JobRecord) -> bool:
        return self._bench.takes_work and record.lacks_papers and record.provider_job is not None

    def _follow_to_finality(self, due: Due, record: JobRecord, head: BlockRef) -> None:
        """A job that is over is looked at until no reorg is expected to take its end back."""
        finality = self._bench.opened.need_stack("the router").finality
        if self._owes_papers(record):
            self._later(due, self._acts.ask(self._workflows.deliver, "deliver", record.job))
        elif record.escrow_id is None or chain_events.is_final(self._store.events(due.job), head.number, finality):
            self._store.set_next_look(due.job, None)
            self._acts.forget(due.job)
        else:
            self._later(due, UNTIL_FINAL_S)

    def _mend(self, record: JobRecord) -> None:
        """Put back what the job's delivery needs and the disk has lost."""
        for digest in self._bench.worker.mend(record):
            log.warning("%s: %s was damaged or missing, and is put back", record.job, digest)

    def _await_funding(self, due: Due, record: JobRecord, terms: JobTerms, head: BlockRef) -> None:
        """Wait for the payer, up to submitBy: the contract locks nothing afterwards."""
        if head.timestamp <= terms.submit_by:
            self._waits(due, None if record.terminal else f"its budget: `compute fund {record.job}` locks it")
            self._later(due, WAIT_FOR_FUNDING_S)
            return

        def following(current: JobRecord) -> Sequence[Payload]:
            return () if current.terminal else [Expired("nobody locked the budget by submitBy")]

        self._bench.desk.write(record.job, following)
        self._store.set_next_look(record.job, None)

    def _work(self, due: Due, record: JobRecord) -> None:
        """Bring a funded job nearer to its delivery."""
        match record.state:
            case State.SIMULATED | State.APPROVED if record.escrow is EscrowState.LOCKED:
                self._later(due, WAIT_FOR_GATES_S if self._ask_gates(due) else POLL_AGAIN_S)
            case State.SIMULATED:
                needed = self._bench.opened.need_stack("the router").confirmations
                self._waits(due, f"its budget: locked, with fewer than {needed} confirmations")
                self._later(due, WAIT_FOR_CHAIN_S)
            case State.SUBMITTED | State.QUEUED | State.RUNNING if self._bench.worker.delivered_before(record.job):
                self._later(due, self._acts.ask(self._workflows.deliver, "deliver", record.job))
            case State.SUBMITTED | State.QUEUED | State.RUNNING:
                status = self._bench.worker.status(record.job)
                runs.tell(self._bench.desk, record, status)
                pause = status.look_again_s or POLL_AGAIN_S
                if status.state is JobState.COMPLETED:
                    pause = self._acts.ask(self._workflows.deliver, "deliver", record.job)
                    self._slices.delivered()
                else:
                    self._waits(due, None)
                self._later(due, pause)
            case _:
                self._later(due, WAIT_FOR_CHAIN_S)

    # ------------------------------------------------------------------ gates

    def _ask_gates(self, due: Due) -> bool:
        """Have the gates asked in their own thread; False where others go first just now."""
        if due.job in self._asked:
            return True
        if not self._slices.take():
            return False
        self._asked.add(due.job)
        self._gates.submit(self._approve, due)
        return True

    def _approve(self, due: Due) -> None:
        """In the gates' thread: approve the job and ask for its submission, or say why not."""
        try:
            if not self._stopping.is_set():
                self._guarded(due, partial(self._approve_and_submit, due))
        except (ChainError, DatabaseUnavailable) as error:
            log.warning("%s: its gates could not be asked: %s", due.job, error)
        finally:
            self._asked.discard(due.job)

    def _approve_and_submit(self, due: Due) -> None:
        choice = approval.approve(self._bench.desk, self._client, self._bench.providers, due.job)
        match choice:
            case approval.NotNow():
                log.warning("%s: not approved: %s", due.job, choice.reason)
                self._waits(due, choice.reason)
                self._store.set_next_look(due.job, datetime.now(UTC) + timedelta(seconds=ASK_GATES_AGAIN_S))
            case approval.Choice():
                pause = self._acts.ask(self._workflows.execute, "execute", due.job, choice.provider, choice.target)
                self._store.set_next_look(due.job, datetime.now(UTC) + timedelta(seconds=pause))
            case None:
                pass  # it has gone on meanwhile, which made it due

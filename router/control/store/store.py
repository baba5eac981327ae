"""The store: every query of the router in one place, each method one transaction.

It holds no rule of its own but durability and order: the lifecycle decides what may be appended, the caller what to
do. Methods say in their name whether they read or write; any of them may raise DatabaseUnavailable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import Connection, Engine

from oracle.chain.following.follower import FINALITY
from oracle.chain.transactions.intents import Intent, IntentStatus
from router.control.store import approvals, intents, jobs, progress, requests
from router.control.store.approvals import Approval, ApprovalScope
from router.control.store.chain import ChainLog
from router.control.store.database import BUSY_TIMEOUT_S, open_engine, require_head, transaction
from router.control.store.database import migrate as migrate_database
from router.control.store.jobs import Due, JobFilter, Listing
from router.control.store.progress import Outgoing
from router.protocol.lifecycle import LIVE_STATES, EscrowState, Event, JobRecord, RoleAddresses, State, verify_chain
from router.protocol.requests import Request, RequestKind

DEFAULT_LIMIT = 100
DEFAULT_LEASE = timedelta(seconds=60)


def utc_now() -> datetime:
    """The wall clock: the one place where the store reads it."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Repaired:
    """What a repair found and did."""

    record: JobRecord
    row_differed: bool
    """Whether the job's row was not what its log says."""
    requests_discarded: int


class Store:
    """The router's memory. Safe to share among threads; processes open their own."""

    def __init__(self, engine: Engine, *, roles: RoleAddresses | None, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._roles = roles
        self._clock = clock

    @classmethod
    def open(
        cls,
        url: str,
        *,
        migrate: bool = True,
        roles: RoleAddresses | None = None,
        clock: Callable[[], datetime] = utc_now,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """The store at ``sqlite:///path`` or ``postgresql://…``.

        `migrate` brings the tables up to date (else a database that is not is refused). With `roles`, events by
        other operators or workers than those configured are refused; without, signatures are still checked.
        A SQLite file that another process has locked is waited for up to `busy_timeout_s` seconds at each call.
        Raises DatabaseUnavailable, StoreTooNew.
        """
        engine = open_engine(url, busy_timeout_s)
        try:
            if migrate:
                migrate_database(engine)
            else:
                require_head(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, roles=roles, clock=clock)

    def close(self) -> None:
        """Closes every pooled connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=False)

    def _writing(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, writes=True)

    # Jobs and their events

    def append(self, event: Event) -> JobRecord:
        """Adds `event` and updates its job's row, or neither; returns the record after it.

        The event's own sequence is the optimistic lock: EventConflict if another event has that place; the very same
        event again changes nothing. It makes the job due at once. Raises UnknownJob, TermsTaken,
        TransitionRefused and EventChainBroken as well.
        """
        return self.append_many((event,))

    def append_many(self, events: Iterable[Event]) -> JobRecord:
        """All of `events` in one transaction, or none; returns the record after the last. Raises as `append`."""
        record: JobRecord | None = None
        now = self._clock()
        with self._writing() as connection:
            for event in events:
                record = jobs.append(connection, event, self._roles, now)
        if record is None:
            raise ValueError("append_many was given no events")
        return record

    def job(self, job: str) -> JobRecord:
        """The fold of the job's events; raises UnknownJob, EventChainBroken."""
        with self._reading() as connection:
            return jobs.read(connection, job)

    def history(self, job: str) -> tuple[JobRecord, tuple[Event, ...]]:
        """The record of `job` and the events that it is the fold of; raises UnknownJob, EventChainBroken."""
        with self._reading() as connection:
            return jobs.history(connection, job)

    def find_job(self, prefix: str) -> JobRecord:
        """The one job whose id begins with `prefix` (``job_`` may be left out); raises UnknownJob, AmbiguousJob."""
        with self._reading() as connection:
            return jobs.read(connection, jobs.with_prefix(connection, prefix))

    def find_name(self, prefix: str) -> str:
        """The id of that job, whether or not its record can be read; raises UnknownJob, AmbiguousJob."""
        with self._reading() as connection:
            return jobs.with_prefix(connection, prefix)

    def name_by_escrow_id(self, escrow_id: str) -> str | None:
        """The id of the job with those terms, whether or not its record can be read; None: it is another router's."""
        with self._reading() as connection:
            return jobs.name_by_escrow_id(connection, escrow_id)

    def events(self, job: str) -> tuple[Event, ...]:
        """The job's events in order; raises UnknownJob."""
        with self._reading() as connection:
            return jobs.log(connection, job)

    def verify(self, job: str) -> JobRecord:
        """The record, every signature, link and transition of its log checked anew; raises EventChainBroken."""
        return verify_chain(self.events(job), self._roles)

    def jobs(
        self,
        *,
        states: Collection[State] | None = None,
        escrow: Collection[EscrowState] | None = None,
        requester: str | None = None,
        circuit_family: str | None = None,
        target: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> tuple[JobRecord, ...]:
        """Up to `limit` jobs that fulfil every condition given, newest first; `listing` also names the unreadable."""
        return self.listing(
            states=states, escrow=escrow, requester=requester, circuit_family=circuit_family, target=target, limit=limit
        ).records

    def listing(
        self,
        *,
        states: Collection[State] | None = None,
        escrow: Collection[EscrowState] | None = None,
        requester: str | None = None,
        circuit_family: str | None = None,
        target: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Listing:
        """As `jobs`, with those among them that cannot be read: one damaged row hides no other job."""
        wanted = JobFilter(
            states=None if states is None else frozenset(states),
            escrow=None if escrow is None else frozenset(escrow),
            requester=requester,
            circuit_family=circuit_family,
            target=target,
        )
        with self._reading() as connection:
            return jobs.matching(connection, wanted, limit)

    def repair(self, job: str) -> Repaired:
        """Verify all of the job's log, write its row anew from it, and make it due; requests that cannot be read go.

        Nothing is written for a log that does not hold: raises EventChainBroken, UnknownJob.
        """
        with self._writing() as connection:
            record, differed = jobs.rebuild(connection, job, self._roles, self._clock())
            return Repaired(record, differed, requests.discard_damaged(connection, job))

    # Waiting

    def due(self, now: datetime, limit: int = DEFAULT_LIMIT) -> tuple[Due, ...]:
        """Up to `limit` jobs whose next look is not after `now`, the longest waiting first; no record is read."""
        with self._reading() as connection:
            return jobs.due(connection, now, limit)

    def set_next_look(self, job: str, at: datetime | None, *, instead_of: str | None = None) -> None:
        """When the daemon looks at `job` next; None: not before its next event. Raises UnknownJob.

        With `instead_of`, the `Due.next_look_at` that was acted upon, a look that was brought forward since stands.
        """
        with self._writing() as connection:
            jobs.look_again(connection, job, at, instead_of)

    def set_waiting_for(self, job: str, reason: str | None) -> None:
        """What holds `job` back just now, for people; None: nothing does. The job's next event clears it.

        A remark of this router, and no part of the signed record. Raises UnknownJob.
        """
        with self._writing() as connection:
            jobs.wait_for(connection, job, reason)

    def waiting_for(self, names: Collection[str]) -> Mapping[str, str]:
        """What each of the jobs `names` waits for; those that nothing holds back are left out."""
        with self._reading() as connection:
            return jobs.waiting_for(connection, names)

    # Intents

    def plan_intent(self, job: str, name: str, request: str) -> Intent:
        """Writes an effect down before it is made; returns the one already planned or done if there is one.

        Act on the returned intent's request, not on the one passed. Raises UnknownJob.
        """
        with self._writing() as connection:
            return intents.plan(connection, job, name, request, self._clock())

    def finish_intent(self, job: str, name: str, outcome: str, status: IntentStatus = IntentStatus.DONE) -> Intent:
        """The effect is there (DONE), or is sure never to come (ABANDONED); raises IntentConflict."""
        with self._writing() as connection:
            return intents.finish(connection, job, name, status, outcome, self._clock())

    def intent(self, job: str, name: str) -> Intent | None:
        """The latest attempt of an intent, or None if never planned."""
        with self._reading() as connection:
            return intents.read(connection, job, name)

    def intents(self, job: str) -> tuple[Intent, ...]:
        """All attempts of all intents of `job`, in the order planned."""
        with self._reading() as connection:
            return intents.of_job(connection, job)

    def newest_sent(self, limit: int) -> tuple[Intent, ...]:
        """Those of the newest `limit` intents of transactions, of any job, that are done, newest first."""
        with self._reading() as connection:
            return intents.newest_sent(connection, limit)

    # Requests of the command line

    def put_request(self, job: str, kind: RequestKind, body: str) -> Request:
        """Asks the daemon for something; raises UnknownJob."""
        with self._writing() as connection:
            return requests.put(connection, job, kind, body, self._clock())

    def take_requests(self, limit: int = DEFAULT_LIMIT, lease: timedelta = DEFAULT_LEASE) -> tuple[Request, ...]:
        """Requests that wait, oldest first, held for `lease`; no two callers are given the same one."""
        with self._writing() as connection:
            return requests.take(connection, limit, lease, self._clock())

    def answer_request(self, request: int, answer: str) -> Request:
        """Answers it; the first answer stands. Raises UnknownRequest."""
        with self._writing() as connection:
            return requests.answer(connection, request, answer, self._clock())

    def request(self, request: int) -> Request:
        """The request as it is now; raises UnknownRequest."""
        with self._reading() as connection:
            return requests.read(connection, request)

    def requests(self, job: str) -> tuple[Request, ...]:
        """All requests of `job`, oldest first."""
        with self._reading() as connection:
            return requests.of_job(connection, job)

    # Approvals, and counts for the gates

    def grant(self, scope: ApprovalScope, subject: str, kind: str, *, granted_by: str, note: str) -> Approval:
        """Records that the operator allows `kind` for `subject`; the first such record stands."""
        with self._writing() as connection:
            return approvals.grant(connection, scope, subject, kind, granted_by, note, self._clock())

    def approvals(self, job: str, *, circuit_family: str | None, requester: str) -> tuple[Approval, ...]:
        """Every approval that speaks of the job, its family or its requester."""
        with self._reading() as connection:
            return approvals.concerning(connection, job, circuit_family, requester)

    def hardware_runs(self, providers: Collection[str], since: datetime, requester: str | None = None) -> int:
        """Jobs submitted to `providers` at or after `since`, of one requester or of all."""
        with self._reading() as connection:
            return jobs.submitted_since(connection, providers, since, requester)

    def jobs_since(self, requester: str, since: datetime) -> int:
        """Jobs that `requester` created at or after `since`."""
        with self._reading() as connection:
            return jobs.created_since(connection, requester, since)

    def live_jobs(self, requester: str, states: Collection[State] = LIVE_STATES) -> int:
        """Jobs of `requester` in `states`."""
        with self._reading() as connection:
            return jobs.live_of(connection, requester, states)

    # The chain, and readers' progress

    def chain_log(self, finality: int = FINALITY) -> ChainLog:
        """What the chain said, as far as it was read; a fork up to `finality` blocks deep is found at once."""
        return ChainLog(self._engine, self._clock, finality)

    def undelivered(self, consumer: str, limit: int = DEFAULT_LIMIT) -> tuple[Outgoing, ...]:
        """Events that `consumer` has not confirmed, oldest first."""
        with self._reading() as connection:
            return progress.undelivered(connection, consumer, limit)

    def confirm_delivered(self, consumer: str, positions: Iterable[int]) -> None:
        """`consumer` has these events."""
        with self._writing() as connection:
            progress.confirm(connection, consumer, positions, self._clock())

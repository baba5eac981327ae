"""One suite for every database: SQLite in a file, and PostgreSQL from a wheel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from job_stories import CAUSE, KEYS, ROLES, START, STRANGER, Story, digest
from postgresql_server import new_database, postgresql_server
from sqlalchemy import text

from oracle.chain.transactions.intents import IntentStatus
from router.control.store import (
    AmbiguousJob,
    ApprovalScope,
    IntentConflict,
    Store,
    TermsTaken,
    UnknownJob,
    UnknownRequest,
)
from router.protocol.lifecycle import (
    EscrowMoved,
    EscrowState,
    EventChainBroken,
    EventKind,
    Expired,
    Failed,
    Queued,
    Role,
    Running,
    State,
    TransitionRefused,
)
from router.protocol.ports import EventConflict
from router.protocol.requests import RequestKind, RequestStatus


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The socket folder of a PostgreSQL server that lives as long as the tests."""
    with postgresql_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is new."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/home/router.sqlite"
    folder = request.getfixturevalue("postgres")
    return new_database(folder)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with Store.open(url, roles=ROLES, clock=clock) as opened:
        yield opened


def kept(store: Store, state: State, seed: int = 0, **options: Any) -> Story:
    story = Story(seed=seed, **options).to(state)
    store.append_many(story.events)
    return story


# Events and jobs


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_what_was_appended_is_what_is_read(store: Store, state: State) -> None:
    story = Story().to(state)
    for count, event in enumerate(story.events, start=1):
        assert store.append(event).sequence == count
    assert store.events(story.job) == tuple(story.events)
    assert store.job(story.job) == store.verify(story.job) == story.record
    assert store.jobs() == (story.record,)


def test_another_process_reads_what_one_has_written(store: Store, url: str) -> None:
    story = kept(store, State.COMPLETED)
    with Store.open(url) as other:
        assert other.job(story.job) == story.record


def test_the_same_event_again_changes_nothing(store: Store) -> None:
    story = kept(store, State.RUNNING)
    assert store.append_many(story.events) == story.record
    assert store.append(story.events[2]) == story.record
    assert len(store.events(story.job)) == len(story.events)


def test_another_event_in_the_same_place_is_a_conflict_and_leaves_nothing(store: Store) -> None:
    story = kept(store, State.SUBMITTED)
    one, two = story.sign(Queued("first")), story.sign(Running("second"))
    store.append(one)
    with pytest.raises(EventConflict, match="read the job again"):
        store.append(two)
    assert store.events(story.job)[-1] == one
    assert store.job(story.job).state is State.QUEUED


def test_append_many_is_all_or_nothing(store: Store) -> None:
    story = kept(store, State.SUBMITTED)
    good = story.sign(Queued("in line"))
    orphan = Story(seed=9).to(State.SIMULATED).events[1]
    with pytest.raises(UnknownJob):
        store.append_many([good, orphan])
    assert store.job(story.job).state is State.SUBMITTED
    assert len(store.events(story.job)) == len(story.events)


def test_a_forged_event_is_not_stored(store: Store) -> None:
    story = kept(store, State.SUBMITTED)
    story.keys[Role.OPERATOR] = STRANGER
    with pytest.raises(EventChainBroken, match="signs as operator"):
        store.append(story.sign(Queued("believe me")))
    assert store.job(story.job).state is State.SUBMITTED


def test_an_impossible_event_is_not_stored(store: Store) -> None:
    story = kept(store, State.SETTLED)
    failed = Story(story.job).to(State.RUNNING)
    failed.tell(Failed("no", "try again"))
    with pytest.raises(EventConflict):
        store.append(failed.events[-1])
    with pytest.raises(TransitionRefused):
        story.sign(Failed("no", "try again"))


def test_a_job_that_nobody_created_is_unknown(store: Store) -> None:
    for ask in (store.job, store.events, store.find_job, store.verify):
        with pytest.raises(UnknownJob, match="`compute jobs` lists them"):
            ask("job_0000000000")
    with pytest.raises(UnknownJob):
        store.append(Story().to(State.SIMULATED).events[1])
    with pytest.raises(UnknownJob):
        store.set_next_look("job_0000000000", START)


def test_a_job_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    for job in ("job_8f31000000", "job_8f32000000", "job_9000000000"):
        store.append_many(Story(job).to(State.CREATED).events)
    assert store.find_job("job_8f31").job == "job_8f31000000"
    assert store.find_job("9").job == "job_9000000000"
    assert store.find_job("job_9000000000").job == "job_9000000000"
    with pytest.raises(AmbiguousJob, match="job_8f31000000, job_8f32000000"):
        store.find_job("8f3")
    for nothing in ("", "job_", "7", "%", "job_8f3_"):
        with pytest.raises(UnknownJob):
            store.find_job(nothing)


def test_a_job_is_found_by_its_escrow_id(store: Store) -> None:
    story = kept(store, State.APPROVED)
    kept(store, State.CREATED, seed=1)
    assert store.name_by_escrow_id(story.record.escrow_id) == story.job
    assert store.name_by_escrow_id(digest("another router's job")) is None


def test_jobs_are_listed_newest_first_by_what_is_asked(store: Store) -> None:
    made = {
        state: Story(seed=seed).to(state, at=START + timedelta(hours=seed))
        for seed, state in enumerate((State.CREATED, State.SIMULATED, State.RUNNING, State.SETTLED))
    }
    for story in made.values():
        store.append_many(story.events)
    found = [record.state for record in store.jobs()]
    assert found == [State.SETTLED, State.RUNNING, State.SIMULATED, State.CREATED]
    assert [record.state for record in store.jobs(limit=2)] == [State.SETTLED, State.RUNNING]
    assert {r.state for r in store.jobs(states={State.CREATED, State.RUNNING})} == {State.CREATED, State.RUNNING}
    assert store.jobs(states=()) == ()
    assert {r.state for r in store.jobs(escrow={EscrowState.LOCKED})} == {State.RUNNING, State.SETTLED}
    assert {r.state for r in store.jobs(circuit_family="ring-maxcut-qaoa")} == set(made) - {State.CREATED}
    assert len(store.jobs(requester=KEYS[Role.REQUESTER].address)) == 4
    assert store.jobs(requester=STRANGER.address) == ()
    assert {r.state for r in store.jobs(target="ibm_torino", states={State.RUNNING})} == {State.RUNNING}


# Waiting


def store_time(at: datetime) -> str:
    """`at` as rows have it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def due(store: Store, now: datetime) -> list[str]:
    """The jobs whose next look has come."""
    return [each.job for each in store.due(now)]


def test_a_waiting_job_is_due_when_its_time_has_come_and_not_before(store: Store, clock: Clock) -> None:
    story = kept(store, State.QUEUED)
    assert due(store, clock.now) == [story.job], "an event makes its job due at once"
    later = clock.now + timedelta(minutes=5)
    store.set_next_look(story.job, later)
    assert due(store, later - timedelta(microseconds=1)) == []
    assert due(store, later) == [story.job]
    store.set_next_look(story.job, None)
    assert due(store, later + timedelta(days=365)) == []
    story.tell(Running("started"))
    store.append(story.events[-1])
    assert due(store, clock.now) == [story.job]


def test_a_look_that_was_brought_forward_meanwhile_stands(store: Store, clock: Clock) -> None:
    story = kept(store, State.QUEUED)
    (seen,) = store.due(clock.now)
    assert (seen.job, seen.state, seen.waiting_for) == (story.job, "queued", None)
    later = clock.now + timedelta(minutes=5)
    store.set_next_look(story.job, later, instead_of=seen.next_look_at)
    assert due(store, clock.now) == []
    store.set_next_look(story.job, clock.now)
    store.set_next_look(story.job, later, instead_of=store_time(later))
    assert due(store, clock.now) == [story.job], "somebody made it due since"


def test_the_longest_waiting_are_due_first(store: Store, clock: Clock) -> None:
    stories = [kept(store, State.QUEUED, seed=seed) for seed in range(4)]
    for minutes, story in zip((3, 1, 4, 2), stories, strict=True):
        store.set_next_look(story.job, clock.now + timedelta(minutes=minutes))
    found = store.due(clock.now + timedelta(minutes=9), limit=3)
    assert [each.job for each in found] == [stories[1].job, stories[3].job, stories[0].job]


def test_a_closed_job_is_due_until_somebody_has_looked_at_its_end_for_the_last_time(store: Store, clock: Clock) -> None:
    story = kept(store, State.FAILED)
    assert due(store, clock.now) == [story.job]
    story.tell(EscrowMoved(EscrowState.REFUNDED, CAUSE))
    store.append(story.events[-1])
    assert due(store, clock.now) == [story.job], "a reorg may take its end back"
    store.set_next_look(story.job, None)
    assert due(store, clock.now + timedelta(days=365)) == []


def test_what_a_job_waits_for_is_kept_until_its_next_event(store: Store) -> None:
    story, other = kept(store, State.SUBMITTED), kept(store, State.QUEUED, seed=1)
    assert store.waiting_for([story.job, other.job]) == {}
    store.set_waiting_for(story.job, "budget: 1 of 2 confirmations")
    store.set_waiting_for(story.job, "the provider does not answer")
    assert store.waiting_for([story.job, other.job]) == {story.job: "the provider does not answer"}
    assert store.waiting_for([other.job]) == store.waiting_for([]) == {}
    assert store.job(story.job) == store.verify(story.job) == story.record, "no part of the signed record"
    assert store.append(story.events[-1]) == story.record
    assert store.waiting_for([story.job]), "the same event again changes nothing"
    store.append(story.sign(Queued("in line")))
    assert store.waiting_for([story.job]) == {}


def test_what_a_job_waits_for_can_be_taken_back_and_is_nobodys_due_time(store: Store, clock: Clock) -> None:
    story = kept(store, State.QUEUED)
    later = clock.now + timedelta(minutes=5)
    store.set_next_look(story.job, later)
    store.set_waiting_for(story.job, "the provider does not answer")
    assert due(store, clock.now) == []
    store.set_waiting_for(story.job, None)
    assert store.waiting_for([story.job]) == {}
    assert due(store, later) == [story.job]
    with pytest.raises(UnknownJob):
        store.set_waiting_for("job_0000000000", "nothing")


# Intents


def test_an_intent_is_planned_once_and_keeps_its_first_request(store: Store, clock: Clock) -> None:
    job = kept(store, State.APPROVED).job
    assert store.intent(job, "tx:fund") is None
    first = store.plan_intent(job, "tx:fund", '{"nonce":1}')
    clock.passes(minutes=1)
    assert store.plan_intent(job, "tx:fund", '{"nonce":2}') == first
    assert store.intent(job, "tx:fund") == first
    assert (first.status, first.attempt, first.request, first.outcome) == (IntentStatus.PLANNED, 1, '{"nonce":1}', None)
    done = store.finish_intent(job, "tx:fund", '{"hash":"0x1"}')
    assert (done.status, done.outcome, done.finished_at) == (
        IntentStatus.DONE,
        '{"hash":"0x1"}',
        "2026-06-01T12:01:00.000000Z",
    )
    assert store.plan_intent(job, "tx:fund", "{}") == done


def test_an_intent_is_finished_one_way_only_unless_its_effect_was_undone(store: Store) -> None:
    job = kept(store, State.APPROVED).job
    with pytest.raises(IntentConflict, match="never planned"):
        store.finish_intent(job, "tx:fund", "{}")
    store.plan_intent(job, "tx:fund", "{}")
    done = store.finish_intent(job, "tx:fund", "{}")
    assert store.finish_intent(job, "tx:fund", "{}") == done
    with pytest.raises(IntentConflict, match="it is done already"):
        store.finish_intent(job, "tx:fund", '{"other":1}')
    undone = store.finish_intent(job, "tx:fund", '{"reason":"reorg"}', IntentStatus.ABANDONED)
    assert undone.status is IntentStatus.ABANDONED, "a reorg undid its effect"
    with pytest.raises(IntentConflict, match="it is abandoned already"):
        store.finish_intent(job, "tx:fund", "{}")
    with pytest.raises(ValueError, match="done or abandoned"):
        store.finish_intent(job, "tx:fund", "{}", IntentStatus.PLANNED)


def test_an_abandoned_intent_may_be_planned_anew_and_stays_on_record(store: Store) -> None:
    job = kept(store, State.APPROVED).job
    store.plan_intent(job, "tx:submit", '{"nonce":1}')
    store.finish_intent(job, "tx:submit", '{"reason":"nonce taken"}', IntentStatus.ABANDONED)
    second = store.plan_intent(job, "tx:submit", '{"nonce":2}')
    assert (second.attempt, second.request, second.status) == (2, '{"nonce":2}', IntentStatus.PLANNED)
    assert [intent.status for intent in store.intents(job)] == [IntentStatus.ABANDONED, IntentStatus.PLANNED]
    assert store.intent(job, "tx:submit") == second


def test_the_newest_transactions_that_were_sent_are_found_for_all_jobs(store: Store) -> None:
    jobs = [kept(store, State.APPROVED, seed=seed).job for seed in range(3)]
    for job in jobs:
        for name in ("tx:fund", "provider-submit", "tx:submit"):
            store.plan_intent(job, name, "{}")
        store.finish_intent(job, "tx:fund", "{}")
        store.finish_intent(job, "provider-submit", "{}")
    found = store.newest_sent(4)
    assert [(each.job, each.name) for each in found] == [(jobs[2], "tx:fund"), (jobs[1], "tx:fund")]
    assert store.newest_sent(0) == ()


def test_no_intent_is_planned_for_a_job_that_is_not_there(store: Store) -> None:
    with pytest.raises(UnknownJob):
        store.plan_intent("job_0000000000", "tx:fund", "{}")


# Requests


def test_a_request_is_taken_once_and_answered_once(store: Store) -> None:
    job = kept(store, State.SIMULATED).job
    asked = store.put_request(job, RequestKind.CANCEL, '{"n":1}')
    assert (asked.status, asked.kind, asked.body, asked.answer) == (
        RequestStatus.WAITING,
        RequestKind.CANCEL,
        '{"n":1}',
        None,
    )
    (taken,) = store.take_requests()
    assert (taken.id, taken.status) == (asked.id, RequestStatus.TAKEN)
    assert store.take_requests() == ()
    answered = store.answer_request(asked.id, '"done"')
    assert (answered.status, answered.answer) == (RequestStatus.ANSWERED, '"done"')
    assert store.answer_request(asked.id, '"again"') == answered
    assert store.request(asked.id) == answered
    assert store.requests(job) == (answered,)


def test_a_request_whose_taker_died_is_taken_over(store: Store, clock: Clock) -> None:
    asked = store.put_request(kept(store, State.SIMULATED).job, RequestKind.CANCEL, "{}")
    store.take_requests(lease=timedelta(seconds=10))
    clock.passes(seconds=9)
    assert store.take_requests() == ()
    clock.passes(seconds=1)
    assert [request.id for request in store.take_requests()] == [asked.id]
    clock.passes(days=1)
    store.answer_request(asked.id, "{}")
    assert store.take_requests() == ()


def test_requests_are_taken_in_the_order_they_were_put(store: Store) -> None:
    job = kept(store, State.SIMULATED).job
    ids = [store.put_request(job, RequestKind.CANCEL, "{}").id for _ in range(5)]
    assert [request.id for request in store.take_requests(limit=2)] == ids[:2]
    assert [request.id for request in store.take_requests()] == ids[2:]


def test_a_request_for_nothing_is_refused(store: Store) -> None:
    with pytest.raises(UnknownJob):
        store.put_request("job_0000000000", RequestKind.CANCEL, "{}")
    with pytest.raises(UnknownRequest):
        store.request(77)
    with pytest.raises(UnknownRequest):
        store.answer_request(77, "{}")


# Approvals and counts


def test_approvals_speak_of_a_job_its_family_or_its_requester(store: Store) -> None:
    by = {"granted_by": "operator", "note": "looked at it"}
    first = store.grant(ApprovalScope.JOB, "job_1", "budget_over_50", **by)
    assert store.grant(ApprovalScope.JOB, "job_1", "budget_over_50", granted_by="other", note="") == first
    family = store.grant(ApprovalScope.CIRCUIT_FAMILY, "qaoa", "new_circuit_family", **by)
    requester = store.grant(ApprovalScope.REQUESTER, "0xabc", "unknown_requester", **by)
    store.grant(ApprovalScope.JOB, "job_2", "budget_over_50", **by)
    # A subject is looked up within its scope: a family named like a job says nothing of the job.
    store.grant(ApprovalScope.CIRCUIT_FAMILY, "job_1", "new_circuit_family", **by)
    assert store.approvals("job_1", circuit_family="qaoa", requester="0xabc") == (first, family, requester)
    assert store.approvals("job_1", circuit_family=None, requester="0xdef") == (first,)
    assert store.approvals("job_9", circuit_family="other", requester="0xdef") == ()


def test_hardware_runs_are_counted_by_provider_time_and_requester(store: Store) -> None:
    other = Account.from_key(b"\x55" * 32)
    for seed, hours in enumerate((0, 10, 30)):
        store.append_many(Story(seed=seed).to(State.SUBMITTED, at=START + timedelta(hours=hours)).events)
    store.append_many(Story(seed=7, requester=other).to(State.SUBMITTED, at=START + timedelta(hours=20)).events)
    store.append_many(Story(seed=8).to(State.APPROVED, at=START + timedelta(hours=20)).events)
    since = START + timedelta(hours=10)
    assert store.hardware_runs({"ibm"}, since) == 3
    assert store.hardware_runs({"ibm"}, since, KEYS[Role.REQUESTER].address) == 2
    assert store.hardware_runs({"ibm"}, since, other.address) == 1
    assert store.hardware_runs({"aer"}, since) == 0
    assert store.hardware_runs((), since) == 0


def test_jobs_of_a_requester_are_counted_by_age_and_by_life(store: Store) -> None:
    mine = KEYS[Role.REQUESTER].address
    kept(store, State.RUNNING, seed=0)
    kept(store, State.SETTLED, seed=1)
    store.append_many(Story(seed=2).to(State.SIMULATED, at=START + timedelta(hours=2)).events)
    assert store.jobs_since(mine, START) == 3
    assert store.jobs_since(mine, START + timedelta(hours=2)) == 1
    assert store.live_jobs(mine) == 2
    assert store.live_jobs(mine, {State.SETTLED}) == 1
    assert store.live_jobs(STRANGER.address) == 0


# Readers' progress


def test_each_consumer_gets_each_event_until_it_confirms(store: Store) -> None:
    story = kept(store, State.APPROVED)
    out = store.undelivered("web")
    assert [item.event for item in out] == story.events
    assert store.undelivered("web", limit=2) == out[:2]
    store.confirm_delivered("web", [out[0].position, out[2].position])
    store.confirm_delivered("web", [out[2].position])
    store.confirm_delivered("web", [])
    assert store.undelivered("web") == (out[1], *out[3:])
    assert store.undelivered("mail") == out


# Side by side


def test_of_many_that_append_at_once_one_wins_and_nothing_is_lost(store: Store) -> None:
    story = kept(store, State.SUBMITTED)
    rivals = [story.sign(Queued(f"rival {number}")) for number in range(8)]

    def attempt(event: Any) -> bool:
        try:
            store.append(event)
        except EventConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, rivals)) == 1
    assert store.verify(story.job).sequence == len(story.events) + 1


def test_of_many_that_create_the_same_job_one_wins(store: Store) -> None:
    rivals = [Story("job_0000000001").to(State.CREATED, at=START + timedelta(seconds=n)).events[0] for n in range(6)]

    def attempt(event: Any) -> bool:
        try:
            store.append(event)
        except EventConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, rivals)) == 1
    assert len(store.events("job_0000000001")) == 1


def test_of_many_that_plan_the_same_effect_all_get_one_intent(store: Store) -> None:
    job = kept(store, State.APPROVED).job
    with ThreadPoolExecutor(8) as pool:
        planned = set(pool.map(lambda n: store.plan_intent(job, "provider-submit", f'"{n}"'), range(8)))
    assert len(planned) == 1
    assert len(store.intents(job)) == 1


def test_of_many_that_take_requests_no_two_get_the_same(store: Store) -> None:
    job = kept(store, State.SIMULATED).job
    ids = {store.put_request(job, RequestKind.CANCEL, "{}").id for _ in range(20)}
    with ThreadPoolExecutor(5) as pool:
        taken = [
            request.id for batch in pool.map(lambda _: store.take_requests(limit=4), range(5)) for request in batch
        ]
    taken += [request.id for request in store.take_requests()]
    assert sorted(taken) == sorted(ids)


_PROCESS = """
import subprocess
import sys
sys.path.insert(0, sys.argv[3])
from job_stories import Story
from router.protocol.lifecycle import EscrowMoved, EventKind, State
from router.protocol.ports import EventConflict
from router.control.store import Store
own, shared = int(sys.argv[2]), "job_shared0001"
with Store.open(sys.argv[1]) as store:
    for number in range(10):
        store.append_many(Story(seed=own * 1000 + number).to(State.RUNNING).events)
    won = 0
    from datetime import timedelta
    from job_stories import START
    for number in range(10):
        try:
            rival = Story(f"job_000000010{number}").to(State.SIMULATED, at=START + timedelta(seconds=own))
            store.append_many(rival.events)
            won += 1
        except EventConflict:
            pass
print(won)
"""


def test_two_processes_migrate_and_append_at_once(url: str) -> None:
    tests = str(Path(__file__).parents[1])
    rivals = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, url, str(own), tests],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own in (1, 2)
    ]
    said = [rival.communicate(timeout=120) for rival in rivals]
    assert [rival.returncode for rival in rivals] == [0, 0], said
    assert sum(int(out) for out, _ in said) == 10, "each shared job was won by exactly one process"
    with Store.open(url) as store:
        records = store.jobs(limit=1000)
        assert len(records) == 30
        for record in records:
            assert store.verify(record.job) == record


# What is kept twice


def test_the_row_of_a_job_is_the_fold_of_its_events_after_every_append(store: Store) -> None:
    story = Story()
    for event in Story(story.job).to(State.SETTLED).events:
        story.record = store.append(event)
        assert store.jobs() == (store.job(story.job),)


@pytest.mark.parametrize(
    "column", ["payload", "at", "previous", "signature", "actor", "kind", "role", "sequence", "payload_digest"]
)
def test_a_tampered_row_is_found_by_verify(store: Store, url: str, column: str) -> None:
    story = kept(store, State.COMPLETED)
    wrong = {
        "payload": '{"detail":"nothing to see"}',
        "at": "2026-06-01T12:00:06.000001Z",
        "previous": digest("x"),
        "signature": story.events[0].signature,
        "actor": story.events[0].actor,
        "kind": "settled",
        "role": "nobody",
        "sequence": 99,
        "payload_digest": digest("x"),
    }[column]
    with store._writing() as connection:
        change = f"UPDATE events SET {column} = :wrong WHERE job = :job AND sequence = 7"
        connection.execute(text(change), {"wrong": wrong, "job": story.job})
    with pytest.raises(EventChainBroken):
        store.verify(story.job)


def test_times_are_read_back_to_the_microsecond(store: Store, clock: Clock) -> None:
    clock.now = datetime(2026, 6, 1, 12, 0, 0, 1, tzinfo=UTC)
    story = Story().to(State.CREATED, at=clock.now)
    store.append_many(story.events)
    assert store.job(story.job).created_at == "2026-06-01T12:00:00.000001Z"
    assert due(store, clock.now - timedelta(microseconds=1)) == []
    assert len(store.due(clock.now)) == 1
    assert store.append(story.sign(Expired("late"))).closed


def test_a_promotion_with_anothers_terms_is_refused(store: Store) -> None:
    kept(store, State.APPROVED)
    copy = Story(seed=1).to(State.SIMULATED)
    store.append_many(copy.events)
    stolen = Story(seed=0).sample(EventKind.PROMOTED)
    with pytest.raises(TermsTaken, match="which another job has"):
        store.append(copy.sign(stolen))
    assert store.job(copy.job) == copy.record

"""One damaged row of one job: the job is quarantined and says why, every other goes on, and mending is enough."""

from __future__ import annotations

import errno
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from paper_router import BUSY_S, LONG_AGO, PATIENCE_S, Router

from oracle.chain import events as chain
from oracle.terms import Outcome
from router.control.operating.explaining import remarks
from router.control.store import DatabaseUnavailable
from router.protocol.lifecycle import EventChainBroken, State
from router.protocol.papers import terms_of
from router.protocol.requests import RequestKind, RequestStatus


@contextmanager
def grown_no_further(router: Router) -> Iterator[None]:
    """While it lasts the router's database may take no further page."""
    for connection in router.connections:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    for connection in router.connections:
        connection.execute("PRAGMA max_page_count = 1000000000")


def change(router: Router, statement: str, *values: object) -> None:
    """Change rows behind the store's back."""
    with closing(sqlite3.connect(router.desk.opened.home.database)) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0, statement


def value(router: Router, statement: str, *values: object) -> Any:
    with closing(sqlite3.connect(router.desk.opened.home.database)) as connection:
        return connection.execute(statement, values).fetchone()[0]


@dataclass(frozen=True)
class Damage:
    """A value of an event's row that no event has."""

    column: str
    to: object


EVENTS = {
    "a payload that is no JSON": Damage("payload", "{"),
    "a payload nested too deep": Damage("payload", "[" * 100_000),
    "a payload that is no text": Damage("payload", b"\xff\xfe"),
    "a payload that is no UTF-8": Damage("payload", sqlite3.Binary(b'{"detail":"\xff"}')),
    "a payload of another event": Damage("payload", '{"detail":"nothing to see"}'),
    "an unknown kind": Damage("kind", "abducted"),
    "an unknown role": Damage("role", "auditor"),
    "a broken link": Damage("previous", "0x" + "ab" * 32),
    "a link that is no digest": Damage("previous", "yesterday"),
    "a broken signature": Damage("signature", "0x" + "12" * 65),
    "a place in the log that is taken by none": Damage("sequence", 99),
    "a time that is none": Damage("at", "noon"),
    "a number where text belongs": Damage("actor", 7),
}


def test_damaged_events_quarantine_their_jobs_alone_until_they_are_mended(router: Router) -> None:
    desk, store = router.desk, router.desk.opened.store
    broken, kept = {}, {}
    for what, damage in EVENTS.items():
        job = desk.locked("aer_mps").job
        last = value(router, "SELECT max(position) FROM events WHERE job = ?", job)
        broken[job] = what
        kept[job] = (damage.column, value(router, f"SELECT {damage.column} FROM events WHERE position = ?", last), last)
        change(router, f"UPDATE events SET {damage.column} = ? WHERE position = ?", damage.to, last)
        store.set_next_look(job, LONG_AGO)
    sound = desk.locked().job
    begun = time.monotonic()
    router.ticks(sound, lambda record: record.state is State.QUEUED)
    assert time.monotonic() - begun < PATIENCE_S
    soon = {due.job for due in store.due(datetime.now(UTC) + timedelta(seconds=20))}
    listing = store.listing(limit=1000)
    listed = {record.job for record in listing.records}
    assert sound in listed
    for job, what in broken.items():
        said = str(desk.waits_for(job))
        assert said.startswith("quarantined: event "), (what, said)
        assert said.endswith(f"`compute repair {job}` checks it and lets it go on"), (what, said)
        assert job not in soon, f"{what}: looked at as often as a sound job"
        assert job in listed | {each.job for each in listing.damaged}, what
        with pytest.raises(EventChainBroken):
            store.repair(job)
    for column, before, last in kept.values():
        change(router, f"UPDATE events SET {column} = ? WHERE position = ?", before, last)
    for job, what in broken.items():
        router.ticks(job, lambda record: record.state is State.QUEUED)
        assert desk.waits_for(job) is None, what


COPIES = {
    "a copy that is no JSON": ("record", "{"),
    "a copy that is no record": ("record", "[]"),
    "a copy of another type": ("record", b"\xff"),
    "a copy with an unknown state": ("record", '{"state": "abducted"}'),
    "an unknown state": ("state", "abducted"),
    "another sequence": ("sequence", 77),
}


def test_damaged_copies_of_records_mend_themselves_from_the_events(router: Router) -> None:
    desk, store = router.desk, router.desk.opened.store
    damaged = {desk.locked().job: what for what in COPIES}
    for job, what in damaged.items():
        column, wrong = COPIES[what]
        change(router, f"UPDATE jobs SET {column} = ? WHERE job = ?", wrong, job)
    listing = store.listing(limit=1000)
    assert set(damaged) <= {record.job for record in listing.records}
    assert not set(damaged) & {each.job for each in listing.damaged}
    for job, what in damaged.items():
        router.ticks(job, lambda record: record.state is State.QUEUED)
        assert desk.waits_for(job) is None, what
    listed = {record.job: record for record in store.jobs(limit=1000)}
    assert all(listed[job] == store.job(job) for job in damaged)


def test_a_copy_that_reads_well_and_is_wrong_gives_way_to_the_log(router: Router) -> None:
    desk = router.desk
    record = desk.locked()
    wrong = json.loads(value(router, "SELECT record FROM jobs WHERE job = ?", record.job)) | {"state": "running"}
    change(router, "UPDATE jobs SET record = ? WHERE job = ?", json.dumps(wrong), record.job)
    router.ticks(record.job, lambda record: record.state is State.QUEUED)


INTENTS = (("status", "abducted"), ("request", "{"), ("outcome", b"\xff"))


def test_damaged_intents_quarantine_their_jobs_alone(router: Router) -> None:
    desk = router.desk
    broken = [desk.locked("aer_mps") for _ in INTENTS]
    for record, (column, wrong) in zip(broken, INTENTS, strict=True):
        router.ticks(record.job, lambda record: record.state is State.QUEUED)
        change(router, f"UPDATE intents SET {column} = ? WHERE job = ?", wrong, record.job)
        terms = terms_of(record)
        cancelled = chain.Cancelled(terms.payer, terms.budget, chain.Status.FUNDED)
        desk.chain.says(record.escrow_id, cancelled, chain.Status.REFUNDED)
    sound = desk.locked().job
    for record in broken:
        router.ticks(record.job, lambda record: record.state is State.CANCELLED)
        router.ticks(record.job, lambda record: remarks.is_quarantine(desk.waits_for(record.job)))
        assert "intent provider-submit: its row cannot be read" in desk.waits_for(record.job)
    router.ticks(sound, lambda record: record.state is State.QUEUED)


REQUESTS = (("kind", "abduct"), ("body", "{"), ("body", "7"), ("body", b"\xff"))


def test_damaged_requests_are_refused_and_the_next_one_is_served(router: Router) -> None:
    desk, store = router.desk, router.desk.opened.store
    job, other = desk.locked().job, desk.locked("aer_mps").job
    bad = [store.put_request(job, RequestKind.CANCEL, '{"expiry": 1, "signature": "0x"}') for _ in REQUESTS]
    for request, (column, wrong) in zip(bad, REQUESTS, strict=True):
        change(router, f"UPDATE requests SET {column} = ? WHERE id = ?", wrong, request.id)
    good = store.put_request(other, RequestKind.CANCEL, '{"expiry": 1}')
    router.engine.tick()
    for request in bad:
        refused = json.loads(value(router, "SELECT answer FROM requests WHERE id = ?", request.id))
        assert refused["refused"].startswith(f"{job}, request {request.id}: its row cannot be read: ")
    assert store.request(good.id).status is not RequestStatus.WAITING, "it was given to the worker"
    assert store.repair(job).requests_discarded == len(bad)


def test_an_outcome_that_contradicts_the_one_told_before_quarantines_its_job_alone(router: Router) -> None:
    desk = router.desk
    broken, sound = desk.locked("aer_mps"), desk.locked()
    settled = chain.Settled(Outcome.ACCEPT, 1, 1, 0)
    desk.chain.says(broken.escrow_id, chain.Refunded(terms_of(broken).payer, 1), chain.Status.REFUNDED)
    desk.chain.says(broken.escrow_id, settled, chain.Status.SETTLED)
    desk.chain.node.block_number += 2
    router.desk.opened.store.set_next_look(broken.job, LONG_AGO)
    router.ticks(sound.job, lambda record: record.state is State.QUEUED)
    assert remarks.is_quarantine(desk.waits_for(broken.job))


def test_a_locked_database_is_waited_for_and_every_job_goes_on_when_it_is_free(router: Router) -> None:
    desk, store = router.desk, router.desk.opened.store
    jobs = [desk.locked().job for _ in range(2)]
    for job in jobs:
        store.set_next_look(job, LONG_AGO)
    with closing(sqlite3.connect(desk.opened.home.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + 6 * BUSY_S
        while time.monotonic() < until:
            router.engine.tick()  # raises nothing
        assert all(store.job(job).state is State.SIMULATED for job in jobs)
        holder.execute("ROLLBACK")
    freed = time.monotonic()
    while not all(store.job(job).state is State.QUEUED for job in jobs):
        assert time.monotonic() - freed < PATIENCE_S
        router.engine.tick()
        time.sleep(0.02)


def test_a_full_disk_is_said_waited_for_and_every_job_goes_on_once_there_is_room(
    router: Router,
) -> None:
    """SQLite's own error of a full disk: its file may not grow."""
    desk, store = router.desk, router.desk.opened.store
    jobs = [desk.locked().job for _ in range(2)]
    for job in jobs:
        store.set_next_look(job, LONG_AGO)
    with grown_no_further(router):
        with pytest.raises(
            DatabaseUnavailable, match=r"disk full: the database sqlite:///.* cannot be written"
        ) as full:
            store.put_request(jobs[0], RequestKind.CANCEL, json.dumps({"note": "x" * 100_000}))
        assert "make room on the disk that holds it" in full.value.remedy
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            router.engine.tick()  # raises nothing
    begun = time.monotonic()
    while not all(store.job(job).state is State.QUEUED for job in jobs):
        assert time.monotonic() - begun < PATIENCE_S, [desk.waits_for(job) for job in jobs]
        router.engine.tick()
        time.sleep(0.02)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_an_artifact_that_finds_no_room_is_a_full_disk_and_no_stumble(number: int) -> None:
    said = remarks.of("job_0123456789", OSError(number, "no room", "/home/artifacts/x"))
    assert said.text == "disk full (/home/artifacts/x); it goes on by itself once there is room"
    assert not said.quarantined
    assert not said.unexpected
    assert remarks.is_passing_fault(said.text)

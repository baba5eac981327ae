"""One suite for every log of a follower: the router's store on both databases, and a validator's docket.

The chain is on paper. Whatever it does, a log that was caught up says what the chain says, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from job_stories import digest
from paper_chain import PaperChain
from postgresql_server import new_database, postgresql_server

from oracle.chain.events import Cancelled, EscrowEvent, Funded, Proposed, Status, Submitted
from oracle.chain.following.follower import EventLog, Follower, Read
from oracle.validator.docket import Docket
from oracle.validator.state import ValidatorState
from oracle.validator.watcher import Watcher
from router.control.store import Store

FINALITY = 4
WORKER, PAYER = "0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
JOBS = [digest(f"job {number}") for number in range(3)]
SAYINGS = [
    (Funded(PAYER, WORKER, "0xabcdef"), Status.FUNDED),
    (Submitted(WORKER, digest("result"), 0, digest("multiset")), Status.SUBMITTED),
    (Proposed(WORKER, digest("result"), 1, 2**100, 3, 0, digest("evidence"), 99), Status.PROPOSED),
    (Cancelled(PAYER, 25, Status.FUNDED), Status.REFUNDED),
]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The socket folder of a PostgreSQL server that lives as long as the tests."""
    with postgresql_server() as folder:
        yield folder


@dataclass
class Kept:
    """A log and its reader, and the chain that it reads."""

    chain: PaperChain
    log: EventLog
    events: Callable[[str], tuple[EscrowEvent, ...]]
    replayed: Callable[[EscrowEvent], bool]
    rewinds: list[tuple[int, int]]

    def follower(self, confirmations: int = 1, at_once: int = 2_000) -> Follower:
        client: Any = self.chain
        return Follower(
            client, self.log, confirmations=confirmations, blocks_at_once=at_once,
            on_reorg=lambda cursor, common: self.rewinds.append((cursor, common)),
        )  # fmt: skip

    def agrees(self) -> None:
        for job in JOBS:
            assert self.events(job) == tuple(event for event in self.chain.log if event.job_id == job)


@pytest.fixture(params=["sqlite", "postgresql", "docket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    chain = PaperChain()
    client: Any = chain
    if request.param == "docket":
        with ValidatorState(tmp_path, validator=WORKER, chain_id=1, escrow=PAYER) as state:
            docket = Docket(state, FINALITY)
            watcher = Watcher(client, docket, lambda *_, **__: None, confirmations=1)

            def replayed(event: EscrowEvent) -> bool:
                delivery = docket.find(event.job_id, 0)
                assert delivery is not None
                return docket.is_replayed(delivery)

            yield Kept(chain, watcher, lambda job: docket.dossier(job).events, replayed, [])
        return
    sqlite = f"sqlite:///{tmp_path}/router.sqlite"
    url = sqlite if request.param == "sqlite" else new_database(request.getfixturevalue("postgres"))
    with Store.open(url) as store:
        log = store.chain_log(FINALITY)

        def prior(event: EscrowEvent) -> bool:
            assert isinstance(event.args, Submitted)
            return bool(log.prior_deliveries(event.args.worker, event.args.result_hash, event.place))

        yield Kept(chain, log, log.events, prior, [])


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_chain_does_a_log_that_is_caught_up_says_the_same(kept: Kept, seed: int) -> None:
    draw = random.Random(seed)
    follower = kept.follower(at_once=draw.choice([3, 2_000]))
    for _ in range(40):
        match draw.randrange(4):
            case 0 | 1:
                kept.chain.says(draw.choice(JOBS), *draw.choice(SAYINGS))
            case 2:
                kept.chain.node.block_number += draw.randrange(1, 4)
            case _:
                kept.chain.reorg(draw.randrange(1, min(9, kept.chain.node.block_number - 1)))
        if draw.random() < 0.6:
            assert any(follower.catch_up() for _ in range(30))
            kept.agrees()


def test_a_block_that_was_read_is_not_read_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = kept.follower()
    kept.chain.says(JOBS[0], *SAYINGS[0])
    assert follower.catch_up()
    asked: list[int] = []
    for name in ("events", "events_of", "block"):
        real = getattr(kept.chain, name)
        monkeypatch.setattr(kept.chain, name, lambda *args, real=real: asked.append(1) or real(*args))
    head = kept.chain.head()
    asked.clear()
    assert follower.catch_up(head)
    assert asked == [], "nothing is new"
    kept.chain.says(JOBS[0], *SAYINGS[1])
    head = kept.chain.head()
    asked.clear()
    assert follower.catch_up(head)
    assert len(asked) == 1, "one block, one request"
    kept.agrees()


def test_what_was_read_stays_until_another_block_was_read_in_its_place(kept: Kept) -> None:
    follower = kept.follower()
    for saying in SAYINGS[:3]:
        kept.chain.says(JOBS[0], *saying)
        assert follower.catch_up()
    before = kept.events(JOBS[0])
    kept.chain.node.block_number -= 1
    assert not follower.catch_up(), "a node that lags agrees as far as it goes"
    assert (kept.events(JOBS[0]), kept.rewinds) == (before, [])
    kept.chain.node.block_number += 1
    assert follower.catch_up()
    kept.chain.reorg(2)
    assert follower.catch_up()
    assert kept.rewinds == [(13, 11)]
    kept.agrees()


def test_a_reorg_deeper_than_finality_reads_everything_again(kept: Kept) -> None:
    follower = kept.follower()
    for _ in range(12):
        kept.chain.says(JOBS[1], *SAYINGS[0])
        assert follower.catch_up()
    kept.chain.reorg(10)
    kept.chain.says(JOBS[2], *SAYINGS[0])
    assert follower.catch_up()
    assert kept.rewinds == [(22, 11)], "the first block that was ever read is kept"
    kept.chain.reorg(14)
    kept.chain.says(JOBS[2], *SAYINGS[1])
    assert follower.catch_up()
    assert kept.rewinds[-1] == (23, kept.chain.deployment.block - 1)
    kept.agrees()


def test_of_two_readers_of_one_log_one_is_first_and_nothing_is_kept_twice(kept: Kept) -> None:
    one, other = kept.follower(), kept.follower()
    for saying in SAYINGS:
        kept.chain.says(JOBS[0], *saying)
        head = kept.chain.head()
        stale = kept.log.blocks()
        assert one.catch_up(head)
        assert not kept.log.advance(stale[0] if stale else None, head.number, head, [])
        assert other.catch_up(head)
        kept.agrees()


def test_blocks_without_enough_confirmations_are_not_read(kept: Kept) -> None:
    follower = kept.follower(confirmations=3)
    kept.chain.says(JOBS[0], *SAYINGS[0])
    kept.chain.node.block_number += 1
    follower.catch_up()
    assert kept.events(JOBS[0]) == ()
    kept.chain.node.block_number += 1
    assert follower.catch_up()
    kept.agrees()
    assert kept.log.blocks()[0] == Read(11, kept.chain.block(11).hash)


def test_a_result_is_replayed_iff_this_worker_delivered_it_strictly_earlier(kept: Kept) -> None:
    again = Submitted(WORKER, digest("result"), 0, digest("multiset"))
    first = kept.chain.says(JOBS[0], again, Status.SUBMITTED)
    second = kept.chain.says(JOBS[1], again, Status.SUBMITTED)
    others = [
        kept.chain.says(digest("job 3"), replace(again, worker=PAYER), Status.SUBMITTED),
        kept.chain.says(digest("job 4"), replace(again, result_hash=digest("another")), Status.SUBMITTED),
    ]
    assert kept.follower().catch_up()
    assert [kept.replayed(event) for event in (first, second, *others)] == [False, True, False, False]

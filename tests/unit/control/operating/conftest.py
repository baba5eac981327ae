"""A home with its store, artifacts and keys, whose stack is a chain on paper."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import one_engine
import pytest
from eth_account import Account
from paper_chain import DEPLOYMENT, PaperChain
from paper_router import BUSY_S, PaperProvider, Router
from parties import addresses, bench, grant, keep, promote, reconcile
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event

from oracle.chain.client import EscrowClient
from oracle.chain.events import Funded, Status
from router.console.quantum.scaffold import write_job
from router.control.gates import DEFAULT_POLICY_TEXT
from router.control.gates.policy import parse_policy
from router.control.opening import OperatedHome, open_home
from router.control.operating.acts import configure
from router.control.operating.engine import Engine
from router.control.operating.offering.offers import offer
from router.control.store import Store
from router.protocol.lifecycle import JobRecord
from router.protocol.stack import Roles, StackRecord
from router.requester.simulate import Prepared, prepare, surroundings
from router.settings import Home, workflows_url

CONFIRMATIONS = 2


@dataclass(frozen=True)
class PaperHome(OperatedHome):
    """An opened home whose chain is on paper."""

    chain: PaperChain

    def client(self) -> EscrowClient:
        return self.chain  # type: ignore[return-value]  # it stands where a client stands


@dataclass(frozen=True)
class Desk:
    """An opened home, and jobs for it."""

    opened: PaperHome
    prepared: Prepared

    @property
    def chain(self) -> PaperChain:
        return self.opened.chain

    def simulated(self) -> str:
        return keep(self.opened, self.prepared, _quietly).job

    def promoted(self, target: str = "aer") -> JobRecord:
        """A job with signed terms and every approval, unfunded."""
        job = self.simulated()
        grant(self.opened, job, "for a test")
        return promote(self.opened, offer(self.opened, job, target, "25"))

    def funded(self, target: str = "aer") -> JobRecord:
        """A promoted job whose budget the chain has locked in its newest block; the record does not say so yet."""
        record = self.promoted(target)
        self._says_funded(record)
        return record

    def locks(self, record: JobRecord) -> None:
        """Let the chain lock the budget of `record`, with enough confirmations; the record does not say so yet."""
        self._says_funded(record)
        self.chain.node.block_number += CONFIRMATIONS - 1

    def _says_funded(self, record: JobRecord) -> None:
        assert record.escrow_id is not None
        assert record.terms is not None
        roles = self.opened.need_stack("a test").roles
        self.chain.says(record.escrow_id, Funded(roles.payer, roles.worker, record.terms), Status.FUNDED)

    def locked(self, target: str = "aer") -> JobRecord:
        """A funded job with enough confirmations, whose record says so."""
        record = self.funded(target)
        self.chain.node.block_number += CONFIRMATIONS - 1
        return self.reconciled(record.job)

    def reconciled(self, job: str, to_block: int | None = None) -> JobRecord:
        """The record of `job` after the chain was read to its head, and told of up to `to_block`."""
        head = self.chain.head().number
        self.opened.reader(self.opened.client()).catch_up()
        end = head if to_block is None else to_block
        return reconcile(self.opened, self.opened.client(), job, to_block=end)

    def waits_for(self, job: str) -> str | None:
        return self.opened.store.waiting_for([job]).get(job)


def _quietly(_what: str, _share: float) -> None:
    """Nobody watches."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The first job of `compute quantum init`, simulated."""
    folder = tmp_path_factory.mktemp("first-job")
    spec = write_job(folder / "job")[0]
    return prepare(spec, surroundings(Home(folder / "home")), _quietly)


@pytest.fixture(scope="session")
def make_desk(prepared: Prepared) -> Iterator[Callable[[Path], Desk]]:
    """Desks, each in a home of its own."""
    made: list[Desk] = []

    def make(folder: Path) -> Desk:
        home = Home(folder)
        folder.mkdir()
        home.policy.write_text(DEFAULT_POLICY_TEXT)  # as `compute up` writes it: a fake device may stand for hardware
        opened = open_home(home)
        own = addresses(opened)
        validators = (Account.from_key(bytes([number]) * 32).address for number in (1, 2, 3))
        path = home.deployments / "31337.json"
        DEPLOYMENT.dump(path)
        roles = Roles(
            **own, payer=own["requester"], validators=tuple(sorted(validators, key=lambda a: int(a, 16))), quorum=2
        )
        stack = StackRecord(PaperChain.rpc_url, str(path), roles, CONFIRMATIONS)
        fields: dict[str, Any] = {name: getattr(opened, name) for name in ("home", "store", "artifacts", "policy")}
        made.append(Desk(PaperHome(**fields, stack=stack, chain=PaperChain()), prepared))
        return made[-1]

    yield make
    for desk in made:
        desk.opened.store.close()


@pytest.fixture
def desk(tmp_path: Path, make_desk: Callable[[Path], Desk]) -> Desk:
    """A desk of the test's own."""
    return make_desk(tmp_path / "home")


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory, make_desk: Callable[[Path], Desk]) -> Iterator[Router]:
    """One at a time in a process. Its policy takes as many jobs as the tests make."""
    desk, provider = make_desk(tmp_path_factory.mktemp("router") / "home"), PaperProvider()
    url, connections = f"sqlite:///{desk.opened.home.database}", []

    def connected(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connections.append(connection)

    event.listen(SqlEngine, "connect", connected)
    store = Store.open(url, busy_timeout_s=BUSY_S)
    policy = parse_policy(DEFAULT_POLICY_TEXT.replace("live_jobs: 20", "live_jobs: 1000").encode())
    desk = replace(desk, opened=replace(desk.opened, store=store, policy=policy))
    configure(workflows_url(desk.opened.home))
    engine = Engine(bench(desk.opened, {"aer": provider}))
    engine.start()
    yield Router(desk, provider, engine, connections)
    one_engine.end(engine)
    store.close()
    event.remove(SqlEngine, "connect", connected)

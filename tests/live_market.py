"""A market on a real chain, in one process: a router's engine, a validator with its judges, a provider of honest shots.

The chain mines when `Market` says so, several blocks a second, and may be made to change its mind. Every request to the
node is counted by who makes it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import one_engine
from eth_account import Account
from live_chain import Anvil, deploy_on, running_anvil
from paper_router import PaperProvider
from parties import addresses, bench, fund, grant, keep, promote

from oracle.artifacts import open_sources
from oracle.artifacts.shots import pack
from oracle.attestations.board import open_board
from oracle.chain.client import EscrowClient
from oracle.chain.events import Status as ChainStatus
from oracle.statistics import Baseline
from oracle.validator.config import ValidatorConfig
from oracle.validator.service import Validator
from oracle.validator.state import ValidatorState
from router.console.quantum.scaffold import write_job
from router.control.gates import DEFAULT_POLICY_TEXT
from router.control.opening import OperatedHome, open_home
from router.control.operating.acts import configure
from router.control.operating.engine import Engine
from router.control.operating.following import chain_events
from router.control.operating.offering.offers import offer
from router.protocol.lifecycle import EscrowState, JobRecord, State
from router.protocol.providing import JobState, Reference, Result
from router.protocol.providing import RunReceipt as RunReceipt
from router.protocol.stack import Roles, StackRecord
from router.requester.simulate import Prepared, prepare, surroundings
from router.settings import Home, workflows_url

BLOCK_S = 0.25
PATIENCE_S = 60.0
CONFIRMATIONS = 2
BLOCKS_BEFORE = 30
"""So that the deepest reorg leaves the contracts where they are."""


class HonestProvider(PaperProvider):
    """Runs are over at once; their shots follow the job's baseline, each run with a seed of its own."""

    def __init__(self, baseline: Callable[[], Baseline]) -> None:
        super().__init__()
        self.state = JobState.COMPLETED
        self._baseline = baseline

    def result(self, ref: Reference) -> Result:
        self._answer()
        baseline = self._baseline()
        law = np.array([float(baseline.probability(outcome)) for outcome in range(baseline.outcomes)])
        # The whole name: two jobs that are promoted in one second end alike, and the same shots twice are a replay.
        seed = int.from_bytes(ref.provider_job.encode())
        drawn = np.random.default_rng(seed).choice(baseline.outcomes, size=4000, p=law / law.sum())
        receipt = RunReceipt(ref.provider_job, ref.target, 4000, "1", "", "", "statevector", 7)
        return Result(pack(drawn, baseline.bits), receipt, None, "OPENQASM 3.0;", "as it was")


@dataclass(frozen=True)
class LiveHome(OperatedHome):
    """An opened home whose clients' requests are counted under `name`."""

    counts: Counter[str]
    name: str = "router"

    def client(self) -> EscrowClient:
        return counted(super().client(), self.counts, self.name)


def counted(client: EscrowClient, counts: Counter[str], name: str) -> EscrowClient:
    """`client`, each request of which adds one to `counts`, a batch as one; of logs of a range also "`name` from N"."""
    transport: Any = client.node._rpc
    if "_post" in vars(transport):
        return client  # it is counted already: clients are kept
    real = transport._post

    def asked(payload: Any) -> Any:
        counts[name] += 1
        for each in payload if isinstance(payload, list) else [payload]:
            if each["method"] == "eth_getLogs" and "fromBlock" in each["params"][0]:
                counts[f"{name} from {int(each['params'][0]['fromBlock'], 16)}"] += 1
        return real(payload)

    transport._post = asked
    return client


@dataclass
class Market:
    """The parties, at work until the context ends."""

    anvil: Anvil
    opened: LiveHome
    prepared: Prepared
    provider: HonestProvider
    counts: Counter[str]
    engine: Engine
    mining: threading.Lock = field(default_factory=threading.Lock)
    looks: list[float] = field(default_factory=list)
    """When the router's loop began each of its looks, in seconds of a monotonic clock."""

    said: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """By the validator."""

    def heard(self, event: str, *, level: str = "info", **fields: object) -> None:
        del level
        self.said.append((event, fields))

    @property
    def client(self) -> EscrowClient:
        """Of somebody who looks on: its requests are not counted."""
        return EscrowClient(self.anvil.url, self.opened.deployment)

    def funded(self) -> str:
        """A job whose budget is locked."""
        job = keep(self.opened, self.prepared, _quietly).job
        grant(self.opened, job, "for a test")
        promote(self.opened, offer(self.opened, job, "aer", "25"))
        fund(self.opened, job)
        return job

    def until(self, job: str, reached: Callable[[JobRecord], object]) -> JobRecord:
        end = time.monotonic() + PATIENCE_S
        while not reached(record := self.opened.store.job(job)):
            waits = self.opened.store.waiting_for([job]).get(job)
            stands = f"{job} is {record.state.value}/{record.escrow.value}, waits for {waits}"
            assert time.monotonic() < end, f"{stands}; the validator said {self.said[-5:]}"
            time.sleep(0.05)
        return record

    def settled(self, job: str) -> JobRecord:
        return self.until(job, lambda r: (r.state, r.escrow) == (State.SETTLED, EscrowState.RELEASED))

    def delivered(self, job: str) -> JobRecord:
        """Wait until chain and record have the delivery of `job`."""

        def on_both(record: JobRecord) -> bool:
            status = self.client.status(str(record.escrow_id)).status
            return status >= ChainStatus.SUBMITTED and record.delivery_tx is not None

        return self.until(job, on_both)

    def reorg(self, depth: int, escrow_id: str) -> None:
        """Replace by empty ones the block of the job's newest event, `depth` - 1 before it and all after it.

        The node forgets what they held.
        """
        with self.mining:
            head = self.client.head().number
            newest = self.client.events(self.client.deployment.block, head, escrow_id)[-1].block
            self.anvil.call("anvil_reorg", head - newest + depth, [])
            self.anvil.call("anvil_dropAllTransactions")

    def agrees(self, job: str) -> None:
        """Wait until the record of `job` is settled and the chain says so, and compare all that the record names."""
        end = time.monotonic() + PATIENCE_S
        while True:
            record = self.settled(job)
            found = self.client.events(self.client.deployment.block, self.client.head().number, record.escrow_id)
            causes = {chain_events.cause_of(event) for event in found}
            told = chain_events.told(self.opened.store.events(job))
            paid = any(event.name == "Settled" for event in found)
            if paid and told <= causes and self.opened.store.job(job) == record:
                break
            assert time.monotonic() < end, f"{job}: the record names what the chain does not have: {told - causes}"
            time.sleep(0.1)
        assert {event.tx_hash for event in found if event.name == "Submitted"} == {record.delivery_tx}
        assert [event.name for event in found] == ["Funded", "Submitted", "Proposed", "Settled"], "once each"
        assert self.opened.store.verify(job) == record


def _quietly(_what: str, _share: float) -> None:
    """Nobody watches."""


@contextmanager
def running_market(folder: Path, *, finality: int = 64) -> Iterator[Market]:
    """A market whose blocks come every BLOCK_S; no other engine may run in the caller's process."""
    with running_anvil() as anvil:
        deployed = deploy_on(anvil)
        counts: Counter[str] = Counter()
        home = Home(folder / "home")
        home.root.mkdir(parents=True)
        home.policy.write_text(DEFAULT_POLICY_TEXT.replace("jobs_per_hour: 60", "jobs_per_hour: 10000"))
        opened = open_home(home)
        own = addresses(opened)
        judge = Account.create()
        for address in (*own.values(), judge.address):
            anvil.give_gas_money(address)
        token = anvil.web3.eth.contract(
            address=deployed.deployment.token,
            abi=[{"type": "function", "name": "transfer", "stateMutability": "nonpayable", "outputs": [],
                  "inputs": [{"name": "to", "type": "address"}, {"name": "value", "type": "uint256"}]}],
        )  # fmt: skip
        token.functions.transfer(own["requester"], 10**13).transact({"from": anvil.web3.eth.accounts[0]})
        anvil.mine(BLOCKS_BEFORE)
        path = home.deployments / "31337.json"
        deployed.deployment.dump(path)
        caches = ((folder / "validator" / "artifacts").as_uri(),)
        roles = Roles(**own, payer=own["requester"], validators=(judge.address,), quorum=1)
        stack = StackRecord(anvil.url, str(path), roles, CONFIRMATIONS, caches, finality)
        fields: dict[str, Any] = {name: getattr(opened, name) for name in ("home", "store", "artifacts", "policy")}
        opened = LiveHome(**fields, stack=stack, counts=counts)
        prepared = prepare(write_job(folder / "job")[0], surroundings(home), _quietly)
        provider = HonestProvider(partial(_baseline_of, opened))
        configure(workflows_url(home))
        engine = Engine(bench(opened, {"aer": provider}))
        market = Market(anvil, opened, prepared, provider, counts, engine)
        with _at_work(market, folder, judge):
            yield market
        opened.store.close()


def _baseline_of(opened: OperatedHome) -> Baseline:
    """The baseline of whatever job there is: all are the same."""
    record = opened.store.jobs(states=set(State) - {State.CREATED}, limit=1)[0]
    return Baseline.from_bytes(opened.artifacts.get(str(record.baseline_root)))


@contextmanager
def _at_work(market: Market, folder: Path, judge: Any) -> Iterator[None]:
    opened, stop = market.opened, threading.Event()
    config = ValidatorConfig(
        rpc_url=market.anvil.url, deployment_file=folder / "unused", keystore=folder / "unused",
        password_file=folder / "unused", artifacts_url=opened.home.artifacts.as_uri(),
        attestations_url=opened.home.attestations.as_uri(), state=folder / "validator", poll_s=0.2,
        confirmations=CONFIRMATIONS, finality=opened.need_stack("a test").finality,
    )  # fmt: skip
    client = counted(EscrowClient(market.anvil.url, opened.deployment), market.counts, "validator")
    identity = {"validator": judge.address, "chain_id": 31337, "escrow": opened.deployment.escrow}

    def judge_all() -> None:
        with ValidatorState(config.state, **identity) as state:  # SQLite's connections stay in their thread
            Validator(
                config, client=client, account=judge, state=state, log=market.heard,
                store=open_sources(config.artifacts_url, cache=config.artifact_cache),
                board=open_board(config.attestations_url),
            ).run(stop)  # fmt: skip

    def mine() -> None:
        while not stop.wait(BLOCK_S):
            with market.mining:
                market.anvil.mine()

    def look() -> None:
        while not stop.wait(0.1):
            market.looks.append(time.monotonic())
            market.engine.tick()

    market.anvil.call("evm_setAutomine", False)
    market.engine.start()
    threads = [threading.Thread(target=each) for each in (mine, look, judge_all)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        one_engine.end(market.engine)

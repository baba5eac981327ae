"""One validator in this process, ticked by hand, while the chain changes its mind and others play false."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from fractions import Fraction

import pytest
from eth_account import Account
from lone_bundles import SALT, bundle_without_a_router, not_holding
from unsteady_node import Http, said, unsteady

from oracle.artifacts import DirectoryStore
from oracle.attestations.board import DirectoryBoard
from oracle.chain.client import EscrowClient
from oracle.chain.errors import ChainDown
from oracle.chain.events import Status
from oracle.chain.following.follower import Read
from oracle.chain.transactions.sender import transact
from oracle.terms import Outcome, Verdict, job_id_of, pack_terms, verdict_digest
from oracle.validator.config import ValidatorConfig
from oracle.validator.docket import Docket, Stage
from oracle.validator.ledger import Ledger
from oracle.validator.service import Validator
from oracle.validator.signer import Signer
from oracle.validator.state import ValidatorState
from oracle.validator.watcher import Watcher
from oracle.verdict import VerdictDocument

RESULT, OTHER = "0x" + "ab" * 32, "0x" + "cd" * 32


def say_nothing(event, **_):
    return None


class Lines:
    """A log that keeps what was said."""

    def __init__(self):
        self.said = []

    def __call__(self, event, *, level="info", **fields):
        self.said.append((event, fields))

    def events(self):
        return [event for event, _ in self.said]


@pytest.fixture
def state(deployed, tmp_path):
    identity = {"validator": deployed.validators[0].address, "chain_id": 31337, "escrow": deployed.deployment.escrow}
    with ValidatorState(tmp_path / "state", **identity) as opened:
        yield opened


def funded(deployed, **changes):
    terms = deployed.terms(**changes)
    deployed.fund(terms)
    return job_id_of(terms, 31337, deployed.deployment.escrow), terms


def test_a_delivery_counts_only_when_it_is_deep_enough(deployed, state):
    job, terms = funded(deployed)
    watcher = Watcher(deployed.client, Docket(state), say_nothing, confirmations=3)
    receipt = deployed.submit(terms, RESULT)
    for depth in (1, 2):
        watcher.catch_up(deployed.client.head())
        assert Docket(state).find(job, 0) is None, f"seen at depth {depth}"
        deployed.anvil.mine()
    watcher.catch_up(deployed.client.head())
    found = Docket(state).find(job, 0)
    assert (found.block, found.result_hash, found.worker) == (receipt.block, RESULT, terms.worker)
    assert found.delivered_at == deployed.client.block(receipt.block).timestamp


def test_a_delivery_that_a_reorg_undid_is_forgotten_and_its_successor_found(deployed, state):
    job, terms = funded(deployed)
    deployed.anvil.mine(2)
    lines, docket = Lines(), Docket(state)
    watcher = Watcher(deployed.client, docket, lines, confirmations=1)
    watcher.catch_up(deployed.client.head())
    deployed.submit(terms, RESULT)
    watcher.catch_up(deployed.client.head())
    assert docket.find(job, 0).result_hash == RESULT

    deployed.anvil.call("anvil_reorg", 1, [])
    watcher.catch_up(deployed.client.head())
    assert docket.find(job, 0) is None
    assert "reorg" in lines.events()

    deployed.submit(terms, OTHER)
    watcher.catch_up(deployed.client.head())
    assert docket.find(job, 0).result_hash == OTHER


def test_a_reorg_past_everything_that_was_remembered_reads_from_the_beginning(deployed, state):
    job, terms = funded(deployed)
    deployed.submit(terms, RESULT)
    docket = Docket(state)
    nobodys = Read(deployed.client.head().number, "0x" + "00" * 32)  # of a chain that nobody knows any more
    docket.advance(None, 0, nobodys, [], {})
    Watcher(deployed.client, docket, say_nothing, confirmations=1).catch_up(deployed.client.head())
    assert docket.find(job, 0).result_hash == RESULT


def test_many_blocks_are_read_in_pieces_and_none_twice(deployed, state):
    job, terms = funded(deployed)
    deployed.submit(terms, RESULT)
    deployed.anvil.mine(120)
    other, terms = funded(deployed, salt=2)
    deployed.submit(terms, OTHER)
    docket, lines = Docket(state), Lines()
    watcher = Watcher(deployed.client, docket, lines, confirmations=1, blocks_at_once=50)
    watcher.catch_up(deployed.client.head())
    assert len(docket.blocks()) == 3
    watcher.catch_up(deployed.client.head())
    assert {found.job for found in docket.due(0)} == {job, other}
    assert lines.events().count("delivery seen") == 2
    assert docket.blocks()[0].number == deployed.client.head().number


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "artifacts")


def validator_over(client, deployed, state, store, tmp_path, **fields):
    return Validator(
        ValidatorConfig(
            rpc_url=deployed.anvil.url,
            deployment_file=tmp_path / "deployment.json",
            keystore=tmp_path / "key.json",
            password_file=tmp_path / "password",
            artifacts_url=store.root.as_uri(),
            attestations_url=(tmp_path / "board").as_uri(),
            state=tmp_path / "state",
            **{"quorum_wait_s": 0, "confirmations": 2} | fields,
        ),
        client=client,
        store=store,
        board=DirectoryBoard(tmp_path / "board"),
        account=deployed.validators[0],
        state=state,
        log=Lines(),
    )


@pytest.fixture
def validator(deployed, state, store, tmp_path):
    made = validator_over(deployed.client, deployed, state, store, tmp_path)
    yield made
    made.close()


@pytest.fixture
def node(deployed):
    with unsteady(deployed.anvil.url) as proxy:
        yield proxy


@pytest.fixture
def unsteady_validator(deployed, state, store, tmp_path, node):
    client = EscrowClient(node.url, deployed.deployment, timeout_s=5)
    made = validator_over(client, deployed, state, store, tmp_path)
    yield made
    made.close()


def test_a_node_that_fails_for_one_job_and_takes_no_batches_holds_no_other_up(deployed, unsteady_validator, node):
    jobs = {}
    for salt, result in ((1, RESULT), (2, OTHER)):
        job, terms = funded(deployed, salt=salt)
        deployed.submit(terms, result)
        jobs[result] = job
    deployed.anvil.mine()
    node.on_batch = lambda _batch: Http(413, b"batches are not served here")
    node.when("eth_call", lambda asked: said("spoilt") if jobs[RESULT][2:] in asked["params"][0]["data"] else None)
    unsteady_validator.tick()
    waits = [fields for event, fields in unsteady_validator._log.said if event == "delivery waits"]
    reasons = {fields["job"]: fields["reason"] for fields in waits}
    assert "spoilt" in reasons[jobs[RESULT]]
    assert reasons[jobs[OTHER]] == f"result {OTHER} is not there yet", "it was looked at as if nothing were wrong"


def test_a_node_that_asks_to_be_left_alone_is_left_alone_by_a_validator(unsteady_validator, node):
    stop, told = threading.Event(), unsteady_validator._log

    def until_it_waits(event, **fields):
        told(event, **fields)
        if event == "waiting":
            stop.set()

    unsteady_validator._log = until_it_waits
    node.when("eth_chainId", Http(429, b"", {"Retry-After": "45"}))
    unsteady_validator.run(stop)
    assert [fields["retry_in_s"] for event, fields in told.said if event == "waiting"] == [45.0]


def tick_until(validator, what, patience_s=60):
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, f"nothing came of it; it said {validator._log.said}"
        validator.tick()
        time.sleep(0.05)


def test_a_verdict_is_signed_and_posted_as_soon_as_it_is_judged_and_not_at_the_next_poll(
    deployed, state, store, frozen_job, tmp_path
):
    patient = validator_over(deployed.client, deployed, state, store, tmp_path, poll_s=60)
    frozen = frozen_job(store)
    job, terms = funded(
        deployed, spec_hash=frozen.spec_hash, validators=(deployed.validators[0].address,), quorum=1
    )  # fmt: skip
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    stop, told, events = threading.Event(), patient._log, []

    def until_it_posts(event, **fields):
        told(event, **fields)
        events.append(event)
        if event in ("posted", "waiting"):
            stop.set()

    patient._log = until_it_posts
    guard = threading.Timer(50, stop.set)  # before the second poll
    guard.start()
    patient.run(stop)
    guard.cancel()
    assert "posted" in events, f"it said {events}"


def test_a_validator_that_waits_for_others_asks_the_store_for_nothing(
    deployed, state, store, frozen_job, tmp_path, monkeypatch
):
    waiting = validator_over(deployed.client, deployed, state, store, tmp_path, quorum_wait_s=60)
    frozen = frozen_job(store)
    two = tuple(sorted((each.address for each in deployed.validators[:2]), key=lambda address: int(address, 16)))
    job, terms = funded(deployed, spec_hash=frozen.spec_hash, validators=two, quorum=2)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(waiting, lambda: Docket(state).find(job, 0) and Docket(state).find(job, 0).stage is Stage.SIGNED)
    waiting.tick()
    waiting._terms.cache_clear()

    def broken(_job):
        raise OSError("the store is gone")

    monkeypatch.setattr(store, "get_terms", broken)
    waiting._rest(threading.Event())  # what it raised here would end the process
    assert waiting._others_are_due()
    waiting.close()


def test_a_verdict_that_a_reorg_undid_is_posted_again(deployed, state, store, validator, frozen_job):
    frozen = frozen_job(store)
    me = (deployed.validators[0].address,)
    job, terms = funded(deployed, spec_hash=frozen.spec_hash, validators=me, quorum=1)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: deployed.client.status(job).status is Status.SETTLED)
    # Settled at the head, but not two blocks deep: the validator holds on to the delivery.
    validator.tick()
    assert Docket(state).find(job, 0).stage is Stage.SIGNED
    # The block with the posting goes, the mempool has forgotten it too, and the chain grows on without it.
    deployed.anvil.call("anvil_reorg", 1, [])
    deployed.anvil.call("anvil_dropAllTransactions")
    assert deployed.client.status(job).status is Status.SUBMITTED
    tick_until(validator, lambda: deployed.client.status(job).status is Status.SETTLED)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: Docket(state).find(job, 0).stage is Stage.CLOSED)
    posted = [
        event for event in deployed.client.events(0, deployed.client.head().number, job) if event.name == "Proposed"
    ]
    assert len(posted) == 1
    assert validator._log.events().count("posted") == 1, "the transaction that was written down was sent again"


def proposals(deployed, job):
    events = deployed.client.events(0, deployed.client.head().number, job)
    return [event.args for event in events if event.name == "Proposed"]


@pytest.mark.parametrize(("fresh", "ending"), [(True, Outcome.ACCEPT), (False, Outcome.REJECT)])
def test_an_inconclusive_round_is_topped_up_and_judged_by_what_is_left_of_alpha(
    deployed, state, store, validator, frozen_job, tmp_path, fresh, ending
):
    arbiter = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    frozen = frozen_job(
        store,
        quantum={"circuit_ref": "./circuits/chain.qasm", "shots": 120},
        timeouts={"verdict_s": 86_400},
        validation={
            "method": "distribution_threshold",
            "eps": "0.1",  # which no 120 shots certify
            "rounds": [{"alpha": "0.004"}, {"shots": 4000 if fresh else 120, "alpha": "0.006"}],
        },
        settlement={"max_rounds": 2, "challenge_window_s": 3600, "ruling_window_s": 3600, "arbiter": arbiter},
    )
    me = (deployed.validators[0].address,)
    windows = {"challenge_window": 3600, "ruling_window": 3600, "dispute_bond_bps": 500, "arbiter": arbiter}
    job, terms = funded(
        deployed, spec_hash=frozen.spec_hash, validators=me, quorum=1, max_rounds=2,
        verdict_by=deployed.anvil.now() + 86_400, salt=SALT, **windows,
    )  # fmt: skip
    store.put_terms(job, pack_terms(terms))
    few = frozen.honest(seed=1, shots=120)
    more = frozen.honest(seed=2) if fresh else few
    for shots in (few, more):
        store.put(shots.data)
    deployed.submit(terms, few.result_hash, few.multiset_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: len(proposals(deployed, job)) == 1)
    (first,) = proposals(deployed, job)
    assert (first.outcome, first.round) == (Outcome.INCONCLUSIVE, 0)
    # Two deep, so that the first round's delivery closes; then the worker answers inside the window.
    deployed.anvil.mine(1)
    top_up = deployed.client.top_up(terms, first, more.result_hash, more.multiset_hash)
    transact(deployed.client, top_up, deployed.worker)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: len(proposals(deployed, job)) == 2)
    second = proposals(deployed, job)[1]
    assert (second.outcome, second.round) == (ending, 1)
    document = VerdictDocument.from_bytes(store.get(second.evidence_hash))
    assert (document.round, document.policy.alpha, document.shots_required) == (
        1, Fraction(3, 500), 4000 if fresh else 120
    )  # fmt: skip
    assert document.reason_codes == (("certified",) if fresh else ("replayed_result",))
    deployed.anvil.warp(3_601)
    before = deployed.client.balance(terms.worker, terms.token)
    transact(deployed.client, deployed.client.finalize(terms, second), deployed.worker)
    assert deployed.client.balance(terms.worker, terms.token) - before == (terms.budget if fresh else 0)
    evidence = bundle_without_a_router(deployed, store, DirectoryBoard(tmp_path / "board"), terms, job)
    assert not_holding(evidence) == [], "both rounds follow from the bundle"


def test_a_validator_that_lost_its_state_does_not_sign_against_its_own_attestation(
    deployed, state, store, validator, frozen_job, tmp_path
):
    frozen = frozen_job(store)
    job, terms = funded(deployed, spec_hash=frozen.spec_hash)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=2)
    store.put(shots.data)
    # What it signed in its former life, with a ledger that is gone.
    identity = {"validator": deployed.validators[0].address, "chain_id": 31337, "escrow": deployed.deployment.escrow}
    verdict = Verdict(job, 0, shots.result_hash, Outcome.REJECT, 0, "0x" + "0e" * 32)
    with ValidatorState(tmp_path / "lost", **identity) as lost:
        signer = Signer(deployed.validators[0], Ledger(lost), chain_id=31337, escrow=deployed.deployment.escrow)
        former = signer.sign(verdict)
    DirectoryBoard(tmp_path / "board").publish(former)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: (found := Docket(state).find(job, 0)) and found.stage is Stage.REFUSED)
    assert "signed already" in Docket(state).find(job, 0).reason
    assert Ledger(state).find(job, 0, shots.result_hash) is None
    assert DirectoryBoard(tmp_path / "board").read(job, 0)[0] == (former,)


def test_a_forged_agreement_is_not_counted_towards_the_quorum(deployed, state, store, validator, frozen_job):
    frozen = frozen_job(store)
    job, terms = funded(deployed, spec_hash=frozen.spec_hash)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=5)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: "signed" in validator._log.events())
    ((own,), _) = validator._board.read(job, 0)
    # Our very verdict under another validator's name, once with our signature and once with a stranger's.
    stranger = Account.from_key("0x" + "66" * 32)
    digest = bytes.fromhex(verdict_digest(own.verdict, 31337, deployed.deployment.escrow)[2:])
    strangers = "0x" + bytes(stranger.unsafe_sign_hash(digest).signature).hex()
    for other, signature in zip(deployed.validators[1:], (own.signature, strangers), strict=True):
        validator._board.publish(replace(own, validator=other.address, signature=signature))
    for _ in range(5):
        validator.tick()
    ignored = [fields["source"] for event, fields in validator._log.said if event == "attestation ignored"]
    assert sorted(ignored) == sorted(other.address for other in deployed.validators[1:])
    assert not {"posted", "delivery waits"} & set(validator._log.events())
    assert deployed.client.status(job).status is Status.SUBMITTED


def test_an_attestation_of_ours_that_is_taken_away_or_altered_is_put_back(
    deployed, state, store, validator, frozen_job, tmp_path
):
    frozen = frozen_job(store)
    job, terms = funded(deployed, spec_hash=frozen.spec_hash)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=6)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: "signed" in validator._log.events())
    path = tmp_path / "board" / job / "0" / f"{deployed.validators[0].address}.json"
    original = path.read_text()
    path.unlink()
    validator.tick()
    assert path.read_text() == original
    path.write_text(original.replace('"1000"', '"1"'))
    validator.tick()
    assert path.read_text() == original


def test_a_validator_that_is_not_pinned_stays_out(deployed, state, store, validator, frozen_job, tmp_path):
    frozen = frozen_job(store)
    others = tuple(account.address for account in deployed.validators[1:])
    job, terms = funded(deployed, spec_hash=frozen.spec_hash, validators=others)
    store.put_terms(job, pack_terms(terms))
    deployed.submit(terms, RESULT)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: (found := Docket(state).find(job, 0)) and found.stage is Stage.REFUSED)
    assert "not pinned" in Docket(state).find(job, 0).reason


def test_an_empty_wallet_delays_posting_and_nothing_else(deployed, state, store, validator, frozen_job):
    frozen = frozen_job(store)
    me = deployed.validators[0].address
    job, terms = funded(deployed, spec_hash=frozen.spec_hash, validators=(me,), quorum=1)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=3)
    store.put(shots.data)
    deployed.anvil.call("anvil_setBalance", me, "0x0")
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: "delivery waits" in validator._log.events())
    assert "cannot pay" in Docket(state).find(job, 0).reason
    assert Docket(state).find(job, 0).stage is Stage.SIGNED
    deployed.anvil.give_gas_money(me)
    tick_until(validator, lambda: deployed.client.status(job).status is Status.SETTLED)


def test_a_verdict_that_somebody_else_brought_is_no_trouble(deployed, state, store, validator, frozen_job, tmp_path):
    frozen = frozen_job(store)
    job, terms = funded(deployed, spec_hash=frozen.spec_hash)
    store.put_terms(job, pack_terms(terms))
    shots = frozen.honest(seed=4)
    store.put(shots.data)
    deployed.submit(terms, shots.result_hash)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: "signed" in validator._log.events())
    ((attestation,), _) = validator._board.read(job, 0)
    second = deployed.validators[1]
    identity = {"validator": second.address, "chain_id": 31337, "escrow": deployed.deployment.escrow}
    with ValidatorState(tmp_path / "second", **identity) as held:
        signer = Signer(second, Ledger(held), chain_id=31337, escrow=deployed.deployment.escrow)
        both = [attestation, signer.sign(attestation.verdict)]
    transact(deployed.client, deployed.client.propose(terms, attestation.verdict, both), second)
    deployed.anvil.mine(1)
    tick_until(validator, lambda: Docket(state).find(job, 0).stage is Stage.CLOSED)
    assert "posted" not in validator._log.events()


def test_a_dead_chain_interrupts_a_tick_and_loses_nothing(deployed, state, validator):
    _, terms = funded(deployed)
    deployed.submit(terms, RESULT)
    deployed.anvil.process.kill()
    deployed.anvil.process.wait()
    with pytest.raises(ChainDown):
        validator.tick()
    assert Docket(state).blocks() == ()

"""Three validator processes on a real chain: money moves on a quorum's verdict, and on nothing else."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from oracle.artifacts import DirectoryStore
from oracle.attestations.board import open_board
from oracle.attestations.checking import verify
from oracle.chain.client import EscrowClient
from oracle.chain.events import Proposed, Settled, Status
from oracle.chain.transactions import keystore
from oracle.encoding import canonical_bytes
from oracle.statistics import Baseline
from oracle.terms import Outcome, job_id_of, pack_terms, verdict_digest
from oracle.validator.ledger import Ledger
from oracle.validator.state import ValidatorState
from oracle.verdict import VerdictDocument

PATIENCE_S = 180.0
"""Three processes import Qiskit on a small machine."""


@dataclass
class ValidatorProcess:
    """One `compute-oracle run`."""

    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=stream)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def said(self, event: str, **about: object) -> list[dict[str, object]]:
        return [
            line for line in self.lines() if line["event"] == event and all(line.get(k) == v for k, v in about.items())
        ]


def until(what, told, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not (result := what()):
        assert time.monotonic() < deadline, f"after {patience_s:g} s: {told}"
        time.sleep(0.1)
    return result


@dataclass
class Network:
    """A chain, a store, a board and validators whose addresses are pinned in every job."""

    deployed: object
    root: Path
    store: DirectoryStore
    freeze: object
    addresses: tuple[str, ...]
    validators: dict[str, ValidatorProcess]
    salts: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    @property
    def client(self) -> EscrowClient:
        return self.deployed.client

    @property
    def board(self):
        return open_board((self.root / "board").as_uri())

    def job(self, spec_hash, *, store_terms=True, **changes):
        terms = self.deployed.terms(spec_hash=spec_hash, salt=next(self.salts), validators=self.addresses, **changes)
        deployment = self.deployed.deployment
        job = job_id_of(terms, deployment.chain_id, deployment.escrow)
        if store_terms:
            self.store.put_terms(job, pack_terms(terms))
        self.deployed.fund(terms)
        return job, terms

    def deliver(self, terms, shots):
        self.store.put(shots.data)
        return self.deployed.submit(terms, shots.result_hash, shots.multiset_hash)

    def settled(self, job, patience_s=PATIENCE_S):
        until(lambda: self.client.status(job).status is Status.SETTLED, f"{job} is not settled", patience_s)
        events = self.client.events(self.deployed.deployment.block, self.client.head().number, job)
        (proposed,) = [event.args for event in events if isinstance(event.args, Proposed)]
        (paid,) = [event.args for event in events if isinstance(event.args, Settled)]
        return proposed, paid

    def document(self, proposed) -> VerdictDocument:
        return VerdictDocument.from_bytes(self.store.get(proposed.evidence_hash))

    def shown(self, job):
        return self.board.read(job, 0)[0]


@pytest.fixture(scope="module")
def network(shared_deployed, frozen_job, tmp_path_factory):
    root = tmp_path_factory.mktemp("network")
    shared_deployed.deployment.dump(root / "deployment.json")
    store = DirectoryStore(root / "artifacts")
    validators = {}
    for number in range(3):
        key, password = root / f"v{number}.json", root / f"v{number}.password"
        address = keystore.create(key, password)
        shared_deployed.anvil.give_gas_money(address)
        options = {
            "rpc": shared_deployed.anvil.url,
            "deployment": root / "deployment.json",
            "keystore": key,
            "password-file": password,
            "artifacts": (root / "artifacts").as_uri(),
            "attestations": (root / "board").as_uri(),
            "state": root / f"state{number}",
            "poll-s": 0.2,
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "oracle.cli", "run", *arguments]
        validators[address] = ValidatorProcess(command, root / f"v{number}.log")
    addresses = tuple(sorted(validators, key=lambda address: int(address, 16)))
    made = Network(shared_deployed, root, store, frozen_job, addresses, validators)
    try:
        yield made
    finally:
        for validator in validators.values():
            validator.kill()


@pytest.fixture
def running(network):
    """The network with all three validators up."""
    for validator in network.validators.values():
        if validator.process is None:
            validator.start()
    return network


def test_three_validators_judge_alike_and_pay_the_worker(running):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash)
    shots = frozen.honest(seed=1)
    running.deliver(terms, shots)
    proposed, paid = running.settled(job)

    assert (proposed.outcome, proposed.worker_amount, proposed.result_hash) == (
        Outcome.ACCEPT,
        1_000,
        shots.result_hash,
    )
    assert paid == Settled(Outcome.ACCEPT, worker_paid=1_000, payer_paid=0, fee=0)
    document = running.document(proposed)
    assert document.outcome is Outcome.ACCEPT
    assert document.digest == proposed.evidence_hash
    # Each process stores its own document under its own digest: one digest on the board is byte-identical documents.
    attestations = until(lambda: len(running.shown(job)) == 3 and running.shown(job), "three attestations")
    assert {attestation.document for attestation in attestations} == {document.digest}
    assert {attestation.validator for attestation in attestations} == set(running.addresses)
    for address, validator in running.validators.items():
        assert [line["document"] for line in validator.said("signed", job=job)] == [document.digest], address
    posted = [address for address, validator in running.validators.items() if validator.said("posted", job=job)]
    assert posted != [], "somebody posted"
    until(lambda: all(v.said("closed", job=job) for v in running.validators.values()), "all see that it is over")


def test_uniform_noise_is_rejected_and_the_payer_has_it_all_back(running):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash)
    before = running.client.balance(terms.payer, terms.token)
    running.deliver(terms, frozen.uniform(seed=2))
    proposed, paid = running.settled(job)
    assert (proposed.outcome, proposed.worker_amount) == (Outcome.REJECT, 0)
    assert paid == Settled(Outcome.REJECT, worker_paid=0, payer_paid=1_000, fee=0)
    assert running.client.balance(terms.payer, terms.token) == before + 1_000
    assert any(code.startswith("rejected_by") for code in running.document(proposed).reason_codes)


def test_a_result_delivered_before_is_rejected_as_a_replay(running):
    frozen = running.freeze(running.store)
    shots = frozen.honest(seed=3)
    first, terms = running.job(frozen.spec_hash)
    running.deliver(terms, shots)
    assert running.settled(first)[0].outcome == Outcome.ACCEPT
    second, terms = running.job(frozen.spec_hash)
    running.deliver(terms, shots)
    proposed, _ = running.settled(second)
    assert proposed.outcome == Outcome.REJECT
    assert running.document(proposed).reason_codes == ("replayed_result",)


def test_a_job_that_cannot_be_judged_is_refused_and_blocks_no_other(running):
    frozen = running.freeze(running.store)
    not_a_spec = running.store.put(b"not a spec")
    uniform = Baseline.from_probabilities(np.full(32, 1 / 32))
    lying = running.freeze(running.store, baseline=uniform)
    absent, absent_terms = running.job("0x" + "0a" * 32)
    poison, poison_terms = running.job(not_a_spec)
    false, false_terms = running.job(lying.spec_hash)
    good, good_terms = running.job(frozen.spec_hash)
    for number, terms in enumerate((absent_terms, poison_terms, false_terms, good_terms)):
        running.deliver(terms, frozen.honest(seed=10 + number))
    assert running.settled(good)[0].outcome == Outcome.ACCEPT
    for validator in running.validators.values():
        (poisoned,) = until(lambda v=validator: v.said("refused", job=poison), "the garbage spec is refused")
        (lied,) = until(lambda v=validator: v.said("refused", job=false), "the false baseline is refused")
        assert "not a normalised job spec" in poisoned["reason"]
        assert "at most 2^-20" in lied["reason"]
        until(lambda v=validator: v.said("delivery waits", job=absent), "the absent spec is waited for")
    for job in (absent, poison, false):
        assert running.shown(job) == ()
        assert running.client.status(job).status is Status.SUBMITTED


def test_terms_that_nobody_stored_are_read_from_the_chain(running):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash, store_terms=False)
    running.deliver(terms, frozen.honest(seed=20))
    assert running.settled(job)[0].outcome == Outcome.ACCEPT
    assert any(validator.said("terms read from the chain", job=job) for validator in running.validators.values())


def test_terms_of_another_job_under_this_jobs_name_are_not_believed(running):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash, store_terms=False)
    running.store.put_terms(job, pack_terms(replace(terms, budget=1)))
    running.deliver(terms, frozen.honest(seed=21))
    assert running.settled(job)[0].worker_amount == 1_000


def test_garbage_and_forgeries_on_the_board_change_nothing(running):
    frozen = running.freeze(running.store)
    shots = frozen.honest(seed=30)
    donor, donor_terms = running.job(frozen.spec_hash)
    running.deliver(donor_terms, shots)
    running.settled(donor)
    genuine = running.shown(donor)[0]

    job, terms = running.job(frozen.spec_hash)
    folder = running.root / "board" / job / "0"
    folder.mkdir(parents=True)
    (folder / "garbage.json").write_text("{")
    # A validator's real signature, copied from another job onto a verdict for this one.
    forged = replace(genuine, verdict=replace(genuine.verdict, job=job))
    (folder / "forged.json").write_text(json.dumps(forged.to_json()))
    running.deliver(terms, frozen.honest(seed=31))
    assert running.settled(job)[0].outcome == Outcome.ACCEPT
    until(lambda: any(v.said("attestation ignored", job=job) for v in running.validators.values()), "it is told")


def test_two_of_three_still_settle(running):
    down = running.addresses[0]  # the one whose turn to post comes first
    running.validators[down].kill()
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash)
    running.deliver(terms, frozen.honest(seed=40))
    proposed, _ = running.settled(job)
    assert proposed.outcome == Outcome.ACCEPT
    assert proposed.signers == 0b110
    assert running.validators[running.addresses[1]].said("posted", job=job)


def test_a_lone_validator_moves_nothing(running):
    for address in running.addresses[:2]:
        running.validators[address].kill()
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash)
    running.deliver(terms, frozen.honest(seed=50))
    lone = running.validators[running.addresses[2]]
    until(lambda: lone.said("signed", job=job), "the lone validator signs")
    time.sleep(4)  # past its quorum wait
    assert running.client.status(job).status is Status.SUBMITTED
    assert not lone.said("posted", job=job)
    # The others return and find the delivery in the blocks that they missed.
    for address in running.addresses[:2]:
        running.validators[address].start()
    assert running.settled(job)[0].outcome == Outcome.ACCEPT


def test_killed_between_ledger_and_publishing_it_resumes_to_the_same_signature(running):
    me = running.addresses[0]
    validator = running.validators[me]
    validator.kill()
    # The same command, with a board on which publishing is the moment of death.
    script = """
import os, signal, sys
from oracle.attestations.board import DirectoryBoard
DirectoryBoard.publish = lambda self, attestation: os.kill(os.getpid(), signal.SIGKILL)
from oracle.cli import main
main(sys.argv[1:])
"""
    doomed = ValidatorProcess([sys.executable, "-c", script, *validator.command[3:]], running.root / "doomed.log")
    doomed.start()
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash, quorum=3)
    shots = frozen.honest(seed=60)
    running.deliver(terms, shots)
    until(lambda: doomed.process.poll() is not None, "the doomed validator dies")
    assert doomed.process.returncode == -signal.SIGKILL
    assert me not in {attestation.validator for attestation in running.shown(job)}

    deployment = running.deployed.deployment
    state_folder = Path(validator.command[validator.command.index("--state") + 1])
    with ValidatorState(state_folder, validator=me, chain_id=deployment.chain_id, escrow=deployment.escrow) as state:
        recorded = Ledger(state).find(job, 0, shots.result_hash)
    assert recorded is not None
    key = keystore.load(
        *(Path(validator.command[validator.command.index(o) + 1]) for o in ("--keystore", "--password-file"))
    )
    digest = bytes.fromhex(verdict_digest(recorded, deployment.chain_id, deployment.escrow)[2:])
    expected = "0x" + bytes(key.unsafe_sign_hash(digest).signature).hex()

    # Not even the result is needed any more: what was recorded is signed, not judged anew.
    stored = running.root / "artifacts" / "objects" / shots.result_hash[2:4] / shots.result_hash[4:]
    until(lambda: len(running.shown(job)) == 2, "the other two have judged")
    stored.unlink()
    validator.start()
    proposed, _ = running.settled(job)
    assert proposed.signers == 0b111
    (mine,) = [attestation for attestation in running.shown(job) if attestation.validator == me]
    assert mine.signature == expected
    assert verify(mine, terms, chain_id=deployment.chain_id, escrow=deployment.escrow) is None


def test_a_result_that_never_appears_is_rejected_only_after_the_availability_window(running):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash, submit_by=running.deployed.anvil.now() + 600)
    shots = frozen.honest(seed=70)
    running.deployed.submit(terms, shots.result_hash, shots.multiset_hash)  # delivered on-chain, and nowhere else
    for validator in running.validators.values():
        until(lambda v=validator: v.said("delivery waits", job=job), "the result is waited for")
    running.deployed.anvil.warp(3_000)
    looked = {address: len(v.said("delivery waits", job=job)) for address, v in running.validators.items()}
    for address, validator in running.validators.items():
        # One look may have been under way while the time was moved; the second is after it.
        until(
            lambda v=validator, n=looked[address]: (
                len(v.said("delivery waits", job=job)) >= n + 2 or running.shown(job)
            ),
            "they look again within the window",
        )
    assert running.shown(job) == ()
    running.deployed.anvil.warp(700)
    proposed, paid = running.settled(job)
    assert (proposed.outcome, paid.payer_paid) == (Outcome.REJECT, 1_000)
    assert running.document(proposed).reason_codes == ("artifact_unavailable",)


def test_the_offline_judge_writes_the_validators_own_document(running, tmp_path):
    frozen = running.freeze(running.store)
    job, terms = running.job(frozen.spec_hash)
    shots = frozen.honest(seed=80)
    running.deliver(terms, shots)
    proposed, _ = running.settled(job)
    store = ["--artifacts", (running.root / "artifacts").as_uri()]

    def judged(*words, code=0):
        command = [sys.executable, "-m", "oracle.cli", "judge", *words, "--json"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        return json.loads(ended.stdout)

    by_job = judged(job, shots.result_hash, *store)
    assert by_job["digest"] == proposed.evidence_hash
    assert canonical_bytes(by_job["document"]) == running.store.get(proposed.evidence_hash)
    # The same from files, with no store and no terms: whoever judges says what the chain says.
    files = {
        "spec.json": running.store.get(frozen.spec_hash),
        "circuit.qasm": running.store.get(frozen.spec.quantum.circuit_hash),
        "baseline.json": running.store.get(frozen.spec.validation.baseline_root),
        "shots.bin": shots.data,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    spec, circuit, baseline, packed = (str(tmp_path / name) for name in files)
    by_file = judged(
        spec, packed, "--qasm", circuit, "--baseline", baseline,
        "--job", job, "--worker-amount", str(proposed.worker_amount),
    )  # fmt: skip
    assert by_file["digest"] == proposed.evidence_hash
    bad = running.store.put(frozen.uniform(seed=81).data)
    assert judged(frozen.spec_hash, bad, *store, code=6)["outcome"] == "reject"


def test_sigterm_ends_a_validator_and_its_judge_with_success(running):
    validator = running.validators[running.addresses[0]]
    until(lambda: validator.said("watching"), "it runs")
    before = len(validator.said("stopped"))
    validator.process.send_signal(signal.SIGTERM)
    assert validator.process.wait(timeout=20) == 0
    validator.process = None
    assert len(validator.said("stopped")) == before + 1


def test_the_wrong_network_ends_a_validator_with_code_5_and_one_line(running):
    validator = running.validators[running.addresses[0]]
    validator.kill()
    elsewhere = running.root / "elsewhere.json"
    replace(running.deployed.deployment, chain_id=1).dump(elsewhere)
    command = list(validator.command)
    command[command.index("--deployment") + 1] = str(elsewhere)
    command[command.index("--state") + 1] = str(running.root / "elsewhere-state")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 5
    (told,) = [line for line in ended.stderr.splitlines() if line.startswith("error:")]
    assert "it is chain 31337, the deployment is on 1" in told


def test_no_secret_reaches_a_log(running):
    for address, validator in running.validators.items():
        text = validator.log.read_text()
        paths = [Path(validator.command[validator.command.index(o) + 1]) for o in ("--keystore", "--password-file")]
        assert bytes(keystore.load(*paths).key).hex() not in text, address
        assert paths[1].read_text().strip() not in text, address

"""A proposal is disputed, and ruled on, from the command line: a real chain, a real job, keys in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from live_chain import Deployed
from parties import addresses, desk_of, fund, grant, keep, promote

from oracle.attestations.attestation import Attestation
from oracle.chain.events import Settled, Status
from oracle.chain.following.dossier import read
from oracle.chain.transactions import keystore
from oracle.chain.transactions.sender import transact
from oracle.cli import main as oracle
from oracle.encoding.files import write_whole
from oracle.terms import JobTerms, Outcome, Verdict, dispute_bond_of, job_id_of, verdict_digest
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.control.gates import DEFAULT_POLICY_TEXT
from router.control.opening import OperatedHome, open_home
from router.control.operating.offering.offers import offer
from router.protocol.papers import terms_of
from router.protocol.stack import Roles, StackRecord
from router.requester.simulate import prepare, surroundings
from router.settings import Home

WINDOW_S, RULING_S = 3_600, 86_400
RESULT, DOCUMENT = "0x" + "2b" * 32, "0x" + "3c" * 32


@dataclass(frozen=True)
class Bench:
    """A home with money on a real chain, whose jobs name an arbiter; and the arbiter's key in a file."""

    deployed: Deployed
    opened: OperatedHome
    spec: Path
    arbiter: LocalAccount
    folder: Path

    @property
    def home(self) -> str:
        return str(self.opened.home.root)

    def proposed(self, *, worker_amount: int | None = None) -> tuple[str, JobTerms]:
        """A job whose validators propose to accept: its id here, and its terms."""
        simulation = keep(self.opened, prepare(self.spec, surroundings(self.opened.home), _quietly), _quietly)
        grant(self.opened, simulation.job, "for a test")
        record = promote(self.opened, offer(self.opened, simulation.job, "aer", "25"))
        fund(self.opened, record.job)
        terms, client = terms_of(record), self.deployed.client
        assert record.escrow_id is not None
        transact(client, client.submit(terms, RESULT, RESULT), desk_of(self.opened, "worker").account)
        amount = terms.budget if worker_amount is None else worker_amount
        verdict = Verdict(record.escrow_id, 0, RESULT, Outcome.ACCEPT, amount, DOCUMENT)
        transact(client, client.propose(terms, verdict, self.attested(verdict)), self.deployed.worker)
        return record.job, terms

    def attested(self, verdict: Verdict) -> list[Attestation]:
        """Two validators' word."""
        place = self.deployed.deployment.chain_id, self.deployed.deployment.escrow
        digest = HexBytes(verdict_digest(verdict, *place))
        return [
            Attestation(each.address, verdict, DOCUMENT, "0x" + bytes(each.unsafe_sign_hash(digest).signature).hex())
            for each in self.deployed.validators[:2]
        ]

    def escrow_id(self, job: str) -> str:
        found = self.opened.store.job(job).escrow_id
        assert found is not None
        return found

    def status(self, job: str) -> Status:
        return self.deployed.client.status(self.escrow_id(job)).status

    def arbitrate(self, *arguments: object, key: str | None = None) -> Result:
        options: list[object] = ["--rpc", self.deployed.anvil.url, "--deployment", self.folder / "d.json"]
        if key is not None:
            options += ["--keystore", self.folder / f"{key}.json", "--password-file", self.folder / f"{key}.password"]
        return CliRunner().invoke(oracle, ["arbiter", *map(str, arguments), *map(str, options)])

    def balances(self, terms: JobTerms) -> tuple[int, int]:
        """What payer and worker hold of the job's token."""
        return tuple(self.deployed.client.balance(who, terms.token) for who in (terms.payer, terms.worker))  # type: ignore[return-value]


def _quietly(_what: str, _share: float) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def bench(shared_deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    for name in ("arbiter", "stranger"):
        keystore.create(folder / f"{name}.json", folder / f"{name}.password")
    arbiter = keystore.load(folder / "arbiter.json", folder / "arbiter.password")
    stranger = keystore.load(folder / "stranger.json", folder / "stranger.password")
    home = Home(folder / "home")
    home.root.mkdir()
    home.policy.write_text(DEFAULT_POLICY_TEXT)
    first = open_home(home)
    own = addresses(first)
    first.store.close()
    for address in (*own.values(), arbiter.address, stranger.address):
        shared_deployed.anvil.give_gas_money(address)
    token = shared_deployed.deployment.token
    for address in (own["requester"], own["worker"]):
        call = replace(shared_deployed.client.allow(token, 0), data=_transfer(address, 200_000_000))
        transact(shared_deployed.client, call, shared_deployed.payer)
    for path in (home.deployments / "31337.json", folder / "d.json"):
        shared_deployed.deployment.dump(path)
    validators = tuple(validator.address for validator in shared_deployed.validators)
    roles = Roles(**own, payer=own["requester"], validators=validators, quorum=2)
    record = StackRecord(shared_deployed.anvil.url, str(home.deployments / "31337.json"), roles, 1)
    write_whole(home.stack, (json.dumps({"chain": record.to_json()})).encode())
    spec = write_job(folder / "job")[0]
    settlement = (
        f"release_on: validated\n  arbiter: '{arbiter.address}'\n"
        f"  challenge_window_s: {WINDOW_S}\n  ruling_window_s: {RULING_S}\n"
    )
    spec.write_text(spec.read_text().replace("release_on: validated\n", settlement))
    opened = open_home(home)
    yield Bench(shared_deployed, opened, spec, arbiter, folder)
    opened.store.close()


def _transfer(to: str, amount: int) -> str:
    return "0xa9059cbb" + to[2:].lower().rjust(64, "0") + f"{amount:064x}"


@pytest.fixture
def cli(bench: Bench, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`compute` with --json: its exit code and its answer."""

    def call(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run([*arguments, "--home", bench.home, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_a_payer_disputes_once_and_a_ruling_pays_by_its_words(
    bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    job, terms = bench.proposed()
    escrow_id, bond = bench.escrow_id(job), dispute_bond_of(terms)
    payer, worker = bench.balances(terms)

    code, made = cli("dispute", job)
    assert (code, made["bond"], made["already"]) == (0, str(bond), False)
    assert made["arbiter"] == bench.arbiter.address
    assert bench.status(job) is Status.DISPUTED
    assert bench.balances(terms) == (payer - bond, worker)
    code, again = cli("dispute", job)
    assert (code, again["already"], again["tx_hash"]) == (0, True, made["tx_hash"])
    assert bench.balances(terms) == (payer - bond, worker)

    shown = json.loads(bench.arbitrate("show", escrow_id, "--json").stdout)
    assert shown["dispute"]["disputer"] == terms.payer
    assert shown["proposal"]["outcome"] == "accept"
    assert shown["result"] == RESULT
    told = bench.arbitrate("show", escrow_id).stdout
    assert "proposed  accept: 25.00 lUSD to the worker" in told
    assert f"Next: compute-oracle arbiter rule {escrow_id} --worker-amount 0..{terms.budget}" in told

    half = terms.budget // 2
    refused = bench.arbitrate("rule", escrow_id, "--worker-amount", half, "--bond", "returned", key="stranger")
    assert refused.exit_code == 2
    assert "is not the arbiter" in refused.stderr
    refused = bench.arbitrate("rule", escrow_id, "--worker-amount", terms.budget + 1, "--bond", "lost", key="arbiter")
    assert refused.exit_code == 2
    assert f"write --worker-amount {terms.budget} or less" in refused.stderr
    assert bench.status(job) is Status.DISPUTED

    ruled = bench.arbitrate("rule", escrow_id, "--worker-amount", half, "--bond", "returned", key="arbiter")
    assert ruled.exit_code == 0, ruled.output
    assert "12.50 lUSD to the worker, 12.50 lUSD to the payer; the bond is returned" in ruled.stdout
    assert bench.status(job) is Status.SETTLED
    assert bench.balances(terms) == (payer + terms.budget - half, worker + half)
    refused = bench.arbitrate("rule", escrow_id, "--worker-amount", half, "--bond", "returned", key="arbiter")
    assert refused.exit_code == 2
    assert "is settled, not disputed" in refused.stderr
    code, over = cli("dispute", job)
    assert code == 2
    assert "it is over" in over["errors"][0]["reason"]


def test_a_worker_disputes_and_loses_its_bond(bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    job, terms = bench.proposed(worker_amount=1_000_000)
    bond = dispute_bond_of(terms)
    payer, worker = bench.balances(terms)
    code, made = cli("dispute", job, "--as", "worker")
    assert (code, made["bond"]) == (0, str(bond))
    assert bench.balances(terms) == (payer, worker - bond)
    arguments = ("rule", bench.escrow_id(job), "--worker-amount", 0, "--bond", "lost")
    assert bench.arbitrate(*arguments, key="arbiter").exit_code == 0
    assert bench.balances(terms) == (payer + terms.budget + bond // 2, worker - bond)


def test_an_upheld_proposal_is_called_so_and_counts_as_what_it_was(
    bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    job, terms = bench.proposed(worker_amount=1_000_000)
    _, worker = bench.balances(terms)
    assert cli("dispute", job)[0] == 0
    arguments = ("rule", bench.escrow_id(job), "--worker-amount", 1_000_000, "--bond", "lost")
    assert "the bond is lost, and the proposal upheld" in bench.arbitrate(*arguments, key="arbiter").stdout
    assert bench.balances(terms)[1] == worker + 1_000_000 + dispute_bond_of(terms) // 2
    client = bench.deployed.client
    events = client.events(client.deployment.block, client.head().number, job_id=bench.escrow_id(job))
    (settled,) = [event.args for event in events if isinstance(event.args, Settled)]
    assert (settled.outcome, settled.worker_paid, settled.fee) == (Outcome.ACCEPT, 1_000_000, 0)


def test_nothing_is_disputed_that_cannot_be(bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    simulated = keep(bench.opened, prepare(bench.spec, surroundings(bench.opened.home), _quietly), _quietly)
    code, said = cli("dispute", simulated.job)
    assert code == 2
    assert "never promoted" in said["errors"][0]["reason"]

    grant(bench.opened, simulated.job, "for a test")
    funded = promote(bench.opened, offer(bench.opened, simulated.job, "aer", "25"))
    fund(bench.opened, funded.job)
    code, said = cli("dispute", funded.job)
    assert code == 2
    assert "is funded on-chain: nothing is proposed yet" in said["errors"][0]["reason"]
    told = bench.arbitrate("rule", funded.escrow_id, "--worker-amount", 1, "--bond", "lost", key="arbiter")
    assert told.exit_code == 2
    assert "is funded, not disputed" in told.stderr

    job, _ = bench.proposed()
    bench.deployed.anvil.warp(WINDOW_S + 1)
    code, said = cli("dispute", job)
    assert code == 2
    assert "could be disputed until" in said["errors"][0]["reason"]
    assert bench.status(job) is Status.PROPOSED


def test_a_ruling_that_comes_too_late_is_not_sent(bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    job, _ = bench.proposed()
    assert cli("dispute", job)[0] == 0
    bench.deployed.anvil.warp(RULING_S + 1)
    told = bench.arbitrate("rule", bench.escrow_id(job), "--worker-amount", 1, "--bond", "lost", key="arbiter")
    assert told.exit_code == 2
    assert "a ruling was possible until" in told.stderr


def test_the_bond_that_is_missing_is_said_before_anything_is_signed(
    bench: Bench, cli: Callable[..., tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, terms = bench.proposed()
    monkeypatch.setattr("oracle.chain.client.EscrowClient.balance", lambda *_: dispute_bond_of(terms) - 1)
    code, said = cli("dispute", job)
    assert code == 5
    assert "and the bond is 1.25" in said["errors"][0]["reason"]
    assert f"compute dispute {job}" in said["errors"][0]["remedy"]
    assert bench.status(job) is Status.PROPOSED


def test_a_proposal_that_a_top_up_has_replaced_is_not_shown_as_standing(bench: Bench) -> None:
    deployed, client = bench.deployed, bench.deployed.client
    now = deployed.anvil.now()
    terms = deployed.terms(
        arbiter=bench.arbiter.address, challenge_window=WINDOW_S, ruling_window=RULING_S, dispute_bond_bps=500,
        max_rounds=2, verdict_by=now + 86_400, salt=91,
    )  # fmt: skip
    deployed.fund(terms)
    deployed.submit(terms, RESULT)
    job = job_id_of(terms, client.deployment.chain_id, client.deployment.escrow)
    verdict = Verdict(job, 0, RESULT, Outcome.INCONCLUSIVE, 0, DOCUMENT)
    transact(client, client.propose(terms, verdict, bench.attested(verdict)), deployed.worker)
    assert json.loads(bench.arbitrate("show", job, "--json").stdout)["proposal"]["outcome"] == "inconclusive"
    proposed = read(client, job).proposed
    assert proposed is not None
    transact(client, client.top_up(terms, proposed, "0x" + "4d" * 32, "0x" + "4d" * 32), deployed.worker)
    shown = json.loads(bench.arbitrate("show", job, "--json").stdout)
    assert (shown["status"], shown["round"], shown["proposal"]) == ("submitted", 1, None)
    assert "proposed" not in bench.arbitrate("show", job).stdout


def test_a_job_that_nobody_funded_is_said_to_be_unknown(bench: Bench) -> None:
    for name, words in (("0x" + "00" * 32, "was ever funded"), ("job_8f31", "is no job of an escrow")):
        told = bench.arbitrate("show", name)
        assert told.exit_code == 2
        assert words in told.stderr

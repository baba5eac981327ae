"""Jobs in a token of any number of decimals that returns nothing and changes no allowance but from or to zero."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from live_chain import Deployed, deploy_contract, deploy_source
from parties import addresses, desk_of, grant, keep, promote

from oracle.chain.errors import CallReverted
from oracle.chain.registry import RegistryClient, Standing
from oracle.chain.transactions import keystore
from oracle.chain.transactions.intents import ALLOWANCE
from oracle.chain.transactions.sender import prepare, transact
from oracle.cli import main as oracle
from oracle.encoding.files import write_whole
from router.console.main import run
from router.console.quantum.scaffold import write_job
from router.control.gates import DEFAULT_POLICY_TEXT
from router.control.opening import OperatedHome, open_home
from router.control.operating.offering.offers import offer
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of
from router.protocol.stack import Roles, StackRecord
from router.requester.simulate import Prepared, surroundings
from router.requester.simulate import prepare as simulate
from router.settings import Home

SYMBOL = b"SHY".ljust(32, b"\0")


@dataclass(frozen=True)
class Bench:
    """A home whose stack settles in the token, and money in it."""

    deployed: Deployed
    opened: OperatedHome
    token: Any
    simulated: Prepared

    def promoted(self, usd: str) -> JobRecord:
        job = keep(self.opened, self.simulated, _quietly).job
        grant(self.opened, job, "for a test")
        return promote(self.opened, offer(self.opened, job, "aer", usd))

    @property
    def payer(self) -> str:
        return str(desk_of(self.opened, "requester").address)

    def allowed(self) -> int:
        return self.deployed.client.allowance(self.payer, self.token.address)

    def leave(self, amount: int) -> None:
        """An allowance left over from something that was cut off."""
        transact(self.deployed.client, self.deployed.client.allow(self.token.address, amount), self.key)

    @property
    def key(self) -> Any:
        return desk_of(self.opened, "requester").account

    def grants(self, job: str) -> list[str]:
        return [each.name for each in self.opened.store.intents(job) if each.name.startswith(ALLOWANCE)]


def _quietly(_what: str, _share: float) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("job")
    spec = write_job(folder / "job")[0]
    spec.write_text(spec.read_text().replace("max_usd_equivalent: 25", "max_usd_equivalent: 40"))
    return simulate(spec, surroundings(Home(folder / "home")), _quietly)


@pytest.fixture(scope="module")
def make_bench(
    shared_deployed: Deployed, simulated: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], Bench]]:
    opened: list[OperatedHome] = []

    def make(decimals: int) -> Bench:
        anvil = shared_deployed.anvil
        holder = anvil.web3.eth.accounts[0]
        token = deploy_source(anvil, "GuardedToken", holder, 1_000 * 10**decimals, decimals, SYMBOL)
        home = Home(tmp_path_factory.mktemp("home") / "home")
        home.root.mkdir()
        home.policy.write_text(DEFAULT_POLICY_TEXT)
        first = open_home(home)
        own = addresses(first)
        first.store.close()
        for address in own.values():
            anvil.give_gas_money(address)
        token.functions.transfer(own["requester"], 200 * 10**decimals).transact({"from": holder})
        where = replace(shared_deployed.deployment, token=token.address, token_symbol="SHY", token_decimals=decimals)
        path = home.deployments / "31337.json"
        where.dump(path)
        validators = tuple(validator.address for validator in shared_deployed.validators)
        roles = Roles(**own, payer=own["requester"], validators=validators, quorum=2)
        write_whole(home.stack, (json.dumps({"chain": StackRecord(anvil.url, str(path), roles, 1).to_json()})).encode())
        opened.append(open_home(home))
        return Bench(shared_deployed, opened[-1], token, simulated)

    yield make
    for each in opened:
        each.store.close()


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_a_leftover_allowance_is_zeroed_before_another_amount_is_granted(
    make_bench: Callable[[int], Bench], capsys: pytest.CaptureFixture[str], decimals: int
) -> None:
    bench = make_bench(decimals)
    unit, client = 10**decimals, bench.deployed.client
    home = ["--home", str(bench.opened.home.root), "--json"]

    bench.leave(25 * unit)
    first = bench.promoted("25")
    assert run(["fund", first.job, *home]) == 0
    assert json.loads(capsys.readouterr().out)["amount"] == str(25 * unit)
    assert (bench.grants(first.job), bench.allowed()) == ([], 0), "the leftover was enough"

    bench.leave(25 * unit)
    with pytest.raises(CallReverted):
        prepare(client, client.allow(bench.token.address, 40 * unit), bench.key)
    second = bench.promoted("40")
    assert run(["fund", second.job, *home]) == 0
    assert json.loads(capsys.readouterr().out)["amount"] == str(40 * unit)
    assert bench.grants(second.job) == [ALLOWANCE, f"{ALLOWANCE}-2"]
    assert bench.allowed() == 0, "what was granted is exactly the budget"
    assert client.balance(bench.payer, bench.token.address) == 135 * unit
    assert [terms_of(job).budget for job in (first, second)] == [25 * unit, 40 * unit]

    shown = run(["fund", second.job, *home[:2]]), capsys.readouterr().out
    assert shown[0] == 0
    assert ("40.00 SHY" if decimals else "40 SHY") in shown[1]


def test_a_bond_is_granted_over_a_leftover_as_well(
    shared_deployed: Deployed, make_bench: Callable[[int], Bench], tmp_path: Path
) -> None:
    bench = make_bench(6)
    registry, _ = deploy_contract(
        shared_deployed.anvil, "ValidatorRegistry", bench.token.address, 50 * 10**6, 30 * 86_400
    )
    keystore.create(tmp_path / "v.json", tmp_path / "v.password")
    validator = keystore.load(tmp_path / "v.json", tmp_path / "v.password")
    shared_deployed.anvil.give_gas_money(validator.address)
    holder = shared_deployed.anvil.web3.eth.accounts[0]
    bench.token.functions.transfer(validator.address, 60 * 10**6).transact({"from": holder})
    client = shared_deployed.client
    transact(client, client.allow(bench.token.address, 7, registry.address), validator)
    done = CliRunner().invoke(oracle, [
        "registry", "deposit", "--rpc", shared_deployed.anvil.url,
        "--deployment", str(bench.opened.home.deployments / "31337.json"), "--registry", registry.address,
        "--keystore", str(tmp_path / "v.json"), "--password-file", str(tmp_path / "v.password"),
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert RegistryClient(client, registry.address).member(validator.address).standing is Standing.BONDED
    assert "50.00 SHY" in done.output

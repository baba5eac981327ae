"""``compute-oracle registry`` on a real chain: bonds in coin and in a token, sets, an exit, a report, refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from live_chain import Deployed, deploy_contract, free_port, role

from oracle.attestations.attestation import Attestation
from oracle.chain.registry import RegistryClient, Standing
from oracle.chain.transactions import keystore
from oracle.chain.transactions.sender import transact
from oracle.cli import main
from oracle.encoding import InputRejected
from oracle.terms import ZERO_ADDRESS, Outcome, Verdict, verdict_digest
from router.control.operating.offering.offers import check_registry

BOND = 7 * 10**15
TOKEN_BOND = 5_000_000
DAY_S = 86_400
EXIT_DELAY_S = 2 * DAY_S
ELSEWHERE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@dataclass(frozen=True)
class Person:
    """Somebody with a key in a file."""

    keystore: Path
    password: Path
    account: LocalAccount

    @property
    def address(self) -> str:
        return str(self.account.address)


@dataclass(frozen=True)
class Office:
    """One registry, and people who go there."""

    deployed: Deployed
    deployment: Path
    registry: str
    folder: Path

    @property
    def client(self) -> RegistryClient:
        return RegistryClient(self.deployed.client, self.registry)

    def person(self, name: str) -> Person:
        """A new key with gas money."""
        files = self.folder / f"{name}.json", self.folder / f"{name}.password"
        keystore.create(*files)
        account = keystore.load(*files)
        self.deployed.anvil.give_gas_money(account.address)
        return Person(*files, account)

    def __call__(self, who: Person | None, *arguments: object, **changes: object) -> Result:
        options: dict[str, object] = {
            "--rpc": self.deployed.anvil.url, "--deployment": self.deployment, "--registry": self.registry,
        }  # fmt: skip
        if who is not None:
            options |= {"--keystore": who.keystore, "--password-file": who.password}
        options |= {"--" + name.replace("_", "-"): value for name, value in changes.items()}
        listed = [str(part) for pair in options.items() for part in pair]
        return CliRunner().invoke(main, ["registry", *map(str, arguments), *listed])

    def did(self, who: Person | None, *arguments: object) -> dict[str, Any]:
        """What the command answers as JSON."""
        ended = self(who, *arguments, "--json")
        assert ended.exit_code == 0, ended.output
        return dict(json.loads(ended.stdout))

    def refused(self, who: Person | None, *arguments: object, **changes: object) -> str:
        """What a command says that does nothing, and that it ends with 2."""
        ended = self(who, *arguments, **changes)
        assert ended.exit_code == 2, ended.output
        assert "Traceback" not in ended.output
        return ended.stderr


@pytest.fixture(scope="module")
def office(shared_deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A registry whose bonds are in coin."""
    folder = tmp_path_factory.mktemp("office")
    shared_deployed.deployment.dump(folder / "deployment.json")
    contract, _ = deploy_contract(shared_deployed.anvil, "ValidatorRegistry", ZERO_ADDRESS, BOND, EXIT_DELAY_S)
    return Office(shared_deployed, folder / "deployment.json", contract.address, folder)


@pytest.fixture(scope="module")
def token_office(office: Office) -> Office:
    """A registry whose bonds are in the deployment's token."""
    token = office.deployed.deployment.token
    contract, _ = deploy_contract(office.deployed.anvil, "ValidatorRegistry", token, TOKEN_BOND, EXIT_DELAY_S)
    return replace(office, registry=contract.address)


def attested(office: Office, who: Person, verdict: Verdict, name: str) -> Path:
    """A file of an attestation board, with the signature that it says."""
    place = office.deployed.deployment.chain_id, office.deployed.deployment.escrow
    signature = who.account.unsafe_sign_hash(HexBytes(verdict_digest(verdict, *place))).signature
    attestation = Attestation(who.address, verdict, verdict.evidence_hash, "0x" + bytes(signature).hex())
    path = office.folder / name
    path.write_text(json.dumps(attestation.to_json()))
    return path


VERDICT = Verdict("0x" + "1a" * 32, 0, "0x" + "2b" * 32, Outcome.ACCEPT, 1_000, "0x" + "3c" * 32)


def test_a_set_is_made_and_left_and_a_bond_comes_back_after_the_delay(office: Office) -> None:
    one, two = office.person("one"), office.person("two")
    both = two.address, one.address

    for person in (one, two):
        assert office.did(person, "deposit")["bond"] == str(BOND)
    again = office.did(one, "deposit")
    assert again["did"] == "nothing"
    assert "tx_hash" not in again

    assert (first := office.did(one, "join", *both))["joined"] == 1
    assert "keys of the others" in first["next"]
    second = office.did(two, "join", *reversed(both))
    assert (second["joined"], second["size"]) == (2, 2)
    assert office.registry in second["next"]
    assert office.did(two, "join", *both)["did"] == "nothing"
    found = office.did(None, "status", *both)
    assert found["set"] == {"size": 2, "joined": 2, "registered": True, "epoch": found["set"]["epoch"]}
    assert {member["standing"] for member in found["members"].values()} == {"bonded"}

    assert "request-exit` comes first" in office.refused(one, "exit")
    assert office.did(two, "leave", *both)["did"] == "leave"
    assert office.did(two, "leave", *both)["did"] == "nothing"
    assert not office.did(None, "status", *both)["set"]["registered"]

    asked = office.did(one, "request-exit")
    assert asked["did"] == "request-exit"
    assert office.did(one, "request-exit")["did"] == "nothing"
    assert "the bond is held until" in office.refused(one, "exit")
    assert "take the bond back first" in office.refused(one, "deposit")
    office.deployed.anvil.warp(asked["exits_at"] - office.deployed.anvil.now() + 1)
    before = office.deployed.client.balance(ELSEWHERE)
    assert office.did(one, "exit", "--to", ELSEWHERE)["amount"] == str(BOND)
    assert office.deployed.client.balance(ELSEWHERE) == before + BOND
    assert "has no bond to take back" in office.refused(one, "exit")
    assert "has no bond to take back" in office.refused(one, "request-exit")


def test_two_verdicts_on_one_result_cost_the_bond_and_pay_the_reporter(office: Office) -> None:
    liar, reporter = office.person("liar"), office.person("reporter")
    office.did(liar, "deposit")
    one = attested(office, liar, VERDICT, "one.json")
    other = attested(office, liar, replace(VERDICT, outcome=Outcome.REJECT, worker_amount=0), "other.json")
    elsewhere = attested(office, liar, replace(VERDICT, result_hash="0x" + "4d" * 32), "elsewhere.json")
    innocent = attested(office, reporter, replace(VERDICT, evidence_hash="0x" + "5e" * 32), "innocent.json")
    forged = office.folder / "forged.json"
    forged.write_text(other.read_text().replace('"round": 0', '"round": 1'))

    assert "the same" in office.refused(reporter, "slash", one, one)
    assert "different results" in office.refused(reporter, "slash", one, elsewhere)
    assert "name two attestations of one validator" in office.refused(reporter, "slash", one, innocent)
    told = office.refused(reporter, "slash", forged, office.folder / "none.json")
    assert "none.json" in told
    bent = json.loads(other.read_text())
    bent["verdict"]["evidence_hash"] = "0x" + "6f" * 32
    forged.write_text(json.dumps(bent))
    assert "ValidatorRegistry_Signature" in office.refused(reporter, "slash", one, forged)
    assert office.client.member(liar.address).standing is Standing.BONDED

    slashed = office.did(reporter, "slash", one, other)
    assert (slashed["member"], slashed["reward"]) == (liar.address, str(BOND // 2))
    assert "has no bond here (slashed)" in office.refused(reporter, "slash", one, other)
    assert "never bonded again" in office.refused(liar, "deposit")
    assert f"may withdraw {BOND // 2 / 10**18:g} ETH" in office(None, "status", reporter.address).stdout

    before = office.deployed.client.balance(ELSEWHERE)
    assert office.did(reporter, "withdraw", "--to", ELSEWHERE)["amount"] == str(BOND // 2)
    assert office.deployed.client.balance(ELSEWHERE) == before + BOND // 2
    assert office.did(reporter, "withdraw")["did"] == "nothing"


def test_a_bond_in_a_token_is_allowed_and_posted_or_said_to_be_missing(token_office: Office) -> None:
    deployed, person = token_office.deployed, token_office.person("token holder")
    said = token_office.refused(person, "deposit")
    symbol = deployed.deployment.token_symbol
    assert f"has 0.00 {symbol}, and the bond is 5.00 {symbol}" in said
    token = deployed.anvil.web3.eth.contract(
        address=deployed.deployment.token,
        abi=[
            {
                "type": "function", "name": "transfer", "stateMutability": "nonpayable",
                "inputs": [{"name": "to", "type": "address"}, {"name": "amount", "type": "uint256"}],
                "outputs": [{"name": "", "type": "bool"}],
            }
        ],
    )  # fmt: skip
    holder = deployed.anvil.web3.eth.accounts[0]
    token.functions.transfer(person.address, TOKEN_BOND).transact({"from": holder})
    assert token_office.did(person, "deposit")["bond"] == str(TOKEN_BOND)
    assert deployed.client.balance(person.address, deployed.deployment.token) == 0
    assert deployed.client.allowance(person.address, deployed.deployment.token, token_office.registry) == 0


def test_people_read_standing_amounts_and_dates(office: Office) -> None:
    person = office.person("reader")
    told = office(person, "deposit").stdout
    assert f"{person.address} is bonded with 0.007 ETH" in told
    assert "Next: compute-oracle registry join" in told
    office.did(person, "join", person.address)
    shown = office(None, "status", person.address).stdout
    assert "bond: 0.007 ETH, held for 9 days after an exit is asked for" in shown
    assert f"{person.address}  bonded, in 1 sets" in shown
    assert " UTC" in office(person, "request-exit").stdout


def test_all_faults_of_the_options_are_told_at_once(office: Office, tmp_path: Path) -> None:
    nobody = Person(tmp_path / "no.json", tmp_path / "no.password", role("worker"))
    said = office.refused(nobody, "deposit", deployment=tmp_path / "none.json", registry="0x12")
    for part in ("none.json", "--registry", "no.json"):
        assert part in said
    known = office.person("mistyper")
    said = office.refused(known, "join", known.address, known.address, known.address.lower())
    assert "is named 2 times" in said
    assert "is not a checksum address" in said
    assert "error: --to: 0x12 is not a checksum address" in office.refused(known, "exit", "--to", "0x12")
    assert "there is no contract at" in office.refused(known, "deposit", registry=ELSEWHERE)


def test_what_the_contract_refuses_is_said_with_its_error(office: Office) -> None:
    stranger = office.person("stranger")
    assert "ValidatorRegistry_Standing" in office.refused(stranger, "join", stranger.address)
    office.did(stranger, "deposit")
    others = role("a"), role("b")
    assert "ValidatorRegistry_NotNamed" in office.refused(stranger, "join", *(other.address for other in others))


def test_a_chain_that_is_down_ends_with_5(office: Office) -> None:
    ended = office(None, "status", rpc=f"http://127.0.0.1:{free_port()}")
    assert ended.exit_code == 5
    assert "does not answer" in ended.stderr


def test_a_job_is_offered_and_funded_only_where_all_have_joined(office: Office) -> None:
    people = [office.person(f"validator {number}") for number in range(3)]
    addresses = [person.address for person in people]
    deployed = office.deployed
    ascending = tuple(sorted(addresses, key=lambda address: int(address, 16)))
    terms = deployed.terms(registry=office.registry, validators=ascending, token=ZERO_ADDRESS, salt=77)
    for person in people:
        office.did(person, "deposit")
        with pytest.raises(InputRejected, match="does not admit") as refused:
            check_registry(deployed.client, terms)
        assert f"compute-oracle registry status {' '.join(ascending)}" in refused.value.findings[0].remedy
        office.did(person, "join", *addresses)
    check_registry(deployed.client, terms)
    long = replace(terms, verdict_by=deployed.anvil.now() + EXIT_DELAY_S + DAY_S)
    with pytest.raises(InputRejected, match="does not admit"):
        check_registry(deployed.client, long)
    with pytest.raises(InputRejected, match="no contract"):
        check_registry(deployed.client, replace(terms, registry=ELSEWHERE))
    transact(deployed.client, deployed.client.fund(terms), deployed.payer)

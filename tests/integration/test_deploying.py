"""The contracts on real chains, put there by each caller: one set of addresses, checked code, nothing overwritten."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from eth_account import Account
from live_chain import Anvil, running_anvil, running_hardhat
from web3 import Web3

from oracle.chain.bytecode import DEPLOYER, DEPLOYER_CODE, DEPLOYER_SIGNER, DEPLOYER_TRANSACTION, artifact
from oracle.chain.client import EscrowClient
from oracle.chain.deployment import Deployment
from oracle.chain.errors import WrongNetwork
from oracle.cli import main
from router.console.deploying.contracts import Bond, creation_block, deploy, parts
from router.console.deploying.node import opened
from router.console.deploying.order import Order, place
from router.console.deploying.refusal import DeployRefused
from router.console.deploying.settlement import NATIVE, SettlementToken
from router.console.main import run

ROOT = Path(__file__).resolve().parents[2]
COIN = SettlementToken(NATIVE, "ETH", 18)
BOND = Bond(5, 60 * 24 * 3600)
WANTED = {part.name: part.address for part in parts(COIN, BOND)}


@pytest.fixture(scope="module")
def chains() -> Iterator[dict[str, Anvil]]:
    """An Anvil for each caller, and a Hardhat node, which has no deterministic deployer."""
    with ExitStack() as stack:
        anvils = {name: stack.enter_context(running_anvil()) for name in ("ape", "anvil", "spare")}
        yield anvils | {"hardhat": stack.enter_context(running_hardhat())}


def addresses(file: Path) -> dict[str, str]:
    """What a deployment file says."""
    deployment = Deployment.load(file)
    assert deployment.registry is not None
    return {"JobEscrow": deployment.escrow, "ValidatorRegistry": deployment.registry, **deployment.views}


def by_ape(chain: Anvil, file: Path) -> None:
    """`ape run deploy`, as the script's first lines say it."""
    ape = ROOT / ".venv-ape" / "bin" / "ape"
    if not ape.is_file():
        pytest.fail("no ape; run `sh scripts/setup.sh ape`")
    environment = os.environ | {
        "APE_FOUNDRY_HOST": chain.url,
        "APE_DATA_FOLDER": str(ROOT / ".ape-data"),
        "SOLCX_BINARY_PATH": str(ROOT / ".solcx"),
    }
    command = [str(ape), "run", "deploy", "--network", "ethereum:local:foundry", "--native"]
    command += ["--registry-bond", str(BOND.amount), "--output", str(file)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def by_compute(chain: Anvil, file: Path, *options: str) -> int:
    """`compute deploy` with a registry."""
    command = ["deploy", "--rpc", chain.url, "--native", "--registry-bond", str(BOND.amount), "--output", str(file)]
    return run([*command, *options])


def test_ape_and_compute_give_the_same_addresses_on_anvil_and_hardhat(chains: dict[str, Anvil], tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("ape", "anvil", "hardhat")}
    by_ape(chains["ape"], files["ape"])
    payer = Account.create()
    chains["anvil"].give_gas_money(payer.address)
    key, password = tmp_path / "payer.json", tmp_path / "payer.password"
    password.write_text("a word")
    password.chmod(0o600)
    key.write_text(json.dumps(Account.encrypt(payer.key, "a word", iterations=2)))
    key.chmod(0o600)
    assert by_compute(chains["anvil"], files["anvil"], "--keystore", str(key), "--password-file", str(password)) == 0
    assert not chains["hardhat"].web3.eth.get_code(Web3.to_checksum_address(DEPLOYER))
    assert by_compute(chains["hardhat"], files["hardhat"], "--unlocked") == 0
    assert {name: addresses(file) for name, file in files.items()} == dict.fromkeys(files, WANTED)
    hashes = {json.dumps(dict(Deployment.load(file).code_hashes), sort_keys=True) for file in files.values()}
    assert len(hashes) == 1, "the same code stands on each chain"


def test_a_contract_made_twice_is_neither_sent_nor_told_twice(chains: dict[str, Anvil], tmp_path: Path) -> None:
    chain, file = chains["spare"], tmp_path / "31337.json"
    node = opened(chain.url, None, None)
    deploy(node.web3, node.send, parts(COIN, None, views=False))  # and then the power went
    assert by_compute(chain, file, "--unlocked") == 0
    sent, said = chain.web3.eth.get_transaction_count(node.deployer), file.read_text()  # type: ignore[arg-type]
    assert by_compute(chain, file, "--unlocked") == 0
    assert chain.web3.eth.get_transaction_count(node.deployer) == sent  # type: ignore[arg-type]
    assert file.read_text() == said
    assert Deployment.load(file).block == creation_block(chain.web3, WANTED["JobEscrow"])


def test_a_file_of_another_deployment_is_not_overwritten(chains: dict[str, Anvil], tmp_path: Path) -> None:
    chain, file = chains["spare"], tmp_path / "31337.json"
    node = opened(chain.url, None, None)
    order = Order(file=file, native=True, bond=BOND)
    place(node.web3, node.send, node.deployer, order, print)
    kept, sent = file.read_text(), chain.web3.eth.get_transaction_count(node.deployer)  # type: ignore[arg-type]
    other = replace(order, bond=Bond(6, BOND.exit_delay_s))
    with pytest.raises(DeployRefused, match="registry"):
        place(node.web3, node.send, node.deployer, other, print)
    assert (file.read_text(), chain.web3.eth.get_transaction_count(node.deployer)) == (kept, sent)  # type: ignore[arg-type]
    placed = place(node.web3, node.send, node.deployer, replace(other, replace=True), print)
    assert placed.set_aside is not None
    assert placed.set_aside.read_text() == kept
    assert Deployment.load(file).registry != WANTED["ValidatorRegistry"]


def test_foreign_code_at_our_address_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with running_anvil() as chain:
        node = opened(chain.url, None, None)
        code = bytearray(artifact("JobEscrow").code)
        code[100] ^= 1
        chain.call("anvil_setCode", WANTED["JobEscrow"], "0x" + code.hex())
        with pytest.raises(DeployRefused, match="is not JobEscrow's"):
            place(node.web3, node.send, node.deployer, Order(file=tmp_path / "d.json", native=True), print)
        chain.call("anvil_setCode", WANTED["JobEscrow"], "0x")
        chain.call("anvil_setCode", DEPLOYER, "0x6001")
        with pytest.raises(DeployRefused, match="not the deterministic deployer's"):
            place(node.web3, node.send, node.deployer, Order(file=tmp_path / "d.json", native=True), print)
        assert chain.web3.eth.get_transaction_count(node.deployer) == 0  # type: ignore[arg-type]
        assert not (tmp_path / "d.json").exists()


def test_the_deployers_transaction_is_the_known_one() -> None:
    assert Account.recover_transaction(DEPLOYER_TRANSACTION) == DEPLOYER_SIGNER
    assert len(DEPLOYER_CODE) == 69


def test_a_registry_is_found_in_the_deployment_file(chains: dict[str, Anvil], tmp_path: Path) -> None:
    file = tmp_path / "31337.json"
    assert by_compute(chains["spare"], file, "--unlocked") == 0
    asked = ["registry", "status", "--rpc", chains["spare"].url, "--deployment", str(file), "--json"]
    answered: Any = CliRunner().invoke(main, asked)
    assert answered.exit_code == 0, answered.output
    assert json.loads(answered.output)["registry"] == WANTED["ValidatorRegistry"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--unlocked", "--exit-delay-days", "3", "--native"], ["--exit-delay-days"]),
        (["--native", "--token", NATIVE], ["--keystore", "--native"]),
        (["--keystore", "k.json", "--unlocked", "--native"], ["--unlocked", "--password-file"]),
    ],
)
def test_contradicting_options_are_all_named_and_nothing_is_asked(
    options: list[str], named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["deploy", "--rpc", "http://127.0.0.1:9", "--json", *options]) == 2
    assert [error["path"] for error in json.loads(capsys.readouterr().out)["errors"]] == named


@pytest.mark.slow
def test_py_solc_x_makes_the_committed_bytecode() -> None:
    command = [str(ROOT / ".venv-ape" / "bin" / "python"), "scripts/solc/compile_with_solcx.py"]
    environment = os.environ | {"SOLCX_BINARY_PATH": str(ROOT / ".solcx")}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("the same bytecode") == len(list((ROOT / "oracle" / "chain" / "abi").glob("*.json")))


def test_a_client_refuses_an_escrow_with_other_code_than_its_deployment_says(
    chains: dict[str, Anvil], tmp_path: Path
) -> None:
    file = tmp_path / "31337.json"
    assert by_compute(chains["spare"], file, "--unlocked") == 0
    true = Deployment.load(file)
    EscrowClient(chains["spare"].url, true).check_network()
    other = replace(true, code_hashes={**true.code_hashes, "JobEscrow": "0x" + "11" * 32})
    with pytest.raises(WrongNetwork, match="has the hash"):
        EscrowClient(chains["spare"].url, other).check_network()

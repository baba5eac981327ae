"""What the escrow could not pay: seen and taken out through the command line, on a real chain.

A payer's account is given code that refuses coin, as a wallet may; the refund then becomes a credit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from live_chain import Deployed, free_port
from parties import addresses, desk_of

from oracle.chain.client import EscrowClient
from oracle.chain.errors import CallReverted, ChainDown
from oracle.chain.transactions.sender import prepare, transact
from oracle.encoding.files import write_whole
from oracle.terms import ZERO_ADDRESS
from router.console import funding
from router.console.main import run
from router.control.opening import OperatedHome, open_home
from router.payer import withdrawals
from router.payer.desk import PayerDesk
from router.protocol.stack import Roles, StackRecord
from router.settings import Home

BUDGET = 5 * 10**15
REFUSES = "0x5f5ffd"
"""PUSH0 PUSH0 REVERT: the code of an account that takes no coin."""
ELSEWHERE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
SINK = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
SALTS = count(1)


@pytest.fixture(scope="module")
def home(shared_deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose requester pays on the module's chain, with gas money."""
    home = Home(tmp_path_factory.mktemp("credits") / "home")
    opened = open_home(home)
    own = addresses(opened)
    for address in own.values():
        shared_deployed.anvil.give_gas_money(address)
    path = home.deployments / "31337.json"
    shared_deployed.deployment.dump(path)
    validators = tuple(validator.address for validator in shared_deployed.validators)
    roles = Roles(**own, payer=own["requester"], validators=validators, quorum=2)
    record = StackRecord(shared_deployed.anvil.url, str(path), roles, 1)
    write_whole(home.stack, (json.dumps({"chain": record.to_json()})).encode())
    opened.store.close()
    return home


@pytest.fixture
def opened(home: Home) -> Iterator[OperatedHome]:
    """The home, opened; what the test left in the escrow is taken out behind it."""
    opened = open_home(home)
    yield opened
    list(withdrawals.withdraw(PayerDesk(opened), (ZERO_ADDRESS,), SINK))
    opened.store.close()


@pytest.fixture
def deployed(shared_deployed: Deployed) -> Deployed:
    return shared_deployed


def owe_the_payer(deployed: Deployed, opened: OperatedHome) -> str:
    """Make the escrow owe the requester of the home one budget, and let its account take coin again."""
    payer = desk_of(opened, "requester").account
    terms = deployed.terms(
        payer=payer.address, requester=payer.address, token=ZERO_ADDRESS, budget=BUDGET, salt=next(SALTS)
    )
    transact(deployed.client, deployed.client.fund(terms), payer)
    deployed.anvil.warp(3_601)
    deployed.anvil.call("anvil_setCode", payer.address, REFUSES)
    transact(deployed.client, deployed.client.refund(terms), deployed.worker)
    deployed.anvil.call("anvil_setCode", payer.address, "0x")
    return str(payer.address)


def test_a_refused_payment_is_shown_and_comes_out_once(
    deployed: Deployed, home: Home, opened: OperatedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    payer = owe_the_payer(deployed, opened)
    assert run(["credits", "--home", str(home.root), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    owed = {"role": "requester", "account": payer, "token": ZERO_ADDRESS, "amount": str(BUDGET)}
    assert shown == {"credits": [owed], "next": "compute withdraw --as requester"}

    before = deployed.anvil.web3.eth.get_balance(ELSEWHERE)
    assert run(["withdraw", "--to", ELSEWHERE, "--home", str(home.root), "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)["withdrawn"]
    assert (made["amount"], made["to"], made["token"]) == (str(BUDGET), ELSEWHERE, ZERO_ADDRESS)
    assert deployed.anvil.web3.eth.get_balance(ELSEWHERE) - before == BUDGET

    assert run(["withdraw", "--home", str(home.root)]) == 0
    assert "owes the requester nothing" in capsys.readouterr().out
    assert run(["credits", "--home", str(home.root)]) == 0
    assert "owes nobody here anything" in capsys.readouterr().out


def test_people_read_amounts_in_coin_and_the_next_command(
    deployed: Deployed, home: Home, opened: OperatedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    payer = owe_the_payer(deployed, opened)
    assert run(["credits", "--home", str(home.root)]) == 0
    shown = capsys.readouterr().out
    assert payer in shown
    assert "0.005" in shown
    assert "Next: compute withdraw --as requester" in shown
    assert run(["withdraw", "--home", str(home.root)]) == 0
    assert f"ETH withdrawn to {payer}: block" in capsys.readouterr().out


def test_the_credit_stands_where_the_receiver_refuses_again(deployed: Deployed, opened: OperatedHome) -> None:
    owe_the_payer(deployed, opened)
    deployed.anvil.call("anvil_setCode", ELSEWHERE, REFUSES)
    with pytest.raises(CallReverted, match="JobEscrow_Withdrawal"):
        list(withdrawals.withdraw(PayerDesk(opened), (ZERO_ADDRESS,), ELSEWHERE))
    deployed.anvil.call("anvil_setCode", ELSEWHERE, "0x")
    assert [credit.amount for credit in withdrawals.owed(opened, (ZERO_ADDRESS,))] == [BUDGET]


def test_several_credits_leave_in_one_sum_that_the_contract_says(deployed: Deployed, opened: OperatedHome) -> None:
    owe_the_payer(deployed, opened)
    owe_the_payer(deployed, opened)
    (made,) = withdrawals.withdraw(PayerDesk(opened), withdrawals.tokens_of(opened))
    assert made.amount == 2 * BUDGET


def test_what_left_in_one_token_is_told_though_another_fails(
    deployed: Deployed,
    home: Home,
    opened: OperatedHome,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    owe_the_payer(deployed, opened)
    real = EscrowClient.credit

    def claimed(client: EscrowClient, account: str, token: str = ZERO_ADDRESS) -> int:
        return real(client, account, token) if token == ZERO_ADDRESS else 1  # the contract knows better, and reverts

    monkeypatch.setattr(EscrowClient, "credit", claimed)
    assert run(["withdraw", "--to", ELSEWHERE, "--home", str(home.root), "--json"]) == 3
    said = capsys.readouterr()
    assert "JobEscrow_NoCredit" in said.out
    assert f"0.005 ETH withdrawn to {ELSEWHERE}" in said.err


def test_money_is_not_sent_where_nobody_could_move_it(
    deployed: Deployed, home: Home, opened: OperatedHome, capsys: pytest.CaptureFixture[str]
) -> None:
    owe_the_payer(deployed, opened)
    lost = (ZERO_ADDRESS, deployed.deployment.escrow, deployed.deployment.token, ELSEWHERE.lower(), "0x12")
    for to in lost:
        assert run(["withdraw", "--to", to, "--home", str(home.root), "--json"]) == 2, to
        (error,) = json.loads(capsys.readouterr().out)["errors"]
        assert error["path"] == "--to"
        assert to in error["reason"]
    assert run(["credits", "--token", "0x12", "--home", str(home.root), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["path"] == "--token"
    assert [credit.amount for credit in withdrawals.owed(opened, (ZERO_ADDRESS,))] == [BUDGET]


def test_a_nonce_that_another_transaction_took_is_signed_anew(
    deployed: Deployed, opened: OperatedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_the_payer(deployed, opened)
    payer = desk_of(opened, "requester").account
    real = withdrawals.sender.broadcast
    broadcasts: list[int] = []

    def overtaken(client: object, signed: object, **how: bool) -> str:
        broadcasts.append(1)
        if len(broadcasts) == 1:
            other = deployed.client.allow(deployed.deployment.token, 1)
            real(deployed.client, prepare(deployed.client, other, payer))
        return real(client, signed, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(withdrawals.sender, "broadcast", overtaken)
    (made,) = withdrawals.withdraw(PayerDesk(opened), (ZERO_ADDRESS,), ELSEWHERE)
    assert made.amount == BUDGET
    assert len(broadcasts) == 2


def test_without_a_stack_both_name_compute_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("credits", "withdraw"):
        assert run([verb, "--home", str(tmp_path / "none"), "--json"]) == 5
        assert "compute up" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_a_chain_that_is_down_is_said(opened: OperatedHome) -> None:
    assert opened.stack is not None
    nowhere = replace(opened, stack=replace(opened.stack, rpc_url=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(ChainDown, match="compute up"):
        withdrawals.owed(nowhere, (ZERO_ADDRESS,))


def test_the_command_offers_the_roles_that_there_are() -> None:
    assert funding.ROLES == withdrawals.ROLES

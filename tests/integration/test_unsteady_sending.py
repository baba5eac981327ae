"""A real chain behind a node at its worst: what was written down takes effect once, or is given up by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_typing import HexStr
from live_chain import Deployed, role
from unsteady_node import UnsteadyNode, said, unsteady

from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import NodeBehind, NonceTaken, PricedOut, TransactionRefused
from oracle.chain.transactions import keystore, sender
from oracle.chain.transactions.sender import SignedTransaction, broadcast, follow, hand_over, prepare, transact, wait
from oracle.validator.docket import Delivery, Docket, Posting
from oracle.validator.poster import Poster, Progress
from oracle.validator.state import ValidatorState
from router.console.deploying.node import opened

NAMES = count()
SINK = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
SPIKE = 10**12


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "POLL_S", 0.02)
    monkeypatch.setattr(sender, "LOOK_AGAIN_S", 0.3)


@pytest.fixture
def node(shared_deployed: Deployed) -> Iterator[UnsteadyNode]:
    anvil = shared_deployed.anvil
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    anvil.mine()
    with unsteady(anvil.url) as proxy:
        yield proxy
    anvil.call("evm_setAutomine", True)


@pytest.fixture
def client(shared_deployed: Deployed, node: UnsteadyNode) -> EscrowClient:
    return EscrowClient(node.url, shared_deployed.deployment, timeout_s=5)


@pytest.fixture
def account(shared_deployed: Deployed) -> LocalAccount:
    """An account of this test alone."""
    made = role(f"sender {next(NAMES)}")
    shared_deployed.anvil.give_gas_money(made.address)
    return made


@pytest.fixture
def spike(shared_deployed: Deployed) -> Callable[[], None]:
    """Raise the base fee above what anything signed before offers."""

    def raise_it() -> None:
        shared_deployed.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(SPIKE))
        shared_deployed.anvil.mine()

    return raise_it


def pay(value: int = 1) -> Call:
    return Call(SINK, "0x", value)


class Book:
    """What was written down, and a chain that mines when something better arrives."""

    def __init__(self) -> None:
        self.written: list[SignedTransaction] = []

    def __call__(self, signed: SignedTransaction) -> None:
        self.written.append(signed)


# ---------------------------------------------------------------------- a fee spike


def test_what_a_fee_spike_priced_out_before_it_was_sent_is_replaced_under_its_nonce(client, account, spike) -> None:
    signed, book, before = prepare(client, pay(), account), Book(), client.balance(SINK)
    spike()
    with pytest.raises(PricedOut):
        broadcast(client, signed)
    sent = hand_over(client, [signed], account, book)
    receipt = follow(client, sent, account, book, 10)
    (better,) = book.written
    assert (better.nonce, better.hash, receipt.status) == (signed.nonce, receipt.hash, 1)
    assert better.fees.most > SPIKE
    assert client.balance(SINK) == before + 1
    assert client.node.count(account.address) == 1


def test_a_base_fee_that_is_only_to_come_counts(client, account, shared_deployed) -> None:
    signed, book = prepare(client, pay(), account), Book()
    shared_deployed.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(SPIKE))
    receipt = follow(client, hand_over(client, [signed], account, book), account, book, 10)
    assert [each.hash for each in book.written] == [receipt.hash]
    shared_deployed.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(4 * SPIKE))
    assert prepare(client, pay(), account).fees.most > 8 * SPIKE


def test_a_node_that_tells_no_fee_history_is_asked_for_its_head(client, node, account, spike) -> None:
    for answer in (said("the method does not exist", -32601), {"result": None}, {"result": {}}):
        node.when("eth_feeHistory", answer)
        signed, book = prepare(client, pay(), account), Book()
        spike()
        follow(client, hand_over(client, [signed], account, book), account, book, 10)
        assert len(book.written) == 1
        node.ask({"jsonrpc": "2.0", "id": 1, "method": "anvil_setNextBlockBaseFeePerGas", "params": [hex(10**9)]})
        node.ask({"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []})


def test_what_a_fee_spike_priced_out_while_it_waited_is_replaced_and_one_of_them_is_mined(
    client, node, account, spike, shared_deployed
) -> None:
    anvil, book, before = shared_deployed.anvil, Book(), client.balance(SINK)
    anvil.call("evm_setAutomine", False)
    sent = hand_over(client, [prepare(client, pay(), account)], account, book)
    spike()
    assert client.node.receipt(sent[0].hash) is None

    def mined_at_last(request: dict[str, Any]) -> Any:
        answer = node.ask(request)
        anvil.mine()
        return answer

    node.when("eth_sendRawTransaction", mined_at_last)
    receipt = follow(client, sent, account, book, 10)
    assert receipt.hash == book.written[-1].hash
    assert {each.nonce for each in book.written} == {sent[0].nonce}
    anvil.mine(2)
    assert client.balance(SINK) == before + 1
    assert client.node.count(account.address) == 1


def test_where_the_first_was_mined_after_all_its_receipt_is_the_answer(client, node, account, shared_deployed) -> None:
    book = Book()
    sent = hand_over(client, [prepare(client, pay(), account)], account, book)
    better = sender.replace(client, sent[0], account)
    assert follow(client, [*sent, better], account, book, 10).hash == sent[0].hash
    assert client.node.count(account.address) == 1


def test_a_transaction_that_is_never_dear_enough_is_given_up_after_a_few(client, node, account) -> None:
    book = Book()
    node.when("eth_sendRawTransaction", said("transaction underpriced: gas tip cap 1, minimum needed 25"))
    with pytest.raises(PricedOut, match="minimum needed 25"):
        transact(client, pay(), account)
    assert node.count("eth_sendRawTransaction") == sender.REPLACEMENTS + 1
    assert book.written == []


def test_a_replacement_that_offers_too_little_more_is_raised_again(client, node, account) -> None:
    book, first = Book(), prepare(client, pay(), account)
    second = sender.replace(client, first, account)
    node.when("eth_sendRawTransaction", said("replacement transaction underpriced"), times=1)
    sent = hand_over(client, [first, second], account, book)
    assert len(sent) == 3
    assert sent[2].fees.most >= 1.25 * sent[1].fees.most
    assert follow(client, sent, account, book, 10).hash == sent[2].hash


def test_a_validator_replaces_a_proposal_that_a_fee_spike_priced_out(
    client, account, spike, shared_deployed, tmp_path: Path
) -> None:
    where = shared_deployed.deployment
    delivery = Delivery("0x" + "11" * 32, 0, "0x" + "22" * 32, SINK, 1, 0, 0)
    with ValidatorState(tmp_path, validator=account.address, chain_id=where.chain_id, escrow=where.escrow) as state:
        docket = Docket(state)
        poster = Poster(client, account, docket)
        signed = prepare(client, pay(), account)
        posting = Posting(signed.raw, sent_at=100.0)
        docket.write_posting(delivery, posting)
        spike()
        assert poster.follow(delivery, posting, now=101.0) is Progress.SENT
        better = docket.posting(delivery)
        assert better is not None
        assert SignedTransaction.of_raw(better.raw).nonce == signed.nonce
        assert poster.follow(delivery, better, now=102.0) is Progress.MINED
    assert client.node.count(account.address) == 1


# ---------------------------------------------------------------------- a lost nonce


LOST = [
    "nonce too low",
    "OldNonce, Current nonce: 5, nonce of rejected tx: 3",
    "wrong transaction nonce",
    "invalid nonce; got 3, expected 5: invalid sequence",
    "Transaction nonce is too low. Try incrementing the nonce.",
    "internal error",
]


@pytest.mark.parametrize("words", LOST)
def test_a_nonce_that_another_transaction_used_is_lost_in_any_words(client, node, account, words) -> None:
    first, second = prepare(client, pay(), account), prepare(client, pay(2), account)
    wait(client, broadcast(client, first), 5)
    node.when("eth_sendRawTransaction", said(words))
    with pytest.raises(NonceTaken):
        broadcast(client, second)
    assert broadcast(client, first) == first.hash, "its own nonce, used by itself, is success"


@pytest.mark.parametrize("words", LOST)
def test_a_nonce_that_nobody_used_is_not_lost_whatever_the_words(client, node, account, words) -> None:
    signed = prepare(client, pay(), account)
    node.when("eth_sendRawTransaction", said(words), times=1)
    with pytest.raises(TransactionRefused) as refused:
        broadcast(client, signed)
    assert not isinstance(refused.value, NonceTaken)
    assert wait(client, broadcast(client, signed), 5).status == 1


def test_a_nonce_that_is_lost_while_a_transaction_waits_is_noticed(client, account, shared_deployed) -> None:
    shared_deployed.anvil.call("evm_setAutomine", False)
    stuck = prepare(client, pay(), account)
    other = sender.replace(client, stuck, account)
    broadcast(client, other)
    shared_deployed.anvil.mine()
    with pytest.raises(NonceTaken):
        wait(client, stuck, 5)


# ---------------------------------------------------------------------- known already


@pytest.mark.parametrize(
    "words",
    [
        "already known",
        "known transaction: 0xabcdef",
        "ALREADY_EXISTS: already known",
        "AlreadyKnown",
        "Transaction with the same hash was already imported.",
        "tx already in mempool",
        "replacement transaction underpriced",
    ],
)
def test_what_the_node_has_already_is_waited_for_even_while_it_cannot_be_looked_up(
    client, node, account, words
) -> None:
    def accepted(request: dict[str, Any]) -> Any:
        node.ask(request)
        return said(words)

    signed, before = prepare(client, pay(), account), client.balance(SINK)
    node.when("eth_sendRawTransaction", accepted)
    for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt"):
        node.when(method, {"result": None}, times=3)
    node.when("eth_getTransactionCount", {"result": "0x0"}, times=2)
    assert broadcast(client, signed) == signed.hash
    assert wait(client, signed, 5).status == 1
    assert client.balance(SINK) == before + 1
    assert client.node.count(account.address) == 1


def test_words_like_known_are_not_taken_for_it(client, node, account) -> None:
    node.when("eth_sendRawTransaction", said("unknown transaction type"))
    with pytest.raises(TransactionRefused, match="unknown transaction type"):
        broadcast(client, prepare(client, pay(), account))


INDEXING = said("transaction indexing is in progress")


def test_a_node_that_still_indexes_is_waited_for(client, node, account) -> None:
    node.when("eth_getTransactionReceipt", INDEXING, times=3)
    assert transact(client, pay(), account).status == 1


def test_while_a_node_indexes_a_transaction_is_not_given_up(client, node, account) -> None:
    signed = prepare(client, pay(), account)
    wait(client, broadcast(client, signed), 5)
    for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt"):
        node.when(method, INDEXING)
    with pytest.raises(NodeBehind):
        broadcast(client, signed)


def test_a_receipt_that_comes_later_than_the_count_is_not_a_lost_nonce(client, node, account) -> None:
    signed = prepare(client, pay(), account)
    broadcast(client, signed)
    node.when("eth_getTransactionReceipt", {"result": None}, times=4)
    assert wait(client, signed, 5).hash == signed.hash


def test_a_head_that_goes_back_and_forth_costs_time_and_nothing_else(client, node, account) -> None:
    turn = count()

    def swaying(request: dict[str, Any]) -> Any:
        if request["params"][0] != "latest" or next(turn) % 2:
            return None
        newest = int(node.ask(request)["result"]["number"], 16)
        return node.ask({**request, "params": [hex(newest - 3), False]})

    node.when("eth_getBlockByNumber", swaying)
    for expected in (1, 2):
        stale = node.ask({"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionCount",
                          "params": [account.address, "latest"]})  # fmt: skip
        assert transact(client, pay(), account).status == 1
        assert client.node.count(account.address) == expected
        assert int(stale["result"], 16) == expected - 1


# ---------------------------------------------------------------------- chains without a base fee


def without_base_fee(node: UnsteadyNode) -> None:
    def old(request: dict[str, Any]) -> Any:
        block = node.ask(request)["result"]
        return {"result": {name: value for name, value in block.items() if name != "baseFeePerGas"}}

    node.when("eth_getBlockByNumber", old)
    node.when("eth_maxPriorityFeePerGas", said("the method does not exist", -32601))


def test_on_a_chain_without_a_base_fee_a_transaction_names_one_price(client, node, account, shared_deployed) -> None:
    without_base_fee(node)
    shared_deployed.anvil.call("evm_setAutomine", False)
    signed = prepare(client, pay(), account)
    assert signed.fees.tip is None
    assert SignedTransaction.of_raw(signed.raw) == signed
    broadcast(client, signed)
    better = sender.replace(client, signed, account)
    assert (better.nonce, better.fees.tip) == (signed.nonce, None)
    assert better.fees.most >= 1.25 * signed.fees.most
    broadcast(client, better, replaces=True)
    shared_deployed.anvil.mine()
    receipt = wait(client, better, 5)
    assert receipt.status == 1
    found = shared_deployed.anvil.web3.eth.get_transaction(receipt.hash)
    assert (found["type"], found["chainId"]) == (0, shared_deployed.deployment.chain_id)


def test_a_node_without_a_pending_state_is_asked_for_the_count(client, node, account) -> None:
    def refused(request: dict[str, Any]) -> Any:
        return said("pending block is not supported") if request["params"][1] == "pending" else None

    node.when("eth_getTransactionCount", refused)
    assert [transact(client, pay(), account).status for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("chain", ["proof of authority", "no base fee"])
def test_a_deployment_pays_on_such_chains_too(node, shared_deployed, tmp_path: Path, chain: str) -> None:
    files = tmp_path / "key.json", tmp_path / "password"
    address = keystore.create(*files)
    shared_deployed.anvil.give_gas_money(address)
    if chain == "no base fee":
        without_base_fee(node)
    else:
        node.when(
            "eth_getBlockByNumber",
            lambda asked: {"result": node.ask(asked)["result"] | {"extraData": "0x" + "c1" * 97}},
        )
    sent = opened(node.url, *files).send(SINK, b"", 1)
    found = shared_deployed.anvil.web3.eth.get_transaction(HexStr(sent))
    assert (found["from"], found["blockNumber"] is not None) == (address, True)
    assert (found["type"] == 0) is (chain == "no base fee")


def test_a_node_that_suggests_no_tip_is_asked_for_its_gas_price(client, node, account) -> None:
    for answer in (said("the method does not exist", -32601), {"result": None}):
        node.when("eth_maxPriorityFeePerGas", answer)
        assert transact(client, pay(), account).status == 1
    assert node.count("eth_gasPrice") == 2

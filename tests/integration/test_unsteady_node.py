"""A real chain behind a node that answers as nodes do at their worst: what is read is right, or refused by name."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from live_chain import Deployed
from unsteady_node import Http, UnsteadyNode, said, unsteady

from oracle.chain.client import EscrowClient
from oracle.chain.errors import ChainDown, HistoryPruned, NodeBehind, NodeError, TooSlow, WrongNetwork
from oracle.chain.events import EscrowStatus, Status
from oracle.terms import job_id_of

RESULT = "0x" + "ab" * 32


@pytest.fixture(scope="module")
def jobs(shared_deployed: Deployed) -> tuple[str, ...]:
    """Four jobs of the shared chain: funded, each a dozen blocks after the one before."""
    made = []
    for salt in range(4):
        terms = shared_deployed.terms(salt=salt)
        shared_deployed.fund(terms)
        made.append(job_id_of(terms, shared_deployed.deployment.chain_id, shared_deployed.deployment.escrow))
        shared_deployed.anvil.mine(11)
    return tuple(made)


@pytest.fixture
def node(shared_deployed: Deployed, jobs: tuple[str, ...]) -> Iterator[UnsteadyNode]:
    del jobs
    with unsteady(shared_deployed.anvil.url) as proxy:
        yield proxy


@pytest.fixture
def client(shared_deployed: Deployed, node: UnsteadyNode) -> EscrowClient:
    return EscrowClient(node.url, shared_deployed.deployment, timeout_s=5)


def every_event(client: EscrowClient) -> list[str]:
    return [event.job_id for event in client.events(client.deployment.block, client.head().number)]


# ---------------------------------------------------------------------- logs


def width(request: dict[str, Any]) -> int:
    query = request["params"][0]
    return int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1


def fault(message: str, code: int = -32005) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    "refusal",
    [
        said("eth_getLogs is limited to a 6 block range", -32600),
        Http(400, fault("exceed maximum block range: 6")),
        Http(413, fault("query exceeds max block range 6", -32602)),
        Http(413, b"<html>Request Entity Too Large</html>"),
        Http(504, b"upstream request timeout"),
        Http(400, '{"error":"la réponse est trop grande"}'.encode("latin-1")),
    ],
    ids=["200", "400", "413", "413 page", "504 page", "400 latin-1"],
)
def test_a_limit_on_the_range_of_logs_is_found_by_halving(client, node, jobs, refusal) -> None:
    node.when("eth_getLogs", lambda request: refusal if width(request) > 6 else None)
    assert every_event(client) == list(jobs)
    before = node.count("eth_getLogs")
    assert every_event(client) == list(jobs)
    blocks = client.head().number - client.deployment.block + 1
    assert node.count("eth_getLogs") - before <= blocks / 3 + 2, "the width that was taken is not remembered"


def test_a_node_that_takes_too_long_over_many_blocks_is_asked_for_fewer_the_next_time(
    node, shared_deployed, jobs
) -> None:
    client = EscrowClient(node.url, shared_deployed.deployment, timeout_s=1)
    assert every_event(client) == list(jobs)
    late = threading.Event()
    node.when("eth_getLogs", lambda request: late.wait(2) and None if width(request) > 12 else None)
    tries = 0
    while True:
        try:
            assert every_event(client) == list(jobs)
            break
        except TooSlow:
            tries += 1
    assert 1 <= tries <= 3
    late.set()


def test_a_limit_on_the_number_of_logs_is_found_by_halving(client, node, jobs) -> None:
    def limited(request: dict[str, Any]) -> Any:
        found = node.ask(request)
        return said("query returned more than 1 results", -32005) if len(found["result"]) > 1 else None

    node.when("eth_getLogs", limited)
    assert every_event(client) == list(jobs)


def test_a_single_block_whose_logs_are_refused_is_an_error_in_the_nodes_words(client, node) -> None:
    node.when("eth_getLogs", said("no logs today"))
    with pytest.raises(NodeError, match="no logs today"):
        every_event(client)
    assert node.count("eth_getLogs") < 40


def test_logs_that_were_not_asked_for_or_come_twice_or_were_removed_are_left_out(client, node, jobs) -> None:
    def noisy(request: dict[str, Any]) -> Any:
        logs = node.ask(request)["result"]
        foreign = [log | {"address": "0x" + "11" * 20, "logIndex": "0x63"} for log in logs]
        later = [log | {"blockNumber": hex(10**6)} for log in logs]
        removed = [log | {"removed": True, "logIndex": "0x62"} for log in logs]
        pending = [log | dict.fromkeys(("blockNumber", "blockHash", "logIndex")) for log in logs]
        return {"result": [*foreign, *reversed(logs), *later, *logs, *removed, *pending]}

    node.when("eth_getLogs", noisy)
    assert every_event(client) == list(jobs)
    head = client.head().number
    assert [event.job_id for event in client.events(0, head, jobs[2])] == [jobs[2]]


@pytest.mark.parametrize("late", ["null", "header not found", "invalid block range: block 99 is beyond the head block"])
def test_a_node_that_lacks_the_last_block_does_not_say_that_nothing_happened_in_it(client, node, jobs, late) -> None:
    head = client.head().number

    def behind(request: dict[str, Any]) -> Any:
        if int(request["params"][0], 16) < head:
            return None
        return {"result": None} if late == "null" else said(late)

    node.when("eth_getBlockByNumber", behind)
    node.when("eth_getLogs", {"result": []})
    with pytest.raises(NodeBehind, match="behind the chain"):
        client.events(head, head)
    node.rules.clear()
    assert every_event(client) == list(jobs)


def test_logs_that_come_later_than_their_block_are_waited_for(client, node, jobs) -> None:
    (event,) = (event for event in client.events(0, client.head().number) if event.job_id == jobs[-1])
    block = client.block(event.block)
    assert block is not None
    node.when("eth_getLogs", {"result": []}, times=3)
    with pytest.raises(NodeBehind, match=f"logs of block {event.block} are not indexed yet"):
        client.events(event.block - 2, event.block)
    with pytest.raises(NodeBehind, match="not indexed yet"):
        client.events(event.block, event.block, jobs[-1])
    with pytest.raises(NodeBehind, match="not indexed yet"):
        client.events_of(block)
    assert client.events(event.block - 2, event.block) == client.events_of(block) == (event,)
    assert client.events(event.block, event.block, jobs[0]) == ()


def test_a_block_that_a_reorg_took_away_is_not_an_empty_one(client, node) -> None:
    gone = replace(client.head(), hash="0x" + "77" * 32)
    with pytest.raises(NodeError):
        client.events_of(gone)
    node.when("eth_getLogs", {"result": []})
    with pytest.raises(NodeBehind):
        client.events_of(gone)


# ---------------------------------------------------------------------- history


def forget(node: UnsteadyNode, before: int, how: str) -> None:
    """Let the node forget what happened before a block."""

    def logs(request: dict[str, Any]) -> Any:
        query = request["params"][0]
        if int(query["fromBlock"], 16) >= before:
            return None
        if how == "an error":
            return said("pruned history unavailable", 4444)
        found = node.ask(request)["result"]
        return {"result": [log for log in found if int(log["blockNumber"], 16) >= before]}

    def receipts(request: dict[str, Any]) -> Any:
        found = node.ask(request)["result"]
        return {"result": None} if int(found["blockNumber"], 16) < before else None

    node.when("eth_getLogs", logs)
    if how == "no receipts":
        node.when("eth_getTransactionReceipt", receipts)


def quiet(node: UnsteadyNode) -> None:
    """Let headers not say whether there are logs."""

    def silent(request: dict[str, Any]) -> Any:
        found = node.ask(request)["result"]
        return {"result": found and found | {"logsBloom": "0x" + "ff" * 256}}

    node.when("eth_getBlockByNumber", silent)


@pytest.mark.parametrize("how", ["no receipts", "no logs", "an error"])
def test_a_pruned_node_is_not_believed_that_nothing_happened(client, node, jobs, how) -> None:
    forget(node, client.head().number - 6, how)
    for ask in (
        lambda: every_event(client),
        lambda: client.events(client.deployment.block, client.head().number, jobs[0]),
        lambda: client.events(client.deployment.block + 2, client.head().number),
    ):
        with pytest.raises(HistoryPruned, match="keeps the logs since the escrow was deployed"):
            ask()


def test_a_job_that_stands_in_the_escrow_was_funded_whatever_the_logs_say(client, node, jobs) -> None:
    forget(node, client.head().number - 6, "no logs")
    quiet(node)
    with pytest.raises(HistoryPruned, match=f"how job {jobs[0]} was funded"):
        client.events(client.deployment.block, client.head().number, jobs[0])
    assert client.events(client.deployment.block, client.head().number, RESULT) == ()


# ---------------------------------------------------------------------- batches


def statuses(client: EscrowClient, jobs: tuple[str, ...], many: int) -> list[Status]:
    asked = [jobs[0] if index % 2 else "0x" + f"{index:064x}" for index in range(many)]
    found = client.statuses(asked)
    assert all(isinstance(slot, EscrowStatus) for slot in found)
    return [slot.status for slot in found]


def right(many: int) -> list[Status]:
    return [Status.FUNDED if index % 2 else Status.NONE for index in range(many)]


@pytest.mark.parametrize(
    "refusal",
    [
        said("batch too large", -32600),
        Http(400, b"batch requests are not supported"),
        Http(413, fault("batch limit exceeded")),
        Http(500, b"<html>oops</html>"),
        Http(403, b"<html>batches are not on your plan</html>"),
        Http(200, b""),
    ],
    ids=["200", "400", "413", "500", "403", "empty"],
)
@pytest.mark.parametrize("most", [0, 7])
def test_a_bounded_or_refused_batch_becomes_smaller_ones_and_single_requests(client, node, jobs, refusal, most) -> None:
    answer = refusal if isinstance(refusal, Http) else {"jsonrpc": "2.0", "id": None, **refusal}
    node.on_batch = lambda batch: answer if len(batch) > most else None
    assert statuses(client, jobs, 60) == right(60)
    assert max(node.batches) <= 50
    node.posts = 0
    assert statuses(client, jobs, 60) == right(60)
    assert node.posts <= (65 if most == 0 else 25)


def answers(node: UnsteadyNode, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [node.ask(request) for request in batch]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: list(reversed(found)),
        lambda found: found[1:],
        lambda found: [found[0] | said("server busy"), *found[1:]],
        lambda found: [said("batch too large", -32600) | {"jsonrpc": "2.0", "id": found[0]["id"]}],
        lambda found: [*found, found[0] | {"result": found[1]["result"]}],
        lambda found: [found[0] | {"id": 10**9}, *found[1:]],
        lambda found: [{**found[0], "id": str(found[0]["id"])}, *found[1:]],
        lambda found: [None, *found[1:]],
        lambda found: [{"jsonrpc": "2.0", "id": found[0]["id"]}, 7, "x", *found[1:]],
        lambda found: [{**found[0], "error": None}, *found[1:]],
        lambda _found: [],
    ],
    ids=["reversed", "one missing", "one refused", "Geth's limit", "one twice", "a stranger", "text ids", "a null",
         "no result", "a null error", "empty"],
)  # fmt: skip
def test_a_spoilt_batch_loses_nobodys_answer(client, node, jobs, spoil) -> None:
    node.on_batch = lambda batch: spoil(answers(node, batch))
    assert statuses(client, jobs, 9) == right(9)


def test_the_trouble_of_one_job_is_not_the_others(client, node, jobs) -> None:
    def bad(request: dict[str, Any]) -> Any:
        return said("missing value") if jobs[1][2:] in request["params"][0]["data"] else None

    node.when("eth_call", bad)
    first, second, third = client.statuses(jobs[:3])
    assert isinstance(second, NodeError)
    assert [slot.status for slot in (first, third) if isinstance(slot, EscrowStatus)] == [Status.FUNDED] * 2
    with pytest.raises(NodeError, match="missing value"):
        client.status(jobs[1])


# ---------------------------------------------------------------------- what cannot be understood


@pytest.mark.parametrize("answer", [{"result": None}, {"result": "0xzz"}, {"result": {}}, {"result": True}])
@pytest.mark.parametrize(
    ("method", "ask"),
    [
        ("eth_chainId", lambda client, _jobs: client.check_network()),
        ("eth_getCode", lambda client, _jobs: client.check_network()),
        ("eth_getLogs", lambda client, _jobs: client.events(0, 9)),
        ("eth_call", lambda client, jobs: client.status(jobs[0])),
        ("eth_call", lambda client, _jobs: client.credit(client.deployment.escrow)),
        ("eth_getBalance", lambda client, _jobs: client.balance(client.deployment.escrow)),
        ("eth_getBlockByNumber", lambda client, _jobs: client.head()),
    ],
)
def test_null_and_nonsense_in_the_place_of_a_value_are_a_node_that_does_not_answer(
    client, node, jobs, method, ask, answer
):
    node.when(method, answer)
    with pytest.raises((ChainDown, NodeError)) as raised:
        ask(client, jobs)
    assert "\n" not in str(raised.value)


def test_a_slot_that_cannot_be_read_is_its_own_jobs_trouble(client, node, jobs) -> None:
    def spoilt(request: dict[str, Any]) -> Any:
        data = request["params"][0]["data"]
        if jobs[0][2:] in data:
            return {"result": "0x" + "ff" * 160}
        return {"result": "0x"} if jobs[1][2:] in data else None

    node.when("eth_call", spoilt)
    first, second, third = client.statuses(jobs[:3])
    assert isinstance(first, NodeError)
    assert isinstance(second, NodeBehind), "its contract is there, so the network is right"
    assert isinstance(third, EscrowStatus)


def test_a_block_that_is_null_is_none_yet(client, node) -> None:
    node.when("eth_getBlockByNumber", {"result": None}, times=1)
    assert client.block(5) is None
    assert client.block(5) is not None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\xff\xfe\x00", "not JSON-RPC"),
        (b"\x80abc", "not JSON-RPC"),
        (b"<!DOCTYPE html><title>Just a moment...</title>", "not JSON-RPC"),
        (b"", "not JSON-RPC"),
        (b"[" * 100_000, "not JSON-RPC"),
        (b"null", "not JSON-RPC"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"na\xefve \xff"}}', "na\ufffdve"),
        (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"marked"}}', "marked"),
        (b'{"jsonrpc":"2.0","id":1,"error":"in plain text"}', "in plain text"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":"-32000"}}', "-32000"),
    ],
)
def test_a_body_of_any_bytes_is_one_error_of_ours(client, node, jobs, body, told) -> None:
    for method in ("eth_getBlockByNumber", "eth_call"):
        node.when(method, Http(200, body))
    for ask in (client.head, lambda: client.status(jobs[0])):
        with pytest.raises((ChainDown, NodeError), match=told) as raised:
            ask()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Http(429, b"", {"Retry-After": "7"}), 7),
        (Http(429, fault("slow down"), {"Retry-After": "2.5"}), 2.5),
        (Http(429, b"", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), 0),
        (Http(429, b"", {"Retry-After": "soon"}), None),
        (Http(503, b"", {"Retry-After": "3"}), 3),
        (said("Your app has exceeded its compute units per second capacity", 429), None),
        (said("daily request count exceeded, request rate limited", -32005, {"rate": {"backoff_seconds": 30}}), 30),
    ],
)
def test_a_node_that_asks_to_be_left_alone_says_for_how_long(client, node, answer, seconds) -> None:
    node.when("eth_getBlockByNumber", answer)
    node.when("eth_getLogs", answer)
    for ask in (client.head, lambda: client.events(0, 9)):
        posts = node.posts
        with pytest.raises(ChainDown) as raised:
            ask()
        assert raised.value.retry_after_s == seconds
        assert node.posts - posts <= 3, "a node that is asked too often is asked more"


# ---------------------------------------------------------------------- other chains


def test_blocks_of_a_proof_of_authority_chain_are_read_whatever_their_extra_data(client, node) -> None:
    def sealed(request: dict[str, Any]) -> Any:
        return {"result": node.ask(request)["result"] | {"extraData": "0x" + "c1" * 97, "difficulty": "0x2"}}

    plain = client.head()
    node.when("eth_getBlockByNumber", sealed)
    assert client.head() == client.block(plain.number) == plain


def test_the_chain_id_is_asked_once_and_again_after_the_node_was_down(client, node, jobs) -> None:
    for _ in range(3):
        client.check_network()
        client.status(jobs[0])
        client.credit(client.deployment.escrow)
    assert node.count("eth_chainId") == 1
    node.when("eth_getBlockByNumber", Http(502, b"bad gateway"), times=1)
    with pytest.raises(ChainDown, match="HTTP status 502"):
        client.head()
    node.when("eth_chainId", {"result": "0x1"})
    with pytest.raises(WrongNetwork, match="it is chain 1"):
        client.check_network()


def test_the_unsteady_node_is_the_real_one_where_nothing_is_said(client, node, shared_deployed, jobs) -> None:
    steady = shared_deployed.client
    assert client.events(0, client.head().number) == steady.events(0, steady.head().number)
    assert client.statuses(jobs) == steady.statuses(jobs)
    assert requests.post(node.url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}, timeout=5).ok

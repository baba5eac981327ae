"""How a node's words become our errors; a local HTTP server plays the node."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from oracle.chain import errors
from oracle.chain.calls import abi_of
from oracle.chain.client import EscrowClient
from oracle.chain.deployment import Deployment
from oracle.chain.errors import (
    CallReverted,
    ChainDown,
    HistoryPruned,
    InsufficientFunds,
    NodeBehind,
    NodeError,
    WrongNetwork,
)
from oracle.chain.node import Node, decode_revert

ESCROW_ABI = abi_of("JobEscrow")
ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def revert(signature, *values):
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


def test_a_custom_error_of_the_escrow_is_decoded_by_name():
    data = revert("JobEscrow_NotPayer(address,address)", ADDRESS, ADDRESS)
    assert decode_revert(data, ESCROW_ABI) == ("JobEscrow_NotPayer", {"caller": ADDRESS, "payer": ADDRESS})
    data = revert("JobEscrow_Status(bytes32,uint8)", b"\x01" * 32, 6)
    assert decode_revert(data, ESCROW_ABI) == ("JobEscrow_Status", {"job": "0x" + "01" * 32, "status": 6})


def test_solidity_s_own_errors_are_decoded():
    assert decode_revert(revert("Error(string)", "no"), ()) == ("Error", {"reason": "no"})
    assert decode_revert(revert("Panic(uint256)", 0x11), ()) == ("Panic", {"code": 17})


def test_what_the_abi_does_not_know_is_shown_as_bytes():
    assert decode_revert(b"", ESCROW_ABI) == ("", {})
    assert decode_revert(bytes.fromhex("12345678"), ESCROW_ABI) == ("0x12345678", {})
    assert decode_revert(bytes.fromhex("1234567800"), ESCROW_ABI) == ("0x12345678", {"data": "0x00"})


def test_a_truncated_error_is_not_guessed_at():
    data = revert("JobEscrow_NotPayer(address,address)", ADDRESS, ADDRESS)[:-1]
    name, arguments = decode_revert(data, ESCROW_ABI)
    assert name == "0x" + data[:4].hex()
    assert arguments == {"data": "0x" + data[4:].hex()}


class Fake:
    """An HTTP server that gives one canned answer."""

    def __init__(self, status=200, body=b"", silent_s=0.0):
        released = self.released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                if silent_s:
                    released.wait(silent_s)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://user:secret@127.0.0.1:{self.server.server_port}/v3/api-key?k=1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def ask(node, timeout_s=5.0):
    return Node(node.url, timeout_s, ESCROW_ABI).call(ADDRESS, "0x", "read the head")


def rpc_error(message, code=-32000, **more):
    return json.dumps({"jsonrpc": "2.0", "id": 0, "error": {"code": code, "message": message, **more}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (200, rpc_error("query returned more than 10000 results"), NodeError, "more than 10000"),
        (200, rpc_error("insufficient funds for gas * price + value"), InsufficientFunds, "native coin"),
        (200, rpc_error("execution reverted", 3, data="0x12345678"), CallReverted, "0x12345678"),
        (200, b"<html>hello</html>", ChainDown, "not JSON-RPC"),
        (200, b'"text"', ChainDown, "not JSON-RPC"),
        (200, b"{}", ChainDown, "not JSON-RPC"),
        (200, b'{"jsonrpc": "2.0", "id": 0, "error": "text"}', NodeError, "text"),
        (200, rpc_error("VM execution error.", -32015, data="Reverted 0x12345678"), CallReverted, "0x12345678"),
        (
            200,
            rpc_error("VM Exception: revert", data={"message": "x", "data": "0x12345678"}),
            CallReverted,
            "0x12345678",
        ),
        (200, rpc_error("execution reverted: no"), CallReverted, "no"),
        (200, rpc_error("execution reverted"), CallReverted, "without a reason"),
        (200, rpc_error("out of gas", data=None), NodeError, "out of gas"),
        (200, rpc_error("missing trie node 12ab (path ) state 0x12 is not available"), HistoryPruned, "trie node"),
        (200, rpc_error("header not found"), NodeBehind, "behind the chain"),
        (200, rpc_error("transaction indexing is in progress"), NodeBehind, "behind the chain"),
        (400, rpc_error("invalid params", -32602), NodeError, "invalid params"),
        (503, b"", ChainDown, "HTTP status 503"),
        (429, b"", ChainDown, "429"),
        (401, b"", ChainDown, "HTTP status 401"),
    ],
)
def test_each_bad_answer_has_its_error(status, body, kind, told):
    with Fake(status, body) as node, pytest.raises(kind, match=told) as raised:
        ask(node)
    assert "\n" not in str(raised.value)


def test_a_silent_node_is_given_up_after_the_timeout():
    with Fake(silent_s=10) as node, pytest.raises(ChainDown, match="no answer in time"):
        ask(node, timeout_s=0.2)


def test_no_error_shows_the_keys_in_a_url():
    with Fake(503) as node, pytest.raises(ChainDown) as raised:
        ask(node)
    assert "secret" not in str(raised.value)
    assert "api-key" not in str(raised.value)
    assert "k=1" not in str(raised.value)
    assert errors.shown_url("https://u:p@host/key") == "https://host"


def test_an_address_where_no_contract_answers_is_another_network() -> None:
    """A node whose chain was made anew answers every call with nothing."""
    deployment = Deployment(1, ADDRESS, ADDRESS, "T", 6, 1)
    with Fake(200, b'{"jsonrpc": "2.0", "id": 1, "result": "0x"}') as node:
        client = EscrowClient(node.url, deployment)
        with pytest.raises(WrongNetwork, match=r"no contract of the deployment.*`compute doctor`"):
            client.status("0x" + "00" * 32)


def test_a_reason_that_is_no_text_is_shown_as_bytes() -> None:
    data = keccak(text="Error(string)")[:4] + encode(["bytes"], [b"\xff\xfe"])
    assert decode_revert(data, ())[0] == "0x08c379a0"

"""A node that misbehaves as the test says: a JSON-RPC proxy in front of a real one.

`rules` are asked about each single request, also those inside a batch, the newest rule first; what none of them answers
the real node does. `on_batch` is asked about a whole batch first. Every request that arrived is in `seen`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

Request = dict[str, Any]
"""A JSON-RPC request."""


@dataclass(frozen=True)
class Http:
    """An HTTP answer, byte for byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def said(message: str, code: int = -32000, data: object = None) -> dict[str, Any]:
    """A refusal, to be given as the answer to a request."""
    return {"error": {"code": code, "message": message} | ({} if data is None else {"data": data})}


Rule = Callable[[Request], Any]
"""The answer to a request: Http, or a JSON-RPC answer without its id; None to let others answer."""


class UnsteadyNode:
    """The proxy; `unsteady` starts and ends it."""

    url = ""
    """Where it answers."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.rules: list[Rule] = []
        self.on_batch: Callable[[list[Request]], Any] | None = None
        self.seen: list[str] = []
        """Methods, in the order in which they arrived."""
        self.batches: list[int] = []
        """How many requests each batch held."""
        self.posts = 0
        """HTTP requests."""
        self._session = requests.Session()

    def when(self, method: str, answer: Any, times: int | None = None) -> None:
        """Give `answer`, or what it returns if it is a function of the request, to the next `times` of `method`."""
        left = [times]

        def rule(request: Request) -> Any:
            if request["method"] != method or left[0] == 0:
                return None
            found = answer(request) if callable(answer) else answer
            if found is not None and left[0] is not None:
                left[0] -= 1
            return found

        self.rules.insert(0, rule)

    def count(self, method: str) -> int:
        """How many requests of `method` arrived."""
        return self.seen.count(method)

    def ask(self, request: Request) -> dict[str, Any]:
        """What the real node answers."""
        answer: dict[str, Any] = self._session.post(self.upstream, json=request, timeout=20).json()
        return answer

    def answer(self, payload: Any) -> Http:
        """What this one answers."""
        self.posts += 1
        if not isinstance(payload, list):
            return self._one(payload)
        self.batches.append(len(payload))
        if self.on_batch is not None and (found := self.on_batch(payload)) is not None:
            return found if isinstance(found, Http) else _json(found)
        items = [self._one(request) for request in payload]
        return next((item for item in items if item.status != 200), None) or _json([json.loads(i.body) for i in items])

    def _one(self, request: Request) -> Http:
        self.seen.append(request["method"])
        for rule in list(self.rules):
            found = rule(request)
            if isinstance(found, Http):
                return found
            if found is not None:
                return _json({"jsonrpc": "2.0", "id": request["id"], **found})
        return _json(self.ask(request))


def _json(value: object) -> Http:
    return Http(200, json.dumps(value).encode())


@contextmanager
def unsteady(upstream: str) -> Iterator[UnsteadyNode]:
    """An UnsteadyNode before the node at `upstream`; its `url` is on loopback."""
    node = UnsteadyNode(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for headers and body: two would wait for each other's acknowledgement

        def do_POST(self) -> None:
            answer = node.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield node
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        node._session.close()

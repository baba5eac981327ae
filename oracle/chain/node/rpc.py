"""JSON-RPC over HTTP to one node. What a node says is a result, a fault in its own words, or no answer at all.

Nodes and the proxies before them differ: a fault comes under any HTTP status, a batch is bounded or refused, a body is
HTML or no text. All of that ends here, in `RpcResult`, `RpcError` or ChainDown. Nothing is asked a second time by
itself, but for what a batch left unanswered: whether to wait is the caller's decision (a command tells its user, a
service backs off).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

import requests
from pydantic_core import from_json

from oracle.chain.errors import ChainDown, TooSlow

DEFAULT_TIMEOUT_S = 10.0
BATCH = 50
"""Requests in one HTTP request at first; fewer once a node has refused as many."""
_RATE = re.compile(
    r"too many requests|rate.?limit|request limit|compute units|daily request count|throttl|capacity exceeded"
    r"|exceeded .*(capacity|quota)",
    re.IGNORECASE,
)


Asked = tuple[str, Sequence[object]]
"""Method and parameters."""


@dataclass(frozen=True)
class RpcResult:
    """What the node answered: JSON, null included."""

    value: object


@dataclass(frozen=True)
class RpcError:
    """The node's refusal of one request."""

    code: int
    message: str
    data: object = None


Answer = RpcResult | RpcError


class JsonRpc:
    """One node at `url`. `timeout_s` bounds each request's connect and read. Threads may share it."""

    def __init__(self, url: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._ids = count(1)
        self._sessions = threading.local()
        self._batch = BATCH
        self.outages = 0
        """How often the node did not answer so far: what answers the next time may be another one."""

    def ask(self, method: str, parameters: Sequence[object] = ()) -> Answer:
        """The answer to one request. Raises ChainDown."""
        response = self._post(self._request((method, parameters)))
        body = _json(response)
        if isinstance(body, dict) and (answer := self._answer(body, response)) is not None:
            return answer
        raise self._down(response)

    def ask_all(self, asked: Sequence[Asked]) -> list[Answer]:
        """The answers to several requests, in their order; each may be a fault of its own.

        They go in batches as long as the node takes, and one by one where it takes none: what a batch leaves
        unanswered, or refuses, is asked again in a smaller one. Raises ChainDown.
        """
        answers: dict[int, Answer] = {}
        limit, refused = self._batch, False
        waiting = [list(range(len(asked)))]
        while waiting:
            chunk = waiting.pop()
            if len(chunk) > limit:
                waiting += [chunk[:limit], chunk[limit:]]
                continue
            if len(chunk) <= 1:
                answers |= {place: self.ask(*asked[place]) for place in chunk}
                continue
            found = self._ask_batch([asked[place] for place in chunk])
            answers |= {chunk[index]: answer for index, answer in found.items()}
            if not found:
                limit, refused = len(chunk) // 2, True
                waiting.append(chunk)
            else:
                waiting += [[place] for place in chunk if place not in answers]
        if refused and all(isinstance(answer, RpcResult) for answer in answers.values()):
            self._batch = limit  # it was the batch, and nothing in it, that the node did not take
        return [answers[place] for place in range(len(asked))]

    # ------------------------------------------------------------------ inside

    def _ask_batch(self, asked: Sequence[Asked]) -> dict[int, Answer]:
        """The results in a batch's answer, by place; what is missing was refused, or not answered clearly."""
        sent = [self._request(each) for each in asked]
        try:
            response = self._post(sent)
        except _HungUp:
            return {}  # some say no to a batch in this way; a node that is down says the same to a single request
        body = _json(response)
        if not isinstance(body, list):
            if isinstance(body, dict):
                self._answer(body, response)  # which raises where the refusal says: later
            return {}  # whatever it says, a single request's answer says what it means
        places = {str(request["id"]): index for index, request in enumerate(sent)}
        found: dict[int, list[Answer]] = {}
        for item in body:
            index = places.get(str(item.get("id"))) if isinstance(item, dict) else None
            answer = self._answer(item, response) if isinstance(item, dict) else None
            if index is not None and answer is not None:
                found.setdefault(index, []).append(answer)
        # A fault in a batch may be the batch's, and two answers to one request are none: both are asked for alone.
        return {index: one[0] for index, one in found.items() if len(one) == 1 and isinstance(one[0], RpcResult)}

    def _request(self, asked: Asked) -> dict[str, object]:
        method, parameters = asked
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(parameters)}

    def _post(self, payload: Any) -> requests.Response:
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = requests.Session()
        try:
            response = session.post(self.url, json=payload, timeout=self._timeout_s)
        except requests.Timeout as error:
            self.outages += 1
            raise TooSlow(self.url, "no answer in time") from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            self.outages += 1
            raise _HungUp(self.url, "connection refused or lost") from error
        except (requests.RequestException, UnicodeError) as error:
            raise ChainDown(self.url, "it cannot be spoken to over HTTP") from error
        wait, status = response.headers.get("Retry-After"), response.status_code
        if status == 429 or (status == 503 and wait is not None):
            raise self._busy(_seconds(wait), f"HTTP status {status}, too many requests")
        return response

    def _answer(self, body: dict[str, Any], response: requests.Response) -> Answer | None:
        """What a JSON-RPC body says; None for a body that is none. Raises ChainDown where it says: later."""
        error = body.get("error")
        if error is None:
            return RpcResult(body["result"]) if "result" in body and response.status_code < 400 else None
        if isinstance(error, dict):
            code = error.get("code")
            fault = RpcError(code if isinstance(code, int) else 0, str(error.get("message") or code), error.get("data"))
        else:
            fault = RpcError(0, str(error))
        if fault.code == 429 or (_RATE.search(fault.message) and "block range" not in fault.message):
            rate = fault.data.get("rate") if isinstance(fault.data, dict) else None
            said = rate.get("backoff_seconds") if isinstance(rate, dict) else None
            raise self._busy(_seconds(str(said or response.headers.get("Retry-After"))))
        return fault

    def _busy(self, seconds: float | None, said: str = "too many requests") -> ChainDown:
        when = "" if seconds is None else f", ask again in {seconds:g} s"
        return ChainDown(self.url, f"{said}{when}", retry_after_s=seconds)

    def _down(self, response: requests.Response) -> ChainDown:
        status, seconds = response.status_code, _seconds(response.headers.get("Retry-After"))
        if status >= 400:
            self.outages += status >= 500
            return ChainDown(self.url, f"HTTP status {status}", status=status, retry_after_s=seconds)
        return ChainDown(self.url, "its answer is not JSON-RPC")


class _HungUp(ChainDown):
    """The connection was refused, or ended before the answer did."""


def _json(response: requests.Response) -> object:
    """The body as JSON, or None. A byte that is no UTF-8 in a message spoils the message alone.

    Not by the standard library, whose reader a body of a hundred thousand brackets can crash.
    """
    try:
        found: object = from_json(response.content.decode("utf-8-sig", errors="replace"))
    except ValueError:
        return None
    return found


def _seconds(header: str | None) -> float | None:
    """A Retry-After header: seconds, or a moment from which they are counted; None where it says neither."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, round((moment - datetime.now(UTC)).total_seconds(), 1))

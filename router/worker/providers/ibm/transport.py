"""The HTTP of IBM's client, held to what a submission needs: one POST is one request, every request ends, and a server
that asks for fewer requests gets none until it wants them.

The client (qiskit-ibm-runtime 0.51) retries a POST that was answered with 500, which makes two jobs of one; it waits
for an answer without end; and it drops Retry-After. It has no option for any of this, but its sessions are sessions of
`requests`, which take another adapter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import NewConnectionError
from urllib3.util.retry import Retry

from router.errors import RouterError
from router.protocol.providing import ProviderUnavailable
from router.worker.providers.ibm.pace import Pace, retry_after_s

TOO_MANY = 429
_MOST_REQUESTS = 64
"""In one call of the client: it pages for ever through a list whose length the server states wrongly."""
_CONNECT_S = 5.0


class HeldBack(RouterError, RequestException):
    """A request that was not sent."""


@dataclass
class Heard:
    """What the requests of one call of the client met."""

    requests: int = 0
    statuses: list[int] = field(default_factory=list)
    """Of the answers that were no success; -1 for none."""
    maybe_served: bool = False
    """Whether a POST went out that was not refused: it may have had its effect, whatever was answered."""

    @property
    def passing(self) -> bool:
        """Whether anything says that the same call may succeed later, whatever the client made of it."""
        return any(status < 0 or status == TOO_MANY or status >= 500 for status in self.statuses)


class Transport(HTTPAdapter):
    """Sends a POST once, and a GET up to three times; tells `pace` what it heard."""

    def __init__(self, pace: Pace, timeout_s: float) -> None:
        self._pace = pace
        self._timeout_s = timeout_s
        self._calls = threading.local()
        super().__init__(
            max_retries=Retry(
                total=2,
                backoff_factor=0.3,
                status_forcelist=(500, 502, 503, 504, 520, 521, 522, 524),
                allowed_methods=("GET",),
                respect_retry_after_header=False,
                raise_on_status=False,
            )
        )

    @contextmanager
    def listening(self, heard: Heard) -> Iterator[None]:
        """Write into `heard` what this thread's requests meet inside."""
        self._calls.heard = heard
        try:
            yield
        finally:
            self._calls.heard = Heard()

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        """One request, in time. Raises HeldBack where it must not be sent, else as requests does."""
        heard: Heard = getattr(self._calls, "heard", None) or Heard()
        heard.requests += 1
        if self._pace.left_s() > 0:
            heard.statuses.append(TOO_MANY)
            raise HeldBack("not sent, since the server asked for fewer requests", request=request)
        if heard.requests > _MOST_REQUESTS:
            heard.statuses.append(-1)
            raise HeldBack(f"not sent, after {_MOST_REQUESTS} requests for one answer", request=request)
        options["timeout"] = (_CONNECT_S, self._timeout_s)
        try:
            answer = super().send(request, *arguments, **options)
        except RequestException as error:
            heard.statuses.append(-1)
            heard.maybe_served |= request.method == "POST" and not _unsent(error)
            raise
        heard.maybe_served |= request.method == "POST" and not 400 <= answer.status_code < 500
        asked_s = retry_after_s(answer.headers.get("Retry-After"))
        if answer.status_code == TOO_MANY or (answer.status_code == 503 and asked_s is not None):
            self._pace.refused(f"it answered {answer.status_code}", asked_s)
        elif answer.ok:
            self._pace.served()
        if not answer.ok:
            heard.statuses.append(answer.status_code)
        return answer


def _unsent(error: RequestException) -> bool:
    """Whether no connection was made for the request."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError)


def install(service: Any, transport: Transport) -> None:
    """Make every connection of `service` go through `transport`.

    Raises ProviderUnavailable for a client whose sessions cannot be reached: it could submit a job twice.
    """
    try:
        for client in (service._active_api_client, *service._get_api_clients().values()):
            for scheme in ("http://", "https://"):
                client._session.mount(scheme, transport)
    except AttributeError as error:
        raise ProviderUnavailable(
            f"this release of qiskit-ibm-runtime would submit a job twice ({error})",
            "install the release that requirements/runtime.txt names",
        ) from None

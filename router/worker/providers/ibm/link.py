"""The connection to IBM: made when it is first needed and again when the credentials change, asked in time and no more
often than IBM wants, and what its client raises told as one of this package's errors, on one line, without the token.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from router.protocol.providing import ProviderError, ProviderRefused, ProviderUnavailable
from router.worker.credentials.ibm_account import AccountFile, IbmAccount
from router.worker.providers.bounded import BoundedCall, TookTooLong
from router.worker.providers.ibm.pace import Pace
from router.worker.providers.registry import check_installed

if TYPE_CHECKING:
    from router.worker.providers.ibm.transport import Heard, Transport

T = TypeVar("T")

RETRY_LATER = "try again in a few minutes; nothing is submitted twice"
_DOWN_S = 10.0
"""After which a server that failed to answer is worth asking again."""


class Unreadable(ProviderUnavailable):
    """IBM answered, and what came is not what it should be: asking again may not help."""


@dataclass
class _Connection:
    service: Any
    transport: Transport
    version: tuple[int, int, int]
    remembered: dict[str, tuple[float, Any]] = field(default_factory=dict)


class Link:
    """IBM's service with the account in `credentials`; the times say how long a call and a look may take."""

    def __init__(self, credentials: AccountFile, timeout_s: Callable[[], float], look_s: Callable[[], float]) -> None:
        self.credentials = credentials
        self._timeout_s = timeout_s
        self._look_s = look_s
        self.pace = Pace()
        self._connection: _Connection | None = None
        self._lock = threading.Lock()
        self._making: tuple[tuple[int, int, int], BoundedCall[_Connection]] | None = None
        self._accounts: list[IbmAccount] = []
        """Those of this process, the newest last: what is said of one may come after the next was written."""

    def clean(self, text: str) -> str:
        """`text` on one line, without any token that was used."""
        for account in self._accounts:
            text = account.clean(text)
        return " ".join(text.split())

    def look(self, question: Callable[[Any], T], *, missing: ProviderError | None = None, whole: bool = False) -> T:
        """What `question` answers about the service, in time for those who wait.

        `missing` is raised for a job that IBM does not have. `whole`: the client leaves out what it could not ask for,
        so an answer after a request that failed is none. Raises ProviderError.
        """
        return self.ask(question, missing=missing, whole=whole, within_s=min(self._timeout_s(), self._look_s()))

    def ask(
        self,
        question: Callable[[Any], T],
        *,
        missing: ProviderError | None = None,
        whole: bool = False,
        within_s: float | None = None,
    ) -> T:
        """As `look`, with the time that a download takes. Raises ProviderError."""
        self._connect(within_s)
        return self.wait(
            BoundedCall(lambda: self.question(question, missing=missing, whole=whole)), within_s, hold=True
        )

    def wait(self, call: BoundedCall[T], within_s: float | None = None, *, hold: bool = False) -> T:
        """The value of `call`; ProviderUnavailable if it takes too long, and with `hold` IBM is then left alone."""
        within_s = self._timeout_s() if within_s is None else within_s
        try:
            return call.wait(within_s)
        except TookTooLong:
            self._connection = None  # whatever hangs keeps the old one
            why = f"IBM did not answer within {within_s:g} s"
            if hold:
                self.pace.refused(why)
            raise ProviderUnavailable(why, RETRY_LATER) from None

    def question(
        self,
        question: Callable[[Any], T],
        *,
        missing: ProviderError | None = None,
        whole: bool = False,
        heard: Heard | None = None,
    ) -> T:
        """`question` in this thread, unbounded; `heard` learns what its requests met. Raises ProviderError."""
        from router.worker.providers.ibm.transport import Heard

        heard = Heard() if heard is None else heard
        connection = self._connect()
        self.pace.check()
        with connection.transport.listening(heard):
            try:
                answer = question(connection.service)
            except ProviderError:
                raise
            except Exception as error:  # noqa: BLE001  # the client raises its own, requests', json's and warnings
                # Not chained: what the client raises may quote the request, and with it the token.
                raise self._meaning(error, heard, missing) from None
        if whole and heard.passing:
            self.pace.check()
            raise ProviderUnavailable(f"IBM answered {heard.statuses[-1]}", RETRY_LATER, retry_after_s=_DOWN_S)
        return answer

    def remembered(self, what: str, for_s: float, ask: Callable[[], T]) -> T:
        """What `ask` answers, or what it answered under that name less than `for_s` seconds ago."""
        memory = self._connect().remembered
        at, answer = memory.get(what, (0.0, None))
        if what not in memory or time.monotonic() - at > for_s:
            answer = ask()
            memory[what] = (time.monotonic(), answer)
        return answer  # type: ignore[no-any-return]

    def _connect(self, within_s: float | None = None) -> _Connection:
        """The connection with the credentials as they are; whoever needs one that is being made waits for the same."""
        version = self.credentials.version()
        with self._lock:
            if (connection := self._connection) is not None and connection.version == version:
                return connection
            if self._making is None or self._making[0] != version:
                self.pace.forget()
                self._making = None
            self.pace.check()
            if self._making is None or not self._making[1].going_on():
                account = self.credentials.read()
                self._accounts += [account] if account not in self._accounts else []
                self._making = version, BoundedCall(lambda: self._made(account, version))
            call = self._making[1]
        return self.wait(call, within_s, hold=True)

    def _made(self, account: IbmAccount, version: tuple[int, int, int]) -> _Connection:
        check_installed("ibm")
        from router.worker.providers.ibm.transport import Heard, Transport, install

        try:
            transport = Transport(self.pace, self._timeout_s() + 5)
            service = _service(account)
            install(service, transport)
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001  # as above
            said = self._meaning(error, Heard(), None)
            self.pace.refused(said.reason)
            raise said from None
        self._connection = _Connection(service, transport, version)
        return self._connection

    def _meaning(self, error: Exception, heard: Heard, missing: ProviderError | None) -> ProviderError:
        from qiskit.providers.exceptions import QiskitBackendNotFoundError
        from qiskit_ibm_runtime.accounts.exceptions import AccountsError
        from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, RuntimeJobNotFound

        said = self.clean(f"{type(error).__name__}: {error}")
        # Before the first request of ours are those for a token and the account's instances, which others send.
        if (left_s := self.pace.left_s()) > 0 or (not heard.requests and re.search(r"\b429\b", str(error))):
            return ProviderUnavailable(
                f"IBM asks for fewer requests ({said})", RETRY_LATER, retry_after_s=left_s or None
            )
        if missing is not None and isinstance(error, RuntimeJobNotFound):
            return missing
        if isinstance(error, QiskitBackendNotFoundError) and not heard.passing:
            return ProviderRefused("the IBM instance has no such device", "list the targets, and choose one of them")
        unknown = AccountsError | IBMNotAuthorizedError | IBMInputValueError
        if isinstance(error, unknown) or "access token" in str(error):
            return ProviderUnavailable(
                f"IBM does not accept the credentials ({said})",
                "put a valid token and instance into credentials/ibm.json",
            )
        if isinstance(error, ValueError) and "Expecting value" in str(error):
            return Unreadable("IBM answered with something that is not JSON", RETRY_LATER)
        if re.search(r"\b4(00|03|09|22) Client Error", str(error)):
            return ProviderRefused(f"IBM refuses this ({said})", "correct the circuit or the account's permissions")
        if heard.requests and not heard.passing:
            return Unreadable(f"IBM's answer cannot be read ({said})", RETRY_LATER)
        return ProviderUnavailable(f"IBM cannot be asked ({said})", RETRY_LATER, retry_after_s=_DOWN_S)


def _service(account: IbmAccount) -> Any:
    # The client reads these from the environment, and in no other way: the first when it is imported.
    os.environ["USAGE_DATA_OPT_OUT"] = "True"
    for name, value in (
        ("IAM_URL", account.iam_url),
        ("GLOBAL_SEARCH_URL", account.search_url),
        ("GLOBAL_CATALOG_URL", account.catalog_url),
    ):
        if value is not None:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    from qiskit_ibm_runtime import QiskitRuntimeService

    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)  # it warns that a token was given
    options: dict[str, Any] = {}
    if (api_url := account.api_url) is not None:
        options = {"url": api_url.split("/api/")[0], "url_resolver": lambda *_: api_url}
    return QiskitRuntimeService(
        channel="ibm_quantum_platform", token=account.token, instance=account.instance, **options
    )

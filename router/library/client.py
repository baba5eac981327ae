"""A home's jobs from Python: each method is one step of a job, and does what the command of the same name does."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from router.control.desk import OperatorDesk
from router.control.opening import OperatedHome, open_home
from router.control.operating.intake import admit
from router.control.operating.offering.offers import Offer, PromotionDenied, offer
from router.control.store import UnknownJob
from router.errors import RouterError
from router.payer.desk import PayerDesk
from router.payer.funding import Funding, check_purse, fund
from router.protocol.lifecycle import Event, JobRecord, State
from router.requester.desk import RequesterDesk
from router.requester.promote import promote
from router.requester.simulate import Simulation, check_decides, keep, prepare, surroundings
from router.requester.validate import VerdictComparison, validate
from router.settings import find_home

__all__ = [
    "Client",
    "Funding",
    "Offer",
    "PromotionDenied",
    "Simulation",
    "StillWaiting",
    "UnknownJob",
    "VerdictComparison",
]

_LOOK_S = 0.25


class StillWaiting(RouterError, TimeoutError):
    """A job has not ended in the time that was given; `record` is where it stands."""

    def __init__(self, record: JobRecord, timeout_s: float, waits_for: str | None) -> None:
        self.record = record
        held = "" if waits_for is None else f" and waits: {waits_for}"
        super().__init__(f"{record.job} is {record.state.value} after {timeout_s:g} s{held}")


class Client:
    """The jobs of one home, with the keys that the home holds.

    `home`: the folder; by default the one that commands would use here. Opening makes its database if there is none.
    Raises InputRejected for a faulty policy file, OldHome for a home of an older release, StoreError for a database
    that cannot be used.
    """

    def __init__(self, home: Path | str | None = None) -> None:
        self._opened: OperatedHome = open_home(find_home(None if home is None else Path(home)))

    @property
    def _requester(self) -> RequesterDesk:
        return RequesterDesk(self._opened)

    @property
    def _payer(self) -> PayerDesk:
        return PayerDesk(self._opened)

    @property
    def home(self) -> Path:
        """The folder of this client's jobs and keys."""
        return self._opened.home.root

    def jobs(self, *states: State, limit: int = 20) -> tuple[JobRecord, ...]:
        """The newest jobs first, at most `limit`; those in `states`, if any are named."""
        return self._opened.store.listing(states=states or None, limit=limit).records

    def record(self, job: str) -> JobRecord:
        """Where the job stands whose id begins with `job`. Raises UnknownJob, AmbiguousJob."""
        return self._opened.store.find_job(job)

    def events(self, job: str) -> tuple[Event, ...]:
        """The signed events of `job`, the oldest first. Raises UnknownJob."""
        return tuple(self._opened.store.events(job))

    def simulate(self, spec: Path | str) -> Simulation:
        """Simulate the spec in the file `spec` and keep the job. Costs nothing.

        Raises InputRejected with every fault, also where the shots cannot decide, and SandboxViolation; nothing is
        stored then.
        """
        prepared = prepare(Path(spec), surroundings(self._opened.home), _quietly)
        check_decides(prepared)
        return keep(self._requester, partial(admit, OperatorDesk(self._opened)), prepared, _quietly)

    def offer(self, job: str, target: str, max_usd: str) -> Offer:
        """What a run on `target` for at most `max_usd` US dollars comes to, with every gate's answer; signs nothing.

        Raises InputRejected, StackDown, ChainError.
        """
        return offer(self._opened, job, target, max_usd)

    def promote(self, offered: Offer) -> JobRecord:
        """Sign `offered` as the requester. Raises PromotionDenied with every denial, and PayerShort, unsigned."""
        if not offered.denials:
            check_purse(self._payer, offered.terms, f"compute quantum promote {offered.job}")
        return promote(self._requester, offered)

    def fund(self, job: str) -> Funding:
        """Lock the budget of a promoted `job`, once. Raises InputRejected, PayerShort, ChainError."""
        return fund(self._payer, job)

    def wait(self, job: str, timeout_s: float) -> JobRecord:
        """The record of `job` once it has ended. Raises StillWaiting after `timeout_s` seconds, UnknownJob."""
        end = time.monotonic() + timeout_s
        while not (record := self._opened.store.job(job)).terminal:
            if time.monotonic() > end:
                raise StillWaiting(record, timeout_s, self._opened.store.waiting_for((job,)).get(job))
            time.sleep(_LOOK_S)
        return record

    def validate(self, job: str, timeout_s: float = 600) -> VerdictComparison:
        """The verdict recomputed beside the chain's, for which it waits. Raises NoVerdict, ChainError."""
        return validate(self._opened, job, timeout_s, lambda _record: None)


def _quietly(_what: str, _done: float) -> None:
    """Progress that nobody looks at."""

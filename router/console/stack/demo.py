"""One job, start to end, on a local stack of its own: what `compute demo` and `make demo` show.

The stack lives in a home of its own on free ports, so the user's stack is never touched; it is ended whatever happens.
Only here is block time moved, and only in the endings that wait for a deadline.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from oracle.attestations.attestation import Attestation
from oracle.encoding.files import write_whole
from oracle.terms import JobTerms
from router.console.showcase import Transaction, attestations_of, report_view, transactions_of, verdict_of
from router.console.stack import local
from router.console.stack.deploy import LocalChain
from router.console.stack.endings import Ending
from router.control.desk import OperatorDesk
from router.control.opening import OperatedHome, open_home
from router.control.operating.explaining.bundling import bundle_of
from router.control.operating.intake import admit
from router.control.operating.offering.offers import offer
from router.control.report.page import write_report
from router.control.report.telling import in_token
from router.control.routing import RouteDecision
from router.errors import RouterError
from router.payer.cancellation import request_cancellation
from router.payer.desk import PayerDesk
from router.payer.funding import fund
from router.protocol.lifecycle import EscrowState, Event, JobRecord, State
from router.requester.desk import RequesterDesk
from router.requester.promote import promote
from router.requester.simulate import simulate
from router.settings import Home

TARGET = "ibm"
MAX_USD = "25"
PATIENCE_S = 240.0
_LOOK_S = 0.15

Say = Callable[[str], None]


class DemoStuck(RouterError, RuntimeError):
    """The demonstration did not reach its end in time; the logs say why."""


@dataclass(frozen=True)
class Balance:
    """What one role holds of the job's token, in base units."""

    before: int
    after: int


@dataclass(frozen=True)
class DemoResult:
    """What happened, as `compute demo --json` prints it."""

    record: JobRecord
    decision: RouteDecision
    verdict: dict[str, object] | None
    attestations: tuple[Attestation, ...]
    transactions: tuple[Transaction, ...]
    balances: dict[str, Balance]
    report: Path
    evidence: Path
    token_symbol: str
    token_decimals: int

    def to_json(self) -> dict[str, object]:
        """The JSON form; money in base units, as text."""
        return {
            "job": self.record.job,
            "escrow_id": self.record.escrow_id,
            "state": self.record.state.value,
            "escrow": self.record.escrow.value,
            "route": {
                "target": self.decision.route.value,
                "backend": self.decision.target,
                "label": self.decision.label,
                "candidates": [
                    {
                        "name": candidate.target or candidate.name.value,
                        "for": candidate.for_,
                        "against": candidate.against,
                    }
                    for candidate in self.decision.candidates
                ],
            },
            "verdict": self.verdict,
            "attestations": [
                {"validator": a.validator, "digest": a.document, "signature": a.signature} for a in self.attestations
            ],
            "transactions": [t.to_json() for t in self.transactions],
            "balances": {
                role: {"before": str(balance.before), "after": str(balance.after)}
                for role, balance in self.balances.items()
            },
            "report": str(self.report),
            "evidence": str(self.evidence),
        }


def run_demo(
    home: Home,
    ending: Ending,
    write_spec: Callable[[Path], Path],
    say: Say,
    on_event: Callable[[Event], None],
    *,
    seed: int | None = None,
) -> DemoResult:
    """Run one job to `ending` in `home`, which is emptied first, and leave report.html and evidence.zip there.

    `write_spec` writes the job spec into the folder it is given and returns its path; `say` hears what is done,
    `on_event` each lifecycle event as it is seen. Raises DemoStuck, and what the steps raise.
    """
    local.down(home, say)
    if home.root.exists():
        shutil.rmtree(home.root)
    mode: local.WorkerMode = {Ending.REJECTED: "uniform", Ending.REFUNDED: "idle", Ending.CANCELLED: "idle"}.get(
        ending, "honest"
    )  # type: ignore[assignment]  # each value is one of the modes
    # Told to end, the demonstration still ends its stack: the signal becomes an exception that `finally` sees.
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        local.up(home, say, worker=mode, seed=seed, port=0)
        if ending is Ending.SILENCE:
            for name in local.VALIDATORS:
                local.stop_process(home, name)
            say("the validators are silenced")
        return _Demonstration(open_home(home), ending, say, on_event).run(write_spec(home.root / "job"))
    finally:
        local.down(home, lambda line: None)
        signal.signal(signal.SIGTERM, before)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Demonstration:
    """The steps of one demonstration on a running stack."""

    def __init__(self, opened: OperatedHome, ending: Ending, say: Say, on_event: Callable[[Event], None]) -> None:
        self._opened = opened
        self._ending = ending
        self._say = say
        self._on_event = on_event
        self._client = opened.client()
        self._chain = LocalChain(opened.need_stack("the demonstration").rpc_url)
        self._shown = 0

    def run(self, spec: Path) -> DemoResult:
        """Simulate, promote, fund, follow to the end, and report."""
        opened = self._opened
        before, intake = self._balances(), partial(admit, OperatorDesk(opened))
        simulated = simulate(RequesterDesk(opened), intake, spec, lambda _what, _share: None)
        job = simulated.job
        self._show(job)
        offered = offer(opened, job, TARGET, MAX_USD)
        promote(RequesterDesk(opened), offered)
        self._show(job)
        funding = fund(PayerDesk(opened), job)
        money = in_token(opened.deployment.token_symbol, opened.deployment.token_decimals)
        self._say(f"the payer locks {money(funding.amount)} ({funding.gas_used:,} gas)")
        self._lead_to_the_end(job, offered.terms)
        record = self._wait(job, "its end", lambda record: record.closed)
        after = self._balances()
        balances = {role: Balance(amount, after[role]) for role, amount in before.items()}
        return self._result(record, offered.assessment.decision, balances)

    def _lead_to_the_end(self, job: str, terms: JobTerms) -> None:
        match self._ending:
            case Ending.REFUNDED:
                self._wait(job, "the locked budget", lambda record: record.escrow is EscrowState.LOCKED)
                self._warp_past(terms.submit_by, "submitBy, and nobody has delivered")
            case Ending.SILENCE:
                self._wait(job, "the delivery", lambda record: record.state is State.COMPLETED)
                self._warp_past(terms.verdict_by, "verdictBy, and no validator has spoken")
                self._wait(job, "the silence proposal", lambda record: record.escrow is EscrowState.PROPOSED)
                slot = self._client.status(self._escrow_id(job))
                self._warp_past(slot.clock, "the challenge window of the silence share")
            case Ending.CANCELLED:
                self._wait(job, "the locked budget", lambda record: record.escrow is EscrowState.LOCKED)
                request_cancellation(PayerDesk(self._opened), job)
                self._say("the payer asks to call the job off")
            case Ending.ACCEPTED | Ending.REJECTED:
                return

    def _escrow_id(self, job: str) -> str:
        escrow_id = self._opened.store.job(job).escrow_id
        if escrow_id is None:
            raise AssertionError("a promoted job has terms")
        return escrow_id

    def _warp_past(self, deadline: int, what: str) -> None:
        seconds = deadline - self._client.head().timestamp + 1
        if seconds > 0:
            self._chain.warp(seconds)
        self._say(f"block time moves past {what}")

    def _show(self, job: str) -> None:
        for event in self._opened.store.events(job)[self._shown :]:
            self._on_event(event)
            self._shown += 1

    def _wait(self, job: str, what: str, reached: Callable[[JobRecord], bool]) -> JobRecord:
        end = time.monotonic() + PATIENCE_S
        while True:
            record = self._opened.store.job(job)
            self._show(job)
            if reached(record):
                return record
            if time.monotonic() > end:
                raise DemoStuck(
                    f"{job} is {record.state.value} and did not reach {what} in {PATIENCE_S:.0f} s; "
                    f"the router's log ends: {local.log_tail(self._opened.home, 'router')}"
                )
            time.sleep(_LOOK_S)

    def _balances(self) -> dict[str, int]:
        deployment = self._opened.deployment
        roles = self._opened.need_stack("balances").roles
        holders = {"payer": roles.payer, "worker": roles.worker, "escrow": deployment.escrow}
        return {role: self._client.balance(address, deployment.token) for role, address in holders.items()}

    def _result(self, record: JobRecord, decision: RouteDecision, balances: dict[str, Balance]) -> DemoResult:
        opened, client = self._opened, self._client
        transactions = transactions_of(opened, client, record)
        attestations = attestations_of(opened, record)
        changes = {role: (balance.before, balance.after) for role, balance in balances.items()}
        view = report_view(opened, client, record, changes)
        path = write_report(view, opened.home.root / "report.html")
        evidence = opened.home.root / "evidence.zip"
        write_whole(evidence, bundle_of(opened, record.job)[0])
        return DemoResult(
            record=record,
            decision=decision,
            verdict=verdict_of(opened, client, record),
            attestations=attestations,
            transactions=transactions,
            balances=balances,
            report=path,
            evidence=evidence,
            token_symbol=opened.deployment.token_symbol,
            token_decimals=opened.deployment.token_decimals,
        )

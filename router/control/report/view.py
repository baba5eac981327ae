"""What a report shows, as plain values: whoever assembles a ReportView has already read stores and chains.

Every text in here may come from a stranger's spec. The page escapes all of it; nothing in a view is markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from router.errors import RouterError


class ViewInconsistent(RouterError, ValueError):
    """A view contradicts itself, so the page would have to lie; the message names the field and both values."""


@dataclass(frozen=True)
class FactView:
    """One line of the summary: ``Shots`` / ``4,000``."""

    label: str
    value: str


@dataclass(frozen=True)
class TimelineEntry:
    """One event of the job's record, or one escrow event seen on the chain."""

    at: datetime
    """Aware; UTC is expected and shown."""
    kind: str
    """What happened: the event's kind, as ``simulated`` or ``Funded``."""
    state: str
    """The job's state after the event."""
    role: str
    """Who did it: requester, operator, payer, worker, validator, chain."""
    actor: str
    """The account's address, or another name; empty if nobody in particular."""
    reason: str
    tx_hash: str | None = None
    gas: int | None = None


@dataclass(frozen=True)
class CandidateView:
    """One route that was considered, with every reason and not just the first."""

    name: str
    chosen: bool
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class RouteView:
    """The routing decision."""

    target: str
    backend: str
    label: str
    candidates: tuple[CandidateView, ...] = ()


@dataclass(frozen=True)
class GateView:
    """One gate's answer."""

    name: str
    allowed: bool
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class OutcomeView:
    """One outcome of a distribution."""

    outcome: int
    """The classical bits read as a number, bit 0 least significant."""
    baseline: float
    """Its probability under the baseline."""
    count: int
    """Shots that showed it."""
    low: float
    """The worker's own probability lies from here …"""
    high: float
    """… to here; the bands of all outcomes hold at once, at `EvidenceView.coverage`."""


@dataclass(frozen=True)
class DistributionView:
    """Baseline against result, as far as it is drawn or listed. Raises ViewInconsistent if it contradicts itself."""

    bits: int
    """Classical bits per shot."""
    shots: int
    rows: tuple[OutcomeView, ...]
    """Ascending by outcome: all 2**bits, or those that weigh most in either distribution."""

    def __post_init__(self) -> None:
        if self.shots <= 0:
            raise ViewInconsistent("a distribution has at least one shot; leave it out (None) when there is no result")
        outcomes = [row.outcome for row in self.rows]
        if not outcomes or outcomes != sorted(set(outcomes)) or outcomes[0] < 0 or outcomes[-1] >= self.outcomes:
            raise ViewInconsistent(f"rows are not distinct, ascending outcomes of {self.bits} bits")
        counted, weight = sum(row.count for row in self.rows), sum(row.baseline for row in self.rows)
        if counted > self.shots or (counted < self.shots and self.complete):
            raise ViewInconsistent(f"counts sum to {counted}, and shots is {self.shots}")
        if weight > 1 + 1e-6 or (weight < 1 - 1e-6 and self.complete):
            raise ViewInconsistent(f"the baseline sums to {weight}")
        for row in self.rows:
            if not row.low <= self.frequency(row) <= row.high:
                raise ViewInconsistent(f"the band {row.low} .. {row.high} does not hold {row.count} of {self.shots}")

    @property
    def outcomes(self) -> int:
        """How many outcomes there are: 2**bits."""
        return 1 << self.bits

    @property
    def complete(self) -> bool:
        """Whether every outcome has a row."""
        return len(self.rows) == self.outcomes

    def bitstring(self, row: OutcomeView) -> str:
        """The outcome as Qiskit writes it: classical bit 0 on the right."""
        return format(row.outcome, f"0{self.bits}b")

    def frequency(self, row: OutcomeView) -> float:
        """The observed share of the outcome, between 0 and 1."""
        return row.count / self.shots


@dataclass(frozen=True)
class BoundView:
    """The certified distance and the thresholds that it was compared with. Raises ViewInconsistent as above."""

    distance: float
    """T, the total variation distance of the observed frequencies from the baseline."""
    lower: float
    """The certified lower bound, compared with `reject_above`; may be negative, which certifies nothing."""
    upper: float
    """The certified upper bound T + r, compared with `accept_below`."""
    accept_below: float
    """eps: accept if `upper` is below it."""
    reject_above: float
    """honest_eps: reject if `lower` is above it."""
    chance: float
    """Where a worker would stand that answers at random: the distance of uniform from the baseline."""

    def __post_init__(self) -> None:
        if not self.lower <= self.distance <= self.upper:
            raise ViewInconsistent(f"bounds {self.lower} .. {self.upper} do not enclose the distance {self.distance}")


@dataclass(frozen=True)
class WitnessView:
    """What the witness counted: the shots whose score is above `threshold`."""

    threshold: float
    share: float
    """Of the shots, seen above the threshold."""
    accept_from: float | None
    """Accepts if `share` is at least this; None if no share accepts."""
    reject_to: float | None
    """Rejects if `share` is at most this; None if no share rejects."""


@dataclass(frozen=True)
class ScoresView:
    """How the score 2**bits p(x) is distributed, as P(score <= s); all four have the same length.

    Raises ViewInconsistent if they have not, or if a curve falls.
    """

    scores: tuple[float, ...]
    """Ascending."""
    result: tuple[float, ...]
    ideal: tuple[float, ...]
    uniform: tuple[float, ...]
    radius: float
    """The worker's own curve lies within this of `result` everywhere, at `EvidenceView.coverage`."""
    witness: WitnessView | None = None

    def __post_init__(self) -> None:
        for name in ("scores", "result", "ideal", "uniform"):
            curve: tuple[float, ...] = getattr(self, name)
            if not curve or len(curve) != len(self.scores) or any(a > b for a, b in pairwise(curve)):
                raise ViewInconsistent(f"{name} is empty, falls, or has another length than scores")


@dataclass(frozen=True)
class FigureView:
    """A descriptive figure beside the verdict, never the decision: ``Hellinger fidelity``, 0.94, 0.93, 0.95."""

    name: str
    value: float
    low: float
    high: float
    ideal: float
    """What an ideal worker shows on average, at this number of shots."""
    by: str
    """What the interval rests on."""


@dataclass(frozen=True)
class EvidenceView:
    """A result beside its baseline: everything that is drawn of it."""

    distribution: DistributionView
    scores: ScoresView
    coverage: float
    """How often at least each interval and each set of bands holds what it is about."""
    bound: BoundView | None = None
    """None if no certificate bounds the distance."""
    figures: tuple[FigureView, ...] = ()


@dataclass(frozen=True)
class CertificateView:
    """One certificate of the verdict document, with the integers that it was decided on."""

    method: str
    decision: str
    integers: tuple[tuple[str, str], ...] = ()
    """Name and decimal text, in the document's order; text, since browsers and JSON lose integers beyond 2^53."""


@dataclass(frozen=True)
class VerdictView:
    """The verdict document."""

    outcome: str
    """``ACCEPT``, ``REJECT``, ``INCONCLUSIVE`` or ``SILENCE``."""
    digest: str
    reason_codes: tuple[str, ...]
    document_json: str
    """The document as JSON text, in any spacing: the page indents it and recomputes the digest from it."""
    certificates: tuple[CertificateView, ...] = ()


@dataclass(frozen=True)
class AttestationView:
    """One validator's signature over the verdict."""

    validator: str
    digest: str
    signature: str


@dataclass(frozen=True)
class TransactionView:
    """One transaction of the job that was mined."""

    name: str
    hash: str
    gas_used: int
    block: int


@dataclass(frozen=True)
class BalanceView:
    """What one role held of the token before and after the job, in base units."""

    role: str
    address: str
    before: int
    after: int


@dataclass(frozen=True)
class CheckView:
    """One thing that a reader can run to check the page: a command and what it proves."""

    command: str
    proves: str


@dataclass(frozen=True)
class ReportView:
    """Everything on one page. A job that ended early leaves the later parts at None or empty, and the page says so."""

    job: str
    title: str
    state: str
    """The lifecycle state: ``settled``, ``rejected``, …"""
    escrow: str
    """The escrow column: ``none``, ``locked``, ``proposed``, ``disputed``, ``released``, ``refunded``, ``split``."""
    escrow_id: str
    """The JobId on the chain; empty if nothing was ever locked."""
    token_symbol: str
    token_decimals: int
    spec_yaml: str = ""
    normalised_json: str = ""
    spec_hash: str = ""
    """The digest that the requester signed; the page checks it against `normalised_json`."""
    facts: tuple[FactView, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    route: RouteView | None = None
    gates: tuple[GateView, ...] = ()
    evidence: EvidenceView | None = None
    """None if there is no result to show."""
    verdict: VerdictView | None = None
    attestations: tuple[AttestationView, ...] = ()
    validators: int = 0
    """How many validators the terms pin; 0 if unknown."""
    reason: str = ""
    """Why it was rejected, expired, failed or cancelled; empty for any other end."""
    transactions: tuple[TransactionView, ...] = ()
    balances: tuple[BalanceView, ...] = ()
    device_label: str = ""
    """Where it ran, as ``fake_torino (133 qubits)``; empty if it never ran or has no device."""
    hardware: bool = False
    """True only for a run on a real quantum device; anything else with a device label is announced as simulated."""
    checks: tuple[CheckView, ...] = ()
    """Commands for the reader; empty for the usual ones of a quantum job."""
    notes: tuple[str, ...] = field(default=())

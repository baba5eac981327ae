"""What a report shows, as plain values: whoever assembles a ReportView has already read stores and chains.

Every text in here may come from a stranger's spec. The page escapes all of it; nothing in a view is markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class ViewInconsistent(ValueError):
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
class DistributionView:
    """Baseline against result, and the bounds that the verdict compared. Raises ViewInconsistent for other shapes."""

    bits: int
    """Classical bits per shot."""
    baseline: tuple[float, ...]
    """Shape (2**bits,), sums to 1; index = the outcome as an integer, classical bit 0 least significant."""
    counts: tuple[int, ...]
    """Shape (2**bits,), sums to `shots`; same index."""
    shots: int
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

    def __post_init__(self) -> None:
        outcomes = 1 << self.bits
        for name, length in (("baseline", len(self.baseline)), ("counts", len(self.counts))):
            if length != outcomes:
                raise ViewInconsistent(f"{name} has {length} entries, and {self.bits} bits have {outcomes} outcomes")
        if sum(self.counts) != self.shots:
            raise ViewInconsistent(f"counts sum to {sum(self.counts)}, and shots is {self.shots}")
        if self.shots <= 0:
            raise ViewInconsistent("a distribution has at least one shot; leave it out (None) when there is no result")
        if not self.lower <= self.distance <= self.upper:
            raise ViewInconsistent(f"bounds {self.lower} .. {self.upper} do not enclose the distance {self.distance}")

    def bitstring(self, outcome: int) -> str:
        """`outcome` written as Qiskit writes it: classical bit 0 on the right."""
        return format(outcome, f"0{self.bits}b")

    def frequency(self, outcome: int) -> float:
        """The observed share of `outcome`, between 0 and 1."""
        return self.counts[outcome] / self.shots


@dataclass(frozen=True)
class FigureView:
    """A descriptive figure beside the verdict, never the decision: ``Hellinger fidelity``, 0.94, (0.93, 0.95)."""

    name: str
    value: float
    interval: tuple[float, float] | None = None


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
    distribution: DistributionView | None = None
    figures: tuple[FigureView, ...] = ()
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

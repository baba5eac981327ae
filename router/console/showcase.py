"""From a finished job to what a report shows: reads the record, the artifacts and the chain, and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from oracle.artifacts import ArtifactError, ShotsRejected, unpack
from oracle.attestations.attestation import Attestation
from oracle.chain import events as chain
from oracle.chain.client import EscrowClient
from oracle.chain.transactions import sender
from oracle.chain.transactions.intents import ALLOWANCE, IntentStatus
from oracle.encoding import parse_rational
from oracle.spec import JobSpec
from oracle.statistics import Baseline, Certificate
from oracle.verdict import VerdictDocument
from router.control.gates import Allow, GateReport
from router.control.opening import OperatedHome
from router.control.operating.following.attestations import board_of
from router.control.report.evidence import evidence_of
from router.control.report.telling import Money, in_token, said, told_by
from router.control.report.view import (
    AttestationView,
    BalanceView,
    CandidateView,
    CertificateView,
    EvidenceView,
    FactView,
    GateView,
    ReportView,
    RouteView,
    TimelineEntry,
    TransactionView,
    VerdictView,
)
from router.control.routing import RouteDecision
from router.protocol.lifecycle import Event, JobRecord, apply, parse_at
from router.protocol.papers import spec_of, terms_of

_VERBS = {
    chain.Funded: "fund",
    chain.Submitted: "submit",
    chain.Proposed: "propose",
    chain.Settled: "finalize",
    chain.Refunded: "refund",
    chain.Cancelled: "cancel",
}


@dataclass(frozen=True)
class Transaction:
    """One mined transaction of a job."""

    name: str
    """The contract's verb."""
    hash: str
    gas_used: int
    block: int

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def transactions_of(opened: OperatedHome, client: EscrowClient, record: JobRecord) -> tuple[Transaction, ...]:
    """Every transaction that moved the job, whoever sent it, in chain order; the payer's allowance first."""
    found: list[Transaction] = []
    for given in opened.store.intents(record.job):
        if not given.name.startswith(ALLOWANCE) or given.status is not IntentStatus.DONE:
            continue
        outcome = json.loads(str(given.outcome))
        found.append(Transaction("approve", outcome["hash"], outcome["gas_used"], outcome["block"]))
    if record.escrow_id is None:
        return tuple(found)
    seen: set[str] = set()
    for event in opened.reader(client).dossier(record.escrow_id).events:
        verb = _VERBS.get(type(event.args))
        if verb is None or event.tx_hash in seen:
            continue
        seen.add(event.tx_hash)
        if isinstance(event.args, chain.Proposed) and event.args.signers == 0:
            verb = "settleSilence"
        receipt = sender.find_receipt(client, event.tx_hash)
        if receipt is not None:
            found.append(Transaction(verb, receipt.hash, receipt.gas_used, receipt.block))
    return tuple(found)


def attestations_of(opened: OperatedHome, record: JobRecord) -> tuple[Attestation, ...]:
    """What validators showed each other about the job, as far as a pinned validator's key signed it."""
    return tuple(each.attestation for each in board_of(opened, record)[0])


def document_of(opened: OperatedHome, client: EscrowClient, record: JobRecord) -> VerdictDocument | None:
    """The verdict document that the chain's proposal names, or None without a signed verdict."""
    proposed = opened.reader(client).last(record.escrow_id, chain.Proposed)
    if proposed is None or proposed[0].signers == 0:
        return None
    return VerdictDocument.from_bytes(opened.artifacts.get(proposed[0].evidence_hash))


def verdict_of(opened: OperatedHome, client: EscrowClient, record: JobRecord) -> dict[str, object] | None:
    """Outcome, digest and reason codes of the verdict, as JSON; None without one."""
    document = document_of(opened, client, record)
    if document is None:
        return None
    return {
        "outcome": document.outcome.name.lower(),
        "digest": document.digest,
        "reason_codes": list(document.reason_codes),
    }


def report_view(
    opened: OperatedHome, client: EscrowClient, record: JobRecord, balances: Mapping[str, tuple[int, int]]
) -> ReportView:
    """Everything the report page shows of `record`; `balances` is (before, after) of each role in base units."""
    spec = spec_of(opened.artifacts, record)
    transactions = transactions_of(opened, client, record)
    document = document_of(opened, client, record)
    deployment = opened.deployment
    return ReportView(
        job=record.job,
        title=spec.quantum.circuit_family or spec.job_type if spec.quantum else spec.job_type,
        state=record.state.value,
        escrow=record.escrow.value,
        escrow_id=record.escrow_id or "",
        token_symbol=deployment.token_symbol,
        token_decimals=deployment.token_decimals,
        spec_yaml=opened.artifacts.get(record.source).decode(errors="replace"),
        normalised_json=opened.artifacts.get(record.spec_hash).decode(),
        spec_hash=record.spec_hash,
        facts=_facts(record, spec),
        timeline=_timeline(
            opened.store.events(record.job),
            transactions,
            in_token(deployment.token_symbol, deployment.token_decimals),
        ),
        route=_route(opened, record),
        gates=_gates(opened, record),
        evidence=_evidence(opened, record, spec, document),
        verdict=_verdict(document),
        attestations=tuple(
            AttestationView(a.validator, a.document, a.signature) for a in attestations_of(opened, record)
        ),
        reason=record.reason or "",
        validators=len(terms_of(record).validators) if record.promoted else 0,
        transactions=tuple(TransactionView(t.name, t.hash, t.gas_used, t.block) for t in transactions),
        balances=_balances(opened, balances),
        device_label=record.target or "",
        hardware=record.provider == "ibm",
    )


def _facts(record: JobRecord, spec: JobSpec) -> tuple[FactView, ...]:
    facts = [FactView("Requester", record.requester), FactView("Budget", f"{spec.budget.max_usd_equivalent} USD")]
    if spec.quantum is not None:
        facts.append(FactView("Shots", f"{spec.quantum.shots:,}"))
    if spec.simulation is not None:
        shape = f"{spec.simulation.qubits} qubits, depth {spec.simulation.depth}"
        facts.append(FactView("Circuit", f"{shape}, {spec.simulation.two_qubit_gates} two-qubit gates"))
    return tuple(facts)


def _timeline(
    events: tuple[Event, ...], transactions: tuple[Transaction, ...], money: Money
) -> tuple[TimelineEntry, ...]:
    gas = {transaction.hash: transaction.gas_used for transaction in transactions}
    record: JobRecord | None = None
    entries = []
    for event in events:
        record = apply(record, event, events[: event.sequence - 1])
        cause = event.payload.chain_cause
        tx_hash = cause.tx_hash if cause is not None else getattr(event.payload, "tx_hash", None)
        entries.append(
            TimelineEntry(
                at=parse_at(event.at),
                kind=event.kind.value,
                state=record.state.value,
                role=told_by(event),
                actor=event.address,
                reason=said(event, money),
                tx_hash=tx_hash,
                gas=gas.get(tx_hash) if tx_hash is not None else None,
            )
        )
    return tuple(entries)


def _route(opened: OperatedHome, record: JobRecord) -> RouteView | None:
    if record.decision is None:
        return None
    decision = RouteDecision.from_bytes(opened.artifacts.get(record.decision))
    return RouteView(
        target=decision.route.value,
        backend=decision.target or "",
        label=decision.label,
        candidates=tuple(
            CandidateView(c.target or c.name.value, c == decision.chosen, c.for_, c.against)
            for c in decision.candidates
        ),
    )


def _gates(opened: OperatedHome, record: JobRecord) -> tuple[GateView, ...]:
    if record.gates is None:
        return ()
    report = GateReport.from_bytes(opened.artifacts.get(record.gates))
    return tuple(
        GateView(answer.gate, True, answer.note)
        if isinstance(answer, Allow)
        else GateView(answer.gate, False, answer.reason, answer.remedy)
        for answer in report.results
    )


def _evidence(
    opened: OperatedHome, record: JobRecord, spec: JobSpec, document: VerdictDocument | None
) -> EvidenceView | None:
    if spec.validation.baseline_root is None or record.result_hash is None:
        return None
    baseline = Baseline.from_bytes(opened.artifacts.get(spec.validation.baseline_root))
    try:
        shots = unpack(opened.artifacts.get(record.result_hash), baseline.bits)
    except (ArtifactError, ShotsRejected):
        return None  # the verdict's reason codes name the fault of the artifact
    return evidence_of(baseline, shots, document, parse_rational(spec.validation.f_min))


def _verdict(document: VerdictDocument | None) -> VerdictView | None:
    if document is None:
        return None
    return VerdictView(
        outcome=document.outcome.name,
        digest=document.digest,
        reason_codes=document.reason_codes,
        document_json=document.to_bytes().decode(),
        certificates=tuple(
            CertificateView(certificate.method, certificate.decision.value, _integers(certificate))
            for certificate in document.findings()
        ),
    )


def _integers(certificate: Certificate) -> tuple[tuple[str, str], ...]:
    named: list[tuple[str, int | None]] = [("statistic", certificate.statistic)]
    named += [(name, value) for name, value in sorted(certificate.constants.items())]
    for name, bound in (("accept", certificate.accept), ("reject", certificate.reject)):
        if bound is not None:
            named.append((f"{name} {bound.side.value}", bound.value))
    return tuple((name, str(value)) for name, value in named if value is not None)


def _balances(opened: OperatedHome, balances: Mapping[str, tuple[int, int]]) -> tuple[BalanceView, ...]:
    roles = opened.need_stack("balances").roles
    addresses = {"payer": roles.payer, "worker": roles.worker, "escrow": opened.deployment.escrow}
    return tuple(BalanceView(role, addresses[role], *amounts) for role, amounts in balances.items())

"""The operator's last look before anything is spent at a provider: every gate again, now with the money locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oracle.chain.client import EscrowClient
from router.control.desk import OperatorDesk
from router.control.gates import GATES
from router.control.operating.offering.assess import assess, escrow_facts, no_backend
from router.control.routing import RouteDecision
from router.protocol.lifecycle import Approved, JobRecord, Payload, State
from router.protocol.papers import spec_of, terms_of
from router.protocol.providing import Provider


@dataclass(frozen=True)
class Choice:
    """Where an approved job goes."""

    provider: str
    target: str


@dataclass(frozen=True)
class NotNow:
    """It does not go anywhere yet."""

    reason: str


def approve(
    desk: OperatorDesk, client: EscrowClient, providers: Mapping[str, Provider], job: str
) -> Choice | NotNow | None:
    """Ask every gate with the budget locked; if all allow, write `approved` and say where the job goes.

    A job that was approved before keeps the decision that was stored with it; None for one that is further already.
    """
    opened = desk.opened
    record = opened.store.job(job)
    if record.state is State.APPROVED and record.decision is not None:
        return _choice(RouteDecision.from_bytes(opened.artifacts.get(record.decision)))
    if record.state is not State.SIMULATED:
        return None
    terms = terms_of(record)
    assessment = assess(
        opened,
        providers,
        GATES,
        record,
        spec_of(opened.artifacts, record),
        terms,
        escrow_facts(opened, client, record, terms),
    )
    if not assessment.gates.allowed:
        denials = assessment.gates.denials
        return NotNow("; ".join(f"{denial.gate}: {denial.reason} — {denial.remedy}" for denial in denials))
    if assessment.decision.provider is None or assessment.decision.target is None:
        return NotNow(f"nothing can run it now: {'; '.join(no_backend(assessment.decision))}")
    decision = opened.artifacts.put(assessment.decision.to_bytes())
    gates = opened.artifacts.put(assessment.gates.to_bytes())

    def following(current: JobRecord) -> Sequence[Payload]:
        return [Approved(decision, gates)] if current.state is State.SIMULATED else ()

    desk.write(job, following)
    return _choice(assessment.decision)


def _choice(decision: RouteDecision) -> Choice:
    if decision.provider is None or decision.target is None:
        raise AssertionError("only a decision for a backend is stored with an approval")
    return Choice(decision.provider, decision.target)

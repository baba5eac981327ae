"""An offer: what promoting a job would sign, where it would run, and what the gates say. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from oracle.chain.client import EscrowClient
from oracle.chain.registry import RegistryClient, outlives
from oracle.encoding import Finding, InputRejected
from oracle.spec import JobSpec, Quote, promoted
from oracle.terms import ZERO_ADDRESS, JobTerms, Parties, build_terms, job_id_of
from router.control.gates import GATES_BEFORE_FUNDING, Deny, Eligible
from router.control.opening import OperatedHome
from router.control.operating.offering.assess import Assessment, assess, escrow_facts, no_backend
from router.control.operating.offering.quoting import quote_of
from router.errors import RouterError
from router.protocol.hardware_time import TimeLimit, time_limit
from router.protocol.lifecycle import State
from router.protocol.papers import spec_of
from router.worker.providers import load_providers


class PromotionDenied(RouterError, RuntimeError):
    """Gates are against it; nothing was signed and nothing was locked."""

    def __init__(self, job: str, denials: tuple[Deny, ...]) -> None:
        self.job = job
        self.denials = denials
        said = "; ".join(f"{denial.gate}: {denial.reason} — {denial.remedy}" for denial in denials)
        super().__init__(f"{job} is not promoted. {said}")


@dataclass(frozen=True)
class Offer:
    """What a promotion would sign: the child spec, its terms, where it would run, and what the gates say."""

    job: str
    spec: JobSpec
    terms: JobTerms
    escrow_id: str
    target: str
    assessment: Assessment
    time_limit: TimeLimit | None = None
    """The longest that the run may occupy hardware; None where it occupies none."""

    @property
    def denials(self) -> tuple[Deny, ...]:
        """What speaks against it, before any money; empty if the requester may sign."""
        nowhere = no_backend(self.assessment.decision)
        remedy = "choose another --target; `compute route SPEC` lists what there is"
        routing = (Deny("routing", "; ".join(nowhere), remedy, (Eligible.SIMULATION,)),) if nowhere else ()
        return routing + self.assessment.gates.denials


def offer(opened: OperatedHome, job: str, target: str, max_usd: str) -> Offer:
    """What promoting `job` to `target` for at most `max_usd` US dollars would mean; writes nothing.

    Raises InputRejected for a job or budget that cannot be promoted, StackDown, ChainError, UnknownJob.
    """
    stack = opened.need_stack("a promotion")
    record = opened.store.job(job)
    if record.promoted:
        reason, remedy = "was promoted already", f"`compute fund {job}`, or simulate again for a fresh job"
        raise InputRejected(job, [Finding("", None, reason, remedy)])
    if record.state is not State.SIMULATED:
        reason, remedy = f"is {record.state.value}, not simulated", "`compute quantum simulate SPEC` makes a fresh job"
        raise InputRejected(job, [Finding("", None, reason, remedy)])
    parent = spec_of(opened.artifacts, record)
    _check_rounds(parent)
    child = promoted(parent, target, max_usd, quote(opened, parent))
    client = opened.client()
    client.check_network()
    parties = Parties(
        payer=stack.roles.payer,
        requester=record.requester,
        worker=stack.roles.worker,
        arbiter=stack.roles.arbiter,
        validators=stack.roles.validators,
        quorum=stack.roles.quorum,
    )
    terms = build_terms(child, parties=parties, token=_token_of(child), now=client.head().timestamp, job=job)
    check_registry(client, terms)
    escrow = escrow_facts(opened, None, record, terms)
    assessment = assess(opened, load_providers(opened.home), GATES_BEFORE_FUNDING, record, child, terms, escrow)
    escrow_id = job_id_of(terms, client.deployment.chain_id, client.deployment.escrow)
    limit = time_limit(opened.policy.rates.usd_per_hardware_second, child, assessment.decision.provider)
    _check_time(limit)
    return Offer(job, child, terms, escrow_id, target, assessment, limit)


def _check_time(limit: TimeLimit | None) -> None:
    """Raise InputRejected where the run would have no time on hardware at all."""
    if limit is not None and limit.seconds < 1:
        reason = f"{limit.why}: less than a second on hardware"
        remedy = "raise --max-budget, and timeouts.execution_s to a second or more"
        raise InputRejected("promotion", [Finding("budget.max_usd_equivalent", None, reason, remedy)])


def _check_rounds(spec: JobSpec) -> None:
    """Raise InputRejected for a job of several rounds: this router's worker delivers once, and a requester who pays
    for top-ups must not learn that after signing."""
    rounds = spec.settlement.max_rounds
    if rounds > 1:
        reason = f"{rounds} rounds, and this router's worker runs no top-ups"
        remedy = "write max_rounds: 1, with rounds left out of the validation section, and simulate again"
        raise InputRejected("promotion", [Finding("settlement.max_rounds", None, reason, remedy)])


def check_registry(client: EscrowClient, terms: JobTerms) -> None:
    """Raise InputRejected where the registry that the terms name would not admit their validators: the escrow would
    refuse the budget, after the requester has signed. Raises ChainError."""
    if terms.registry == ZERO_ADDRESS:
        return
    until = datetime.fromtimestamp(outlives(terms), UTC)
    reason = f"{terms.registry} does not admit the validators until {until:%Y-%m-%d %H:%M} UTC"
    remedy = f"`compute-oracle registry status {' '.join(terms.validators)}` says who has not joined; or leave it out"
    registry = RegistryClient(client, terms.registry)
    if not registry.is_deployed():
        reason, remedy = f"there is no contract at {terms.registry}", "name a registry on this chain, or leave it out"
    elif registry.admits(terms):
        return
    raise InputRejected("promotion", [Finding("settlement.registry", None, reason, remedy)])


def quote(opened: OperatedHome, spec: JobSpec) -> Quote:
    """The operator's rate for the token that `spec` wants, pinned now. Raises InputRejected without a rate."""
    found = quote_of(opened.deployment, opened.policy.rates, spec)
    if found is None:
        remedy = f"leave token out, or write rates: {{usd_per_native: 2500}} into {opened.home.policy}"
        raise InputRejected("promotion", [Finding("budget.token", None, "the operator quotes no rate", remedy)])
    return found


def _token_of(spec: JobSpec) -> str:
    if spec.budget.token is None:
        raise AssertionError("a promoted spec names its token")
    return ZERO_ADDRESS if spec.budget.token == "native" else spec.budget.token

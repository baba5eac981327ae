"""Promotion: an offer to look at, the requester's signature under it, and the payer's budget.

Hardware is a promotion step, never the first run. An offer writes nothing; `promote` signs it; `fund` locks the money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from filelock import FileLock

from oracle.chain.client import EscrowClient
from oracle.chain.events import Funded, Status
from oracle.chain.registry import RegistryClient, outlives
from oracle.encoding import Finding, InputRejected
from oracle.spec import JobSpec, Quote, canonical_spec, parse_canonical_spec, promoted, spec_hash
from oracle.terms import ZERO_ADDRESS, JobTerms, Roles, build_terms, job_id_of, pack_terms
from router.control.gates import GATES_BEFORE_FUNDING, NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER, Deny, Eligible
from router.control.operating import advice, close, journal, transactions
from router.control.operating.assess import Assessment, assess, escrow_facts, no_backend
from router.control.operating.dossiers import last
from router.control.operating.hardware_time import TimeLimit, time_limit
from router.control.operating.quoting import quote_of
from router.control.operating.separation import check_approver
from router.control.store import ApprovalScope
from router.control.workspace import Workspace
from router.payer import purse
from router.protocol.lifecycle import Cancelled, EscrowState, JobRecord, Promoted, Rejected, Role, State
from router.worker.providers import load_providers


class PromotionDenied(RuntimeError):
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


@dataclass(frozen=True)
class Funding:
    """A locked budget."""

    tx_hash: str
    block: int
    gas_used: int
    amount: int
    """Base units of the token."""
    already: bool
    """Whether it was locked before this call."""


def offer(workspace: Workspace, job: str, target: str, max_usd: str) -> Offer:
    """What promoting `job` to `target` for at most `max_usd` US dollars would mean; writes nothing.

    Raises InputRejected for a job or budget that cannot be promoted, StackDown, ChainError, UnknownJob.
    """
    stack = workspace.need_stack("a promotion")
    record = workspace.store.job(job)
    if record.promoted:
        reason, remedy = "was promoted already", f"`compute fund {job}`, or simulate again for a fresh job"
        raise InputRejected(job, [Finding("", None, reason, remedy)])
    if record.state is not State.SIMULATED:
        reason, remedy = f"is {record.state.value}, not simulated", "`compute quantum simulate SPEC` makes a fresh job"
        raise InputRejected(job, [Finding("", None, reason, remedy)])
    parent = parse_canonical_spec(workspace.artifacts.get(record.spec_hash))
    _check_rounds(parent)
    child = promoted(parent, target, max_usd, quote(workspace, parent))
    client = workspace.client()
    client.check_network()
    roles = Roles(
        payer=stack.roles.payer,
        requester=record.requester,
        worker=stack.roles.worker,
        arbiter=stack.roles.arbiter,
        validators=stack.roles.validators,
        quorum=stack.roles.quorum,
    )
    terms = build_terms(child, roles=roles, token=_token_of(child), now=client.head().timestamp, job=job)
    check_registry(client, terms)
    escrow = escrow_facts(workspace, None, record, terms)
    assessment = assess(workspace, load_providers(workspace.home), GATES_BEFORE_FUNDING, record, child, terms, escrow)
    escrow_id = job_id_of(terms, client.deployment.chain_id, client.deployment.escrow)
    limit = time_limit(workspace.policy, child, assessment.decision.provider)
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


def quote(workspace: Workspace, spec: JobSpec) -> Quote:
    """The operator's rate for the token that `spec` wants, pinned now. Raises InputRejected without a rate."""
    found = quote_of(workspace.deployment, workspace.policy.rates, spec)
    if found is None:
        remedy = f"leave token out, or write rates: {{usd_per_native: 2500}} into {workspace.home.policy}"
        raise InputRejected("promotion", [Finding("budget.token", None, "the operator quotes no rate", remedy)])
    return found


def _token_of(spec: JobSpec) -> str:
    if spec.budget.token is None:
        raise AssertionError("a promoted spec names its token")
    return ZERO_ADDRESS if spec.budget.token == "native" else spec.budget.token


def check_purse(workspace: Workspace, terms: JobTerms, then: str) -> None:
    """Raise PayerShort unless the payer can lock the budget; `then` is what to run once it can. Raises ChainError."""
    purse.check(workspace, "requester", terms.token, terms.budget, "the terms lock", then)


def promote(workspace: Workspace, offered: Offer) -> JobRecord:
    """Sign the offer as the requester. Raises PromotionDenied with every gate that is against it."""
    if offered.denials:
        raise PromotionDenied(offered.job, offered.denials)
    if offered.spec.promotion is None:
        raise AssertionError("an offer's spec is a promoted child")
    packed = pack_terms(offered.terms)
    # On disk before anything names them: validators find the terms by the JobId and the spec by its hash.
    workspace.artifacts.put(canonical_spec(offered.spec))
    workspace.artifacts.put_terms(offered.escrow_id, packed)
    payload = Promoted(
        spec_hash=spec_hash(offered.spec),
        parent=offered.spec.promotion.parent,
        target=offered.target,
        max_usd=offered.spec.promotion.max_usd_equivalent,
        terms="0x" + packed.hex(),
        escrow_id=offered.escrow_id,
        request=f"promote --target {offered.target} --max-budget {offered.spec.promotion.max_usd_equivalent}",
    )
    return journal.write(workspace, offered.job, lambda _record: [(Role.REQUESTER, payload)])


def fund(workspace: Workspace, job: str) -> Funding:
    """Lock the budget of a promoted job with the payer's key of this home, once.

    One funding at a time per home: two commands side by side would number their transactions alike, and each would
    allow the escrow what the other's allowance overwrites. The rest wait their turn.
    Raises InputRejected for a job without terms, PayerShort, ChainError.
    """
    workspace.client().check_network()
    record = workspace.store.job(job)
    if record.escrow_id is None:
        remedy = f"`{advice.promotion(workspace, job)}`"
        raise InputRejected(job, [Finding("", None, "was not promoted, so it has no terms", remedy)])
    # No timeout: who holds it is bounded by its own waits for the chain, and the kernel frees it when a holder dies.
    with FileLock(workspace.home.payer_lock):
        return _fund(workspace, record, record.escrow_id)


def _fund(workspace: Workspace, record: JobRecord, escrow_id: str) -> Funding:
    client, job = workspace.client(), record.job
    terms = close.terms_of(record)
    payer = workspace.account("requester")
    already = client.status(escrow_id).status is not Status.NONE
    if not already:
        if record.terminal:
            reason, remedy = f"is {record.state.value}", "simulate again for a fresh job"
            raise InputRejected(job, [Finding("", None, reason, remedy)])
        check_purse(workspace, terms, f"compute fund {job}")
        purse.allow(workspace, job, "requester", terms.token, terms.budget)

    def effect() -> str | None:
        funded = last(workspace, client, record, Funded)
        return funded and funded[1]

    receipt = transactions.ensure(
        workspace.store, client, job, advice.FUNDING, payer, lambda: client.fund(terms), effect
    )
    workspace.store.set_next_look(job, datetime.now(UTC))
    return Funding(receipt.hash, receipt.block, receipt.gas_used, terms.budget, already)


def approve(workspace: Workspace, job: str, note: str) -> str:
    """As the operator, grant `job` every approval that its promotion policy can ask for.

    Returns what the approval says of itself, which is recorded with the note; empty where operator and requester are
    apart. Raises ApprovalRefused where they are not, but for a local chain.
    """
    record = workspace.store.job(job)
    remark = check_approver(workspace, record)
    note = "; ".join(text for text in (note, remark) if text)
    spec = parse_canonical_spec(workspace.artifacts.get(record.spec_hash))
    kinds = () if spec.promotion_policy is None else spec.promotion_policy.require_manual_approval_for
    operator = workspace.account("operator").address
    for kind in kinds:
        # A family and a requester are new once; a budget is looked at each time.
        if kind == NEW_CIRCUIT_FAMILY and record.family is not None:
            scope, subject = ApprovalScope.CIRCUIT_FAMILY, record.family
        elif kind == UNKNOWN_REQUESTER:
            scope, subject = ApprovalScope.REQUESTER, record.requester
        else:
            scope, subject = ApprovalScope.JOB, job
        workspace.store.approve(scope, subject, kind, granted_by=operator, note=note)
    workspace.store.set_next_look(job, datetime.now(UTC))
    return remark


def deny(workspace: Workspace, job: str, note: str) -> None:
    """As the operator, reject `job` for good. Raises TransitionRefused once something was delivered for it."""
    journal.write(workspace, job, lambda _record: [(Role.OPERATOR, Rejected(f"denied by the operator: {note}"))])


def request_cancel(workspace: Workspace, job: str) -> None:
    """As the requester, call `job` off: at once while nothing is locked, else by asking for the worker's signature.

    Raises InputRejected for a job that is over or delivered.
    """
    record = workspace.store.job(job)
    if record.terminal or record.state in (State.COMPLETED, State.VALIDATED, State.DISPUTED):
        reason = f"is {record.state.value}; there is nothing left to call off"
        raise InputRejected(job, [Finding("", None, reason, f"`compute quantum inspect {job}` shows its end")])
    funded = record.escrow is not EscrowState.NONE
    if record.escrow_id is not None and not funded:
        funded = workspace.client().status(record.escrow_id).status is not Status.NONE
    if not funded:
        journal.write(workspace, job, lambda _record: [(Role.REQUESTER, Cancelled("called off by the requester"))])
        return
    close.request_cancellation(workspace, job)

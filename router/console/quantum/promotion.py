"""Promotion on the command line: the offer in full before the signature, then the signature, then the money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from oracle.encoding import Finding, InputRejected
from oracle.encoding.times import time_told
from router.console.screen.commands import Session
from router.console.screen.drawing import GateLine, RouteLine
from router.console.screen.failures import CommandFailed, Exit

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.terms import JobTerms
    from router.control.gates import Deny, GateReport
    from router.control.opening import OperatedHome
    from router.control.operating.offering.offers import Offer
    from router.control.report.telling import Money
    from router.control.routing import RouteDecision
    from router.payer.funding import Funding
    from router.protocol.lifecycle import JobRecord
    from router.protocol.payment import Payment

ROUTING = "routing"
"""The name under which an offer denies a job that nothing can run."""


def run(
    session: Session, opened: OperatedHome, record: JobRecord, target: str, max_usd: str, wanted: bool | None
) -> None:
    """Offer, signature and, if `wanted` (None: on a local chain), funding; prints each as it is there.

    Raises CommandFailed with every denial, before anything is signed.
    """
    from router.console import funding
    from router.console.screen.views import money_in
    from router.control.operating.offering.offers import offer
    from router.payer.desk import PayerDesk
    from router.payer.funding import check_purse, fund
    from router.protocol.stack import LOCAL_CHAIN_ID
    from router.requester.desk import RequesterDesk
    from router.requester.promote import promote

    with session.output.progress() as progress:
        progress("asking the gates and the router", 0.2)
        try:
            offered = offer(opened, record.job, target, max_usd)
        except InputRejected as error:
            typed = all(finding.path in _TYPED for finding in error.findings)
            raise InputRejected("" if typed else error.source, _as_typed(error.findings)) from None
    money = money_in(opened.deployment, offered.terms.token)
    if offered.denials:
        raise CommandFailed(Exit.DENIED, *_denied(session, offered))
    locks = wanted if wanted is not None else opened.chain_id == LOCAL_CHAIN_ID
    if locks:  # before the signature: a job is promoted once, and one that cannot be funded is of no use
        again = f"compute quantum promote {record.job} --target {target} --max-budget {max_usd}"
        check_purse(PayerDesk(opened), offered.terms, again)
    session.begun.append(f"the promotion had begun: `compute quantum inspect {record.job}` says how far it got")
    promoted = promote(RequesterDesk(opened), offered)
    funded = fund(PayerDesk(opened), promoted.job) if locks else None
    following = f"compute quantum watch {promoted.job}" if locks else f"compute fund {promoted.job}"

    def draw(screen: Console) -> None:
        from router.console.screen.output import next_step, plain

        draw_offer(screen, offered, money)
        screen.print(f"\nPromoted [bold]{plain(promoted.job)}[/]: signed by {promoted.requester}")
        if funded is not None:
            funding.draw_funding(screen, funded, money)
        next_step(screen, following)

    session.output.result(_json(offered, funded, following), draw)


_TYPED = {"promotion.max_usd_equivalent": "--max-budget", "promotion.target": "--target"}
"""Fields of a promoted spec, and the options that they were typed as."""


def _as_typed(findings: Iterable[Finding]) -> Iterable[Finding]:
    """`findings` under the names of the options where the value was typed as one."""
    return (replace(finding, path=_TYPED.get(finding.path, finding.path)) for finding in findings)


def _denied(session: Session, offered: Offer) -> Iterable[Finding]:
    """Every denial as an error. People see all gates or, where nothing can run it, all routes first."""
    nowhere = offered.assessment.decision.rejected
    if not session.output.as_json:
        session.output.show_aside(lambda screen: _draw_denied(screen, offered))
    for denial in offered.denials:
        # For people the table above has each reason on a line of its own.
        told = nowhere and denial.gate == ROUTING and not session.output.as_json
        yield finding_of(denial, f"nothing can run it on {offered.target}" if told else denial.reason)


def _draw_denied(screen: Console, offered: Offer) -> None:
    from router.console.screen.drawing import gates, routes

    if offered.assessment.decision.rejected:
        # Only what speaks against each: `compute route` has both sides.
        routes(screen, (replace(line, reasons_for=()) for line in route_lines(offered.assessment.decision)))
    else:
        gates(screen, gate_lines(offered.assessment.gates))
    screen.print()


def finding_of(denial: Deny, reason: str) -> Finding:
    """A denial as an error: what is against it, what to do, and what the job is still eligible for."""
    still = ", ".join(item.value.replace("_", " ") for item in denial.eligible_for)
    remedy = f"{denial.remedy}; still eligible for: {still}" if still else denial.remedy
    return Finding(denial.gate, None, reason, remedy, denial.exact)


def gate_lines(report: GateReport) -> Iterable[GateLine]:
    """Every answer of `report`, for drawing."""
    from router.control.gates import Allow

    for answer in report.results:
        if isinstance(answer, Allow):
            yield GateLine(answer.gate, True, answer.note)
        else:
            yield GateLine(answer.gate, False, answer.reason, answer.remedy)


def route_lines(decision: RouteDecision) -> Iterable[RouteLine]:
    """Every candidate of `decision`, for drawing."""
    from router.control.routing import Route

    for candidate in decision.candidates:
        name = candidate.name.value.replace("_", " ")
        if candidate.name is Route.REJECT_REQUIRES_REVIEW:
            name = "none of them"
        elif candidate.target is not None:
            name = f"{name}: {candidate.target}"
        chosen = candidate == decision.chosen
        yield RouteLine(name, chosen, candidate.eligible, candidate.for_, candidate.against)


def place_of(decision: RouteDecision) -> str:
    """The chosen target, with its label where that says more."""
    name = decision.target or decision.route.value
    return decision.label if decision.label.startswith(name) else f"{name}: {decision.label}"


def draw_offer(screen: Console, offered: Offer, money: Money) -> None:
    """What the requester signs: what an accepted result costs, where it runs, what the gates say, and the terms."""
    from router.console.screen.drawing import gates
    from router.console.screen.output import facts, plain
    from router.control.report.wording import duration
    from router.protocol.payment import payment_of

    payment = payment_of(offered.spec, offered.terms)
    for line in payment_lines(payment, money):
        screen.print(plain(line))
    limit = offered.time_limit
    bound = "" if limit is None else f", for at most {duration(limit.seconds)} of its time ({plain(limit.why)})"
    screen.print(f"Runs on [bold]{plain(place_of(offered.assessment.decision))}[/]{bound}\n")
    gates(screen, gate_lines(offered.assessment.gates))
    screen.print()
    facts(screen, terms_rows(offered.terms, payment, money))


def payment_lines(payment: Payment, money: Money) -> list[str]:
    """What an accepted result costs, first of all; and a second line where another end pays the worker more."""
    accepted, returns = money(payment.accepted), money(payment.returns)
    fee = f" and {money(payment.fee)} to the operator as its fee" if payment.fee else ""
    shots = f"{payment.shots:,} shots at ${payment.usd_per_shot}"
    if payment.whole_budget:
        lines = [f"Pays the whole budget if accepted, {accepted} to the worker{fee}, whatever was used: metered by job"]
    elif payment.returns:
        lines = [f"Pays {accepted} to the worker{fee} if accepted, for {shots}; {returns} goes back to the payer"]
    else:
        lines = [f"Pays the whole budget if accepted, {accepted} to the worker{fee}: {shots} cost no less"]
    if payment.tempts:
        most = money(max(payment.inconclusive, payment.silent))
        lines.append(
            f"Mind: a result that nobody can judge pays the worker more, {most}. Lower settlement.inconclusive_bps and "
            "silence_bps, or the budget."
        )
    return lines


def terms_rows(terms: JobTerms, payment: Payment, money: Money) -> list[tuple[str, object]]:
    """The terms in words: what is locked, until when, and who gets what if things go otherwise."""
    from oracle.terms import ZERO_ADDRESS, dispute_bond_of
    from router.control.report.wording import duration

    quorum = f"{terms.quorum} of {len(terms.validators)} validators"
    fee = payment.fee
    earned = "all of it is paid if the result is accepted" if payment.whole_budget else "what is not earned returns"
    rows: list[tuple[str, object]] = [
        ("budget", f"{money(terms.budget)}, locked in the escrow; {earned}"),
        ("deliver by", time_told(terms.submit_by)),
        ("verdict by", f"{time_told(terms.verdict_by)}, signed alike by {quorum}"),
        ("if accepted", f"{money(payment.accepted)} to the worker, {money(payment.returns)} back to the payer"),
        ("if rejected", "all but the fee returns to the payer" if fee else "all returns to the payer"),
        ("if inconclusive", f"{_share(terms.inconclusive_bps, payment.inconclusive, money)}, if nobody can tell"),
        ("if silent", f"{_share(terms.silence_bps, payment.silent, money)}, should the validators say nothing"),
        ("worker", terms.worker),
    ]
    if fee:
        rows.insert(1, ("fee", f"{money(fee)} to {terms.fee_to}, once the validators have signed, whatever they found"))
    if terms.arbiter != ZERO_ADDRESS:
        window, ruling = duration(terms.challenge_window), duration(terms.ruling_window)
        rows += [
            ("disputable", f"for {window} after a verdict, with a bond of {money(dispute_bond_of(terms))}"),
            ("arbiter", f"{terms.arbiter}, who then has {ruling} to rule"),
        ]
    if terms.registry != ZERO_ADDRESS:
        rows.append(("registry", f"{terms.registry} holds the validators' bonds"))
    return rows


def _share(bps: int, amount: int, money: Money) -> str:
    return f"{money(amount)} ({bps / 100:g}%) to the worker"


def _json(offered: Offer, funded: Funding | None, following: str) -> dict[str, object]:
    from router.console.funding import funding_json
    from router.protocol.payment import payment_of

    decision = offered.assessment.decision
    return {
        "job": offered.job,
        "escrow_id": offered.escrow_id,
        "target": decision.target,
        "max_seconds": None if offered.time_limit is None else offered.time_limit.seconds,
        "route": decision.to_json(),
        "gates": offered.assessment.gates.to_json(),
        "terms": terms_json(offered.terms),
        "payment": payment_of(offered.spec, offered.terms).to_json(),
        "funding": None if funded is None else funding_json(funded),
        "next": following,
    }


def terms_json(terms: JobTerms) -> dict[str, object]:
    """The terms as JSON; amounts and salt are text, since they may exceed 2^53."""
    from dataclasses import asdict

    return asdict(terms) | {
        "budget": str(terms.budget),
        "salt": str(terms.salt),
        "validators": list(terms.validators),
    }

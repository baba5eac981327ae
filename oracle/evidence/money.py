"""Where the money went: the escrow's own words against the terms and the proposal that stood."""

from __future__ import annotations

from oracle.chain.events import Cancelled, EscrowEvent, Funded, Proposed, Refunded, Ruled, Settled
from oracle.evidence.checks import CheckResult, EvidenceCheck
from oracle.evidence.shown import ShownOnChain, path_of
from oracle.terms import JobTerms, Outcome, fee_of, pack_terms
from oracle.terms.job_terms import BPS


def payment_check(shown: ShownOnChain) -> EvidenceCheck:
    """Whether the amounts add up to the budget and are those of the outcome."""
    name, terms = "payment", shown.terms
    if terms is None:
        result = CheckResult.NOTHING if shown.job_id is None else CheckResult.OPEN
        return EvidenceCheck(name, result, "no terms say what the budget is")
    funded = shown.dossier.last(Funded)
    if funded is None:
        result = CheckResult.NOTHING if not shown.transactions else CheckResult.OPEN
        return EvidenceCheck(name, result, "no receipt shows that the budget was locked")
    inputs = tuple(dict.fromkeys(path_of(event) for event in shown.dossier.events))

    def said(result: CheckResult, finding: str, event: EscrowEvent | None = None) -> EvidenceCheck:
        return EvidenceCheck(name, result, finding, inputs, None if event is None else path_of(event))

    if funded[0].terms != "0x" + pack_terms(terms).hex():
        return said(CheckResult.FAILS, "other terms were funded", funded[1])
    for back in (shown.dossier.last(Refunded), shown.dossier.last(Cancelled)):
        if back is not None:
            if back[0].amount != terms.budget or back[0].payer != terms.payer:
                finding = f"{back[0].amount:,} went back to {back[0].payer}, of a budget of {terms.budget:,}"
                return said(CheckResult.FAILS, finding, back[1])
            return said(CheckResult.HOLDS, f"the whole budget, {terms.budget:,}, went back to the payer")
    settled = shown.dossier.last(Settled)
    if settled is None:
        return said(CheckResult.NOTHING, f"{terms.budget:,} are locked, and no receipt shows where they went")
    paid, event = settled
    parts = f"worker {paid.worker_paid:,} + payer {paid.payer_paid:,} + fee {paid.fee:,}"
    if paid.worker_paid + paid.payer_paid + paid.fee != terms.budget:
        return said(CheckResult.FAILS, f"{parts} is not the budget, {terms.budget:,}", event)
    fault = _fault(shown, terms, paid)
    if fault is not None:
        return said(CheckResult.FAILS, fault, event)
    outcome = Outcome(paid.outcome).name.lower()
    return said(CheckResult.HOLDS, f"{parts} = {terms.budget:,}, the budget, as {outcome} has it")


def _fault(shown: ShownOnChain, terms: JobTerms, paid: Settled) -> str | None:
    """What of a payment is not as its outcome has it; None if all is."""
    proposals, ruled = shown.all(Proposed), shown.dossier.last(Ruled)
    if not proposals:
        return "it was paid, and no receipt shows what was proposed"
    proposed = proposals[-1][0]
    standing = proposed.worker_amount if ruled is None else ruled[0].worker_amount
    overturned = ruled is not None and (ruled[0].disputer_wins or standing != proposed.worker_amount)
    if paid.outcome != (Outcome.RULING if overturned else proposed.outcome):
        return f"it was paid as outcome {paid.outcome}, and what stood was outcome {proposed.outcome}"
    if paid.worker_paid != standing:
        return f"the worker had {paid.worker_paid:,}, and what stood gives {standing:,}"
    fee = fee_of(terms) if ruled is None and proposed.signers else 0
    if paid.fee != fee:
        return f"the fee was {paid.fee:,}, and the terms make it {fee:,}"
    due = {
        Outcome.REJECT: 0,
        Outcome.INCONCLUSIVE: (terms.budget - fee_of(terms)) * terms.inconclusive_bps // BPS,
        Outcome.SILENCE: terms.budget * terms.silence_bps // BPS,
    }.get(Outcome(proposed.outcome))
    if due is not None and proposed.worker_amount != due:
        return f"{proposed.worker_amount:,} were proposed for the worker, and the terms make it {due:,}"
    return None

"""What an event of a job says, in a line for people: the same words on the terminal and in the report."""

from __future__ import annotations

from collections.abc import Callable

from oracle.encoding import parse_rational, units
from oracle.spec.fields import decimal_text
from router.control.report.wording import short
from router.protocol.lifecycle import (
    Approved,
    Cancelled,
    Completed,
    Created,
    Disputed,
    EscrowMoved,
    Event,
    Expired,
    Failed,
    Promoted,
    Queued,
    Rejected,
    Reorged,
    Running,
    Settled,
    Simulated,
    Submitted,
    Validated,
)

CHAIN = "chain"

Money = Callable[[int], str]
"""Base units of the job's token, in words."""


def base_units(amount: int) -> str:
    """`amount` where nobody says which token it is of."""
    return f"{amount:,} base units"


def in_token(symbol: str, decimals: int) -> Money:
    """Amounts in a token, exactly: ``25.00 lUSD``."""
    return lambda amount: f"{units(amount, decimals)} {symbol}"


def paid(money: Money, worker: int, payer: int, fee: int) -> str:
    """Where a settled budget went: the three amounts are all of it."""
    kept = f", {money(fee)} to the operator as its fee" if fee else ""
    return f"{money(worker)} to the worker, {money(payer)} back to the payer{kept}"


def told_by(event: Event) -> str:
    """Who an event is the doing of: the chain where it names its log, though the operator signs that too."""
    return event.role.value if event.payload.chain_cause is None else CHAIN


def said(event: Event, money: Money) -> str:
    """What an event says, in a line."""
    match event.payload:
        case Created(spec_hash=spec_hash):
            return f"spec {short(spec_hash)}"
        case Simulated(baseline_root=root, baseline_distance=distance):
            near = "" if distance is None else f", {percent(distance)} from the requester's"
            return f"baseline {short(root)}{near}"
        case Promoted(target=target, max_usd=most):
            return f"to {target}, for ${dollars(most)} at most"
        case Approved():
            return "every gate allows it"
        case Submitted(target=target, provider_job=reference):
            return f"{target}, provider job {reference}"
        case Queued(detail=detail) | Running(detail=detail):
            return detail
        case Completed(result_hash=result, tx_hash=tx):
            return f"result {short(result)} delivered in {short(tx)}"
        case Validated(outcome=outcome, worker_amount=amount):
            return f"verdict {outcome.value}; the worker is to get {money(amount)}"
        case Settled(outcome=outcome, worker_paid=worker, payer_paid=payer, fee=fee):
            return f"{outcome.value}: {paid(money, worker, payer, fee)}"
        case Failed(reason=reason, remedy=remedy):
            return f"{reason}; {remedy}"
        case Rejected(reason=reason) | Expired(reason=reason) | Cancelled(reason=reason):
            return reason
        case Disputed(by=by):
            return f"by {by}"
        case Reorged(undone=undone, state=state, escrow=escrow):
            return f"The chain took {len(undone)} events back; it is {state.value} again, the escrow {escrow.value}."
        case EscrowMoved(escrow=escrow, cause=cause):
            return f"{escrow.value}, block {cause.block_number}, {short(cause.tx_hash)}"
    raise AssertionError(f"no words for {type(event.payload).__name__}")


def dollars(rational: str) -> str:
    """``25``, ``12.50``, ``24.999``: US dollars as people write them, exactly: a limit is never rounded up."""
    value = parse_rational(rational)
    whole, _, cents = decimal_text(value).partition(".")
    return f"{whole}.{cents.ljust(2, '0')}" if cents else whole


def percent(rational: str) -> str:
    """A rational between 0 and 1 as ``12.5%``."""
    return f"{float(parse_rational(rational)):.1%}"

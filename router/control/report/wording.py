"""Numbers, amounts and outcomes in words for people: exact where money is concerned, never rounded up."""

from __future__ import annotations

import math
import unicodedata

from oracle.encoding import units
from router.control.report.view import ReportView, WitnessView

_KEPT = "\n\t"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi overrides, lone surrogates, unassigned

SETTLED = {"released", "refunded", "split"}
"""Escrow outcomes after which no money is held."""

ENDED = {"rejected": "rejected", "expired": "not run in time", "failed": "given up", "cancelled": "cancelled"}
"""States in which a job ends without a settlement, as a participle."""


def visible(text: str) -> str:
    """`text` with characters that do not show written out as ``\\u202e``.

    Bidirectional overrides and zero-width characters let a spec show something other than what was signed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _HIDDEN
        else f"\\u{ord(character):04x}"
        for character in text
    )


def short(text: str, head: int = 6, tail: int = 4) -> str:
    """A long hexadecimal value as ``0x1234…abcd``; anything else that long, or shorter, is returned whole."""
    if not text.startswith("0x") or len(text) <= head + tail + 1:
        return text
    return f"{text[:head]}…{text[-tail:]}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, part, part_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {part_name}" if rest else "")
    return f"{whole} s"


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 shot``, ``4,000 shots``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def often(coverage: float) -> str:
    """A probability as people say it, rounded down: ``98 times in 100``."""
    return f"{math.floor(coverage * 100 + 1e-9)} times in 100"


def at_most(value: float) -> str:
    """An upper bound to three decimals, rounded up, so that the text is never a stronger claim than the number."""
    return f"{min(1.0, math.ceil(value * 1000 - 1e-9) / 1000):.3f}"


def at_least(value: float) -> str:
    """A lower bound to three decimals, rounded down, and 0 where it certifies nothing."""
    return f"{max(0.0, math.floor(value * 1000 + 1e-9) / 1000):.3f}"


def interval(low: float, high: float) -> str:
    """Two ends to four decimals, rounded outwards: ``0.8553 to 0.9654``."""
    return f"{math.floor(low * 1e4 + 1e-9) / 1e4:.4f} to {math.ceil(high * 1e4 - 1e-9) / 1e4:.4f}"


def gain(view: ReportView, role: str) -> int | None:
    """What `role` holds more of the token than before, in base units; None if its balance is not known."""
    changes = [balance.after - balance.before for balance in view.balances if balance.role == role]
    return sum(changes) if changes else None


def headline(view: ReportView) -> str:
    """How it ended, in one sentence for somebody who was not there."""
    money = _money(view)
    because = _because(view)
    return f"{money} {because}." if because else f"{money}."


def _money(view: ReportView) -> str:
    symbol = view.token_symbol

    def amount(role: str) -> str | None:
        change = gain(view, role)
        return f"{units(change, view.token_decimals)} {symbol}" if change is not None and change > 0 else None

    paid = amount("worker")
    match view.escrow:
        case "released":
            return f"Paid: {paid} to the worker" if paid else "Paid: the escrow was released to the worker"
        case "refunded":
            return "Refunded: the budget went back to the payer"
        case "split":
            return f"Split: {paid} to the worker, the rest to the payer" if paid else "Split between worker and payer"
        case "locked":
            return "Open: the budget is locked in the escrow"
        case "proposed":
            return "Open: a verdict is proposed and the challenge window runs"
        case "disputed":
            return "Open: the verdict is disputed and the budget stays locked"
        case _ if view.state in ENDED:
            return f"No money was locked: the job was {ENDED[view.state]}"
        case _:
            return f"No money is locked yet: the job is {view.state}"


def _because(view: ReportView) -> str:
    if view.verdict is None:
        return _ending(view)
    signed = len({attestation.validator for attestation in view.attestations})
    who = f"{signed} of {view.validators} validators" if view.validators else count(signed, "validator")
    outcome = view.verdict.outcome.upper()
    if outcome == "SILENCE":
        return "because no quorum of validators answered in time"
    if not signed:
        return f"with a verdict of {outcome.lower()} that nobody has signed"
    link = "because" if view.escrow in SETTLED else "and"
    match outcome:
        case "ACCEPT":
            return f"{link} {who} accepted the result{_bounds(view)}"
        case "REJECT":
            return f"{link} {who} rejected the result{_bounds(view)}"
        case "INCONCLUSIVE":
            return f"{link} {who} found the result inconclusive{_bounds(view)}"
        case other:
            return f"{link} {who} signed the outcome {other.lower()}"


def _bounds(view: ReportView) -> str:
    if view.evidence is None:
        return ""
    seen = view.evidence.bound
    if seen is None:
        return _share(view.evidence.scores.witness)
    if seen.upper < seen.accept_below:
        return (
            f": its distance from the baseline is certified to be below {at_most(seen.upper)},"
            f" and below {seen.accept_below:g} was asked"
        )
    if seen.lower > seen.reject_above:
        return (
            f": its distance from the baseline is certified to be above {at_least(seen.lower)},"
            f" and an honest worker's stays below {seen.reject_above:g}"
        )
    return f": its distance from the baseline lies between {at_least(seen.lower)} and {at_most(seen.upper)}"


def _ending(view: ReportView) -> str:
    reason = view.reason.strip().rstrip(".")
    if view.state in {"rejected", "failed"} and reason:
        return f"because {reason}"
    if view.escrow not in SETTLED:
        return ""
    match view.state:
        case "cancelled":
            return "because the job was cancelled before a verdict"
        case "expired":
            return "because a deadline passed before a verdict"
        case _:
            return "without a verdict"


def _share(witness: WitnessView | None) -> str:
    if witness is None:
        return ""
    seen = f": {witness.share:.1%} of its shots are outcomes that the circuit favours"
    if witness.accept_from is not None and witness.share >= witness.accept_from:
        return f"{seen}, and {witness.accept_from:.1%} was asked"
    if witness.reject_to is not None and witness.share <= witness.reject_to:
        return f"{seen}, and an honest worker shows more than {witness.reject_to:.1%}"
    return seen

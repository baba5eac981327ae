"""From a promoted spec and the parties' addresses to terms, and from use to the worker's amount.

The bounds are those of the contract (contracts/libraries/TermsRules.sol), told all at once and before any transaction.
What a registry says of the validators only the chain knows: `oracle.chain.registry` asks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from eth_utils.address import is_checksum_address

from oracle.encoding import Finding, InputRejected, parse_rational
from oracle.spec.model import JobSpec
from oracle.spec.reading.canonical import spec_hash
from oracle.spec.sections.budget import amount_of
from oracle.spec.sections.course import MOST_ROUNDS
from oracle.spec.validation.timeouts import queue_seconds
from oracle.terms.job_terms import BPS, ZERO_ADDRESS, JobTerms, fee_of

AVAILABILITY_WINDOW_S = 3_600
"""How long after submission an artifact may still turn up."""
VERDICT_TIME_S = 3_600
"""What validators have beyond the availability window, at least."""
LONGEST_WINDOW_S = 30 * 86_400
LONGEST_HORIZON_S = 365 * 86_400
HIGHEST_FEE_BPS = 1_000
DISPUTE_BOND_BPS = 500
LEAST_CLAIM_BOND_BPS = 100
"""A claim that costs nothing could be taken to block a job."""
LEAST_DELIVER_WINDOW_S = 60
"""Claims lapse one after the other: a shorter one would let a job change hands every block."""
MOST_VALIDATORS = 16


@dataclass(frozen=True)
class Parties:
    """Who is who in one job; EIP-55 addresses."""

    payer: str
    requester: str
    worker: str
    arbiter: str
    """ZERO_ADDRESS: nobody; else it must be the arbiter that the spec names."""
    validators: tuple[str, ...]
    """In any order; the terms hold them ascending."""
    quorum: int
    """How many sign, unless the spec says."""


def build_terms(spec: JobSpec, *, parties: Parties, token: str, now: int, job: str) -> JobTerms:
    """The terms of job `job` (its id, ``job_…``) under the promoted `spec`.

    `token` is an address, ZERO_ADDRESS for the chain's coin; `now` is the chain's time, in unix seconds.
    submit_by = now + queue + execution + result; verdict_by = submit_by + the verdict timeout, two hours at least.
    Raises InputRejected with every bound that would be broken.
    """
    findings = [*_promotion(spec, token), *_parties(spec, parties, token)]
    if findings:
        raise InputRejected("terms", findings)
    timeouts, settlement = spec.timeouts, spec.settlement
    submit_by = now + queue_seconds(spec.timeouts, spec.quantum) + timeouts.execution_s + timeouts.result_s
    terms = JobTerms(
        payer=parties.payer,
        requester=parties.requester,
        worker=parties.worker,
        arbiter=settlement.arbiter or ZERO_ADDRESS,
        token=token,
        fee_to=settlement.fee_to or ZERO_ADDRESS,
        fee_bps=settlement.fee_bps,
        budget=int(spec.budget.amount or 0),
        # The worker is named: nothing is claimed.
        claim_by=0,
        deliver_window=0,
        submit_by=submit_by,
        verdict_by=submit_by + max(timeouts.verdict_s, AVAILABILITY_WINDOW_S + VERDICT_TIME_S),
        challenge_window=settlement.challenge_window_s,
        ruling_window=settlement.ruling_window_s,
        silence_bps=settlement.silence_bps,
        inconclusive_bps=settlement.inconclusive_bps,
        dispute_bond_bps=DISPUTE_BOND_BPS if settlement.arbiter is None else least_dispute_bond(settlement.fee_bps),
        claim_bond_bps=0,
        max_rounds=settlement.max_rounds,
        quorum=settlement.quorum or parties.quorum,
        spec_hash=spec_hash(spec),
        salt=int.from_bytes(hashlib.sha256(job.encode()).digest(), "big"),
        validators=tuple(sorted(parties.validators, key=lambda address: int(address, 16))),
        registry=settlement.registry or ZERO_ADDRESS,
    )
    findings = list(bounds_broken(terms, now=now))
    if findings:
        raise InputRejected("terms", findings)
    return terms


def least_dispute_bond(fee_bps: int) -> int:
    """The smallest bond of a dispute beside such a fee, where an arbiter is named, in basis points of the budget.

    A ruling takes no fee, so a payer who disputes a correct verdict and loses must lose more than the fee it saves.
    """
    return max(DISPUTE_BOND_BPS, fee_bps + 1)


def _promotion(spec: JobSpec, token: str) -> Iterator[Finding]:
    if spec.budget.amount is None:
        most = spec.budget.max_usd_equivalent
        remedy = f"promote the simulated job: `compute quantum promote JOB --target ibm --max-budget {most}`"
        yield Finding("budget.amount", None, "the spec has no amount yet", remedy)
    named = {"native": ZERO_ADDRESS}.get(spec.budget.token or "", spec.budget.token)
    if named is not None and named != token:
        reason = f"the spec's budget is in {spec.budget.token}, the terms would be in {token}"
        yield Finding("token", None, reason, f"use the token {named}, or promote again with a quote for {token}")


def _parties(spec: JobSpec, parties: Parties, token: str) -> Iterator[Finding]:
    """Addresses that are none; the other rules read them as numbers."""
    named = {
        "payer": parties.payer,
        "requester": parties.requester,
        "worker": parties.worker,
        "arbiter": parties.arbiter,
        "token": token,
    }
    named |= {f"validators[{index}]": address for index, address in enumerate(parties.validators)}
    for path, address in named.items():
        if not is_checksum_address(address):
            remedy = "write it as 0x and 40 hexadecimal digits with their checksum (EIP-55)"
            yield Finding(path, None, f"{address!r} is not an address", remedy)
    if parties.worker == ZERO_ADDRESS:
        yield Finding("worker", None, "a spec's job names its worker", "name the worker's address")
    if parties.arbiter not in (ZERO_ADDRESS, spec.settlement.arbiter or parties.arbiter):
        reason = f"the spec names {spec.settlement.arbiter}, not {parties.arbiter}"
        yield Finding("arbiter", None, reason, f"write arbiter: {parties.arbiter} into the spec's settlement section")


def bounds_broken(terms: JobTerms, *, now: int, escrow: str | None = None) -> Iterator[Finding]:
    """Every rule of the contract that funding `terms` at time `now` (unix seconds) would break.

    `escrow` is the contract's address, which can be neither paid nor worker; None: not known yet.
    """
    yield from _money(terms)
    yield from _times(terms, now)
    yield from _arbitration(terms)
    yield from _roles(terms)
    yield from _claims(terms, now)
    yield from _validators(terms)
    for path in ("fee_to", "worker"):
        if escrow is not None and getattr(terms, path) == escrow:
            yield Finding(path, None, f"{escrow} is the escrow itself", "use another address")


def _money(terms: JobTerms) -> Iterator[Finding]:
    if not 0 < terms.budget < 2**128:
        yield Finding("budget", None, f"{terms.budget} base units", "promote with a budget above 0 and below 2^128")
    shares = (("fee_bps", HIGHEST_FEE_BPS), ("silence_bps", BPS), ("inconclusive_bps", BPS))
    for path, most in shares:
        value = getattr(terms, path)
        if not 0 <= value <= most:
            yield Finding(path, None, f"{value} is outside 0 to {most}", f"write {path}: {most} or less")
    if terms.fee_bps != 0 and terms.fee_to == ZERO_ADDRESS:
        yield Finding("fee_to", None, "a fee needs a receiver", "name its address as fee_to, or write fee_bps: 0")


def _times(terms: JobTerms, now: int) -> Iterator[Finding]:
    if terms.submit_by < now:
        yield Finding("submit_by", None, f"{terms.submit_by} is past, it is {now}", "promote the job again")
    earliest = terms.submit_by + AVAILABILITY_WINDOW_S + VERDICT_TIME_S
    latest = now + LONGEST_HORIZON_S
    if terms.verdict_by < earliest:
        reason = f"{terms.verdict_by - terms.submit_by} seconds after submit_by leave validators too little"
        yield Finding("verdict_by", None, reason, "write verdict_s: 7200 or more")
    if terms.verdict_by > latest:
        reason = f"it lies {terms.verdict_by - now} seconds ahead; the escrow holds a job for at most a year"
        yield Finding("verdict_by", None, reason, f"shorten the timeouts to {LONGEST_HORIZON_S} seconds in all")
    for path in ("challenge_window", "ruling_window"):
        value = getattr(terms, path)
        if not 0 <= value <= LONGEST_WINDOW_S:
            remedy = f"write {path}_s: {LONGEST_WINDOW_S} or less"
            yield Finding(path, None, f"{value} seconds; a window has at most 30 days", remedy)
    if not 1 <= terms.max_rounds <= MOST_ROUNDS:
        remedy = f"write max_rounds: 1 (up to {MOST_ROUNDS})"
        yield Finding("max_rounds", None, f"{terms.max_rounds} rounds", remedy)
    elif terms.max_rounds > 1 and terms.challenge_window == 0:
        reason = f"{terms.max_rounds} rounds: a top-up happens inside a challenge window, and there is none"
        yield Finding("max_rounds", None, reason, "write challenge_window_s: 86400, or max_rounds: 1")


def _arbitration(terms: JobTerms) -> Iterator[Finding]:
    if not 0 <= terms.dispute_bond_bps <= BPS:
        reason = f"{terms.dispute_bond_bps} is outside 0 to {BPS}"
        yield Finding("dispute_bond_bps", None, reason, f"use {DISPUTE_BOND_BPS}")
    if terms.arbiter == ZERO_ADDRESS:
        if terms.challenge_window != 0:
            remedy = "name the arbiter's address in the spec's settlement section, or write challenge_window_s: 0"
            yield Finding("arbiter", None, "a challenge window needs an arbiter", remedy)
        return
    if terms.ruling_window == 0:
        yield Finding("ruling_window", None, "an arbiter needs time to rule", "write ruling_window_s: 86400")
    least = least_dispute_bond(terms.fee_bps)
    if terms.dispute_bond_bps < least:
        reason = f"a bond of {terms.dispute_bond_bps} basis points invites idle disputes"
        if least > DISPUTE_BOND_BPS:
            reason += f": a ruling takes no fee, and who loses would still save one of {terms.fee_bps}"
        yield Finding("dispute_bond_bps", None, reason, f"use {least} or more")


def _roles(terms: JobTerms) -> Iterator[Finding]:
    for path in ("payer", "requester"):
        if getattr(terms, path) == ZERO_ADDRESS:
            yield Finding(path, None, f"nobody is the {path}", f"name the {path}'s address")
    # Nobody approves their own output: the buying side, the worker, the arbiter and each validator are different.
    sides = [("worker", terms.worker), ("arbiter", terms.arbiter)]
    sides = [(path, address) for path, address in sides if address != ZERO_ADDRESS]
    sides += [(f"validators[{index}]", address) for index, address in enumerate(terms.validators)]
    if terms.arbiter != ZERO_ADDRESS and terms.arbiter == terms.fee_to:
        reason = f"{terms.arbiter} is the arbiter too, who would earn by not ruling: a ruling takes no fee"
        yield Finding("fee_to", None, reason, "let somebody else have the fee, or rule on disputes")
    seen = {terms.payer: "payer"}
    seen.setdefault(terms.requester, "requester")
    for path, address in sides:
        if address in seen and address != ZERO_ADDRESS and not seen[address].startswith("validators"):
            reason = f"{address} is the {seen[address]} too; nobody approves their own output"
            yield Finding(path, None, reason, f"use another address than the {seen[address]}'s")
        seen.setdefault(address, path)


def _claims(terms: JobTerms, now: int) -> Iterator[Finding]:
    """What an open job needs, and a job with a named worker must not have."""
    if terms.worker != ZERO_ADDRESS:
        if (terms.claim_by, terms.deliver_window, terms.claim_bond_bps) != (0, 0, 0):
            yield Finding("claim_by", None, "claim terms belong to open jobs", "leave all three at 0")
        return
    if terms.deliver_window < LEAST_DELIVER_WINDOW_S:
        reason = f"{terms.deliver_window} seconds; nobody delivers in so few"
        yield Finding("deliver_window", None, reason, f"use {LEAST_DELIVER_WINDOW_S} or more")
    latest = terms.submit_by - terms.deliver_window
    if not now <= terms.claim_by <= latest:
        reason = f"{terms.claim_by} is outside {now} to {latest}: every claim must have its whole window"
        yield Finding("claim_by", None, reason, "claim earlier, or leave more time until submit_by")
    if not LEAST_CLAIM_BOND_BPS <= terms.claim_bond_bps <= BPS:
        reason = f"{terms.claim_bond_bps} is outside {LEAST_CLAIM_BOND_BPS} to {BPS}"
        yield Finding("claim_bond_bps", None, reason, f"use {LEAST_CLAIM_BOND_BPS} or more")


def _validators(terms: JobTerms) -> Iterator[Finding]:
    count = len(terms.validators)
    if not 1 <= count <= MOST_VALIDATORS:
        yield Finding("validators", None, f"{count} validators", f"name 1 to {MOST_VALIDATORS}")
        return
    if any(int(address, 16) == 0 for address in terms.validators):
        yield Finding("validators", None, "the zero address is nobody", "take it out")
    numbers = [int(address, 16) for address in terms.validators]
    if len(set(numbers)) != count:
        yield Finding("validators", None, "a validator is named twice", "name each once")
    elif numbers != sorted(numbers):
        yield Finding("validators", None, "not ascending", "sort them by value")
    least = count // 2 + 1
    if not least <= terms.quorum <= count:
        reason = f"a quorum of {terms.quorum} of {count}; two quorums must share a validator"
        yield Finding("quorum", None, reason, f"write quorum: {least} (up to {count})")


def worker_amount(spec: JobSpec, terms: JobTerms, shots: int) -> int:
    """What the worker receives on ACCEPT for `shots` delivered shots, in base units, rounded down.

    Metered by job: the budget less the fee. By shot: the price times the shots, and never more than that.
    Raises ValueError for a negative number of shots, or if the spec was never promoted.
    """
    if shots < 0:
        raise ValueError(f"{shots} shots")
    most = terms.budget - fee_of(terms)
    metering = spec.budget.metering
    if metering.unit == "job":
        return most
    if metering.price_usd is None or spec.budget.quote is None:
        raise ValueError("metering by shot needs the price and the quote that a promoted spec carries")
    return min(most, amount_of(parse_rational(metering.price_usd) * shots, spec.budget.quote))
